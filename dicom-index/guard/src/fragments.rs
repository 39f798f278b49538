//! Encapsulated pixel data: an offset table and fragments, each an item of defined length (PS3.5 §A.4).

use dicom_core::Tag;

use crate::header::{self, ITEM, SEQUENCE_END};
use crate::{Encapsulated, Encoding, Span, Violation};

/// Rule of pixel data that ends before it should.
pub(crate) const PIXELS_CUT: &str = "is cut short";

/// Where the fragments end.
pub(crate) struct Scanned {
    /// First byte of the Sequence Delimitation Item.
    pub(crate) end: usize,
    /// First byte after it.
    pub(crate) after: usize,
    /// Items met.
    pub(crate) items: usize,
}

/// Walks the items from `start` to the delimiter, at most `most` of them, within `bytes[..container_end]`.
pub(crate) fn scan(
    bytes: &[u8],
    start: usize,
    encoding: Encoding,
    tag: Tag,
    most: usize,
    mut each: impl FnMut(Span),
) -> Result<Scanned, Violation> {
    let mut position = start;
    let mut items = 0;
    loop {
        let rest = bytes.get(position..).unwrap_or_default();
        let item = header::read(rest, encoding).map_err(|_| Violation::of(tag, PIXELS_CUT, position))?;
        if item.tag == SEQUENCE_END {
            return Ok(Scanned { end: position, after: position + item.size, items });
        }
        if item.tag != ITEM {
            return Err(Violation::of(tag, "holds something else than fragments", position));
        }
        let value = position + item.size;
        if item.length as usize > bytes.len() - value {
            return Err(Violation::of(tag, PIXELS_CUT, position));
        }
        items += 1;
        if items > most {
            return Err(Violation::of(tag, "has more fragments than are allowed", position));
        }
        each(Span { offset: value as u64, length: item.length.into() });
        position = value + item.length as usize;
    }
}

/// The offset table and fragments of pixel data that has been scanned.
pub(crate) fn collect(bytes: &[u8], span: Span, encoding: Encoding, count: usize) -> Encapsulated {
    let mut found = Encapsulated::default();
    let mut first = true;
    let start = usize::try_from(span.offset).unwrap_or(usize::MAX);
    // The walk has been here before, so that nothing can fail.
    let _ = scan(bytes, start, encoding, Tag(0x7FE0, 0x0010), count, |item| {
        if first {
            found.basic_offset_table = item;
        } else {
            found.fragments.push(item);
        }
        first = false;
    });
    found
}
