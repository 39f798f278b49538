//! Uncompressed frames: byte order, bit packing, planes, subsampled chrominance and unused bits.

use std::borrow::Cow;
use std::io::Read as _;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::syntax::Encoding;
use crate::{DecodedFrame, ImageDescription, PhotometricInterpretation, TranscodeError};

/// The frame in little endian, otherwise as it is stored: what goes on the wire (PS3.5 §A.4.11, PS3.18 §8.7.3).
///
/// # Errors
/// `Mismatch` when the frame is shorter than its description says.
pub(crate) fn to_little_endian(
    image: &ImageDescription,
    encoding: Encoding,
    frame: Bytes,
) -> Result<Bytes, TranscodeError> {
    let image = &*as_it_lies(image, encoding, &frame);
    let needed = image.native_frame_bytes() as usize;
    let frame = match encoding {
        Encoding::DeflatedFrame => inflate(&frame, needed)?,
        _ => frame,
    };
    if image.is_bytes_in_big_words() {
        // Swap whole words, then leave out the neighbour's byte in front.
        let odd = usize::from(image.native_frame_bytes() % 2 == 1 && image.frame.is_multiple_of(2));
        let swapped = Bytes::from(swap_bytes(&frame, 2));
        return if swapped.len() < odd + needed { Err(too_short()) } else { Ok(swapped.slice(odd..odd + needed)) };
    }
    if frame.len() < needed {
        return Err(too_short());
    }
    let pixel_bytes = usize::from(image.samples_per_pixel) * usize::from(image.bits_allocated / 8);
    if pixel_bytes > 0 && is_another_line((image.rows, image.columns), pixel_bytes, frame.len() - needed) {
        return Err(too_long());
    }
    let frame = frame.slice(..needed);
    if image.bits_allocated == 1 {
        // Its last byte may hold the first bits of the next frame.
        let alone =
            image.first_bit() == 0 && (image.pixels_usize() * usize::from(image.samples_per_pixel)).is_multiple_of(8);
        return Ok(if alone { frame } else { pack_bits(&unpack_bits(image, &frame)).into() });
    }
    let unit = usize::from(image.bits_allocated / 8);
    Ok(match encoding {
        Encoding::NativeBig if unit > 1 => swap_bytes(&frame, unit).into(),
        _ => frame,
    })
}

/// The frame as samples, with `bits` of their containers.
///
/// # Errors
/// As [`to_little_endian`].
pub(crate) fn decode(
    image: &ImageDescription,
    encoding: Encoding,
    frame: Bytes,
    bits: Bits,
) -> Result<DecodedFrame, TranscodeError> {
    let image = &*as_it_lies(image, encoding, &frame);
    let frame = to_little_endian(image, encoding, frame)?;
    let mut colour = image.photometric_interpretation;
    let mut bits_stored = image.bits_stored;
    let samples = if image.bits_allocated == 1 {
        bits_stored = 1;
        // `to_little_endian` has moved the first sample to the lowest bit.
        unpack(&frame, 0, image.pixels_usize() * usize::from(image.samples_per_pixel)).into()
    } else if image.is_native_422() {
        if colour == PhotometricInterpretation::YbrFull422 {
            colour = PhotometricInterpretation::YbrFull;
        }
        expand_422(image, &frame).into()
    } else if image.planar {
        interleave(&frame, usize::from(image.samples_per_pixel), usize::from(image.bits_allocated / 8)).into()
    } else {
        frame
    };
    Ok(DecodedFrame {
        samples: bits.of(image, samples),
        rows: image.rows,
        columns: image.columns,
        samples_per_pixel: image.samples_per_pixel,
        format: image.sample_format(),
        bits_stored,
        photometric_interpretation: colour,
    })
}

/// What a frame is by its length: one that is called 4:2:2 and has all of its samples is YBR_FULL, as ultrasound machines often write it.
fn as_it_lies<'a>(image: &'a ImageDescription, encoding: Encoding, frame: &[u8]) -> Cow<'a, ImageDescription> {
    let is_whole = image.photometric_interpretation == PhotometricInterpretation::YbrFull422
        && image.is_native_422()
        && encoding != Encoding::DeflatedFrame
        && image.native_frame_bytes() < image.decoded_frame_bytes()
        && frame.len() as u64 >= image.decoded_frame_bytes();
    if !is_whole {
        return Cow::Borrowed(image);
    }
    Cow::Owned(ImageDescription { photometric_interpretation: PhotometricInterpretation::YbrFull, ..image.clone() })
}

fn too_short() -> TranscodeError {
    TranscodeError::mismatch("PixelData", "is shorter than Rows, Columns, SamplesPerPixel and BitsAllocated ask for")
}

/// More bytes than these are no padding.
const MOST_PADDING: usize = 3;

/// Whether so many bytes too many, of `pixel_bytes` each, are another row or column: the frame would be drawn askew.
pub(crate) fn is_another_line((rows, columns): (u16, u16), pixel_bytes: usize, surplus: usize) -> bool {
    surplus > MOST_PADDING && surplus >= usize::from(rows.min(columns)) * pixel_bytes
}

/// For a frame of more pixels than its description has.
pub(crate) fn too_long() -> TranscodeError {
    TranscodeError::mismatch("PixelData", "is longer than Rows, Columns, SamplesPerPixel and BitsAllocated ask for")
}

/// Inflates at most two times `needed` bytes, which is enough to know a frame of another shape: a bomb costs little more than the frame it
/// pretends to be.
fn inflate(frame: &[u8], needed: usize) -> Result<Bytes, TranscodeError> {
    let mut out = Vec::new();
    out.try_reserve_exact(needed).map_err(|_| TranscodeError::codec("deflate", "not enough memory"))?;
    flate2::read::DeflateDecoder::new(frame)
        .take((2 * needed + MOST_PADDING + 1) as u64)
        .read_to_end(&mut out)
        .map_err(|_| TranscodeError::codec("deflate", "the stream is invalid"))?;
    Ok(out.into())
}

fn swap_bytes(frame: &[u8], unit: usize) -> Vec<u8> {
    let mut out = frame.to_vec();
    match unit {
        2 => out.chunks_exact_mut(2).for_each(|pair| pair.reverse()),
        4 => out.chunks_exact_mut(4).for_each(|word| word.reverse()),
        _ => out.chunks_exact_mut(8).for_each(|word| word.reverse()),
    }
    out
}

fn unpack_bits(image: &ImageDescription, frame: &[u8]) -> Vec<u8> {
    unpack(frame, image.first_bit(), image.pixels_usize() * usize::from(image.samples_per_pixel))
}

/// One byte for each bit, the lowest bit of a byte first: PS3.5 §8.1.1.
fn unpack(packed: &[u8], first: usize, count: usize) -> Vec<u8> {
    (first..first + count).map(|bit| packed[bit / 8] >> (bit % 8) & 1).collect()
}

fn pack_bits(samples: &[u8]) -> Vec<u8> {
    samples.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

/// Colour by plane to colour by pixel.
pub(crate) fn interleave(planes: &[u8], samples_per_pixel: usize, sample_bytes: usize) -> Vec<u8> {
    let plane = planes.len() / samples_per_pixel;
    let mut out = vec![0; plane * samples_per_pixel];
    for (channel, values) in planes.chunks_exact(plane.max(1)).enumerate() {
        let pixels = out.chunks_exact_mut(samples_per_pixel * sample_bytes);
        for (pixel, value) in pixels.zip(values.chunks_exact(sample_bytes)) {
            pixel[channel * sample_bytes..(channel + 1) * sample_bytes].copy_from_slice(value);
        }
    }
    out
}

/// Y1 Y2 Cb Cr for each pair of pixels, to Y Cb Cr for each pixel: PS3.3 §C.7.6.3.1.2.
fn expand_422(image: &ImageDescription, frame: &[u8]) -> Vec<u8> {
    let size = usize::from(image.bits_allocated / 8);
    let columns = usize::from(image.columns);
    let mut out = Vec::with_capacity(image.pixels_usize() * 3 * size);
    for row in frame.chunks_exact(columns.div_ceil(2) * 4 * size) {
        for (index, pair) in row.chunks_exact(4 * size).enumerate() {
            let (luminances, differences) = pair.split_at(2 * size);
            out.extend_from_slice(&luminances[..size]);
            out.extend_from_slice(differences);
            if index * 2 + 1 < columns {
                out.extend_from_slice(&luminances[size..]);
                out.extend_from_slice(differences);
            }
        }
    }
    out
}

/// Which bits of a container are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Bits {
    /// Those of the sample, moved down to bit 0, with its sign or zeros above: what is shown.
    Stored,
    /// All, where they are: old overlays, and whatever else a writer left beside the sample (PS3.5 §8.1.1).
    Allocated,
}

impl Bits {
    /// These bits of containers as they lie in native or RLE pixel data.
    pub(crate) fn of(self, image: &ImageDescription, containers: Bytes) -> Bytes {
        match self {
            Self::Stored if !image.float => without_unused_bits(image, containers),
            Self::Stored | Self::Allocated => containers,
        }
    }

    /// What goes on the wire of a frame that was compressed: its containers, where the attributes of the data set look for the sample. Only
    /// a signed sample in the lowest bits is sent alone, since readers take the whole container for it.
    pub(crate) fn uncompressed(image: &ImageDescription, encoding: Encoding) -> Self {
        let is_lowest = image.high_bit + 1 == image.bits_stored;
        if encoding != Encoding::Rle && image.signed && is_lowest { Self::Stored } else { Self::Allocated }
    }
}

/// Moves the stored bits down to bit 0 and lets the sign, or zeros, fill the rest: overlays and rubbish go.
pub(crate) fn without_unused_bits(image: &ImageDescription, samples: Bytes) -> Bytes {
    let allocated = u32::from(image.bits_allocated);
    if allocated == 1 || image.bits_stored == image.bits_allocated {
        return samples;
    }
    // Up, so that the high bit is the container's highest; then down, which carries the sign.
    let up = allocated - 1 - u32::from(image.high_bit);
    let down = allocated - u32::from(image.bits_stored);
    match (allocated, image.signed) {
        (8, false) => moved(samples, |bytes: [u8; 1]| (bytes[0] << up >> down).to_le_bytes()),
        (8, true) => moved(samples, |bytes: [u8; 1]| (((bytes[0] << up) as i8) >> down).to_le_bytes()),
        (16, false) => moved(samples, |bytes| (u16::from_le_bytes(bytes) << up >> down).to_le_bytes()),
        (16, true) => moved(samples, |bytes| ((i16::from_le_bytes(bytes) << up) >> down).to_le_bytes()),
        (_, false) => moved(samples, |bytes| (u32::from_le_bytes(bytes) << up >> down).to_le_bytes()),
        (_, true) => moved(samples, |bytes| ((i32::from_le_bytes(bytes) << up) >> down).to_le_bytes()),
    }
}

/// Samples of so many bytes are looked at before anything is said of them: a loop without a way out is one that compilers make vectors of.
const LOOKED_AT: usize = 16 << 10;

/// What `change` makes of each sample; no copy of samples that it leaves as they are, as nearly all are.
fn moved<const N: usize>(samples: Bytes, change: impl Fn([u8; N]) -> [u8; N]) -> Bytes {
    let unchanged =
        |run: &[u8]| !run.as_chunks().0.iter().fold(false, |any, sample| any | (change(*sample) != *sample));
    if samples.chunks(LOOKED_AT * N).all(unchanged) {
        return samples;
    }
    let mut out = samples.to_vec();
    out.as_chunks_mut().0.iter_mut().for_each(|sample| *sample = change(*sample));
    out.into()
}

impl ImageDescription {
    /// Rows times Columns, as a count of things in memory.
    pub(crate) fn pixels_usize(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns)
    }
}
