//! How many associations there are, all together and of each peer, and which of them makes room for another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use index_model::AeTitle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// An association that makes room needs no longer than this to leave.
const LEAVING: Duration = Duration::from_secs(2);

/// Counts associations.
#[derive(Debug)]
pub(super) struct Limits {
    associations: Arc<Semaphore>,
    each: usize,
    of_peer: Mutex<HashMap<AeTitle, usize>>,
    /// Those whose peer says nothing, the longest silent first.
    silent: Mutex<Vec<Silent>>,
    /// Told when a place is given back.
    left: Notify,
}

/// An association whose peer says nothing.
#[derive(Debug)]
struct Silent {
    peer: AeTitle,
    since: Instant,
    give_up: CancellationToken,
}

/// A place for one association; given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    limits: &'a Limits,
    peer: AeTitle,
    permit: Option<OwnedSemaphorePermit>,
}

/// While it is there, the association may be given up for another.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    limits: &'a Limits,
    give_up: CancellationToken,
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
            associations: Arc::new(Semaphore::new(associations)),
            each,
            of_peer: Mutex::default(),
            silent: Mutex::default(),
            left: Notify::new(),
        }
    }

    /// A place; where there is none, that of the longest silent association, if it was silent for longer than `silent`.
    pub(super) async fn association(&self, peer: &AeTitle, silent: Duration) -> Result<Place<'_>, Full> {
        let full = match self.place(peer) {
            Ok(place) => return Ok(place),
            Err(full) => full,
        };
        let mut left = std::pin::pin!(self.left.notified());
        left.as_mut().enable();
        if !self.give_up(Some(peer).filter(|_| full == Full::ForThisPeer), silent) {
            return Err(full);
        }
        // Whether it left in time or not, the next look tells.
        let _ = tokio::time::timeout(LEAVING, left).await;
        self.place(peer)
    }

    fn place(&self, peer: &AeTitle) -> Result<Place<'_>, Full> {
        let permit = Arc::clone(&self.associations).try_acquire_owned().map_err(|_| Full::Everywhere)?;
        let mut of_peer = self.of_peer.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_peer.entry(peer.clone()).or_default();
        if *count >= self.each {
            return Err(Full::ForThisPeer);
        }
        *count += 1;
        metrics::gauge!("dics_dimse_associations").increment(1);
        Ok(Place { limits: self, peer: peer.clone(), permit: Some(permit) })
    }

    /// Has the longest silent association, of this peer or of all, make room.
    fn give_up(&self, of: Option<&AeTitle>, silent: Duration) -> bool {
        let mut all = self.silent();
        let at = all.iter().position(|one| of.is_none_or(|peer| one.peer == *peer));
        let Some(at) = at.filter(|at| all[*at].since.elapsed() > silent) else { return false };
        all.remove(at).give_up.cancel();
        true
    }

    fn silent(&self) -> MutexGuard<'_, Vec<Silent>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Place<'a> {
    /// From now on the peer is waited for.
    pub(super) fn wait(&self) -> Waiting<'a> {
        let give_up = CancellationToken::new();
        let silent = Silent { peer: self.peer.clone(), since: Instant::now(), give_up: give_up.clone() };
        self.limits.silent().push(silent);
        Waiting { limits: self.limits, give_up }
    }
}

impl Waiting<'_> {
    /// Comes when the association is to make room.
    pub(super) async fn given_up(&self) {
        self.give_up.cancelled().await;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Cancelled, it stands in the list no more; else it is the only one of its token.
        self.give_up.cancel();
        self.limits.silent().retain(|one| !one.give_up.is_cancelled());
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
        drop(of_peer);
        drop(self.permit.take());
        self.limits.left.notify_waiters();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use super::{Full, Limits};
    use index_model::AeTitle;

    #[test]
    fn one_peer_cannot_take_all_places_and_gives_back_what_it_took() {
        let (one, other) = (AeTitle::parse("ONE").unwrap(), AeTitle::parse("OTHER").unwrap());
        let limits = Limits::new(3, 2);
        let held = [limits.place(&one).unwrap(), limits.place(&one).unwrap()];
        assert_eq!(limits.place(&one).unwrap_err(), Full::ForThisPeer);
        let third = limits.place(&other).unwrap();
        assert_eq!(limits.place(&other).unwrap_err(), Full::Everywhere);
        drop((held, third));
        assert!(limits.of_peer.lock().unwrap().is_empty());
        assert!(limits.place(&one).is_ok());
    }

    #[tokio::test]
    async fn the_longest_silent_association_makes_room_once_it_was_silent_for_long() {
        let (one, other) = (AeTitle::parse("ONE").unwrap(), AeTitle::parse("OTHER").unwrap());
        let limits = Limits::new(2, 2);
        let (first, second) = (limits.place(&one).unwrap(), limits.place(&other).unwrap());
        let (waits, waits_less) = (first.wait(), second.wait());
        assert_eq!(limits.association(&one, Duration::from_mins(1)).await.unwrap_err(), Full::Everywhere);
        let leaves = async {
            waits.given_up().await;
            drop(waits);
            drop(first);
        };
        let (third, ()) = tokio::join!(limits.association(&other, Duration::ZERO), leaves);
        assert!(!waits_less.give_up.is_cancelled());
        drop(waits_less);
        assert_eq!(limits.association(&one, Duration::ZERO).await.unwrap_err(), Full::Everywhere, "none is silent");
        drop((second, third.unwrap()));
    }
}
