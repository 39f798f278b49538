//! The bulk values of a whole instance, series or study, one instance after the other.
//!
//! What the caller takes is decided before anything is sent, from what manifests say of each instance; what turns out to have no acceptable
//! form among the first parts is left out as well. Both are told: 206 with a warning, 406 where nothing is left (PS3.18 §8.5).

use std::sync::Arc;

use axum::response::Response;
use face::Problem;
use futures::stream;
use futures::{StreamExt, TryStreamExt};
use http::StatusCode;
use index_model::{InstanceEntry, Uid};
use registry::{OpenedStudy, OutOfReach, PathStep, RegistryError};

use super::pixels::{self, Parts};
use super::{Held, path};
use crate::Face;
use crate::accept::{Accept, Offer};
use crate::multipart;
use crate::request::{Base, Scope};
use crate::syntax::OCTET_STREAM;
use crate::warning::Warnings;

/// What is asked for.
struct Level {
    face: Face,
    opened: OpenedStudy,
    base: Base,
    accept: Accept,
    /// Pixel data alone.
    only_pixels: bool,
}

/// What is sent, and what is not.
struct Plan {
    /// Series and instance of each that may have something to send.
    instances: Vec<(Uid, Arc<InstanceEntry>)>,
    /// Instances that have something which the caller does not take.
    left_out: usize,
    warnings: Warnings,
}

/// Every bulk value that the caller takes.
pub(crate) async fn of_level(
    face: Face,
    opened: OpenedStudy,
    base: &Base,
    scope: Scope,
    accept: &Accept,
) -> Result<Response, Problem> {
    Level { face, opened, base: base.clone(), accept: accept.clone(), only_pixels: false }.answer(scope).await
}

/// All pixel data that the caller takes.
pub(super) async fn pixels_of_level(
    face: Face,
    opened: OpenedStudy,
    base: &Base,
    scope: Scope,
    accept: &Accept,
) -> Result<Response, Problem> {
    Level { face, opened, base: base.clone(), accept: accept.clone(), only_pixels: true }.answer(scope).await
}

impl Level {
    async fn answer(self, scope: Scope) -> Result<Response, Problem> {
        let Plan { instances, left_out, mut warnings } = self.plan(scope).await?;
        if instances.is_empty() && left_out > 0 {
            return Err(Problem::not_acceptable(
                "bulk data of instances are answered in multipart/related: as application/octet-stream, and compressed pixel data in \
                 the media type of their transfer syntax",
            ));
        }
        let level = Arc::new(self);
        let parts = stream::iter(instances).then(move |(series, planned)| {
            let level = Arc::clone(&level);
            async move { level.values(&series, &planned).await }
        });
        let parts = parts.try_flatten().boxed();
        let (mut response, refused) = multipart::related_as_far_as_acceptable(parts).await?;
        if left_out + refused > 0 {
            let all = left_out + refused;
            warnings.add(format!("{all} instances have bulk data of no acceptable form, which are left out."));
        }
        if !warnings.is_empty() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        warnings.write(response.headers_mut());
        Ok(response)
    }

    /// Looks at every instance, as far as it is known without being fetched.
    async fn plan(&self, scope: Scope) -> Result<Plan, Problem> {
        let series = match &scope.series {
            Some(series) if self.opened.series_by_uid(series).is_none() => return Err(RegistryError::NotFound.into()),
            Some(series) => vec![series.clone()],
            None => self.opened.series.iter().map(|row| row.series.series_instance_uid.clone()).collect(),
        };
        let mut plan = Plan { instances: Vec::new(), left_out: 0, warnings: Warnings::of(&self.base.0) };
        let mut missing = OutOfReach::default();
        for uid in &series {
            let manifest = match self.face.registry.manifest(&self.opened, uid).await {
                // Registered, and now empty: there is nothing to send of it.
                Err(RegistryError::NotFound) if series.len() > 1 => continue,
                other => other?,
            };
            if scope.instance.is_none() {
                plan.warnings.shortfall(self.opened.shortfall(uid, &manifest));
            }
            let mut out_of_reach = OutOfReach::default();
            if scope.instance.is_none() {
                out_of_reach = self.face.registry.out_of_reach(&self.opened, uid, &manifest);
            }
            let is_asked = |entry: &&Arc<InstanceEntry>| match &scope.instance {
                Some(instance) => entry.instance.sop_instance_uid == *instance,
                None => !out_of_reach.instances.contains(&entry.instance.sop_instance_uid),
            };
            for entry in manifest.entries.iter().filter(is_asked) {
                let (fitting, others): (Vec<_>, Vec<_>) =
                    self.paths(entry).into_iter().partition(|path| self.fits(entry, path));
                plan.left_out += usize::from(!others.is_empty());
                // Of what is not here yet more may be found.
                if !fitting.is_empty() || (others.is_empty() && entry.object.is_none()) {
                    plan.instances.push((uid.clone(), Arc::clone(entry)));
                }
                // Each look at a header is short; many of them would hold others up.
                tokio::task::consume_budget().await;
            }
            missing.extend(out_of_reach);
        }
        if plan.instances.is_empty() && plan.left_out == 0 && !missing.is_empty() {
            return Err(missing.nothing_left().into());
        }
        plan.warnings.out_of_reach(&missing);
        Ok(plan)
    }

    /// The values that are asked for.
    fn paths(&self, entry: &InstanceEntry) -> Vec<Vec<PathStep>> {
        let mut paths = path::of_entry(entry);
        if paths.is_empty() && entry.object.is_none() && entry.instance.number_of_frames > 0 {
            // A header that a repository gave may leave its pixel data out.
            paths.push(pixels::PIXEL_DATA.to_vec());
        }
        paths.retain(|path| !self.only_pixels || matches!(path[..], [PathStep::Attribute(0x7FE0_0008..=0x7FE0_0010)]));
        paths
    }

    /// Whether the caller takes a value, as far as it is known; the form of what is not here yet may not be.
    fn fits(&self, entry: &InstanceEntry, path: &[PathStep]) -> bool {
        let is_image = entry.frames.count() > 0 || (entry.object.is_none() && entry.instance.number_of_frames > 0);
        match path == pixels::PIXEL_DATA && is_image {
            true => entry.instance.transfer_syntax_uid.is_empty() || pixels::fits(&self.accept, entry),
            false => self.accept.takes(Offer::multipart(OCTET_STREAM)),
        }
    }

    /// The values of one instance, without those that were left out already.
    async fn values(&self, series: &Uid, planned: &InstanceEntry) -> Result<Parts, RegistryError> {
        let instance = &planned.instance.sop_instance_uid;
        let held = Held::of(self.face.clone(), self.opened.clone(), &self.base, series, instance).await?;
        let mut parts: Parts = stream::empty().boxed();
        for path in self.paths(&held.entry) {
            if !self.fits(&held.entry, &path) {
                // It was not known to be of this form.
                if self.fits(planned, &path) {
                    return Err(RegistryError::NotAcceptable { rule: "a value has no acceptable form".to_owned() });
                }
                continue;
            }
            let more = if path == pixels::PIXEL_DATA && held.entry.frames.count() > 0 {
                pixels::parts_of(held.clone(), &self.accept).await?
            } else {
                let held = held.clone();
                stream::once(async move { held.part(&path).await }).boxed()
            };
            parts = parts.chain(more).boxed();
        }
        Ok(parts)
    }
}
