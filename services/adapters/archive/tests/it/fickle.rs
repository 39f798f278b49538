//! An object store in memory that can be told to behave badly.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use adapter_api::contract::{Conduct, Touched};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// The store and how it behaves to who reads.
#[derive(Debug)]
pub(crate) struct Fickle {
    inner: InMemory,
    conduct: Mutex<Conduct>,
}

impl fmt::Display for Fickle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fickle")
    }
}

/// As a bucket's client words it: the address of what was asked for is in it.
fn failed(what: &str) -> Error {
    let source = format!("Error performing GET http://127.0.0.1:9000/bucket/{what} in 3ms: connection reset").into();
    Error::Generic { store: "S3", source }
}

impl Fickle {
    pub(crate) fn new(inner: InMemory) -> Self {
        Self { inner, conduct: Mutex::new(Conduct::Good) }
    }

    /// What of its answers that touches, where files are read by ranges (zipped studies) or as they are.
    pub(crate) fn behave(&self, conduct: Conduct, by_ranges: bool) -> Option<Touched> {
        let touched = match conduct {
            // It says nothing of studies; and an object is what it is.
            Conduct::GivesAnother | Conduct::Repeats => return None,
            // The list goes on without what can't be read.
            Conduct::Truncates | Conduct::GivesAPage => Touched::RETRIEVE,
            Conduct::GivesFewer if by_ranges => return None,
            Conduct::GivesFewer => Touched::RETRIEVE,
            Conduct::Endless | Conduct::GivesNothing => Touched::SEARCH,
            _ => Touched::ALL,
        };
        *self.conduct.lock().unwrap_or_else(PoisonError::into_inner) = conduct;
        Some(touched)
    }

    fn conduct(&self) -> Conduct {
        *self.conduct.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of an answer that is whole, by what they become.
fn bytes(conduct: Conduct, whole: Bytes, location: &Path) -> BoxStream<'static, Result<Bytes>> {
    let pieces: Vec<Bytes> = whole.chunks(1_000).map(Bytes::copy_from_slice).collect();
    let name = location.to_string();
    match conduct {
        Conduct::Trickles => stream::iter([Ok(whole.slice(..1.min(whole.len())))]).chain(stream::pending()).boxed(),
        Conduct::Truncates => stream::iter([Ok(whole.slice(..whole.len() / 2))]).boxed(),
        Conduct::GivesAPage => {
            stream::iter([Ok(Bytes::from(b"<html>".repeat(whole.len() / 6 + 1)).slice(..whole.len()))]).boxed()
        }
        Conduct::Breaks(after) if after < whole.len() => {
            stream::iter([Ok(whole.slice(..after)), Err(failed(&name))]).boxed()
        }
        _ => stream::iter(pieces.into_iter().map(Ok)).boxed(),
    }
}

#[async_trait]
impl ObjectStore for Fickle {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let conduct = self.conduct();
        match conduct {
            Conduct::Fails | Conduct::Gone => return Err(failed(location.as_ref())),
            Conduct::Declines => {
                return Err(Error::PermissionDenied { path: location.to_string(), source: "403".into() });
            }
            Conduct::SaysNothing => return std::future::pending().await,
            Conduct::GivesFewer if location.as_ref().ends_with("/4.dcm") => {
                return Err(Error::NotFound { path: location.to_string(), source: "404".into() });
            }
            _ => {}
        }
        let got = self.inner.get_opts(location, options).await?;
        let (meta, range, attributes, extensions) =
            (got.meta.clone(), got.range.clone(), got.attributes.clone(), got.extensions.clone());
        let payload = GetResultPayload::Stream(bytes(conduct, got.bytes().await?, location));
        Ok(GetResult { payload, meta, range, attributes, extensions })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.conduct() {
            Conduct::Fails | Conduct::Gone => stream::iter([Err(failed("?list-type=2&prefix=Sentinel"))]).boxed(),
            Conduct::Declines => {
                stream::iter([Err(Error::PermissionDenied { path: "Sentinel".into(), source: "403".into() })]).boxed()
            }
            Conduct::SaysNothing => stream::pending().boxed(),
            Conduct::Trickles => self.inner.list(prefix).take(1).chain(stream::pending()).boxed(),
            Conduct::GivesNothing => stream::empty().boxed(),
            // The same page again and again.
            Conduct::Endless => {
                let page = self.inner.list(prefix).try_collect::<Vec<_>>();
                let again = |page: Vec<ObjectMeta>| stream::iter(page.into_iter().cycle()).map(Ok);
                stream::once(page).map_ok(again).try_flatten().boxed()
            }
            _ => self.inner.list(prefix),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
