//! Names of attributes: a keyword or eight hexadecimal digits, through sequences with dots.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use crate::Attribute;

/// Sequences within sequences that a name may lead through.
const MAX_DEPTH: usize = 8;

/// The attribute of a name such as `PatientID`, `00100020` or `RequestAttributesSequence.00401001`; `None` when the data dictionary
/// has no such keyword, or the path leads through something that is no sequence.
///
/// Eight digits that the dictionary does not have, as of a private attribute, are an attribute of unknown VR.
pub fn attribute(name: &str) -> Option<Attribute> {
    let mut path = Vec::new();
    let mut vr = VR::SQ;
    for part in name.split('.') {
        if vr != VR::SQ || path.len() == MAX_DEPTH {
            return None;
        }
        let (tag, own) = element(part)?;
        path.push(tag);
        vr = own;
    }
    Some(Attribute { path, vr })
}

fn element(name: &str) -> Option<(Tag, VR)> {
    let dictionary = StandardDataDictionary;
    if name.len() == 8 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
        let tag = Tag(u16::from_str_radix(name.get(..4)?, 16).ok()?, u16::from_str_radix(name.get(4..)?, 16).ok()?);
        let vr = dictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr().relaxed());
        return Some((tag, vr));
    }
    if name.is_empty() || name.len() > 64 {
        return None;
    }
    let entry = dictionary.by_name(name)?;
    Some((entry.tag(), entry.vr().relaxed()))
}
