//! Words at the edge of a picture: PS3.18 §8.3.5.1.1.

use super::canvas::Canvas;
use super::window::WindowFunction;
use super::{Ink, Raster, RenderOptions, text};
use crate::ImageDescription;

/// What is written on the picture: the values of the parameter `annotation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Annotation {
    /// Whose picture it is.
    pub patient: bool,
    /// How it was made.
    pub technique: bool,
}

/// Each block of words takes no more of the picture's height than this.
const MOST_HEIGHT: f32 = 0.25;
/// A letter's part of the shorter side.
const LETTER: f32 = 1.0 / 32.0;

/// The patient goes to the upper left, the technique to the lower left. Small pictures have the first lines only.
pub(super) fn draw(raster: &mut Raster, image: &ImageDescription, options: &RenderOptions) {
    let mut technique = image.captions.technique.clone();
    if options.annotation.technique {
        technique.extend(window_in_use(image, options));
    }
    let patient = if options.annotation.patient { image.captions.patient.as_slice() } else { &[] };
    let technique = if options.annotation.technique { technique.as_slice() } else { &[] };
    block(raster, patient, false);
    block(raster, technique, true);
}

fn block(raster: &mut Raster, lines: &[String], at_the_bottom: bool) {
    let (width, height) = (raster.width as f32, raster.height as f32);
    let widest = |size: f32| lines.iter().map(|line| text::width(line, size)).fold(0.0, f32::max);
    let margin = (width.min(height) * 0.01).max(1.0).ceil();
    let size = (width.min(height) * LETTER).clamp(text::SMALLEST, text::LARGEST);
    let size = (size * (width - 2.0 * margin) / widest(size).max(1.0)).clamp(text::SMALLEST, size);
    let step = text::line_height(size);
    // A picture that is too low for one line has that line's upper part.
    let most = ((height * MOST_HEIGHT / step) as usize).max(1);
    let lines = &lines[..lines.len().min(most)];
    let top = if at_the_bottom { height - margin - step * lines.len() as f32 } else { margin };
    let mut canvas = Canvas::new(raster);
    for (row, line) in lines.iter().enumerate() {
        let line = text::fitted(line, size, width - 2.0 * margin);
        text::draw(&mut canvas, &line, margin, top + step * row as f32, size, Ink::WHITE);
    }
}

/// The window that the picture is made with, when it is one.
fn window_in_use(image: &ImageDescription, options: &RenderOptions) -> Option<String> {
    if image.samples_per_pixel != 1 || image.palette.is_some() || image.presentation.is_some() {
        return None;
    }
    let first = || image.windows.first().map(|window| (window.center, window.width, window.function));
    let asked = options.window.map(|window| (window.center, window.width, window.function));
    let (center, width, function) = asked.or_else(first)?;
    let curve = match function {
        WindowFunction::Linear => "",
        WindowFunction::LinearExact => " (linear exact)",
        WindowFunction::Sigmoid => " (sigmoid)",
    };
    Some(format!("C {center} W {width}{curve}"))
}
