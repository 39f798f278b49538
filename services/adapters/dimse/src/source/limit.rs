//! At how many matches a repository stops an answer to C-FIND: configured, said by a status, or found out.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dimse::message::Status;

use super::slices::Slice;

/// Answers of fewer matches are not taken for cut off unless somebody says so.
const FEWEST: u64 = 100;
/// Lengths of answers that are remembered.
const REMEMBERED: usize = 32;

/// What is known of where a repository stops.
#[derive(Debug, Default)]
pub(super) struct Limit {
    configured: Option<u64>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
pub(super) struct Known {
    /// As its own answers proved.
    pub(super) proved: Option<u64>,
    /// Lengths of late, each with the range that it was the answer to.
    lengths: VecDeque<(u64, Slice)>,
    /// Whether it fails when it is asked for what has no value.
    pub(super) knows_only_values: bool,
}

/// Whether an answer is all that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    /// It may be cut off.
    Suspect,
    /// It is.
    Cut,
}

impl Limit {
    pub(super) fn new(configured: Option<u32>) -> Self {
        Self { configured: configured.map(u64::from), known: Mutex::default() }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a number of matches tells. The same for two ranges, or a round one, may be the peer's limit.
    pub(super) fn verdict(&self, slice: Slice, matches: u64) -> Verdict {
        let mut known = self.known();
        if self.configured.is_some_and(|limit| matches >= limit) || known.proved == Some(matches) {
            return Verdict::Cut;
        }
        if matches < FEWEST {
            return Verdict::Whole;
        }
        let is_again = known.lengths.iter().any(|(length, of)| *length == matches && *of != slice);
        known.lengths.retain(|(_, of)| *of != slice);
        known.lengths.push_back((matches, slice));
        if known.lengths.len() > REMEMBERED {
            known.lengths.pop_front();
        }
        if is_again || is_round(matches) { Verdict::Suspect } else { Verdict::Whole }
    }
}

const fn is_round(matches: u64) -> bool {
    matches.is_multiple_of(50) || matches.is_power_of_two()
}

/// What archives say when a list is longer than they give: out of resources, that they cancelled it, or after some matches that they can't go on.
pub(super) fn may_be_limit(status: Status, matches: u64) -> bool {
    match status {
        Status::OUT_OF_RESOURCES | Status(0xA701) | Status::CANCELLED => true,
        Status(0xC000..=0xCFFF) => matches > 0,
        _ => false,
    }
}
