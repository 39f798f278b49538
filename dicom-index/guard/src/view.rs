//! Reading what was scanned.

use std::fmt;

use dicom_core::{Tag, VR};

use crate::{Element, Kind};

/// The elements of one level: a whole data set, or one item.
#[derive(Clone, Copy)]
pub struct DataSet<'a> {
    source: &'a [u8],
    elements: &'a [Element],
    start: usize,
    end: usize,
}

/// One element and the bytes behind it.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    /// The element.
    pub element: &'a Element,
    source: &'a [u8],
    elements: &'a [Element],
    index: usize,
}

impl<'a> DataSet<'a> {
    pub(crate) fn new(source: &'a [u8], elements: &'a [Element]) -> Self {
        Self { source, elements, start: 0, end: elements.len() }
    }

    /// Its elements in the order of the file, not those of nested items.
    pub fn iter(self) -> impl Iterator<Item = Node<'a>> {
        let mut index = self.start;
        std::iter::from_fn(move || {
            let element = self.elements.get(index).filter(|_| index < self.end)?;
            let node = Node { element, source: self.source, elements: self.elements, index };
            index = (element.next as usize).max(index + 1);
            Some(node)
        })
    }

    /// The first element of this tag.
    pub fn find(self, tag: Tag) -> Option<Node<'a>> {
        self.iter().find(|node| node.element.tag == tag)
    }
}

impl<'a> Node<'a> {
    /// Its tag.
    pub fn tag(&self) -> Tag {
        self.element.tag
    }

    /// Its value as written; for sequences and fragments, all they contain.
    pub fn bytes(&self) -> &'a [u8] {
        let start = usize::try_from(self.element.offset).unwrap_or(usize::MAX);
        let end = usize::try_from(self.element.length).ok().and_then(|length| start.checked_add(length));
        end.and_then(|end| self.source.get(start..end)).unwrap_or_default()
    }

    /// Its items; none unless it is a sequence.
    pub fn items(&self) -> impl Iterator<Item = DataSet<'a>> + use<'a> {
        let end = if self.element.kind == Kind::Sequence { self.element.next as usize } else { self.index + 1 };
        let all = DataSet { source: self.source, elements: self.elements, start: self.index + 1, end };
        all.iter().map(move |item| DataSet { start: item.index + 1, end: item.element.next as usize, ..all })
    }

    /// Whether it is a sequence.
    pub fn is_sequence(&self) -> bool {
        self.element.kind == Kind::Sequence
    }

    /// For encapsulated pixel data, the values of its items: the Basic Offset Table first, then the fragments.
    pub fn fragments(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = if self.element.kind == Kind::Fragments { self.bytes() } else { &[] };
        let big_endian = self.element.big_endian;
        std::iter::from_fn(move || {
            let head = rest.get(4..8)?.first_chunk::<4>()?;
            let length = if big_endian { u32::from_be_bytes(*head) } else { u32::from_le_bytes(*head) } as usize;
            let value = rest.get(8..)?.get(..length)?;
            rest = &rest[8 + length..];
            Some(value)
        })
    }

    /// The value representation as written or as the dictionary has it; `None` where the context decides.
    pub fn exact_vr(&self) -> Option<VR> {
        self.element.vr.exact()
    }
}

/// Tags, not values.
impl fmt::Debug for DataSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The tag, not the value.
impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.element.tag, f)
    }
}
