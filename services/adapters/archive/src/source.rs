//! The source itself and what it is made of.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use adapter_api::{Capabilities, ImagingSource, InstanceKey, Part, Retrieve, SourceError, StudyFilter, TestStep};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use index_model::{Checksum, RepositoryCode, RepositoryDefinition, SeriesRecord, StudyRecord, Uid};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, RetryConfig};
use runtime::{Clock, Ctx};
use url::Url;

use crate::list::{self, Memory};
use crate::read::{self, Outcome};
use crate::store::{Bucket, Entry, Folder, Store, StoreError};
use crate::{verify, zip};

/// Files that are read at a time, at most.
const CONCURRENCY_LIMIT: u32 = 8;

/// How often a bucket that does not answer is asked again within one call: whoever follows it, or tests it, has a patience of their own.
const RETRIES: usize = 3;
const RETRY_LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

/// An object that is not what was uploaded.
pub(crate) const DAMAGED: &str = "the checksum that the archive keeps of an object";

const FOLDER_OVERLAP_MS: i64 = 60 * 1000;
const BUCKET_OVERLAP_MS: i64 = 60 * 60 * 1000;

/// Bounds and secrets of one archive.
#[derive(Debug, Clone)]
pub struct ArchiveOptions {
    /// Where objects too large for memory are kept while they are read; exists.
    pub spool_folder: PathBuf,
    /// Largest object, in bytes.
    pub object_limit_bytes: u64,
    /// A file that changed less than this before a walk is left for the next one.
    pub settle_ms: i64,
    /// How far a walk looks back over the one before: for clocks that disagree, and for uploads that carry the time of their beginning.
    /// `None` is a minute for a folder and an hour for a bucket.
    pub overlap_ms: Option<i64>,
    /// The time of day.
    pub clock: Clock,
    /// Settings of a bucket by their names in `object_store` (`aws_endpoint`, `aws_access_key_id`, …), before those of the environment.
    pub bucket: Vec<(String, String)>,
    /// What the definition says of the bucket's entity tags.
    pub checksum: Option<Checksum>,
}

impl ArchiveOptions {
    /// The usual bounds.
    pub fn new(spool_folder: impl Into<PathBuf>) -> Self {
        Self {
            spool_folder: spool_folder.into(),
            object_limit_bytes: 4 << 30,
            settle_ms: 1000,
            overlap_ms: None,
            clock: Clock::system(),
            bucket: Vec::new(),
            checksum: None,
        }
    }
}

/// A definition that no archive can be made of.
#[derive(Debug, thiserror::Error)]
pub enum InvalidArchive {
    /// `archive` is missing.
    #[error("the definition has no archive section")]
    NoAddress,
    /// Neither a path nor a URL that is known.
    #[error("the url must be an absolute path, file:// or s3://")]
    Url,
    /// A setting that is not known or not usable.
    #[error("the bucket's settings are not usable")]
    Bucket(#[source] object_store::Error),
}

/// A repository that is walked and read.
#[derive(Debug)]
pub struct ArchiveSource {
    pub(crate) repository: RepositoryCode,
    pub(crate) store: Store,
    pub(crate) options: ArchiveOptions,
    pub(crate) concurrency: usize,
    pub(crate) overlap_ms: i64,
    pub(crate) memory: Memory,
}

impl ArchiveSource {
    /// An archive of this definition. Nothing is read yet.
    ///
    /// # Errors
    /// [`InvalidArchive`] when the address or a setting is not usable.
    pub fn new(definition: &RepositoryDefinition, options: ArchiveOptions) -> Result<Self, InvalidArchive> {
        let address = definition.archive.as_ref().ok_or(InvalidArchive::NoAddress)?;
        let store = store(address.url.trim(), &options.bucket)?;
        let checksum = address.checksum.or(options.checksum);
        Ok(Self::of(definition, store, ArchiveOptions { checksum, ..options }))
    }

    /// An archive in any object store, below a prefix of its keys (empty for all of it).
    pub fn in_store(
        definition: &RepositoryDefinition,
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        options: ArchiveOptions,
    ) -> Self {
        Self::of(definition, Store::Bucket(Bucket::new(store, Some(Path::from(prefix)))), options)
    }

    fn of(definition: &RepositoryDefinition, store: Store, options: ArchiveOptions) -> Self {
        let concurrency = definition.concurrency.clamp(1, CONCURRENCY_LIMIT) as usize;
        let usual = match store {
            Store::Folder(_) => FOLDER_OVERLAP_MS,
            Store::Bucket(_) => BUCKET_OVERLAP_MS,
        };
        let overlap_ms = options.overlap_ms.unwrap_or(usual);
        Self { repository: definition.code.clone(), store, options, concurrency, overlap_ms, memory: Memory::default() }
    }

    pub(crate) fn error(&self, error: StoreError) -> SourceError {
        let repository = self.repository.clone();
        match error {
            StoreError::NotFound => SourceError::NotFound { repository },
            StoreError::Denied => SourceError::Refused { repository, reason: "permission denied".into() },
            StoreError::Rule(rule) => SourceError::Malformed { repository, rule: rule.into() },
            StoreError::Failed(cause) => SourceError::Unavailable { repository, cause },
        }
    }

    /// Why it can't be listed: a place that is not there says nothing of what it holds.
    pub(crate) fn listing_error(&self, error: StoreError) -> SourceError {
        match error {
            StoreError::NotFound => {
                let cause = "its folder or bucket is not there: check that it is mounted or reachable".into();
                SourceError::Unavailable { repository: self.repository.clone(), cause }
            }
            other => self.error(other),
        }
    }

    async fn object(&self, ctx: &Ctx, what: &Retrieve) -> Result<Part, SourceError> {
        let repository = self.repository.clone();
        let Some(key) = &what.remote else {
            return Err(SourceError::NotFound { repository });
        };
        let outcome = match zip::split(key) {
            Some((file, number)) => ctx.run(zip::numbered(&self.store, &self.options, file, number)).await?,
            None => ctx.run(read::whole(&self.store, &self.options, key)).await?,
        };
        match outcome.map_err(|error| self.error(error))? {
            Outcome::Object(object) => Ok(Part::Object { object, remote: Some(key.clone()) }),
            Outcome::Gone if !self.store.is_there().await => Err(self.listing_error(StoreError::NotFound)),
            Outcome::Gone => Err(SourceError::NotFound { repository }),
            Outcome::Denied => Err(self.error(StoreError::Denied)),
            Outcome::NotDicom => Err(self.error(StoreError::Rule("PS3.10 §7.1: the file has no DICOM prefix"))),
            Outcome::Unfinished => {
                let cause = "the file is not as long as it was when it was opened: it changes, or came in part".into();
                Err(SourceError::Unavailable { repository, cause })
            }
            Outcome::TooLarge => Err(self.error(StoreError::Rule("the limit for the size of one object"))),
            Outcome::Damaged => Err(self.error(StoreError::Rule(DAMAGED))),
        }
    }
}

impl ArchiveSource {
    /// The names of the members of a ZIP file; none of one that can't be read.
    async fn names_within(&self, ctx: &Ctx, entry: &Entry) -> Result<Vec<String>, SourceError> {
        let members = ctx.run(zip::members(&self.store, &entry.key, entry.size_bytes)).await?;
        let members = members.map_err(|error| self.listing_error(error))?.unwrap_or_default();
        Ok(members.iter().map(|member| zip::member_key(&entry.key, member.number)).collect())
    }
}

fn store(address: &str, settings: &[(String, String)]) -> Result<Store, InvalidArchive> {
    if address.starts_with('/') {
        return Ok(Store::Folder(Folder::new(address.into())));
    }
    let url = Url::parse(address).map_err(|_| InvalidArchive::Url)?;
    match url.scheme() {
        "file" => url.to_file_path().map(|path| Store::Folder(Folder::new(path))).map_err(|()| InvalidArchive::Url),
        "s3" => {
            let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_LIMIT, ..RetryConfig::default() };
            let mut builder = AmazonS3Builder::from_env().with_url(address).with_retry(retry);
            for (name, value) in settings {
                builder = builder.with_config(name.parse().map_err(InvalidArchive::Bucket)?, value);
            }
            let bucket = builder.build().map_err(InvalidArchive::Bucket)?;
            let prefix = Path::from_url_path(url.path()).map_err(|_| InvalidArchive::Url)?;
            Ok(Store::Bucket(Bucket::new(Arc::new(bucket), Some(prefix))))
        }
        _ => Err(InvalidArchive::Url),
    }
}

#[async_trait]
impl ImagingSource for ArchiveSource {
    fn repository(&self) -> &RepositoryCode {
        &self.repository
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { metadata: false, single_instance: true, listing_only: true }
    }

    async fn verify(&self, ctx: &Ctx) -> Vec<TestStep> {
        verify::steps(self, ctx).await
    }

    fn search_studies<'a>(&'a self, _: &'a Ctx, _: &'a StudyFilter) -> BoxStream<'a, Result<StudyRecord, SourceError>> {
        futures::stream::empty().boxed()
    }

    async fn search_series(&self, _: &Ctx, _: &Uid) -> Result<Vec<SeriesRecord>, SourceError> {
        Err(self.error(StoreError::NotFound))
    }

    async fn search_instances(&self, _: &Ctx, _: &Uid, _: &Uid) -> Result<Vec<InstanceKey>, SourceError> {
        Err(self.error(StoreError::NotFound))
    }

    /// Those whose file is there.
    async fn holds(
        &self,
        ctx: &Ctx,
        _: &Uid,
        _: &Uid,
        instances: &[(Uid, Option<String>)],
    ) -> Result<BTreeSet<Uid>, SourceError> {
        let mut has = BTreeSet::new();
        for (uid, key) in instances {
            let Some(key) = key else { continue };
            let file = zip::split(key).map_or(key.as_str(), |(file, _)| file);
            match ctx.run(self.store.look(file)).await? {
                Ok(_) => drop(has.insert(uid.clone())),
                Err(StoreError::NotFound) => {}
                Err(error) => return Err(self.error(error)),
            }
        }
        Ok(has)
    }

    async fn metadata(
        &self,
        _: &Ctx,
        _: &Uid,
        _: &Uid,
    ) -> Result<Option<Vec<serde_json::Map<String, serde_json::Value>>>, SourceError> {
        Ok(None)
    }

    /// Reads one object by its key, `what.remote`; what has no key is not found.
    fn retrieve<'a>(&'a self, ctx: &'a Ctx, what: &'a Retrieve) -> BoxStream<'a, Result<Part, SourceError>> {
        futures::stream::once(self.object(ctx, what)).boxed()
    }

    fn list<'a>(&'a self, ctx: &'a Ctx, filter: &'a StudyFilter) -> BoxStream<'a, Result<Part, SourceError>> {
        list::parts(self, ctx, filter.changed_after.as_deref()).boxed()
    }

    fn named<'a>(&'a self, ctx: &'a Ctx, name: &'a str) -> BoxStream<'a, Result<Part, SourceError>> {
        // A file of a folder may still be written, and of a ZIP file members are what is indexed: both are for the next walk.
        if matches!(self.store, Store::Folder(_)) || zip::is_zip(name) {
            return futures::stream::empty().boxed();
        }
        let read = async move {
            match ctx.run(read::whole(&self.store, &self.options, name)).await?.map_err(|error| self.error(error))? {
                Outcome::Object(object) => Ok(Some(Part::Object { object, remote: Some(name.to_owned()) })),
                _ => Ok(None),
            }
        };
        futures::stream::once(read).filter_map(|read| std::future::ready(read.transpose())).boxed()
    }

    fn names<'a>(&'a self, ctx: &'a Ctx) -> BoxStream<'a, Result<String, SourceError>> {
        let files = self.store.walk(None).boxed();
        let names = futures::stream::try_unfold((files, Vec::new()), move |(mut files, mut inside)| async move {
            loop {
                if let Some(name) = inside.pop() {
                    return Ok(Some((name, (files, inside))));
                }
                let entry = ctx.run(files.next()).await?.transpose().map_err(|error| self.listing_error(error))?;
                let Some(entry) = entry else { return Ok(None) };
                if !zip::is_zip(&entry.key) {
                    return Ok(Some((entry.key, (files, inside))));
                }
                inside = self.names_within(ctx, &entry).await?;
            }
        });
        names.boxed()
    }
}
