//! PNG and GIF, which no transfer syntax has: unpacked into native pixel data without loss (PS3.18 §10.5.2, table 10.5.2-1, "Transform").
//!
//! Transparency is discarded, and what has a palette becomes RGB (its notes 1, 4 and 5). Pixels go out as they are unpacked, so that memory
//! holds a row of a PNG and one picture of a GIF.

mod gif;
mod png;

use std::io;

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::Image;
use crate::{DataSet, Value};

/// Unpacked bytes of one image: some kilobytes may say that there are so many more.
const MOST_BYTES: u64 = 1 << 30;
/// Pictures that are held whole: a canvas onto which the next frame is drawn, rows that come interlaced.
const MOST_HELD_BYTES: usize = 64 << 20;

/// What was unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// What it says of itself.
    pub image: Image,
    /// Pictures of an animation; else one.
    pub frames: usize,
    /// The largest sample.
    pub largest: u16,
}

/// Why an image could not be unpacked.
#[derive(Debug)]
pub enum Unpacking {
    /// The rule that it breaks.
    Broken(&'static str),
    /// Where its pixels go took no more.
    Sink(io::Error),
}

/// Where pixels go.
pub type Sink<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// Whether a media type is one of these.
pub fn is_raster(media_type: &str) -> bool {
    ["image/png", "image/gif"].iter().any(|known| known.eq_ignore_ascii_case(media_type))
}

/// Unpacks an image of such a media type. What has a palette becomes one sample for each pixel where the metadata want `grey`, and it is.
///
/// # Errors
/// [`Unpacking`].
pub fn unpack(media_type: &str, stream: &[u8], grey: bool, sink: &mut Sink<'_>) -> Result<Raster, Unpacking> {
    let mut left = MOST_BYTES;
    let mut bounded = |bytes: &[u8]| {
        left = left.checked_sub(bytes.len() as u64).ok_or(Unpacking::Broken("has more pixels than are unpacked"))?;
        sink(bytes).map_err(Unpacking::Sink)
    };
    if media_type.eq_ignore_ascii_case("image/png") {
        png::unpack(stream, grey, &mut bounded)
    } else {
        gif::unpack(stream, grey, &mut bounded)
    }
}

/// A sink that has a bound.
type Bounded<'a> = dyn FnMut(&[u8]) -> Result<(), Unpacking> + 'a;

fn image(size: (u32, u32), samples: u16, bits_stored: u16) -> Result<Image, Unpacking> {
    let extent = |pixels| u16::try_from(pixels).ok().filter(|pixels| *pixels > 0);
    let (Some(columns), Some(rows)) = (extent(size.0), extent(size.1)) else {
        return Err(Unpacking::Broken("has more rows or columns than an image may have"));
    };
    let photometric = if samples == 1 { "MONOCHROME2" } else { "RGB" };
    Ok(Image { rows, columns, samples, bits_stored, signed: false, photometric })
}

/// The colour of an entry of a palette: three samples, or one where all three are the same and `grey` is wanted.
fn put_colour(palette: &[u8], index: u8, grey: bool, out: &mut Vec<u8>) -> Result<(), Unpacking> {
    let at = 3 * usize::from(index);
    let colour = palette.get(at..at + 3).ok_or(Unpacking::Broken("has pixels of a colour that its palette lacks"))?;
    match colour {
        [one, two, three] if grey && (one != two || two != three) => {
            Err(Unpacking::Broken("is in colour, and SamplesPerPixel is 1"))
        }
        _ => {
            out.extend_from_slice(if grey { &colour[..1] } else { colour });
            Ok(())
        }
    }
}

/// What metadata say that does not fit samples that are unsigned, by pixel, and in whole bytes: an attribute, and the rule.
pub fn unfit(data_set: &DataSet, raster: &Raster) -> Option<(&'static str, &'static str)> {
    let image = &raster.image;
    let number = |tag| data_set.number(tag);
    let container = if image.bits_stored > 8 { 16 } else { 8 };
    let stored = number(tags::BITS_STORED);
    let photometric = data_set.text(tags::PHOTOMETRIC_INTERPRETATION);
    let frames = data_set.text(tags::NUMBER_OF_FRAMES).map(str::parse::<usize>);
    let fits = |bits: u16| bits <= container && (bits >= 16 || raster.largest >> bits == 0);
    let rules = [
        (
            "BitsAllocated",
            number(tags::BITS_ALLOCATED).is_some_and(|bits| bits != container),
            "is not that of the samples",
        ),
        ("BitsStored", stored.is_some_and(|bits| !fits(bits)), "is less than the samples have"),
        (
            "HighBit",
            number(tags::HIGH_BIT).is_some_and(|bit| stored.is_some_and(|bits| bit + 1 != bits)),
            "is not BitsStored - 1",
        ),
        (
            "PixelRepresentation",
            number(tags::PIXEL_REPRESENTATION).is_some_and(|signed| signed != 0),
            "is not 0, and the samples are unsigned",
        ),
        (
            "PlanarConfiguration",
            number(tags::PLANAR_CONFIGURATION).is_some_and(|planar| planar != 0),
            "is not 0, and the samples are by pixel",
        ),
        (
            "PhotometricInterpretation",
            image.samples > 1 && photometric.is_some_and(|one| one != "RGB"),
            "is not RGB, and the samples are",
        ),
        (
            "NumberOfFrames",
            frames.is_some_and(|frames| frames != Ok(raster.frames)),
            "is not that of the pictures that came",
        ),
    ];
    rules.into_iter().find_map(|(keyword, is_broken, rule)| is_broken.then_some((keyword, rule)))
}

/// Has pixel data be the unpacked ones, which `uri` leads to from now on (PS3.5 §A.2: OW where a sample has more than a byte).
pub fn put_pixels(data_set: &mut DataSet, raster: &Raster, uri: &str) {
    let vr = if raster.image.bits_stored > 8 { VR::OW } else { VR::OB };
    data_set.put(tags::PIXEL_DATA, vr, Value::Bulk(uri.to_owned()));
    if raster.image.samples > 1 && data_set.get(tags::PLANAR_CONFIGURATION).is_none() {
        data_set.put(tags::PLANAR_CONFIGURATION, VR::US, Value::Bytes(vec![0, 0]));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
