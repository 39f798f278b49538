//! The bulk values of a whole instance, series or study, one instance after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::Response;
use face::Problem;
use futures::stream;
use futures::{StreamExt, TryStreamExt};
use index_model::Uid;
use registry::{OpenedStudy, PathStep, RegistryError};

use super::pixels::{self, Parts};
use super::{Held, no_such_form, path};
use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::multipart;
use crate::request::{Base, Scope};
use crate::syntax::OCTET_STREAM;

/// What is collected on the way.
struct Level {
    face: Face,
    opened: OpenedStudy,
    base: Base,
    accept: Accept,
    /// Pixel data alone.
    only_pixels: bool,
    /// There is something that the caller does not take.
    left_out: AtomicBool,
}

/// Every bulk value that the caller takes.
pub(crate) async fn of_level(
    face: Face,
    opened: OpenedStudy,
    base: &Base,
    scope: Scope,
    accept: &Accept,
) -> Result<Response, Problem> {
    answer(face, opened, base, scope, accept, false).await
}

/// All pixel data that the caller takes.
pub(super) async fn pixels_of_level(
    face: Face,
    opened: OpenedStudy,
    base: &Base,
    scope: Scope,
    accept: &Accept,
) -> Result<Response, Problem> {
    answer(face, opened, base, scope, accept, true).await
}

async fn answer(
    face: Face,
    opened: OpenedStudy,
    base: &Base,
    scope: Scope,
    accept: &Accept,
    only_pixels: bool,
) -> Result<Response, Problem> {
    let payload = payload(accept).ok_or_else(no_such_form)?;
    let series = match &scope.series {
        Some(series) if opened.series_by_uid(series).is_none() => return Err(RegistryError::NotFound.into()),
        Some(series) => vec![series.clone()],
        None => opened.series.iter().map(|row| row.series.series_instance_uid.clone()).collect(),
    };
    let level = Arc::new(Level {
        face,
        opened,
        base: base.clone(),
        accept: accept.clone(),
        only_pixels,
        left_out: AtomicBool::new(false),
    });
    let whole = series.len() > 1;
    let named = stream::iter(series).then({
        let level = Arc::clone(&level);
        move |series| {
            let (level, instance) = (Arc::clone(&level), scope.instance.clone());
            async move { level.instances(series, instance, whole).await }
        }
    });
    let instances = named.map_ok(|found| stream::iter(found).map(Ok)).try_flatten();
    let of_level = Arc::clone(&level);
    let parts = instances.and_then(move |(series, instance)| {
        let level = Arc::clone(&of_level);
        async move { level.values(&series, &instance).await }
    });
    match multipart::related(&payload, parts.try_flatten().boxed()).await {
        Err(_) if level.left_out.load(Ordering::Relaxed) => Err(no_such_form()),
        answer => answer,
    }
}

/// The media type of the parts together: bytes, unless the caller takes only something else.
fn payload(accept: &Accept) -> Option<String> {
    if accept.takes(Offer::multipart(OCTET_STREAM)) {
        return Some(OCTET_STREAM.to_owned());
    }
    let named =
        accept.wanted().find(|wanted| wanted.container == Container::Multipart && !wanted.payload.contains('*'));
    named.map(|wanted| wanted.payload.chars().filter(|c| c.is_ascii_graphic() && *c != '"').collect())
}

impl Level {
    async fn instances(
        &self,
        series: Uid,
        instance: Option<Uid>,
        whole: bool,
    ) -> Result<Vec<(Uid, Uid)>, RegistryError> {
        let manifest = match self.face.registry.manifest(&self.opened, &series).await {
            // Registered, and now empty: there is nothing to send of it.
            Err(RegistryError::NotFound) if whole => return Ok(Vec::new()),
            other => other?,
        };
        let all = manifest.entries.iter().map(|entry| &entry.instance.sop_instance_uid);
        let asked = all.filter(|uid| instance.as_ref().is_none_or(|instance| instance == *uid));
        Ok(asked.map(|uid| (series.clone(), uid.clone())).collect())
    }

    /// The values of one instance.
    async fn values(&self, series: &Uid, instance: &Uid) -> Result<Parts, RegistryError> {
        let held = Held::of(self.face.clone(), self.opened.clone(), &self.base, series, instance).await?;
        let bytes = self.accept.takes(Offer::multipart(OCTET_STREAM));
        let mut parts: Parts = stream::empty().boxed();
        for path in path::of_entry(&held.entry) {
            let pixels = matches!(path[..], [PathStep::Attribute(0x7FE0_0008..=0x7FE0_0010)]);
            if self.only_pixels && !pixels {
                continue;
            }
            let more = if path == pixels::PIXEL_DATA && held.entry.frames.count() > 0 {
                pixels::parts_of(held.clone(), &self.accept).await?
            } else {
                let held = held.clone();
                bytes.then(|| stream::once(async move { held.part(&path).await }).boxed())
            };
            match more {
                Some(more) => parts = parts.chain(more).boxed(),
                None => self.left_out.store(true, Ordering::Relaxed),
            }
        }
        Ok(parts)
    }
}
