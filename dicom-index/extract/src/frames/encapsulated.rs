//! Fragments to frames: by the tables of PS3.5 §A.4 where they are right, else by what the fragments are.

use index_guard::{Encapsulated, Span};
use index_model::{Finding, Span as Stored, transfer_syntax};

use super::PIXEL_DATA;
use crate::notes::{Notes, quarantine};

/// Item tag and length before each fragment.
const ITEM_HEADER: u64 = 8;

/// The fragments of each frame.
pub(crate) fn frames(
    data: &Encapsulated,
    source: &[u8],
    frames: u32,
    transfer_syntax_uid: &str,
    notes: &mut Notes,
) -> Result<Vec<Vec<Stored>>, Finding> {
    let count = frames as usize;
    if data.fragments.is_empty() {
        return Err(quarantine(PIXEL_DATA, "has no fragments"));
    }
    if is_video(transfer_syntax_uid) {
        return Ok(vec![stored(&data.fragments)]);
    }
    if data.extended_offset_table.is_some() {
        match by_extended_table(data, source, count) {
            Some(found) => return Ok(found),
            None => notes.note_named("ExtendedOffsetTable", "does not point to the frames; they were found without it"),
        }
    }
    if data.basic_offset_table.length > 0 {
        match by_basic_table(data, source, count) {
            Some(found) => return Ok(found),
            None => notes.note(PIXEL_DATA, "has an offset table that does not point to the frames"),
        }
    }
    without_table(data, source, count, transfer_syntax_uid)
}

/// How many frames there are by the table, or by what the fragments are.
pub(crate) fn counted(data: &Encapsulated, source: &[u8], transfer_syntax_uid: &str) -> u64 {
    if transfer_syntax_uid == transfer_syntax::RLE_LOSSLESS {
        return data.fragments.len() as u64;
    }
    match data.basic_offset_table.length / 4 {
        0 => data.fragments.iter().filter(|span| begins(source, **span)).count() as u64,
        entries => entries,
    }
}

/// Whether a frame is more than one: another code stream begins within its fragments, which a decoder of the first would leave out.
pub(crate) fn holds_more(frames: &[Vec<Stored>], source: &[u8], transfer_syntax_uid: &str) -> bool {
    // What JPEG XL begins with is so short that a fragment may begin so by chance.
    let begins = |span: &Stored| {
        let fragment = value(source, Span { offset: span.offset, length: span.length });
        fragment.is_some_and(|bytes| begins_code_stream(bytes) && !bytes.starts_with(&JPEG_XL))
    };
    !is_video(transfer_syntax_uid)
        && transfer_syntax_uid != transfer_syntax::RLE_LOSSLESS
        && frames.iter().any(|fragments| fragments.first().is_some_and(begins) && fragments.iter().skip(1).any(begins))
}

/// MPEG-2, MPEG-4, HEVC (PS3.5 §A.4.5 to A.4.9) and SMPTE 2110: one stream, whatever NumberOfFrames says.
fn is_video(transfer_syntax_uid: &str) -> bool {
    let part = |prefix| transfer_syntax_uid.strip_prefix(prefix);
    let stream = part("1.2.840.10008.1.2.4.").and_then(|n| n.split('.').next()?.parse::<u32>().ok());
    stream.is_some_and(|n| (100..=108).contains(&n)) || part("1.2.840.10008.1.2.7.").is_some()
}

fn stored(fragments: &[Span]) -> Vec<Stored> {
    fragments.iter().map(|span| Stored { offset: span.offset, length: span.length }).collect()
}

fn value(source: &[u8], span: Span) -> Option<&[u8]> {
    let start = usize::try_from(span.offset).ok()?;
    source.get(start..start.checked_add(usize::try_from(span.length).ok()?)?)
}

/// Little-endian numbers of `N` bytes; `None` unless there is one for each of `count` frames.
fn table<const N: usize>(source: &[u8], span: Span, count: usize) -> Option<Vec<u64>> {
    let bytes = value(source, span)?;
    let numbers = bytes.chunks_exact(N);
    let whole = numbers.remainder().is_empty() && numbers.len() == count;
    whole.then(|| numbers.map(|number| crate::json::number::unsigned(number, false)).collect())
}

/// PS3.3 C.7.6.3.1.8: one fragment for each frame, in their order, with its length before the byte that makes it even. A table that says
/// otherwise would show one frame as another, or a part of it.
fn by_extended_table(data: &Encapsulated, source: &[u8], count: usize) -> Option<Vec<Vec<Stored>>> {
    let offsets = table::<8>(source, data.extended_offset_table?, count)?;
    let lengths = table::<8>(source, data.extended_offset_table_lengths?, count)?;
    let base = data.fragments.first()?.offset;
    let is_in_order = offsets.first() == Some(&0) && offsets.is_sorted_by(|one, next| one < next);
    (is_in_order && data.fragments.len() == count).then_some(())?;
    let frame = |(offset, length): (&u64, &u64)| {
        let start = base.checked_add(*offset)?;
        let at = data.fragments.binary_search_by_key(&start, |fragment| fragment.offset).ok()?;
        let whole = data.fragments[at].length;
        (whole.saturating_sub(1).max(1)..=whole)
            .contains(length)
            .then(|| vec![Stored { offset: start, length: *length }])
    };
    offsets.iter().zip(&lengths).map(frame).collect()
}

/// PS3.5 §A.4: where the item of each frame's first fragment is, from the first of all.
fn by_basic_table(data: &Encapsulated, source: &[u8], count: usize) -> Option<Vec<Vec<Stored>>> {
    let offsets = table::<4>(source, data.basic_offset_table, count)?;
    let base = data.fragments.first()?.offset.checked_sub(ITEM_HEADER)?;
    let first = |offset: &u64| {
        data.fragments.binary_search_by_key(&(base + offset + ITEM_HEADER), |fragment| fragment.offset).ok()
    };
    let starts: Vec<usize> = offsets.iter().map(first).collect::<Option<_>>()?;
    (starts.first() == Some(&0)).then_some(())?;
    group(&data.fragments, &starts)
}

/// Parts the fragments before each of `starts`, which must ascend.
fn group(fragments: &[Span], starts: &[usize]) -> Option<Vec<Vec<Stored>>> {
    let ends = starts.iter().skip(1).copied().chain([fragments.len()]);
    let frame = |(start, end): (&usize, usize)| fragments.get(*start..end).filter(|f| !f.is_empty()).map(stored);
    starts.iter().zip(ends).map(frame).collect()
}

/// No table: one frame is all there is, as many fragments as frames are one each, else each frame begins with a code stream's first bytes.
fn without_table(
    data: &Encapsulated,
    source: &[u8],
    count: usize,
    transfer_syntax_uid: &str,
) -> Result<Vec<Vec<Stored>>, Finding> {
    let fragments = &data.fragments;
    if fragments.len() == count {
        return Ok(fragments.iter().map(|fragment| stored(&[*fragment])).collect());
    }
    if transfer_syntax_uid == transfer_syntax::RLE_LOSSLESS {
        return Err(quarantine(PIXEL_DATA, "has not one RLE fragment for each frame"));
    }
    if count == 1 {
        return Ok(vec![stored(fragments)]);
    }
    if fragments.len() < count {
        return Err(quarantine(PIXEL_DATA, "has fewer fragments than NumberOfFrames says"));
    }
    let starts: Vec<usize> = (0..fragments.len()).filter(|index| begins(source, fragments[*index])).collect();
    let found = (starts.len() == count && starts[0] == 0).then(|| group(fragments, &starts)).flatten();
    found.ok_or_else(|| quarantine(PIXEL_DATA, "has no offset table, and its fragments do not tell where frames begin"))
}

fn begins(source: &[u8], span: Span) -> bool {
    value(source, span).is_some_and(begins_code_stream)
}

/// JPEG and JPEG-LS (SOI), JPEG 2000 (SOC and SIZ), JP2 signature box, JPEG XL.
fn begins_code_stream(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xD8, 0xFF])
        || bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51])
        || bytes.starts_with(b"\0\0\0\x0CjP  ")
        || bytes.starts_with(&JPEG_XL)
}

const JPEG_XL: [u8; 2] = [0xFF, 0x0A];
