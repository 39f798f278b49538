//! The registry itself: what its use cases share, and the tasks that it owns.

use std::sync::{Arc, OnceLock};

use access::Access;
use adapter_api::Spool;
use index_model::RepositoryCode;
use index_store::{NewInstance, NewReport, Store};
use runtime::{Clock, CpuPool, Ctx, Turns};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::derived::Derivatives;
use crate::fetch::Fetches;
use crate::fetch::choose::Others;
use crate::fetch::prefetch::{self, Prefetches};
use crate::intake::commit::{Committer, Writers};
use crate::keeping::alike::Comparing;
use crate::keeping::evict::Uses;
use crate::manifest::Manifests;
use crate::objects::Objects;
use crate::open::OpenCache;
use crate::rendered::RenderedCache;
use crate::rendered::header::HeaderCache;
use crate::repositories::directory::Directory;
use crate::retrieve::encoded::EncodedCache;
use crate::synchronise::Synchronisers;
use crate::{Limits, Options, RegistryError};

/// The provincial registry. Cheap to clone.
#[derive(Clone)]
pub struct Registry(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) incoming: std::path::PathBuf,
    pub(crate) access: Access,
    pub(crate) transcoder: Arc<transcode::Transcoder>,
    pub(crate) cpu: CpuPool,
    pub(crate) clock: Clock,
    pub(crate) dicomweb_path: String,
    pub(crate) origin: OnceLock<String>,
    pub(crate) limits: Limits,
    pub(crate) directory: Directory,
    pub(crate) committer: Committer<NewInstance>,
    pub(crate) report_committer: Committer<NewReport>,
    pub(crate) writers: Writers,
    pub(crate) manifests: Manifests,
    pub(crate) opened: OpenCache,
    pub(crate) rendered: RenderedCache,
    pub(crate) headers: HeaderCache,
    pub(crate) encoded: EncodedCache,
    pub(crate) derivatives: Derivatives,
    pub(crate) fetches: Fetches,
    /// Copies that are others than what is shown.
    pub(crate) others: Others,
    /// Turns at bringing ahead what is likely to be opened.
    pub(crate) warming: Turns,
    /// Studies that are alike and are compared.
    pub(crate) comparing: Comparing,
    /// Orders that wait for their priors.
    pub(crate) prefetches: Prefetches,
    pub(crate) uses: Uses,
    pub(crate) synchronisers: Synchronisers,
    /// Objects of reports that are no longer withdrawn wait to be indexed anew.
    pub(crate) returning: tokio::sync::Notify,
    /// Which of the processes on this database we are.
    pub(crate) node: String,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("store", &self.0.store).finish_non_exhaustive()
    }
}

/// Studies that are brought ahead at a time, and that may wait for that.
const WARMED_AT_ONCE: usize = 2;
const MOST_TO_WARM: usize = 64;
/// Frames that were encoded have this part of the memory for what is made of stored frames; rendered pictures have the rest.
const ENCODED_PART: u64 = 4;

impl Registry {
    /// Opens the registry: reads the registered repositories and begins to follow them.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn start(options: Options) -> Result<Self, RegistryError> {
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let writers = Writers::default();
        let committer = Committer::start(options.store.clone(), options.clock.clone(), &writers);
        let report_committer = Committer::start(options.store.clone(), options.clock.clone(), &writers);
        let directory = Directory::load(&options.store, options.sources).await?;
        let objects =
            Objects::new(options.objects, options.limits.object_cache_bytes).with_index(options.store.clone());
        let policy = options.limits.derivatives;
        let (derivatives, wanted) = Derivatives::new(policy, &objects);
        let (prefetches, orders) = Prefetches::new();
        let registry = Self(Arc::new(Inner {
            committer,
            report_committer,
            writers,
            directory,
            objects,
            derivatives,
            manifests: Manifests::new(options.limits.manifest_cache_bytes),
            opened: OpenCache::new(),
            headers: HeaderCache::new(),
            rendered: RenderedCache::new(
                options.limits.rendered_cache_bytes - options.limits.rendered_cache_bytes / ENCODED_PART,
            ),
            encoded: EncodedCache::new(options.limits.rendered_cache_bytes / ENCODED_PART),
            fetches: Fetches::default(),
            others: Others::default(),
            warming: Turns::new("warming", WARMED_AT_ONCE, MOST_TO_WARM),
            comparing: Comparing::default(),
            prefetches,
            uses: Uses::default(),
            synchronisers: Synchronisers::default(),
            returning: tokio::sync::Notify::new(),
            store: options.store,
            incoming: options.incoming,
            access: options.access,
            transcoder: options.transcoder,
            cpu: options.cpu,
            clock: options.clock,
            dicomweb_path: options.dicomweb_path,
            origin: OnceLock::new(),
            limits: options.limits,
            node: uuid::Uuid::new_v4().simple().to_string(),
            tasks,
            stop,
        }));
        registry.0.tasks.spawn(crate::keeping::fold::run(registry.clone()));
        registry.0.tasks.spawn(crate::keeping::expire::run(registry.clone()));
        registry.0.tasks.spawn(crate::derived::run(registry.clone(), wanted));
        registry.0.tasks.spawn(crate::keeping::evict::run(registry.clone()));
        registry.0.tasks.spawn(crate::keeping::alert::run(registry.clone()));
        registry.0.tasks.spawn(crate::keeping::seek::run(registry.clone()));
        registry.0.tasks.spawn(crate::keeping::withdraw::run(registry.clone()));
        registry.0.tasks.spawn(crate::fetch::documents::run(registry.clone()));
        registry.0.tasks.spawn(prefetch::run(registry.clone(), orders));
        registry.look_around().await?;
        registry.0.tasks.spawn(crate::nodes::watch(registry.clone()));
        Ok(registry)
    }

    /// Ends every task after what it has in hand, and closes the index. Nothing acknowledged is lost without it.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        self.0.synchronisers.stop_all();
        self.0.tasks.close();
        let patience = std::time::Duration::from_secs(5);
        if tokio::time::timeout(patience, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("tasks were still busy at the end and go on at the next start");
        }
        self.0.writers.end().await;
        self.0.access.close().await;
        self.0.store.close().await;
    }

    /// Work that ends after `limit` at the latest, and when the registry does.
    pub(crate) fn ctx_within(&self, limit: std::time::Duration) -> Ctx {
        Ctx::unbounded(self.0.stop.child_token()).shortened(limit)
    }

    /// The only maker of permits.
    pub fn access(&self) -> &Access {
        &self.0.access
    }

    /// Tells by which scheme and host callers know the service, such as `https://di.example`: from then on, metadata are kept with bulk
    /// data URIs that begin so, ready to be sent. The first word counts.
    pub fn called_at(&self, origin: &str) {
        self.0.origin.get_or_init(|| origin.trim_end_matches('/').to_owned());
    }

    pub(crate) fn origin(&self) -> &str {
        self.0.origin.get().map_or("", String::as_str)
    }

    /// Threads for arithmetic.
    pub fn cpu(&self) -> &CpuPool {
        &self.0.cpu
    }

    /// The time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Whether the index answers.
    pub async fn is_ready(&self) -> bool {
        self.0.store.repositories().await.is_ok()
    }

    /// Takes an object in as its parts arrive.
    pub fn spool(&self) -> Spool {
        Spool::new(&self.0.incoming, self.0.limits.object_bytes)
    }

    /// The most bytes that one object may have.
    pub fn object_limit_bytes(&self) -> u64 {
        self.0.limits.object_bytes
    }

    /// Drops what is cached of a series because it changed.
    pub(crate) fn changed(&self, study_key: i64, series_key: i64) {
        self.0.manifests.changed(series_key);
        self.0.opened.changed(study_key);
    }

    /// The region of a repository.
    pub fn region(&self, code: &RepositoryCode) -> Option<String> {
        self.0.directory.definition(code).map(|definition| definition.region.clone())
    }
}
