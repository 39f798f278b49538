//! Signs of life between the receiver and the sources: who has sent us something, and when.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use index_model::AeTitle;

/// Senders whose signs of life are kept.
const MOST_SENDERS: usize = 4096;

/// When each AE title last sent us part of an object. Shared by a [`StoreService`](crate::StoreService) and the sources whose C-MOVE ends there: an
/// archive need not send pending responses, and one that is busy delivering is not given up.
#[derive(Debug, Clone, Default)]
pub struct Deliveries(Arc<Mutex<HashMap<AeTitle, Beat>>>);

/// The last sign of life of one AE title.
#[derive(Debug, Clone)]
pub(crate) struct Beat {
    begun: Instant,
    /// Milliseconds after `begun`.
    last_ms: Arc<AtomicU64>,
}

impl Beat {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), last_ms: Arc::default() }
    }

    /// Something came.
    pub(crate) fn now(&self) {
        let elapsed_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(elapsed_ms, Ordering::Relaxed);
    }

    fn since(&self) -> Duration {
        self.begun.elapsed().saturating_sub(Duration::from_millis(self.last_ms.load(Ordering::Relaxed)))
    }
}

impl Deliveries {
    /// The beat of a sender who is admitted. Beyond a bound new ones are not entered, so that the table stays small.
    pub(crate) fn of(&self, sender: &AeTitle) -> Beat {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if beats.len() >= MOST_SENDERS && !beats.contains_key(sender) {
            return Beat::new();
        }
        beats.entry(sender.clone()).or_insert_with(Beat::new).clone()
    }

    /// How long ago this AE title sent us something; `None` when it never did.
    pub(crate) fn since(&self, sender: &AeTitle) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(sender).map(Beat::since)
    }
}
