//! What an answer says of all its objects before the first of them is opened: warnings, length, entity tag.

use futures::StreamExt;
use futures::stream;
use index_model::Uid;
use registry::{Manifest, RegistryError};

use super::form::{content_type, has_pixels};
use super::{Opened, SERIES_AT_ONCE};
use crate::multipart::Length;
use crate::range;
use crate::syntax::Rewriting;
use crate::warning::Warnings;

/// What is known before the first object is opened.
pub(super) struct Known {
    pub(super) warnings: Warnings,
    /// Fewer instances than are declared.
    pub(super) short: bool,
    /// Where every object is here and goes out as it lies.
    pub(super) length: Option<Length>,
    /// Where every manifest could be had.
    pub(super) tag: Option<String>,
}

impl Known {
    pub(super) async fn of(asked: &Opened) -> Self {
        let mut known =
            Self { warnings: Warnings::of(&asked.base.0), short: false, length: Some(Length::new()), tag: None };
        let manifests = stream::iter(asked.series.clone()).map(|series| {
            let (registry, opened) = (asked.face.registry.clone(), asked.opened.clone());
            async move { (registry.manifest(&opened, &series).await, series) }
        });
        let mut tags = Some(String::new());
        let mut manifests = manifests.buffered(SERIES_AT_ONCE);
        while let Some((manifest, series)) = manifests.next().await {
            match manifest {
                Ok(manifest) => {
                    known.add(asked, &series, &manifest);
                    tags.iter_mut().for_each(|tags| tags.extend([series.as_str(), "/", &manifest.etag, "/"]));
                }
                Err(RegistryError::NotFound) if asked.series.len() > 1 => {}
                Err(_) => (known.length, tags) = (None, None),
            }
        }
        known.short |= !asked.left_out.is_empty();
        known.warnings.out_of_reach(&asked.left_out);
        let of = asked.instance.as_ref().map_or("", Uid::as_str);
        let form = format!("-{}-{}", asked.asked.name(), known.short);
        known.tag = tags.map(|tags| range::weak(&range::digest(&format!("{tags}{of}")), &form));
        known
    }

    fn add(&mut self, asked: &Opened, series: &Uid, manifest: &Manifest) {
        let study = asked.opened.study.study.study_instance_uid.as_str();
        for entry in asked.entries(manifest) {
            let stored = entry.instance.transfer_syntax_uid.as_str();
            let rewriting = asked.asked.of_object(has_pixels(entry)).rewriting(stored);
            if entry.object.is_none() || rewriting != Rewriting::None {
                self.length = None;
            }
            let Some(length) = &mut self.length else { continue };
            let location = asked.base.instance(study, series.as_str(), entry.instance.sop_instance_uid.as_str());
            length.add(&content_type(stored), &location, entry.size_bytes);
        }
        if asked.instance.is_none() {
            let shortfall = asked.opened.shortfall(series, manifest);
            self.short |= shortfall.is_some();
            self.warnings.shortfall(shortfall);
        }
    }
}
