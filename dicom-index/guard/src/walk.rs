//! The walk over a data set: no recursion, every length checked against its container before anything is believed.

use dicom_core::dictionary::VirtualVr;
use dicom_core::{Tag, VR};

use crate::fragments::{self, PIXELS_CUT};
use crate::header::{self, CUT, Fault, Header, ITEM, ITEM_END, SEQUENCE_END, UNDEFINED};
use crate::{Element, Encoding, Kind, Limits, Remark, Violation};

const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
const MOST_REMARKS: usize = 16;

/// A sequence or item whose end has not come yet.
struct Open {
    /// Its place in the list.
    index: usize,
    /// Where it ends, or its container does when its own length is undefined.
    end: usize,
    undefined: bool,
    kind: Kind,
    /// How its content is written.
    encoding: Encoding,
}

/// All that a walk finds.
#[derive(Debug)]
pub(crate) struct Walked {
    pub(crate) elements: Vec<Element>,
    pub(crate) remarks: Vec<Remark>,
    /// Items of the outermost PixelData, when it is encapsulated.
    pub(crate) fragment_items: usize,
}

struct Walk<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    limits: &'a Limits,
    position: usize,
    open: Vec<Open>,
    fragments: usize,
    found: Walked,
}

/// Walks `bytes[start..]` to its end.
pub(crate) fn walk(bytes: &[u8], start: usize, encoding: Encoding, limits: &Limits) -> Result<Walked, Violation> {
    let found = Walked { elements: Vec::new(), remarks: Vec::new(), fragment_items: 0 };
    let mut walk = Walk { bytes, encoding, limits, position: start, open: Vec::new(), fragments: 0, found };
    while walk.step()? {}
    Ok(walk.found)
}

impl Walk<'_> {
    /// One header further; false at the end.
    fn step(&mut self) -> Result<bool, Violation> {
        let (kind, end, undefined) = match self.open.last() {
            Some(open) => (open.kind, open.end, open.undefined),
            None => (Kind::Item, self.bytes.len(), false),
        };
        if self.position >= end {
            return match self.open.last() {
                None => Ok(false),
                Some(open) if undefined => {
                    let tag = self.found.elements[open.index].tag;
                    Err(Violation::of(tag, "has no delimiter", self.position))
                }
                Some(_) => {
                    self.close(end);
                    Ok(true)
                }
            };
        }
        match kind {
            Kind::Sequence => self.item(end, undefined)?,
            _ if self.open.is_empty() && self.is_padding() => return Ok(false),
            _ => self.element(end, undefined)?,
        }
        Ok(true)
    }

    /// Ends the innermost sequence or item; its content ended at `end`.
    fn close(&mut self, end: usize) {
        if let Some(open) = self.open.pop() {
            let next = self.next_index();
            let element = &mut self.found.elements[open.index];
            element.length = end as u64 - element.offset;
            element.next = next;
        }
    }

    fn next_index(&self) -> u32 {
        u32::try_from(self.found.elements.len()).unwrap_or(u32::MAX)
    }

    fn current_encoding(&self) -> Encoding {
        self.open.last().map_or(self.encoding, |open| open.encoding)
    }

    /// Zeros to the end: files padded to a block size.
    fn is_padding(&self) -> bool {
        let rest = &self.bytes[self.position..];
        rest.iter().take(8).all(|b| *b == 0) && rest.iter().all(|b| *b == 0)
    }

    fn header(&self, end: usize) -> Result<Header, Violation> {
        let owner = || self.open.last().map(|open| self.found.elements[open.index].tag);
        header::read(&self.bytes[self.position..end], self.current_encoding()).map_err(|fault| match (fault, owner()) {
            (Fault::Cut, Some(tag)) if tag != ITEM => Violation::of(tag, CUT, self.position),
            (Fault::Cut, _) => Violation::file(CUT, self.position),
            (Fault::IllegalVr(tag), _) => Violation::of(tag, "has no valid value representation", self.position),
        })
    }

    /// Within a sequence: an item, or its end.
    fn item(&mut self, end: usize, undefined: bool) -> Result<(), Violation> {
        let header = self.header(end)?;
        let owner = self.open.last().map_or(ITEM, |open| self.found.elements[open.index].tag);
        let value = self.position + header.size;
        match header.tag {
            ITEM => self.open(header, value, end, Kind::Item, self.current_encoding()),
            SEQUENCE_END if undefined => {
                self.close(self.position);
                self.position = value;
                Ok(())
            }
            _ => Err(Violation::of(owner, "holds something else than items", self.position)),
        }
    }

    /// Within a data set or item: an element, or the item's end.
    fn element(&mut self, end: usize, undefined: bool) -> Result<(), Violation> {
        let header = self.header(end)?;
        let value = self.position + header.size;
        if header.tag == ITEM_END && undefined {
            self.close(self.position);
            self.position = value;
            return Ok(());
        }
        if header.tag.0 == 0xFFFE {
            return Err(Violation::of(header.tag, "stands outside a sequence", self.position));
        }
        if header.tag.0 == 0 {
            // Also what keeps `is_padding` linear: zeros are looked through once.
            return Err(Violation::of(header.tag, "belongs to a command, not to a data set", self.position));
        }
        if header.irregular {
            self.remark(header.tag, "has an unknown value representation");
        }
        match self.kind_of(&header, value, end) {
            Kind::Sequence => {
                if self.open.len() / 2 >= self.limits.depth {
                    return Err(Violation::of(header.tag, "is nested too deeply", self.position));
                }
                self.open(header, value, end, Kind::Sequence, self.content_encoding(&header))
            }
            Kind::Fragments => self.fragments(header, value, end),
            _ => self.value(header, value, end),
        }
    }

    /// What a header announces: PS3.5 §7.5 and, for UN, §6.2.2.
    fn kind_of(&self, header: &Header, value: usize, end: usize) -> Kind {
        let undefined = header.length == UNDEFINED;
        match header.vr {
            _ if undefined && header.tag == PIXEL_DATA => Kind::Fragments,
            VirtualVr::Exact(VR::SQ) => Kind::Sequence,
            VirtualVr::Exact(VR::UN) if undefined => Kind::Sequence,
            VirtualVr::Exact(VR::UN) if self.current_encoding().explicit => {
                let begins_item = self.bytes[value..end].starts_with(&[0xFE, 0xFF, 0x00, 0xE0]);
                let known = header::dictionary_vr(header.tag) == VirtualVr::Exact(VR::SQ);
                if begins_item && known { Kind::Sequence } else { Kind::Value }
            }
            // Implicit VR: only a sequence can have no length.
            _ if undefined && !self.current_encoding().explicit => Kind::Sequence,
            _ => Kind::Value,
        }
    }

    /// What is inside UN is implicit little endian, whatever is around it (PS3.5 §6.2.2 note 4).
    fn content_encoding(&self, header: &Header) -> Encoding {
        let encoding = self.current_encoding();
        if header.vr == VirtualVr::Exact(VR::UN) && encoding.explicit { Encoding::IMPLICIT_LE } else { encoding }
    }

    fn push(&mut self, header: &Header, value: usize, length: usize, kind: Kind) -> Result<usize, Violation> {
        let index = self.found.elements.len();
        if index >= self.limits.elements.min(u32::MAX as usize) {
            return Err(Violation::file("has more elements than are allowed", self.position));
        }
        self.found.elements.push(Element {
            offset: value as u64,
            length: length as u64,
            tag: header.tag,
            next: self.next_index() + 1,
            vr: if kind == Kind::Sequence { VirtualVr::Exact(VR::SQ) } else { header.vr },
            kind,
            big_endian: self.current_encoding().big_endian,
        });
        Ok(index)
    }

    fn open(
        &mut self,
        header: Header,
        value: usize,
        end: usize,
        kind: Kind,
        encoding: Encoding,
    ) -> Result<(), Violation> {
        let undefined = header.length == UNDEFINED;
        let end = if undefined { end } else { self.end_of(&header, value, end)? };
        let index = self.push(&header, value, 0, kind)?;
        self.open.push(Open { index, end, undefined, kind, encoding });
        self.position = value;
        Ok(())
    }

    fn value(&mut self, header: Header, value: usize, end: usize) -> Result<(), Violation> {
        if header.length == UNDEFINED {
            return Err(Violation::of(header.tag, "may not have an undefined length", self.position));
        }
        let after = self.end_of(&header, value, end)?;
        self.push(&header, value, after - value, Kind::Value)?;
        self.position = after;
        Ok(())
    }

    fn fragments(&mut self, header: Header, value: usize, end: usize) -> Result<(), Violation> {
        let encoding = self.current_encoding();
        let left = self.limits.fragments.saturating_sub(self.fragments);
        let scanned = fragments::scan(&self.bytes[..end], value, encoding, header.tag, left, |_| {})?;
        self.fragments += scanned.items;
        if self.open.is_empty() {
            self.found.fragment_items = scanned.items;
        }
        self.push(&header, value, scanned.end - value, Kind::Fragments)?;
        self.position = scanned.after;
        Ok(())
    }

    /// Where a value of defined length ends, if its container has so many bytes.
    fn end_of(&self, header: &Header, value: usize, end: usize) -> Result<usize, Violation> {
        let after = value.checked_add(header.length as usize).filter(|after| *after <= end);
        after.ok_or_else(|| {
            let pixels = header.tag == PIXEL_DATA && self.open.is_empty();
            let rule = if pixels { PIXELS_CUT } else { "is longer than the bytes that follow" };
            let tag = match (header.tag, self.open.last()) {
                (ITEM, Some(open)) => self.found.elements[open.index].tag,
                (tag, _) => tag,
            };
            Violation::of(tag, rule, self.position)
        })
    }

    fn remark(&mut self, tag: Tag, rule: &'static str) {
        if self.found.remarks.len() < MOST_REMARKS {
            self.found.remarks.push(Remark { attribute: crate::attribute_name(tag), rule });
        }
    }
}
