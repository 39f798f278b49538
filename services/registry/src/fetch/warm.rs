//! What is likely to be opened next, brought here before anybody waits for it: at the lowest urgency, one series after another.

use std::collections::BTreeSet;

use index_model::{RepositoryCode, Uid};
use runtime::{Demand, Full, Urgency};

use super::Key;
use crate::{Manifest, OpenedStudy, Registry, RegistryError};

/// No more of a study than this is brought ahead, in instances as they were declared.
const MOST_INSTANCES: u32 = 5_000;

impl Registry {
    /// Brings a study here that was opened or will be, and reads of each series the frame that is shown first. It ends when every series
    /// was tried; dropping the future ends it after the series in hand.
    ///
    /// # Errors
    /// [`RegistryError::Overloaded`] when too many are being warmed already. What can't be had is passed over.
    pub async fn warm(&self, opened: OpenedStudy) -> Result<(), RegistryError> {
        let demand = Demand { urgency: Urgency::BACKGROUND, ..opened.demand };
        let _turn = self.0.warming.take(demand).await.map_err(|Full| RegistryError::Overloaded)?;
        let opened = opened.wanted(demand);
        let mut left = MOST_INSTANCES;
        for row in opened.series.iter() {
            let Some(rest) = left.checked_sub(row.number_of_instances) else { continue };
            left = rest;
            let series = &row.series.series_instance_uid;
            if let Err(error) = self.warm_series(&opened, series).await {
                tracing::debug!(series_key = row.series_key, error = %error, "a series could not be brought ahead");
            }
        }
        Ok(())
    }

    async fn warm_series(&self, opened: &OpenedStudy, series: &Uid) -> Result<(), RegistryError> {
        self.bring_whole(opened, series).await?;
        let row = opened.series_by_uid(series).ok_or(RegistryError::NotFound)?;
        let manifest = self.known_manifest(row.series_key).await?;
        let pictures: Vec<_> = manifest.entries.iter().filter(|entry| entry.frames.count() > 0).collect();
        if let Some(shown_first) = pictures.get(pictures.len() / 2) {
            self.frame(opened, series, &shown_first.instance.sop_instance_uid, 1).await?;
        }
        Ok(())
    }

    /// Brings what is not here of a series from each repository that has it.
    pub(super) async fn bring_whole(&self, opened: &OpenedStudy, series: &Uid) -> Result<(), RegistryError> {
        let manifest = self.manifest(opened, series).await?;
        for from in not_held(&manifest) {
            let row = opened.series_by_uid(series).ok_or(RegistryError::NotFound)?;
            if let Some(target) = self.target(opened, row, &from) {
                let fetched = self.once(Key::Series(row.series_key, from.clone()), target, None).await;
                fetched.map_err(|failed| super::told(&from, failed))?;
            }
        }
        Ok(())
    }
}

/// The repositories of instances whose bytes are not here.
fn not_held(manifest: &Manifest) -> Vec<RepositoryCode> {
    let absent = manifest.entries.iter().filter(|entry| entry.object.is_none());
    let from = absent.filter_map(|entry| manifest.entry_of(&entry.instance.sop_instance_uid));
    let codes: BTreeSet<_> = from.map(|(code, _)| code.clone()).collect();
    codes.into_iter().collect()
}
