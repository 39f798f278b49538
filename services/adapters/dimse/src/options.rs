//! Bounds in time and size.

use std::path::PathBuf;
use std::time::Duration;

use dimse::TlsConnector;
use runtime::Clock;

use crate::deliveries::Deliveries;

/// How patient we are with a repository, and how much we take from it.
#[derive(Clone)]
pub struct DimseOptions {
    /// To connect and agree on an association.
    pub association: Duration,
    /// From a request to the first response.
    pub first_response: Duration,
    /// Between two messages of an operation under way; each pending response and each part of an object begins it anew.
    pub inactivity: Duration,
    /// Matches of one query, after which the peer counts as broken.
    pub most_matches: u64,
    /// Pending responses to one retrieval that report no progress, after which the peer counts as broken.
    pub most_idle_responses: u32,
    /// Largest object, in bytes.
    pub object_bytes: u64,
    /// Where objects too large for memory lie on their way in. It exists.
    pub spool_folder: PathBuf,
    /// Signs of life from the receiver that C-MOVE delivers to: share its handle.
    pub deliveries: Deliveries,
    /// How TLS is spoken with repositories that want it.
    pub tls: Option<TlsConnector>,
    /// The time of day, for the sample query of a connection test.
    pub clock: Clock,
}

impl std::fmt::Debug for DimseOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DimseOptions").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

impl Default for DimseOptions {
    fn default() -> Self {
        Self {
            association: Duration::from_secs(10),
            first_response: Duration::from_secs(15),
            inactivity: Duration::from_secs(30),
            most_matches: 5_000_000,
            most_idle_responses: 10_000,
            object_bytes: 8 << 30,
            spool_folder: std::env::temp_dir(),
            deliveries: Deliveries::default(),
            tls: None,
            clock: Clock::system(),
        }
    }
}
