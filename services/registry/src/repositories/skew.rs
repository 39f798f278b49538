//! Whose clock is wrong: what a source says of when it sent (MSH-7 of messages, `Date` of answers over HTTP), beside when that came.
//!
//! A message may have waited, so that a source seems to be behind; it can't come before it was sent. The one that waited least of the last
//! ones is nearest to the truth; the second of them, so that one wrong time alone raises nothing.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Messages that are remembered.
const REMEMBERED: usize = 16;
/// More than this is told.
const TOLERATED_MS: i64 = 5 * 60 * 1000;
/// What is older has waited, or is sent again: no clock that is used is so much behind.
const MOST_BEHIND_MS: i64 = 25 * 3_600_000;

/// What tells of a source's clock: two machines, perhaps, of which either may be wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told {
    Message,
    Answer,
}

/// The clocks of one source.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    messages: Mutex<VecDeque<i64>>,
    answers: Mutex<VecDeque<i64>>,
}

impl Watch {
    /// Something came that says when it was sent; how far the clock is off now, where that is too much.
    pub(crate) fn heard(&self, told: Told, ahead_ms: i64) -> Option<i64> {
        if ahead_ms >= -MOST_BEHIND_MS {
            let of = match told {
                Told::Message => &self.messages,
                Told::Answer => &self.answers,
            };
            let mut heard = of.lock().unwrap_or_else(PoisonError::into_inner);
            if heard.len() == REMEMBERED {
                heard.pop_front();
            }
            heard.push_back(ahead_ms);
        }
        self.skew_ms()
    }

    /// How far the clock that is further off is ahead of ours, or behind where it is negative; `None` within five minutes, or where too little
    /// was heard.
    pub(crate) fn skew_ms(&self) -> Option<i64> {
        [&self.messages, &self.answers].into_iter().filter_map(skew_of).max_by_key(|ahead_ms| ahead_ms.abs())
    }
}

fn skew_of(heard: &Mutex<VecDeque<i64>>) -> Option<i64> {
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    let mut sorted: Vec<i64> = heard.iter().copied().collect();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    sorted.get(1).copied().filter(|ahead_ms| ahead_ms.abs() > TOLERATED_MS)
}

#[cfg(test)]
mod tests {
    use super::{Told, Watch};

    const MINUTE: i64 = 60_000;

    fn heard(ahead: &[i64]) -> Option<i64> {
        let watch = Watch::default();
        ahead.iter().for_each(|minutes| {
            watch.heard(Told::Message, minutes * MINUTE);
        });
        watch.skew_ms().map(|ms| ms / MINUTE)
    }

    #[test]
    fn a_clock_that_is_off_is_told_by_the_messages_that_waited_least() {
        assert_eq!(heard(&[7, 7, 6, 7]), Some(7), "ahead");
        assert_eq!(heard(&[-420, -425, -420, -500]), Some(-420), "seven hours behind");
        assert_eq!(heard(&[4, 5, -5]), None, "within five minutes");
    }

    #[test]
    fn two_machines_of_one_source_have_two_clocks() {
        let watch = Watch::default();
        for minutes in [0, 0, 0] {
            watch.heard(Told::Message, minutes * MINUTE);
        }
        for minutes in [-420, -420, -421] {
            watch.heard(Told::Answer, minutes * MINUTE);
        }
        assert_eq!(watch.skew_ms(), Some(-420 * MINUTE));
    }

    #[test]
    fn messages_that_waited_or_one_wrong_time_raise_nothing() {
        assert_eq!(heard(&[-90, -60, -30, 0, 0]), None, "an outage is over");
        assert_eq!(heard(&[0, 0, 600, 0]), None, "one message alone");
        assert_eq!(heard(&[-3 * 1440, -3 * 1440]), None, "three days of messages are sent again");
        assert_eq!(heard(&[30]), None, "nothing to compare it with");
        assert_eq!(heard(&[vec![30, 30], vec![0; 16]].concat()), None, "it was put right");
    }
}
