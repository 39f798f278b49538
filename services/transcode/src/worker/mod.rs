//! Worker processes: C codecs where they can hurt nobody.

mod child;
mod confine;
mod pool;
mod protocol;

pub use child::worker_main;
pub(crate) use pool::WorkerPool;
