//! Threads for arithmetic, taken in turns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::{Demand, Full, Turn, Turns, Urgency};

/// The work was not done: the caller went, or it panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work was not done")]
pub struct Dropped;

/// Why work that may be refused was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// Too much waits already; later it will do.
    #[error(transparent)]
    Full(#[from] Full),
    /// It panicked.
    #[error(transparent)]
    Dropped(#[from] Dropped),
}

/// A rayon pool behind a line. Parsing, hashing, decoding and encoding of whole objects run here, never on tokio's threads.
#[derive(Debug, Clone)]
pub struct CpuPool {
    threads: Arc<rayon::ThreadPool>,
    turns: Turns,
}

impl CpuPool {
    /// A pool of `threads` threads (0: one for each core), for whose turn at most `queue` pieces of refusable work wait.
    ///
    /// # Errors
    /// When the machine gives no more threads.
    pub fn new(threads: usize, queue: usize) -> Result<Self, rayon::ThreadPoolBuildError> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|n| format!("cpu-{n}"))
            .panic_handler(|_| tracing::error!("work on the CPU pool panicked"))
            .build()?;
        let turns = Turns::new("cpu", threads.current_num_threads(), queue);
        Ok(Self { threads: Arc::new(threads), turns })
    }

    /// Runs work that must be done, such as taking an object in, off the async runtime; it waits as long as it takes.
    ///
    /// # Errors
    /// [`Dropped`] when the work panicked.
    pub async fn run<T, F>(&self, work: F) -> Result<T, Dropped>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.run_in(self.turns.wait(Demand::own(Urgency::NORMAL)).await, work).await
    }

    /// Runs work that is over sooner than an errand to another thread would be, on the caller's.
    ///
    /// # Errors
    /// [`Dropped`] when the work panicked.
    pub fn run_here<T>(&self, work: impl FnOnce() -> T) -> Result<T, Dropped> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
            tracing::error!("work on the caller's thread panicked");
            Dropped
        })
    }

    /// Runs what a caller asked for off the async runtime, when its turn comes.
    ///
    /// # Errors
    /// [`NotDone`] when too much waits, or the work panicked.
    pub async fn run_for<T, F>(&self, demand: Demand, work: F) -> Result<T, NotDone>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        Ok(self.run_in(self.turns.take(demand).await?, work).await?)
    }

    /// Work whose caller has gone is skipped, not run.
    async fn run_in<T, F>(&self, turn: Turn, work: F) -> Result<T, Dropped>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        self.threads.spawn(move || {
            let _turn = turn;
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
        assert_eq!(pool.run_here(|| -> u8 { panic!("on purpose") }), Err(Dropped));
        assert_eq!(pool.run_here(|| 7), Ok(7));
    }
}
