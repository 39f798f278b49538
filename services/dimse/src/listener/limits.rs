//! How many associations there are, all together and of each peer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use index_model::AeTitle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that are being told that there is no room, beyond those that are served.
const REFUSALS: usize = 64;

/// Counts associations.
#[derive(Debug)]
pub(super) struct Limits {
    connections: Arc<Semaphore>,
    associations: Arc<Semaphore>,
    each: usize,
    of_peer: Mutex<HashMap<AeTitle, usize>>,
}

/// A place for one association; given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    limits: &'a Limits,
    peer: AeTitle,
    _permit: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// All places are taken.
    Everywhere,
    /// The peer has as many as one may have.
    ForThisPeer,
}

impl Limits {
    pub(super) fn new(associations: usize, each: usize) -> Self {
        Self {
            connections: Arc::new(Semaphore::new(associations + REFUSALS)),
            associations: Arc::new(Semaphore::new(associations)),
            each,
            of_peer: Mutex::default(),
        }
    }

    /// A connection that may be heard, if only to be refused.
    pub(super) fn connection(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.connections).try_acquire_owned().ok()
    }

    pub(super) fn association(&self, peer: &AeTitle) -> Result<Place<'_>, Full> {
        let permit = Arc::clone(&self.associations).try_acquire_owned().map_err(|_| Full::Everywhere)?;
        let mut of_peer = self.of_peer.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_peer.entry(peer.clone()).or_default();
        if *count >= self.each {
            return Err(Full::ForThisPeer);
        }
        *count += 1;
        metrics::gauge!("dics_dimse_associations").increment(1);
        Ok(Place { limits: self, peer: peer.clone(), _permit: permit })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        metrics::gauge!("dics_dimse_associations").decrement(1);
        let mut of_peer = self.limits.of_peer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = of_peer.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                of_peer.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Full, Limits};
    use index_model::AeTitle;

    #[test]
    fn one_peer_cannot_take_all_places_and_gives_back_what_it_took() {
        let (one, other) = (AeTitle::parse("ONE").unwrap(), AeTitle::parse("OTHER").unwrap());
        let limits = Limits::new(3, 2);
        let held = [limits.association(&one).unwrap(), limits.association(&one).unwrap()];
        assert_eq!(limits.association(&one).unwrap_err(), Full::ForThisPeer);
        let third = limits.association(&other).unwrap();
        assert_eq!(limits.association(&other).unwrap_err(), Full::Everywhere);
        drop((held, third));
        assert!(limits.of_peer.lock().unwrap().is_empty());
        assert!(limits.association(&one).is_ok());
    }
}
