//! Who waits, in which order: the arithmetic of turns, without a clock or a lock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::{Demand, Urgency};

/// Each step of urgency is worth so much waiting: a thumbnail (5) goes before a frame that is looked at (1) when it waited 8 s longer.
/// So nothing waits for ever behind what is more urgent.
const STEP: Duration = Duration::from_secs(2);
/// A viewer shows few pictures at a time. What a caller says to be more urgent than normal, beyond so many that wait, counts as normal.
const BELIEVED: usize = 16;

/// Who waits. Callers of one urgency take turns, whatever each of them asks for.
#[derive(Debug)]
pub(super) struct Line<T> {
    levels: [Level<T>; Urgency::LEVELS],
    /// Most who may wait and be refused; who waits without that is not counted.
    bound: usize,
    counted: usize,
    last: u64,
}

/// The callers of one urgency; the first is next.
type Level<T> = VecDeque<Caller<T>>;

#[derive(Debug)]
struct Caller<T> {
    caller: u64,
    waiting: VecDeque<Waiting<T>>,
}

#[derive(Debug)]
struct Waiting<T> {
    number: u64,
    since: Instant,
    counted: bool,
    item: T,
}

/// Finds one who waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    level: usize,
    caller: u64,
    number: u64,
}

/// Nobody less entitled to wait was there to make room.
#[derive(Debug)]
pub(super) struct Refused;

impl<T> Line<T> {
    pub(super) fn new(bound: usize) -> Self {
        Self { levels: Default::default(), bound, counted: 0, last: 0 }
    }

    /// Who waits, counted or not.
    pub(super) fn len(&self) -> usize {
        self.levels.iter().flatten().map(|caller| caller.waiting.len()).sum()
    }

    /// Waits however long the line is.
    pub(super) fn join(&mut self, demand: Demand, item: T, now: Instant) -> Ticket {
        self.add(demand, false, item, now)
    }

    /// Waits, if there is room. In a full line whoever is less urgent, or has more waiting, gives way, and is returned.
    pub(super) fn enter(&mut self, demand: Demand, item: T, now: Instant) -> Result<(Ticket, Option<T>), Refused> {
        let mut out = None;
        if self.counted >= self.bound {
            out = Some(self.make_room(demand).ok_or(Refused)?);
        }
        self.counted += 1;
        Ok((self.add(demand, true, item, now), out))
    }

    fn add(&mut self, demand: Demand, counted: bool, item: T, since: Instant) -> Ticket {
        let level = self.level_of(demand);
        self.last += 1;
        let (caller, number) = (demand.caller, self.last);
        let waiting = Waiting { number, since, counted, item };
        let callers = &mut self.levels[level];
        match callers.iter_mut().find(|known| known.caller == caller) {
            Some(known) => known.waiting.push_back(waiting),
            None => callers.push_back(Caller { caller, waiting: VecDeque::from([waiting]) }),
        }
        Ticket { level, caller, number }
    }

    fn level_of(&self, demand: Demand) -> usize {
        let (level, normal) = (demand.urgency.level(), Urgency::NORMAL.level());
        let urgent: usize = self.levels[..normal].iter().map(|callers| count(callers, demand.caller)).sum();
        if level < normal && urgent >= BELIEVED { normal } else { level }
    }

    /// The latest of the greediest caller among the least urgent, if the newcomer has a better claim.
    fn make_room(&mut self, newcomer: Demand) -> Option<T> {
        let level = self.level_of(newcomer);
        let least = (level..Urgency::LEVELS).rev().find(|at| self.levels[*at].iter().any(Caller::gives_way))?;
        let greediest = self.levels[least].iter().filter(|caller| caller.gives_way());
        let greediest = greediest.max_by_key(|caller| caller.waiting.len())?;
        if least == level && greediest.waiting.len() <= count(&self.levels[level], newcomer.caller) + 1 {
            return None;
        }
        let latest = greediest.waiting.iter().rev().find(|waiting| waiting.counted)?;
        let ticket = Ticket { level: least, caller: greediest.caller, number: latest.number };
        self.leave(ticket)
    }

    /// The next, and since when it waited.
    pub(super) fn next(&mut self, now: Instant) -> Option<(T, Duration)> {
        let first =
            |callers: &Level<T>| callers.iter().filter_map(|caller| caller.waiting.front()).map(|w| w.since).min();
        let due = |level: usize| Some(first(&self.levels[level])? + STEP * u32::try_from(level).unwrap_or(u32::MAX));
        let level = (0..Urgency::LEVELS).filter_map(|level| Some((due(level)?, level))).min()?.1;
        let mut caller = self.levels[level].pop_front()?;
        let next = caller.waiting.pop_front()?;
        if !caller.waiting.is_empty() {
            self.levels[level].push_back(caller);
        }
        self.counted -= usize::from(next.counted);
        Some((next.item, now.saturating_duration_since(next.since)))
    }

    /// Takes one out who no longer waits.
    pub(super) fn leave(&mut self, ticket: Ticket) -> Option<T> {
        let callers = &mut self.levels[ticket.level];
        let at = callers.iter().position(|known| known.caller == ticket.caller)?;
        let waiting = &mut callers[at].waiting;
        // Numbers rise along the queue.
        let found = waiting.binary_search_by_key(&ticket.number, |waiting| waiting.number).ok()?;
        let gone = waiting.remove(found)?;
        if waiting.is_empty() {
            callers.remove(at);
        }
        self.counted -= usize::from(gone.counted);
        Some(gone.item)
    }
}

impl<T> Caller<T> {
    fn gives_way(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.counted)
    }
}

fn count<T>(callers: &Level<T>, caller: u64) -> usize {
    callers.iter().find(|known| known.caller == caller).map_or(0, |known| known.waiting.len())
}

#[cfg(test)]
mod tests;
