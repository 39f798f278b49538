//! GIF, one frame or many.

use std::time::Duration;

use gif::{Encoder, Frame, Repeat};

use super::{Raster, RenderOptions, Rendered, RenderedMedia};
use crate::{DecodedFrame, ImageDescription, TranscodeError};

/// The speed of the colour quantisation, from 1 (best) to 30 (fastest).
const QUANTISATION_SPEED: i32 = 15;

/// The largest animation, in pixels of all frames together, and encoded.
pub const MAX_ANIMATION_PIXELS: u64 = 1 << 27;
const MAX_ANIMATION_BYTES: usize = 64 << 20;

/// Why an animation is not made.
pub(crate) const TOO_LONG: &str =
    "and their size make an animation that is longer than any that is rendered; a viewport or single frames can be had";

/// An animation in the making: frames go in one by one and are kept encoded only.
pub(crate) struct Animation {
    frame_time: Duration,
    /// So many frames come at least.
    least: u64,
    encoder: Option<Encoder<Vec<u8>>>,
    width: u32,
    height: u32,
    pixels: u64,
}

impl Animation {
    pub(crate) fn new(frame_time: Duration, least: u64) -> Self {
        Self { frame_time, least, encoder: None, width: 0, height: 0, pixels: 0 }
    }

    /// A picture of one frame.
    pub(super) fn still(raster: &Raster) -> Result<Rendered, TranscodeError> {
        let mut animation = Self::new(Duration::ZERO, 1);
        animation.push(raster)?;
        animation.finish()
    }

    /// Renders a frame and appends it.
    pub(crate) fn add(
        &mut self,
        image: &ImageDescription,
        frame: &DecodedFrame,
        options: &RenderOptions,
    ) -> Result<(), TranscodeError> {
        self.push(&super::raster(image, frame, options)?)
    }

    fn push(&mut self, raster: &Raster) -> Result<(), TranscodeError> {
        let refused = |_| TranscodeError::codec("GIF encoder", "the image was refused");
        let (Ok(width), Ok(height)) = (u16::try_from(raster.width), u16::try_from(raster.height)) else {
            return Err(TranscodeError::parameter("viewport", "GIF can't hold an image of this size"));
        };
        // What will be too long is refused at its first frame, before the others cost anything.
        let pixels = u64::from(raster.width) * u64::from(raster.height);
        let in_all = if self.encoder.is_none() { pixels.saturating_mul(self.least) } else { 0 };
        self.pixels += pixels;
        let bytes = self.encoder.as_ref().map_or(0, |encoder| encoder.get_ref().len());
        if self.pixels.max(in_all) > MAX_ANIMATION_PIXELS || bytes > MAX_ANIMATION_BYTES {
            return Err(TranscodeError::mismatch("NumberOfFrames", TOO_LONG));
        }
        let encoder = match &mut self.encoder {
            Some(_) if (raster.width, raster.height) != (self.width, self.height) => {
                return Err(TranscodeError::mismatch(
                    "Rows",
                    "and Columns differ between frames, which an animation can't show",
                ));
            }
            Some(encoder) => encoder,
            None => {
                (self.width, self.height) = (raster.width, raster.height);
                let mut encoder = Encoder::new(Vec::new(), width, height, &grey_palette()).map_err(|_| refused(()))?;
                if self.frame_time > Duration::ZERO {
                    encoder.set_repeat(Repeat::Infinite).map_err(|_| refused(()))?;
                }
                self.encoder.insert(encoder)
            }
        };
        let mut frame = if raster.channels == 1 {
            // Grey is its own index into the global palette.
            Frame { width, height, buffer: raster.pixels.as_slice().into(), ..Frame::default() }
        } else {
            Frame::from_rgb_speed(width, height, &raster.pixels, QUANTISATION_SPEED)
        };
        frame.delay = (self.frame_time.as_millis() / 10).try_into().unwrap_or(u16::MAX);
        encoder.write_frame(&frame).map_err(|_| refused(()))
    }

    /// Ends the animation.
    pub(crate) fn finish(self) -> Result<Rendered, TranscodeError> {
        let refused = || TranscodeError::codec("GIF encoder", "the image was refused");
        let bytes = self.encoder.ok_or_else(refused)?.into_inner().map_err(|_| refused())?;
        let media_type = RenderedMedia::Gif.media_type();
        Ok(Rendered { bytes: bytes.into(), media_type, width: self.width, height: self.height })
    }
}

fn grey_palette() -> Vec<u8> {
    (0..=255).flat_map(|level| [level; 3]).collect()
}
