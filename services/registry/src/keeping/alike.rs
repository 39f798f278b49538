//! Two examinations of one record that are alike under two identifiers: whether every image of one is an image of the other.
//!
//! A site that imports an examination under identifiers of its own leaves its pixels as they are, and may keep them in another transfer syntax.
//! They are compared when somebody looks at the record, behind them and one pair at a time; what was found is in the index.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use index_model::{InstanceEntry, RepositoryCode, Uid};
use index_store::{Compared, SeriesRow, StudyRow};
use runtime::{Demand, Urgency};
use sha2::{Digest, Sha256};
use transcode::Transcoder;

use crate::intake::likeness::decoded;
use crate::{Object, Registry, RegistryError};

/// Images, frames of one image, and bytes of a study that are compared; of what is larger it stays unknown.
const MOST_IMAGES: u32 = 2_000;
const MOST_FRAMES: u32 = 2_000;
const MOST_BYTES: u64 = 2 << 30;
/// Pairs that wait at a time.
const MOST_PAIRS: usize = 64;

/// The pairs that are compared, or wait for it.
#[derive(Default)]
pub(crate) struct Comparing {
    pairs: Mutex<HashSet<(i64, i64)>>,
    turn: tokio::sync::Mutex<()>,
}

impl Comparing {
    fn begins(&self, pair: (i64, i64)) -> bool {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.len() < MOST_PAIRS && pairs.insert(pair)
    }

    fn ends(&self, pair: (i64, i64)) {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).remove(&pair);
    }
}

impl Registry {
    /// Has two studies compared behind the caller, unless that is under way.
    pub(crate) fn compare_behind(&self, study: &StudyRow, origin: &StudyRow) {
        let studies = (study.study_key, origin.study_key);
        if !self.0.comparing.begins(studies) {
            return;
        }
        let (registry, as_of_ms) = (self.clone(), (study.updated_ms, origin.updated_ms));
        self.0.tasks.spawn(async move {
            let compared = tokio::select! {
                () = registry.0.stop.cancelled() => Ok(()),
                compared = registry.compare_pair(studies, as_of_ms) => compared,
            };
            registry.0.comparing.ends(studies);
            if let Err(error) = compared {
                tracing::warn!(error = %error, study.key = studies.0, "two studies that are alike could not be compared");
            }
        });
    }

    async fn compare_pair(&self, studies: (i64, i64), as_of_ms: (i64, i64)) -> Result<(), RegistryError> {
        let _turn = self.0.comparing.turn.lock().await;
        let Some(one) = self.images_of(studies.0).await? else { return Ok(()) };
        let Some(other) = self.images_of(studies.1).await? else { return Ok(()) };
        let is_same = !one.is_empty() && one == other;
        self.0.store.note_compared(&Compared { studies, as_of_ms, is_same }).await?;
        tracing::info!(
            study.key = studies.0,
            origin.key = studies.1,
            is_same,
            "two studies that are alike were compared"
        );
        Ok(())
    }

    /// What stands for each image of a study, in an order of its own; `None` when not all are at hand.
    async fn images_of(&self, study_key: i64) -> Result<Option<Vec<[u8; 32]>>, RegistryError> {
        let series = self.0.store.series_of_study(study_key).await?;
        if series.iter().map(|row| row.number_of_instances).sum::<u32>() > MOST_IMAGES {
            return Ok(None);
        }
        let (mut images, mut left) = (Vec::new(), MOST_BYTES);
        for row in &series {
            let manifest = self.known_manifest(row.series_key).await?;
            let known = manifest.known();
            let bytes: u64 = known.iter().map(|(_, entry)| entry.size_bytes).sum();
            let rest = left.checked_sub(bytes).filter(|_| known.len() >= row.number_of_instances as usize);
            let Some(rest) = rest else { return Ok(None) };
            left = rest;
            for (from, entry) in known.iter().filter(|(_, entry)| entry.frames.count() > 0) {
                let Some(image) = self.image_of(row, from, entry).await? else { return Ok(None) };
                images.push(image);
            }
        }
        images.sort_unstable();
        Ok(Some(images))
    }

    /// SHA-256 over the decoded frames of an image, with their number.
    async fn image_of(
        &self,
        row: &SeriesRow,
        from: &RepositoryCode,
        entry: &InstanceEntry,
    ) -> Result<Option<[u8; 32]>, RegistryError> {
        let count = entry.frames.count();
        let place: (Uid, Uid) = (row.study.study.study_instance_uid.clone(), row.series.series_instance_uid.clone());
        if count > MOST_FRAMES {
            return Ok(None);
        }
        let Some(bytes) = self.shown_bytes(from, entry, &place).await? else { return Ok(None) };
        let transcoder = self.0.transcoder.for_demand(Demand::own(Urgency::BACKGROUND));
        self.digest(entry, &bytes, &transcoder, count).await
    }

    async fn digest(
        &self,
        entry: &InstanceEntry,
        bytes: &Object,
        transcoder: &Transcoder,
        count: u32,
    ) -> Result<Option<[u8; 32]>, RegistryError> {
        let mut digest = Sha256::new();
        digest.update(count.to_le_bytes());
        for number in 1..=count {
            let Some(frame) = decoded(entry, bytes, transcoder, number).await? else { return Ok(None) };
            digest = self.0.cpu.run(move || digest.chain_update(&frame)).await?;
        }
        Ok(Some(digest.finalize().into()))
    }
}
