//! Single attributes of a DICOM JSON object. What has not its VR's form is absent, not an error: one bad value hides nothing else.

use chrono::{NaiveDate, NaiveTime};
use index_model::PersonName;
use serde_json::Value;

use super::Object;

/// Characters of one value that are kept; no attribute that is read here may have more (PS3.5 §6.2).
const TEXT_LIMIT: usize = 1024;
/// Values of one attribute that are kept.
const VALUE_LIMIT: usize = 64;

fn values<'o>(object: &'o Object, tag: &str) -> impl Iterator<Item = &'o Value> {
    object.get(tag).and_then(|attribute| attribute.get("Value")).and_then(Value::as_array).into_iter().flatten()
}

fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim_matches([' ', '\0']).chars().take(TEXT_LIMIT).collect(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The first value as text.
pub(super) fn text(object: &Object, tag: &str) -> Option<String> {
    values(object, tag).next().and_then(plain)
}

/// All values as text. A backslash within a value is a separator that the server did not resolve.
pub(super) fn texts(object: &Object, tag: &str) -> Vec<String> {
    let split = |text: String| text.split('\\').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    values(object, tag).filter_map(plain).flat_map(split).filter(|text| !text.is_empty()).take(VALUE_LIMIT).collect()
}

/// The first value as an integer; IS may be written as a number or as text (PS3.18 §F.2.3).
pub(super) fn integer(object: &Object, tag: &str) -> Option<i64> {
    let value = values(object, tag).next()?;
    value.as_i64().or_else(|| plain(value)?.trim_start_matches('+').parse().ok())
}

/// The first value as a count.
pub(super) fn number(object: &Object, tag: &str) -> Option<u32> {
    integer(object, tag).and_then(|value| u32::try_from(value).ok())
}

/// A date that exists, `YYYYMMDD`. The dots of the old `YYYY.MM.DD` are dropped.
pub(super) fn date(object: &Object, tag: &str) -> Option<String> {
    let digits = text(object, tag)?.replace('.', "");
    let fits = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| NaiveDate::parse_from_str(&digits, "%Y%m%d").ok()).flatten().map(|_| digits)
}

/// A time that exists, `HH[MM[SS[.F]]]` made `HHMMSS[.F]`. The colons of the old form are dropped.
pub(super) fn time(object: &Object, tag: &str) -> Option<String> {
    let plain = text(object, tag)?.replace(':', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !matches!(whole.len(), 2 | 4 | 6) || !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let whole = format!("{whole:0<6}");
    // A leap second is a second that exists.
    let checked = if whole.ends_with("60") { format!("{}59", &whole[..4]) } else { whole.clone() };
    NaiveTime::parse_from_str(&checked, "%H%M%S").ok()?;
    Some(if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") })
}

/// A person name: an object of component groups, or text as some older servers write it.
pub(super) fn names(object: &Object, tag: &str) -> PersonName {
    let Some(value) = values(object, tag).next() else {
        return PersonName::default();
    };
    if let Some(text) = plain(value) {
        return PersonName::parse(&text);
    }
    let group = |name: &str| value.get(name).and_then(plain).unwrap_or_default();
    PersonName::parse(&[group("Alphabetic"), group("Ideographic"), group("Phonetic")].join("="))
}

/// The items of a sequence.
pub(super) fn items<'o>(object: &'o Object, tag: &str) -> impl Iterator<Item = &'o Object> {
    values(object, tag).filter_map(Value::as_object)
}
