//! A picture of words alone, in place of one that can't be made.

use super::canvas::Canvas;
use super::{Ink, Raster, RenderOptions, Rendered, encode, text};
use crate::TranscodeError;

/// The side of a picture whose size is not asked for, and the smallest one, in pixels.
const SIDE: u32 = 512;
const SMALLEST: u32 = 32;
/// A letter's part of the shorter side.
const LETTER: f32 = 1.0 / 24.0;

/// Light words on black.
pub(crate) fn render(words: &str, options: &RenderOptions) -> Result<Rendered, TranscodeError> {
    let (width, height) = options.viewport.as_ref().map_or((SIDE, SIDE), |viewport| (viewport.width, viewport.height));
    let [width, height] = [width, height].map(|side| side.clamp(SMALLEST, 4 * SIDE));
    let pixels = vec![0; width as usize * height as usize];
    let mut raster = Raster { width, height, channels: 1, pixels, icc_profile: None };
    let shorter = width.min(height) as f32;
    let size = (shorter * LETTER).clamp(text::SMALLEST, text::LARGEST);
    let (margin, step) = ((shorter * 0.04).ceil(), text::line_height(size));
    let mut canvas = Canvas::new(&mut raster);
    for (row, line) in text::broken(words, size, width as f32 - 2.0 * margin).iter().enumerate() {
        text::draw(&mut canvas, line, margin, margin + step * row as f32, size, Ink::WHITE);
    }
    encode::encode(&raster, options.media)
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::render::{RenderOptions, RenderedMedia, Viewport};

    #[test]
    fn words_make_a_picture_of_the_size_that_was_asked_for() {
        let viewport = Viewport { width: 200, height: 100, source: None };
        for media in [RenderedMedia::Png, RenderedMedia::Gif, RenderedMedia::default()] {
            let options = RenderOptions { media, viewport: Some(viewport), ..RenderOptions::default() };
            let rendered = render("This image can't be shown", &options).expect("encoded");
            assert_eq!((rendered.width, rendered.height, rendered.media_type), (200, 100, media.media_type()));
        }
    }
}
