//! Retrieve Metadata, PS3.18 §10.4.1.1.2: the headers of every instance, from the manifests, without opening an object.

use std::io;
use std::sync::Arc;

use access::Action;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use face::{Caller, Problem};
use futures::StreamExt;
use futures::stream;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use index_model::{InstanceEntry, Uid};
use registry::{Manifest, OpenedStudy, RegistryError, StoredMetadata};

use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::json::DataSet;
use crate::multipart::{self, Part};
use crate::range::{etag, not_modified, set_etag};
use crate::request::{Base, Parameters, Scope};
use crate::search::{OFFERS, no_such_form};
use crate::warning::Warnings;
use crate::xml;

/// Headers are sent in pieces of about this size.
const PIECE_BYTES: usize = 64 << 10;
/// Series whose manifests are read at a time.
const SERIES_AT_ONCE: usize = 4;

/// What one answer is made of.
struct Found {
    manifests: Vec<Arc<Manifest>>,
    /// One instance only.
    instance: Option<Uid>,
    /// Series whose repositories gave nothing.
    missing: Vec<RegistryError>,
}

/// The headers of a study, a series or an instance.
pub(crate) async fn metadata(
    State(face): State<Face>,
    caller: Caller,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = Accept::of(&headers, parameters.get("accept")).best(&OFFERS).ok_or_else(no_such_form)?;
    let opened = face.registry.open_study(&caller.0, Action::RetrieveMetadata, scope.study()?).await?;
    let Some(series) = &scope.series else {
        return whole_study(&face, &opened, form, &headers, Warnings::of(&base.0)).await;
    };
    if scope.instance.is_none()
        && form.container == Container::Single
        && takes_gzip(&headers)
        && let Some(stored) = face.registry.stored_metadata(&opened, series).await?
        && stored.complete
    {
        return Ok(ready_made(stored, form, &headers));
    }
    let manifest = face.registry.manifest(&opened, series).await?;
    if scope.instance.as_ref().is_some_and(|instance| manifest.entry(instance).is_none()) {
        return Err(RegistryError::NotFound.into());
    }
    let mut warnings = Warnings::of(&base.0);
    if scope.instance.is_none() {
        warnings.shortfall(opened.shortfall(series, &manifest));
    }
    let found = Found { manifests: vec![manifest], instance: scope.instance, missing: Vec::new() };
    let mut response = present(found, form, &headers);
    warnings.write(response.headers_mut());
    Ok(response)
}

/// All series; 206 when some of them can't be had.
async fn whole_study(
    face: &Face,
    opened: &OpenedStudy,
    form: Offer,
    headers: &HeaderMap,
    mut warnings: Warnings,
) -> Result<Response, Problem> {
    let found = all_series(face, opened).await?;
    let partial = !found.missing.is_empty();
    found.missing.iter().for_each(|error| warnings.add(format!("A series is missing: {error}.")));
    let mut response = present(found, form, headers);
    if partial && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    warnings.write(response.headers_mut());
    Ok(response)
}

/// The manifests of a study's series. One that can't be had is told; when none can, its failure is the answer.
async fn all_series(face: &Face, opened: &OpenedStudy) -> Result<Found, Problem> {
    let series = opened.series.iter().map(|row| row.series.series_instance_uid.clone()).collect::<Vec<_>>();
    let manifests = stream::iter(series).map(|series| async move { face.registry.manifest(opened, &series).await });
    let mut found = Found { manifests: Vec::new(), instance: None, missing: Vec::new() };
    let mut manifests = manifests.buffered(SERIES_AT_ONCE);
    while let Some(manifest) = manifests.next().await {
        match manifest {
            Ok(manifest) => found.manifests.push(manifest),
            Err(error @ (RegistryError::Unavailable { .. } | RegistryError::Incomplete { .. })) => {
                found.missing.push(error)
            }
            // Registered, and now empty: there is nothing to tell of it.
            Err(RegistryError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match found.missing.pop() {
        Some(error) if found.manifests.is_empty() => Err(error.into()),
        None if found.manifests.is_empty() => Err(RegistryError::NotFound.into()),
        Some(error) => {
            found.missing.push(error);
            Ok(found)
        }
        None => Ok(found),
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','));
    codings.into_iter().any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = quality.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        matches!(name.trim(), "gzip" | "x-gzip" | "*") && !refused
    })
}

/// The stored, compressed array as it is.
fn ready_made(stored: StoredMetadata, form: Offer, headers: &HeaderMap) -> Response {
    let tag = etag(&stored.etag, "-gzip");
    if let Some(unchanged) = not_modified(headers, &tag) {
        return unchanged;
    }
    let mut response = Body::from(stored.gzip).into_response();
    set_etag(&mut response, &tag);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.payload));
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    response
}

fn present(found: Found, form: Offer, headers: &HeaderMap) -> Response {
    let joined: Vec<_> = found.manifests.iter().map(|manifest| manifest.etag.as_str()).collect();
    let instance = found.instance.as_ref().map_or("", Uid::as_str);
    let xml = if form.payload.ends_with("xml") { "-xml" } else { "" };
    let kind = format!("{xml}-{}", found.missing.len());
    let tag = etag(&short(&format!("{}/{instance}", joined.join("/"))), &kind);
    if let Some(unchanged) = not_modified(headers, &tag) {
        return unchanged;
    }
    let entries = entries(found);
    let mut response = if form.container == Container::Single {
        let mut response = Body::from_stream(stream::iter(array(entries))).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.payload));
        response
    } else {
        parts(entries, form)
    };
    set_etag(&mut response, &tag);
    response
}

/// A study has many series: their tags are hashed into one of bounded length.
fn short(text: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn entries(found: Found) -> impl Iterator<Item = Arc<InstanceEntry>> + Send + 'static {
    let Found { manifests, instance, .. } = found;
    let wanted =
        move |entry: &Arc<InstanceEntry>| instance.as_ref().is_none_or(|uid| entry.instance.sop_instance_uid == *uid);
    // An Arc of each entry, not a copy of the headers.
    manifests.into_iter().flat_map(|manifest| manifest.entries.clone()).filter(wanted)
}

/// `[`, the stored headers parted by commas, `]`, in pieces.
fn array(entries: impl Iterator<Item = Arc<InstanceEntry>> + Send) -> impl Iterator<Item = io::Result<Bytes>> + Send {
    let (mut entries, mut before, mut ended) = (entries, b'[', false);
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        while piece.len() < PIECE_BYTES {
            let Some(entry) = entries.next() else {
                ended = true;
                piece.extend_from_slice(if before == b'[' { b"[]" } else { b"]" });
                break;
            };
            piece.extend_from_slice(&[before]);
            piece.extend_from_slice(entry.metadata.get().as_bytes());
            before = b',';
        }
        Some(Ok(piece.freeze()))
    })
}

fn parts(entries: impl Iterator<Item = Arc<InstanceEntry>> + Send + 'static, form: Offer) -> Response {
    let write = move |entry: Arc<InstanceEntry>| match form.payload {
        "application/dicom+xml" => {
            let data_set: DataSet = serde_json::from_str(entry.metadata.get()).unwrap_or_default();
            xml::document(&data_set)
        }
        _ => entry.metadata.get().to_owned(),
    };
    multipart::streamed(form.payload, entries.map(move |entry| Part::of(form.payload, Bytes::from(write(entry)))))
}
