//! An order tells that somebody will be examined, and read: what the reader compares with is brought here meanwhile.
//!
//! It goes the way of [`warm`](super::warm), at the lowest urgency, one study after another. Nothing is shown to anybody by it: the permit is
//! the service's own, and its audit line says so; who looks at a prior asks for leave then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use access::Action;
use index_model::OrderRecord;
use index_store::SearchFilter;
use tokio::sync::mpsc;

use super::priors::priors;
use crate::{Registry, RegistryError};

/// Orders that may wait; with more, the rest goes without.
const MOST_WAITING: usize = 256;
/// The same order again, or another part of it, brings nothing anew for so long.
const LATELY_MS: i64 = 6 * 3_600_000;
/// Patients and examinations of which it is remembered that they were seen to.
const MOST_REMEMBERED: usize = 10_000;

/// What is brought here before anybody asks for it: priors for an order, and how many; documents that are reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrefetchPolicy {
    /// Whether they do.
    pub on_order: bool,
    /// Studies of one patient for one order.
    pub priors: usize,
    /// How often it is looked for documents that are known and not held, which are brought here to be reports; never without it.
    pub reports_every: Option<Duration>,
}

impl Default for PrefetchPolicy {
    fn default() -> Self {
        Self { on_order: true, priors: 3, reports_every: Some(Duration::from_secs(60)) }
    }
}

/// Orders that wait for their priors.
#[derive(Debug)]
pub(crate) struct Prefetches {
    wanted: mpsc::Sender<Arc<OrderRecord>>,
    lately: Mutex<HashMap<(i64, String), i64>>,
}

impl Prefetches {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Arc<OrderRecord>>) {
        let (wanted, orders) = mpsc::channel(MOST_WAITING);
        (Self { wanted, lately: Mutex::default() }, orders)
    }

    /// Notes that an examination of somebody is seen to; false when it was lately.
    fn is_news(&self, person_key: i64, examination: &str, now_ms: i64) -> bool {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= MOST_REMEMBERED {
            lately.retain(|_, at_ms| now_ms - *at_ms < LATELY_MS);
        }
        if lately.len() >= MOST_REMEMBERED {
            lately.clear();
        }
        let before = lately.insert((person_key, examination.to_owned()), now_ms);
        before.is_none_or(|at_ms| now_ms - at_ms >= LATELY_MS)
    }
}

/// Sees to orders until the registry ends.
pub(crate) async fn run(registry: Registry, mut orders: mpsc::Receiver<Arc<OrderRecord>>) {
    loop {
        let order = tokio::select! {
            () = registry.0.stop.cancelled() => return,
            order = orders.recv() => order,
        };
        let Some(order) = order else { return };
        let seen_to = tokio::select! {
            () = registry.0.stop.cancelled() => return,
            seen_to = registry.bring_priors(&order) => seen_to,
        };
        if let Err(error) = seen_to {
            tracing::debug!(error = %error, "the priors of an order could not be brought ahead");
        }
    }
}

impl Registry {
    /// Has the priors of an order brought here soon, if it is still asked for. Does not wait.
    pub(crate) fn prefetch_for(&self, order: &OrderRecord) {
        let policy = self.0.limits.prefetch;
        if !policy.on_order || policy.priors == 0 || order.is_cancelled {
            return;
        }
        if self.0.prefetches.wanted.try_send(Arc::new(order.clone())).is_err() {
            tracing::debug!(waiting = MOST_WAITING, "too many orders wait for their priors: this one goes without");
        }
    }

    async fn bring_priors(&self, order: &OrderRecord) -> Result<(), RegistryError> {
        let Some(id) = &order.patient.patient_id else { return Ok(()) };
        let persons = self.0.store.persons_by_patient_id(Some(&id.issuer), id.value.expose()).await?;
        let [person] = persons.as_slice() else { return Ok(()) };
        if !self.0.prefetches.is_news(person.person_key, &order.title, self.0.clock.now_ms()) {
            return Ok(());
        }
        let studies = self.0.store.studies_of_person(person.person_key, &SearchFilter::default()).await?;
        let service = self.0.access.service();
        let mut brought = 0;
        for study in priors(order, studies, self.0.limits.prefetch.priors) {
            let opened = self.open_study(&service, Action::Prefetch, &study.study.study_instance_uid).await;
            match opened {
                Ok(opened) => self.warm(opened).await?,
                Err(RegistryError::Gone { .. } | RegistryError::Ambiguous { .. } | RegistryError::NotFound) => continue,
                Err(error) => return Err(error),
            }
            brought += 1;
        }
        tracing::debug!(person = person.person_key, brought, "priors were brought ahead for an order");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{LATELY_MS, Prefetches};

    #[test]
    fn an_examination_is_seen_to_once_in_some_hours() {
        let (prefetches, _orders) = Prefetches::new();
        assert!(prefetches.is_news(1, "CT HEAD", 0));
        assert!(!prefetches.is_news(1, "CT HEAD", LATELY_MS - 1));
        assert!(prefetches.is_news(1, "MR KNEE", 10) && prefetches.is_news(2, "CT HEAD", 10));
        assert!(prefetches.is_news(1, "CT HEAD", 2 * LATELY_MS));
    }
}
