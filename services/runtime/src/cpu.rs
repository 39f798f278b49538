//! Threads for arithmetic, with a bounded queue before them.

use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

/// The work was not done: the caller went, or it panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work was not done")]
pub struct Dropped;

/// A rayon pool behind a bounded queue. Parsing, hashing, decoding and encoding of whole objects run here, never on tokio's threads.
#[derive(Clone)]
pub struct CpuPool {
    threads: Arc<rayon::ThreadPool>,
    slots: Arc<Semaphore>,
}

impl std::fmt::Debug for CpuPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CpuPool").field("free_slots", &self.slots.available_permits()).finish()
    }
}

impl CpuPool {
    /// A pool of `threads` threads (0: one for each core) that lets `queue` pieces of work in at a time.
    ///
    /// # Errors
    /// When the machine gives no more threads.
    pub fn new(threads: usize, queue: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|n| format!("cpu-{n}"))
            .panic_handler(|_| tracing::error!("work on the CPU pool panicked"))
            .build()?;
        Ok(Self { threads: Arc::new(threads), slots: Arc::new(Semaphore::new(queue.max(1))) })
    }

    /// Runs `work` off the async runtime. Waits for a slot, so the queue is bounded; work whose caller has gone is skipped, not run.
    ///
    /// # Errors
    /// [`Dropped`] when the work panicked.
    pub async fn run<T, F>(&self, work: F) -> Result<T, Dropped>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| Dropped)?;
        let (answer, result) = oneshot::channel();
        self.threads.spawn(move || {
            let _slot = slot;
            if !answer.is_closed() {
                // The caller may have gone meanwhile.
                let _ = answer.send(work());
            }
        });
        result.await.map_err(|_| Dropped)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{CpuPool, Dropped};

    #[tokio::test]
    async fn work_that_panics_frees_its_slot() {
        let pool = CpuPool::new(1, 1).unwrap();
        assert_eq!(pool.run(|| -> u8 { panic!("on purpose") }).await, Err(Dropped));
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }
}
