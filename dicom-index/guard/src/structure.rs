//! What a scan finds.

use std::fmt;

use dicom_core::dictionary::VirtualVr;
use dicom_core::{Tag, VR};

use crate::{DataSet, Encoding, Remark};

/// A run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// From the first byte of the file, or of the inflated data set.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
}

/// What an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes.
    Value,
    /// Items, which follow in the list until `next`.
    Sequence,
    /// One item of a sequence; its elements follow until `next`.
    Item,
    /// Encapsulated pixel data: the span covers the offset table and the fragments with their item headers.
    Fragments,
}

/// One element or item, in the order of the file.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    /// First byte of its value.
    pub offset: u64,
    /// Bytes of its value, delimiters left out.
    pub length: u64,
    /// Its tag; (FFFE,E000) for an item.
    pub tag: Tag,
    /// Index in the list of what comes after it and all it contains.
    pub next: u32,
    /// As written, or as the dictionary has it where it is not written.
    pub vr: VirtualVr,
    /// What it holds.
    pub kind: Kind,
    /// Numbers in it begin with their highest byte.
    pub big_endian: bool,
}

/// Encapsulated pixel data, PS3.5 §A.4.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encapsulated {
    /// Value of the first item, the Basic Offset Table; empty when there is none.
    pub basic_offset_table: Span,
    /// Values of the items that follow, without their headers.
    pub fragments: Vec<Span>,
    /// Value of ExtendedOffsetTable (7FE0,0001).
    pub extended_offset_table: Option<Span>,
    /// Value of ExtendedOffsetTableLengths (7FE0,0002).
    pub extended_offset_table_lengths: Option<Span>,
}

/// Where the pixels of the object itself are (not those of an icon).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PixelData {
    /// PixelData, FloatPixelData or DoubleFloatPixelData as one value.
    Native {
        /// First byte, in what [`Structure::source`] gives.
        offset: usize,
        /// In bytes.
        length: usize,
    },
    /// PixelData in fragments.
    Encapsulated(Encapsulated),
}

/// The proof that an object is what it declares, and the map by which it is read.
#[derive(Clone)]
pub struct Structure {
    /// TransferSyntaxUID, corrected where the data set is plainly written otherwise.
    pub transfer_syntax_uid: String,
    /// How the data set is written.
    pub encoding: Encoding,
    /// Whether what was scanned is a Part 10 file whose meta header names this transfer syntax.
    pub part10: bool,
    /// Elements of group 0002; offsets are in the file.
    pub meta: Vec<Element>,
    /// First byte of the data set in the file.
    pub data_set_offset: usize,
    /// All elements and items, in the order of the file, each before what it contains.
    pub elements: Vec<Element>,
    /// The object's own pixels.
    pub pixel_data: Option<PixelData>,
    /// The inflated data set, when it was deflated: spans of `elements` and `pixel_data` are then offsets into it.
    pub inflated: Option<Vec<u8>>,
    /// What was read leniently, at most 16.
    pub remarks: Vec<Remark>,
}

impl Structure {
    /// The data set, to be read; `bytes` are those that were scanned.
    pub fn data_set<'a>(&'a self, bytes: &'a [u8]) -> DataSet<'a> {
        DataSet::new(self.source(bytes), &self.elements)
    }

    /// The meta header, to be read; `bytes` are those that were scanned.
    pub fn meta<'a>(&'a self, bytes: &'a [u8]) -> DataSet<'a> {
        DataSet::new(bytes, &self.meta)
    }

    /// The bytes that spans are offsets into: the inflated data set, or what was scanned.
    pub fn source<'a>(&'a self, bytes: &'a [u8]) -> &'a [u8] {
        self.inflated.as_deref().unwrap_or(bytes)
    }

    /// Tag, VR, offset and length of the elements of the outermost level.
    pub fn top_level(&self) -> impl Iterator<Item = &Element> {
        let mut index = 0;
        std::iter::from_fn(move || {
            let element = self.elements.get(index)?;
            index = element.next as usize;
            Some(element)
        })
    }
}

impl Element {
    pub(crate) fn span(&self) -> Span {
        Span { offset: self.offset, length: self.length }
    }

    /// The value representation as written; `None` where the context decides (`US` or `SS`, `OB` or `OW`).
    pub fn exact_vr(&self) -> Option<VR> {
        self.vr.exact()
    }
}

/// Says how much there is, not what: an inflated data set is patient data.
impl fmt::Debug for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Structure")
            .field("transfer_syntax_uid", &self.transfer_syntax_uid)
            .field("data_set_offset", &self.data_set_offset)
            .field("elements", &self.elements.len())
            .field("remarks", &self.remarks)
            .finish_non_exhaustive()
    }
}
