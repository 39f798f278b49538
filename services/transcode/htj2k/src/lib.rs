//! High-throughput JPEG 2000 (ISO/IEC 15444-15) without loss: an encoder in safe Rust.
//!
//! One tile, the reversible 5/3 wavelet, blocks of 64 by 64 in one cleanup pass each, progression by resolution (RPCL), each resolution in
//! a tile-part of its own whose length the main header tells (TLM). The lowest resolution fits 64 by 64. That is what PS3.5 §10.18
//! asks of *HTJ2K Lossless RPCL*, and a reader of any HTJ2K reads it.
//!
//! ```
//! use transcode_htj2k::{Image, encode};
//!
//! let image = Image { columns: 3, rows: 2, precision: 12, signed: false, colour_transform: false };
//! let codestream = encode(image, vec![vec![0, 1, 2, 3, 4095, 0]]).unwrap();
//! assert!(codestream.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) && codestream.ends_with(&[0xFF, 0xD9]));
//! ```

mod block;
mod codestream;
mod packet;
mod streams;
mod vlc;
mod vlc_source;
mod wavelet;

use wavelet::Level;

/// The largest side of an image: one precinct holds a whole resolution.
pub const MAX_SIDE: u32 = 1 << 15;

/// The side of the largest lowest resolution: PS3.5 §10.18.
const LOWEST: u32 = 64;

/// As many levels as most encoders make, where the image has pixels for them.
const USUAL_LEVELS: u32 = 5;

/// What there is to encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// From 1 to [`MAX_SIDE`].
    pub columns: u32,
    /// From 1 to [`MAX_SIDE`].
    pub rows: u32,
    /// Bits of a sample, from 1 to 16.
    pub precision: u32,
    /// Whether samples are signed.
    pub signed: bool,
    /// Whether three components are red, green and blue, and are decorrelated (RCT).
    pub colour_transform: bool,
}

/// Why an image was not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A side is none, or above [`MAX_SIDE`].
    #[error("a side of the image is empty or too long")]
    Size,
    /// The precision is none that is encoded here.
    #[error("samples have no bits, or too many")]
    Precision,
    /// There are no components, too many, some of another size than the image, or other than three to be decorrelated.
    #[error("the components don't fit the image")]
    Components,
    /// A sample lies outside what the precision allows.
    #[error("a sample has more bits than the precision says")]
    Range,
}

/// Encodes components, each of `rows * columns` samples, to a codestream.
///
/// # Errors
/// See [`Error`].
pub fn encode(image: Image, mut components: Vec<Vec<i32>>) -> Result<Vec<u8>, Error> {
    check(image, &components)?;
    if !image.signed {
        let middle = 1 << (image.precision - 1);
        components.iter_mut().flatten().for_each(|sample| *sample -= middle);
    }
    if let (true, [red, green, blue]) = (image.colour_transform, components.as_mut_slice()) {
        decorrelate(red, green, blue);
    }
    let levels = levels(image);
    let mut shapes = vec![Level::whole(image.columns as usize, image.rows as usize)];
    for level in 0..levels as usize {
        let shape = shapes[level];
        components.iter_mut().for_each(|plane| wavelet::transform(plane, shape));
        shapes.push(shape.next());
    }
    let bands = codestream::Quantisation::of(image, levels);
    let mut parts = Vec::with_capacity(shapes.len());
    for resolution in 0..=levels as usize {
        let mut part = Vec::new();
        for plane in &components {
            let bands: Vec<packet::Band<'_>> = match resolution {
                0 => vec![shapes[levels as usize].low(plane, bands.bits(0, 0))],
                _ => {
                    let bits = [0, 1, 2].map(|band| bands.bits(resolution, band));
                    shapes[levels as usize - resolution].high(plane, bits).into()
                }
            };
            packet::write(&mut part, &bands);
        }
        parts.push(part);
    }
    Ok(codestream::write(image, components.len(), levels, &bands, &parts))
}

fn check(image: Image, components: &[Vec<i32>]) -> Result<(), Error> {
    let side = 1..=MAX_SIDE;
    if !side.contains(&image.columns) || !side.contains(&image.rows) {
        return Err(Error::Size);
    }
    if !(1..=16).contains(&image.precision) {
        return Err(Error::Precision);
    }
    let (samples, count) = (image.columns as usize * image.rows as usize, components.len());
    let is_three = count == 3 || !image.colour_transform;
    if !(1..=4).contains(&count) || !is_three || components.iter().any(|plane| plane.len() != samples) {
        return Err(Error::Components);
    }
    let half = 1 << (image.precision - 1);
    let offset = if image.signed { half } else { 0 };
    // One pass over all bits: a sample that is outside, as an unsigned number, has a bit above the precision.
    let bits = components.iter().flatten().fold(0, |bits, sample| bits | sample.wrapping_add(offset) as u32);
    if bits >> image.precision == 0 { Ok(()) } else { Err(Error::Range) }
}

/// The reversible component transform: ISO/IEC 15444-1 §G.2.
fn decorrelate(red: &mut [i32], green: &mut [i32], blue: &mut [i32]) {
    for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
        (*red, *green, *blue) = ((*red + 2 * *green + *blue) >> 2, *blue - *green, *red - *green);
    }
}

/// How often the image is halved: until it fits [`LOWEST`], and as often as is usual where there is something to halve.
fn levels(image: Image) -> u32 {
    let needed = image.columns.max(image.rows).div_ceil(LOWEST).next_power_of_two().ilog2();
    needed.max(USUAL_LEVELS.min(image.columns.min(image.rows).ilog2()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREY: Image = Image { columns: 2, rows: 2, precision: 8, signed: false, colour_transform: false };

    #[test]
    fn the_lowest_resolution_fits_a_thumbnail() {
        for (columns, rows, expected) in [
            (1, 1, 0),
            (64, 64, 5),
            (512, 512, 5),
            (3000, 2500, 6),
            (4096, 4097, 7),
            (1, 3000, 6),
            (65, 1, 1),
            (32768, 1, 9),
        ] {
            let image = Image { columns, rows, ..GREY };
            assert_eq!(levels(image), expected, "{columns} by {rows}");
            assert!(columns.max(rows).div_ceil(1 << expected) <= LOWEST);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let of = |image, components: &[&[i32]]| encode(image, components.iter().map(|plane| plane.to_vec()).collect());
        let whole: &[i32] = &[0, 255, 1, 2];
        assert!(of(GREY, &[whole]).is_ok());
        assert_eq!(of(Image { columns: 0, ..GREY }, &[&[]]), Err(Error::Size));
        assert_eq!(of(Image { rows: MAX_SIDE + 1, columns: 1, ..GREY }, &[&[]]), Err(Error::Size));
        assert_eq!(of(Image { precision: 0, ..GREY }, &[whole]), Err(Error::Precision));
        assert_eq!(of(Image { precision: 17, ..GREY }, &[whole]), Err(Error::Precision));
        assert_eq!(of(GREY, &[&[0, 1, 2]]), Err(Error::Components));
        assert_eq!(of(GREY, &[]), Err(Error::Components));
        assert_eq!(of(Image { colour_transform: true, ..GREY }, &[whole]), Err(Error::Components));
        assert_eq!(of(GREY, &[&[0, 256, 1, 2]]), Err(Error::Range));
        assert_eq!(of(GREY, &[&[0, -1, 1, 2]]), Err(Error::Range));
        let signed = Image { signed: true, ..GREY };
        assert!(of(signed, &[&[-128, 127, 0, 0]]).is_ok());
        assert_eq!(of(signed, &[&[128, 0, 0, 0]]), Err(Error::Range));
        assert_eq!(of(signed, &[&[i32::MAX, i32::MIN, 0, 0]]), Err(Error::Range));
    }
}
