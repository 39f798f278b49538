//! Retrieve Bulk Data, PS3.18 §10.4.1.1.5: values that the metadata name by `BulkDataURI`.

use std::io;
use std::sync::Arc;

use access::Action;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use face::{Caller, Problem};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderValue};
use index_model::{FrameIndex, InstanceEntry, Uid};
use registry::{OpenedStudy, PathStep, RegistryError};
use serde_json::Value;

use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::frames;
use crate::json::DataSet;
use crate::multipart::{self, Part};
use crate::range;
use crate::request::{Base, Parameters, Scope};
use crate::syntax::OCTET_STREAM;

const OFFERS: [Offer; 2] = [Offer::single(OCTET_STREAM), Offer::multipart(OCTET_STREAM)];
/// Values nest no deeper than this.
const MOST_STEPS: usize = 256;
/// PixelData (7FE0,0010).
const PIXEL_DATA: [PathStep; 1] = [PathStep::Attribute(0x7FE0_0010)];

/// One instance, opened.
#[derive(Clone)]
struct Asked {
    face: Face,
    opened: OpenedStudy,
    series: Uid,
    entry: Arc<InstanceEntry>,
    location: String,
}

/// One value.
pub(crate) async fn value(
    State(face): State<Face>,
    caller: Caller,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wrong = || Problem::parameter("path", "tags and item numbers are wanted, such as 54000100/1/54001010");
    let path = scope.value.as_deref().and_then(steps).ok_or_else(wrong)?;
    let asked = Asked::open(face, &caller, &base, &scope).await?;
    let accept = Accept::of(&headers, parameters.get("accept"));
    if path == PIXEL_DATA && asked.entry.frames.count() > 0 {
        return asked.pixel_data(&accept, &headers).await;
    }
    let form = accept.best(&OFFERS).ok_or_else(no_such_form)?;
    let bytes = asked.read(&path).await?;
    if form.container == Container::Multipart {
        return Ok(multipart::whole(OCTET_STREAM, vec![Part::of(OCTET_STREAM, bytes)]));
    }
    let tag = range::etag(&asked.entry.sha256, &path.iter().map(name).collect::<Vec<_>>().join("-"));
    let tag = (!asked.entry.sha256.is_empty()).then_some(tag);
    Ok(range::bytes(&headers, OCTET_STREAM, tag.as_deref(), bytes))
}

/// Every bulk value of an instance.
pub(crate) async fn instance(
    State(face): State<Face>,
    caller: Caller,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let accept = Accept::of(&headers, parameters.get("accept"));
    accept.best(&OFFERS[1..]).ok_or_else(no_such_form)?;
    let asked = Asked::open(face, &caller, &base, &scope).await?;
    let header: DataSet = serde_json::from_str(asked.entry.metadata.get()).unwrap_or_default();
    let mut paths = Vec::new();
    collect(&header, &mut Vec::new(), &mut paths);
    let parts = stream::iter(paths).then(move |path| {
        let asked = asked.clone();
        async move {
            let bytes = asked.read(&path).await?;
            let end = path.iter().map(name).collect::<Vec<_>>().join("/");
            Ok(Part::of(OCTET_STREAM, bytes).at(format!("{}/bulkdata/{end}", asked.location)))
        }
    });
    multipart::related(OCTET_STREAM, parts.boxed()).await
}

fn no_such_form() -> Problem {
    Problem::not_acceptable("bulk data are answered as application/octet-stream, alone or in multipart/related")
}

/// `54000100/1/54001010`: tags, and item numbers between them.
fn steps(path: &str) -> Option<Vec<PathStep>> {
    let step = |(at, text): (usize, &str)| match at % 2 {
        0 => crate::dictionary::parse(text)
            .map(|tag| PathStep::Attribute(u32::from(tag.group()) << 16 | u32::from(tag.element()))),
        _ => text.parse().ok().filter(|item| *item > 0).map(PathStep::Item),
    };
    let steps: Vec<_> =
        path.trim_matches('/').split('/').take(MOST_STEPS + 1).enumerate().map(step).collect::<Option<_>>()?;
    (steps.len() % 2 == 1 && steps.len() <= MOST_STEPS).then_some(steps)
}

fn name(step: &PathStep) -> String {
    match step {
        PathStep::Attribute(tag) => format!("{tag:08X}"),
        PathStep::Item(number) => number.to_string(),
    }
}

/// The paths of all values that a header names by `BulkDataURI`.
fn collect(data_set: &DataSet, path: &mut Vec<PathStep>, found: &mut Vec<Vec<PathStep>>) {
    for (tag, attribute) in data_set {
        let Some(tag) = u32::from_str_radix(tag, 16).ok().filter(|_| path.len() < MOST_STEPS) else { continue };
        path.push(PathStep::Attribute(tag));
        if attribute.get("BulkDataURI").is_some() {
            found.push(path.clone());
        }
        let items = attribute.get("Value").and_then(Value::as_array).into_iter().flatten();
        for (number, item) in (1..).zip(items) {
            if let (Some(item), Some("SQ")) = (item.as_object(), attribute.get("vr").and_then(Value::as_str)) {
                path.push(PathStep::Item(number));
                collect(item, path, found);
                path.pop();
            }
        }
        path.pop();
    }
}

impl Asked {
    async fn open(face: Face, caller: &Caller, base: &Base, scope: &Scope) -> Result<Self, Problem> {
        let (study, (series, instance)) = (scope.study()?, scope.instance()?);
        let opened = face.registry.open_study(&caller.0, Action::View, study).await?;
        let manifest = face.registry.manifest(&opened, series).await?;
        let entry = Arc::clone(manifest.entry(instance).ok_or(RegistryError::NotFound)?);
        let location = base.instance(study.as_str(), series.as_str(), instance.as_str());
        Ok(Self { face, opened, series: series.clone(), entry, location })
    }

    fn instance(&self) -> &Uid {
        &self.entry.instance.sop_instance_uid
    }

    async fn read(&self, path: &[PathStep]) -> Result<Bytes, RegistryError> {
        self.face.registry.bulk_value(&self.opened, &self.series, self.instance(), path).await
    }

    /// Uncompressed pixels are one value, streamed frame by frame; compressed ones are frames of their own media type.
    async fn pixel_data(self, accept: &Accept, headers: &HeaderMap) -> Result<Response, Problem> {
        let (aligned, size_bytes) = match self.entry.frames {
            FrameIndex::Native { frame_bits, count, .. } => (frame_bits % 8 == 0, frame_bits / 8 * u64::from(count)),
            FrameIndex::Deflated { .. } => (false, 0),
            _ => {
                let instance = (self.series, self.entry.instance.sop_instance_uid.clone());
                return frames::all_frames(self.face, self.opened, instance, self.location, accept, headers).await;
            }
        };
        let form = accept.best(&OFFERS).ok_or_else(no_such_form)?;
        if !aligned || headers.contains_key(RANGE) {
            let bytes = self.read(&PIXEL_DATA).await?;
            return Ok(match form.container {
                Container::Multipart => multipart::whole(OCTET_STREAM, vec![Part::of(OCTET_STREAM, bytes)]),
                _ => range::bytes(headers, OCTET_STREAM, None, bytes),
            });
        }
        let count = self.entry.frames.count();
        let body = self.stream(count);
        if form.container == Container::Multipart {
            let part = Part { content_type: OCTET_STREAM.to_owned(), location: None, size_bytes, body };
            return Ok(multipart::whole(OCTET_STREAM, vec![part]));
        }
        let mut response = Body::from_stream(body).into_response();
        response.headers_mut().insert(CONTENT_LENGTH, size_bytes.into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OCTET_STREAM));
        Ok(response)
    }

    fn stream(self, count: u32) -> BoxStream<'static, io::Result<Bytes>> {
        let frames = stream::iter(1..=count).then(move |number| {
            let asked = self.clone();
            async move {
                let frame =
                    asked.face.registry.frame_native(&asked.opened, &asked.series, asked.instance(), number).await;
                frame.map(|frame| frame.bytes)
            }
        });
        frames.map_err(|_| io::Error::other("broken off")).boxed()
    }
}

#[cfg(test)]
mod tests {
    use registry::PathStep::{Attribute, Item};

    use super::steps;

    #[test]
    fn a_path_is_tags_with_item_numbers_between() {
        assert_eq!(steps("7FE00010"), Some(vec![Attribute(0x7fe0_0010)]));
        assert_eq!(steps("54000100/2/54001010"), Some(vec![Attribute(0x5400_0100), Item(2), Attribute(0x5400_1010)]));
        for wrong in ["", "7FE0", "54000100/1", "54000100/0/54001010", "1/54000100", "54000100/x/54001010", "+FE00010"]
        {
            assert_eq!(steps(wrong), None, "{wrong}");
        }
    }
}
