//! A data set to DICOM JSON.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dicom_core::{Tag, VR};
use index_guard::Node;
use index_model::Finding;

use super::{number, text};
use crate::attributes::{Header, declared_by, trim};
use crate::notes::{Notes, quarantine};
use crate::{tags, vr};

/// The longest binary value that stands in the header: palettes, LUTs and overlays do.
const MOST_INLINE: usize = 64 * 1024;
/// The longest private one: vendors keep tens of kilobytes in each instance, and nobody reads them here.
const MOST_INLINE_PRIVATE: usize = 1024;
/// The longest text.
const MOST_TEXT: usize = 1024 * 1024;

/// The longest header, which is that of a whole-slide image with a functional group for each of its 100,000 tiles.
const MOST_HEADER: usize = 256 * 1024 * 1024;

/// What the header of one instance needs to be told.
pub(crate) struct Target<'a> {
    /// Where bulk values are retrieved, with `/bulkdata` at its end.
    pub(crate) bulk_base: String,
    /// Syntax of the stored bytes, for AvailableTransferSyntaxUID.
    pub(crate) transfer_syntax_uid: &'a str,
}

/// Writes the header of an instance.
///
/// # Errors
/// A finding when an attribute is there twice with different values.
pub(crate) fn write(header: Header<'_>, target: &Target<'_>, notes: &mut Notes) -> Result<String, Finding> {
    let mut writer = Writer { out: String::with_capacity(16 * 1024), path: String::new(), target, notes };
    writer.level(header, &GIVEN)?;
    Ok(writer.out)
}

/// What the outermost level has, whether the object has it or not: text is Unicode (PS3.18 §F.2), and how the object is stored.
const GIVEN: [Tag; 2] = [tags::SPECIFIC_CHARACTER_SET, tags::AVAILABLE_TRANSFER_SYNTAX_UID];

/// A level that is being written, and what is still to be put in between.
struct Level<'a> {
    header: Header<'a>,
    given: &'static [Tag],
}

struct Writer<'a> {
    out: String,
    /// Where the current level is: empty, or `/54000100/1`.
    path: String,
    target: &'a Target<'a>,
    notes: &'a mut Notes,
}

impl Writer<'_> {
    /// One level as an object. Recursion is as deep as the guard let through.
    fn level(&mut self, header: Header<'_>, given: &'static [Tag]) -> Result<(), Finding> {
        self.out.push('{');
        let mut level = Level { header, given };
        // Looked at before anything is written, so that each level is written once.
        let ascending = header.set.iter().map(|node| node.tag()).is_sorted_by(|a, b| a < b);
        if ascending {
            for node in header.set.iter() {
                self.next(&mut level, &node)?;
            }
        } else {
            for node in self.sorted(header)? {
                self.next(&mut level, &node)?;
            }
        }
        self.give(&mut level, Tag(u16::MAX, u16::MAX));
        self.out.push('}');
        Ok(())
    }

    /// The elements of a level that do not ascend as PS3.5 §7.1 asks, in order and each once.
    fn sorted<'n>(&mut self, header: Header<'n>) -> Result<Vec<Node<'n>>, Finding> {
        self.notes.note_named("file", "has elements that do not ascend");
        let mut nodes: Vec<Node<'_>> = header.set.iter().collect();
        nodes.sort_by_key(Node::tag);
        let differ = |pair: &&[Node<'_>]| pair[0].tag() == pair[1].tag() && pair[0].bytes() != pair[1].bytes();
        if let Some([node, _]) = nodes.windows(2).find(differ) {
            return Err(quarantine(node.tag(), "is there twice, with different values"));
        }
        nodes.dedup_by_key(|node| node.tag());
        Ok(nodes)
    }

    /// One element, after what its level is given before it.
    fn next(&mut self, level: &mut Level<'_>, node: &Node<'_>) -> Result<(), Finding> {
        let tag = node.tag();
        if tag == tags::SPECIFIC_CHARACTER_SET && declared_by(node) == Some(None) {
            self.notes.note(tag, "has a term that is not known");
        }
        if self.give(level, tag) || tag.0 <= 0x0002 || tag.1 == 0 || tag == tags::DATA_SET_TRAILING_PADDING {
            return Ok(());
        }
        if tag == tags::SPECIFIC_CHARACTER_SET {
            self.character_set();
            return Ok(());
        }
        self.element(level.header, node)
    }

    /// Writes what the level is given up to `tag`, and says whether that was among it.
    fn give(&mut self, level: &mut Level<'_>, tag: Tag) -> bool {
        let mut replaced = false;
        while let Some((&given, rest)) = level.given.split_first().filter(|(given, _)| **given <= tag) {
            match given {
                tags::SPECIFIC_CHARACTER_SET => self.character_set(),
                _ => self.transfer_syntax(),
            }
            replaced |= given == tag;
            level.given = rest;
        }
        replaced
    }

    fn key(&mut self, tag: Tag, vr: VR) {
        if !self.out.ends_with('{') {
            self.out.push(',');
        }
        // Writing to a String can't fail.
        let _ = write!(self.out, "\"{:04X}{:04X}\":{{\"vr\":\"{}\"", tag.0, tag.1, vr.to_string());
    }

    fn character_set(&mut self) {
        self.key(tags::SPECIFIC_CHARACTER_SET, VR::CS);
        self.out.push_str(",\"Value\":[\"ISO_IR 192\"]}");
    }

    fn transfer_syntax(&mut self) {
        self.key(tags::AVAILABLE_TRANSFER_SYNTAX_UID, VR::UI);
        let _ = write!(self.out, ",\"Value\":[\"{}\"]}}", self.target.transfer_syntax_uid);
    }

    fn element(&mut self, header: Header<'_>, node: &Node<'_>) -> Result<(), Finding> {
        if self.out.len() > MOST_HEADER {
            return Err(Finding::quarantine("file", "has a header that is too long as JSON"));
        }
        let vr = vr::effective(node, header.signed);
        self.key(node.tag(), vr);
        let length = node.bytes().len();
        match vr {
            VR::SQ => self.items(header, node)?,
            _ if length == 0 => {}
            _ if is_pixels(node.tag()) => self.bulk_uri(node.tag()),
            VR::OB | VR::OW | VR::OD | VR::OF | VR::OL | VR::OV | VR::UN => self.binary(node, vr),
            VR::AT | VR::FL | VR::FD | VR::SL | VR::SS | VR::SV | VR::UL | VR::US | VR::UV => self.numbers(node, vr),
            _ if length > MOST_TEXT => self.bulk_uri(node.tag()),
            _ => self.text(header, node, vr),
        }
        self.out.push('}');
        Ok(())
    }

    fn items(&mut self, header: Header<'_>, node: &Node<'_>) -> Result<(), Finding> {
        let outer = self.path.len();
        let _ = write!(self.path, "/{:04X}{:04X}/", node.tag().0, node.tag().1);
        let inner = self.path.len();
        for (index, item) in node.items().enumerate() {
            self.out.push_str(if index == 0 { ",\"Value\":[" } else { "," });
            let _ = write!(self.path, "{}", index + 1);
            self.level(header.within(item), &[])?;
            self.path.truncate(inner);
        }
        self.path.truncate(outer);
        if node.items().next().is_some() {
            self.out.push(']');
        }
        Ok(())
    }

    fn bulk_uri(&mut self, tag: Tag) {
        let _ =
            write!(self.out, ",\"BulkDataURI\":\"{}{}/{:04X}{:04X}\"", self.target.bulk_base, self.path, tag.0, tag.1);
    }

    fn binary(&mut self, node: &Node<'_>, vr: VR) {
        let bytes = node.bytes();
        let most = if node.tag().0 % 2 == 1 { MOST_INLINE_PRIVATE } else { MOST_INLINE };
        if bytes.len() > most {
            return self.bulk_uri(node.tag());
        }
        self.out.push_str(",\"InlineBinary\":\"");
        STANDARD.encode_string(crate::bulk::little_endian(node, vr), &mut self.out);
        self.out.push('"');
    }

    fn numbers(&mut self, node: &Node<'_>, vr: VR) {
        let bytes = node.bytes();
        if bytes.len() > MOST_INLINE {
            return self.bulk_uri(node.tag());
        }
        let size = if vr == VR::AT { 4 } else { vr::word(vr) };
        let numbers = bytes.chunks_exact(size);
        if !numbers.remainder().is_empty() {
            self.notes.note(node.tag(), "has a length that is no multiple of its numbers'");
        }
        if bytes.len() < size {
            return;
        }
        let big_endian = vr::is_big_endian(node);
        self.out.push_str(",\"Value\":[");
        for (index, value) in numbers.enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            number::push_binary(&mut self.out, value, vr, big_endian);
        }
        self.out.push(']');
    }

    fn text(&mut self, header: Header<'_>, node: &Node<'_>, vr: VR) {
        let decoded = header.decode(node, vr);
        if decoded.faulty {
            self.notes.note(node.tag(), "has characters that its character set does not allow");
        }
        let start = self.out.len();
        self.out.push_str(",\"Value\":[");
        let mut values = 0;
        let mut present = false;
        let mut push = |out: &mut String, value: &str| {
            if values > 0 {
                out.push(',');
            }
            values += 1;
            let written = push_value(out, trim(value, vr), vr);
            present |= written;
            if !written {
                out.push_str("null");
            }
        };
        if index_text::is_multi_valued(vr) {
            decoded.text.split('\\').for_each(|value| push(&mut self.out, value));
        } else {
            push(&mut self.out, &decoded.text);
        }
        if values == 1 && !present {
            self.out.truncate(start); // An empty attribute has no Value at all (PS3.18 §F.2.5).
        } else {
            self.out.push(']');
        }
    }
}

/// One value of a text; false when it is empty.
fn push_value(out: &mut String, value: &str, vr: VR) -> bool {
    match vr {
        _ if value.is_empty() => return false,
        VR::PN => return text::push_name(out, value),
        VR::DS | VR::IS if number::push_decimal(out, value, vr) => {}
        _ => text::push_string(out, value),
    }
    true
}

/// PixelData and its floating-point kin, at any level: never in a header.
const fn is_pixels(tag: Tag) -> bool {
    matches!(tag, Tag(0x7FE0, 0x0008..=0x0010))
}
