//! Small objects with known pixels, written by hand in Explicit VR Little Endian.

/// One object.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) study: &'static str,
    pub(crate) series: &'static str,
    pub(crate) instance: String,
    pub(crate) number: u32,
    pub(crate) patient: &'static str,
    pub(crate) syntax: &'static str,
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) content: Content,
}

/// What it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// 16-bit grey, 8 columns and 4 rows.
    Image,
    /// One bit, 7 columns and 5 rows: frames begin inside bytes. Its `frames` have a byte for each.
    Mask,
    /// 8-bit grey as OW, 3 columns and 3 rows: frames share words.
    Bytes,
    /// An encapsulated PDF.
    Pdf,
    /// A structured report of one line.
    Report,
    /// An encapsulated CDA document.
    Cda,
    /// A grayscale presentation state of the first image: upside down, over a window.
    State,
    /// The same, of several frames.
    StateOfFrames,
    /// A plan, which has no picture.
    Plan,
}

pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(crate) const BIG: &str = "1.2.840.10008.1.2.2";
pub(crate) const RLE: &str = "1.2.840.10008.1.2.5";
pub(crate) const STUDY: &str = "1.2.826.0.1.3680043.10.1";
pub(crate) const SERIES: &str = "1.2.826.0.1.3680043.10.1.1";

/// The `number`-th image of the series.
pub(crate) fn image(number: u32) -> Object {
    let pixels = (0..32u16).flat_map(|at| (at * 7 + number as u16).to_le_bytes()).collect();
    Object {
        study: STUDY,
        series: SERIES,
        instance: format!("{SERIES}.{number}"),
        number,
        patient: "Tremblay^Zoé=^=",
        syntax: EXPLICIT,
        frames: vec![pixels],
        content: Content::Image,
    }
}

/// The `number`-th image of another series of the study.
pub(crate) fn related_series(number: u32) -> Object {
    let series = "1.2.826.0.1.3680043.10.1.9";
    Object { series, instance: format!("{series}.{number}"), ..image(number) }
}

/// An image of several frames.
pub(crate) fn frames(count: u16) -> Object {
    let frame = |n: u16| (0..32u16).flat_map(|at| (at + 100 * n).to_le_bytes()).collect();
    Object { frames: (1..=count).map(frame).collect(), ..image(90) }
}

/// An image whose frame is encoded with RLE (PS3.5 Annex G), every segment as literal runs.
pub(crate) fn rle() -> Object {
    let plain = image(91);
    let planes = [1, 0].map(|byte| plain.frames[0].iter().skip(byte).step_by(2).copied().collect::<Vec<_>>());
    let segments = planes.map(|plane| [&[31u8][..], &plane, &[0x80]].concat());
    let mut frame: Vec<u8> = [2u32, 64, 64 + segments[0].len() as u32].into_iter().flat_map(u32::to_le_bytes).collect();
    frame.resize(64, 0);
    segments.iter().for_each(|segment| frame.extend_from_slice(segment));
    Object { syntax: RLE, frames: vec![frame], ..plain }
}

/// A video, of which nobody looks at the stream.
pub(crate) fn video() -> Object {
    Object { syntax: "1.2.840.10008.1.2.4.102", frames: vec![b"not looked at".to_vec()], ..image(95) }
}

/// An image in Implicit VR Little Endian, otherwise `image(92)`.
pub(crate) fn implicit() -> Object {
    Object { syntax: IMPLICIT, ..image(92) }
}

/// Three frames of bits.
pub(crate) fn mask() -> Object {
    let frame = |n: usize| (0..35).map(|at| u8::from((at * (n + 2)) % 5 < 2)).collect();
    Object { content: Content::Mask, frames: (1..=3).map(frame).collect(), ..image(93) }
}

/// Three frames of nine bytes in big-endian words.
pub(crate) fn big_endian_bytes() -> Object {
    let frame = |n: u8| (0..9).map(|at| 20 * n + 21 * at).collect();
    Object { content: Content::Bytes, syntax: BIG, frames: (1..=3).map(frame).collect(), ..image(94) }
}

/// A document.
pub(crate) fn pdf() -> Object {
    Object {
        content: Content::Pdf,
        series: "1.2.826.0.1.3680043.10.1.2",
        instance: "1.2.826.0.1.3680043.10.1.2.1".into(),
        frames: Vec::new(),
        ..image(1)
    }
}

/// A structured report.
pub(crate) fn report() -> Object {
    Object {
        content: Content::Report,
        series: "1.2.826.0.1.3680043.10.1.3",
        instance: "1.2.826.0.1.3680043.10.1.3.1".into(),
        frames: Vec::new(),
        ..image(1)
    }
}

/// A CDA document with something hostile in it.
pub(crate) fn cda() -> Object {
    Object { content: Content::Cda, instance: "1.2.826.0.1.3680043.10.1.2.2".into(), ..pdf() }
}

/// A presentation state of [`image`] 1.
pub(crate) fn state() -> Object {
    Object {
        content: Content::State,
        series: "1.2.826.0.1.3680043.10.1.4",
        instance: "1.2.826.0.1.3680043.10.1.4.1".into(),
        frames: Vec::new(),
        ..image(1)
    }
}

/// A presentation state of frames 1 and 3 of [`frames`].
pub(crate) fn state_of_frames() -> Object {
    Object { content: Content::StateOfFrames, instance: "1.2.826.0.1.3680043.10.1.4.2".into(), ..state() }
}

/// A treatment plan.
pub(crate) fn plan() -> Object {
    Object {
        content: Content::Plan,
        series: "1.2.826.0.1.3680043.10.1.5",
        instance: "1.2.826.0.1.3680043.10.1.5.1".into(),
        frames: Vec::new(),
        ..image(1)
    }
}

const CDA: &str = "<ClinicalDocument><title>CT</title><component><section><title>Findings</title>\
<text><paragraph>Clear<script>alert(1)</script></paragraph></text></section></component></ClinicalDocument>";

pub(crate) const PDF: &[u8] = b"%PDF-1.4 small";

impl Object {
    fn sop_class(&self) -> &'static str {
        match self.content {
            Content::Image | Content::Mask | Content::Bytes => "1.2.840.10008.5.1.4.1.1.2",
            Content::Pdf => "1.2.840.10008.5.1.4.1.1.104.1",
            Content::Report => "1.2.840.10008.5.1.4.1.1.88.11",
            Content::Cda => "1.2.840.10008.5.1.4.1.1.104.2",
            Content::State | Content::StateOfFrames => "1.2.840.10008.5.1.4.1.1.11.1",
            Content::Plan => "1.2.840.10008.5.1.4.1.1.481.5",
        }
    }

    fn modality(&self) -> &'static str {
        match self.content {
            Content::Image | Content::Mask | Content::Bytes => "CT",
            Content::Pdf | Content::Cda => "DOC",
            Content::Report => "SR",
            Content::State | Content::StateOfFrames => "PR",
            Content::Plan => "RTPLAN",
        }
    }

    /// The path of the instance below the service's root.
    pub(crate) fn path(&self) -> String {
        format!("/studies/{}/series/{}/instances/{}", self.study, self.series, self.instance)
    }

    /// The whole Part 10 file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut meta = Vec::new();
        text(&mut meta, 0x0002, 0x0002, "UI", self.sop_class());
        text(&mut meta, 0x0002, 0x0003, "UI", &self.instance);
        text(&mut meta, 0x0002, 0x0010, "UI", self.syntax);
        let mut out = vec![0; 128];
        out.extend_from_slice(b"DICM");
        element(&mut out, 0x0002, 0x0000, "UL", &(meta.len() as u32).to_le_bytes());
        out.extend_from_slice(&meta);
        let mut data_set = Vec::new();
        self.data_set(&mut data_set);
        out.extend_from_slice(&match self.syntax {
            IMPLICIT => without_vr(&data_set),
            BIG => in_big_endian(&data_set),
            _ => data_set,
        });
        out
    }

    fn data_set(&self, out: &mut Vec<u8>) {
        text(out, 0x0008, 0x0005, "CS", "ISO_IR 192");
        text(out, 0x0008, 0x0016, "UI", self.sop_class());
        text(out, 0x0008, 0x0018, "UI", &self.instance);
        text(out, 0x0008, 0x0020, "DA", "20240229");
        text(out, 0x0008, 0x0021, "DA", "20240301");
        text(out, 0x0008, 0x0030, "TM", "101500");
        text(out, 0x0008, 0x0050, "SH", "ACC-7");
        text(out, 0x0008, 0x0060, "CS", self.modality());
        text(out, 0x0008, 0x0070, "LO", "Maker");
        text(out, 0x0008, 0x0090, "PN", "Referring^R");
        text(out, 0x0008, 0x1030, "LO", "CT thorax");
        text(out, 0x0008, 0x103E, "LO", "Axial");
        match self.content {
            Content::State => referenced(out, &image(1).instance, &[]),
            Content::StateOfFrames => referenced(out, &frames(3).instance, &[1, 3]),
            _ => {}
        }
        text(out, 0x0009, 0x0010, "LO", "ACME");
        text(out, 0x0009, 0x1001, "LO", "p1");
        text(out, 0x0010, 0x0010, "PN", self.patient);
        text(out, 0x0010, 0x0020, "LO", "P-100");
        text(out, 0x0010, 0x0030, "DA", "19700101");
        text(out, 0x0010, 0x0040, "CS", "F");
        text(out, 0x0010, 0x1010, "AS", "054Y");
        text(out, 0x0018, 0x0015, "CS", "HEAD");
        text(out, 0x0020, 0x000D, "UI", self.study);
        text(out, 0x0020, 0x000E, "UI", self.series);
        text(out, 0x0020, 0x0010, "SH", "S7");
        text(out, 0x0020, 0x0011, "IS", "4");
        text(out, 0x0020, 0x0013, "IS", &self.number.to_string());
        match self.content {
            Content::Image | Content::Mask | Content::Bytes => self.pixels(out),
            Content::Pdf => {
                element(out, 0x0042, 0x0011, "OB", PDF);
                text(out, 0x0042, 0x0012, "LO", "application/pdf");
            }
            Content::Report => report_content(out),
            Content::Cda => {
                element(out, 0x0042, 0x0011, "OB", CDA.as_bytes());
                text(out, 0x0042, 0x0012, "LO", "text/xml");
                element(out, 0x0042, 0x0015, "UL", &(CDA.len() as u32).to_le_bytes());
            }
            Content::State => presentation(out, "100"),
            Content::StateOfFrames => presentation(out, "310"),
            Content::Plan => text(out, 0x300A, 0x0002, "SH", "plan"),
        }
    }

    fn pixels(&self, out: &mut Vec<u8>) {
        let short = |out: &mut Vec<u8>, element_number, value: u16| {
            element(out, 0x0028, element_number, "US", &value.to_le_bytes())
        };
        short(out, 0x0002, 1);
        text(out, 0x0028, 0x0004, "CS", "MONOCHROME2");
        text(out, 0x0028, 0x0008, "IS", &self.frames.len().to_string());
        let (rows, columns, bits) = match self.content {
            Content::Mask => (5, 7, 1),
            Content::Bytes => (3, 3, 8),
            _ => (4, 8, 16),
        };
        short(out, 0x0010, rows);
        short(out, 0x0011, columns);
        short(out, 0x0100, bits);
        short(out, 0x0101, bits);
        short(out, 0x0102, bits - 1);
        short(out, 0x0103, 0);
        if [EXPLICIT, IMPLICIT, BIG].contains(&self.syntax) {
            let samples = self.frames.concat();
            let mut value = match self.content {
                // The first sample in the lowest bit, PS3.5 §8.1.1.
                Content::Mask => {
                    samples.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit)).collect()
                }
                _ => samples,
            };
            value.resize(value.len().next_multiple_of(2), 0);
            element(out, 0x7FE0, 0x0010, "OW", &value);
            return;
        }
        out.extend_from_slice(&[0xe0, 0x7f, 0x10, 0x00, b'O', b'B', 0, 0, 0xff, 0xff, 0xff, 0xff]);
        item(out, 0xE000, &[]);
        for frame in &self.frames {
            let mut frame = frame.clone();
            frame.resize(frame.len().next_multiple_of(2), 0);
            item(out, 0xE000, &frame);
        }
        item(out, 0xE0DD, &[]);
    }
}

/// Explicit elements, none of them a sequence, as implicit ones (PS3.5 §7.1.3).
fn without_vr(explicit: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), explicit);
    while !rest.is_empty() {
        let long = ["OB", "OW", "UT", "UN"].contains(&std::str::from_utf8(&rest[4..6]).unwrap());
        let (length, head) = match long {
            true => (u32::from_le_bytes(rest[8..12].try_into().unwrap()), 12),
            false => (u32::from(u16::from_le_bytes(rest[6..8].try_into().unwrap())), 8),
        };
        out.extend_from_slice(&rest[..4]);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&rest[head..head + length as usize]);
        rest = &rest[head + length as usize..];
    }
    out
}

/// Explicit elements, none of them a sequence, in big endian (PS3.5 §7.3).
fn in_big_endian(explicit: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), explicit);
    while !rest.is_empty() {
        let vr = std::str::from_utf8(&rest[4..6]).unwrap();
        out.extend_from_slice(&[rest[1], rest[0], rest[3], rest[2], rest[4], rest[5]]);
        let (length, head) = if ["OB", "OW", "UT", "UN"].contains(&vr) {
            let length = u32::from_le_bytes(rest[8..12].try_into().unwrap());
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(&length.to_be_bytes());
            (length as usize, 12)
        } else {
            let length = u16::from_le_bytes(rest[6..8].try_into().unwrap());
            out.extend_from_slice(&length.to_be_bytes());
            (usize::from(length), 8)
        };
        let value = &rest[head..head + length];
        match vr {
            "US" | "OW" => value.chunks(2).for_each(|word| out.extend(word.iter().rev())),
            "UL" => value.chunks(4).for_each(|word| out.extend(word.iter().rev())),
            _ => out.extend_from_slice(value),
        }
        rest = &rest[head + length..];
    }
    out
}

/// ReferencedSeriesSequence of one image.
fn referenced(out: &mut Vec<u8>, instance: &str, numbers: &[u16]) {
    let mut one = Vec::new();
    text(&mut one, 0x0008, 0x1150, "UI", "1.2.840.10008.5.1.4.1.1.2");
    text(&mut one, 0x0008, 0x1155, "UI", instance);
    if !numbers.is_empty() {
        let numbers: Vec<_> = numbers.iter().map(u16::to_string).collect();
        text(&mut one, 0x0008, 0x1160, "IS", &numbers.join("\\"));
    }
    let mut series = Vec::new();
    sequence(&mut series, 0x0008, 0x1140, &one);
    text(&mut series, 0x0020, 0x000E, "UI", SERIES);
    sequence(out, 0x0008, 0x1115, &series);
}

/// Everything from `center` on white, upside down.
fn presentation(out: &mut Vec<u8>, center: &str) {
    let mut voi = Vec::new();
    text(&mut voi, 0x0028, 0x1050, "DS", center);
    text(&mut voi, 0x0028, 0x1051, "DS", "1");
    sequence(out, 0x0028, 0x3110, &voi);
    text(out, 0x0070, 0x0041, "CS", "N");
    element(out, 0x0070, 0x0042, "US", &180u16.to_le_bytes());
    text(out, 0x2050, 0x0020, "CS", "IDENTITY");
}

fn report_content(out: &mut Vec<u8>) {
    let code = |meaning: &str| {
        let mut code = Vec::new();
        text(&mut code, 0x0008, 0x0100, "SH", "C1");
        text(&mut code, 0x0008, 0x0104, "LO", meaning);
        code
    };
    text(out, 0x0040, 0xA040, "CS", "CONTAINER");
    sequence(out, 0x0040, 0xA043, &code("Chest report"));
    let mut line = Vec::new();
    text(&mut line, 0x0040, 0xA010, "CS", "CONTAINS");
    text(&mut line, 0x0040, 0xA040, "CS", "TEXT");
    sequence(&mut line, 0x0040, 0xA043, &code("Finding"));
    text(&mut line, 0x0040, 0xA160, "UT", "Clear lungs <b>");
    let (mut unit, mut measured, mut number) = (Vec::new(), Vec::new(), Vec::new());
    text(&mut unit, 0x0008, 0x0100, "SH", "mm");
    sequence(&mut measured, 0x0040, 0x08EA, &unit);
    text(&mut measured, 0x0040, 0xA30A, "DS", "12.50");
    text(&mut number, 0x0040, 0xA010, "CS", "CONTAINS");
    text(&mut number, 0x0040, 0xA040, "CS", "NUM");
    sequence(&mut number, 0x0040, 0xA043, &code("Length"));
    sequence(&mut number, 0x0040, 0xA300, &measured);
    let mut items = Vec::new();
    item(&mut items, 0xE000, &line);
    item(&mut items, 0xE000, &number);
    element(out, 0x0040, 0xA730, "SQ", &items);
}

fn sequence(out: &mut Vec<u8>, group: u16, number: u16, content: &[u8]) {
    let mut items = Vec::new();
    item(&mut items, 0xE000, content);
    element(out, group, number, "SQ", &items);
}

fn item(out: &mut Vec<u8>, number: u16, content: &[u8]) {
    out.extend_from_slice(&0xFFFEu16.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&(content.len() as u32).to_le_bytes());
    out.extend_from_slice(content);
}

fn text(out: &mut Vec<u8>, group: u16, number: u16, vr: &str, value: &str) {
    let mut value = value.as_bytes().to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" { 0 } else { b' ' });
    }
    element(out, group, number, vr, &value);
}

fn element(out: &mut Vec<u8>, group: u16, number: u16, vr: &str, value: &[u8]) {
    out.extend_from_slice(&group.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(vr.as_bytes());
    let padded = value.len().next_multiple_of(2);
    if ["OB", "OW", "SQ", "UT", "UN"].contains(&vr) {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&(padded as u32).to_le_bytes());
    } else {
        out.extend_from_slice(&(padded as u16).to_le_bytes());
    }
    out.extend_from_slice(value);
    out.resize(out.len() + padded - value.len(), 0);
}
