//! An instance whose bytes are here, fetched from whoever has them when they are not.

use std::sync::Arc;

use index_model::{InstanceEntry, RepositoryCode, Uid};
use index_store::SeriesRow;

use crate::fetch::{Failed, told};
use crate::open::OpenedStudy;
use crate::{Manifest, Registry, RegistryError};

impl Registry {
    /// The entry of an instance whose bytes are here, and their name.
    pub(crate) async fn held(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        instance: &Uid,
    ) -> Result<(Arc<InstanceEntry>, String), RegistryError> {
        let row = opened.series_by_uid(series).ok_or(RegistryError::NotFound)?;
        self.note_use(row.series_key);
        let known = self.known_manifest(row.series_key).await?;
        if let Some(held) = held_entry(&known, instance) {
            return Ok(held);
        }
        let (manifest, failed) = self.ensure_headers(opened, row).await?;
        if let Some(held) = held_entry(&manifest, instance) {
            return Ok(held);
        }
        let Some((from, entry)) = manifest.entry_of(instance) else {
            return Err(if failed.is_empty() { RegistryError::NotFound } else { nothing(failed) });
        };
        // Who gave the header may no longer have the object, or not answer; then whoever else has the series is asked.
        let copies = self.copies(opened, row.series_key).await?;
        let has = copies.iter().any(|copy| copy.repository == *from);
        let mut others = copies.iter().map(|copy| &copy.repository).filter(|code| self.can_be_asked(code));
        let other = others.find(|code| *code != from && (!has || self.answers(code)));
        match other {
            Some(other) if !has || !self.answers(from) => {
                self.fetch_and_find(opened, row, instance, (other, None)).await
            }
            _ if has => self.fetch_and_find(opened, row, instance, (from, entry.remote.clone())).await,
            _ => Err(RegistryError::Gone { repositories: vec![from.clone()] }),
        }
    }

    async fn fetch_and_find(
        &self,
        opened: &OpenedStudy,
        row: &SeriesRow,
        instance: &Uid,
        (from, remote): (&RepositoryCode, Option<String>),
    ) -> Result<(Arc<InstanceEntry>, String), RegistryError> {
        let fetch = self.ensure_held(opened, row, instance, remote, from);
        let fetched = tokio::time::timeout(self.0.limits.first_image, fetch).await;
        fetched.map_err(|_| RegistryError::Unavailable { repositories: vec![from.clone()] })??;
        let manifest = self.known_manifest(row.series_key).await?;
        held_entry(&manifest, instance)
            .ok_or_else(|| told(from, Failed::Incomplete("the instance did not come".to_owned())))
    }
}

fn held_entry(manifest: &Manifest, instance: &Uid) -> Option<(Arc<InstanceEntry>, String)> {
    let entry = manifest.entry(instance)?;
    Some((Arc::clone(entry), entry.object.clone()?))
}

/// Nothing is known, and this is why.
pub(super) fn nothing(mut failed: Vec<(RepositoryCode, Failed)>) -> RegistryError {
    match failed.len() {
        0 => RegistryError::NotFound,
        1 => {
            let (code, why) = failed.remove(0);
            told(&code, why)
        }
        _ => RegistryError::Unavailable { repositories: failed.into_iter().map(|(code, _)| code).collect() },
    }
}
