//! JPEG 2000 (ISO/IEC 15444-1) without loss: a decoder in safe Rust, for what most writers of medical images make.
//!
//! One tile, the reversible 5/3 wavelet, components of the same depth, blocks without special styles; any progression, precincts and
//! layers. All else is [`Error::Unsupported`], and another decoder's. What is decoded is what OpenJPEG decodes, bit for bit, layers that are
//! cut included.

mod bits;
mod block;
mod codestream;
mod contexts;
mod mq;
mod packet;
mod wavelet;

use codestream::{Codestream, Size};
use wavelet::Level;

/// Why a stream was not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It uses what is not decoded here.
    #[error("the stream has a form that is not decoded here")]
    Unsupported,
    /// It contradicts itself, or ends early.
    #[error("the stream is damaged")]
    Damaged,
    /// It is not of the size that was expected.
    #[error("the image has another size")]
    Size,
}

/// What is expected of an image, so that a header alone makes nobody allocate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Its width.
    pub columns: u32,
    /// Its height.
    pub rows: u32,
    /// Its components.
    pub components: usize,
}

/// A decoded image.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Bits of a sample.
    pub precision: u32,
    /// Whether samples are signed.
    pub signed: bool,
    /// Each of `rows * columns` samples.
    pub components: Vec<Vec<i32>>,
}

/// Decodes a codestream.
///
/// # Errors
/// See [`Error`].
pub fn decode(bytes: &[u8], expected: Expected) -> Result<Decoded, Error> {
    let stream = codestream::read(bytes)?;
    let Size { columns, rows, components, precision, signed } = stream.size;
    if (Expected { columns, rows, components }) != expected {
        return Err(Error::Size);
    }
    let mut planes = coefficients(&stream)?;
    let mut levels = vec![Level::whole(columns as usize, rows as usize)];
    for level in 0..stream.style.levels as usize {
        levels.push(levels[level].next());
    }
    let mut scratch = vec![0; columns as usize];
    for plane in &mut planes {
        for &level in levels[..levels.len() - 1].iter().rev() {
            wavelet::undo(plane, level, &mut scratch);
        }
    }
    if let (true, [first, second, third]) = (stream.style.has_colour_transform, planes.as_mut_slice()) {
        correlate(first, second, third);
    }
    let (middle, half) = (if signed { 0 } else { 1 << (precision - 1) }, 1 << (precision - 1));
    for sample in planes.iter_mut().flatten() {
        *sample = sample.wrapping_add(middle).clamp(middle - half, middle + half - 1);
    }
    Ok(Decoded { precision, signed, components: planes })
}

/// The planes before their wavelet is undone.
fn coefficients(stream: &Codestream<'_>) -> Result<Vec<Vec<i32>>, Error> {
    let blocks = packet::read(stream)?;
    let samples = stream.size.columns as usize * stream.size.rows as usize;
    let mut planes = vec![vec![0; samples]; stream.size.components];
    let (mut decoder, mut joined) = (block::Blocks::new(), Vec::new());
    for block in &blocks {
        let bytes = match block.bytes.as_slice() {
            [only] => &stream.packets[only.clone()],
            several => {
                joined.clear();
                several.iter().for_each(|range| joined.extend_from_slice(&stream.packets[range.clone()]));
                &joined
            }
        };
        decoder.decode(block.shape, bytes);
        let rows = planes[block.component][block.start..].chunks_mut(block.step).take(block.shape.rows);
        for (index, row) in rows.enumerate() {
            row.iter_mut().zip(decoder.row(block.shape, index)).for_each(|(sample, value)| *sample = value);
        }
    }
    Ok(planes)
}

/// The reversible component transform undone: ISO/IEC 15444-1 §G.2.
fn correlate(first: &mut [i32], second: &mut [i32], third: &mut [i32]) {
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let green = first.wrapping_sub(second.wrapping_add(*third) >> 2);
        (*first, *second, *third) = (third.wrapping_add(green), green, second.wrapping_add(green));
    }
}
