//! Identifiers as they are sent: PS3.5 §7.1, explicit or implicit by what was agreed on.

use std::collections::BTreeMap;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use index_model::transfer_syntax;

use super::Level;

/// Identifiers nest a sequence or two; what is deeper is left out.
const MOST_DEPTH: usize = 8;

/// What an attribute holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Values joined by backslashes; UTF-8 where the identifier says so in SpecificCharacterSet.
    Text(String),
    /// As it goes over the wire, little endian.
    Binary(Vec<u8>),
    /// A sequence.
    Items(Vec<Attributes>),
}

/// Values may identify a patient, so only their kind is printed.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Binary(_) => "Binary",
            Self::Items(_) => "Items",
        })
    }
}

/// Attributes in ascending order, each with its value representation.
pub type Attributes = BTreeMap<Tag, (VR, Value)>;

/// An identifier to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identifier(pub Attributes);

impl Identifier {
    /// An identifier at this level.
    pub fn new(level: Level) -> Self {
        Self::default().key(super::QUERY_RETRIEVE_LEVEL, level.term())
    }

    /// A matching key; an empty value only asks for the attribute.
    #[must_use]
    pub fn key(mut self, tag: Tag, value: impl Into<String>) -> Self {
        self.0.insert(tag, (vr_of(tag), Value::Text(value.into())));
        self
    }

    /// Return keys.
    #[must_use]
    pub fn wanted(mut self, tags: &[Tag]) -> Self {
        for tag in tags {
            self.0.entry(*tag).or_insert_with(|| (vr_of(*tag), Value::Text(String::new())));
        }
        self
    }

    /// A sequence to be returned with these attributes.
    #[must_use]
    pub fn wanted_item(mut self, sequence: Tag, tags: &[Tag]) -> Self {
        let item = Self::default().wanted(tags).0;
        self.0.insert(sequence, (VR::SQ, Value::Items(vec![item])));
        self
    }

    /// As a data set, explicit or implicit by the transfer syntax that was agreed on.
    pub fn encode(&self, transfer_syntax_uid: &str) -> Vec<u8> {
        let explicit = transfer_syntax_uid != transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN;
        let mut out = Vec::with_capacity(512);
        attributes(&mut out, explicit, &self.0, MOST_DEPTH);
        out
    }
}

/// The value representation of PS3.6; LO for what it does not have.
pub fn vr_of(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::LO, |entry| entry.vr().relaxed())
}

fn attributes(out: &mut Vec<u8>, explicit: bool, all: &Attributes, depth: usize) {
    for (tag, (vr, value)) in all {
        match value {
            Value::Text(text) => element(out, explicit, *tag, *vr, text.as_bytes()),
            Value::Binary(bytes) => element(out, explicit, *tag, *vr, bytes),
            Value::Items(_) if depth == 0 => {}
            Value::Items(list) => {
                let mut items = Vec::new();
                for item in list {
                    let start = items.len();
                    items.extend_from_slice(&[0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
                    attributes(&mut items, explicit, item, depth - 1);
                    let length = u32::try_from(items.len() - start - 8).unwrap_or(0).to_le_bytes();
                    items[start + 4..start + 8].copy_from_slice(&length);
                }
                element(out, explicit, *tag, VR::SQ, &items);
            }
        }
    }
}

fn element(out: &mut Vec<u8>, explicit: bool, tag: Tag, vr: VR, value: &[u8]) {
    let padded = value.len() + value.len() % 2;
    // What is too long for a short length field is written as UN (PS3.5 §6.2.2 note 4).
    let vr = if padded > usize::from(u16::MAX) && !has_long_length(vr) { VR::UN } else { vr };
    out.extend_from_slice(&tag.0.to_le_bytes());
    out.extend_from_slice(&tag.1.to_le_bytes());
    let length = u32::try_from(padded).unwrap_or(0);
    if !explicit {
        out.extend_from_slice(&length.to_le_bytes());
    } else if has_long_length(vr) {
        out.extend_from_slice(vr.to_string().as_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&length.to_le_bytes());
    } else {
        out.extend_from_slice(vr.to_string().as_bytes());
        out.extend_from_slice(&u16::try_from(padded).unwrap_or(0).to_le_bytes());
    }
    out.extend_from_slice(value);
    let padding = if matches!(vr, VR::UI | VR::OB | VR::UN) { 0 } else { b' ' };
    out.resize(out.len() + padded - value.len(), padding);
}

/// Two reserved bytes and four of length (PS3.5 §7.1.2).
const fn has_long_length(vr: VR) -> bool {
    use VR::{OB, OD, OF, OL, OV, OW, SQ, SV, UC, UN, UR, UT, UV};
    matches!(vr, OB | OD | OF | OL | OV | OW | SQ | SV | UC | UN | UR | UT | UV)
}
