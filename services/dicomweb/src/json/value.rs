//! Data sets of the DICOM JSON model that are looked at.

use serde_json::{Map, Value};

/// A data set or an item: attributes by their eight digits.
pub(crate) type DataSet = Map<String, Value>;

/// The first value of an attribute as text; a name's alphabetic group.
pub(crate) fn string<'a>(data_set: &'a DataSet, tag: &str) -> Option<&'a str> {
    strings(data_set, tag).next()
}

/// The values of an attribute as text.
pub(crate) fn strings<'a>(data_set: &'a DataSet, tag: &str) -> impl Iterator<Item = &'a str> {
    let values = data_set.get(tag).and_then(|attribute| attribute.get("Value")).and_then(Value::as_array);
    values.into_iter().flatten().filter_map(|value| match value {
        Value::String(text) => Some(text.as_str()),
        Value::Object(name) => name.get("Alphabetic").and_then(Value::as_str),
        _ => None,
    })
}

/// The items of a sequence.
pub(crate) fn sequence<'a>(data_set: &'a DataSet, tag: &str) -> impl Iterator<Item = &'a DataSet> {
    let values = data_set.get(tag).and_then(|attribute| attribute.get("Value")).and_then(Value::as_array);
    values.into_iter().flatten().filter_map(Value::as_object)
}

/// DICOM JSON whose numbers become text with the digits that they are written with: `12.50` is not `12.5` to who reads it, and a decimal
/// string (PS3.5 §6.2) tells its precision by them.
pub(crate) fn with_digits(json: &str) -> DataSet {
    serde_json::from_str(&quoted_numbers(json)).unwrap_or_default()
}

/// The same text with quotes around each number.
fn quoted_numbers(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 64);
    let (mut quoted, mut escaped, mut number) = (false, false, false);
    for c in json.chars() {
        let is_of_number = !quoted && (c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
        let begins = is_of_number && (c == '-' || c.is_ascii_digit());
        if number != is_of_number && (number || begins) {
            number = !number;
            out.push('"');
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        out.push(c);
    }
    if number {
        out.push('"');
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{DataSet, with_digits};

    #[test]
    fn numbers_keep_the_digits_that_they_are_written_with() {
        let text = r#"{"00281050":{"vr":"DS","Value":[12.50,-0.10,1e+05,"1,5",null,7]},
            "00081030":{"vr":"LO","Value":["a \"4.0\\","5"]},"x":[true,false,{"y":[3.0]}]}"#;
        let expected = json!({
            "00281050": {"vr": "DS", "Value": ["12.50", "-0.10", "1e+05", "1,5", null, "7"]},
            "00081030": {"vr": "LO", "Value": ["a \"4.0\\", "5"]}, "x": [true, false, {"y": ["3.0"]}],
        });
        assert_eq!(serde_json::Value::Object(with_digits(text)), expected);
        assert_eq!(with_digits("{\"a\":1"), DataSet::new());
    }
}
