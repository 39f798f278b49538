//! Rows of instances as they were written, kept for a while: those of a large series are asked for again and again, and writing them costs
//! more than finding them.
//!
//! What an answer shows is asked of the index and the manifests each time. A kept text is taken for the very things that it was written
//! from and for nothing else, so that whatever changes one of them, a new instance, a rejection, other demographics, another address of the
//! caller's, is another text without anybody having to tell this memory.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use index_model::InstanceEntry;
use registry::InstanceRow;

use super::{Instances, Row, Shown};

/// Memory for them.
const KEPT_BYTES: u64 = 32 << 20;
/// What nobody has asked for within this time goes.
const IDLE: Duration = Duration::from_secs(300);
/// Fewer rows are written about as fast as they are looked up.
const LEAST: usize = 16;

/// Rows by what they were written from.
#[derive(Debug, Clone)]
pub(crate) struct Kept(moka::future::Cache<Key, Bytes>);

impl Default for Kept {
    fn default() -> Self {
        let weigher = |key: &Key, rows: &Bytes| u32::try_from(key.bytes() + rows.len()).unwrap_or(u32::MAX);
        Self(moka::future::Cache::builder().max_capacity(KEPT_BYTES).weigher(weigher).time_to_idle(IDLE).build())
    }
}

impl Kept {
    /// The JSON of these rows, all of one series, parted by commas.
    pub(crate) async fn rows(&self, rows: &[InstanceRow], shown: Shown<'_>) -> Bytes {
        let Some(first) = rows.first() else { return Bytes::new() };
        let of = Instances::of_series(first, shown);
        if rows.len() < LEAST {
            return write(&of, rows);
        }
        let entries = rows.iter().map(|row| Same(Arc::downgrade(&row.entry))).collect();
        let key = Key { of: Arc::new(of), entries };
        if let Some(kept) = self.0.get(&key).await {
            return kept;
        }
        let written = write(&key.of, rows);
        self.0.insert(key, written.clone()).await;
        written
    }
}

fn write(of: &Instances, rows: &[InstanceRow]) -> Bytes {
    let rows: Vec<String> = rows.iter().map(|row| of.write(&row.entry).json()).collect();
    rows.join(",").into()
}

/// All that rows are written from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    of: Arc<Instances>,
    entries: Arc<[Same]>,
}

impl Key {
    /// What it keeps in memory: of an entry whose manifest has gone, its place.
    fn bytes(&self) -> usize {
        self.of.bytes() + self.entries.len() * size_of::<(Same, InstanceEntry)>()
    }
}

/// One entry of a manifest in memory, and no other that happens to say the same: entries don't change. Its place is not given to another
/// while this is here.
#[derive(Debug, Clone)]
struct Same(Weak<InstanceEntry>);

impl PartialEq for Same {
    fn eq(&self, other: &Self) -> bool {
        Weak::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Same {}

impl Hash for Same {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_ptr().hash(state);
    }
}
