//! One row of an answer, built or already written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::DataSet;

/// What can be sent as JSON, or looked at as a data set. Its attributes are in the order of their tags (PS3.18 §F.2.2).
pub(crate) trait Row {
    /// Its JSON text.
    fn json(self) -> String;
    /// Its attributes.
    fn data_set(self) -> DataSet;
}

/// A row whose JSON is written.
#[derive(Debug)]
pub(crate) struct Text(String);

impl Text {
    /// The object of these attributes, each a tag of eight digits and the JSON of its value.
    pub(super) fn of(attributes: &BTreeMap<Cow<'_, str>, Cow<'_, str>>) -> Self {
        let length: usize = attributes.iter().map(|(tag, text)| tag.len() + text.len() + 4).sum();
        let mut out = String::with_capacity(length + 2);
        for (tag, text) in attributes {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.extend(["\"", tag, "\":", text]);
        }
        if out.is_empty() {
            out.push('{');
        }
        out.push('}');
        Self(out)
    }
}

impl Row for Text {
    fn json(self) -> String {
        self.0
    }

    fn data_set(self) -> DataSet {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}
