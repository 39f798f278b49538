//! Reading attributes out of the DICOM JSON model: PS3.18 §F.2.

use base64::Engine as _;
use serde_json::{Map, Value};

/// A data set, or an item of a sequence.
pub(crate) type DataSet = Map<String, Value>;

/// The values of an attribute; empty when it has none.
pub(crate) fn values<'a>(data_set: &'a DataSet, tag: &str) -> &'a [Value] {
    data_set.get(tag).and_then(|element| element.get("Value")).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The first item of a sequence.
pub(crate) fn item<'a>(data_set: &'a DataSet, tag: &str) -> Option<&'a DataSet> {
    values(data_set, tag).first().and_then(Value::as_object)
}

/// All items of a sequence.
pub(crate) fn items<'a>(data_set: &'a DataSet, tag: &str) -> impl Iterator<Item = &'a DataSet> + use<'a> {
    values(data_set, tag).iter().filter_map(Value::as_object)
}

/// All values as text, trimmed.
pub(crate) fn texts<'a>(data_set: &'a DataSet, tag: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    values(data_set, tag).iter().filter_map(Value::as_str).map(str::trim)
}

/// The `index`-th item of a sequence.
pub(crate) fn nth_item<'a>(data_set: &'a DataSet, tag: &str, index: usize) -> Option<&'a DataSet> {
    values(data_set, tag).get(index).and_then(Value::as_object)
}

/// The value representation, when it is told.
pub(crate) fn vr<'a>(data_set: &'a DataSet, tag: &str) -> Option<&'a str> {
    data_set.get(tag)?.get("vr")?.as_str()
}

/// All values as numbers. DS and IS may be strings; what is no finite number ends the list.
pub(crate) fn numbers(data_set: &DataSet, tag: &str) -> Vec<f64> {
    values(data_set, tag).iter().map_while(as_number).collect()
}

/// The first value as a number.
pub(crate) fn number(data_set: &DataSet, tag: &str) -> Option<f64> {
    values(data_set, tag).first().and_then(as_number)
}

/// The first value as a whole number.
pub(crate) fn integer(data_set: &DataSet, tag: &str) -> Option<i64> {
    let value = number(data_set, tag)?;
    (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
}

/// The first value as text, trimmed.
pub(crate) fn text<'a>(data_set: &'a DataSet, tag: &str) -> Option<&'a str> {
    values(data_set, tag).first().and_then(Value::as_str).map(str::trim)
}

fn as_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// The entries of a lookup table, and whether two of them were packed in each word.
pub(crate) struct Entries {
    pub(crate) values: Vec<u16>,
    pub(crate) is_packed: bool,
}

/// A table of exactly `count` entries: words in an array of numbers or in base64, or bytes packed two in a word. `None` where there are fewer:
/// what is missing could be any part of it.
pub(crate) fn table(data_set: &DataSet, tag: &str, count: usize) -> Option<Entries> {
    let bytes = bytes(data_set, tag).or_else(|| {
        let words = all_words(data_set, tag)?;
        Some(words.into_iter().flat_map(u16::to_le_bytes).collect())
    })?;
    if bytes.len() >= count.saturating_mul(2) {
        return Some(Entries { values: words(&bytes).take(count).collect(), is_packed: false });
    }
    // One more where their number is odd.
    let is_packed = bytes.len() == count || bytes.len() == count.next_multiple_of(2);
    is_packed.then(|| Entries { values: bytes.iter().take(count).map(|&byte| byte.into()).collect(), is_packed })
}

/// All 16-bit words of an attribute.
pub(crate) fn all_words(data_set: &DataSet, tag: &str) -> Option<Vec<u16>> {
    match bytes(data_set, tag) {
        Some(bytes) => Some(words(&bytes).collect()),
        None => {
            let numbers = values(data_set, tag);
            (!numbers.is_empty()).then(|| numbers.iter().map_while(as_word).collect())
        }
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
}

fn as_word(value: &Value) -> Option<u16> {
    // A signed entry keeps its bits.
    value.as_i64().and_then(|number| u16::try_from(number).or_else(|_| i16::try_from(number).map(|n| n as u16)).ok())
}

/// The bytes of an attribute that are in the JSON itself.
pub(crate) fn bytes(data_set: &DataSet, tag: &str) -> Option<Vec<u8>> {
    let encoded = data_set.get(tag)?.get("InlineBinary")?.as_str()?;
    base64::engine::general_purpose::STANDARD.decode(encoded).ok()
}
