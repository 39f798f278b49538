//! Ranges of time that a list of studies is asked for by, and how each is parted (PS3.4 §C.2.2.2.5).

use chrono::{Datelike, NaiveDate};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use index_model::StudyRecord;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// What matches an attribute without a value, where a peer knows of it (Empty Value Matching, PS3.4 §C.2.2.2). It is no date: who does not
/// know it finds nothing, or refuses.
const NO_VALUE: &str = "\"\"";
/// Where an open beginning is taken to be when nothing else tells where to part a range.
const FIRST_YEAR: i32 = 1900;

/// One part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Slice {
    /// Days of StudyDate; both ends belong to it, `None` is open.
    Days(Option<NaiveDate>, Option<NaiveDate>),
    /// Minutes of StudyTime on one day; the second does not belong to it.
    Minutes(NaiveDate, u16, u16),
    /// Studies without StudyDate.
    NoDate,
    /// Studies of one day without StudyTime.
    NoTime(NaiveDate),
}

impl Slice {
    /// The range of a filter; `None` when it is not one of days.
    pub(super) fn of((from, to): &(Option<String>, Option<String>)) -> Option<Self> {
        let day = |text: &Option<String>| match text {
            None => Some(None),
            Some(text) => NaiveDate::parse_from_str(text, "%Y%m%d").ok().map(Some),
        };
        Some(Self::Days(day(from)?, day(to)?))
    }

    /// Its matching keys.
    pub(super) fn keys(self) -> Vec<(Tag, String)> {
        let day = |date: NaiveDate| date.format("%Y%m%d").to_string();
        match self {
            Self::Days(None, None) => vec![(tags::STUDY_DATE, String::new())],
            Self::Days(Some(from), Some(to)) if from == to => vec![(tags::STUDY_DATE, day(from))],
            Self::Days(from, to) => {
                let end = |date: Option<NaiveDate>| date.map(day).unwrap_or_default();
                vec![(tags::STUDY_DATE, format!("{}-{}", end(from), end(to)))]
            }
            Self::Minutes(date, from, to) => {
                // Ranges share a second, so that no fraction of one falls between them, and no time that is told by its hour or minute alone, which
                // some take to be before its first second. So the first and last range are open.
                let time = |minute: u16| match minute {
                    0 | DAY => String::new(),
                    _ => format!("{:02}{:02}00", minute / 60, minute % 60),
                };
                vec![(tags::STUDY_DATE, day(date)), (tags::STUDY_TIME, format!("{}-{}", time(from), time(to)))]
            }
            Self::NoDate => vec![(tags::STUDY_DATE, NO_VALUE.into())],
            Self::NoTime(date) => vec![(tags::STUDY_DATE, day(date)), (tags::STUDY_TIME, NO_VALUE.into())],
        }
    }

    /// Whether it asks for what has no value, which not every peer understands.
    pub(super) const fn is_unvalued(self) -> bool {
        matches!(self, Self::NoDate | Self::NoTime(_))
    }

    /// Where a match lies, as a day or as a minute of one; `None` when the match does not say, or the slice is not parted.
    pub(super) fn place(self, study: &StudyRecord) -> Option<i32> {
        match self {
            Self::Days(..) => date_of(study).map(|date| date.num_days_from_ce()),
            Self::Minutes(..) => minute_of(study).map(i32::from),
            Self::NoDate | Self::NoTime(_) => None,
        }
    }

    /// Whether a match that lies there was asked for. A peer that ignores the key answers with others.
    pub(super) fn holds(self, place: i32) -> bool {
        match self {
            Self::Days(from, to) => {
                from.is_none_or(|from| from.num_days_from_ce() <= place)
                    && to.is_none_or(|to| place <= to.num_days_from_ce())
            }
            // The second that ranges share.
            Self::Minutes(_, from, to) => (i32::from(from)..=i32::from(to)).contains(&place),
            Self::NoDate | Self::NoTime(_) => true,
        }
    }

    /// Two halves, the later one first, where the middle of the matches that came lies, or of the range when none did; and what has no value at all.
    /// `None` when there is nothing smaller.
    pub(super) fn parted(self, places: &mut [i32], today: NaiveDate) -> Option<Vec<Self>> {
        let at = places.len() / 2;
        let middle = (!places.is_empty()).then(|| *places.select_nth_unstable(at).1);
        match self {
            Self::Days(Some(from), Some(to)) if from == to => {
                Some(vec![Self::Minutes(from, DAY / 2, DAY), Self::Minutes(from, 0, DAY / 2), Self::NoTime(from)])
            }
            Self::Days(from, to) => {
                let first = from.or_else(|| NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1)).unwrap_or_default();
                let last = to.unwrap_or(today);
                if middle.is_none() && first >= last {
                    return None;
                }
                let middle = middle.unwrap_or_else(|| first.num_days_from_ce().midpoint(last.num_days_from_ce()));
                // The earlier half ends before the range does, so that each part is smaller.
                let middle = NaiveDate::from_num_days_from_ce_opt(middle).unwrap_or(first);
                let middle = to.map_or(middle, |to| middle.min(to.pred_opt().unwrap_or(to)));
                let middle = from.map_or(middle, |from| middle.max(from));
                let next = middle.succ_opt()?;
                let halves = [Self::Days(Some(next), to), Self::Days(from, Some(middle))];
                let undated = (from.is_none() && to.is_none()).then_some(Self::NoDate);
                Some(halves.into_iter().chain(undated).collect())
            }
            Self::Minutes(_, from, to) if to - from <= 1 => None,
            Self::Minutes(date, from, to) => {
                let middle = middle.and_then(|minute| u16::try_from(minute).ok()).unwrap_or(from.midpoint(to));
                let middle = middle.clamp(from + 1, to - 1);
                Some(vec![Self::Minutes(date, middle, to), Self::Minutes(date, from, middle)])
            }
            Self::NoDate | Self::NoTime(_) => None,
        }
    }
}

fn date_of(study: &StudyRecord) -> Option<NaiveDate> {
    let digits: String = study.study_date.as_deref()?.chars().filter(char::is_ascii_digit).collect();
    NaiveDate::parse_from_str(&digits, "%Y%m%d").ok()
}

fn minute_of(study: &StudyRecord) -> Option<u16> {
    let digits: String = study.study_time.as_deref()?.chars().filter(char::is_ascii_digit).collect();
    let hour: u16 = digits.get(0..2)?.parse().ok()?;
    let minute: u16 = digits.get(2..4).unwrap_or("0").parse().ok()?;
    Some(hour * 60 + minute).filter(|minute| *minute < DAY)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        NaiveDate::parse_from_str(text, "%Y%m%d").unwrap()
    }

    fn value(slice: Slice) -> String {
        slice.keys().into_iter().map(|(_, value)| value).collect::<Vec<_>>().join(" ")
    }

    /// The keys of the parts of a slice whose matches lie on these days.
    fn parts(slice: Slice, days: &[&str]) -> Vec<String> {
        let mut places: Vec<i32> = days.iter().map(|text| day(text).num_days_from_ce()).collect();
        slice.parted(&mut places, day("20261126")).into_iter().flatten().map(value).collect()
    }

    #[test]
    fn days_part_where_the_matches_lie_and_in_the_middle_when_there_are_none() {
        let all = Slice::Days(None, None);
        assert_eq!(parts(all, &[]), ["19630616-", "-19630615", "\"\""]);
        assert_eq!(parts(all, &["20200101", "20240101", "20250101"]), ["20240102-", "-20240101", "\"\""]);
        let year = Slice::Days(Some(day("20240101")), Some(day("20241231")));
        assert_eq!(parts(year, &["20241231"]), ["20241231", "20240101-20241230"]);
        assert_eq!(parts(year, &["20240101"]), ["20240102-20241231", "20240101"]);
        assert_eq!(
            parts(Slice::Days(Some(day("20300101")), None), &[]),
            [""; 0],
            "there is no middle of what is to come"
        );
    }

    #[test]
    fn a_day_parts_down_to_minutes_that_leave_no_gap() {
        let day = day("20240131");
        let whole = Slice::Days(Some(day), Some(day));
        assert_eq!(
            whole.parted(&mut [], day).unwrap().into_iter().map(value).collect::<Vec<_>>(),
            ["20240131 120000-", "20240131 -120000", "20240131 \"\""]
        );
        let (mut todo, mut minutes) = (vec![Slice::Minutes(day, 0, DAY)], Vec::new());
        while let Some(slice) = todo.pop() {
            match slice.parted(&mut [], day) {
                Some(parts) => todo.extend(parts),
                None => minutes.push(slice),
            }
        }
        let expected: Vec<_> = (0..DAY).map(|minute| Slice::Minutes(day, minute, minute + 1)).collect();
        assert_eq!(minutes, expected);
        assert!(Slice::Minutes(day, 0, 1).holds(1) && !Slice::Minutes(day, 0, 1).holds(2));
    }
}
