//! A bucket of an object store.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::{Entry, Opened, StoreError};

/// A bucket, or the part of one below a prefix.
#[derive(Debug)]
pub(crate) struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Option<Path>,
}

/// How a client tells that a request was declined (RFC 9110 §15.5.2, §15.5.4).
const DECLINED: [&str; 2] = ["status code: 401", "status code: 403"];

/// What a store's client says, without addresses and keys, which may be patients' names.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unaddressed(String);

impl Unaddressed {
    fn of(error: &Error) -> Self {
        let text = runtime::telemetry::in_one_line(error);
        let words: Vec<String> = text.split_whitespace().map(unaddressed).collect();
        Self(words.join(" "))
    }
}

/// Of an address its scheme and host remain.
fn unaddressed(word: &str) -> String {
    match word.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            format!("{scheme}://{host}")
        }
        None if word.contains('/') => "…".to_owned(),
        None => word.to_owned(),
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { .. } => Self::NotFound,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Self::Denied,
            error => match Unaddressed::of(&error) {
                // A list that is declined has no kind of error of its own.
                Unaddressed(text) if DECLINED.iter().any(|status| text.contains(status)) => Self::Denied,
                told => Self::Failed(Box::new(told)),
            },
        }
    }
}

impl Bucket {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, prefix: Option<Path>) -> Self {
        Self { store, prefix: prefix.filter(|prefix| !prefix.as_ref().is_empty()) }
    }

    /// Buckets list in the order of keys; one that does not can't be taken up where a walk was left, and is refused.
    pub(super) fn walk(&self, after: Option<String>) -> impl Stream<Item = Result<Entry, StoreError>> + Send + use<> {
        let listed = match &after {
            Some(key) => self.store.list_with_offset(self.prefix.as_ref(), &Path::from(key.as_str())),
            None => self.store.list(self.prefix.as_ref()),
        };
        listed.map_err(StoreError::from).scan(after, |last, listed| {
            let checked = listed.and_then(|meta| {
                let entry = entry(meta);
                if last.as_ref().is_some_and(|last| *last >= entry.key) {
                    return Err(StoreError::Rule("a listing in the order of keys"));
                }
                *last = Some(entry.key.clone());
                Ok(entry)
            });
            std::future::ready(Some(checked))
        })
    }

    pub(super) async fn open<'a>(&'a self, key: &str) -> Result<Opened<'a>, StoreError> {
        let got = self.store.get(&self.path(key)?).await?;
        let md5 = got.meta.e_tag.as_deref().and_then(md5_of);
        Ok(Opened { entry: entry(got.meta.clone()), md5, bytes: got.into_stream().map_err(StoreError::from).boxed() })
    }

    pub(super) async fn range(&self, key: &str, range: Range<u64>) -> Result<Bytes, StoreError> {
        let wanted = range.end.saturating_sub(range.start);
        let bytes = self.store.get_range(&self.path(key)?, range).await?;
        if bytes.len() as u64 == wanted { Ok(bytes) } else { Err(StoreError::Rule("a range of a file that it has")) }
    }

    pub(super) async fn look(&self, key: &str) -> Result<Entry, StoreError> {
        Ok(entry(self.store.head(&self.path(key)?).await?))
    }

    /// Only keys below the prefix are this archive's.
    fn path(&self, key: &str) -> Result<Path, StoreError> {
        let path = Path::parse(key).map_err(|_| StoreError::NotFound)?;
        let inside = self.prefix.as_ref().is_none_or(|prefix| path.prefix_matches(prefix));
        if inside { Ok(path) } else { Err(StoreError::NotFound) }
    }
}

fn entry(meta: ObjectMeta) -> Entry {
    let ObjectMeta { location, last_modified, size, .. } = meta;
    Entry { key: location.into(), changed_ms: last_modified.timestamp_millis(), size_bytes: size }
}

/// The MD5 that an entity tag of 32 hexadecimal digits is; one of an upload in parts has a hyphen and is none.
fn md5_of(etag: &str) -> Option<[u8; 16]> {
    let digits = etag.trim_matches('"');
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    let mut md5 = [0; 16];
    for (byte, at) in md5.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(md5)
}
