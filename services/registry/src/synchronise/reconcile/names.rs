//! A listed archive is compared by the names of its objects.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use adapter_api::ImagingSource;
use futures::TryStreamExt;
use index_model::RepositoryCode;
use index_store::{CopyRow, DriftKind};
use runtime::Ctx;

use super::{CHUNK, Found};
use crate::synchronise::RoundError;
use crate::{Registry, RegistryError};

/// Names of a listing that are compared; a larger archive says so.
const MOST_NAMES: usize = 50_000_000;

impl Registry {
    /// The copies of which a listed archive has no object any more. What is new there is found by its own listing.
    pub(super) async fn compare_names(
        &self,
        ctx: &Ctx,
        code: &RepositoryCode,
        source: &dyn ImagingSource,
        found: &mut Found,
    ) -> Result<Vec<CopyRow>, RoundError> {
        let mut names = HashSet::new();
        let mut listed = source.names(ctx);
        while let Some(name) = listed.try_next().await? {
            if names.len() >= MOST_NAMES {
                return Err(RegistryError::internal("an archive of more names than can be compared").into());
            }
            names.insert(short(&name));
        }
        let (mut suspects, mut after) = (Vec::new(), 0);
        loop {
            let copies = self.0.store.copies_between(code, (None, None), after, CHUNK as u32).await?;
            let Some(last) = copies.last() else { return Ok(suspects) };
            after = last.copy_key;
            for copy in copies {
                let (here, there) = self.named(code, copy.study_key, &names).await?;
                found.compared += u64::from(there > 0);
                found.ours += u64::from(here > 0 && copy.removed_ms.is_none());
                let uid = &copy.study_instance_uid;
                match (here, there, copy.removed_ms) {
                    (0, ..) | (_, 0, Some(_)) => {}
                    (_, 0, None) => suspects.push(CopyRow { instances: Some(here), ..copy }),
                    (_, _, Some(_)) => self.mark_removed(code, std::slice::from_ref(uid), None).await?,
                    _ if there < here => found.note(DriftKind::Differs, uid, Some(here), Some(there)),
                    _ => {}
                }
            }
        }
    }

    /// Of the instances of a study that came from this archive: how many there are, and how many of their names it still lists.
    async fn named(
        &self,
        code: &RepositoryCode,
        study_key: i64,
        names: &HashSet<u64>,
    ) -> Result<(u32, u32), RoundError> {
        let (mut here, mut there) = (0, 0);
        for series in self.0.store.series_of_study(study_key).await? {
            for (from, entry) in self.known_manifest(series.series_key).await?.known() {
                if let Some(name) = entry.remote.as_deref().filter(|_| from == *code) {
                    here += 1;
                    there += u32::from(names.contains(&short(name)));
                }
            }
        }
        Ok((here, there))
    }
}

/// A name in few bytes: two that are taken for one only hide that one of them is gone.
fn short(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
