//! Names of attributes, from the data dictionary of PS3.6.

use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;

/// The keyword of an attribute, or its eight digits where it has none.
pub(crate) fn keyword(tag: Tag) -> String {
    match StandardDataDictionary.by_tag(tag) {
        Some(entry) => entry.alias().to_owned(),
        None => digits(tag),
    }
}

/// The keyword of a standard attribute.
pub(crate) fn known_keyword(tag: &str) -> Option<&'static str> {
    StandardDataDictionary.by_tag(parse(tag)?).map(|entry| entry.alias())
}

/// `ggggeeee`.
pub(crate) fn digits(tag: Tag) -> String {
    format!("{:04X}{:04X}", tag.group(), tag.element())
}

/// Eight hexadecimal digits as a tag.
pub(crate) fn parse(text: &str) -> Option<Tag> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(text, 16).ok()?;
    Some(Tag((number >> 16) as u16, (number & 0xffff) as u16))
}
