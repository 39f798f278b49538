//! Two examinations of one record that are alike under two identifiers: whether every image of one is an image of the other.
//!
//! A site that imports an examination under identifiers of its own leaves its pixels as they are, and may keep them in another transfer syntax.
//! They are compared when somebody looks at the record, behind them and one pair at a time; what was found is in the index.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use index_model::{InstanceEntry, RepositoryCode, Uid};
use index_store::{Compared, StudyRow};
use runtime::{Demand, Urgency};
use sha2::{Digest, Sha256};
use transcode::Transcoder;

use crate::intake::likeness::decoded;
use crate::{Object, Registry, RegistryError};

/// Images, frames of one image, and bytes of a study that are compared; of what is larger it stays unknown.
const MOST_IMAGES: u32 = 2_000;
const MOST_FRAMES: u32 = 2_000;
const MOST_BYTES: u64 = 2 << 30;
/// Bytes of one object: it is whole in memory while its frames are decoded.
const MOST_OBJECT_BYTES: u64 = 64 << 20;
/// Pairs that wait at a time.
const MOST_PAIRS: usize = 64;

/// Study and series.
type Place = (Uid, Uid);
/// One image, and who has it.
type Image = (Place, RepositoryCode, Arc<InstanceEntry>);

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

/// Whether an image of so many frames and bytes is decoded to be compared.
fn is_within_bounds(frames: u32, size_bytes: u64) -> bool {
    frames <= MOST_FRAMES && size_bytes <= MOST_OBJECT_BYTES
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
        // Nothing is decoded of one where the other is not at hand: it would be anew at every look.
        let (one, other) = (self.at_hand(studies.0).await?, self.at_hand(studies.1).await?);
        let (Some(one), Some(other)) = (one, other) else { return Ok(()) };
        let is_same = one.len() == other.len() && {
            let one = self.images_of(&one).await?;
            one.is_some() && one == self.images_of(&other).await?
        };
        self.0.store.note_compared(&Compared { studies, as_of_ms, is_same }).await?;
        tracing::info!(
            study.key = studies.0,
            origin.key = studies.1,
            is_same,
            "two studies that are alike were compared"
        );
        Ok(())
    }

    /// The images of a study; `None` when there are none, not all are at hand, or they are more than is compared.
    async fn at_hand(&self, study_key: i64) -> Result<Option<Vec<Image>>, RegistryError> {
        let series = self.0.store.series_of_study(study_key).await?;
        if series.iter().map(|row| row.number_of_instances).sum::<u32>() > MOST_IMAGES {
            return Ok(None);
        }
        let (mut images, mut bytes) = (Vec::new(), 0);
        for row in &series {
            let manifest = self.known_manifest(row.series_key).await?;
            let known = manifest.known();
            let is_whole = known.len() >= row.number_of_instances as usize;
            let place: Place = (row.study.study.study_instance_uid.clone(), row.series.series_instance_uid.clone());
            for (from, entry) in known.iter().filter(|(_, entry)| entry.frames.count() > 0) {
                bytes += entry.size_bytes;
                images.push((place.clone(), from.clone(), Arc::clone(entry)));
            }
            if !is_whole || bytes > MOST_BYTES {
                return Ok(None);
            }
        }
        let can_be_read = |(_, from, entry): &Image| {
            is_within_bounds(entry.frames.count(), entry.size_bytes)
                && (entry.object.is_some() || self.is_archive(from))
        };
        Ok(Some(images).filter(|images| !images.is_empty() && images.iter().all(can_be_read)))
    }

    /// Whether its objects are read where they lie.
    fn is_archive(&self, from: &RepositoryCode) -> bool {
        let source = self.0.directory.entry(from).and_then(|entry| entry.source);
        source.is_some_and(|source| source.capabilities().listing_only)
    }

    /// What stands for each image of a study, in an order of its own; `None` when one of them has no samples to compare.
    async fn images_of(&self, images: &[Image]) -> Result<Option<Vec<[u8; 32]>>, RegistryError> {
        let mut digests = Vec::with_capacity(images.len());
        for image in images {
            match self.image_of(image).await {
                Ok(Some(digest)) => digests.push(digest),
                Ok(None) | Err(RegistryError::NotAcceptable { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        digests.sort_unstable();
        Ok(Some(digests))
    }

    /// SHA-256 over the decoded frames of an image, with their number.
    async fn image_of(&self, (place, from, entry): &Image) -> Result<Option<[u8; 32]>, RegistryError> {
        let bytes = self.shown_bytes(from, entry, place).await?;
        let bytes = bytes.ok_or_else(|| RegistryError::Unavailable { repositories: vec![from.clone()] })?;
        let transcoder = self.0.transcoder.for_demand(Demand::own(Urgency::BACKGROUND));
        self.digest(entry, &bytes, &transcoder, entry.frames.count()).await
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

#[cfg(test)]
mod tests {
    use super::{Comparing, MOST_FRAMES, MOST_OBJECT_BYTES, MOST_PAIRS, is_within_bounds};

    #[test]
    fn a_pair_is_compared_once_at_a_time_and_no_more_wait_than_may() {
        let comparing = Comparing::default();
        let pair = |number: usize| (number as i64 + 1, 0);
        assert!((0..MOST_PAIRS).all(|number| comparing.begins(pair(number))));
        assert!(!comparing.begins(pair(3)), "it is under way");
        assert!(!comparing.begins(pair(MOST_PAIRS)), "there is no room for one more: the next look tells");
        comparing.ends(pair(3));
        assert!(comparing.begins(pair(MOST_PAIRS)));
        assert!(!comparing.begins(pair(3)), "another has its room");
        comparing.ends(pair(5));
        assert!(comparing.begins(pair(3)), "it is looked at anew once it is over");
    }

    #[test]
    fn what_is_too_large_to_be_whole_in_memory_is_not_decoded() {
        assert!(is_within_bounds(1, 500_000) && is_within_bounds(MOST_FRAMES, MOST_OBJECT_BYTES));
        assert!(!is_within_bounds(MOST_FRAMES + 1, 500_000));
        assert!(!is_within_bounds(1, MOST_OBJECT_BYTES + 1));
    }
}
