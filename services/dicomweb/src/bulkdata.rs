//! Retrieve Bulk Data and Pixel Data, PS3.18 §10.4.1.1.5 and §10.4.1.1.6: values that the metadata name by `BulkDataURI`, one by one or
//! all of an instance, a series or a study.

mod level;
mod path;
mod pixels;

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use face::Problem;
use http::HeaderMap;
use index_model::{InstanceEntry, Uid};
use registry::{OpenedStudy, PathStep, RegistryError};

pub(crate) use level::of_level;

use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::frames;
use crate::multipart::{self, Part};
use crate::range;
use crate::request::{Asker, Base, Parameters, Scope};
use crate::syntax::OCTET_STREAM;

const OFFERS: [Offer; 2] = [Offer::single(OCTET_STREAM), Offer::multipart(OCTET_STREAM)];

/// One instance, whose object is here.
#[derive(Clone)]
struct Held {
    face: Face,
    opened: OpenedStudy,
    series: Uid,
    entry: Arc<InstanceEntry>,
    /// The URL of the instance.
    location: Arc<str>,
}

/// One value.
pub(crate) async fn value(
    State(face): State<Face>,
    asker: Asker,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wrong = || Problem::parameter("path", "tags and item numbers are wanted, such as 54000100/1/54001010");
    let path = scope.value.as_deref().and_then(path::parse).ok_or_else(wrong)?;
    if scope.frames.is_some() {
        if path != pixels::PIXEL_DATA {
            return Err(Problem::not_found("this value has no frames"));
        }
        return frames::frames(State(face), asker, base, scope, parameters, headers).await;
    }
    let (series, instance) = scope.instance()?;
    let opened = asker.open(&face, Action::View, scope.study()?).await?;
    let held = Held::of(face, opened, &base, series, instance).await?;
    let accept = Accept::of_request(&headers, &parameters)?;
    if path == pixels::PIXEL_DATA && held.entry.frames.count() > 0 {
        return pixels::answer(held, &accept, &headers, Container::Single).await;
    }
    held.answer(&path, &accept, &headers).await
}

/// Every bulk value of an instance, a series or a study.
pub(crate) async fn all(
    State(face): State<Face>,
    asker: Asker,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = asker.open(&face, Action::View, scope.study()?).await?;
    of_level(face, opened, &base, scope, &Accept::of_request(&headers, &parameters)?).await
}

/// The pixel data of an instance, a series or a study.
pub(crate) async fn pixel_data(
    State(face): State<Face>,
    asker: Asker,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = asker.open(&face, Action::View, scope.study()?).await?;
    let accept = Accept::of_request(&headers, &parameters)?;
    let Ok((series, instance)) = scope.instance() else {
        return level::pixels_of_level(face, opened, &base, scope, &accept).await;
    };
    let held = Held::of(face, opened, &base, series, instance).await?;
    match pixels::tag(&held.entry) {
        Some(pixels::TAG) if held.entry.frames.count() > 0 => {
            pixels::answer(held, &accept, &headers, Container::Multipart).await
        }
        Some(tag) => held.answer(&[PathStep::Attribute(tag)], &accept, &headers).await,
        None => Err(Problem::not_found("the instance has no pixel data")),
    }
}

fn no_such_form() -> Problem {
    Problem::not_acceptable("bulk data are answered as application/octet-stream, alone or in multipart/related")
}

impl Held {
    async fn of(
        face: Face,
        opened: OpenedStudy,
        base: &Base,
        series: &Uid,
        instance: &Uid,
    ) -> Result<Self, RegistryError> {
        let entry = face.registry.entry(&opened, series, instance).await?;
        let study = opened.study.study.study_instance_uid.as_str();
        let location = base.instance(study, series.as_str(), instance.as_str()).into();
        Ok(Self { face, opened, series: series.clone(), entry, location })
    }

    fn instance(&self) -> &Uid {
        &self.entry.instance.sop_instance_uid
    }

    /// The URL of a value, as the metadata give it.
    fn uri(&self, path: &[PathStep]) -> String {
        format!("{}/bulkdata/{}", self.location, path::spelt(path))
    }

    fn etag(&self, form: &str) -> Option<String> {
        let hash = self.entry.sha256.get(..24)?;
        Some(range::etag(hash, form))
    }

    async fn read(&self, path: &[PathStep]) -> Result<Bytes, RegistryError> {
        self.face.registry.bulk_value(&self.opened, &self.series, self.instance(), path).await
    }

    async fn part(&self, path: &[PathStep]) -> Result<Part, RegistryError> {
        Ok(Part::of(OCTET_STREAM, self.read(path).await?).at(self.uri(path)))
    }

    /// One value that is no PixelData.
    async fn answer(&self, path: &[PathStep], accept: &Accept, headers: &HeaderMap) -> Result<Response, Problem> {
        let form = accept.best(&OFFERS).ok_or_else(no_such_form)?;
        if form.container == Container::Multipart {
            return Ok(multipart::whole(OCTET_STREAM, vec![self.part(path).await?]));
        }
        let tag = self.etag(&format!("-{}", path::spelt(path).replace('/', ".")));
        Ok(range::bytes(headers, OCTET_STREAM, tag.as_deref(), self.read(path).await?))
    }
}
