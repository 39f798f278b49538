//! Where the frames of an object lie, found once, so that they are served as byte ranges.

mod encapsulated;

use index_guard::{Encoding, PixelData, Structure};
use index_model::{Finding, FrameIndex};

use crate::attributes::{Attributes, Header};
use crate::notes::{Notes, quarantine};
use crate::tags;

/// All that DICOM registers begins so (PS3.6 annex A).
const STANDARD_ROOT: &str = "1.2.840.10008.";
const PIXEL_DATA: dicom_core::Tag = dicom_core::Tag(0x7FE0, 0x0010);

/// The frames of an object, and how many it says it has.
///
/// # Errors
/// A finding when the pixels are fewer than the header says, or can't be told apart into frames.
pub(crate) fn index(
    structure: &Structure,
    header: Header<'_>,
    source: &[u8],
    notes: &mut Notes,
) -> Result<(FrameIndex, u32), Finding> {
    let mut declared = header.count(tags::NUMBER_OF_FRAMES);
    if declared.is_none() && header.text(tags::NUMBER_OF_FRAMES).is_some() {
        notes.note(tags::NUMBER_OF_FRAMES, "is not a number; frames were counted in the pixel data");
        declared = structure.pixel_data.as_ref().map(|pixel_data| counted(pixel_data, header, structure, source));
    }
    let Some(pixel_data) = &structure.pixel_data else { return Ok((FrameIndex::None, declared.unwrap_or(0))) };
    let frames = declared.unwrap_or(1).max(1);
    let uncompressed = structure.inflated.is_some() || is_native(&structure.transfer_syntax_uid);
    let index = match pixel_data {
        PixelData::Native { .. } if !uncompressed && structure.transfer_syntax_uid.starts_with(STANDARD_ROOT) => {
            return Err(quarantine(PIXEL_DATA, "is not encapsulated, though its transfer syntax is"));
        }
        PixelData::Native { .. } if !uncompressed => {
            notes.note(PIXEL_DATA, "is in a private transfer syntax");
            FrameIndex::None
        }
        PixelData::Encapsulated(_) if uncompressed => {
            return Err(quarantine(PIXEL_DATA, "is encapsulated, though its transfer syntax is not"));
        }
        PixelData::Native { offset, length } => native(header, source, (*offset, *length), frames, notes)?,
        PixelData::Encapsulated(data) => {
            let uid = structure.transfer_syntax_uid.as_str();
            let found = encapsulated::frames(data, source, frames, uid, notes)?;
            if encapsulated::holds_more(&found, source, uid) {
                notes.note(PIXEL_DATA, "holds more frames than NumberOfFrames says, which are not told apart");
                FrameIndex::None
            } else {
                FrameIndex::Encapsulated(found)
            }
        }
    };
    match index {
        FrameIndex::Native { count, .. } if structure.inflated.is_some() => {
            Ok((FrameIndex::Deflated { count }, frames))
        }
        index => Ok((index, frames)),
    }
}

/// How many frames there are by the pixel data alone, so that a number that can't be read hides none.
fn counted(pixel_data: &PixelData, header: Header<'_>, structure: &Structure, source: &[u8]) -> u32 {
    let count = match pixel_data {
        PixelData::Native { length, .. } => {
            frame_bits(header).and_then(|bits| (*length as u64).saturating_mul(8).checked_div(bits)).unwrap_or(1)
        }
        PixelData::Encapsulated(data) => encapsulated::counted(data, source, &structure.transfer_syntax_uid),
    };
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

/// Whether pixel data of this syntax lie as they are: the three of PS3.5 §A.1 to A.3 and GE's private one.
fn is_native(transfer_syntax_uid: &str) -> bool {
    transfer_syntax_uid == Encoding::of(transfer_syntax_uid).native_uid() || transfer_syntax_uid == "1.2.840.113619.5.2"
}

/// Uncompressed: frames follow each other without padding (PS3.5 §8.1.1).
fn native(
    header: Header<'_>,
    source: &[u8],
    (offset, length): (usize, usize),
    frames: u32,
    notes: &mut Notes,
) -> Result<FrameIndex, Finding> {
    let held = length as u128 * 8;
    let whole = whole_bits(header).filter(|bits| held / 16 == u128::from(*bits) * u128::from(frames) / 16);
    let Some(frame_bits) = whole.or_else(|| frame_bits(header)).filter(|bits| *bits > 0) else {
        notes.note(PIXEL_DATA, "has no frames that can be located, for want of Rows, Columns or BitsAllocated");
        return Ok(FrameIndex::None);
    };
    let needed = u128::from(frame_bits) * u128::from(frames);
    if held < needed {
        let rule = "holds fewer bytes than Rows × Columns × SamplesPerPixel × BitsAllocated × NumberOfFrames say";
        return Err(quarantine(PIXEL_DATA, rule));
    }
    let spare = source.get(offset..offset.saturating_add(length)).and_then(|value| value.get((needed / 8) as usize..));
    if contradicts(header, needed, spare.unwrap_or_default(), frames) {
        let rule = "is longer than Rows, Columns, SamplesPerPixel, BitsAllocated and NumberOfFrames say, by whole rows, columns or frames: one of them is wrong";
        notes.note(PIXEL_DATA, rule);
        return Ok(FrameIndex::None);
    }
    if held - needed >= u128::from(frame_bits).max(16) {
        notes.note(PIXEL_DATA, "holds more bytes than its frames need");
    }
    Ok(FrameIndex::Native { offset: offset as u64, frame_bits, count: frames })
}

/// Whether what is `spare` behind frames of `needed` bits can only be theirs, so that the header is wrong.
///
/// A byte makes a length even (PS3.5 §8.1.1), and writers leave blocks of zeros behind the last frame, which hurt nobody: pydicom, for one,
/// takes the bytes in front of them. But data that are longer by whole frames, or by whole columns or rows that hold something, are what they would
/// be if Columns, Rows, NumberOfFrames, SamplesPerPixel or BitsAllocated were larger. By this header their picture would be sheared, in
/// stripes or cut off, and the length alone does not tell which of them it is.
fn contradicts(header: Header<'_>, needed: u128, spare: &[u8], frames: u32) -> bool {
    let count = |tag| header.count(tag).map_or(0, u128::from);
    // In bytes of whole containers: frames of single bits share theirs.
    if count(tags::BITS_ALLOCATED) % 8 != 0 || spare.len() < 2 {
        return false;
    }
    let (frame, frames) = (needed / 8 / u128::from(frames), u128::from(frames));
    // The last byte may be there to make the length even.
    let is_by = |unit: u128| {
        let lengths = [spare.len() as u128, spare.len() as u128 - 1];
        unit > 0 && lengths.into_iter().any(|length| length >= unit && length % unit == 0)
    };
    let sides = [count(tags::ROWS), count(tags::COLUMNS)].map(|side| frame.checked_div(side).unwrap_or(0) * frames);
    let is_filled = spare.iter().any(|byte| *byte != spare[0]);
    is_by(frame) || (is_filled && sides.into_iter().any(is_by))
}

/// Bits of one frame; 4:2:2 keeps two samples for each pixel (PS3.3 C.7.6.3.1.2).
fn frame_bits(header: Header<'_>) -> Option<u64> {
    let count = |tag| header.count(tag).map(u64::from);
    let samples = match header.text(tags::PHOTOMETRIC_INTERPRETATION).as_deref() {
        Some("YBR_FULL_422" | "YBR_PARTIAL_422") => 2,
        Some("YBR_PARTIAL_420") => return None,
        _ => count(tags::SAMPLES_PER_PIXEL).unwrap_or(1).max(1),
    };
    let pixels = count(tags::ROWS)?.checked_mul(count(tags::COLUMNS)?)?;
    pixels.checked_mul(samples)?.checked_mul(count(tags::BITS_ALLOCATED)?)
}

/// Bits of one frame that is called 4:2:2 and has all of its samples, as ultrasound machines often write it: where the pixel data are exactly
/// so long, that is what they are.
fn whole_bits(header: Header<'_>) -> Option<u64> {
    let photometric = header.text(tags::PHOTOMETRIC_INTERPRETATION);
    let count = |tag| header.count(tag).map(u64::from);
    let pixels = count(tags::ROWS)?.checked_mul(count(tags::COLUMNS)?)?;
    let bits = pixels.checked_mul(3)?.checked_mul(count(tags::BITS_ALLOCATED)?)?;
    (photometric.as_deref() == Some("YBR_FULL_422")).then_some(bits)
}

/// Moves a frame index to where its bytes are stored: the data set begins at `to` instead of `from`.
pub(crate) fn moved(index: FrameIndex, from: usize, to: usize) -> FrameIndex {
    let (from, to) = (from as u64, to as u64);
    let moved = |offset: u64| offset.saturating_sub(from) + to;
    match index {
        FrameIndex::Native { offset, frame_bits, count } => {
            FrameIndex::Native { offset: moved(offset), frame_bits, count }
        }
        FrameIndex::Encapsulated(mut frames) => {
            frames.iter_mut().flatten().for_each(|span| span.offset = moved(span.offset));
            FrameIndex::Encapsulated(frames)
        }
        index => index,
    }
}
