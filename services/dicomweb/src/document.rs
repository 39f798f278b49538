//! What is read rather than looked at: structured reports as HTML, XHTML, text or PDF, encapsulated documents as they are and, where
//! that can be told, as text.

mod moment;
mod page;
mod pdf;
mod report;

use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use index_model::{InstanceEntry, Uid};
use registry::{OpenedStudy, PathStep, RegistryError};

use crate::Face;
use crate::json::{DataSet, with_digits};
use crate::range;
use crate::rendition::Rendition;

/// EncapsulatedDocument (0042,0011).
const DOCUMENT: PathStep = PathStep::Attribute(0x0042_0011);

/// The Text category of PS3.18 §8.7.2, by what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// A structured report or key object selection.
    Report,
    /// An encapsulated PDF document.
    Pdf,
    /// An encapsulated CDA document.
    Cda,
    /// Another encapsulated document, under this media type.
    Stored(&'static str),
}

impl Document {
    /// What an instance holds, when it is of this category. A header that came without bulk data may not name the document's type, so
    /// that the SOP class decides first.
    pub(crate) fn of(entry: &InstanceEntry) -> Option<Self> {
        let class = entry.instance.sop_class_uid.as_str().strip_prefix("1.2.840.10008.5.1.4.1.1.")?;
        match class.split_once('.').unwrap_or((class, "")) {
            ("88", _) => Some(Self::Report),
            ("104", "1") => Some(Self::Pdf),
            ("104", "2") => Some(Self::Cda),
            ("104", "3") => Some(Self::Stored("model/stl")),
            ("104", "4") => Some(Self::Stored("model/obj")),
            ("104", "5") => Some(Self::Stored("model/mtl")),
            ("104", _) => Some(Self::Stored("application/octet-stream")),
            _ => None,
        }
    }

    /// Its Rendered Media Types (table 8.7.4-1), our choice first: a document's own form before what is made of it.
    pub(crate) fn media_types(&self) -> &[&'static str] {
        match self {
            Self::Report => &["text/html", "text/plain", "text/xml", "application/pdf"],
            Self::Pdf => &["application/pdf", "text/html"],
            Self::Cda => &["text/html", "text/plain", "text/xml"],
            Self::Stored(media_type) => std::slice::from_ref(media_type),
        }
    }
}

/// Makes a document in one of its media types.
pub(crate) async fn make(
    face: &Face,
    opened: &OpenedStudy,
    (series, entry): (&Uid, &InstanceEntry),
    document: Document,
    media_type: &str,
) -> Result<Rendition, RegistryError> {
    let header = match document {
        // Measurements read as they were written.
        Document::Report => with_digits(entry.metadata.get()),
        _ => serde_json::from_str(entry.metadata.get()).unwrap_or_default(),
    };
    let bytes = match (document, media_type) {
        (Document::Report, wanted) => {
            let wanted = wanted.to_owned();
            let made = face.registry.compute(opened, move || report(&header, &wanted)).await?;
            let rule = "the typeface of PDF documents lacks letters of this report; text/html and text/plain have them";
            made.ok_or_else(|| RegistryError::NotAcceptable { rule: rule.to_owned() })?
        }
        (Document::Pdf, "text/html") => page::of_pdf(&header).into(),
        (Document::Cda, "text/html" | "text/plain") => {
            let stored = stored(face, opened, (series, entry), &header).await?;
            let html = media_type == "text/html";
            let made = face.registry.compute(opened, move || {
                let read = index_narrative::cda::read(&stored)?;
                let patient = index_narrative::cda::patient(&stored);
                Some(if html { page::of_narrative(&read, patient.as_ref()) } else { read.text() })
            });
            let unreadable =
                || RegistryError::NotAcceptable { rule: "the document is no XML that can be read".to_owned() };
            made.await?.ok_or_else(unreadable)?.into()
        }
        _ => stored(face, opened, (series, entry), &header).await?,
    };
    // Text of ours is UTF-8; what is stored as XML says itself in what it is.
    let is_ours = media_type.starts_with("text/") && (document, media_type) != (Document::Cda, "text/xml");
    let content_type = if is_ours { format!("{media_type}; charset=utf-8") } else { media_type.to_owned() };
    let form = media_type.rsplit('/').next().unwrap_or_default();
    let etag = range::etag(&entry_tag(entry), &format!("-{form}"));
    let opens_a_reader = document == Document::Pdf || media_type == "application/pdf";
    let policy = Some(if opens_a_reader { NO_SANDBOX } else { SANDBOX });
    Ok(Rendition { content_type, bytes, etag, policy })
}

/// A document that says why another can't be shown; `None` where its media type has no words.
pub(crate) fn told_in_words(why: &str, media_type: &str) -> Option<Rendition> {
    let words = format!("This document can't be shown: {why}");
    let body = || format!("<main><p>{}</p></main>", crate::xml::escape(&words));
    let bytes = match media_type {
        "text/html" => page::html("Document", &body()),
        "text/xml" => page::xhtml("Document", &body()),
        "text/plain" => words,
        "application/pdf" => {
            let line = report::Line { depth: 0, is_title: false, text: words };
            let etag = range::etag("told", "-pdf");
            let (content_type, bytes) = (media_type.to_owned(), pdf::write(&[line])?.into());
            return Some(Rendition { content_type, bytes, etag, policy: Some(NO_SANDBOX) });
        }
        _ => return None,
    };
    let content_type = format!("{media_type}; charset=utf-8");
    Some(Rendition { content_type, bytes: bytes.into(), etag: range::etag("told", "-text"), policy: Some(SANDBOX) })
}

/// A report that is known by its header alone has no hash of its bytes; its text then tells versions apart.
fn entry_tag(entry: &InstanceEntry) -> String {
    use std::hash::{Hash, Hasher};
    if !entry.sha256.is_empty() {
        return entry.sha256.clone();
    }
    let mut hasher = std::hash::DefaultHasher::new();
    entry.metadata.get().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn report(header: &DataSet, media_type: &str) -> Option<Bytes> {
    Some(match media_type {
        "text/plain" => report::text(header).into(),
        "text/xml" => report::xhtml(header).into(),
        "application/pdf" => pdf::write(&report::lines(header))?.into(),
        _ => report::html(header).into(),
    })
}

/// EncapsulatedDocument without the byte that pads it: EncapsulatedDocumentLength (0042,0015) tells where it ends.
async fn stored(
    face: &Face,
    opened: &OpenedStudy,
    (series, entry): (&Uid, &InstanceEntry),
    header: &DataSet,
) -> Result<Bytes, RegistryError> {
    let instance = &entry.instance.sop_instance_uid;
    let mut document = face.registry.bulk_value(opened, series, instance, &[DOCUMENT]).await?;
    let length = header.get("00420015").and_then(|a| a.get("Value")?.get(0)?.as_u64());
    let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length > 0);
    document.truncate(length.unwrap_or(document.len()));
    Ok(document)
}

/// What a page of ours, and a document from outside, may do: show itself.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'";
/// The same for what a sandbox would keep from working: a browser's reader for PDF, and the page that leads to it.
const NO_SANDBOX: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'";

/// A document from outside may run and load nothing, and is not taken for anything else.
pub(crate) fn confine(response: &mut Response, policy: &'static str) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
