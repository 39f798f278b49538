//! Attributes by tag, whether they come from a data set or from DICOM JSON, so that the rules for records are written once.

use dicom_core::{Tag, VR};
use index_guard::{DataSet, Node};
use index_model::PersonName;
use index_text::{Decoded, Repertoire, has_character_set, is_multi_valued};

use crate::{tags, vr};

/// Attributes of one level: a data set or an item.
pub(crate) trait Attributes: Sized {
    /// The values of a text or number attribute, without padding; `None` for an attribute that is not there.
    fn values(&self, tag: Tag) -> Option<Vec<String>>;

    /// The first value of a person name.
    fn name(&self, tag: Tag) -> PersonName;

    /// The items of a sequence.
    fn items(&self, tag: Tag) -> Vec<Self>;

    /// The first value, unless it is empty.
    fn text(&self, tag: Tag) -> Option<String> {
        self.values(tag)?.into_iter().next().filter(|value| !value.is_empty())
    }

    /// The first value as an integer, `12.0` included.
    fn integer(&self, tag: Tag) -> Option<i64> {
        let text = self.text(tag)?;
        let whole = text
            .split_once('.')
            .map_or(text.as_str(), |(whole, zeros)| if zeros.bytes().all(|b| b == b'0') { whole } else { &text });
        whole.strip_prefix('+').unwrap_or(whole).parse().ok()
    }

    /// The first value as a count.
    fn count(&self, tag: Tag) -> Option<u32> {
        self.integer(tag).and_then(|count| u32::try_from(count).ok())
    }
}

/// A level of a data set, and how its text is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header<'a> {
    pub(crate) set: DataSet<'a>,
    pub(crate) repertoire: Repertoire,
    pub(crate) signed: bool,
}

impl<'a> Header<'a> {
    /// The outermost level. SpecificCharacterSet decides, else `default`.
    pub(crate) fn new(set: DataSet<'a>, default: Repertoire) -> Self {
        let signed = set.find(tags::PIXEL_REPRESENTATION).is_some_and(|node| node.bytes().contains(&1));
        let declared = set.find(tags::SPECIFIC_CHARACTER_SET).and_then(|node| declared_by(&node));
        Self { set, repertoire: declared.flatten().unwrap_or(default), signed }
    }

    /// An item, which may have a character set of its own.
    pub(crate) fn within(&self, set: DataSet<'a>) -> Self {
        let repertoire = own_repertoire(set).unwrap_or(self.repertoire);
        Self { set, repertoire, ..*self }
    }

    /// The text of an element, delimiters included, and whether it was faulty.
    pub(crate) fn decode(&self, node: &Node<'_>, vr: VR) -> Decoded {
        let repertoire = if has_character_set(vr) { self.repertoire } else { Repertoire::Default };
        repertoire.decode(trim_end(node.bytes()), vr)
    }
}

/// The character set that an item declares. Elements ascend (PS3.5 §7.1), so that one look is enough for most.
fn own_repertoire(item: DataSet<'_>) -> Option<Repertoire> {
    let last = item.iter().take_while(|n| n.tag() <= tags::SPECIFIC_CHARACTER_SET).last()?;
    if last.tag() == tags::SPECIFIC_CHARACTER_SET { declared_by(&last).flatten() } else { None }
}

/// What an element SpecificCharacterSet declares: `None` when it is empty, `Some(None)` when a term is not known.
pub(crate) fn declared_by(node: &Node<'_>) -> Option<Option<Repertoire>> {
    let value = trim_end(node.bytes());
    if value.is_empty() { None } else { Some(std::str::from_utf8(value).ok().and_then(Repertoire::parse)) }
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| !matches!(b, 0 | b' ')).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// One value of a text without its padding.
pub(crate) fn trim(value: &str, vr: VR) -> &str {
    let value = value.trim_end_matches([' ', '\0']);
    if vr::ignores_leading_spaces(vr) { value.trim_start_matches(' ') } else { value }
}

impl<'a> Attributes for Header<'a> {
    fn values(&self, tag: Tag) -> Option<Vec<String>> {
        let node = self.set.find(tag)?;
        let vr = vr::effective(&node, self.signed);
        if matches!(vr, VR::US | VR::SS | VR::UL | VR::SL) {
            return Some(integers(&node, vr));
        }
        let text = self.decode(&node, vr).text;
        if is_multi_valued(vr) {
            Some(text.split('\\').map(|value| trim(value, vr).to_owned()).collect())
        } else {
            Some(vec![trim(&text, vr).to_owned()])
        }
    }

    fn name(&self, tag: Tag) -> PersonName {
        let first = |node| self.decode(&node, VR::PN).text.split('\\').next().map(PersonName::parse);
        self.set.find(tag).and_then(first).unwrap_or_default()
    }

    fn items(&self, tag: Tag) -> Vec<Self> {
        let items = |node: Node<'a>| node.items().take(MOST_ITEMS).map(|item| self.within(item)).collect();
        self.set.find(tag).map(items).unwrap_or_default()
    }
}

/// Items of one sequence that records look at: nobody has more identifiers.
const MOST_ITEMS: usize = 64;

/// The first integers of a binary element, as text.
fn integers(node: &Node<'_>, vr: VR) -> Vec<String> {
    let big_endian = vr::is_big_endian(node);
    node.bytes()
        .chunks_exact(vr::word(vr))
        .take(8)
        .map(|bytes| {
            let value = crate::json::number::unsigned(bytes, big_endian);
            match vr {
                VR::SS => (value as u16).cast_signed().to_string(),
                VR::SL => (value as u32).cast_signed().to_string(),
                _ => value.to_string(),
            }
        })
        .collect()
}
