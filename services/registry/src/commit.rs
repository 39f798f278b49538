//! Group commit: what arrives while the database is busy shares one transaction and one sync.

use index_store::{InstanceIndexed, NewInstance, Store, StoreError};
use runtime::Clock;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// Instances that may wait.
const QUEUE: usize = 1024;
/// Instances in one transaction at the most.
const BATCH: usize = 64;

type Waiting = (NewInstance, oneshot::Sender<Result<InstanceIndexed, CommitError>>);

/// The instance is not in the index.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CommitError {
    #[error("the index could not be written")]
    Store,
    #[error("the index has no room")]
    Full,
    #[error("the registry is ending")]
    Ending,
}

/// The one way by which instances enter the index.
#[derive(Debug, Clone)]
pub(crate) struct Committer(mpsc::Sender<Waiting>);

impl Committer {
    pub(crate) fn start(store: Store, clock: Clock, tasks: &TaskTracker) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tasks.spawn(run(store, clock, receiver));
        Self(sender)
    }

    /// Indexes one instance; it is durable when this returns.
    pub(crate) async fn commit(&self, instance: NewInstance) -> Result<InstanceIndexed, CommitError> {
        let (done, result) = oneshot::channel();
        self.0.send((instance, done)).await.map_err(|_| CommitError::Ending)?;
        result.await.map_err(|_| CommitError::Ending)?
    }
}

async fn run(store: Store, clock: Clock, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        let (instances, waiting): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        match store.index_instances(&instances, clock.now_ms()).await {
            Ok(indexed) => {
                for (done, indexed) in waiting.into_iter().zip(indexed) {
                    let _ = done.send(Ok(indexed));
                }
            }
            Err(error) if instances.len() == 1 => refuse(waiting, &error),
            // One of them may be what the database refuses: each alone, so that it harms no other.
            Err(_) => {
                for (instance, done) in instances.into_iter().zip(waiting) {
                    match store.index_instances(std::slice::from_ref(&instance), clock.now_ms()).await {
                        Ok(mut indexed) => drop(indexed.pop().map(|indexed| done.send(Ok(indexed)))),
                        Err(error) => refuse(vec![done], &error),
                    }
                }
            }
        }
    }
}

fn refuse(waiting: Vec<oneshot::Sender<Result<InstanceIndexed, CommitError>>>, error: &StoreError) {
    let cause = runtime::telemetry::causes(error);
    tracing::error!(error = %error, cause, instances = waiting.len(), "instances could not be indexed");
    let refusal = if error.is_full() { CommitError::Full } else { CommitError::Store };
    for done in waiting {
        let _ = done.send(Err(refusal.clone()));
    }
}
