//! What a source needs beside its definition.

use std::path::PathBuf;
use std::time::Duration;

use runtime::CpuPool;

use crate::Secrets;

/// Bounds and secrets of one DICOMweb source.
#[derive(Debug, Clone)]
pub struct DicomwebOptions {
    /// Where objects too large for memory are kept while they arrive; exists.
    pub spool_folder: PathBuf,
    /// Largest object, in bytes.
    pub object_limit_bytes: u64,
    /// Largest page of search results, in bytes.
    pub search_limit_bytes: usize,
    /// Largest metadata of one series, in bytes.
    pub metadata_limit_bytes: usize,
    /// Studies asked for at a time.
    pub page_size: usize,
    /// Matches of one search, over all its pages.
    pub match_limit: usize,
    /// To reach the server.
    pub connect: Duration,
    /// From the request to the first byte of the answer.
    pub first_byte: Duration,
    /// Between two bytes of an answer.
    pub idle: Duration,
    /// Where the secrets that the definition names may be read.
    pub secrets: Secrets,
    /// Where large JSON is parsed; without one it is parsed where it arrives.
    pub cpu: Option<CpuPool>,
}

impl DicomwebOptions {
    /// The usual bounds.
    pub fn new(spool_folder: impl Into<PathBuf>, secrets: Secrets) -> Self {
        Self {
            spool_folder: spool_folder.into(),
            object_limit_bytes: 4 << 30,
            search_limit_bytes: 16 << 20,
            metadata_limit_bytes: 64 << 20,
            page_size: 100,
            match_limit: 5_000_000,
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(15),
            idle: Duration::from_secs(30),
            secrets,
            cpu: None,
        }
    }
}

/// A definition that no source can be made of.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSource {
    /// `dicomweb` is missing.
    #[error("the definition has no dicomweb section")]
    NoAddress,
    /// The URL is not one.
    #[error("the url must be http or https, with a host and without user name, query or fragment")]
    Url,
    /// Secrets would be sent in the clear.
    #[error("credentials go over https only, except to this machine itself")]
    Overheard,
}
