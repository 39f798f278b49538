//! What travels with one piece of work.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// Deadline, cancellation and request id of one piece of work. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ctx {
    request_id: u64,
    deadline: Option<Instant>,
    cancelled: CancellationToken,
}

/// The deadline passed or the caller has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Nobody waits for the answer any more.
    #[error("cancelled by the caller")]
    Cancelled,
    /// The answer would come too late.
    #[error("deadline passed")]
    DeadlinePassed,
}

impl Ctx {
    /// Work that ends after `limit` at the latest.
    pub fn within(limit: Duration) -> Self {
        Self { deadline: Some(Instant::now() + limit), ..Self::unbounded(CancellationToken::new()) }
    }

    /// Work that goes on until `cancelled`.
    pub fn unbounded(cancelled: CancellationToken) -> Self {
        Self { request_id: rand_id(), deadline: None, cancelled }
    }

    /// The same work with an earlier deadline.
    #[must_use]
    pub fn shortened(&self, limit: Duration) -> Self {
        let own = Instant::now() + limit;
        Self { deadline: Some(self.deadline.map_or(own, |deadline| deadline.min(own))), ..self.clone() }
    }

    /// Names the request in logs and error bodies.
    pub fn request_id(&self) -> u64 {
        self.request_id
    }

    /// When the work is no longer wanted.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Ends the work.
    pub fn cancel(&self) {
        self.cancelled.cancel();
    }

    /// Whether the work has been ended.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Waits for `work`, the deadline or the cancellation, whichever is first.
    ///
    /// # Errors
    /// [`Stopped`] when `work` was not the first.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        let late = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.cancelled.cancelled() => Err(Stopped::Cancelled),
            done = work => Ok(done),
            () = late => Err(Stopped::DeadlinePassed),
        }
    }
}

fn rand_id() -> u64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    high
}
