//! Which of several copies of a series is asked for an instance: who answers before who is away, the whole before the part, the quick
//! before the slow, and who gave the header that is shown before all that are no better.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use index_model::RepositoryCode;
use index_store::SeriesCopy;

use crate::Registry;

/// Who is this many times as slow as the quickest is asked after it. Less is the chance of one fetch.
const MUCH_SLOWER: f64 = 2.0;
/// And this many milliseconds for a mebibyte slower: less nobody notices.
const NOTICED_MS: f64 = 100.0;
/// Copies of which it is remembered that they are others than what is shown; with more, all are forgotten.
const MOST_REMEMBERED: usize = 10_000;

/// What is known of one copy.
#[derive(Debug, Clone, PartialEq)]
struct Copy {
    repository: RepositoryCode,
    /// It gave the header that is shown.
    is_shown: bool,
    answers: bool,
    /// It declares as many instances as any.
    is_whole: bool,
    /// It gave another object under this UID before.
    is_other: bool,
    /// Measured milliseconds for a mebibyte.
    pace: Option<f64>,
}

/// Copies that gave something else than what is shown; asking them again for it is of no use.
#[derive(Debug, Default)]
pub(crate) struct Others(Mutex<HashSet<(i64, RepositoryCode)>>);

impl Others {
    fn contains(&self, series_key: i64, code: &RepositoryCode) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&(series_key, code.clone()))
    }

    pub(crate) fn note(&self, series_key: i64, code: &RepositoryCode) {
        let mut others = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if others.len() >= MOST_REMEMBERED {
            others.clear();
        }
        others.insert((series_key, code.clone()));
    }
}

impl Registry {
    /// The repositories that can be asked for an instance of a series, the best first. `shown` gave the header that is shown.
    pub(crate) fn in_turn(
        &self,
        copies: &[SeriesCopy],
        series_key: i64,
        shown: &RepositoryCode,
    ) -> Vec<RepositoryCode> {
        let most = copies.iter().filter_map(|copy| copy.number_of_instances).max();
        let known = copies.iter().filter_map(|copy| {
            let code = &copy.repository;
            let is_shown = code == shown;
            // By its UID or, who gave the header, by the file that it was read from.
            if !is_shown && !self.can_be_asked(code) {
                return None;
            }
            let entry = self.0.directory.entry(code)?;
            Some(Copy {
                repository: code.clone(),
                is_shown,
                answers: self.answers(code),
                is_whole: copy.number_of_instances >= most,
                is_other: self.0.others.contains(series_key, code),
                pace: entry.pace.lately(self.0.clock.now_ms()),
            })
        });
        best_first(known.collect())
    }
}

fn best_first(mut copies: Vec<Copy>) -> Vec<RepositoryCode> {
    let quickest = copies.iter().filter(|copy| copy.answers).filter_map(|copy| copy.pace).reduce(f64::min);
    let is_slow = |copy: &Copy| match (copy.pace, quickest) {
        (Some(pace), Some(quickest)) => pace > (quickest * MUCH_SLOWER).max(quickest + NOTICED_MS),
        _ => false,
    };
    copies.sort_by_key(|copy| (!copy.answers, copy.is_other, !copy.is_whole, is_slow(copy), !copy.is_shown));
    copies.into_iter().map(|copy| copy.repository).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn copy(code: &str, change: impl FnOnce(&mut Copy)) -> Copy {
        let repository = RepositoryCode::parse(code).unwrap();
        let mut copy = Copy { repository, is_shown: false, answers: true, is_whole: true, is_other: false, pace: None };
        change(&mut copy);
        copy
    }

    fn first(copies: Vec<Copy>) -> String {
        best_first(copies)[0].to_string()
    }

    #[test]
    fn who_gave_the_header_is_asked_unless_another_is_better() {
        let shown = || copy("shown", |copy| copy.is_shown = true);
        assert_eq!(first(vec![copy("other", |_| ()), shown()]), "shown");
        let away = copy("shown", |copy| (copy.is_shown, copy.answers) = (true, false));
        assert_eq!(first(vec![away, copy("other", |_| ())]), "other");
        let part = copy("shown", |copy| (copy.is_shown, copy.is_whole) = (true, false));
        assert_eq!(first(vec![part, copy("other", |_| ())]), "other");
    }

    #[test]
    fn much_slower_is_asked_later_and_a_little_slower_is_not() {
        let slow = |pace| copy("shown", |copy| (copy.is_shown, copy.pace) = (true, Some(pace)));
        let quick = || copy("quick", |copy| copy.pace = Some(200.0));
        assert_eq!(first(vec![slow(401.0), quick()]), "quick");
        assert_eq!(first(vec![quick(), slow(399.0)]), "shown");
        let quicker = || copy("quick", |copy| copy.pace = Some(10.0));
        assert_eq!(first(vec![quicker(), slow(109.0)]), "shown", "ten times as slow, and nobody notices");
        assert_eq!(first(vec![quicker(), slow(111.0)]), "quick");
        let unknown = copy("shown", |copy| copy.is_shown = true);
        assert_eq!(first(vec![quick(), unknown]), "shown", "one that was never measured is not slow");
        let quick_and_away = copy("quick", |copy| (copy.answers, copy.pace) = (false, Some(10.0)));
        assert_eq!(first(vec![quick_and_away, slow(500.0)]), "shown");
    }

    #[test]
    fn what_is_another_object_is_not_asked_for_because_it_is_quick_or_whole() {
        let other = copy("other", |copy| (copy.is_other, copy.pace) = (true, Some(1.0)));
        let shown = copy("shown", |copy| {
            (copy.is_shown, copy.is_whole, copy.pace) = (true, false, Some(90.0));
        });
        assert_eq!(first(vec![other, shown]), "shown");
    }
}
