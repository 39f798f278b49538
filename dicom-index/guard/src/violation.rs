//! What a scan says against an object.

use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;

/// Why bytes may not reach a parser. It names attribute and rule, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{attribute} {rule}, at byte {offset}")]
pub struct Violation {
    /// Keyword or `(gggg,eeee)` of the attribute; `file` for the whole.
    pub attribute: String,
    /// The rule in words, lower case, to be read after the attribute.
    pub rule: &'static str,
    /// Where, in bytes from the start of what was scanned (of the inflated data set, where it was deflated).
    pub offset: u64,
}

impl Violation {
    pub(crate) fn of(tag: Tag, rule: &'static str, offset: usize) -> Self {
        Self { attribute: attribute_name(tag), rule, offset: offset as u64 }
    }

    pub(crate) fn file(rule: &'static str, offset: usize) -> Self {
        Self { attribute: "file".into(), rule, offset: offset as u64 }
    }
}

/// Something that was read leniently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Keyword or `(gggg,eeee)` of the attribute; `file` for the whole.
    pub attribute: String,
    /// The rule in words, lower case, to be read after the attribute.
    pub rule: &'static str,
}

/// The keyword of an attribute (PS3.6), or `(gggg,eeee)` where it has none.
pub fn attribute_name(tag: Tag) -> String {
    match StandardDataDictionary.by_tag(tag) {
        Some(entry) if tag.0.is_multiple_of(2) && tag.1 != 0 => entry.alias().to_owned(),
        _ => format!("({:04X},{:04X})", tag.0, tag.1),
    }
}
