//! Names of attributes, from the data dictionary of PS3.6.

use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;

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
