//! Large pictures as JPEG band by band: each band is made, encoded while it is in the core's cache, and on whichever core is free.
//!
//! A band ends with a restart marker (ITU-T T.81 §E.1.4), at which every encoder begins anew, so that bands that were encoded for
//! themselves are the stream of the whole once their headers are taken off. Of small pictures there is one band and no marker.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::jpeg_encode::{Shape, encode};
use crate::TranscodeError;

const CODEC: &str = "JPEG encoder";
/// Pixels of a band, about: what fits beside what it is made of into the cache of a core.
const BAND_BYTES: usize = 256 << 10;
/// Smaller pictures are one band.
const LARGE_BYTES: usize = 1 << 20;

const SOF0: u8 = 0xC0;
const RST0: u8 = 0xD0;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DRI: u8 = 0xDD;

thread_local! {
    /// The band that is being made, in memory that each thread keeps: new memory costs a page fault for each 4 KiB.
    static BAND: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The pixels of a picture.
pub(crate) enum Pixels<'a> {
    /// As they are shown.
    Made(&'a [u8]),
    /// Made when their turn comes: this fills the run of bytes of the picture that is named.
    Wanted(&'a (dyn Fn(Range<usize>, &mut [u8]) + Sync)),
}

/// Encodes 8-bit grey (`channels` 1) or RGB (3) at `quality` from 1 to 100.
///
/// # Errors
/// `Parameter` for a size that JPEG can't hold, `Codec` when there is no memory.
pub(crate) fn encode_jpeg(
    pixels: &Pixels<'_>,
    (width, height): (u32, u32),
    channels: usize,
    quality: u8,
) -> Result<Vec<u8>, TranscodeError> {
    let whole = Shape { width, height, channels, quality };
    let row_bytes = width as usize * channels;
    if let Pixels::Made(pixels) = pixels
        && pixels.len() != row_bytes * height as usize
    {
        return Err(TranscodeError::parameter("viewport", "the picture has not as many pixels as its size says"));
    }
    if row_bytes * height as usize <= LARGE_BYTES {
        return encode_rows(pixels, 0..height, whole);
    }
    let rows = whole.unit() * (BAND_BYTES / (row_bytes * whole.unit() as usize).max(1)).max(1) as u32;
    let starts: Vec<u32> = (0..height).step_by(rows as usize).collect();
    let bands = starts.par_iter().map(|start| encode_rows(pixels, *start..(start + rows).min(height), whole));
    let bands = bands.collect::<Result<Vec<_>, _>>()?;
    let units = width.div_ceil(whole.unit()) * (rows / whole.unit());
    joined(&bands, height, units).ok_or_else(|| TranscodeError::codec(CODEC, "its bands don't fit together"))
}

fn encode_rows(pixels: &Pixels<'_>, rows: Range<u32>, whole: Shape) -> Result<Vec<u8>, TranscodeError> {
    let row_bytes = whole.width as usize * whole.channels;
    let run = rows.start as usize * row_bytes..rows.end as usize * row_bytes;
    let shape = Shape { height: rows.end - rows.start, ..whole };
    match pixels {
        Pixels::Made(pixels) => encode(pixels.get(run).unwrap_or_default(), shape),
        Pixels::Wanted(fill) => BAND.with_borrow_mut(|band| {
            // Zeros first: nothing of another picture may be left, whatever is filled.
            band.clear();
            band.resize(run.len(), 0);
            fill(run, band);
            encode(band, shape)
        }),
    }
}

/// The streams of bands as one, with a restart after every so many `units`.
fn joined(bands: &[Vec<u8>], height: u32, units: u32) -> Option<Vec<u8>> {
    let (interval, height) = (u16::try_from(units).ok()?, u16::try_from(height).ok()?);
    let first = Segments::of(bands.first()?)?;
    let mut out = Vec::with_capacity(bands.iter().map(Vec::len).sum::<usize>() + 6);
    out.extend_from_slice(first.before_scan);
    // Length, precision, then the number of lines (§B.2.2).
    out.get_mut(first.frame + 5..first.frame + 7)?.copy_from_slice(&height.to_be_bytes());
    out.extend_from_slice(&[0xFF, DRI, 0, 4]);
    out.extend_from_slice(&interval.to_be_bytes());
    out.extend_from_slice(first.scan_header);
    for (number, band) in bands.iter().enumerate() {
        if number > 0 {
            out.extend_from_slice(&[0xFF, RST0 + (number - 1) as u8 % 8]);
        }
        out.extend_from_slice(Segments::of(band)?.scan);
    }
    out.extend_from_slice(&[0xFF, EOI]);
    Some(out)
}

/// The parts of a stream of one scan.
struct Segments<'a> {
    before_scan: &'a [u8],
    /// Where the frame header begins.
    frame: usize,
    scan_header: &'a [u8],
    scan: &'a [u8],
}

impl<'a> Segments<'a> {
    fn of(stream: &'a [u8]) -> Option<Self> {
        let (mut at, mut frame) = (2, None);
        loop {
            let [0xFF, marker, high, low] = *stream.get(at..)?.first_chunk()? else { return None };
            let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
            match marker {
                SOF0 => frame = Some(at),
                SOS => {
                    let scan = stream.get(end..)?.strip_suffix(&[0xFF, EOI])?;
                    return Some(Self {
                        before_scan: &stream[..at],
                        frame: frame?,
                        scan_header: &stream[at..end],
                        scan,
                    });
                }
                _ => {}
            }
            at = end;
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{ImageDescription, bare};

    /// Slopes and noise, the same each time.
    fn picture(bytes: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let value = |at: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (at / 97) as u8 ^ (state >> 29) as u8
        };
        (0..bytes).map(value).collect()
    }

    fn decoded(stream: &[u8], width: u32, height: u32, channels: usize) -> Bytes {
        let us = |value: u32| serde_json::json!({"vr": "US", "Value": [value]});
        let colours = if channels == 3 { "YBR_FULL" } else { "MONOCHROME2" };
        let metadata = serde_json::json!({
            "00280002": us(channels as u32), "00280004": {"vr": "CS", "Value": [colours]}, "00280010": us(height), "00280011": us(width),
            "00280100": us(8), "00280101": us(8), "00280102": us(7), "00280103": us(0), "00280006": us(0),
        });
        let image = ImageDescription::from_json(metadata.as_object().unwrap(), "1.2.840.10008.1.2.4.50", 1).unwrap();
        bare::decode(&image, Bytes::copy_from_slice(stream)).unwrap().samples
    }

    #[test]
    fn bands_are_the_picture_that_was_encoded_whole() {
        for (channels, quality) in [(1, 90), (3, 95), (3, 70)] {
            let (width, height) = (1003, 1111 * 3 / channels as u32);
            let pixels = picture(width as usize * height as usize * channels);
            let whole = encode(&pixels, Shape { width, height, channels, quality }).unwrap();
            let bands = encode_jpeg(&Pixels::Made(&pixels), (width, height), channels, quality).unwrap();
            assert!(bands.windows(2).filter(|pair| pair == &[0xFF, RST0]).count() > 0, "there are restarts");
            assert!(
                decoded(&bands, width, height, channels) == decoded(&whole, width, height, channels),
                "{channels} channels at quality {quality}"
            );
            let fill = |run: Range<usize>, band: &mut [u8]| band.copy_from_slice(&pixels[run]);
            let made = encode_jpeg(&Pixels::Wanted(&fill), (width, height), channels, quality).unwrap();
            assert!(made == bands, "it makes no difference when pixels are made");
        }
    }

    #[test]
    fn what_is_small_is_one_band_and_what_jpeg_cannot_hold_is_refused() {
        let pixels = picture(64 * 48);
        let small = encode_jpeg(&Pixels::Made(&pixels), (64, 48), 1, 90).unwrap();
        assert!(!small.windows(2).any(|pair| pair == [0xFF, DRI]));
        assert!(small.capacity() < small.len() + 64, "no room is kept that was for the worst case");
        for (width, height) in [(0, 48), (64, 47), (65_501, 1)] {
            assert!(encode_jpeg(&Pixels::Made(&pixels), (width, height), 1, 90).is_err(), "{width} x {height}");
        }
    }
}
