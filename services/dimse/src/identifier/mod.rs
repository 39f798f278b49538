//! Identifiers: what a C-FIND, C-MOVE or C-GET asks with, and what comes back (PS3.4 §C.4).

mod write;

use bytes::Bytes;
use dicom_core::{Tag, VR};
use index_guard::{DataSet, Limits, Node, Structure, Violation, scan_data_set};
use index_model::Uid;

use crate::charset::Charset;
pub use write::{Attributes, Identifier, Value, vr_of};

/// An identifier has a few dozen attributes.
pub const IDENTIFIER_BYTES: usize = 1 << 20;

/// QueryRetrieveLevel.
pub const QUERY_RETRIEVE_LEVEL: Tag = Tag(0x0008, 0x0052);

/// The level of a query or retrieval (PS3.4 §C.6): the only place where an instance is called an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `PATIENT`.
    Patient,
    /// `STUDY`.
    Study,
    /// `SERIES`.
    Series,
    /// `IMAGE`.
    Instance,
}

impl Level {
    /// From the top down.
    pub const ALL: [Self; 4] = [Self::Patient, Self::Study, Self::Series, Self::Instance];

    /// The defined term.
    pub const fn term(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Instance => "IMAGE",
        }
    }

    /// The level of a defined term.
    pub fn of_term(term: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.term() == term)
    }

    /// The attribute that names one entity of this level (PS3.4 §C.6.1.1, §C.6.2.1).
    pub const fn unique_key(self) -> Tag {
        match self {
            Self::Patient => Tag(0x0010, 0x0020),
            Self::Study => Tag(0x0020, 0x000D),
            Self::Series => Tag(0x0020, 0x000E),
            Self::Instance => Tag(0x0008, 0x0018),
        }
    }
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
        Item { data_set: self.structure.data_set(&self.bytes), charset: self.charset }
    }
}

/// The attributes of a received identifier, or of an item in it.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    data_set: DataSet<'a>,
    charset: Charset,
}

impl<'a> Item<'a> {
    /// The values between backslashes, decoded, padding dropped.
    pub fn texts(self, tag: Tag) -> Vec<String> {
        // Decoded first: in some character sets a backslash is half of a character.
        let all = self.data_set.find(tag).map(|node| self.charset.decode(&node)).unwrap_or_default();
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

    /// All attributes, in their order: tag, and whether it is a sequence.
    pub fn attributes(self) -> impl Iterator<Item = (Tag, bool)> + use<'a> {
        self.data_set.iter().map(|node| (node.tag(), node.is_sequence()))
    }

    /// The whole value in words, several values between backslashes, padding dropped; numbers in decimal.
    pub fn written(self, tag: Tag) -> String {
        let Some(node) = self.data_set.find(tag) else { return String::new() };
        match numbers(&node) {
            Some(numbers) => numbers.iter().map(i64::to_string).collect::<Vec<_>>().join("\\"),
            None => self.charset.decode(&node).trim_matches([' ', '\0']).to_owned(),
        }
    }

    /// Whether the character sets that the identifier names do not explain the bytes of an attribute.
    pub fn is_unreadable(self, tag: Tag) -> bool {
        self.data_set.find(tag).is_some_and(|node| self.charset.is_contradicted_by(&node))
    }

    /// The items of a sequence.
    pub fn items(self, tag: Tag) -> impl Iterator<Item = Item<'a>> {
        let items = self.data_set.find(tag).into_iter().flat_map(|node| node.items());
        items.map(move |data_set| Item { data_set, charset: self.charset })
    }
}

/// The values of an integer in binary; `None` for everything else.
fn numbers(node: &Node<'_>) -> Option<Vec<i64>> {
    let bytes = node.bytes();
    Some(match node.exact_vr()? {
        VR::US => bytes.as_chunks::<2>().0.iter().map(|&two| u16::from_le_bytes(two).into()).collect(),
        VR::SS => bytes.as_chunks::<2>().0.iter().map(|&two| i16::from_le_bytes(two).into()).collect(),
        VR::UL => bytes.as_chunks::<4>().0.iter().map(|&four| u32::from_le_bytes(four).into()).collect(),
        VR::SL => bytes.as_chunks::<4>().0.iter().map(|&four| i32::from_le_bytes(four).into()).collect(),
        _ => return None,
    })
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
