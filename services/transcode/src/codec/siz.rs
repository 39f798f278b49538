//! The image and tile size of a JPEG 2000 codestream: ISO/IEC 15444-1 §A.5.1.

use super::container::Stream;
use super::{Job, check_shape};
use crate::TranscodeError;

const CODEC: &str = "JPEG 2000";

/// More tiles than any encoder makes of a frame that is small enough to be decoded.
const MAX_TILES: u64 = 65_535;

/// What the codestream says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Siz {
    rows: u32,
    columns: u32,
    components: u16,
    /// Of the first component; [`read`] refuses streams whose components differ.
    pub(super) precision: u16,
    /// The samples are signed: a flag that some encoders set wrongly.
    pub(super) is_signed: bool,
    tiles: u64,
    /// The codestream is inside a JP2 file, which PS3.5 §8.2.4 forbids and some writers do.
    pub(super) is_jp2: bool,
    /// Its components are red, green and blue after decoding.
    pub(super) has_colour_transform: bool,
    /// Its wavelet is the one that can't be undone exactly.
    is_irreversible: bool,
}

/// Reads SIZ and COD.
pub(super) fn read(frame: &[u8]) -> Result<Siz, TranscodeError> {
    let is_jp2 = frame.get(4..8) == Some(b"jP  ");
    let codestream = if is_jp2 { jp2_codestream(frame) } else { Some(frame) };
    codestream
        .and_then(|codestream| read_codestream(codestream, is_jp2))
        .ok_or_else(|| TranscodeError::codec(CODEC, "the header is damaged or unusual"))
}

fn read_codestream(codestream: &[u8], is_jp2: bool) -> Option<Siz> {
    // SOC, then SIZ at once.
    let body = codestream.strip_prefix(&[0xFF, 0x4F, 0xFF, 0x51])?;
    let length = usize::from(u16_at(body, 0)?);
    let siz = body.get(2..length)?;
    let at = |index: usize| u32_at(siz, 2 + 4 * index);
    let (x_end, y_end, x_start, y_start) = (at(0)?, at(1)?, at(2)?, at(3)?);
    let (tile_width, tile_height, tile_x, tile_y) = (at(4)?, at(5)?, at(6)?, at(7)?);
    let components = u16_at(siz, 34)?;
    let specifications = siz.get(36..36 + 3 * usize::from(components))?;
    let first = specifications.first_chunk::<3>()?;
    // Components of different depth, sign or sampling don't fit Pixel Data.
    if specifications.chunks_exact(3).any(|other| other != first) || first[1] != 1 || first[2] != 1 {
        return None;
    }
    if tile_width == 0 || tile_height == 0 || tile_x > x_start || tile_y > y_start {
        return None;
    }
    let coding = coding_style(body.get(length..)?)?;
    let across = u64::from(x_end.checked_sub(tile_x)?).div_ceil(u64::from(tile_width));
    let down = u64::from(y_end.checked_sub(tile_y)?).div_ceil(u64::from(tile_height));
    Some(Siz {
        rows: y_end.checked_sub(y_start)?,
        columns: x_end.checked_sub(x_start)?,
        components,
        precision: u16::from(first[0] & 0x7F) + 1,
        is_signed: first[0] & 0x80 != 0,
        tiles: across.checked_mul(down)?,
        is_jp2,
        has_colour_transform: components == 3 && coding.has_component_transform,
        is_irreversible: coding.is_irreversible,
    })
}

/// What COD says: §A.6.1.
#[derive(Default)]
struct CodingStyle {
    has_component_transform: bool,
    is_irreversible: bool,
}

fn coding_style(mut segments: &[u8]) -> Option<CodingStyle> {
    loop {
        let (marker, length) = (u16_at(segments, 0)?, usize::from(u16_at(segments, 2)?));
        match marker {
            COD => {
                let has_component_transform = *segments.get(8)? == 1;
                return Some(CodingStyle { has_component_transform, is_irreversible: segments.get(13) == Some(&0) });
            }
            SOT => return Some(CodingStyle::default()),
            _ if length < 2 => return None,
            _ => segments = segments.get(2 + length..)?,
        }
    }
}

const COD: u16 = 0xFF52;
const SOT: u16 = 0xFF90;

/// The contents of the first codestream box of a JP2 file.
fn jp2_codestream(mut boxes: &[u8]) -> Option<&[u8]> {
    loop {
        let (length, kind) = (u32_at(boxes, 0)? as usize, boxes.get(4..8)?);
        let body = match length {
            0 => boxes.get(8..)?,
            1 => boxes.get(16..)?, // an extended length: only ever the last box here
            _ => boxes.get(8..length)?,
        };
        if kind == b"jp2c" {
            return Some(body);
        }
        if length < 8 {
            return None;
        }
        boxes = boxes.get(length..)?;
    }
}

impl Siz {
    /// What its samples are.
    pub(super) fn values(&self) -> Stream {
        Stream { precision: self.precision, is_signed: self.is_signed, loses: self.is_irreversible }
    }

    pub(super) fn check(&self, job: &Job) -> Result<(), TranscodeError> {
        if self.tiles == 0 || self.tiles > MAX_TILES {
            return Err(TranscodeError::codec(CODEC, "it has too many tiles"));
        }
        check_shape(job, self.rows, self.columns, self.components, self.precision)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codestream(width: u32, height: u32, tile: u32, components: &[[u8; 3]]) -> Vec<u8> {
        let mut out = vec![0xFF, 0x4F, 0xFF, 0x51];
        out.extend_from_slice(&(38 + 3 * components.len() as u16).to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        for word in [width, height, 0, 0, tile, tile, 0, 0] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        out.extend_from_slice(&(components.len() as u16).to_be_bytes());
        out.extend(components.iter().flatten());
        out.extend_from_slice(&[0xFF, 0x52, 0, 12, 0, 0, 0, 1, 1, 5, 4, 4, 0, 0]);
        out
    }

    #[test]
    fn a_codestream_tells_its_size_depth_and_colour_transform() {
        let siz = read(&codestream(512, 256, 512, &[[11, 1, 1]; 3])).expect("readable");
        assert_eq!((siz.rows, siz.columns, siz.components, siz.precision), (256, 512, 3, 12));
        assert!(siz.has_colour_transform && !siz.is_jp2);
        assert_eq!(siz.tiles, 1);
    }

    #[test]
    fn a_header_cut_anywhere_is_refused() {
        let whole = codestream(512, 256, 512, &[[7, 1, 1]; 3]);
        for length in 0..whole.len() - 6 {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let zero_tile = read(&codestream(512, 512, 0, &[[7, 1, 1]]));
        assert!(zero_tile.is_err());
        let many = read(&codestream(u32::MAX, u32::MAX, 1, &[[7, 1, 1]])).expect("readable");
        assert!(many.tiles > MAX_TILES);
        assert!(read(&codestream(8, 8, 8, &[[7, 1, 1], [7, 2, 2], [7, 2, 2]])).is_err());
    }
}
