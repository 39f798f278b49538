//! From samples to a picture: PS3.3 §C.11, PS3.4 §N.2, PS3.18 §8.3.5.

mod animation;
mod colour;
mod encode;
mod grey;
mod viewport;
mod window;

use bytes::Bytes;

pub(crate) use animation::Animation;
pub use viewport::{SourceRegion, Viewport};
pub use window::{Window, WindowFunction};

use crate::{DecodedFrame, ImageDescription, PhotometricInterpretation, TranscodeError};

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
    let raster = raster(image, frame, options)?;
    encode::encode(&raster, options.media)
}

/// Everything but the encoding.
fn raster(image: &ImageDescription, frame: &DecodedFrame, options: &RenderOptions) -> Result<Raster, TranscodeError> {
    let samples = frame.pixels() * usize::from(frame.samples_per_pixel);
    if frame.samples.len() != samples * frame.format.bytes() {
        return Err(TranscodeError::mismatch("PixelData", "is not as long as its description says"));
    }
    let (channels, pixels) = match frame.photometric_interpretation {
        PhotometricInterpretation::Monochrome1 | PhotometricInterpretation::Monochrome2 => {
            (1, grey::render(image, frame, options.window)?)
        }
        PhotometricInterpretation::PaletteColor => (3, colour::from_palette(image, frame)?),
        _ => (3, colour::to_rgb(frame)?),
    };
    let (width, height) = (u32::from(frame.columns), u32::from(frame.rows));
    viewport::apply(Raster { width, height, channels, pixels }, options.viewport.as_ref(), image.pixel_aspect)
}
