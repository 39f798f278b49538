//! How a repository is doing: the circuit breaker, and since when it gives nothing.
//!
//! After some failures in a row the circuit is open and the repository is not asked. When the pause is over it is half open: one request
//! goes, and its answer closes the circuit or doubles the pause. Whoever asks a repository asks here first: fetches and the synchroniser.
//!
//! One that declines is not asked again and again either: wrong credentials that come often enough lock an account. It is told apart from
//! one that is down, because somebody else must mend it.

use std::sync::PoisonError;
use std::time::Duration;

use adapter_api::SourceError;
use index_store::Trouble;
use runtime::Stopped;

/// After so many failures in a row a repository is not asked for a while.
const FAILURES_TO_OPEN: u32 = 3;
/// Not asked for so long, doubling up to sixteen times this; up to half of it is left to chance.
const PAUSE_MS: i64 = 2_000;
/// A probe that has not ended after so long makes room for another.
const PROBE_MS: i64 = 10_000;

/// How a repository is doing.
#[derive(Debug, Default)]
pub(crate) struct Health(std::sync::Mutex<Condition>);

#[derive(Debug, Default, Clone, Copy)]
struct Condition {
    failures: u32,
    failed_ms: i64,
    /// While the circuit is open or a probe is on its way: when it may be asked next.
    ask_again_ms: i64,
    /// Why it gives nothing, and since when.
    trouble: Option<(Trouble, i64)>,
    /// The same, as another node found it.
    told: Option<(Trouble, i64)>,
}

impl Health {
    fn with<T>(&self, act: impl FnOnce(&mut Condition) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Leave to ask it once. Of several that ask when the pause is over, one gets it.
    pub(crate) fn may_ask(&self, now_ms: i64) -> bool {
        self.with(|condition| {
            if condition.failures < FAILURES_TO_OPEN {
                return true;
            }
            let is_over = now_ms >= condition.ask_again_ms;
            if is_over {
                condition.ask_again_ms = now_ms + PROBE_MS;
            }
            is_over
        })
    }

    /// How long until it may be asked.
    pub(crate) fn pause(&self, now_ms: i64) -> Duration {
        let ms = self.with(|condition| match condition.failures {
            0..FAILURES_TO_OPEN => 0,
            _ => condition.ask_again_ms - now_ms,
        });
        Duration::from_millis(ms.max(0).cast_unsigned())
    }

    /// Why it gives nothing, and since when.
    pub(crate) fn trouble(&self) -> Option<(Trouble, i64)> {
        self.with(|condition| condition.trouble.or(condition.told))
    }

    /// Since when it gives nothing, for whatever reason.
    pub(crate) fn down_since_ms(&self) -> Option<i64> {
        self.trouble().map(|(_, since_ms)| since_ms)
    }

    pub(crate) fn answered(&self) {
        self.with(|condition| *condition = Condition::default());
    }

    /// Counts failures that say the repository is unwell. That it does not hold something is an answer.
    pub(crate) fn failed(&self, error: &SourceError, now_ms: i64) {
        let trouble = match error {
            SourceError::NotFound { .. } | SourceError::Incomplete { .. } => return self.answered(),
            SourceError::Stopped(Stopped::Cancelled) => return,
            SourceError::Refused { .. } => Trouble::Refused,
            SourceError::Unavailable { .. }
            | SourceError::Malformed { .. }
            | SourceError::Stopped(Stopped::DeadlinePassed) => Trouble::Down,
        };
        self.with(|condition| {
            condition.failures = condition.failures.saturating_add(1);
            condition.failed_ms = now_ms;
            if condition.trouble.is_none_or(|(before, _)| before != trouble) {
                condition.trouble = Some((trouble, now_ms));
            }
            if condition.failures >= FAILURES_TO_OPEN {
                let doubled = (condition.failures - FAILURES_TO_OPEN).min(4);
                condition.ask_again_ms = now_ms + spread_ms(PAUSE_MS << doubled, chance());
            }
        });
    }

    /// What the node that follows the repository found: why it gives nothing and since when, and when it answered last.
    pub(crate) fn told(&self, trouble: Option<(Trouble, i64)>, last_contact_ms: Option<i64>) {
        self.with(|condition| {
            if trouble.is_none() && last_contact_ms.is_some_and(|at_ms| at_ms > condition.failed_ms) {
                *condition = Condition::default();
            }
            condition.told = trouble;
        });
    }

    /// Its definition is another now: it is asked at once, and is down until it answers.
    pub(crate) fn defined_anew(&self) {
        self.with(|condition| condition.ask_again_ms = 0);
    }
}

/// A pause between half of this and all of it, so that those who wait do not come back together.
pub(crate) fn spread_ms(pause_ms: i64, chance: u8) -> i64 {
    pause_ms / 2 + pause_ms / 2 * i64::from(chance) / i64::from(u8::MAX)
}

/// The same for a duration.
pub(crate) fn spread(pause: Duration) -> Duration {
    pause / 2 + pause / 2 * u32::from(chance()) / u32::from(u8::MAX)
}

fn chance() -> u8 {
    uuid::Uuid::new_v4().as_bytes()[0]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use index_model::RepositoryCode;

    fn unavailable() -> SourceError {
        SourceError::Unavailable { repository: RepositoryCode::parse("neodin").unwrap(), cause: "refused".into() }
    }

    fn opened(at_ms: i64) -> Health {
        let health = Health::default();
        (0..FAILURES_TO_OPEN).for_each(|_| health.failed(&unavailable(), at_ms));
        health
    }

    #[test]
    fn a_circuit_opens_after_some_failures_and_lets_one_probe_through_when_the_pause_is_over() {
        let health = Health::default();
        health.failed(&unavailable(), 0);
        assert!(health.may_ask(0) && health.may_ask(0), "one failure is not enough");
        let health = opened(0);
        assert!(!health.may_ask(PAUSE_MS / 2 - 1));
        assert!(health.may_ask(PAUSE_MS), "half open");
        assert!(!health.may_ask(PAUSE_MS), "one probe at a time");
        health.failed(&unavailable(), PAUSE_MS);
        assert!(!health.may_ask(PAUSE_MS + PAUSE_MS - 1), "the pause has doubled");
        assert!(health.may_ask(PAUSE_MS + 2 * PAUSE_MS));
        health.answered();
        assert!(health.may_ask(PAUSE_MS) && health.may_ask(PAUSE_MS), "closed again");
        assert_eq!(health.down_since_ms(), None);
    }

    #[test]
    fn a_probe_that_never_ends_makes_room_for_another() {
        let health = opened(0);
        assert!(health.may_ask(PAUSE_MS));
        assert!(!health.may_ask(PAUSE_MS + PROBE_MS - 1));
        assert!(health.may_ask(PAUSE_MS + PROBE_MS));
    }

    #[test]
    fn pauses_end_and_are_not_all_alike() {
        let health = opened(0);
        (0..100).for_each(|_| health.failed(&unavailable(), 0));
        assert!(health.pause(0) <= Duration::from_millis((PAUSE_MS << 4).cast_unsigned()));
        assert!(health.pause(0) >= Duration::from_millis((PAUSE_MS << 3).cast_unsigned()));
        assert_eq!((spread_ms(1000, 0), spread_ms(1000, 255)), (500, 1000));
        let pauses: std::collections::BTreeSet<_> = (0..50).map(|_| spread(Duration::from_secs(60))).collect();
        assert!(pauses.len() > 10, "left to chance");
    }

    #[test]
    fn a_changed_definition_is_tried_at_once_and_its_repository_is_down_until_it_answers() {
        let health = opened(7);
        health.defined_anew();
        assert!(health.may_ask(8));
        assert_eq!(health.down_since_ms(), Some(7));
    }

    #[test]
    fn what_another_node_found_counts_until_it_finds_otherwise() {
        let health = Health::default();
        health.told(Some((Trouble::Down, 5)), None);
        assert_eq!(health.down_since_ms(), Some(5));
        assert!(health.may_ask(6), "this node may find out for itself");
        health.told(None, Some(9));
        assert_eq!(health.down_since_ms(), None);
        let health = opened(10);
        health.told(None, Some(9));
        assert_eq!(health.down_since_ms(), Some(10), "its answer is older than our failure");
        health.told(None, Some(11));
        assert_eq!(health.down_since_ms(), None);
    }

    #[test]
    fn one_that_declines_is_asked_less_and_is_not_taken_for_one_that_is_down() {
        let repository = RepositoryCode::parse("neodin").unwrap();
        let refused = SourceError::Refused { repository, reason: "status 401".into() };
        let health = Health::default();
        (1..=3).for_each(|at_ms| health.failed(&refused, at_ms));
        assert_eq!(health.trouble(), Some((Trouble::Refused, 1)));
        assert!(!health.may_ask(4), "an account is not locked by asking on and on");
        health.failed(&unavailable(), 9_000);
        assert_eq!(health.trouble(), Some((Trouble::Down, 9_000)), "now it is down");
        health.answered();
        assert_eq!(health.trouble(), None);
        health.told(Some((Trouble::Refused, 5)), None);
        assert_eq!(health.trouble(), Some((Trouble::Refused, 5)), "as another node found it");
    }

    #[test]
    fn that_it_does_not_hold_something_is_an_answer() {
        let health = opened(0);
        health.failed(&SourceError::NotFound { repository: RepositoryCode::parse("neodin").unwrap() }, 1);
        assert_eq!(health.down_since_ms(), None);
    }
}
