//! The two kinds of place that files are kept in, walked and read alike.

mod bucket;
mod folder;

use std::ops::Range;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;

pub(crate) use bucket::Bucket;
pub(crate) use folder::Folder;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name within the archive, components joined by `/`.
    pub(crate) key: String,
    /// When it last changed or came to this place, Unix milliseconds.
    pub(crate) changed_ms: i64,
    /// Its size when it was listed.
    pub(crate) size_bytes: u64,
}

/// Why a place could not be walked or a file not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// There is none, or no longer.
    #[error("not found")]
    NotFound,
    /// It may not be read.
    #[error("permission denied")]
    Denied,
    /// The place breaks a rule.
    #[error("{0}")]
    Rule(&'static str),
    /// The file system or service failed.
    #[error("the store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Self::NotFound,
            std::io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Failed(Box::new(error)),
        }
    }
}

/// An open file: what it is now, and its bytes.
pub(crate) struct Opened<'a> {
    /// As of opening.
    pub(crate) entry: Entry,
    /// MD5 of its bytes, if its entity tag may be one.
    pub(crate) md5: Option<[u8; 16]>,
    pub(crate) bytes: BoxStream<'a, Result<Bytes, StoreError>>,
}

/// A folder or a bucket.
#[derive(Debug)]
pub(crate) enum Store {
    Folder(Folder),
    Bucket(Bucket),
}

impl Store {
    /// Every file after a key, in the order of keys.
    pub(crate) fn walk<'a>(&'a self, after: Option<String>) -> BoxStream<'a, Result<Entry, StoreError>> {
        match self {
            Self::Folder(folder) => folder.walk(after).boxed(),
            Self::Bucket(bucket) => bucket.walk(after).boxed(),
        }
    }

    /// Opens one file.
    pub(crate) async fn open<'a>(&'a self, key: &str) -> Result<Opened<'a>, StoreError> {
        match self {
            Self::Folder(folder) => folder.open(key).await,
            Self::Bucket(bucket) => bucket.open(key).await,
        }
    }

    /// Whether the place itself is there. A bucket tells that only by what it answers.
    pub(crate) async fn is_there(&self) -> bool {
        match self {
            Self::Folder(folder) => folder.is_there().await,
            Self::Bucket(_) => true,
        }
    }

    /// A run of a file's bytes, all of it.
    pub(crate) async fn range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        match self {
            Self::Folder(folder) => folder.range(key, range).await,
            Self::Bucket(bucket) => bucket.range(key, range).await,
        }
    }

    /// What a file is now.
    pub(crate) async fn look(&self, key: &str) -> Result<Entry, StoreError> {
        match self {
            Self::Folder(folder) => folder.look(key).await,
            Self::Bucket(bucket) => bucket.look(key).await,
        }
    }
}
