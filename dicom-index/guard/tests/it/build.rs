//! Data sets written by hand, right or wrong. The suite of index-extract uses them too.
#![allow(dead_code, clippy::allow_attributes, reason = "each suite uses a part of this")]

pub(crate) const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
pub(crate) const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
pub(crate) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub(crate) const JPEG: &str = "1.2.840.10008.1.2.4.50";

pub(crate) const ITEM: u32 = 0xFFFE_E000;
pub(crate) const ITEM_END: u32 = 0xFFFE_E00D;
pub(crate) const SEQUENCE_END: u32 = 0xFFFE_E0DD;
pub(crate) const UNDEFINED: u32 = u32::MAX;

/// How numbers and headers are written.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    Implicit,
    Explicit,
    BigEndian,
}

impl Form {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        if self == Self::BigEndian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        if self == Self::BigEndian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn tag(self, tag: u32) -> Vec<u8> {
        [self.u16((tag >> 16) as u16), self.u16(tag as u16)].concat()
    }

    /// A header with any length, true or not.
    pub(crate) fn header(self, tag: u32, vr: &str, length: u32) -> Vec<u8> {
        let mut out = self.tag(tag);
        let long =
            matches!(vr, "OB" | "OW" | "OF" | "OD" | "OL" | "OV" | "SQ" | "UN" | "UC" | "UR" | "UT" | "SV" | "UV");
        match self {
            _ if tag >> 16 == 0xFFFE => out.extend(self.u32(length)),
            Self::Implicit => out.extend(self.u32(length)),
            _ if long => {
                out.extend(vr.bytes().chain([0, 0]));
                out.extend(self.u32(length));
            }
            _ => {
                out.extend(vr.bytes());
                out.extend(self.u16(length as u16));
            }
        }
        out
    }

    /// An element, its value padded to even length as PS3.5 §6.2 has it.
    pub(crate) fn element(self, tag: u32, vr: &str, value: impl AsRef<[u8]>) -> Vec<u8> {
        let mut value = value.as_ref().to_vec();
        if value.len() % 2 == 1 {
            value.push(if matches!(vr, "UI" | "OB" | "UN") { 0 } else { b' ' });
        }
        [self.header(tag, vr, value.len() as u32), value].concat()
    }

    pub(crate) fn us(self, tag: u32, value: u16) -> Vec<u8> {
        self.element(tag, "US", self.u16(value))
    }

    /// A sequence whose lengths are written.
    pub(crate) fn sequence(self, tag: u32, items: &[Vec<u8>]) -> Vec<u8> {
        let items = items.iter().flat_map(|item| [self.header(ITEM, "", item.len() as u32), item.clone()].concat());
        self.element(tag, "SQ", items.collect::<Vec<u8>>())
    }

    /// A sequence that is ended by delimiters.
    pub(crate) fn delimited(self, tag: u32, vr: &str, items: &[Vec<u8>]) -> Vec<u8> {
        let item =
            |item: &Vec<u8>| [self.header(ITEM, "", UNDEFINED), item.clone(), self.header(ITEM_END, "", 0)].concat();
        let mut out = self.header(tag, vr, UNDEFINED);
        out.extend(items.iter().flat_map(item));
        out.extend(self.header(SEQUENCE_END, "", 0));
        out
    }

    /// Encapsulated pixel data: the offset table, then the fragments.
    pub(crate) fn encapsulated(self, table: &[u32], fragments: &[&[u8]]) -> Vec<u8> {
        let table: Vec<u8> = table.iter().flat_map(|offset| self.u32(*offset)).collect();
        let mut out = self.header(0x7FE0_0010, "OB", UNDEFINED);
        for item in [&[table.as_slice()], fragments].concat() {
            out.extend(self.header(ITEM, "", item.len() as u32));
            out.extend(item);
        }
        out.extend(self.header(SEQUENCE_END, "", 0));
        out
    }

    /// Who and what an instance is, up to group 0020.
    pub(crate) fn identity(self) -> Vec<u8> {
        [
            self.element(0x0008_0005, "CS", "ISO_IR 100"),
            self.element(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.7"),
            self.element(0x0008_0018, "UI", "1.2.3.4.5"),
            self.element(0x0008_0020, "DA", "20240229"),
            self.element(0x0008_0060, "CS", "OT"),
            self.sequence(0x0008_1140, &[self.element(0x0008_1155, "UI", "1.2.3"), Vec::new()]),
            self.element(0x0010_0010, "PN", b"Essai^Ren\xE9"),
            self.element(0x0010_0020, "LO", "MRN-1"),
            self.element(0x0020_000D, "UI", "1.2.3.4"),
            self.element(0x0020_000E, "UI", "1.2.3.4.1"),
            self.element(0x0020_0013, "IS", "7"),
        ]
        .concat()
    }

    /// A small image of `frames` frames of 4 by 4 bytes, without pixels.
    pub(crate) fn image_header(self, frames: u32) -> Vec<u8> {
        [
            self.identity(),
            self.us(0x0028_0002, 1),
            self.element(0x0028_0004, "CS", "MONOCHROME2"),
            self.element(0x0028_0008, "IS", frames.to_string()),
            self.us(0x0028_0010, 4),
            self.us(0x0028_0011, 4),
            self.us(0x0028_0100, 8),
            self.us(0x0028_0103, 0),
        ]
        .concat()
    }

    /// The image with its pixels, each frame filled with its number.
    pub(crate) fn image(self, frames: u32) -> Vec<u8> {
        let pixels: Vec<u8> = (1..=frames).flat_map(|frame| [frame as u8; 16]).collect();
        [self.image_header(frames), self.element(0x7FE0_0010, "OW", pixels)].concat()
    }
}

/// A Part 10 file around a data set.
pub(crate) fn part10(transfer_syntax_uid: &str, data_set: &[u8]) -> Vec<u8> {
    let le = Form::Explicit;
    let meta = [
        le.element(0x0002_0001, "OB", [0, 1]),
        le.element(0x0002_0002, "UI", "1.2.840.10008.5.1.4.1.1.7"),
        le.element(0x0002_0003, "UI", "1.2.3.4.5"),
        le.element(0x0002_0010, "UI", transfer_syntax_uid),
    ]
    .concat();
    let length = le.element(0x0002_0000, "UL", (meta.len() as u32).to_le_bytes());
    [&[0; 128], b"DICM".as_slice(), &length, &meta, data_set].concat()
}

/// Raw deflate, as PS3.5 §A.5 has it.
pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).and_then(|()| out.finish()).expect("writing to memory")
}

/// The same numbers on every run: a 64-bit linear congruential generator.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// One of the ways in which files are damaged: bytes flipped, lengths blown up, runs cut out, doubled or overwritten.
pub(crate) fn mutate(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut out = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(out.len());
        let end = (at + 1 + numbers.below(64)).min(out.len());
        match numbers.below(6) {
            0 => out[at] ^= 1 << numbers.below(8),
            1 => out[at] = [0, 0xFF, 0x7F, b'\\', 0x1B][numbers.below(5)],
            2 => out[at..(at + 4).min(end)].fill([0, 0xFF, 0xF0][numbers.below(3)]),
            3 => drop(out.drain(at..end)),
            4 => {
                let run = out[at..end].to_vec();
                out.splice(at..at, run);
            }
            _ => {
                let from = numbers.below(out.len());
                let run = out[from..(from + end - at).min(out.len())].to_vec();
                out.splice(at..end, run);
            }
        }
        if out.is_empty() {
            out.push(0);
        }
    }
    out
}

/// Objects of every form, all of them right.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let explicit = Form::Explicit;
    let nested = explicit.delimited(
        0x0040_0275,
        "SQ",
        &[explicit.sequence(0x0040_0008, &[explicit.element(0x0008_0100, "SH", "A")])],
    );
    let unknown = explicit.delimited(0x0040_0260, "UN", &[Form::Implicit.element(0x0008_0100, "SH", "B")]);
    let japanese = [
        explicit.element(0x0008_0005, "CS", "\\ISO 2022 IR 87"),
        explicit.image(1)[18..].to_vec(),
        explicit.element(0x0040_A123, "PN", b"Yamada=\x1B$B;3ED\x1B(B"),
    ];
    let fragments = explicit.encapsulated(&[0, 16], &[b"\xFF\xD8\xFF\xE0AAAA", b"\xFF\xD8\xFF\xE0BBBB"]);
    vec![
        part10(IMPLICIT_LE, &Form::Implicit.image(2)),
        part10(EXPLICIT_LE, &explicit.image(2)),
        part10(EXPLICIT_BE, &Form::BigEndian.image(2)),
        part10(DEFLATED, &deflate(&explicit.image(2))),
        part10(JPEG, &[explicit.image_header(2), fragments].concat()),
        part10(EXPLICIT_LE, &[explicit.image_header(1), nested, unknown].concat()),
        part10(EXPLICIT_LE, &japanese.concat()),
        explicit.image(1),
    ]
}
