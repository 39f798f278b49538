//! The size of a JPEG XL image: ISO/IEC 18181-1 Annex D, and the boxes of 18181-2 around it.

use super::Job;
use crate::TranscodeError;

/// What the codestream says of its size.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Size {
    rows: u32,
    columns: u32,
}

/// Reads the size header.
pub(super) fn read(frame: &[u8]) -> Result<Size, TranscodeError> {
    let codestream = if frame.starts_with(&CONTAINER) { in_boxes(&frame[CONTAINER.len()..]) } else { Some(frame) };
    codestream
        .and_then(|codestream| codestream.strip_prefix(&[0xFF, 0x0A]))
        .and_then(|header| Bits { bytes: header, at: 0 }.size())
        .ok_or_else(|| TranscodeError::codec("JPEG XL", "the header is damaged"))
}

/// The signature box.
const CONTAINER: [u8; 12] = [0, 0, 0, 12, b'J', b'X', b'L', b' ', 0x0D, 0x0A, 0x87, 0x0A];

/// The codestream, or the first part of it.
fn in_boxes(mut boxes: &[u8]) -> Option<&[u8]> {
    loop {
        let length = u32::from_be_bytes(*boxes.first_chunk()?) as usize;
        let kind = boxes.get(4..8)?;
        let body = match length {
            0 => boxes.get(8..)?,
            1 => boxes.get(16..)?, // an extended length: only ever the last box here
            _ => boxes.get(8..length)?,
        };
        match kind {
            b"jxlc" => return Some(body),
            // A part begins with its number.
            b"jxlp" => return body.get(4..),
            _ if length < 8 => return None,
            _ => boxes = boxes.get(length..)?,
        }
    }
}

/// Bits, the lowest of a byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for index in 0..count {
            let bit = self.bytes.get(self.at / 8)? >> (self.at % 8) & 1;
            value |= u32::from(bit) << index;
            self.at += 1;
        }
        Some(value)
    }

    fn size(&mut self) -> Option<Size> {
        let by_eight = self.take(1)? == 1;
        let rows = self.length(by_eight)?;
        let columns = match self.take(3)? {
            0 => self.length(by_eight)?,
            ratio => {
                let (wide, high) = RATIOS[ratio as usize - 1];
                u32::try_from(u64::from(rows) * wide / high).ok()?
            }
        };
        Some(Size { rows, columns })
    }

    fn length(&mut self, by_eight: bool) -> Option<u32> {
        if by_eight {
            return Some((self.take(5)? + 1) * 8);
        }
        let width = [9, 13, 18, 30][self.take(2)? as usize];
        Some(self.take(width)? + 1)
    }
}

/// Width to height.
const RATIOS: [(u64, u64); 7] = [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)];

impl Size {
    pub(super) fn check(&self, job: &Job) -> Result<(), TranscodeError> {
        // Components and precision are the decoder's to read; it is held to the data set as well.
        super::check_shape(job, self.rows, self.columns, job.samples_per_pixel, job.bits_allocated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(frame: &[u8]) -> Option<(u32, u32)> {
        read(frame).ok().map(|size| (size.rows, size.columns))
    }

    /// Fields of so many bits, the lowest first.
    fn codestream(fields: &[(u32, usize)]) -> Vec<u8> {
        let bits: Vec<u8> =
            fields.iter().flat_map(|&(value, count)| (0..count).map(move |bit| (value >> bit & 1) as u8)).collect();
        let mut out = vec![0xFF, 0x0A];
        out.extend(bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | bit)));
        out
    }

    #[test]
    fn every_spelling_of_a_size_is_read() {
        assert_eq!(size(&codestream(&[(1, 1), (7, 5), (1, 3)])), Some((64, 64)));
        assert_eq!(size(&codestream(&[(1, 1), (7, 5), (0, 3), (5, 5)])), Some((64, 48)));
        assert_eq!(size(&codestream(&[(0, 1), (0, 2), (32, 9), (0, 3), (1, 2), (2999, 13)])), Some((33, 3000)));
        assert_eq!(size(&codestream(&[(0, 1), (0, 2), (299, 9), (3, 3)])), Some((300, 400)));
        assert_eq!(size(&codestream(&[(0, 1), (3, 2), (u32::MAX, 30), (7, 3)])), Some((1 << 30, 1 << 31)));
    }

    #[test]
    fn a_codestream_is_found_in_its_boxes_and_nowhere_else() {
        let bare = codestream(&[(1, 1), (7, 5), (1, 3)]);
        let boxed = |kind: &[u8; 4], before: &[u8]| {
            let mut out = CONTAINER.to_vec();
            out.extend([0, 0, 0, 12]);
            out.extend(b"ftypjxl ");
            out.extend([0, 0, 0, 8 + before.len() as u8 + bare.len() as u8]);
            out.extend(kind);
            out.extend(before);
            out.extend(&bare);
            out
        };
        assert_eq!(size(&boxed(b"jxlc", &[])), Some((64, 64)));
        assert_eq!(size(&boxed(b"jxlp", &[0; 4])), Some((64, 64)));
        assert_eq!(size(&boxed(b"Exif", &[])), None);
        let whole = boxed(b"jxlc", &[]);
        for length in 0..whole.len() {
            assert_eq!(size(&whole[..length]), None, "{length}");
        }
    }
}
