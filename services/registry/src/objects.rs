//! Bytes in object storage. Names are fresh, never reused; what a name means is committed in the index, never in the store.
//!
//! Small instances are in the index itself, committed with the entry that names them: to whoever asks for bytes by a name they are objects
//! like any other.
//!
//! What was read a moment ago is kept in memory, bounded in bytes: a name that is never reused can't go stale, and nobody comes to a name
//! without a permit.

use std::ops::Range;
use std::sync::Arc;

use adapter_api::Object;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use index_store::{Store, StoreError};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};

use crate::RegistryError;

/// Objects above this size go up in parts.
const MULTIPART_BYTES: usize = 32 << 20;

/// Streams are read in pieces of this size.
const PIECE_BYTES: u64 = 1 << 20;

/// Objects up to this size are read and kept whole: an instance and the frames in it are then the same bytes in memory.
const WHOLE_BYTES: u64 = PIECE_BYTES;

/// A run of bytes larger than this part of the memory would drive too much else out of it.
const LARGEST_PART: u64 = 16;

/// Instances up to this size are kept in the index: reports, presentation states, key object selections.
const SMALL_BYTES: usize = 16 << 10;
/// What names of objects in the index begin with.
const SMALL: &str = "small/";

/// An object's name, and the run of its bytes; no run is the whole.
type Key = (Arc<str>, Option<(u64, u64)>);

/// Our own object storage.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Where small objects are.
    index: Option<Store>,
    memory: moka::future::Cache<Key, Bytes>,
    largest: u64,
}

impl Objects {
    /// `memory_bytes` bounds what is kept in memory.
    pub(crate) fn new(store: Arc<dyn ObjectStore>, memory_bytes: u64) -> Self {
        let weigher = |_: &Key, bytes: &Bytes| u32::try_from(bytes.len() + 200).unwrap_or(u32::MAX);
        let memory = moka::future::Cache::builder().max_capacity(memory_bytes).weigher(weigher).build();
        Self { store, index: None, memory, largest: memory_bytes / LARGEST_PART }
    }

    /// The same, with small objects in `index`.
    pub(crate) fn with_index(self, index: Store) -> Self {
        Self { index: Some(index), ..self }
    }

    /// A fresh name below `kind`, spread over folders.
    pub(crate) fn fresh_name(kind: &str, end: &str) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        format!("{kind}/{}/{id}.{end}", &id[..2])
    }

    /// The bytes of an object that is kept in the index, by a name from [`small_name`](Self::small_name).
    pub(crate) fn small(object: &Object) -> Option<Vec<u8>> {
        match object {
            Object::Memory(bytes) if bytes.len() <= SMALL_BYTES => Some(bytes.to_vec()),
            _ => None,
        }
    }

    /// A fresh name of an object in the index, where they lie in the order in which they came.
    pub(crate) fn small_name() -> String {
        format!("{SMALL}{}.dcm", uuid::Uuid::now_v7().simple())
    }

    /// The index, when an object of this name is there.
    fn index_of(&self, name: &str) -> Option<&Store> {
        self.index.as_ref().filter(|_| name.starts_with(SMALL))
    }

    /// Writes an object; durable when this returns.
    pub(crate) async fn put(&self, name: &str, object: &Object) -> Result<(), object_store::Error> {
        if let Object::Memory(bytes) = object
            && bytes.len() <= MULTIPART_BYTES
        {
            return self.put_bytes(name, bytes.clone()).await;
        }
        let upload = self.store.put_multipart(&Path::from(name)).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, 8 << 20);
        for part in object.chunks(8 << 20) {
            parts.wait_for_capacity(2).await?;
            parts.write(part);
        }
        parts.finish().await.map(|_| ())
    }

    /// Writes a small object; durable when this returns.
    pub(crate) async fn put_bytes(&self, name: &str, bytes: Bytes) -> Result<(), object_store::Error> {
        self.store.put(&Path::from(name), PutPayload::from_bytes(bytes)).await.map(|_| ())
    }

    /// A whole, small object.
    pub(crate) async fn get(&self, name: &str) -> Result<Bytes, object_store::Error> {
        if let Some(index) = self.index_of(name) {
            return small_object(index, name).await;
        }
        self.store.get(&Path::from(name)).await?.bytes().await
    }

    /// A whole, small object that is asked for again and again.
    pub(crate) async fn get_kept(&self, name: &str) -> Result<Bytes, object_store::Error> {
        self.kept((name.into(), None), self.get(name)).await
    }

    /// A run of bytes that passes once.
    pub(crate) async fn range(&self, name: &str, range: Range<u64>) -> Result<Bytes, object_store::Error> {
        if let Some(index) = self.index_of(name) {
            let whole = small_object(index, name).await?;
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(whole.len());
            // As of a file: what is asked for beyond the end is not there.
            return Ok(whole.slice(place(range.start).min(place(range.end))..place(range.end)));
        }
        self.store.get_range(&Path::from(name), range).await
    }

    /// A run of bytes that is asked for again, of an object of this size: a frame.
    pub(crate) async fn range_kept(
        &self,
        (name, size_bytes): (&str, u64),
        range: Range<u64>,
    ) -> Result<Bytes, object_store::Error> {
        if self.is_kept_whole(size_bytes) && range.end <= size_bytes {
            let whole = self.whole_kept(name, size_bytes).await?;
            let within = whole.get(range.start as usize..range.end as usize).map(|run| whole.slice_ref(run));
            return match within {
                Some(run) => Ok(run),
                // What is cut short is for the storage to tell.
                None => self.range(name, range).await,
            };
        }
        if range.end - range.start > self.largest {
            return self.range(name, range).await;
        }
        self.kept((name.into(), Some((range.start, range.end))), self.range(name, range)).await
    }

    fn is_kept_whole(&self, size_bytes: u64) -> bool {
        size_bytes > 0 && size_bytes <= WHOLE_BYTES.min(self.largest)
    }

    async fn whole_kept(&self, name: &str, size_bytes: u64) -> Result<Bytes, object_store::Error> {
        self.kept((name.into(), None), self.range(name, 0..size_bytes)).await
    }

    /// From memory, or read and kept there.
    async fn kept(
        &self,
        key: Key,
        read: impl Future<Output = Result<Bytes, object_store::Error>>,
    ) -> Result<Bytes, object_store::Error> {
        if let Some(bytes) = self.memory.get(&key).await {
            return Ok(bytes);
        }
        let bytes = read.await?;
        if bytes.len() as u64 <= self.largest {
            self.memory.insert(key, bytes.clone()).await;
        }
        Ok(bytes)
    }

    /// What is below a folder, with its size and age.
    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<ObjectMeta>, object_store::Error> {
        self.store.list(Some(&Path::from(folder))).try_collect().await
    }

    /// A whole object of this size as a stream: a small one from memory, where it is kept; a larger one in pieces that pass once.
    pub(crate) async fn stream_whole(
        &self,
        name: &str,
        size_bytes: u64,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>, object_store::Error> {
        if !self.is_kept_whole(size_bytes) {
            return self.stream(name, 0..size_bytes).await;
        }
        let whole = self.whole_kept(name, size_bytes).await?;
        Ok(futures::stream::iter([Ok(whole)]).boxed())
    }

    /// A run of bytes as a stream of pieces. The first piece is read at once, so that an object that is gone is told before anything is
    /// sent, and a small object costs one read; of the others, one is read while another is sent.
    pub(crate) async fn stream(
        &self,
        name: &str,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>, object_store::Error> {
        let second = range.end.min(range.start + PIECE_BYTES);
        let first = if range.is_empty() { Bytes::new() } else { self.range(name, range.start..second).await? };
        let first = futures::stream::iter([Ok(first)]);
        if second == range.end {
            return Ok(first.boxed());
        }
        let (objects, name, end) = (self.clone(), Arc::<str>::from(name), range.end);
        let pieces = (second..end).step_by(PIECE_BYTES as usize).map(move |from| from..(from + PIECE_BYTES).min(end));
        let rest = futures::stream::iter(pieces).map(move |piece| {
            let (objects, name) = (objects.clone(), Arc::clone(&name));
            async move { objects.range(&name, piece).await.map_err(std::io::Error::other) }
        });
        Ok(first.chain(rest.buffered(2)).boxed())
    }

    /// Removes an object that nothing refers to. What can't be removed now is garbage, not a fault.
    pub(crate) async fn remove(&self, name: &str) {
        if let Err(error) = self.delete(name).await {
            tracing::warn!(error = %error, "an object that nothing refers to could not be removed");
        }
    }

    /// Deletes an object that must not be there any more; one that is gone already is no error.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), RegistryError> {
        if let Some(index) = self.index_of(name) {
            return Ok(index.remove_small_objects(&[name]).await?);
        }
        match self.store.delete(&Path::from(name)).await {
            // What was refused may never have been written.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn small_object(index: &Store, name: &str) -> Result<Bytes, object_store::Error> {
    let of_index = |source: StoreError| object_store::Error::Generic { store: "index", source: Box::new(source) };
    let missing = || object_store::Error::NotFound { path: name.to_owned(), source: "no such object".into() };
    index.small_object(name).await.map_err(of_index)?.map(Bytes::from).ok_or_else(missing)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    async fn holding(bytes: Vec<u8>, memory_bytes: u64) -> Objects {
        let objects = Objects::new(Arc::new(InMemory::new()), memory_bytes);
        objects.put_bytes("held", bytes.into()).await.unwrap();
        objects
    }

    #[tokio::test]
    async fn what_is_asked_for_again_comes_from_memory_unless_it_is_large() {
        let objects = holding(vec![7; 3000], 16 * 1000).await;
        let held = ("held", 3000);
        assert_eq!(objects.range_kept(held, 10..1010).await.unwrap(), vec![7; 1000]);
        objects.range_kept(held, 0..2000).await.unwrap();
        objects.get_kept("held").await.unwrap();
        objects.remove("held").await;
        assert_eq!(objects.range_kept(held, 10..1010).await.unwrap(), vec![7; 1000], "it is still in memory");
        assert!(objects.range_kept(held, 11..1010).await.is_err(), "another run is not");
        assert!(objects.range_kept(held, 0..2000).await.is_err(), "it would have driven too much out");
        assert!(objects.get_kept("held").await.is_err(), "it would have driven too much out");
    }

    #[test]
    fn what_is_small_goes_to_the_index() {
        assert!(Objects::small(&Object::from(vec![7; SMALL_BYTES])).is_some());
        assert!(Objects::small(&Object::from(vec![7; SMALL_BYTES + 1])).is_none());
    }

    #[tokio::test]
    async fn a_small_object_and_its_runs_are_the_same_bytes_in_memory() {
        let objects = holding((0..200).collect(), 16 * 1000).await;
        let whole: Vec<Bytes> = objects.stream_whole("held", 200).await.unwrap().try_collect().await.unwrap();
        objects.remove("held").await;
        let run = objects.range_kept(("held", 200), 50..60).await.unwrap();
        assert_eq!(run[..], (50..60).collect::<Vec<u8>>());
        assert_eq!(run.as_ptr(), whole[0][50..].as_ptr(), "no second copy is kept");
        assert!(objects.stream_whole("held", 200).await.is_ok(), "it is asked for again");
    }

    #[tokio::test]
    async fn memory_is_bounded_in_bytes() {
        let objects = holding(vec![7; 64_000], 16 * 1000).await;
        for from in 0..60 {
            objects.range_kept(("held", 64_000), from * 1000..(from + 1) * 1000).await.unwrap();
        }
        objects.memory.run_pending_tasks().await;
        assert!(objects.memory.weighted_size() <= 16 * 1000, "{} bytes", objects.memory.weighted_size());
    }

    #[tokio::test]
    async fn a_stream_is_the_run_whatever_its_pieces() {
        let bytes: Vec<u8> = (0..5 * PIECE_BYTES / 2).map(|at| (at % 251) as u8).collect();
        let objects = holding(bytes.clone(), 1 << 20).await;
        for run in [0..bytes.len(), 5..bytes.len() - 1, 0..PIECE_BYTES as usize, 7..8, 9..9] {
            let stream = objects.stream("held", run.start as u64..run.end as u64).await.unwrap();
            let pieces: Vec<Bytes> = stream.try_collect().await.unwrap();
            assert!(pieces.iter().all(|piece| piece.len() as u64 <= PIECE_BYTES));
            assert!(pieces.concat() == bytes[run.clone()], "{run:?}");
        }
        assert!(objects.stream("gone", 0..1).await.is_err(), "told before anything is sent");
    }
}
