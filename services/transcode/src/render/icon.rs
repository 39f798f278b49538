//! A picture of a sheet with the kind of a thing in words, for what has no picture of its own.

use super::canvas::Canvas;
use super::{Ink, Raster, Rendered, RenderedMedia, encode, text, viewport};
use crate::TranscodeError;

/// The ground and the sheet.
const GROUND: u8 = 32;
const SHEET: u8 = 208;
const EDGE: u8 = 96;
/// Sides of the sheet, and of its folded corner, as parts of the picture's.
const SHEET_WIDTH: f64 = 0.62;
const SHEET_HEIGHT: f64 = 0.82;
const FOLD: f64 = 0.16;

/// A sheet with a word on it that says what kind of thing it stands for.
///
/// # Errors
/// `Parameter` when the size is beyond anything that is rendered.
pub(crate) fn render(word: &str, width: u32, height: u32, media: RenderedMedia) -> Result<Rendered, TranscodeError> {
    viewport::check_size(width, height)?;
    let pixels = vec![GROUND; width as usize * height as usize];
    let mut raster = Raster { width, height, channels: 1, pixels, icc_profile: None };
    let (across, down) = (f64::from(width), f64::from(height));
    let side = (across * SHEET_HEIGHT / SHEET_WIDTH).min(down);
    let (half_width, half_height) = (side * SHEET_WIDTH / 2.0, side * SHEET_HEIGHT / 2.0);
    let (left, right) = (across / 2.0 - half_width, across / 2.0 + half_width);
    let (top, bottom) = (down / 2.0 - half_height, down / 2.0 + half_height);
    let fold = side * FOLD;
    let sheet = [(left, top), (right - fold, top), (right, top + fold), (right, bottom), (left, bottom), (left, top)];
    let corner = [(right - fold, top), (right - fold, top + fold), (right, top + fold)];
    let mut canvas = Canvas::new(&mut raster);
    canvas.fill(&sheet, Ink::grey(SHEET));
    canvas.polyline(&corner, (side / 100.0).max(1.0), Ink::grey(EDGE));
    let room = (2.0 * half_width * 0.88) as f32;
    let size =
        (10.0 * room / text::width(word, 10.0).max(1.0)).min(side as f32 / 5.0).clamp(text::SMALLEST, text::LARGEST);
    let word = text::fitted(word, size, room);
    let start = (across as f32 - text::width(&word, size)) / 2.0;
    text::draw(&mut canvas, &word, start, (down as f32 - text::line_height(size)) / 2.0, size, Ink::grey(0));
    encode::encode(&raster, media)
}
