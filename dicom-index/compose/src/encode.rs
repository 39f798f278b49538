//! A data set as Explicit VR Little Endian (PS3.5 §7.1.2, §A.2), in pieces.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::{DataSet, Element, Fault, Tag, Value};

/// The length that says «until the delimiter».
const UNDEFINED: u32 = u32::MAX;
/// The longest value that a length of 32 bits can tell.
const MOST_LENGTH: u64 = 0xFFFF_FFFE;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// What comes next in the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Bulk data that are somewhere else.
    Bulk(Bulk),
}

/// A run of the bulk data that came with the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bulk {
    /// First byte.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
}

/// Lays a data set out. `bulk` tells where the data of a URI are; `frames`, when the pixel data are compressed, where each is.
///
/// # Errors
/// A fault when a URI leads nowhere, or a value is longer than its length can say.
pub fn encode(
    data_set: &DataSet,
    frames: Option<&[Bulk]>,
    bulk: &dyn Fn(&str) -> Option<Bulk>,
) -> Result<Vec<Piece>, Fault> {
    let mut writer = Writer { pieces: Vec::new(), bytes: Vec::new(), bulk };
    for element in data_set.elements() {
        match frames {
            Some(frames) if element.tag == tags::PIXEL_DATA => writer.frames(frames)?,
            _ => writer.element(element)?,
        }
    }
    writer.flush();
    Ok(writer.pieces)
}

struct Writer<'a> {
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
    bulk: &'a dyn Fn(&str) -> Option<Bulk>,
}

impl Writer<'_> {
    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            self.pieces.push(Piece::Bytes(std::mem::take(&mut self.bytes)));
        }
    }

    fn tag(&mut self, tag: Tag) {
        self.bytes.extend_from_slice(&tag.0.to_le_bytes());
        self.bytes.extend_from_slice(&tag.1.to_le_bytes());
    }

    /// Tag, VR and length. A value too long for a length of 16 bits goes as UN (PS3.5 §6.2.2).
    fn header(&mut self, tag: Tag, vr: VR, length: u32) {
        self.tag(tag);
        let short = has_short_length(vr).then(|| u16::try_from(length)).transpose();
        let vr = if short.is_err() { VR::UN } else { vr };
        self.bytes.extend_from_slice(&vr.to_bytes());
        match short {
            Ok(Some(length)) => self.bytes.extend_from_slice(&length.to_le_bytes()),
            _ => {
                self.bytes.extend_from_slice(&[0, 0]);
                self.bytes.extend_from_slice(&length.to_le_bytes());
            }
        }
    }

    fn delimiter(&mut self, tag: Tag, length: u32) {
        self.tag(tag);
        self.bytes.extend_from_slice(&length.to_le_bytes());
    }

    /// Recursion is as deep as the text let through.
    fn element(&mut self, element: &Element) -> Result<(), Fault> {
        match &element.value {
            Value::Items(items) => {
                self.header(element.tag, VR::SQ, UNDEFINED);
                for item in items {
                    self.delimiter(ITEM, UNDEFINED);
                    for element in item.elements() {
                        self.element(element)?;
                    }
                    self.delimiter(ITEM_END, 0);
                }
                self.delimiter(SEQUENCE_END, 0);
            }
            Value::Bytes(bytes) => {
                self.header(element.tag, element.vr, padded(element.tag, bytes.len() as u64)?);
                self.bytes.extend_from_slice(bytes);
                self.pad(element.vr, bytes.len() as u64);
            }
            Value::Bulk(uri) => {
                let bulk = (self.bulk)(uri).ok_or_else(|| {
                    Fault::of(element.tag, "has a BulkDataURI for which no part has a Content-Location")
                })?;
                self.header(element.tag, element.vr, padded(element.tag, bulk.length)?);
                self.bulk(element.vr, bulk);
            }
        }
        Ok(())
    }

    fn bulk(&mut self, vr: VR, bulk: Bulk) {
        self.flush();
        self.pieces.push(Piece::Bulk(bulk));
        self.pad(vr, bulk.length);
    }

    /// To an even length: PS3.5 §7.1, §6.2.
    fn pad(&mut self, vr: VR, length: u64) {
        if !length.is_multiple_of(2) {
            let zero = matches!(vr, VR::UI | VR::UN | VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV);
            self.bytes.push(if zero { 0 } else { b' ' });
        }
    }

    /// Encapsulated pixel data: an empty offset table and a fragment for each frame (PS3.5 §A.4).
    fn frames(&mut self, frames: &[Bulk]) -> Result<(), Fault> {
        self.header(tags::PIXEL_DATA, VR::OB, UNDEFINED);
        self.delimiter(ITEM, 0);
        for frame in frames {
            let length = padded(tags::PIXEL_DATA, frame.length)?;
            self.delimiter(ITEM, length);
            self.bulk(VR::OB, *frame);
        }
        self.delimiter(SEQUENCE_END, 0);
        Ok(())
    }
}

fn padded(tag: Tag, length: u64) -> Result<u32, Fault> {
    let even = length.next_multiple_of(2);
    if even > MOST_LENGTH { Err(Fault::of(tag, "is longer than a length of 32 bits can say")) } else { Ok(even as u32) }
}

/// PS3.5 table 7.1-2: the VRs whose length has 16 bits.
const fn has_short_length(vr: VR) -> bool {
    use VR::{AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, PN, SH, SL, SS, ST, TM, UI, UL, US};
    matches!(vr, AE | AS | AT | CS | DA | DS | DT | FL | FD | IS | LO | LT | PN | SH | SL | SS | ST | TM | UI | UL | US)
}
