//! Retrieve Instances, PS3.18 §10.4.1.1.1: whole objects, one after the other, each a stream.

mod decoded;

use std::sync::Arc;

use access::Action;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use face::{Caller, Problem};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use index_model::transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
use index_model::{InstanceEntry, Uid};
use registry::{InstanceBytes, OpenedStudy, RegistryError};

use crate::Face;
use crate::accept::{Accept, Container, Offer, Wanted};
use crate::multipart::{self, Part};
use crate::range;
use crate::request::{Base, Parameters, Scope};
use crate::warning::Warnings;

const DICOM: &str = "application/dicom";
/// Series whose manifests are read at a time.
const SERIES_AT_ONCE: usize = 4;

/// What was asked for, opened.
struct Asked {
    face: Face,
    base: Base,
    opened: OpenedStudy,
    series: Vec<Uid>,
    instance: Option<Uid>,
    /// Everything goes out in Explicit VR Little Endian; else as stored.
    explicit: bool,
}

/// A study, a series or an instance.
pub(crate) async fn instances(
    State(face): State<Face>,
    caller: Caller,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = face.registry.open_study(&caller.0, Action::RetrieveInstances, scope.study()?).await?;
    let series = match scope.series {
        Some(series) => vec![series],
        None => opened.series.iter().map(|row| row.series.series_instance_uid.clone()).collect(),
    };
    let accept = Accept::of(&headers, parameters.get("accept"));
    Asked { face, base, opened, series, instance: scope.instance, explicit: false }.answer(&accept, &headers).await
}

/// One instance, in memory of nothing but its keys.
#[derive(Clone)]
struct Named {
    series: Uid,
    entry: Arc<InstanceEntry>,
}

impl Asked {
    async fn answer(mut self, accept: &Accept, headers: &HeaderMap) -> Result<Response, Problem> {
        for wanted in accept.wanted() {
            let single = Offer::single(DICOM);
            let many = Offer::multipart(DICOM);
            let syntax = wanted.transfer_syntax.filter(|syntax| *syntax != "*");
            let possible = wanted.takes(many) || (wanted.takes(single) && self.instance.is_some());
            if !possible {
                continue;
            }
            match syntax {
                Some(EXPLICIT_VR_LITTLE_ENDIAN) => self.explicit = true,
                Some(other) if !self.all_are(other).await? => continue,
                _ => {}
            }
            return self.send(wanted, headers).await;
        }
        Err(Problem::not_acceptable(
            "objects are answered as multipart/related; type=\"application/dicom\" in the transfer syntax in which they are stored \
             (transfer-syntax=*) or, where they can be decoded, in 1.2.840.10008.1.2.1; application/dicom alone for one instance",
        ))
    }

    /// Whether every instance is stored in this transfer syntax.
    async fn all_are(&self, syntax: &str) -> Result<bool, Problem> {
        for series in &self.series {
            let manifest = self.face.registry.manifest(&self.opened, series).await?;
            let mut asked = manifest.entries.iter().filter(|entry| self.is_asked(entry));
            if !asked.all(|entry| entry.instance.transfer_syntax_uid == syntax) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_asked(&self, entry: &InstanceEntry) -> bool {
        self.instance.as_ref().is_none_or(|uid| entry.instance.sop_instance_uid == *uid)
    }

    async fn send(self, wanted: Wanted<'_>, headers: &HeaderMap) -> Result<Response, Problem> {
        match &self.instance {
            Some(instance) if wanted.container == Container::Single => self.alone(instance, headers).await,
            Some(_) => multipart::related(DICOM, self.parts()).await,
            None => self.many().await,
        }
    }

    /// A series or study; 206 with a warning when the repositories give fewer instances than they declare.
    async fn many(self) -> Result<Response, Problem> {
        let mut warnings = Warnings::of(&self.base.0);
        let mut short = false;
        let manifests = stream::iter(self.series.clone()).map(|series| {
            let (registry, opened) = (self.face.registry.clone(), self.opened.clone());
            async move { (registry.manifest(&opened, &series).await, series) }
        });
        let mut manifests = manifests.buffered(SERIES_AT_ONCE);
        while let Some((manifest, series)) = manifests.next().await {
            if let Some(shortfall) = manifest.ok().and_then(|manifest| self.opened.shortfall(&series, &manifest)) {
                short = true;
                warnings.shortfall(Some(shortfall));
            }
        }
        drop(manifests);
        let mut response = multipart::related(DICOM, self.parts()).await?;
        if short {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        warnings.write(response.headers_mut());
        Ok(response)
    }

    /// One object without a multipart around it.
    async fn alone(&self, instance: &Uid, headers: &HeaderMap) -> Result<Response, Problem> {
        let series = self.series.first().ok_or(RegistryError::NotFound)?;
        let found = self.face.registry.instance(&self.opened, series, instance).await?;
        let tag = range::etag(&found.etag, if self.explicit { "-explicit" } else { "" });
        if let Some(unchanged) = range::not_modified(headers, &tag) {
            return Ok(unchanged);
        }
        let mut response = object(self.in_form(series, found).await?);
        range::set_etag(&mut response, &tag);
        Ok(response)
    }

    /// The objects in series order, each opened when its turn comes.
    fn parts(self) -> BoxStream<'static, Result<Part, RegistryError>> {
        let (asked, series) = (Arc::new(self), 0..);
        let count = asked.series.len();
        let instances = stream::iter(series.take(count)).then({
            let asked = Arc::clone(&asked);
            move |at: usize| {
                let asked = Arc::clone(&asked);
                async move { asked.instances(at).await }
            }
        });
        let flat = instances.flat_map(|found| match found {
            Ok(found) => stream::iter(found).map(Ok).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        });
        flat.then(move |named| {
            let asked = Arc::clone(&asked);
            async move { asked.part(named?).await }
        })
        .boxed()
    }

    /// The instances of the `at`-th series.
    async fn instances(&self, at: usize) -> Result<Vec<Named>, RegistryError> {
        let series = self.series[at].clone();
        let manifest = match self.face.registry.manifest(&self.opened, &series).await {
            // Registered, and now empty: there is nothing to send of it.
            Err(RegistryError::NotFound) if self.series.len() > 1 => return Ok(Vec::new()),
            other => other?,
        };
        let asked = manifest.entries.iter().filter(|entry| self.is_asked(entry));
        Ok(asked.map(|entry| Named { series: series.clone(), entry: Arc::clone(entry) }).collect())
    }

    async fn part(&self, named: Named) -> Result<Part, RegistryError> {
        let instance = &named.entry.instance.sop_instance_uid;
        let found = self.face.registry.instance(&self.opened, &named.series, instance).await?;
        let study = &self.opened.study.study.study_instance_uid;
        let location = self.base.instance(study.as_str(), named.series.as_str(), instance.as_str());
        Ok(Part { location: Some(location), ..self.in_form(&named.series, found).await? })
    }

    /// The object in the form that was chosen.
    async fn in_form(&self, series: &Uid, found: InstanceBytes) -> Result<Part, RegistryError> {
        let stored = found.entry.instance.transfer_syntax_uid.as_str();
        if self.explicit && stored != EXPLICIT_VR_LITTLE_ENDIAN {
            return decoded::part(&self.face.registry, &self.opened, series, found).await;
        }
        let content_type = format!("{DICOM}; transfer-syntax={stored}");
        Ok(Part { content_type, location: None, size_bytes: found.size_bytes, body: found.stream })
    }
}

/// A whole object as it is stored, as the body.
pub(crate) fn stored(found: InstanceBytes) -> Response {
    object(Part { content_type: DICOM.to_owned(), location: None, size_bytes: found.size_bytes, body: found.stream })
}

fn object(part: Part) -> Response {
    let mut response = Body::from_stream(part.body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, part.size_bytes.into());
    if let Ok(value) = HeaderValue::from_str(&part.content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    response
}
