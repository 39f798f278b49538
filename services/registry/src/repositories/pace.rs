//! How quickly a repository gives objects, as it was measured lately.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The weight of the last measurement; four make most of the number.
const WEIGHT: f64 = 0.4;
/// Longer ago than this it is not known any more: who was slow once is tried again.
const LATELY_MS: i64 = 10 * 60_000;
/// Less than this counts as this: of a small object the wait is all.
const LEAST_BYTES: f64 = (1 << 20) as f64;

/// Milliseconds for a mebibyte, from the question to the last byte, smoothed.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<Option<(f64, i64)>>);

impl Pace {
    /// So many bytes came, so long after they were asked for.
    pub(crate) fn measured(&self, bytes: u64, took: Duration, now_ms: i64) {
        let now = took.as_secs_f64() * 1000.0 / (bytes as f64).max(LEAST_BYTES) * LEAST_BYTES;
        let before = self.lately(now_ms);
        let smoothed = before.map_or(now, |before| before + WEIGHT * (now - before));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((smoothed, now_ms));
    }

    /// `None` when it was not measured lately.
    pub(crate) fn lately(&self, now_ms: i64) -> Option<f64> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.filter(|(_, at_ms)| now_ms - at_ms < LATELY_MS).map(|(pace, _)| pace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_follows_what_is_measured_and_is_forgotten() {
        let pace = Pace::default();
        assert_eq!(pace.lately(0), None);
        pace.measured(10 << 20, Duration::from_secs(1), 0);
        assert_eq!(pace.lately(0), Some(100.0));
        pace.measured(1, Duration::from_millis(600), 1);
        assert_eq!(pace.lately(1), Some(300.0), "of a small object the wait is all");
        (0..10).for_each(|_| pace.measured(1 << 20, Duration::from_millis(50), 2));
        assert!(pace.lately(2).is_some_and(|ms| ms < 60.0));
        assert_eq!(pace.lately(2 + LATELY_MS), None);
    }
}
