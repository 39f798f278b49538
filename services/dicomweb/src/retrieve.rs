//! Retrieve Instances, PS3.18 §10.4.1.1.1: whole objects, one after the other, each a stream.

mod form;
mod known;

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::response::Response;
use face::Problem;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::{HeaderMap, StatusCode};
use index_model::{InstanceEntry, Uid};
use registry::{InstanceBytes, Manifest, OpenedStudy, OutOfReach, RegistryError};

use crate::Face;
use crate::accept::{Accept, Container, Offer, Wanted};
use crate::bulkdata;
use crate::multipart::{self, Part};
use crate::range;
use crate::request::{Asker, Base, Parameters, Scope};
use crate::syntax::{Asked, OCTET_STREAM};
pub(crate) use form::{can_be_had, in_form, object};
use form::{has_pixels, none_of_these};
use known::Known;

const DICOM: &str = "application/dicom";
/// Series whose manifests are read at a time.
const SERIES_AT_ONCE: usize = 4;

/// What was asked for, opened.
struct Opened {
    face: Face,
    base: Base,
    opened: OpenedStudy,
    series: Vec<Uid>,
    instance: Option<Uid>,
    /// Of several, those that are left out.
    left_out: OutOfReach,
    /// In which transfer syntax it is wanted.
    asked: Asked,
}

/// A study, a series or an instance; its bulk data alone for who accepts no objects (PS3.18 §B.10).
pub(crate) async fn instances(
    State(face): State<Face>,
    asker: Asker,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = asker.open(&face, Action::RetrieveInstances, scope.study()?).await?;
    let accept = Accept::of_request(&headers, &parameters)?;
    let alone = scope.instance.is_some() && accept.takes(Offer::single(DICOM));
    if !alone && !accept.takes(Offer::multipart(DICOM)) {
        if accept.takes(Offer::multipart(OCTET_STREAM)) {
            return bulkdata::of_level(face, opened, &base, scope, &accept).await;
        }
        return Err(none_of_these());
    }
    let series = match scope.series {
        Some(series) => vec![series],
        None => opened.series.iter().map(|row| row.series.series_instance_uid.clone()).collect(),
    };
    let (asked, left_out) = (Asked::Unsaid, OutOfReach::default());
    Opened { face, base, opened, series, instance: scope.instance, left_out, asked }.answer(&accept, &headers).await
}

/// One instance, in memory of nothing but its keys.
#[derive(Clone)]
struct Named {
    series: Uid,
    entry: Arc<InstanceEntry>,
}

impl Opened {
    async fn answer(mut self, accept: &Accept, headers: &HeaderMap) -> Result<Response, Problem> {
        let (single, many) = (Offer::single(DICOM), Offer::multipart(DICOM));
        for wanted in accept.wanted() {
            let possible = wanted.takes(many) || (wanted.takes(single) && self.instance.is_some());
            let Some(asked) = Asked::of(wanted.transfer_syntax).filter(|_| possible) else { continue };
            if !self.all_can(asked, wanted.transfer_syntax).await? {
                continue;
            }
            self.asked = asked;
            return self.send(wanted, headers).await;
        }
        Err(none_of_these())
    }

    /// Whether every instance can be had so, as far as its transfer syntax tells.
    async fn all_can(&self, asked: Asked, named: Option<&str>) -> Result<bool, Problem> {
        if matches!(asked, Asked::Any | Asked::Unsaid) {
            return Ok(true);
        }
        for series in &self.series {
            let manifest = match self.face.registry.manifest(&self.opened, series).await {
                Err(RegistryError::NotFound) if self.series.len() > 1 => continue,
                other => other?,
            };
            // Only an image can be compressed: a report beside it stays what it is.
            let can = |entry: &Arc<InstanceEntry>| {
                can_be_had(entry, asked, named) || (!has_pixels(entry) && self.instance.is_none())
            };
            if !self.entries(&manifest).all(can) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is asked for of a series.
    fn entries<'m>(&'m self, manifest: &'m Manifest) -> impl Iterator<Item = &'m Arc<InstanceEntry>> {
        let one = self.instance.as_ref().map(|uid| manifest.entry(uid));
        let all = if one.is_some() { &[] } else { manifest.entries.as_slice() };
        one.flatten().into_iter().chain(all.iter().filter(|entry| !self.leaves_out(entry)))
    }

    fn leaves_out(&self, entry: &InstanceEntry) -> bool {
        self.left_out.instances.contains(&entry.instance.sop_instance_uid)
    }

    /// Leaves out what can't be had now, so that the rest can be sent whole.
    async fn leave_out(&mut self) -> Result<(), RegistryError> {
        let (mut left_out, mut some) = (OutOfReach::default(), false);
        for series in &self.series {
            // What else is wrong is told where it is sent.
            let Ok(manifest) = self.face.registry.manifest(&self.opened, series).await else {
                some = true;
                continue;
            };
            let of_series = self.face.registry.out_of_reach(&self.opened, series, &manifest);
            some |= of_series.instances.len() < manifest.entries.len();
            left_out.extend(of_series);
        }
        if !some && !left_out.is_empty() {
            return Err(left_out.nothing_left());
        }
        self.left_out = left_out;
        Ok(())
    }

    async fn send(self, wanted: Wanted<'_>, headers: &HeaderMap) -> Result<Response, Problem> {
        match &self.instance {
            Some(instance) if wanted.container == Container::Single => self.alone(instance, headers).await,
            _ => self.many(headers).await,
        }
    }

    /// In parts; 206 with a warning when the repositories give fewer instances of a series or study than they declare.
    async fn many(mut self, headers: &HeaderMap) -> Result<Response, Problem> {
        if self.instance.is_none() {
            self.leave_out().await?;
        }
        let mut known = Known::of(&self).await;
        let tag = known.tag.take();
        if let Some(unchanged) = tag.as_deref().and_then(|tag| range::not_modified(headers, tag)) {
            return Ok(unchanged);
        }
        let mut response = match self.asked {
            _ if self.instance.is_some() => multipart::whole(DICOM, vec![self.only().await?]),
            // What is decoded or encoded, by name, may fail at any object.
            Asked::Explicit | Asked::Encoded(_) if known.length.is_none() => {
                multipart::related_ahead(DICOM, self.parts()).await?
            }
            _ => multipart::related_of(DICOM, known.length, self.parts()).await?,
        };
        if known.short {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        if let Some(tag) = tag {
            range::set_etag(&mut response, &tag);
        }
        known.warnings.write(response.headers_mut());
        Ok(response)
    }

    /// The one instance that is asked for. Once it is opened its length is known, in whatever form it goes out.
    async fn only(&self) -> Result<Part, Problem> {
        let named = self.instances(0).await?.pop();
        Ok(self.part(named.ok_or_else(|| Problem::not_found("there is nothing to send"))?).await?)
    }

    /// One object without a multipart around it.
    async fn alone(&self, instance: &Uid, headers: &HeaderMap) -> Result<Response, Problem> {
        let series = self.series.first().ok_or(RegistryError::NotFound)?;
        let found = self.face.registry.instance(&self.opened, series, instance).await?;
        let stored = &found.entry.instance.transfer_syntax_uid;
        let asked = self.asked.of_object(has_pixels(&found.entry));
        let tag = range::etag(&found.etag, asked.rewriting(stored).tag());
        if let Some(unchanged) = range::not_modified(headers, &tag) {
            return Ok(unchanged);
        }
        let mut response = object(self.in_form(series, found).await?);
        range::set_etag(&mut response, &tag);
        Ok(response)
    }

    /// The objects in series order, each opened when its turn comes.
    fn parts(self) -> BoxStream<'static, Result<Part, RegistryError>> {
        let asked = Arc::new(self);
        let count = asked.series.len();
        let instances = stream::iter(0..count).then({
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
        Ok(self.entries(&manifest).map(|entry| Named { series: series.clone(), entry: Arc::clone(entry) }).collect())
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
        in_form(&self.face, &self.opened, series, found, self.asked).await
    }
}
