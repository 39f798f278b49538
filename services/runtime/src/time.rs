//! Time stamps of HL7 (v2.5 §2.A.22) and DICOM (PS3.5 §6.2, DT): `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]`.

use chrono::{LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone};
pub use chrono_tz::Tz;

/// The zone of times that carry none: the source's, else Toronto's.
pub fn zone(name: &str) -> Tz {
    name.trim().parse().unwrap_or(chrono_tz::America::Toronto)
}

/// Unix milliseconds, or `None` when the text is no time. What a short time leaves out counts as its first moment.
pub fn instant_ms(text: &str, zone: Tz) -> Option<i64> {
    let (clock, offset) = match text.find(['+', '-']) {
        Some(at) => (&text[..at], Some(offset_seconds(&text[at..])?)),
        None => (text, None),
    };
    let local = local_time(clock.trim())?;
    match offset {
        Some(seconds) => Some(local.checked_sub_signed(TimeDelta::seconds(seconds))?.and_utc().timestamp_millis()),
        None => in_zone(local, zone),
    }
}

fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, digits) = text.split_at_checked(1)?;
    let digits = digits.trim();
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    let seconds = hours * 3600 + minutes * 60;
    (hours <= 14 && minutes < 60).then_some(if sign == "-" { -seconds } else { seconds })
}

fn local_time(text: &str) -> Option<NaiveDateTime> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || !matches!(whole.len(), 4 | 6 | 8 | 10 | 12 | 14) {
        return None;
    }
    let part = |from: usize, to: usize, or: u32| match whole.get(from..to) {
        Some(text) => text.parse::<u32>().ok(),
        None => Some(or),
    };
    let year = i32::try_from(part(0, 4, 0)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, part(4, 6, 1)?, part(6, 8, 1)?)?;
    // A leap second is the last moment of its minute.
    let second = part(12, 14, 0)?;
    let second = if second == 60 { 59 } else { second };
    let millisecond = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    date.and_hms_milli_opt(part(8, 10, 0)?, part(10, 12, 0)?, second, millisecond)
}

/// In autumn an hour comes twice: the first is taken. In spring one is left out: the clock is read as if it had been moved on.
fn in_zone(local: NaiveDateTime, zone: Tz) -> Option<i64> {
    let instant = match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant,
        LocalResult::None => zone.from_local_datetime(&local.checked_add_signed(TimeDelta::hours(1))?).earliest()?,
    };
    Some(instant.timestamp_millis())
}

/// A birth date as DICOM writes it, `YYYYMMDD`; `None` unless the day is given and exists.
pub fn birth_date(text: &str) -> Option<String> {
    let day = text.get(..8).filter(|day| day.bytes().all(|b| b.is_ascii_digit()))?;
    NaiveDate::parse_from_str(day, "%Y%m%d").ok().map(|_| day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{birth_date, instant_ms, zone};
    use chrono::DateTime;
    use proptest::prelude::*;

    fn utc(text: &str) -> Option<String> {
        let ms = instant_ms(text, zone("America/Toronto"))?;
        DateTime::from_timestamp_millis(ms).map(|time| time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }

    #[test]
    fn an_offset_wins_over_the_zone() {
        assert_eq!(utc("20120713101438-0400").as_deref(), Some("2012-07-13T14:14:38.000Z"));
        assert_eq!(utc("20260110093000.25+0530").as_deref(), Some("2026-01-10T04:00:00.250Z"));
    }

    #[test]
    fn without_an_offset_the_zone_of_the_source_counts() {
        assert_eq!(utc("202601100930").as_deref(), Some("2026-01-10T14:30:00.000Z"));
        assert_eq!(utc("20260710").as_deref(), Some("2026-07-10T04:00:00.000Z"));
        assert_eq!(zone("Mars/Olympus"), chrono_tz::America::Toronto);
    }

    #[test]
    fn the_hour_that_comes_twice_and_the_hour_that_never_comes() {
        assert_eq!(utc("20261101013000").as_deref(), Some("2026-11-01T05:30:00.000Z"));
        assert_eq!(utc("20260308023000").as_deref(), Some("2026-03-08T07:30:00.000Z"));
    }

    #[test]
    fn northwestern_ontario_has_its_own_zones() {
        let of = |text: &str, name: &str| {
            DateTime::from_timestamp_millis(instant_ms(text, zone(name))?).map(|at| at.format("%H:%M").to_string())
        };
        // Kenora keeps Winnipeg's time; Atikokan never moves its clock.
        for (name, winter, summer) in [
            ("America/Toronto", "14:30", "13:30"),
            ("America/Winnipeg", "15:30", "14:30"),
            ("America/Atikokan", "14:30", "14:30"),
        ] {
            assert_eq!(of("202601100930", name).as_deref(), Some(winter), "{name}");
            assert_eq!(of("202607100930", name).as_deref(), Some(summer), "{name}");
        }
        assert_eq!(of("20261101013000", "America/Atikokan").as_deref(), Some("06:30"), "once only");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for wrong in
            ["", "2026133", "20261331", "20260110250000", "now", "20260110-99", "20260110093000-2500", "é0260110"]
        {
            assert_eq!(utc(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_birth_date_needs_its_day() {
        assert_eq!(birth_date("197001011230").as_deref(), Some("19700101"));
        assert_eq!(birth_date("1970"), None);
        assert_eq!(birth_date("19700231"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9.+é -]{0,24}") {
            let _ = utc(&text);
        }
    }
}
