//! Words on a picture, in DejaVu Sans: Latin, Greek, Cyrillic and Canadian Aboriginal syllabics among others.
//!
//! Letters are set one after the other from left to right, as they come; scripts that join or turn their letters are not shaped.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

use super::Ink;
use super::canvas::Canvas;

/// No text is larger, in pixels.
pub(super) const LARGEST: f32 = 64.0;
/// No text is smaller: below, letters can't be told apart.
pub(super) const SMALLEST: f32 = 8.0;
/// The height of a line for a letter's size.
const LEADING: f32 = 1.2;
/// More characters than this are cut off.
const LONGEST: usize = 1_000;

/// The font that is built in; `None` would mean that the file in the crate is damaged.
fn font() -> Option<&'static FontRef<'static>> {
    static FONT: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    FONT.get_or_init(|| FontRef::try_from_slice(dejavu::sans::regular()).ok()).as_ref()
}

/// Scripts whose letters join, change places or are written from right to left, and what turns the direction: from and to.
const SHAPED: [(char, char); 7] = [
    ('\u{0590}', '\u{109f}'),
    ('\u{1780}', '\u{18af}'),
    ('\u{200c}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2066}', '\u{2069}'),
    ('\u{fb1d}', '\u{fdff}'),
    ('\u{fe70}', '\u{fefc}'),
];

/// Whether the typeface has every letter, and letters set one after the other are the text.
pub(super) fn can_draw(text: &str) -> bool {
    let Some(font) = font() else { return false };
    let is_shaped = |c: char| SHAPED.iter().any(|(from, to)| (*from..=*to).contains(&c));
    let is_drawn = |c: char| c.is_control() || c == ' ' || (font.glyph_id(c).0 != 0 && !is_shaped(c));
    text.chars().take(LONGEST).all(is_drawn)
}

/// The height of a line of letters of this size.
pub(super) fn line_height(size: f32) -> f32 {
    (size * LEADING).ceil()
}

/// How wide a line is.
pub(super) fn width(text: &str, size: f32) -> f32 {
    let Some(font) = font() else { return 0.0 };
    let font = font.as_scaled(PxScale::from(size));
    text.chars().take(LONGEST).map(|c| font.h_advance(font.glyph_id(c))).sum()
}

/// The line, cut with an ellipsis where it would be wider than `limit`.
pub(super) fn fitted(text: &str, size: f32, limit: f32) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let room = limit - width("…", size);
    let mut used = 0.0;
    let kept = text.chars().take(LONGEST).take_while(|c| {
        used += width(c.encode_utf8(&mut [0; 4]), size);
        used <= room
    });
    let mut kept: String = kept.collect();
    kept.push('…');
    kept
}

/// Lines that are no wider than `limit`, parted between words. A word that is wider by itself is cut with an ellipsis.
pub(super) fn broken(words: &str, size: f32, limit: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match longer.filter(|longer| width(longer, size) <= limit) {
            Some(longer) => *lines.last_mut().unwrap_or(&mut String::new()) = longer,
            None => lines.push(fitted(word, size, limit)),
        }
    }
    lines
}

/// Draws a line with its upper left corner at (`x`, `y`): in `ink`, with an edge of the other brightness, so that it can be read on
/// any ground.
pub(super) fn draw(canvas: &mut Canvas<'_>, text: &str, x: f32, y: f32, size: f32, ink: Ink) {
    let Some(font) = font() else { return };
    let edge = (size / 14.0).max(1.0);
    let (left, top) = ((x - edge).floor() as i64, (y - edge).floor() as i64);
    let columns = (width(text, size) + 2.0 * edge).ceil() as usize + 2;
    let rows = (line_height(size) + 2.0 * edge).ceil() as usize + 1;
    let (columns, rows) = (columns.min(canvas.width() as usize + 4), rows.min(canvas.height() as usize + 4));
    let mut mask = Mask { columns, rows, coverage: vec![0.0; columns * rows] };
    let scaled = font.as_scaled(PxScale::from(size));
    let mut pen = x - left as f32;
    let baseline = y - top as f32 + scaled.ascent() / (scaled.ascent() - scaled.descent()) * size;
    for c in text.chars().take(LONGEST).filter(|c| !c.is_control()) {
        let glyph = scaled.glyph_id(c).with_scale_and_position(PxScale::from(size), point(pen, baseline));
        pen += scaled.h_advance(glyph.id);
        if let Some(outline) = font.outline_glyph(glyph) {
            let bounds = outline.px_bounds();
            outline.draw(|u, v, coverage| {
                mask.add(bounds.min.x as i64 + i64::from(u), bounds.min.y as i64 + i64::from(v), coverage)
            });
        }
        if pen as usize > columns {
            break;
        }
    }
    mask.widened(edge).paint(canvas, left, top, ink.opposite());
    mask.paint(canvas, left, top, ink);
}

/// How much of each pixel is covered, from 0 to 1.
struct Mask {
    columns: usize,
    rows: usize,
    coverage: Vec<f32>,
}

impl Mask {
    fn add(&mut self, x: i64, y: i64, coverage: f32) {
        let inside = (0..self.columns as i64).contains(&x) && (0..self.rows as i64).contains(&y);
        if inside {
            let pixel = &mut self.coverage[y as usize * self.columns + x as usize];
            *pixel = pixel.max(coverage);
        }
    }

    /// The same, `by` pixels wider on all sides.
    fn widened(&self, by: f32) -> Self {
        let reach = by.ceil() as i64;
        let mut wide = Self { coverage: vec![0.0; self.coverage.len()], ..*self };
        for (at, &coverage) in self.coverage.iter().enumerate().filter(|(_, coverage)| **coverage > 0.0) {
            let (x, y) = ((at % self.columns) as i64, (at / self.columns) as i64);
            for dy in -reach..=reach {
                for dx in -reach..=reach {
                    wide.add(x + dx, y + dy, coverage);
                }
            }
        }
        wide
    }

    fn paint(&self, canvas: &mut Canvas<'_>, left: i64, top: i64, ink: Ink) {
        for (at, &coverage) in self.coverage.iter().enumerate().filter(|(_, coverage)| **coverage > 0.0) {
            canvas.blend(left + (at % self.columns) as i64, top + (at / self.columns) as i64, ink, coverage);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_the_letters_of_the_province() {
        let font = font().expect("the font in the crate is whole");
        for c in "Éçœ ᐃᓄᒃᑎᑐᑦ ᐊᓂᔑᓈᐯᒧᐎᓐ Ελληνικά Українська".chars() {
            assert_ne!(font.glyph_id(c).0, 0, "{c}");
        }
    }

    #[test]
    fn words_are_parted_into_lines_that_fit() {
        let lines = broken("an image that can't be shown here", 12.0, 90.0);
        assert!(lines.len() > 1 && lines.join(" ") == "an image that can't be shown here", "{lines:?}");
        assert!(lines.iter().all(|line| width(line, 12.0) <= 90.0), "{lines:?}");
    }

    #[test]
    fn a_line_that_is_too_long_ends_in_an_ellipsis() {
        let fitted = fitted("Tremblay-Beauchamp, Geneviève", 12.0, 80.0);
        assert!(fitted.ends_with('…') && width(&fitted, 12.0) <= 80.0, "{fitted}");
    }
}
