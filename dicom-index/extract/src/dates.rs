//! Dates and times that are what they say: VR DA and TM (PS3.5 §6.2), the old spellings of ACR-NEMA included.

/// `YYYYMMDD`, from that or `YYYY.MM.DD`; `None` unless it is a day of the calendar.
pub(crate) fn date(text: &str) -> Option<String> {
    let digits = match text.as_bytes() {
        [_, _, _, _, b'.' | b'-', _, _, b'.' | b'-', _, _] => text.replace(['.', '-'], ""),
        _ => text.to_owned(),
    };
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |range| digits.get(range).and_then(|part: &str| part.parse::<u32>().ok());
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (year > 0 && (1..=last).contains(&day)).then_some(digits)
}

/// `HHMMSS[.F]`, from that, from `HH`, `HHMM` or with colons; `None` unless it is a time of day.
pub(crate) fn time(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut digits = whole.replace(':', "");
    let well_formed = matches!(digits.len(), 2 | 4 | 6) && digits.bytes().all(|b| b.is_ascii_digit());
    if !well_formed || (fraction.is_some() && digits.len() != 6) {
        return None;
    }
    while digits.len() < 6 {
        digits.push('0');
    }
    let number = |range| digits.get(range).and_then(|part: &str| part.parse::<u32>().ok());
    if number(0..2)? > 23 || number(2..4)? > 59 || number(4..6)? > 60 {
        return None;
    }
    match fraction {
        Some(f) if (1..=6).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit()) => Some(format!("{digits}.{f}")),
        Some("") | None => Some(digits),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{date, time};

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for right in ["20240229", "19991231", "2024.02.29"] {
            assert!(date(right).is_some(), "{right}");
        }
        for wrong in ["", "00000000", "20261331", "20230229", "2024022", "2024022a", "20240200", "+2024022"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_are_completed_to_the_second() {
        assert_eq!(time("09").as_deref(), Some("090000"));
        assert_eq!(time("0930").as_deref(), Some("093000"));
        assert_eq!(time("09:30:15").as_deref(), Some("093015"));
        assert_eq!(time("093015.123456").as_deref(), Some("093015.123456"));
        for wrong in ["2460", "9", "240000", "0930.5", "093015.1234567", "09301a", ""] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }
}
