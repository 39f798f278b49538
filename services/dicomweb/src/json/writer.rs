//! Data sets that are written as DICOM JSON (PS3.18 Annex F). A search answers with hundreds of attributes: each is text at once, and nothing
//! is built of it in memory first.

use std::fmt::Write as _;
use std::ops::Range;

use index_model::PersonName;

use super::{DataSet, Row};

/// A tag as its eight digits.
type Digits = [u8; 8];

/// A data set or an item that is being written. An attribute without a value has no `Value` at all, never an empty one; one that is put twice
/// is what it was put last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writer {
    /// The attributes' JSON, one after the other.
    text: String,
    /// Which of it is whose.
    places: Vec<(Digits, Range<usize>)>,
}

impl Writer {
    /// Text; empty when there is none.
    pub(crate) fn text(&mut self, tag: &str, vr: &str, value: Option<&str>) {
        self.texts(tag, vr, value.filter(|text| !text.is_empty()));
    }

    /// Text that is there only when it is known: type C of the tables of PS3.18 §10.6.3.
    pub(crate) fn known(&mut self, tag: &str, vr: &str, value: Option<&str>) {
        if value.is_some_and(|text| !text.is_empty()) {
            self.text(tag, vr, value);
        }
    }

    /// Several texts.
    pub(crate) fn texts<'a>(&mut self, tag: &str, vr: &str, values: impl IntoIterator<Item = &'a str>) {
        self.put(tag, vr, values, quote);
    }

    /// A number.
    pub(crate) fn number(&mut self, tag: &str, vr: &str, value: Option<i64>) {
        self.put(tag, vr, value, |out, number| {
            // To a string: it can't fail.
            let _ = write!(out, "{number}");
        });
    }

    /// A person's name, in its component groups (§F.2.2).
    pub(crate) fn name(&mut self, tag: &str, name: &PersonName) {
        let groups =
            [("Alphabetic", &name.alphabetic), ("Ideographic", &name.ideographic), ("Phonetic", &name.phonetic)];
        let is_known = groups.iter().any(|(_, text)| !text.is_empty());
        self.put(tag, "PN", is_known.then_some(groups), |out, groups| {
            let mut before = '{';
            for (group, text) in groups.into_iter().filter(|(_, text)| !text.is_empty()) {
                out.push(before);
                quote(out, group);
                out.push(':');
                quote(out, text);
                before = ',';
            }
            out.push('}');
        });
    }

    /// A sequence.
    pub(crate) fn items(&mut self, tag: &str, items: impl IntoIterator<Item = Self>) {
        self.put(tag, "SQ", items, |out, item| item.write_to(out));
    }

    /// An attribute whose JSON is written already.
    pub(crate) fn written(&mut self, tag: &str, json: &str) {
        let from = self.text.len();
        self.text.push_str(json);
        self.place(tag, from);
    }

    fn put<T>(&mut self, tag: &str, vr: &str, values: impl IntoIterator<Item = T>, write: impl Fn(&mut String, T)) {
        let from = self.text.len();
        self.text.extend(["{\"vr\":\"", vr, "\""]);
        let mut before = ",\"Value\":[";
        for value in values {
            self.text.push_str(before);
            write(&mut self.text, value);
            before = ",";
        }
        self.text.push_str(if before == "," { "]}" } else { "}" });
        self.place(tag, from);
    }

    fn place(&mut self, tag: &str, from: usize) {
        debug_assert_eq!(tag.len(), size_of::<Digits>(), "a tag has eight digits");
        if let Ok(digits) = Digits::try_from(tag.as_bytes()) {
            self.places.push((digits, from..self.text.len()));
        }
    }

    /// The JSON of an attribute that was put.
    pub(crate) fn get(&self, tag: &str) -> Option<&str> {
        let place = self.places.iter().rev().find(|(digits, _)| digits == tag.as_bytes());
        place.and_then(|(_, place)| self.text.get(place.clone()))
    }

    /// The attributes with their JSON, in the order of their tags (§F.2.2).
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut places: Vec<&(Digits, Range<usize>)> = self.places.iter().rev().collect();
        // Stable, and the last that was put comes first.
        places.sort_by_key(|(digits, _)| *digits);
        places.dedup_by_key(|(digits, _)| *digits);
        places
            .into_iter()
            .filter_map(|(digits, place)| Some((str::from_utf8(digits).ok()?, self.text.get(place.clone())?)))
    }

    fn write_to(&self, out: &mut String) {
        out.push('{');
        for (number, (tag, json)) in self.attributes().enumerate() {
            out.push_str(if number > 0 { ",\"" } else { "\"" });
            out.extend([tag, "\":", json]);
        }
        out.push('}');
    }
}

impl Row for Writer {
    fn json(self) -> String {
        let mut out = String::with_capacity(self.text.len() + 12 * self.places.len() + 2);
        self.write_to(&mut out);
        out
    }

    fn data_set(self) -> DataSet {
        serde_json::from_str(&self.json()).unwrap_or_default()
    }
}

/// A JSON string.
fn quote(out: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        return out.push_str(&serde_json::Value::from(text).to_string());
    }
    out.extend(["\"", text, "\""]);
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use index_model::PersonName;
    use serde_json::{Value, json};

    use super::Writer;
    use crate::json::Row as _;

    #[test]
    fn attributes_are_in_the_order_of_their_tags_and_what_is_put_last_stands() {
        let mut item = Writer::default();
        item.text("00400033", "CS", Some("ISO"));
        item.text("00400032", "UT", Some("1.2"));
        let mut out = Writer::default();
        out.text("00200010", "SH", Some("a \"quoted\" \\ line\nend\u{1}é"));
        out.name(
            "00100010",
            &PersonName { phonetic: "やまだ^たろう".into(), ..PersonName::parse("Yamada^Tarou=山田^太郎") },
        );
        out.name("00080090", &PersonName::default());
        out.number("00201208", "IS", Some(-3));
        out.known("00081030", "LO", Some(""));
        out.texts("00080061", "CS", ["CT", "SR"]);
        out.text("00080050", "SH", Some("first"));
        out.text("00080050", "SH", None);
        out.items("00080051", [item.clone(), item]);
        out.written("0020000D", r#"{"vr":"UI","Value":["1.2.3"]}"#);
        assert_eq!(out.get("00080050"), Some(r#"{"vr":"SH"}"#));
        let text = out.json();
        let issuer = json!({"00400032": {"vr": "UT", "Value": ["1.2"]}, "00400033": {"vr": "CS", "Value": ["ISO"]}});
        let expected = json!({
            "00080050": {"vr": "SH"}, "00080051": {"vr": "SQ", "Value": [issuer, issuer]},
            "00080061": {"vr": "CS", "Value": ["CT", "SR"]}, "00080090": {"vr": "PN"},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}]},
            "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
            "00200010": {"vr": "SH", "Value": ["a \"quoted\" \\ line\nend\u{1}é"]}, "00201208": {"vr": "IS", "Value": [-3]},
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        assert_eq!(text, expected.to_string(), "the order of the tags is the order of the text");
        assert_eq!(Writer::default().json(), "{}");
    }
}
