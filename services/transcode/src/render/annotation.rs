//! Words at the edge of a picture: PS3.18 §8.3.5.1.1.

use super::canvas::Canvas;
use super::window::WindowFunction;
use super::{Ink, Raster, RenderOptions, text};
use crate::ImageDescription;
use crate::description::Captions;

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

/// The patient goes to the upper left, the technique to the lower left. Small pictures have the first lines only. What the picture lacks is
/// said first, and asked for or not.
pub(super) fn draw(raster: &mut Raster, image: &ImageDescription, options: &RenderOptions, lacks_shutter: bool) {
    let mut technique: Vec<_> = lacks_shutter.then(|| NO_SHUTTER.to_owned()).into_iter().collect();
    if options.annotation.technique {
        technique.extend(image.captions.technique.iter().map(|line| drawable(line)));
        technique.extend(window_in_use(image, options));
    }
    let patient = if options.annotation.patient { patient(&image.captions) } else { Vec::new() };
    block(raster, &patient, false);
    block(raster, &technique, true);
}

/// The picture shows what a shutter was to cover (PS3.3 §C.7.6.11).
const NO_SHUTTER: &str = "Shutter not applied / Obturateur non appliqué";

/// What stands for a name of which no group can be drawn: a box, or letters in a wrong order, would be another name.
const NO_NAME: &str = "Name can't be drawn / Nom impossible à afficher";
/// What stands for any other line.
const NO_LINE: &str = "Text can't be drawn / Texte impossible à afficher";

/// The groups of the name that can be drawn, the alphabetic one first, and the other lines.
fn patient(captions: &Captions) -> Vec<String> {
    let drawn: Vec<_> = captions.name.iter().filter(|group| text::can_draw(group)).map(String::as_str).collect();
    let name = if drawn.is_empty() { NO_NAME.to_owned() } else { drawn.join(" ") };
    let name = (!captions.name.is_empty()).then_some(name);
    name.into_iter().chain(captions.patient.iter().map(|line| drawable(line))).collect()
}

fn drawable(line: &str) -> String {
    if text::can_draw(line) { line.to_owned() } else { NO_LINE.to_owned() }
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
    if !image.photometric_interpretation.is_grey() || image.presentation.is_some() {
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

#[cfg(test)]
mod tests {
    use super::{Captions, NO_LINE, NO_NAME, NO_SHUTTER, patient, text};

    #[test]
    fn a_name_is_drawn_by_the_groups_that_have_letters_or_said_not_to_be() {
        let lines = |groups: &[&str], id: &str| {
            let name = groups.iter().map(|group| (*group).to_owned()).collect();
            patient(&Captions { name, patient: vec![id.to_owned()], technique: Vec::new() })
        };
        assert_eq!(lines(&["Yamada, Tarou", "山田, 太郎", "やまだ, たろう"], "ID 1"), ["Yamada, Tarou", "ID 1"]);
        assert_eq!(lines(&["Ελένη", "Ζωή"], "ID 1"), ["Ελένη Ζωή", "ID 1"]);
        assert_eq!(lines(&["山田, 太郎", "やまだ, たろう"], "ID 1"), [NO_NAME, "ID 1"]);
        assert_eq!(lines(&["김, 희중"], "ID 番"), [NO_NAME, NO_LINE]);
        // There are letters for these, but not their order and their joining.
        assert_eq!(lines(&["قباني, لنزار"], "ID 1"), [NO_NAME, "ID 1"]);
        assert_eq!(lines(&["שרון, דבורה"], "ID 1"), [NO_NAME, "ID 1"]);
        assert_eq!(lines(&[], "ID 1"), ["ID 1"]);
        assert!([NO_NAME, NO_LINE, NO_SHUTTER].into_iter().all(text::can_draw));
    }
}
