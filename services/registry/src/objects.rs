//! Bytes in object storage. Names are fresh, never reused; what a name means is committed in the index, never in the store.

use std::ops::Range;
use std::sync::Arc;

use adapter_api::Object;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};

/// Objects above this size go up in parts.
const MULTIPART_BYTES: usize = 32 << 20;

/// Our own object storage.
#[derive(Debug, Clone)]
pub(crate) struct Objects(Arc<dyn ObjectStore>);

impl Objects {
    pub(crate) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }

    /// A fresh name below `kind`, spread over folders.
    pub(crate) fn fresh_name(kind: &str, end: &str) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        format!("{kind}/{}/{id}.{end}", &id[..2])
    }

    /// Writes an object; durable when this returns.
    pub(crate) async fn put(&self, name: &str, object: &Object) -> Result<(), object_store::Error> {
        if let Object::Memory(bytes) = object
            && bytes.len() <= MULTIPART_BYTES
        {
            return self.put_bytes(name, bytes.clone()).await;
        }
        let upload = self.0.put_multipart(&Path::from(name)).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, 8 << 20);
        for part in object.chunks(8 << 20) {
            parts.wait_for_capacity(2).await?;
            parts.write(part);
        }
        parts.finish().await.map(|_| ())
    }

    /// Writes a small object; durable when this returns.
    pub(crate) async fn put_bytes(&self, name: &str, bytes: Bytes) -> Result<(), object_store::Error> {
        self.0.put(&Path::from(name), PutPayload::from_bytes(bytes)).await.map(|_| ())
    }

    /// A whole, small object.
    pub(crate) async fn get(&self, name: &str) -> Result<Bytes, object_store::Error> {
        self.0.get(&Path::from(name)).await?.bytes().await
    }

    /// A run of bytes.
    pub(crate) async fn range(&self, name: &str, range: Range<u64>) -> Result<Bytes, object_store::Error> {
        self.0.get_range(&Path::from(name), range).await
    }

    /// An object as a stream, with its size in bytes.
    pub(crate) async fn stream(
        &self,
        name: &str,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, std::io::Error>>), object_store::Error> {
        let found = self.0.get(&Path::from(name)).await?;
        let size = found.meta.size;
        Ok((size, found.into_stream().map(|part| part.map_err(std::io::Error::other)).boxed()))
    }

    /// Removes an object that nothing refers to. What can't be removed now is garbage, not a fault.
    pub(crate) async fn remove(&self, name: &str) {
        if let Err(error) = self.0.delete(&Path::from(name)).await {
            tracing::warn!(error = %error, "an object that nothing refers to could not be removed");
        }
    }
}
