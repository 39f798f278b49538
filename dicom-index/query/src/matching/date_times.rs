//! Matching of date-times, VR DT: PS3.4 §C.2.2.2.5.3.

use crate::Rule;
use crate::text::filled;

/// Date-times are compared in UTC where both sides state their offset from it (PS3.4 §C.2.2.2.5.3), else as they are written: most values
/// have none, and those of one service have the same.
pub(super) fn matches(rule: &Rule, text: &str) -> bool {
    let bounds = |rule: &Rule| match rule {
        Rule::Equals(one) => Some((Some(one.clone()), Some(one.clone()))),
        Rule::Range(from, to) => Some((from.clone(), to.clone())),
        _ => None,
    };
    let is_in = |from: Option<&str>, to: Option<&str>| {
        let compared = |wanted: Option<&str>, of_wanted: fn(&str) -> Option<String>, fits: fn(&str, &str) -> bool| {
            let Some(wanted) = wanted else { return date_time_begin(text).is_some() };
            let (Some(at), Some(bound)) = (date_time_begin(text), of_wanted(wanted)) else { return false };
            match (offset_minutes(text), offset_minutes(wanted)) {
                (Some(value), Some(asked)) => match (in_utc(&at, value), in_utc(&bound, asked)) {
                    (Some(at), Some(bound)) => fits(&at, &bound),
                    _ => false,
                },
                _ => fits(&at, &bound),
            }
        };
        compared(from, date_time_begin, |at, from| from <= at) && compared(to, date_time_end, |at, to| at <= to)
    };
    match rule {
        Rule::Universal => date_time_begin(text).is_some(),
        Rule::AnyOf(wanted) => wanted.iter().any(|wanted| is_in(Some(wanted), Some(wanted))),
        rule => bounds(rule).is_some_and(|(from, to)| is_in(from.as_deref(), to.as_deref())),
    }
}

/// What `&ZZXX` at the end of a DT says, in minutes east of Greenwich (PS3.5 §6.2).
fn offset_minutes(text: &str) -> Option<i64> {
    let at = text.find(['+', '-'])?;
    let (sign, digits) = text.get(at..)?.trim_end().split_at(1);
    let two = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    let plain = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    let minutes = two(0..2)? * 60 + two(2..4)?;
    plain.then_some(if sign == "-" { -minutes } else { minutes })
}

/// A filled date-time, moved from its offset to UTC.
fn in_utc(filled: &str, offset_minutes: i64) -> Option<String> {
    let number = |range: std::ops::Range<usize>| filled.get(range)?.parse::<i64>().ok();
    let days = days_of(number(0..4)?, number(4..6)?, number(6..8)?);
    let minutes = days * 1440 + number(8..10)? * 60 + number(10..12)? - offset_minutes;
    let (year, month, day) = date_of(minutes.div_euclid(1440));
    let of_day = minutes.rem_euclid(1440);
    // Beyond the four digits of a year it is as early, or as late, as it gets.
    if !(0..=9999).contains(&year) {
        return Some(filled.to_owned());
    }
    Some(format!("{year:04}{month:02}{day:02}{:02}{:02}{}", of_day / 60, of_day % 60, filled.get(12..)?))
}

/// Days since 0000-03-01 in the Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 153 + 2) / 5 + day - 1
}

/// The date that is so many days after 0000-03-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + later, month, day)
}

/// Without its offset from UTC.
fn local(text: &str) -> &str {
    text.split(['+', '-']).next().unwrap_or_default()
}

fn date_time_begin(text: &str) -> Option<String> {
    filled(local(text), "00000101000000000000")
}

fn date_time_end(text: &str) -> Option<String> {
    filled(local(text), "99991231235959999999")
}

#[cfg(test)]
mod tests {
    use super::{date_of, days_of, in_utc};

    #[test]
    fn moving_to_utc_crosses_days_months_and_years() {
        for (local, minutes, utc) in [
            ("20240115103015000000", -300, "20240115153015000000"),
            ("20231231233000000000", -60, "20240101003000000000"),
            ("20240301003000000000", 60, "20240229233000000000"),
            ("21000301003000123456", 60, "21000228233000123456"),
            ("99991231233000000000", -60, "99991231233000000000"),
        ] {
            assert_eq!(in_utc(local, minutes).as_deref(), Some(utc), "{local}");
        }
        for day in (700_000..740_000).step_by(37) {
            let (year, month, of_month) = date_of(day);
            assert_eq!(days_of(year, month, of_month), day);
        }
    }
}
