//! Group commit: what arrives while the database is busy shares one transaction and one sync.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use index_store::{InstanceIndexed, NewInstance, NewReport, ReportStored, Store, StoreError};
use runtime::Clock;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::RegistryError;

/// What may wait.
const QUEUE: usize = 1024;
/// What shares one transaction at the most.
const BATCH: usize = 64;
/// The longest that one waits for others.
const MOST_PATIENCE: Duration = Duration::from_millis(2);

type Answer<T> = oneshot::Sender<Result<T, CommitError>>;

/// It is not in the index.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CommitError {
    #[error("the index could not be written")]
    Store,
    #[error("the index has no room")]
    Full,
    #[error("the registry is ending")]
    Ending,
}

impl From<CommitError> for RegistryError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Full => Self::NoRoom(Box::new(error)),
            CommitError::Store | CommitError::Ending => Self::internal(error),
        }
    }
}

/// What can be written together with others of its kind.
pub(crate) trait Commit: Sized + Send + Sync + 'static {
    /// What is told of one that was written.
    type Done: Send + 'static;

    /// Writes all of a batch, or none of it; the answer has its order.
    fn commit(
        store: &Store,
        batch: &[Self],
        now_ms: i64,
    ) -> impl Future<Output = Result<Vec<Self::Done>, StoreError>> + Send;
}

impl Commit for NewInstance {
    type Done = InstanceIndexed;

    async fn commit(store: &Store, batch: &[Self], now_ms: i64) -> Result<Vec<InstanceIndexed>, StoreError> {
        store.index_instances(batch, now_ms).await
    }
}

impl Commit for NewReport {
    type Done = ReportStored;

    async fn commit(store: &Store, batch: &[Self], now_ms: i64) -> Result<Vec<ReportStored>, StoreError> {
        store.store_reports(batch, now_ms).await
    }
}

/// The tasks that write the index. They end after all others, for those still have something to write.
#[derive(Debug, Default)]
pub(crate) struct Writers {
    tasks: TaskTracker,
    ending: CancellationToken,
}

impl Writers {
    /// Takes nothing more, writes what waits, and returns when that is durable.
    pub(crate) async fn end(&self) {
        self.ending.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// The one way by which instances, or reports, enter the index: in the order in which they were given.
#[derive(Debug, Clone)]
pub(crate) struct Committer<T: Commit> {
    queue: mpsc::Sender<(T, Answer<T::Done>)>,
    arrived: Arc<AtomicU64>,
}

impl<T: Commit> Committer<T> {
    pub(crate) fn start(store: Store, clock: Clock, writers: &Writers) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        writers.tasks.spawn(run(store, clock, receiver, writers.ending.clone()));
        Self { queue: sender, arrived: Arc::default() }
    }

    /// How many have come so far.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// Writes one; it is durable when this returns.
    pub(crate) async fn commit(&self, new: T) -> Result<T::Done, CommitError> {
        let (done, result) = oneshot::channel();
        self.arrived.fetch_add(1, Ordering::Relaxed);
        self.queue.send((new, done)).await.map_err(|_| CommitError::Ending)?;
        result.await.map_err(|_| CommitError::Ending)?
    }
}

async fn run<T: Commit>(
    store: Store,
    clock: Clock,
    mut queue: mpsc::Receiver<(T, Answer<T::Done>)>,
    ending: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let (mut last, mut patience) = (0, Duration::ZERO);
    loop {
        tokio::select! {
            biased;
            taken = queue.recv_many(&mut batch, BATCH) => if taken == 0 { return },
            () = ending.cancelled(), if !queue.is_closed() => {
                queue.close();
                continue;
            }
        }
        gather(&mut queue, &mut batch, last, patience).await;
        last = batch.len();
        let began = Instant::now();
        let (new, waiting): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        match T::commit(&store, &new, clock.now_ms()).await {
            Ok(written) => {
                for (answer, written) in waiting.into_iter().zip(written) {
                    let _ = answer.send(Ok(written));
                }
            }
            Err(error) if new.len() == 1 => refuse(waiting, &error),
            // One of them may be what the database refuses: each alone, so that it harms no other.
            Err(_) => {
                for (new, answer) in new.into_iter().zip(waiting) {
                    match T::commit(&store, std::slice::from_ref(&new), clock.now_ms()).await {
                        Ok(mut written) => drop(written.pop().map(|written| answer.send(Ok(written)))),
                        Err(error) => refuse(vec![answer], &error),
                    }
                }
            }
        }
        patience = (began.elapsed() / 2).min(MOST_PATIENCE);
    }
}

/// Those whom the last batch let go come again together, and the first of them would hold up all others for a transaction of its own: it
/// waits for as many as there were, for a part of what a transaction takes.
async fn gather<T: Commit>(
    queue: &mut mpsc::Receiver<(T, Answer<T::Done>)>,
    batch: &mut Vec<(T, Answer<T::Done>)>,
    last: usize,
    patience: Duration,
) {
    let until = tokio::time::Instant::now() + patience;
    while batch.len() < last {
        let missing = last - batch.len();
        match tokio::time::timeout_at(until, queue.recv_many(batch, missing)).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
}

fn refuse<T>(waiting: Vec<Answer<T>>, error: &StoreError) {
    let cause = runtime::telemetry::causes(error);
    tracing::error!(error = %error, cause, count = waiting.len(), "what arrived could not be indexed");
    let refusal = if error.is_full() { CommitError::Full } else { CommitError::Store };
    for answer in waiting {
        let _ = answer.send(Err(refusal.clone()));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::{Duration, Instant};

    use index_store::{Store, StoreError};
    use tokio::sync::{mpsc, oneshot};

    use super::{Commit, gather};

    struct One;

    impl Commit for One {
        type Done = ();

        async fn commit(_: &Store, batch: &[Self], _: i64) -> Result<Vec<()>, StoreError> {
            Ok(vec![(); batch.len()])
        }
    }

    /// How many of those who come share a transaction, when `last` shared the one before; and how long the first waited.
    async fn gathered(last: usize, coming: usize, patience: Duration) -> (usize, Duration) {
        let (sender, mut queue) = mpsc::channel(16);
        let mut batch = vec![(One, oneshot::channel().0)];
        tokio::spawn(async move {
            for _ in 0..coming {
                tokio::time::sleep(Duration::from_millis(1)).await;
                sender.send((One, oneshot::channel().0)).await.ok().unwrap();
            }
            std::future::pending::<()>().await;
        });
        let since = Instant::now();
        gather(&mut queue, &mut batch, last, patience).await;
        (batch.len(), since.elapsed())
    }

    #[tokio::test]
    async fn those_who_come_together_share_a_transaction_and_who_is_alone_does_not_wait() {
        let long = Duration::from_secs(600);
        assert_eq!(gathered(8, 7, long).await.0, 8, "as many as before");
        assert_eq!(gathered(3, 7, long).await.0, 3, "and not for more");
        assert!(gathered(1, 0, long).await.1 < Duration::from_secs(60), "who is alone does not wait");
        let (count, waited) = gathered(8, 2, Duration::from_millis(200)).await;
        assert!(count <= 3 && waited >= Duration::from_millis(200), "others do not come for ever: {count}, {waited:?}");
    }
}
