//! Turns at something scarce, given by urgency and evenly between callers: cores, and what a repository may be asked at a time.
//!
//! A picture that somebody looks at overtakes thumbnails and what is fetched ahead; callers of one urgency take turns; what is less
//! urgent gains by waiting and is served in the end. Who may be refused waits in a bounded line.

mod line;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::Demand;
use line::{Line, Ticket};

/// As many wait as may wait, and none of them had to give way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many are waiting")]
pub struct Full;

/// Turns at something that so many can use at once. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// What it is, in metrics.
    name: &'static str,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    line: Line<oneshot::Sender<Turn>>,
}

/// Leave to use it now. The next one's turn comes when it is dropped.
#[derive(Debug)]
pub struct Turn(Arc<Shared>);

/// Somebody in the line; leaves it when dropped.
struct InLine {
    shared: Arc<Shared>,
    ticket: Ticket,
    called: oneshot::Receiver<Turn>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    /// `at_once` use it at a time and at most `waiting` may wait in [`Turns::take`]. `name` stands in metrics.
    pub fn new(name: &'static str, at_once: usize, waiting: usize) -> Self {
        let state = State { free: at_once.max(1), line: Line::new(waiting) };
        Self(Arc::new(Shared { name, state: Mutex::new(state) }))
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Full`] when too many wait, also later: whoever is less urgent or asks for more gives way to others.
    pub async fn take(&self, demand: Demand) -> Result<Turn, Full> {
        let (sender, called) = oneshot::channel();
        let entered = {
            let mut state = self.0.state();
            if let Some(turn) = self.if_free(&mut state) {
                return Ok(turn);
            }
            state.line.enter(demand, sender, Instant::now())
        };
        // Who gives way learns it by the end of its channel, outside the lock.
        let refused = || metrics::counter!("dics_turns_refused_total", "of" => self.0.name).increment(1);
        let (ticket, out) = entered.map_err(|_| {
            refused();
            Full
        })?;
        if out.is_some() {
            refused();
            drop(out);
        }
        self.in_line(ticket, called).await
    }

    /// Waits for a turn however many wait: for work that must be done, whose amount is bounded elsewhere.
    pub async fn wait(&self, demand: Demand) -> Turn {
        let (sender, called) = oneshot::channel();
        let ticket = {
            let mut state = self.0.state();
            if let Some(turn) = self.if_free(&mut state) {
                return turn;
            }
            state.line.join(demand, sender, Instant::now())
        };
        // Only who is counted gives way, so the call comes; were it not to, the work must be done all the same.
        self.in_line(ticket, called).await.unwrap_or_else(|Full| Turn(Arc::clone(&self.0)))
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.0.state().line.len()
    }

    fn if_free(&self, state: &mut State) -> Option<Turn> {
        state.free = state.free.checked_sub(1)?;
        Some(Turn(Arc::clone(&self.0)))
    }

    async fn in_line(&self, ticket: Ticket, called: oneshot::Receiver<Turn>) -> Result<Turn, Full> {
        let mut waiting = InLine { shared: Arc::clone(&self.0), ticket, called };
        (&mut waiting.called).await.map_err(|_| Full)
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        // A turn that was given meanwhile is in the channel, and is handed on with it.
        let left = self.shared.state().line.leave(self.ticket);
        drop(left);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state();
            let next = state.line.next(Instant::now());
            state.free += usize::from(next.is_none());
            next
        };
        let Some((sender, waited)) = next else { return };
        metrics::histogram!("dics_turn_wait_seconds", "of" => self.0.name).record(waited.as_secs_f64());
        // Who went away in this moment gives it back, and so it is handed on.
        drop(sender.send(Self(Arc::clone(&self.0))));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Demand, Full, Turns};
    use crate::Urgency;

    fn normal(caller: u64) -> Demand {
        Demand { urgency: Urgency::NORMAL, caller }
    }

    #[tokio::test]
    async fn a_turn_that_nobody_took_is_handed_on() {
        let turns = Turns::new("test", 1, 10);
        let held = turns.take(normal(1)).await.unwrap();
        let mut gone = Box::pin(turns.take(normal(1)));
        let mut gone_later = Box::pin(turns.take(normal(1)));
        assert!(is_pending(&mut gone).await && is_pending(&mut gone_later).await);
        assert_eq!(turns.waiting(), 2);
        drop(gone);
        assert_eq!(turns.waiting(), 1);
        drop(held);
        // Called, and dropped before it heard of it.
        drop(gone_later);
        assert!(turns.take(normal(2)).await.is_ok());
        assert_eq!(turns.waiting(), 0);
    }

    #[tokio::test]
    async fn no_more_are_let_in_than_may_be_there_at_once() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};
        let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let turns = Turns::new("test", 3, 1_000);
        let work = |caller: u64| {
            let (turns, counts) = (turns.clone(), Arc::clone(&counts));
            async move {
                let (there, most) = &*counts;
                let _turn = turns.take(normal(caller % 7)).await.unwrap();
                most.fetch_max(there.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                there.fetch_sub(1, Ordering::SeqCst);
            }
        };
        let all: Vec<_> = (0..200).map(|caller| tokio::spawn(work(caller))).collect();
        for one in all {
            one.await.unwrap();
        }
        assert_eq!(counts.1.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn who_gives_way_is_refused_while_it_waits() {
        let turns = Turns::new("test", 1, 1);
        let _held = turns.take(normal(1)).await.unwrap();
        let waits = turns.take(Demand { urgency: Urgency::THUMBNAIL, caller: 1 });
        let mut waits = Box::pin(waits);
        assert!(is_pending(&mut waits).await);
        let mut urgent = Box::pin(turns.take(Demand { urgency: Urgency::VISIBLE, caller: 1 }));
        assert!(is_pending(&mut urgent).await);
        assert_eq!(waits.await.unwrap_err(), Full);
        assert_eq!(turns.take(normal(2)).await.unwrap_err(), Full, "normal gives way to what is looked at");
    }

    /// Polls once; true while it is not ready.
    async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }
}
