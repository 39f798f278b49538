//! One element's header: tag, value representation and length (PS3.5 §7.1).

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use crate::Encoding;

/// The length that says «until the delimiter».
pub(crate) const UNDEFINED: u32 = u32::MAX;
pub(crate) const ITEM: Tag = Tag(0xFFFE, 0xE000);
pub(crate) const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
pub(crate) const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// Rule that a header breaks when its container ends within it.
pub(crate) const CUT: &str = "ends within an element's header";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) tag: Tag,
    pub(crate) vr: VirtualVr,
    pub(crate) length: u32,
    /// Bytes of the header itself.
    pub(crate) size: usize,
    /// The value representation is not one of PS3.5.
    pub(crate) irregular: bool,
}

/// Why a header can't be read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    Cut,
    IllegalVr(Tag),
}

/// Reads the header at the start of `bytes`, which end where the container does.
pub(crate) fn read(bytes: &[u8], encoding: Encoding) -> Result<Header, Fault> {
    let head = bytes.first_chunk::<8>().ok_or(Fault::Cut)?;
    let tag = encoding.tag([head[0], head[1], head[2], head[3]]);
    let word = [head[4], head[5], head[6], head[7]];
    if tag.0 == 0xFFFE || !encoding.explicit {
        let vr = if tag.0 == 0xFFFE { VirtualVr::Exact(VR::UN) } else { dictionary_vr(tag) };
        return Ok(Header { tag, vr, length: encoding.u32(word), size: 8, irregular: false });
    }
    let short = encoding.u16([head[6], head[7]]).into();
    match VR::from_binary([head[4], head[5]]) {
        Some(vr) if has_short_length(vr) => {
            Ok(Header { tag, vr: VirtualVr::Exact(vr), length: short, size: 8, irregular: false })
        }
        Some(vr) => {
            let length = bytes.get(8..12).and_then(|b| b.first_chunk()).ok_or(Fault::Cut)?;
            let length = encoding.u32(*length);
            Ok(Header { tag, vr: VirtualVr::Exact(vr), length, size: 12, irregular: false })
        }
        None => read_unknown_vr(bytes, head, encoding, tag),
    }
}

/// A value representation that PS3.5 does not know: the long form, the short form, or none at all, whichever fits.
fn read_unknown_vr(bytes: &[u8], head: &[u8; 8], encoding: Encoding, tag: Tag) -> Result<Header, Fault> {
    let header = |length, size| Header { tag, vr: VirtualVr::Exact(VR::UN), length, size, irregular: true };
    let fits = |length: u32, size: usize| bytes.len().checked_sub(size).is_some_and(|left| length as usize <= left);
    let named = head[4].is_ascii_uppercase() && head[5].is_ascii_uppercase();
    if named && head[6..8] == [0, 0] {
        let long = bytes.get(8..12).and_then(|b| b.first_chunk()).map(|b| encoding.u32(*b));
        if let Some(length) = long.filter(|length| fits(*length, 12)) {
            return Ok(header(length, 12));
        }
    }
    let without = encoding.u32([head[4], head[5], head[6], head[7]]);
    let short = encoding.u16([head[6], head[7]]).into();
    if !named && fits(without, 8) {
        Ok(Header { vr: dictionary_vr(tag), ..header(without, 8) })
    } else if fits(short, 8) {
        Ok(Header { vr: known_short_vr(tag), ..header(short, 8) })
    } else {
        Err(Fault::IllegalVr(tag))
    }
}

/// What the dictionary says, unless it would open a sequence: a damaged header is no reason to descend.
fn known_short_vr(tag: Tag) -> VirtualVr {
    match dictionary_vr(tag) {
        VirtualVr::Exact(VR::SQ) => VirtualVr::Exact(VR::UN),
        vr => vr,
    }
}

/// The value representation that PS3.6 gives an attribute; UN where it knows none.
pub(crate) fn dictionary_vr(tag: Tag) -> VirtualVr {
    if tag.1 == 0 {
        return VirtualVr::Exact(VR::UL);
    }
    StandardDataDictionary.by_tag(tag).map_or(VirtualVr::Exact(VR::UN), DataDictionaryEntry::vr)
}

/// PS3.5 table 7.1-2: the VRs whose length has 16 bits.
const fn has_short_length(vr: VR) -> bool {
    use VR::{AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, PN, SH, SL, SS, ST, TM, UI, UL, US};
    matches!(vr, AE | AS | AT | CS | DA | DS | DT | FL | FD | IS | LO | LT | PN | SH | SL | SS | ST | TM | UI | UL | US)
}
