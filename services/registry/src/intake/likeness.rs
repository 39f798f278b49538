//! Two objects of one SOPInstanceUID: one instance of which somebody wrote the header anew, or two that contradict each other.
//!
//! The first stays the one that is shown, to everybody and at every look. The other is kept beside it, and an administrator is told, unless
//! both show the same of the same patient: regions rewrite headers of what they pass on, and nobody has to look at that.

use std::time::Duration;

use adapter_api::{Object, Part, Retrieve};
use futures::StreamExt;
use index_extract::{Extracted, Likeness as Compared, Side, is_same_header, likeness};
use index_model::{InstanceEntry, RepositoryCode, StudyRecord, Uid};
use index_store::{InstanceIndexed, Likeness};
use runtime::{Demand, Urgency};
use transcode::Transcoder;

use crate::retrieve::{describe, frames_syntax};
use crate::{Registry, RegistryError};

/// Objects that are compared, in bytes; of what is larger it stays unknown, and somebody is told.
const MOST_BYTES: u64 = 512 << 20;
/// Frames of two transfer syntaxes that are decoded to be compared.
const MOST_FRAMES: u32 = 2_000;
/// Longest wait for an archive to give the file that it was read from.
const PATIENCE: Duration = Duration::from_secs(60);

impl Registry {
    /// Compares an object that stands beside the instance that is shown with that one, and notes what it is; whether nobody has to look. `name`
    /// is that of its bytes, where they are held. What is the same and can be asked for again is not kept twice.
    pub(super) async fn compare_beside(
        &self,
        repository: &RepositoryCode,
        object: &Object,
        (name, remote): (Option<&str>, Option<&str>),
        indexed: &InstanceIndexed,
    ) -> Result<bool, RegistryError> {
        let Ok(Extracted { study, series, entry, .. }) = self.extract(repository, object.clone()).await? else {
            return Ok(false);
        };
        let (sop, sha256) = (entry.instance.sop_instance_uid.clone(), entry.sha256.clone());
        let place = (study.study_instance_uid.clone(), series.series_instance_uid);
        let came = Read { study, entry, bytes: object.clone() };
        let found = self.compared((repository, remote), came, &place, indexed.series_key).await.unwrap_or_else(|error| {
            tracing::warn!(error = %error, series.key = indexed.series_key, "two objects of one identifier could not be compared");
            Likeness::Unknown
        });
        let can_come_again = self.is_pulled(repository);
        // What is shown is not at hand now: what can come again is compared when both are.
        let found = if found == Likeness::Away && !can_come_again { Likeness::Unknown } else { found };
        let is_quiet = matches!(found, Likeness::Same | Likeness::Away);
        let is_first = indexed.superseded_object.is_none();
        let let_go = name.filter(|_| is_quiet && is_first && can_come_again);
        self.0.store.note_likeness(indexed.series_key, &sop, &sha256, found, let_go.is_some()).await?;
        if let Some(name) = let_go {
            self.0.objects.remove(name).await;
        }
        if !is_quiet {
            metrics::counter!("dics_instances_in_conflict_total", "repository" => repository.to_string()).increment(1);
        }
        Ok(is_quiet)
    }

    /// Whether what repeats an instance has another header than the one that is shown.
    pub(super) async fn has_other_header(&self, came: &InstanceEntry, series_key: i64) -> Result<bool, RegistryError> {
        let manifest = self.known_manifest(series_key).await?;
        let shown = manifest.entry(&came.instance.sop_instance_uid);
        Ok(shown.is_some_and(|shown| !is_same_header(shown, came)))
    }

    async fn compared(
        &self,
        (repository, remote): (&RepositoryCode, Option<&str>),
        came: Read,
        place: &(Uid, Uid),
        series_key: i64,
    ) -> Result<Likeness, RegistryError> {
        self.0.manifests.changed(series_key);
        let manifest = self.known_manifest(series_key).await?;
        let Some((from, shown)) = manifest.entry_of(&came.entry.instance.sop_instance_uid) else {
            return Ok(Likeness::Unknown);
        };
        // A file that was written anew where it lies is one file.
        if remote.is_some() && shown.object.is_none() && from == repository && shown.remote.as_deref() == remote {
            return Ok(Likeness::Same);
        }
        if shown.size_bytes.max(came.bytes.len() as u64) > MOST_BYTES {
            return Ok(Likeness::Unknown);
        }
        let Some(bytes) = self.shown_bytes(from, shown, place).await? else { return Ok(Likeness::Away) };
        let Ok(Extracted { study, entry, part10, .. }) = self.extract(from, bytes.clone()).await? else {
            return Ok(Likeness::Unknown);
        };
        let shown = Read { study, entry, bytes: part10.map_or(bytes, Object::from) };
        let compare = move || (likeness(&shown.side(), &came.side()), shown, came);
        let (compared, shown, came) = self.0.cpu.run(compare).await?;
        match compared {
            Compared::Same => Ok(Likeness::Same),
            Compared::Different => Ok(Likeness::Different),
            Compared::Undecoded => self.decoded_alike(&shown, &came).await,
        }
    }

    /// The bytes of the instance that is shown: held here, or in a file of an archive.
    pub(crate) async fn shown_bytes(
        &self,
        from: &RepositoryCode,
        shown: &InstanceEntry,
        (study, series): &(Uid, Uid),
    ) -> Result<Option<Object>, RegistryError> {
        if let Some(object) = &shown.object {
            return Ok(Some(self.0.objects.get(object).await?.into()));
        }
        let source = self.0.directory.entry(from).and_then(|entry| entry.source);
        let Some(source) = source.filter(|source| source.capabilities().listing_only) else { return Ok(None) };
        let what = Retrieve {
            study_instance_uid: study.clone(),
            series_instance_uid: series.clone(),
            sop_instance_uid: Some(shown.instance.sop_instance_uid.clone()),
            remote: shown.remote.clone(),
        };
        let ctx = self.ctx_within(PATIENCE);
        let mut parts = source.retrieve(&ctx, &what);
        match parts.next().await {
            Some(Ok(Part::Object { object, .. })) => Ok(Some(object)),
            _ => Ok(None),
        }
    }

    /// Whether every frame of both is the same once it is decoded: a region keeps images in a transfer syntax of its own.
    async fn decoded_alike(&self, a: &Read, b: &Read) -> Result<Likeness, RegistryError> {
        let count = a.entry.frames.count();
        if count > MOST_FRAMES {
            return Ok(Likeness::Unknown);
        }
        let transcoder = self.0.transcoder.for_demand(Demand::own(Urgency::BACKGROUND));
        for number in 1..=count {
            let (Some(left), Some(right)) =
                (a.decoded(&transcoder, number).await?, b.decoded(&transcoder, number).await?)
            else {
                return Ok(Likeness::Unknown);
            };
            if left != right {
                return Ok(Likeness::Different);
            }
        }
        Ok(Likeness::Same)
    }
}

/// An object with what was read of it.
struct Read {
    study: StudyRecord,
    entry: InstanceEntry,
    bytes: Object,
}

impl Read {
    fn side(&self) -> Side<'_> {
        Side { study: &self.study, entry: &self.entry, bytes: &self.bytes }
    }

    async fn decoded(&self, transcoder: &Transcoder, number: u32) -> Result<Option<bytes::Bytes>, RegistryError> {
        decoded(&self.entry, &self.bytes, transcoder, number).await
    }
}

/// A frame of an object in little endian; `None` where it doesn't lie on bytes.
pub(crate) async fn decoded(
    entry: &InstanceEntry,
    bytes: &Object,
    transcoder: &Transcoder,
    number: u32,
) -> Result<Option<bytes::Bytes>, RegistryError> {
    let Some(spans) = entry.frames.spans(number) else { return Ok(None) };
    let mut frame = Vec::new();
    for span in spans {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let run = bytes.get(place(span.offset)..place(span.offset.saturating_add(span.length)));
        let Some(run) = run else { return Ok(None) };
        frame.extend_from_slice(run);
    }
    let image = describe(entry, frames_syntax(entry), number)?;
    Ok(Some(transcoder.to_explicit_little_endian(&image, frame.into()).await?))
}
