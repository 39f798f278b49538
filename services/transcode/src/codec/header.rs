//! The markers in front of a JPEG or JPEG-LS scan: ISO/IEC 10918-1 Annex B, ISO/IEC 14495-1 Annex C.

use super::{Job, check_shape};
use crate::TranscodeError;

/// What the markers say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) components: u16,
    pub(super) precision: u16,
    /// The low byte of the frame marker: C0 baseline, C1 extended, C2 progressive, C3 lossless, F7 JPEG-LS.
    pub(super) process: u8,
    pub(super) component_ids: [u8; 3],
    pub(super) jfif: bool,
    /// The colour transform that an Adobe marker names.
    pub(super) adobe_transform: Option<u8>,
    /// NEAR of the first scan (JPEG-LS): how far a sample may be from what was encoded.
    pub(super) near: u8,
    /// The interleave mode of the first scan (JPEG-LS): 0 by plane, 1 by line, 2 by sample.
    pub(super) interleave: u8,
}

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
pub(super) const SOS: u8 = 0xDA;
const APP0: u8 = 0xE0;
const APP14: u8 = 0xEE;
const SOF55: u8 = 0xF7;

/// Reads up to the first scan.
pub(super) fn read(frame: &[u8], codec: &'static str) -> Result<Header, TranscodeError> {
    let damaged = |what| TranscodeError::codec(codec, what);
    let mut header = Header::default();
    for segment in Segments::of(frame) {
        let Segment { marker, body, .. } = segment.ok_or_else(|| damaged("a marker is damaged"))?;
        match marker {
            APP0 if body.starts_with(b"JFIF\0") => header.jfif = true,
            APP14 if body.starts_with(b"Adobe") && body.len() >= 12 => header.adobe_transform = Some(body[11]),
            SOS if header.process == 0 => return Err(damaged("a scan comes before its frame header")),
            SOS => {
                // Components, a pair each; then NEAR and the interleave mode.
                let count = usize::from(*body.first().unwrap_or(&0));
                header.near = body.get(1 + 2 * count).copied().unwrap_or(0);
                header.interleave = body.get(2 + 2 * count).copied().unwrap_or(0);
                return Ok(header);
            }
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | SOF55 if header.process != 0 => {
                return Err(damaged("it has more than one frame header"));
            }
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | SOF55 => {
                header.read_frame(marker, body).ok_or_else(|| damaged("the frame header is cut short"))?;
            }
            _ => {}
        }
    }
    Err(damaged("it has no scan"))
}

impl Header {
    fn read_frame(&mut self, marker: u8, body: &[u8]) -> Option<()> {
        let &[precision, rows_high, rows_low, columns_high, columns_low, components, ..] = body else { return None };
        self.process = marker;
        self.precision = u16::from(precision);
        self.rows = u16::from_be_bytes([rows_high, rows_low]);
        self.columns = u16::from_be_bytes([columns_high, columns_low]);
        self.components = u16::from(components);
        let specifications = body.get(6..6 + 3 * usize::from(components))?;
        for (id, specification) in self.component_ids.iter_mut().zip(specifications.chunks_exact(3)) {
            *id = specification[0];
        }
        Some(())
    }

    /// Whether the frame is lossless JPEG.
    pub(super) fn is_lossless(&self) -> bool {
        self.process == 0xC3
    }

    /// Whether every scan has all coefficients of its components: baseline and extended sequential.
    pub(super) fn is_sequential(&self) -> bool {
        matches!(self.process, 0xC0 | 0xC1)
    }

    /// Whether coefficients come in several scans, from coarse to fine.
    pub(super) fn is_progressive(&self) -> bool {
        self.process == 0xC2
    }

    pub(super) fn check_jpeg(&self, job: &Job) -> Result<(), TranscodeError> {
        if !matches!(self.process, 0xC0..=0xC3) {
            let rule = "is for JPEG, and the frame uses a process that DICOM does not";
            return Err(TranscodeError::mismatch("TransferSyntaxUID", rule));
        }
        self.check(job)
    }

    pub(super) fn check_jpegls(&self, job: &Job) -> Result<(), TranscodeError> {
        if self.process != SOF55 {
            return Err(TranscodeError::mismatch("TransferSyntaxUID", "is for JPEG-LS, and the frame is not"));
        }
        self.check(job)
    }

    fn check(&self, job: &Job) -> Result<(), TranscodeError> {
        if self.precision > 16 {
            return Err(TranscodeError::codec("JPEG", "its precision is above 16 bits"));
        }
        check_shape(job, u32::from(self.rows), u32::from(self.columns), self.components, self.precision)
    }
}

/// Marker segments in front of the first scan; `None` where the stream is damaged.
pub(super) struct Segments<'a> {
    frame: &'a [u8],
    at: usize,
    done: bool,
}

pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    /// Without the marker and the length.
    pub(super) body: &'a [u8],
    /// Where the marker begins, and the byte after the segment.
    pub(super) span: (usize, usize),
}

impl<'a> Segments<'a> {
    pub(super) fn of(frame: &'a [u8]) -> Self {
        Self { frame, at: 0, done: !frame.starts_with(&[0xFF, SOI]) }
    }

    fn segment(&mut self) -> Option<Segment<'a>> {
        let start = self.at;
        if *self.frame.get(self.at)? != 0xFF {
            return None;
        }
        // Any number of fill bytes may stand before a marker.
        let fill = self.frame[self.at..].iter().take_while(|&&byte| byte == 0xFF).count();
        let marker = *self.frame.get(self.at + fill)?;
        let length = self.at + fill + 1;
        let length_bytes = self.frame.get(length..length + 2)?;
        let end = length + usize::from(u16::from_be_bytes([length_bytes[0], length_bytes[1]]));
        let body = self.frame.get(length + 2..end)?;
        self.at = end;
        Some(Segment { marker, body, span: (start, end) })
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Option<Segment<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        if self.at == 0 {
            self.at = 2;
        }
        if self.frame.get(self.at..self.at + 2) == Some(&[0xFF, EOI]) {
            self.done = true;
            return None;
        }
        let segment = self.segment();
        self.done = segment.as_ref().is_none_or(|segment| segment.marker == SOS);
        Some(segment)
    }
}

/// The stream with exactly one colour marker in front, an Adobe one that names `transform`: 0 as stored, 1 YCbCr.
///
/// libjpeg guesses the colour space from such markers and from component numbers; this takes the guess away.
pub(super) fn with_colour_transform(frame: &[u8], transform: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len() + 16);
    out.extend_from_slice(&[0xFF, SOI, 0xFF, APP14, 0, 14]);
    out.extend_from_slice(b"Adobe\0\x64\0\0\0\0");
    out.push(transform);
    let mut rest = 2;
    for segment in Segments::of(frame).flatten() {
        let (start, end) = segment.span;
        rest = end;
        let is_colour_marker = (segment.marker == APP0 && segment.body.starts_with(b"JFIF\0"))
            || (segment.marker == APP14 && segment.body.starts_with(b"Adobe"));
        if !is_colour_marker {
            out.extend_from_slice(&frame[start..end]);
        }
    }
    out.extend_from_slice(&frame[rest..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &[u8] = &[
        0xFF, 0xD8, 0xFF, 0xE0, 0, 7, b'J', b'F', b'I', b'F', 0, 0xFF, 0xFF, 0xC3, 0, 17, 16, 1, 0, 2, 0, 3, 1, 0x11,
        0, 2, 0x11, 0, 3, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 0, 0, 9, 9,
    ];

    #[test]
    fn a_header_is_read_up_to_the_first_scan() {
        let header = read(FRAME, "JPEG").expect("a whole header");
        assert_eq!((header.rows, header.columns, header.components, header.precision), (256, 512, 3, 16));
        assert!(header.is_lossless() && header.jfif && header.adobe_transform.is_none());
        assert_eq!(header.component_ids, [1, 2, 3]);
    }

    #[test]
    fn a_header_cut_anywhere_is_refused() {
        for length in 0..FRAME.len() - 2 {
            assert!(read(&FRAME[..length], "JPEG").is_err(), "{length}");
        }
    }

    #[test]
    fn a_second_frame_header_is_refused() {
        let mut twice = FRAME[..31].to_vec();
        twice.extend_from_slice(&FRAME[11..]);
        assert!(read(&twice, "JPEG").is_err());
    }

    #[test]
    fn the_colour_marker_is_replaced_and_all_else_kept() {
        let changed = with_colour_transform(FRAME, 0);
        let header = read(&changed, "JPEG").expect("a whole header");
        assert_eq!((header.jfif, header.adobe_transform), (false, Some(0)));
        assert!(changed.ends_with(&FRAME[11..]));
    }
}
