//! The sections of the configuration, each with its defaults.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use access::DevelopmentUser;
use registry::{DerivativePolicy, Limits, PrefetchPolicy};
use serde::{Deserialize, Serialize};

use crate::tls::{Port, Tls};

/// The web face.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Address and port.
    pub(crate) listen: SocketAddr,
    /// Scheme and host by which callers know the service, when a proxy stands before it.
    pub(crate) public_origin: Option<String>,
    /// Origins of other viewers that may call from a browser.
    pub(crate) cors_origins: Vec<String>,
    /// Origins of portals that may show the viewer in a frame.
    pub(crate) frame_ancestors: Vec<String>,
    /// Most connections at a time; more wait.
    pub(crate) connections: usize,
    /// Certificate and key; absent: no TLS, for a proxy on this machine does that.
    pub(crate) tls: Option<Tls>,
}

impl Http {
    /// Scheme and host by which callers know the service, as far as we know.
    pub(crate) fn origin(&self, address: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.public_origin.clone().unwrap_or_else(|| format!("{scheme}://{address}"))
    }
}

/// What the registry shows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Registry {
    /// Studies of test patients in searches over all patients.
    pub(crate) test_patients: TestPatients,
}

/// Whether searches over all patients have studies of test patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TestPatients {
    /// Only who asks for an identifier of theirs finds them.
    #[default]
    Hidden,
    /// Like any others: for a system of tests.
    Shown,
}

/// Bounds of the DICOMweb service: what one request may bring or ask for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dicomweb {
    /// Most instances, or parts of metadata and bulk data, in one store request.
    pub(crate) store_instances: usize,
    /// Most bytes of one store request.
    pub(crate) store_bytes: u64,
    /// Longest wait for the next 64 KiB of a store request, in seconds.
    pub(crate) store_patience_seconds: u64,
    /// Rows of a search that names no limit.
    pub(crate) search_limit: NonZeroU32,
}

impl Default for Dicomweb {
    fn default() -> Self {
        let options = dicomweb::Options::default();
        Self {
            store_instances: options.store_instances,
            store_bytes: options.store_bytes,
            store_patience_seconds: options.store_patience.as_secs(),
            search_limit: options.search_limit,
        }
    }
}

/// Who may call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    /// `development`: every caller on this machine is one user with all clinical rights.
    pub(crate) mode: Option<Mode>,
    /// That user.
    pub(crate) user: DevelopmentUser,
}

/// How callers are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// Loopback only.
    Development,
}

/// The registry's database.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    /// `postgres://…`; absent: SQLite in `data_dir`.
    pub(crate) url: Option<String>,
}

/// Where bytes are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Storage {
    /// `s3://bucket/prefix`; absent: a folder in `data_dir`. Credentials come from the usual `AWS_…` variables.
    pub(crate) url: Option<String>,
    /// For how long instances whose retention has expired (a rejection note with DCM 113039) are kept before they are deleted, in hours.
    pub(crate) expired_grace_hours: u32,
}

impl Default for Storage {
    fn default() -> Self {
        Self { url: None, expired_grace_hours: 720 }
    }
}

/// The HL7 receiver.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mllp {
    /// Address and port.
    pub(crate) listen: SocketAddr,
    /// Largest message, in bytes.
    pub(crate) message_bytes: usize,
    /// The same over TLS, at a port of its own.
    pub(crate) tls: Option<Port>,
}

/// Codec workers and threads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cpu {
    /// Threads for arithmetic and codec workers; 0: one for each core.
    pub(crate) threads: usize,
    /// Address space of one codec worker, in bytes.
    pub(crate) worker_memory_bytes: u64,
    /// Longest time for one frame, in seconds.
    pub(crate) frame_seconds: u64,
    /// Frames that may wait.
    pub(crate) queue: usize,
}

/// What is kept in memory, each bounded in bytes. The codec workers' memory comes on top.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Memory {
    /// Frames and other runs of stored bytes that were asked for a moment ago.
    pub(crate) frame_bytes: u64,
    /// Rendered pictures, and a quarter of it for frames that were encoded.
    pub(crate) rendered_bytes: u64,
    /// Where the instances of a series lie, and what their headers say.
    pub(crate) manifest_bytes: u64,
}

/// What is kept in storage of what was fetched from repositories, which have it still; what was sent to us comes on top.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cache {
    /// Bytes; above it, series that nobody looked at for longest leave, and are fetched again when somebody does.
    pub(crate) fetched_bytes: u64,
    /// What somebody looked at within so many seconds does not leave, and bytes stay so long after they have left the index.
    pub(crate) idle_seconds: u64,
}

impl Default for Cache {
    fn default() -> Self {
        let limits = Limits::default();
        Self { fetched_bytes: limits.fetched_bytes, idle_seconds: limits.fetched_idle.as_secs() }
    }
}

impl Default for Memory {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            frame_bytes: limits.object_cache_bytes,
            rendered_bytes: limits.rendered_cache_bytes,
            manifest_bytes: limits.manifest_cache_bytes,
        }
    }
}

/// HTJ2K forms of large images, kept in object storage beside the originals.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Derivatives {
    /// Whether any is made.
    pub(crate) enabled: bool,
    /// Rows times Columns of the smallest image that gets one.
    pub(crate) minimum_pixels: u64,
    /// Room for them, in bytes; the least recently used go first.
    pub(crate) bytes: u64,
    /// Room for pictures of such images, in bytes; the least recently used go first.
    pub(crate) rendered_bytes: u64,
}

impl Derivatives {
    /// The registry's policy.
    pub(crate) fn policy(&self) -> DerivativePolicy {
        let Self { enabled, minimum_pixels, bytes, rendered_bytes } = *self;
        DerivativePolicy { enabled, minimum_pixels, bytes, rendered_bytes }
    }
}

impl Default for Derivatives {
    fn default() -> Self {
        let DerivativePolicy { enabled, minimum_pixels, bytes, rendered_bytes } = DerivativePolicy::default();
        Self { enabled, minimum_pixels, bytes, rendered_bytes }
    }
}

/// What is brought here before anybody asks for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Prefetch {
    /// Whether an order brings the patient's most relevant priors ahead.
    pub(crate) on_order: bool,
    /// Studies for one order.
    pub(crate) priors: usize,
    /// How often it is looked for documents to bring here as reports; 0: never.
    pub(crate) reports_seconds: u32,
}

impl Prefetch {
    /// The registry's policy.
    pub(crate) fn policy(&self) -> PrefetchPolicy {
        let seconds = u64::from(self.reports_seconds);
        let reports_every = if seconds == 0 { None } else { Some(Duration::from_secs(seconds)) };
        PrefetchPolicy { on_order: self.on_order, priors: self.priors, reports_every }
    }
}

impl Default for Prefetch {
    fn default() -> Self {
        let PrefetchPolicy { on_order, priors, reports_every } = PrefetchPolicy::default();
        let seconds = reports_every.map_or(0, |every| every.as_secs());
        Self { on_order, priors, reports_seconds: u32::try_from(seconds).unwrap_or(u32::MAX) }
    }
}

/// A region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Region {
    /// Its code, as repositories name it.
    pub(crate) code: String,
    /// What people call it.
    pub(crate) name: String,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_origin: None,
            cors_origins: Vec::new(),
            frame_ancestors: Vec::new(),
            connections: 4096,
            tls: None,
        }
    }
}

impl Default for Mllp {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 2575)), message_bytes: 64 << 20, tls: None }
    }
}

impl Default for Cpu {
    fn default() -> Self {
        Self { threads: 0, worker_memory_bytes: 2 << 30, frame_seconds: 20, queue: 256 }
    }
}
