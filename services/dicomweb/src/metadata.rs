//! Retrieve Metadata, PS3.18 §10.4.1.1.2: the headers of every instance, from the manifests, without opening an object.

mod coded;

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use face::Problem;
use futures::StreamExt;
use futures::stream;
use http::header::VARY;
use http::{HeaderMap, HeaderValue, StatusCode};
use index_model::{InstanceEntry, Uid};
use registry::{Manifest, OpenedStudy, RegistryError, StoredMetadata, with_origin};
use runtime::Demand;

pub(crate) use coded::Coded;

use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::coding::Coding;
use crate::json::with_digits;
use crate::multipart::{self, Part};
use crate::range::{bytes, digest, etag, not_modified, set_etag, weak};
use crate::request::{Asker, Base, Parameters, Scope};
use crate::search::{OFFERS, no_such_form};
use crate::warning::Warnings;
use crate::xml;

/// The metadata of one instance as XML alone.
const DOCUMENT: Offer = Offer::single("application/dicom+xml");
/// Series whose manifests are read at a time.
const SERIES_AT_ONCE: usize = 4;

/// What one answer is made of.
struct Found {
    /// Our key of the study.
    study_key: i64,
    demand: Demand,
    manifests: Vec<Arc<Manifest>>,
    /// One instance only.
    instance: Option<Uid>,
    /// Series whose repositories gave nothing.
    missing: Vec<RegistryError>,
}

/// The headers of a study, a series or an instance.
pub(crate) async fn metadata(
    State(face): State<Face>,
    asker: Asker,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut offers = OFFERS.to_vec();
    // One data set fits into one document; several need their parts (§8.6.1.2).
    offers.extend(scope.instance.as_ref().map(|_| DOCUMENT));
    let form = Accept::of_request(&headers, &parameters)?.best(&offers).ok_or_else(no_such_form)?;
    let opened = asker.open(&face, Action::RetrieveMetadata, scope.study()?).await?;
    let Some(series) = &scope.series else {
        return whole_study(&face, &opened, &base, form, &headers).await;
    };
    if scope.instance.is_none()
        && form.container == Container::Single
        && Coding::best(&headers, Some(Coding::Gzip)) == Coding::Gzip
        && let Some(stored) = face.registry.stored_metadata(&opened, series).await?
        && stored.complete
        && stored.origin == base.origin()
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
    let study_key = opened.study.study_key;
    let found = Found {
        study_key,
        demand: opened.demand,
        manifests: vec![manifest],
        instance: scope.instance,
        missing: Vec::new(),
    };
    let mut response = present(&face, &base, found, form, &headers).await?;
    warnings.write(response.headers_mut());
    Ok(response)
}

/// All series; 206 when some of them can't be had.
async fn whole_study(
    face: &Face,
    opened: &OpenedStudy,
    base: &Base,
    form: Offer,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let mut warnings = Warnings::of(&base.0);
    let found = all_series(face, opened).await?;
    let partial = !found.missing.is_empty();
    found.missing.iter().for_each(|error| warnings.add(format!("A series is missing: {error}.")));
    let mut response = present(face, base, found, form, headers).await?;
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
    let study_key = opened.study.study_key;
    let mut found =
        Found { study_key, demand: opened.demand, manifests: Vec::new(), instance: None, missing: Vec::new() };
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

/// The stored, compressed array as it is.
fn ready_made(stored: StoredMetadata, form: Offer, headers: &HeaderMap) -> Response {
    let tag = etag(&stored.etag, &format!("-{}-gzip", digest(&stored.origin)));
    match not_modified(headers, &tag) {
        Some(unchanged) => varying(unchanged),
        None => coded::response(stored.gzip, Coding::Gzip, form.payload, &tag),
    }
}

/// `Vary`, on 304 as on 200 (RFC 9110 §15.4.5).
fn varying(mut response: Response) -> Response {
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    response
}

async fn present(
    face: &Face,
    base: &Base,
    found: Found,
    form: Offer,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let joined: Vec<_> = found.manifests.iter().map(|manifest| manifest.etag.as_str()).collect();
    let series = found.manifests.iter().filter_map(|manifest| manifest.entries.first());
    let first: Vec<_> = series.map(|entry| entry.instance.sop_instance_uid.as_str()).collect();
    let instance = found.instance.as_ref().map_or("", Uid::as_str);
    let (study, versions, first) = (found.study_key, joined.join("/"), first.join("/"));
    let of = digest(&format!("{study}/{versions}/{first}/{instance}/{}", base.origin()));
    let missing = found.missing.len();
    if form == DOCUMENT {
        let tag = etag(&of, "-document");
        let header = entries(found).next().ok_or(RegistryError::NotFound)?;
        let header = with_digits(&with_origin(header.metadata.get(), base.origin()));
        return Ok(bytes(headers, form.payload, Some(&tag), xml::document(&header).into()));
    }
    if form.container == Container::Multipart {
        let kind = if form.payload == "application/dicom+xml" { "xml" } else { "parts" };
        let tag = weak(&of, &format!("-{kind}-{missing}"));
        if let Some(unchanged) = not_modified(headers, &tag) {
            return Ok(unchanged);
        }
        let mut response = parts(entries(found), base, form);
        set_etag(&mut response, &tag);
        return Ok(response);
    }
    let coding = Coding::best(headers, None);
    let tag = etag(&of, &format!("-{missing}-{}", coding.name()));
    if let Some(unchanged) = not_modified(headers, &tag) {
        return Ok(varying(unchanged));
    }
    let demand = found.demand;
    let entries: Vec<_> = entries(found).collect();
    face.coded.answer((face.registry.cpu(), demand), entries, base.origin(), coding, form.payload, &tag).await
}

fn entries(found: Found) -> impl Iterator<Item = Arc<InstanceEntry>> + Send + 'static {
    let Found { manifests, instance, .. } = found;
    let wanted =
        move |entry: &Arc<InstanceEntry>| instance.as_ref().is_none_or(|uid| entry.instance.sop_instance_uid == *uid);
    // An Arc of each entry, not a copy of the headers.
    manifests.into_iter().flat_map(|manifest| manifest.entries.clone()).filter(wanted)
}

fn parts(entries: impl Iterator<Item = Arc<InstanceEntry>> + Send + 'static, base: &Base, form: Offer) -> Response {
    let origin = base.origin().to_owned();
    let write = move |entry: Arc<InstanceEntry>| {
        let header = with_origin(entry.metadata.get(), &origin);
        match form.payload {
            "application/dicom+xml" => xml::document(&with_digits(&header)),
            // Each part is DICOM JSON of its own: an array (§F.2.1).
            _ => format!("[{header}]"),
        }
    };
    multipart::streamed(form.payload, entries.map(move |entry| Part::of(form.payload, Bytes::from(write(entry)))))
}
