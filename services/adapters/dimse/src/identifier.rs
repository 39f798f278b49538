//! Identifiers: what a C-FIND, C-MOVE or C-GET asks with, and what comes back (PS3.4 §C.4).

use bytes::Bytes;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use index_guard::{DataSet, Limits, Structure, Violation, scan_data_set};
use index_model::{Uid, transfer_syntax};

use crate::charset::Charset;

/// An identifier has a few dozen attributes.
pub(crate) const IDENTIFIER_BYTES: usize = 1 << 20;

/// The level of a query or retrieval (PS3.4 §C.6.2): the only place where an instance is called an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `STUDY`.
    Study,
    /// `SERIES`.
    Series,
    /// `IMAGE`.
    Instance,
}

impl Level {
    /// The defined term.
    pub const fn term(self) -> &'static str {
        match self {
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Instance => "IMAGE",
        }
    }
}

/// An identifier to be sent. Values are ASCII, so that no character set need be named.
#[derive(Debug, Clone)]
pub struct Identifier(Vec<(Tag, Key)>);

#[derive(Debug, Clone)]
enum Key {
    Value(String),
    /// A sequence of one item with these keys, all universal.
    Item(&'static [Tag]),
}

impl Identifier {
    /// An identifier at this level.
    pub fn new(level: Level) -> Self {
        Self(vec![(Tag(0x0008, 0x0052), Key::Value(level.term().into()))])
    }

    /// A matching key; an empty value only asks for the attribute.
    #[must_use]
    pub fn key(mut self, tag: Tag, value: impl Into<String>) -> Self {
        self.0.push((tag, Key::Value(value.into())));
        self
    }

    /// Return keys.
    #[must_use]
    pub fn wanted(mut self, tags: &[Tag]) -> Self {
        for tag in tags {
            if self.0.iter().all(|(present, _)| present != tag) {
                self.0.push((*tag, Key::Value(String::new())));
            }
        }
        self
    }

    /// A sequence to be returned with these attributes.
    #[must_use]
    pub fn wanted_item(mut self, sequence: Tag, tags: &'static [Tag]) -> Self {
        self.0.push((sequence, Key::Item(tags)));
        self
    }

    /// As a data set, explicit or implicit by the transfer syntax that was agreed on.
    pub fn encode(&self, transfer_syntax_uid: &str) -> Vec<u8> {
        let explicit = transfer_syntax_uid != transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN;
        let mut keys: Vec<_> = self.0.iter().collect();
        keys.sort_by_key(|(tag, _)| *tag);
        let mut out = Vec::with_capacity(512);
        for (tag, key) in keys {
            match key {
                Key::Value(value) => write(&mut out, explicit, *tag, vr_of(*tag), value.as_bytes()),
                Key::Item(tags) => {
                    let mut item = vec![0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0];
                    tags.iter().for_each(|tag| write(&mut item, explicit, *tag, vr_of(*tag), &[]));
                    let length = u32::try_from(item.len() - 8).unwrap_or(0).to_le_bytes();
                    item[4..8].copy_from_slice(&length);
                    write(&mut out, explicit, *tag, VR::SQ, &item);
                }
            }
        }
        out
    }
}

fn vr_of(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::LO, |entry| entry.vr().relaxed())
}

fn write(out: &mut Vec<u8>, explicit: bool, tag: Tag, vr: VR, value: &[u8]) {
    let padded = value.len() + value.len() % 2;
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
    out.resize(out.len() + padded - value.len(), if vr == VR::UI { 0 } else { b' ' });
}

/// Two reserved bytes and four of length (PS3.5 §7.1.2).
const fn has_long_length(vr: VR) -> bool {
    use VR::{OB, OD, OF, OL, OV, OW, SQ, SV, UC, UN, UR, UT, UV};
    matches!(vr, OB | OD | OF | OL | OV | OW | SQ | SV | UC | UN | UR | UT | UV)
}

/// An identifier that was received, scanned before anything of it is read.
#[derive(Debug)]
pub struct Received {
    bytes: Bytes,
    structure: Structure,
    charset: Charset,
}

impl Received {
    /// Scans the data set. `default_charset` is the repository's, for identifiers that name none.
    ///
    /// # Errors
    /// [`Violation`] when its structure is broken.
    pub fn scan(bytes: Bytes, transfer_syntax_uid: &str, default_charset: Option<&str>) -> Result<Self, Violation> {
        let limits = Limits { depth: 8, elements: 10_000, ..Limits::default() };
        let structure = scan_data_set(&bytes, transfer_syntax_uid, &limits)?;
        let declared = structure.data_set(&bytes).find(Tag(0x0008, 0x0005)).map(|node| node.bytes().to_vec());
        let declared = declared.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let charset = Charset::of(declared.map(str::trim).filter(|names| !names.is_empty()).or(default_charset));
        Ok(Self { bytes, structure, charset })
    }

    /// The outermost level.
    pub fn root(&self) -> Item<'_> {
        Item { data_set: self.structure.data_set(&self.bytes), charset: &self.charset }
    }
}

/// The attributes of a received identifier, or of an item in it.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    data_set: DataSet<'a>,
    charset: &'a Charset,
}

impl<'a> Item<'a> {
    /// The values between backslashes, decoded, padding dropped.
    pub fn texts(self, tag: Tag) -> Vec<String> {
        // Decoded first: in some character sets a backslash is half of a character.
        let all = self.data_set.find(tag).map(|node| self.charset.decode(node.bytes())).unwrap_or_default();
        all.split('\\').map(|text| text.trim_matches([' ', '\0']).to_owned()).filter(|text| !text.is_empty()).collect()
    }

    /// The first value, unless it is empty.
    pub fn text(self, tag: Tag) -> Option<String> {
        self.texts(tag).into_iter().next()
    }

    /// A UID; `None` also when it is none.
    pub fn uid(self, tag: Tag) -> Option<Uid> {
        self.text(tag).and_then(|text| Uid::parse(&text).ok())
    }

    /// A VR IS.
    pub fn number<T: std::str::FromStr>(self, tag: Tag) -> Option<T> {
        self.text(tag)?.trim_start_matches('+').parse().ok()
    }

    /// The items of a sequence.
    pub fn items(self, tag: Tag) -> impl Iterator<Item = Item<'a>> {
        let items = self.data_set.find(tag).into_iter().flat_map(|node| node.items());
        items.map(move |data_set| Item { data_set, charset: self.charset })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Identifier, Level, Received};
    use dicom_core::Tag;

    const REQUEST: Tag = Tag(0x0040, 0x0275);
    const ISSUER: Tag = Tag(0x0008, 0x0051);

    #[test]
    fn what_is_written_is_read_in_both_encodings_and_in_order() {
        for uid in ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"] {
            let identifier = Identifier::new(Level::Series)
                .key(Tag(0x0020, 0x000D), "2.25.123")
                .wanted(&[Tag(0x0008, 0x0060), Tag(0x0020, 0x000D)])
                .wanted_item(REQUEST, &[Tag(0x0040, 0x0009), Tag(0x0040, 0x1001)])
                .wanted_item(ISSUER, &[Tag(0x0040, 0x0031), Tag(0x0040, 0x0033)]);
            let received = Received::scan(identifier.encode(uid).into(), uid, None).unwrap();
            let root = received.root();
            assert_eq!(root.text(Tag(0x0008, 0x0052)).unwrap(), "SERIES");
            assert_eq!(root.uid(Tag(0x0020, 0x000D)).unwrap().as_str(), "2.25.123");
            assert_eq!(root.text(Tag(0x0008, 0x0060)), None);
            let within = |sequence| root.items(sequence).map(|item| item.data_set.iter().count()).collect::<Vec<_>>();
            assert_eq!((within(REQUEST), within(ISSUER)), (vec![2], vec![2]));
            assert!(received.structure.remarks.is_empty());
            let tags: Vec<_> = received.structure.top_level().map(|element| element.tag).collect();
            assert!(tags.is_sorted());
        }
    }
}
