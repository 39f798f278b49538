//! How many connections there are, and which of those that say nothing makes room for another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Connections that ask, or are being told that there is no room, beyond those that are served.
const REFUSALS: usize = 64;
/// A connection that makes room needs no longer than this to leave.
const LEAVING: Duration = Duration::from_secs(2);

/// Counts connections.
#[derive(Debug)]
pub(super) struct Arrivals {
    places: Arc<Semaphore>,
    /// Those that have not asked for an association yet, the oldest first.
    all: Arc<Mutex<Vec<Unheard>>>,
}

/// A connection that has not asked for an association yet.
#[derive(Debug)]
struct Unheard {
    from: IpAddr,
    give_up: CancellationToken,
}

/// A connection that may be heard, if only to be refused.
#[derive(Debug)]
pub(super) struct Arrival {
    /// Its place; given back when dropped.
    pub(super) place: OwnedSemaphorePermit,
    /// Until it has asked for an association.
    pub(super) hearing: Hearing,
}

/// While it is there, the connection may be given up for another.
#[derive(Debug)]
pub(super) struct Hearing {
    all: Arc<Mutex<Vec<Unheard>>>,
    give_up: CancellationToken,
}

impl Arrivals {
    pub(super) fn new(associations: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(associations + REFUSALS)), all: Arc::default() }
    }

    /// A place for a connection. Where there is none, one that has not asked for anything makes room: whoever opens connections and says
    /// nothing keeps nobody out (the ARTIM timer of PS3.8 §9.1.5 alone would let them, each time anew).
    pub(super) async fn next(&self, from: IpAddr) -> Option<Arrival> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) if self.give_up_unheard() => {
                let freed = Arc::clone(&self.places).acquire_owned();
                tokio::time::timeout(LEAVING, freed).await.ok()?.ok()?
            }
            Err(_) => return None,
        };
        let hearing = Hearing { all: Arc::clone(&self.all), give_up: CancellationToken::new() };
        unheard(&self.all).push(Unheard { from, give_up: hearing.give_up.clone() });
        Some(Arrival { place, hearing })
    }

    /// Has a connection that said nothing make room: the oldest from where most of them come.
    fn give_up_unheard(&self) -> bool {
        let mut all = unheard(&self.all);
        let mut of_address: HashMap<IpAddr, usize> = HashMap::new();
        all.iter().for_each(|one| *of_address.entry(one.from).or_default() += 1);
        let most = of_address.values().max().copied();
        let Some(at) = all.iter().position(|one| of_address.get(&one.from).copied() == most) else { return false };
        all.remove(at).give_up.cancel();
        true
    }
}

fn unheard(all: &Mutex<Vec<Unheard>>) -> MutexGuard<'_, Vec<Unheard>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hearing {
    /// Comes when the connection is to make room.
    pub(super) async fn given_up(&self) {
        self.give_up.cancelled().await;
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.give_up.cancel();
        unheard(&self.all).retain(|one| !one.give_up.is_cancelled());
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Arrivals, REFUSALS};

    #[tokio::test]
    async fn of_what_says_nothing_the_oldest_leaves_from_where_most_of_it_comes() {
        let arrivals = Arrivals::new(0);
        let (one, many) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let alone = arrivals.next(one).await.unwrap();
        let mut crowd = Vec::new();
        for _ in 1..REFUSALS {
            crowd.push(arrivals.next(many).await.unwrap());
        }
        let first = crowd.remove(0);
        let leaves = async {
            first.hearing.given_up().await;
            drop(first);
        };
        let (newcomer, ()) = tokio::join!(arrivals.next(one), leaves);
        let newcomer = newcomer.unwrap();
        assert!(!alone.hearing.give_up.is_cancelled() && crowd.iter().all(|one| !one.hearing.give_up.is_cancelled()));
        // Those that have asked for an association have nothing to fear from it.
        let places: Vec<_> = crowd.into_iter().chain([alone, newcomer]).map(|arrival| arrival.place).collect();
        assert_eq!(places.len(), REFUSALS);
        assert!(arrivals.next(many).await.is_none());
    }
}
