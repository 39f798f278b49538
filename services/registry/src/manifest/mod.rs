//! The series manifest: the header of every instance and where its frames lie.
//!
//! A folded manifest is two objects: `….json.gz`, the DICOM JSON array exactly as WADO-RS metadata streams it to callers who know the
//! service by its usual address ([`Registry::called_at`]), and `….index.gz`, what the array does not say (frames, size, where the bytes
//! are, which repository gave the header). In memory, bulk data URIs have no address before their path. While a series still arrives, its
//! manifest is that base plus the entries appended since, which the index keeps; [`crate::keeping::fold`] joins them when the series is quiet.

mod uri;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use index_model::{FrameIndex, InstanceEntry, InstanceRecord, RepositoryCode, Uid};
use index_store::ManifestState;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use uri::with_origin;
use uri::without_origin;

use crate::{Registry, RegistryError};

/// Largest unpacked manifest, in bytes: a bound on what a damaged object can make us allocate.
pub(crate) const UNPACKED_BYTES: u64 = 2 << 30;
/// How often a manifest is read that is written anew meanwhile.
const MOST_READS: u32 = 8;
/// For how long a cached manifest is believed without asking the index, on nodes that did not change it themselves.
const BELIEVED: Duration = Duration::from_secs(2);
/// For how long one is kept.
const KEPT: Duration = Duration::from_secs(300);

/// One series as it is known now.
#[derive(Debug)]
pub struct Manifest {
    /// In InstanceNumber order, then by SOPInstanceUID.
    pub entries: Vec<Arc<InstanceEntry>>,
    /// Whether every copy of the series has been read wholly.
    pub complete: bool,
    /// Changes whenever the manifest does.
    pub etag: String,
    /// For each repository how many instances it had when it was read wholly.
    pub(crate) read: BTreeMap<RepositoryCode, u32>,
    pub(crate) sources: Vec<RepositoryCode>,
    pub(crate) base: Option<String>,
    /// What bulk data URIs in the base begin with.
    pub(crate) origin: String,
    pub(crate) pending: u32,
    /// Instances that the base, or an entry, tells of and that were rejected since.
    pub(crate) is_stale: bool,
    /// The objects of those.
    pub(crate) withdrawn: Vec<String>,
    /// Instances of the study that were rejected.
    rejected: BTreeSet<String>,
    by_uid: HashMap<Uid, usize>,
    weight: u64,
}

/// What the metadata array does not say of an instance.
#[derive(Serialize, Deserialize)]
struct IndexEntry {
    instance: InstanceRecord,
    frames: FrameIndex,
    size_bytes: u64,
    sha256: String,
    object: Option<String>,
    remote: Option<String>,
    repository: RepositoryCode,
}

#[derive(Serialize, Deserialize, Default)]
struct Index {
    read: BTreeMap<RepositoryCode, u32>,
    /// What bulk data URIs in the array begin with, before their path.
    #[serde(default)]
    origin: String,
    entries: Vec<IndexEntry>,
}

/// Entries with the repository that gave each.
pub(crate) type Known = Vec<(RepositoryCode, Arc<InstanceEntry>)>;

/// A base, read back.
#[derive(Default)]
pub(crate) struct Base {
    pub(crate) known: Known,
    pub(crate) read: BTreeMap<RepositoryCode, u32>,
    pub(crate) origin: String,
}

impl Manifest {
    pub(crate) fn new(
        base: Base,
        later: Known,
        state: &ManifestState,
        rejected: BTreeSet<String>,
        complete: bool,
    ) -> Self {
        let Base { known, read, origin } = base;
        let known = join(known, later);
        let is_rejected = |entry: &InstanceEntry| rejected.contains(entry.instance.sop_instance_uid.as_str());
        let (out, known): (Known, Known) = known.into_iter().partition(|(_, entry)| is_rejected(entry));
        let is_stale = !out.is_empty();
        let withdrawn = out.iter().filter_map(|(_, entry)| entry.object.clone()).collect();
        let weight = known.iter().map(|(_, entry)| entry.metadata.get().len() as u64 + 400).sum();
        let (sources, entries): (Vec<_>, Vec<_>) = known.into_iter().unzip();
        let by_uid =
            entries.iter().enumerate().map(|(n, entry)| (entry.instance.sop_instance_uid.clone(), n)).collect();
        let etag = etag(state);
        Self {
            entries,
            complete,
            etag,
            read,
            sources,
            base: state.base_object.clone(),
            origin,
            pending: state.pending,
            is_stale,
            withdrawn,
            rejected,
            by_uid,
            weight,
        }
    }

    /// The entry of one instance.
    pub fn entry(&self, instance: &Uid) -> Option<&Arc<InstanceEntry>> {
        self.entries.get(*self.by_uid.get(instance)?)
    }

    /// The entry and the repository that gave it.
    pub(crate) fn entry_of(&self, instance: &Uid) -> Option<(&RepositoryCode, &Arc<InstanceEntry>)> {
        let at = *self.by_uid.get(instance)?;
        Some((self.sources.get(at)?, self.entries.get(at)?))
    }

    /// Whether an instance was rejected: a repository may list it all the same.
    pub(crate) fn is_rejected(&self, instance: &Uid) -> bool {
        self.rejected.contains(instance.as_str())
    }

    /// How many instances this repository gave.
    pub(crate) fn from(&self, repository: &RepositoryCode) -> u32 {
        u32::try_from(self.sources.iter().filter(|source| *source == repository).count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn known(&self) -> Known {
        self.sources.iter().cloned().zip(self.entries.iter().cloned()).collect()
    }
}

/// What tells a manifest from the one before it.
fn etag(state: &ManifestState) -> String {
    format!("{:x}-{:x}-{:x}", state.version, state.last_entry_key, state.pending)
}

/// Later entries replace earlier ones of the same instance, except that a header without bytes never replaces held bytes; then in order.
fn join(mut known: Known, later: Known) -> Known {
    let mut at: HashMap<Uid, usize> =
        known.iter().enumerate().map(|(n, (_, entry))| (entry.instance.sop_instance_uid.clone(), n)).collect();
    for (repository, entry) in later {
        match at.get(&entry.instance.sop_instance_uid) {
            Some(&n) if known[n].1.object.is_some() => {
                tracing::debug!("the copy that is held stays the one that is shown");
            }
            Some(&n) => known[n] = (repository, entry),
            None => {
                at.insert(entry.instance.sop_instance_uid.clone(), known.len());
                known.push((repository, entry));
            }
        }
    }
    known.sort_by(|(_, a), (_, b)| {
        let key = |entry: &InstanceEntry| (entry.instance.instance_number.is_none(), entry.instance.instance_number);
        key(a).cmp(&key(b)).then_with(|| a.instance.sop_instance_uid.cmp(&b.instance.sop_instance_uid))
    });
    known
}

/// The two objects of a folded manifest, packed: metadata array and index.
pub(crate) fn pack(
    known: &Known,
    read: &BTreeMap<RepositoryCode, u32>,
    origin: &str,
) -> Result<(Bytes, Bytes), RegistryError> {
    let mut array = GzEncoder::new(Vec::new(), Compression::fast());
    let mut index = Index { read: read.clone(), origin: origin.to_owned(), entries: Vec::with_capacity(known.len()) };
    array.write_all(b"[").map_err(RegistryError::internal)?;
    for (n, (repository, entry)) in known.iter().enumerate() {
        if n > 0 {
            array.write_all(b",").map_err(RegistryError::internal)?;
        }
        array.write_all(with_origin(entry.metadata.get(), origin).as_bytes()).map_err(RegistryError::internal)?;
        index.entries.push(IndexEntry {
            instance: entry.instance.clone(),
            frames: entry.frames.clone(),
            size_bytes: entry.size_bytes,
            sha256: entry.sha256.clone(),
            object: entry.object.clone(),
            remote: entry.remote.clone(),
            repository: repository.clone(),
        });
    }
    array.write_all(b"]").map_err(RegistryError::internal)?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut packed, &index).map_err(RegistryError::internal)?;
    let array = array.finish().map_err(RegistryError::internal)?;
    Ok((array.into(), packed.finish().map_err(RegistryError::internal)?.into()))
}

/// Reads the two objects back.
pub(crate) fn unpack(array: &[u8], index: &[u8]) -> Result<Base, RegistryError> {
    let mut text = String::new();
    GzDecoder::new(array).take(UNPACKED_BYTES).read_to_string(&mut text).map_err(RegistryError::internal)?;
    let index: Index =
        serde_json::from_reader(GzDecoder::new(index).take(UNPACKED_BYTES)).map_err(RegistryError::internal)?;
    let headers: Vec<Box<RawValue>> =
        serde_json::from_str(&without_origin(&text, &index.origin)).map_err(RegistryError::internal)?;
    if headers.len() != index.entries.len() {
        return Err(RegistryError::internal("a manifest's two objects disagree"));
    }
    let known = headers.into_iter().zip(index.entries).map(|(metadata, entry)| {
        let IndexEntry { instance, frames, size_bytes, sha256, object, remote, repository } = entry;
        (repository, Arc::new(InstanceEntry { instance, metadata, frames, size_bytes, sha256, object, remote }))
    });
    Ok(Base { known: known.collect(), read: index.read, origin: index.origin })
}

/// The name of the index object beside a metadata object.
pub(crate) fn index_name(base: &str) -> String {
    format!("{}.index.gz", base.trim_end_matches(".json.gz"))
}

/// Manifests in memory, bounded in bytes.
#[derive(Debug)]
pub(crate) struct Manifests(moka::future::Cache<i64, Arc<Held>>);

/// A manifest, and when the index last said that it is the current one.
#[derive(Debug)]
struct Held {
    manifest: Arc<Manifest>,
    since: Mutex<Instant>,
}

impl Held {
    fn new(manifest: Arc<Manifest>, since: Instant) -> Arc<Self> {
        Arc::new(Self { manifest, since: Mutex::new(since) })
    }

    fn is_believed(&self) -> bool {
        self.since.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < BELIEVED
    }

    fn believe(&self, since: Instant) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

impl Manifests {
    pub(crate) fn new(bytes: u64) -> Self {
        let weigher = |_: &i64, held: &Arc<Held>| u32::try_from(held.manifest.weight).unwrap_or(u32::MAX);
        Self(moka::future::Cache::builder().max_capacity(bytes).weigher(weigher).time_to_live(KEPT).build())
    }

    pub(crate) fn changed(&self, series_key: i64) {
        // Invalidation is immediate for readers; the future only does housekeeping.
        let cache = self.0.clone();
        futures::executor::block_on(async move { cache.invalidate(&series_key).await });
    }
}

impl Registry {
    /// The manifest as the index and the stored objects have it, without asking any repository.
    pub(crate) async fn known_manifest(&self, series_key: i64) -> Result<Arc<Manifest>, RegistryError> {
        if let Some(manifest) = self.cached_manifest(series_key).await? {
            return Ok(manifest);
        }
        let registry = self.clone();
        let loaded = self.0.manifests.0.try_get_with(series_key, async move {
            let since = Instant::now();
            registry.load_manifest(series_key).await.map(|manifest| Held::new(manifest, since))
        });
        loaded.await.map(|held| Arc::clone(&held.manifest)).map_err(|error: Arc<RegistryError>| match &*error {
            RegistryError::NotFound => RegistryError::NotFound,
            other => RegistryError::internal(other.to_string()),
        })
    }

    /// The manifest when it is in memory already, and is the current one still: another node may have rejected what it tells of.
    pub(crate) async fn cached_manifest(&self, series_key: i64) -> Result<Option<Arc<Manifest>>, RegistryError> {
        let Some(held) = self.0.manifests.0.get(&series_key).await else { return Ok(None) };
        if !held.is_believed() {
            let since = Instant::now();
            let state = self.0.store.manifest_state(series_key).await?;
            if state.is_none_or(|state| etag(&state) != held.manifest.etag) {
                self.0.manifests.0.invalidate(&series_key).await;
                return Ok(None);
            }
            held.believe(since);
        }
        Ok(Some(Arc::clone(&held.manifest)))
    }

    /// Reads a manifest; again when it was written anew meanwhile, by us or by another node: then its base is gone, or what is pending
    /// is no longer what followed it.
    async fn load_manifest(&self, series_key: i64) -> Result<Arc<Manifest>, RegistryError> {
        for _ in 0..MOST_READS {
            let before = self.manifest_state(series_key).await?;
            let read = self.read_manifest(series_key, &before).await;
            if self.manifest_state(series_key).await?.version == before.version {
                return read;
            }
        }
        Err(RegistryError::internal("a manifest changes faster than it can be read"))
    }

    async fn manifest_state(&self, series_key: i64) -> Result<ManifestState, RegistryError> {
        self.0.store.manifest_state(series_key).await?.ok_or(RegistryError::NotFound)
    }

    async fn read_manifest(&self, series_key: i64, state: &ManifestState) -> Result<Arc<Manifest>, RegistryError> {
        let base = match &state.base_object {
            Some(name) => {
                let beside = index_name(name);
                let (array, index) = futures::try_join!(self.0.objects.get(name), self.0.objects.get(&beside))?;
                self.0.cpu.run(move || unpack(&array, &index)).await??
            }
            None => Base::default(),
        };
        let pending = self.0.store.pending_entries(series_key).await?;
        // Last, so that what is rejected meanwhile is not missed.
        let rejected = self.0.store.rejected_of_series(series_key).await?;
        let complete = state.state == index_store::ManifestPhase::Complete && pending.is_empty();
        let later = pending.into_iter().map(|pending| (pending.repository, Arc::new(pending.entry))).collect();
        Ok(Arc::new(Manifest::new(base, later, state, rejected, complete)))
    }
}
