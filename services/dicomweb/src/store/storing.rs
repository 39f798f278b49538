//! Several objects on their way into the registry, memory bounded.

use access::Permit;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use index_model::Uid;
use registry::Object;

use super::outcome::{Failure, Outcome};
use crate::Face;

/// Objects on their way into the registry hold no more memory than this.
const MOST_BYTES_AT_ONCE: u64 = 64 << 20;

/// What one request stores.
pub(super) struct Storing<'a> {
    pub(super) face: &'a Face,
    permit: &'a Permit,
    study: Option<Uid>,
    bytes_at_once: u64,
    going_on: FuturesUnordered<BoxFuture<'a, (u64, Outcome)>>,
    pub(super) outcomes: Vec<Outcome>,
}

impl<'a> Storing<'a> {
    pub(super) fn new(face: &'a Face, permit: &'a Permit, study: Option<Uid>) -> Self {
        Self { face, permit, study, bytes_at_once: 0, going_on: FuturesUnordered::new(), outcomes: Vec::new() }
    }

    /// Waits for `next`; meanwhile what is being stored goes on.
    pub(super) async fn meanwhile<T>(&mut self, next: impl Future<Output = T>) -> T {
        let mut next = std::pin::pin!(next);
        loop {
            tokio::select! {
                biased;
                Some(done) = self.going_on.next(), if !self.going_on.is_empty() => self.done(done),
                came = &mut next => return came,
            }
        }
    }

    /// Starts to store one object; waits while too much is on its way.
    pub(super) async fn store(&mut self, at: usize, object: Object) {
        while self.going_on.len() >= self.face.options.store_at_once.max(1) || self.bytes_at_once > MOST_BYTES_AT_ONCE {
            match self.going_on.next().await {
                Some(done) => self.done(done),
                None => break,
            }
        }
        let size = object.len() as u64;
        self.bytes_at_once += size;
        let (registry, permit, study) = (&self.face.registry, self.permit, self.study.clone());
        let storing = async move { (size, Outcome::of(at, registry.store(permit, object, study.as_ref()).await)) };
        self.going_on.push(storing.boxed());
    }

    /// Tells that an instance is not stored.
    pub(super) fn fail(&mut self, at: usize, failure: Failure) {
        self.outcomes.push(Outcome::failed(at, failure));
    }

    fn done(&mut self, (size, outcome): (u64, Outcome)) {
        self.bytes_at_once = self.bytes_at_once.saturating_sub(size);
        self.outcomes.push(outcome);
    }

    /// Waits for the last of them.
    pub(super) async fn settle(&mut self) {
        while let Some(done) = self.going_on.next().await {
            self.done(done);
        }
    }
}
