//! Part 10 files (PS3.10 §7), with or without what they should have, and bare data sets.

use dicom_core::Tag;

use crate::encoding::{self, Resolved};
use crate::header::{self, UNDEFINED};
use crate::{Element, Encapsulated, Encoding, Kind, Limits, PixelData, Remark, Span, Structure, Violation};
use crate::{fragments, inflate, walk};

const TRANSFER_SYNTAX_UID: Tag = Tag(0x0002, 0x0010);
const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
/// Elements of group 0002 that a meta header may hold; PS3.10 knows 19.
const MOST_META: usize = 256;

/// Scans a Part 10 file, or what passes for one: without preamble, without meta header, without TransferSyntaxUID.
///
/// # Errors
/// [`Violation`] when a parser must not see it.
pub fn scan_file(bytes: &[u8], limits: &Limits) -> Result<Structure, Violation> {
    let start = meta_start(bytes);
    let (meta, data_set_offset) = read_meta(bytes, start)?;
    if start == 0 && meta.is_empty() && bytes.len() < 8 {
        return Err(Violation::file("is neither a Part 10 file nor a data set", 0));
    }
    let declared = meta.iter().find(|e| e.tag == TRANSFER_SYNTAX_UID).and_then(|e| uid_at(bytes, e.span()));
    let mut found = scan_from(bytes, data_set_offset, declared, limits)?;
    found.part10 = start == 132 && declared == Some(found.transfer_syntax_uid.as_str());
    if start != 132 {
        found.remarks.push(Remark { attribute: "file".into(), rule: "has no preamble of 128 bytes" });
    }
    found.meta = meta;
    Ok(found)
}

/// First byte of what should be the meta header.
fn meta_start(bytes: &[u8]) -> usize {
    match bytes {
        _ if bytes.get(128..132) == Some(b"DICM") => 132,
        [b'D', b'I', b'C', b'M', ..] => 4,
        _ => 0,
    }
}

/// MediaStorageSOPClassUID and MediaStorageSOPInstanceUID (0002,0002 and 0002,0003): what a file calls its object, though its data set
/// may be broken.
pub fn media_storage(bytes: &[u8]) -> (Option<&str>, Option<&str>) {
    let (meta, _) = read_meta(bytes, meta_start(bytes)).unwrap_or_default();
    let uid = |tag| meta.iter().find(|element| element.tag == tag).and_then(|element| uid_at(bytes, element.span()));
    (uid(Tag(0x0002, 0x0002)), uid(Tag(0x0002, 0x0003)))
}

/// Whether a file says that its data set is deflated (PS3.5 §A.5): what it holds may be a thousand times as long.
pub fn is_deflated(bytes: &[u8]) -> bool {
    let (meta, _) = read_meta(bytes, meta_start(bytes)).unwrap_or_default();
    let declared = meta.iter().find(|e| e.tag == TRANSFER_SYNTAX_UID).and_then(|e| uid_at(bytes, e.span()));
    declared.is_some_and(encoding::is_deflated)
}

/// Scans a data set without meta header: what C-STORE and C-FIND carry.
///
/// # Errors
/// [`Violation`] when a parser must not see it.
pub fn scan_data_set(bytes: &[u8], transfer_syntax_uid: &str, limits: &Limits) -> Result<Structure, Violation> {
    let uid = transfer_syntax_uid.trim_end_matches(['\0', ' ']);
    scan_from(bytes, 0, Some(uid).filter(|uid| !uid.is_empty()), limits)
}

fn scan_from(bytes: &[u8], start: usize, declared: Option<&str>, limits: &Limits) -> Result<Structure, Violation> {
    let rest = bytes.get(start..).unwrap_or_default();
    let inflated = match declared {
        Some(uid) if encoding::is_deflated(uid) => Some(inflate::inflate(rest, start, limits)?),
        _ => None,
    };
    let (source, first) = inflated.as_deref().map_or((bytes, start), |inflated| (inflated, 0));
    let Resolved { transfer_syntax_uid, encoding, remark } = encoding::resolve(&source[first..], declared, start)?;
    let mut walked = walk::walk(source, first, encoding, limits)?;
    walked.remarks.splice(0..0, remark);
    let mut structure = Structure {
        transfer_syntax_uid,
        encoding,
        part10: false,
        meta: Vec::new(),
        data_set_offset: start,
        elements: walked.elements,
        pixel_data: None,
        inflated: None,
        remarks: walked.remarks,
    };
    structure.pixel_data = find_pixel_data(&structure, source, walked.fragment_items);
    structure.inflated = inflated;
    Ok(structure)
}

/// The elements of group 0002 from `start`, always explicit little endian, and where the data set begins.
fn read_meta(bytes: &[u8], start: usize) -> Result<(Vec<Element>, usize), Violation> {
    let mut meta = Vec::new();
    let mut position = start;
    while bytes.get(position..position + 2) == Some(&[0x02, 0x00]) {
        let rest = &bytes[position..];
        let cut = |_| Violation::file("ends within its meta header", position);
        let header = header::read(rest, Encoding::EXPLICIT_LE).map_err(cut)?;
        if header.length == UNDEFINED || header.length as usize > rest.len() - header.size {
            return Err(Violation::of(header.tag, "is longer than the bytes that follow", position));
        }
        if meta.len() >= MOST_META {
            return Err(Violation::file("has more elements in its meta header than are allowed", position));
        }
        let value = position + header.size;
        let index = u32::try_from(meta.len() + 1).unwrap_or(u32::MAX);
        meta.push(Element {
            offset: value as u64,
            length: header.length.into(),
            tag: header.tag,
            next: index,
            vr: header.vr,
            kind: Kind::Value,
            big_endian: false,
        });
        position = value + header.length as usize;
    }
    Ok((meta, position))
}

/// A UID that has the characters of one; anything else counts as missing.
fn uid_at(bytes: &[u8], span: Span) -> Option<&str> {
    let start = usize::try_from(span.offset).ok()?;
    let value = bytes.get(start..start + usize::try_from(span.length).ok()?)?;
    let uid = std::str::from_utf8(value).ok()?.trim_end_matches(['\0', ' ']);
    let fits = (1..=64).contains(&uid.len()) && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    fits.then_some(uid)
}

/// The object's own pixels: at the outermost level, PixelData before its floating-point kin.
fn find_pixel_data(structure: &Structure, source: &[u8], fragment_items: usize) -> Option<PixelData> {
    let pixels = structure.top_level().filter(|e| {
        matches!(e.tag, PIXEL_DATA | Tag(0x7FE0, 0x0008) | Tag(0x7FE0, 0x0009)) && e.kind != Kind::Sequence
    });
    let element = pixels.max_by_key(|e| e.tag)?;
    if element.kind == Kind::Value {
        let (offset, length) = (usize::try_from(element.offset).ok()?, usize::try_from(element.length).ok()?);
        return Some(PixelData::Native { offset, length });
    }
    let table = |tag| structure.top_level().find(|e| e.tag == tag && e.kind == Kind::Value).map(Element::span);
    Some(PixelData::Encapsulated(Encapsulated {
        extended_offset_table: table(Tag(0x7FE0, 0x0001)),
        extended_offset_table_lengths: table(Tag(0x7FE0, 0x0002)),
        ..fragments::collect(source, element.span(), structure.encoding, fragment_items)
    }))
}
