//! From samples to a picture: PS3.3 §C.11, PS3.4 §N.2, PS3.18 §8.3.5.

mod animation;
mod annotation;
mod canvas;
mod colour;
mod encode;
mod grey;
mod icc;
mod icon;
mod ink;
mod over;
mod presented;
mod text;
mod viewport;
mod window;
mod words;

use std::ops::Range;

use bytes::Bytes;

pub use animation::MAX_ANIMATION_PIXELS;
pub(crate) use animation::{Animation, TOO_LONG};
pub use annotation::Annotation;
pub use icc::IccProfile;
pub(crate) use icon::render as icon;
pub(crate) use ink::Ink;
pub use viewport::{SourceRegion, Viewport};
pub use window::{Window, WindowFunction};
pub(crate) use words::render as words;

use crate::{DecodedFrame, ImageDescription, PhotometricInterpretation, TranscodeError, codec};

/// The longest animation that is rendered.
pub const MAX_ANIMATION_FRAMES: usize = 1_000;

/// How a frame is to be shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RenderOptions {
    /// The encoding.
    pub media: RenderedMedia,
    /// The size, and the region, when it isn't the whole image at its own size.
    pub viewport: Option<Viewport>,
    /// A window instead of the data set's own. Colour images have no window.
    pub window: Option<Window>,
    /// The colour space, and whether a profile tells it.
    pub icc_profile: IccProfile,
    /// What is written on the picture.
    pub annotation: Annotation,
}

/// The encoding of a rendered frame: PS3.18 §8.7.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderedMedia {
    /// `image/jpeg`.
    Jpeg {
        /// From 1 to 100.
        quality: u8,
    },
    /// `image/png`.
    Png,
    /// `image/gif`.
    Gif,
}

impl Default for RenderedMedia {
    fn default() -> Self {
        Self::Jpeg { quality: 90 }
    }
}

impl RenderedMedia {
    /// The media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
        }
    }
}

/// An encoded picture.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The picture.
    pub bytes: Bytes,
    /// Its media type.
    pub media_type: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// A picture in memory: 8-bit grey or RGB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 or 3.
    pub(crate) channels: usize,
    pub(crate) pixels: Vec<u8>,
    /// The profile that goes with it.
    pub(crate) icc_profile: Option<Vec<u8>>,
}

/// A raster of three channels.
fn in_colour(raster: Raster) -> Raster {
    match raster.channels {
        1 => Raster { channels: 3, pixels: raster.pixels.iter().flat_map(|&level| [level; 3]).collect(), ..raster },
        _ => raster,
    }
}

/// Renders a decoded frame, on the calling thread.
///
/// # Errors
/// `Mismatch` when the data set lacks what its colour space needs, or the viewport can't be made.
pub fn render_decoded(
    image: &ImageDescription,
    frame: &DecodedFrame,
    options: &RenderOptions,
) -> Result<Rendered, TranscodeError> {
    check_length(frame)?;
    match directly(image, frame, options)? {
        Some(rendered) => Ok(rendered),
        None => encode::encode(&raster(image, frame, options)?, options.media),
    }
}

fn check_length(frame: &DecodedFrame) -> Result<(), TranscodeError> {
    let samples = frame.pixels() * usize::from(frame.samples_per_pixel);
    if frame.samples.len() == samples * frame.format.bytes() {
        Ok(())
    } else {
        Err(TranscodeError::mismatch("PixelData", "is not as long as its description says"))
    }
}

/// The way of most pictures, grey through a window into JPEG with nothing between: band by band, so that the whole picture is never in
/// memory. `None` for every other.
fn directly(
    image: &ImageDescription,
    frame: &DecodedFrame,
    options: &RenderOptions,
) -> Result<Option<Rendered>, TranscodeError> {
    let RenderedMedia::Jpeg { quality } = options.media else { return Ok(None) };
    let is_plain = RenderOptions { media: options.media, window: options.window, ..RenderOptions::default() };
    let is_grey = frame.samples_per_pixel == 1 && frame.photometric_interpretation.is_grey();
    let is_bare = image.presentation.is_none() && image.own_presentation.is_empty() && image.palette.is_none();
    if !is_bare || !is_grey || *options != is_plain {
        return Ok(None);
    }
    let Some(lined) = grey::in_runs(image, frame, options.window)? else { return Ok(None) };
    let fill = |run: Range<usize>, pixels: &mut [u8]| lined.fill(run, pixels);
    let (width, height) = (u32::from(frame.columns), u32::from(frame.rows));
    let stream = codec::encode_jpeg(&codec::Pixels::Wanted(&fill), (width, height), 1, quality)?;
    Ok(Some(Rendered { bytes: stream.into(), media_type: options.media.media_type(), width, height }))
}

/// Everything but the encoding.
fn raster(image: &ImageDescription, frame: &DecodedFrame, options: &RenderOptions) -> Result<Raster, TranscodeError> {
    check_length(frame)?;
    let raster = match &image.presentation {
        Some(state) => presented::render(image, frame, state, options.viewport.as_ref())?,
        None => plain(image, frame, options)?,
    };
    let state = image.presentation.as_ref().and_then(|state| state.icc_profile.as_deref());
    let own = state.or(image.icc_profile.as_deref());
    let mut raster = icc::apply(raster, own, options.icc_profile)?;
    // "After all other parameters have been applied."
    let size = (u32::from(frame.columns), u32::from(frame.rows));
    let lacks_shutter = image.presentation.is_none() && over::lacks_shutter(&image.own_presentation, size);
    annotation::draw(&mut raster, image, options, lacks_shutter);
    Ok(raster)
}

/// The frame by its own attributes.
fn plain(image: &ImageDescription, frame: &DecodedFrame, options: &RenderOptions) -> Result<Raster, TranscodeError> {
    let (channels, pixels) = match (frame.photometric_interpretation, &image.palette) {
        (grey, None) if grey.is_grey() => (1, grey::render(image, frame, options.window)?),
        (grey, Some(palette)) if grey.is_grey() => {
            let palette = palette.as_ref().map_err(|why| *why)?;
            (3, colour::supplemented(frame, palette, &grey::render(image, frame, options.window)?)?)
        }
        (PhotometricInterpretation::PaletteColor, _) => (3, colour::from_palette(image, frame)?),
        _ => (3, colour::to_rgb(frame)?),
    };
    let (width, height) = (u32::from(frame.columns), u32::from(frame.rows));
    let mut raster = Raster { width, height, channels, pixels, icc_profile: None };
    if let Some(why) = image.own_presentation.unusable {
        return Err(why.into());
    }
    over::own(&mut raster, &image.own_presentation);
    viewport::apply(raster, options.viewport.as_ref(), image.pixel_aspect)
}
