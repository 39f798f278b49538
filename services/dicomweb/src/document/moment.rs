//! Dates and times of DICOM (PS3.5 §6.2) as people read them in English and in French alike: ISO 8601. What is no date stays as it is.

/// A DA, `20260110`.
pub(super) fn date(text: &str) -> String {
    match digits(text.trim()) {
        Some(digits) if digits.len() == 8 => {
            format!("{}-{}-{}", part(digits, 0, 4), part(digits, 4, 6), part(digits, 6, 8))
        }
        _ => text.to_owned(),
    }
}

/// A TM, `083000.12`: without the fraction of a second.
pub(super) fn time(text: &str) -> String {
    let whole = text.trim().split('.').next().unwrap_or_default();
    match digits(whole).map(str::len) {
        Some(4) => format!("{}:{}", part(whole, 0, 2), part(whole, 2, 4)),
        Some(6) => format!("{}:{}:{}", part(whole, 0, 2), part(whole, 2, 4), part(whole, 4, 6)),
        _ => text.to_owned(),
    }
}

/// A DT, `20260110083000.12-0500`: without the fraction of a second, with the offset from UTC where it is told.
pub(super) fn date_time(text: &str) -> String {
    let text = text.trim();
    let (moment, offset) = text.find(['+', '-']).map_or((text, ""), |at| text.split_at(at));
    let whole = moment.split('.').next().unwrap_or_default();
    if digits(whole).is_none() || ![8, 12, 14].contains(&whole.len()) {
        return text.to_owned();
    }
    let (day, clock) = whole.split_at(8);
    let parts = [date(day), if clock.is_empty() { String::new() } else { time(clock) }, offset.to_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn digits(text: &str) -> Option<&str> {
    Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn part(digits: &str, from: usize, to: usize) -> &str {
    digits.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{date, date_time, time};

    #[test]
    fn moments_are_read_as_iso_8601_and_what_is_none_stays_as_it_is() {
        for (text, expected) in [("20260110", "2026-01-10"), ("2026", "2026"), ("2026011é", "2026011é"), ("", "")] {
            assert_eq!(date(text), expected);
        }
        for (text, expected) in [("083000.123", "08:30:00"), ("0830", "08:30"), ("08", "08"), ("later", "later")] {
            assert_eq!(time(text), expected);
        }
        for (text, expected) in [
            ("20260110083000.12-0500", "2026-01-10 08:30:00 -0500"),
            ("202601100830", "2026-01-10 08:30"),
            ("20260110", "2026-01-10"),
            ("soon-ish", "soon-ish"),
        ] {
            assert_eq!(date_time(text), expected);
        }
    }
}
