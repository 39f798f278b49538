//! What is read rather than looked at: structured reports as HTML or text, encapsulated documents as they are.

mod report;

use axum::response::Response;
use face::Problem;
use http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};
use registry::{OpenedStudy, PathStep};

use crate::Face;
use crate::accept::{Accept, Offer};
use crate::json::{self, DataSet};
use crate::picture::{self, Pick};
use crate::range;

/// EncapsulatedDocument (0042,0011).
const DOCUMENT: PathStep = PathStep::Attribute(0x0042_0011);
/// Media types of encapsulated documents that are sent under their own name.
const DOCUMENT_TYPES: [&str; 3] = ["application/pdf", "text/xml", "application/xml"];
/// What a report can be.
const REPORT: [Offer; 2] = [Offer::single("text/html"), Offer::single("text/plain")];

/// The media type that the SOP class implies: a header that came without bulk data may not name it.
fn document_class(pick: &Pick) -> Option<&'static str> {
    match pick.entry.instance.sop_class_uid.as_str().strip_prefix("1.2.840.10008.5.1.4.1.1.104.")? {
        "1" => Some("application/pdf"),
        "2" => Some("text/xml"),
        _ => Some("application/octet-stream"),
    }
}

/// A document as it reads.
pub(crate) async fn rendered(
    face: &Face,
    opened: &OpenedStudy,
    pick: &Pick,
    accept: &Accept,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let header: DataSet = serde_json::from_str(pick.entry.metadata.get()).unwrap_or_default();
    if header.contains_key("00420011") || document_class(pick).is_some() {
        return encapsulated(face, opened, pick, &header, accept, headers).await;
    }
    if header.contains_key("0040A730") {
        return structured(pick, &header, accept, headers);
    }
    Err(picture::nothing_to_show())
}

async fn encapsulated(
    face: &Face,
    opened: &OpenedStudy,
    pick: &Pick,
    header: &DataSet,
    accept: &Accept,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let named = json::string(header, "00420012").unwrap_or_default().to_ascii_lowercase();
    let media_type = DOCUMENT_TYPES.into_iter().find(|known| *known == named).or(document_class(pick));
    let media_type = media_type.unwrap_or("application/octet-stream");
    if accept.best(&[Offer::single(media_type)]).is_none() {
        return Err(Problem::not_acceptable(format!("this document is answered as {media_type}")));
    }
    let instance = &pick.entry.instance.sop_instance_uid;
    let mut document = face.registry.bulk_value(opened, &pick.series, instance, &[DOCUMENT]).await?;
    // EncapsulatedDocumentLength (0042,0015) tells the document from the byte that pads it.
    let length =
        header.get("00420015").and_then(|a| a.get("Value")?.get(0)?.as_u64()).and_then(|n| usize::try_from(n).ok());
    document.truncate(length.filter(|n| *n > 0).unwrap_or(document.len()));
    let tag = range::etag(&pick.entry.sha256, "-document");
    let mut response = range::bytes(headers, media_type, Some(&tag), document);
    confine(&mut response);
    Ok(response)
}

fn structured(pick: &Pick, header: &DataSet, accept: &Accept, headers: &HeaderMap) -> Result<Response, Problem> {
    let form = accept
        .best(&REPORT)
        .ok_or_else(|| Problem::not_acceptable("structured reports are rendered as text/html or text/plain"))?;
    let (content_type, text) = match form.payload {
        "text/plain" => ("text/plain; charset=utf-8", report::text(header)),
        _ => ("text/html; charset=utf-8", report::html(header)),
    };
    let tag = range::etag(&pick.entry.sha256, form.payload.trim_start_matches("text/"));
    let tag = (!pick.entry.sha256.is_empty()).then_some(tag);
    let mut response = range::bytes(headers, content_type, tag.as_deref(), text.into());
    confine(&mut response);
    Ok(response)
}

/// A document from outside may run and load nothing.
fn confine(response: &mut Response) {
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
