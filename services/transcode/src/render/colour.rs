//! Colour frames to 8-bit RGB: PS3.3 §C.7.6.3.1.2.

use crate::{DecodedFrame, ImageDescription, Palette, PhotometricInterpretation, SampleFormat, TranscodeError};

/// Frames of three samples a pixel.
pub(super) fn to_rgb(frame: &DecodedFrame) -> Result<Vec<u8>, TranscodeError> {
    use PhotometricInterpretation::{Xyb, YbrIct, YbrRct};
    if matches!(frame.photometric_interpretation, YbrIct | YbrRct | Xyb) {
        // Decoders have undone these. What still has one is not compressed at all, or in another way: nobody knows what its samples are.
        let rule = "is one of JPEG 2000 or JPEG XL alone (PS3.3 §C.7.6.3.1.2), and the frame is not compressed so";
        return Err(TranscodeError::mismatch("PhotometricInterpretation", rule));
    }
    let mut pixels = to_8_bits(frame)?;
    match frame.photometric_interpretation {
        PhotometricInterpretation::YbrFull | PhotometricInterpretation::YbrFull422 => {
            convert(&mut pixels, &FULL);
        }
        PhotometricInterpretation::YbrPartial422 | PhotometricInterpretation::YbrPartial420 => {
            convert(&mut pixels, &PARTIAL);
        }
        _ => {}
    }
    Ok(pixels)
}

/// The samples, scaled from Bits Stored to 8.
fn to_8_bits(frame: &DecodedFrame) -> Result<Vec<u8>, TranscodeError> {
    let bits = u32::from(frame.bits_stored);
    let scale =
        |value: u32| (if bits >= 8 { value >> (bits - 8) } else { value * 255 / ((1 << bits) - 1) }).min(255) as u8;
    Ok(match frame.format {
        SampleFormat::U8 if bits == 8 => frame.samples.to_vec(),
        SampleFormat::U8 => frame.samples.iter().map(|&sample| scale(u32::from(sample))).collect(),
        SampleFormat::U16 => (frame.samples.chunks_exact(2))
            .map(|word| scale(u32::from(u16::from_le_bytes([word[0], word[1]]))))
            .collect(),
        SampleFormat::U32 => (frame.samples.chunks_exact(4))
            .map(|word| scale(u32::from_le_bytes([word[0], word[1], word[2], word[3]])))
            .collect(),
        _ => return Err(TranscodeError::mismatch("PixelRepresentation", "is signed, which colour can't be")),
    })
}

/// A YCbCr to RGB conversion in 16-bit fixed point.
struct Matrix {
    black: i32,
    luminance: i32,
    red_from_cr: i32,
    green_from_cb: i32,
    green_from_cr: i32,
    blue_from_cb: i32,
}

/// Y = 0.2990 R + 0.5870 G + 0.1140 B, and so on; inverted.
const FULL: Matrix = Matrix {
    black: 0,
    luminance: 65_536,
    red_from_cr: 91_881,   // 1.402
    green_from_cb: 22_554, // 0.344136
    green_from_cr: 46_802, // 0.714136
    blue_from_cb: 116_130, // 1.772
};

/// The same, for black at 16, white at 235, and differences of 224 steps.
const PARTIAL: Matrix = Matrix {
    black: 16,
    luminance: 76_309,     // 255 / 219
    red_from_cr: 104_597,  // 1.402 * 255 / 224
    green_from_cb: 25_675, // 0.344136 * 255 / 224
    green_from_cr: 53_279, // 0.714136 * 255 / 224
    blue_from_cb: 132_201, // 1.772 * 255 / 224
};

fn convert(pixels: &mut [u8], matrix: &Matrix) {
    for pixel in pixels.chunks_exact_mut(3) {
        let y = (i32::from(pixel[0]) - matrix.black) * matrix.luminance + 32_768;
        let (cb, cr) = (i32::from(pixel[1]) - 128, i32::from(pixel[2]) - 128);
        pixel[0] = ((y + matrix.red_from_cr * cr) >> 16).clamp(0, 255) as u8;
        pixel[1] = ((y - matrix.green_from_cb * cb - matrix.green_from_cr * cr) >> 16).clamp(0, 255) as u8;
        pixel[2] = ((y + matrix.blue_from_cb * cb) >> 16).clamp(0, 255) as u8;
    }
}

/// PALETTE COLOR: PS3.3 §C.7.6.3.1.5.
pub(super) fn from_palette(image: &ImageDescription, frame: &DecodedFrame) -> Result<Vec<u8>, TranscodeError> {
    let palette = match &image.palette {
        Some(palette) => palette.as_ref().map_err(|why| *why)?,
        None => return Err(TranscodeError::mismatch("RedPaletteColorLookupTableDescriptor", "is absent")),
    };
    let mut pixels = Vec::with_capacity(frame.pixels() * 3);
    each_index(frame, |index| pixels.extend(palette.get(index)))?;
    Ok(pixels)
}

/// The Supplemental Palette Color Lookup Table: stored values below its first are as `grey` has them, the others have colours (PS3.3
/// §C.8.16.2.1.1.1).
pub(super) fn supplemented(frame: &DecodedFrame, palette: &Palette, grey: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let mut pixels = Vec::with_capacity(frame.pixels() * 3);
    let mut levels = grey.iter();
    each_index(frame, |index| {
        let level = levels.next().copied().unwrap_or(0);
        pixels.extend(if index < palette.first { [level; 3] } else { palette.get(index) });
    })?;
    Ok(pixels)
}

/// Calls `use_index` with each stored value.
fn each_index(frame: &DecodedFrame, mut use_index: impl FnMut(i64)) -> Result<(), TranscodeError> {
    let words = frame.samples.chunks_exact(2).map(|word| [word[0], word[1]]);
    match frame.format {
        SampleFormat::U8 => frame.samples.iter().for_each(|&index| use_index(i64::from(index))),
        SampleFormat::I8 => frame.samples.iter().for_each(|&index| use_index(i64::from(index as i8))),
        SampleFormat::U16 => words.for_each(|word| use_index(i64::from(u16::from_le_bytes(word)))),
        SampleFormat::I16 => words.for_each(|word| use_index(i64::from(i16::from_le_bytes(word)))),
        _ => return Err(TranscodeError::mismatch("BitsAllocated", "is above 16, which a palette can't have")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_of_the_colour_space_are_where_the_standard_has_them() {
        let mut full = [255, 128, 128, 0, 128, 128, 76, 85, 255, 150, 44, 21, 29, 255, 107];
        convert(&mut full, &FULL);
        let expected = [255, 255, 255, 0, 0, 0, 254, 0, 0, 0, 255, 1, 0, 0, 254];
        assert!(full.iter().zip(expected).all(|(&a, b)| a.abs_diff(b) <= 1), "{full:?}");
        let mut partial = [235, 128, 128, 16, 128, 128, 255, 128, 128, 0, 128, 128];
        convert(&mut partial, &PARTIAL);
        assert_eq!(partial, [255, 255, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0]);
    }
}
