//! What the registry is started with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use access::Access;
use adapter_api::ImagingSource;
use index_model::RepositoryDefinition;
use index_store::Store;
use object_store::ObjectStore;
use runtime::{Clock, CpuPool};
use transcode::Transcoder;

use crate::{DerivativePolicy, PrefetchPolicy};

/// Makes the source of a pulled repository; `None` for one that only pushes. The text of an error is shown to the administrator.
pub type SourceFactory =
    Arc<dyn Fn(&RepositoryDefinition) -> Result<Option<Arc<dyn ImagingSource>>, String> + Send + Sync>;

/// Bounds and waiting times.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest object that is taken in, in bytes.
    pub object_bytes: u64,
    /// Memory for frames and other runs of stored bytes, in bytes.
    pub object_cache_bytes: u64,
    /// Memory for manifests, in bytes.
    pub manifest_cache_bytes: u64,
    /// Memory for rendered images, and a quarter of it for encoded frames, in bytes.
    pub rendered_cache_bytes: u64,
    /// Which images get an HTJ2K form, and how much room forms have.
    pub derivatives: DerivativePolicy,
    /// Whether orders bring priors ahead, and how many.
    pub prefetch: PrefetchPolicy,
    /// What is held of what was fetched from repositories, in bytes; what was sent to us comes on top.
    pub fetched_bytes: u64,
    /// What somebody looked at within this time is not let go, and bytes that are let go are read for so long.
    pub fetched_idle: Duration,
    /// A series that received nothing for so long is folded.
    pub quiet: Duration,
    /// Longest wait for a repository to give one series.
    pub fetch: Duration,
    /// Longest wait for the first thing a caller looks at.
    pub first_image: Duration,
    /// For how long instances whose retention has expired are kept before they are deleted.
    pub expired_grace: Duration,
    /// Whether searches over all patients show studies of test patients too.
    pub shows_tests: bool,
    /// A node that was not heard of for so long has lost what it alone did to another.
    pub lease: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            object_bytes: 8 << 30,
            object_cache_bytes: 256 << 20,
            manifest_cache_bytes: 128 << 20,
            rendered_cache_bytes: 128 << 20,
            derivatives: DerivativePolicy::default(),
            prefetch: PrefetchPolicy::default(),
            fetched_bytes: 512 << 30,
            fetched_idle: Duration::from_secs(15 * 60),
            quiet: Duration::from_secs(2),
            fetch: Duration::from_secs(600),
            first_image: Duration::from_secs(60),
            expired_grace: Duration::from_secs(30 * 86_400),
            shows_tests: false,
            lease: Duration::from_secs(15),
        }
    }
}

/// What the registry is started with.
pub struct Options {
    /// The index.
    pub store: Store,
    /// Bytes: held objects, manifests, quarantine.
    pub objects: Arc<dyn ObjectStore>,
    /// A local folder for what is on its way in.
    pub incoming: PathBuf,
    /// The only maker of permits.
    pub access: Access,
    /// Makes adapters.
    pub sources: SourceFactory,
    /// Frames in, frames out.
    pub transcoder: Arc<Transcoder>,
    /// Threads for arithmetic.
    pub cpu: CpuPool,
    /// The time.
    pub clock: Clock,
    /// Path below which bulk data can be retrieved, such as `/dicom-web`.
    pub dicomweb_path: String,
    /// Bounds.
    pub limits: Limits,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("limits", &self.limits).finish_non_exhaustive()
    }
}
