//! A report as PDF (ISO 32000-1): lines of text on pages, set in DejaVu Sans, which goes with the document so that every reader shows the
//! same. The letters are mapped back to their characters, so that the text can be searched and copied.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, GlyphId};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::report::Line;

/// A letter-size page and its margins, in points.
const WIDTH: f32 = 612.0;
const HEIGHT: f32 = 792.0;
const MARGIN: f32 = 54.0;
const INDENT: f32 = 14.0;
const SIZE: f32 = 10.0;
const TITLE_SIZE: f32 = 12.0;
const LEADING: f32 = 1.4;
/// No document has more pages; the last one says that it is not the end.
const MOST_PAGES: usize = 1_000;
/// Beyond this, lines are indented no further.
const MOST_INDENTS: usize = 12;
/// Units in which PDF counts the width of letters, for the size of one.
const PER_MILLE: f32 = 1000.0;

const FONT_NAME: Name<'_> = Name(b"F1");
const BASE_FONT: Name<'_> = Name(b"DejaVuSans");
const IDENTITY: SystemInfo<'_> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A piece of a line that fits the page.
struct Set {
    x: f32,
    size: f32,
    text: String,
}

/// Writes a document; `None` where the typeface lacks a letter: a report with a box for a word would be another report.
pub(super) fn write(lines: &[Line]) -> Option<Vec<u8>> {
    let font = Typeface::get()?;
    let lacks = |c: char| !c.is_control() && !c.is_whitespace() && font.font.glyph_id(c).0 == 0;
    if lines.iter().any(|line| line.text.contains(lacks)) {
        return None;
    }
    let pages = pages(lines, font);
    let mut pdf = Pdf::new();
    let mut next = 0;
    let mut reference = || {
        next += 1;
        Ref::new(next)
    };
    let (catalog, tree, type0) = (reference(), reference(), reference());
    let (cid, descriptor, file, unicode) = (reference(), reference(), reference(), reference());
    let kids: Vec<_> = pages.iter().map(|_| (reference(), reference())).collect();
    pdf.catalog(catalog).pages(tree).lang(TextStr("en-CA"));
    pdf.pages(tree).kids(kids.iter().map(|(page, _)| *page)).count(kids.len() as i32);
    let mut used = BTreeMap::new();
    for ((page, content), sets) in kids.iter().zip(&pages) {
        let mut written = pdf.page(*page);
        written.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(*content);
        written.resources().fonts().pair(FONT_NAME, type0);
        written.finish();
        let stream = deflated(&contents(sets, font, &mut used));
        pdf.stream(*content, &stream).filter(Filter::FlateDecode);
    }
    let mut written = pdf.type0_font(type0);
    written.base_font(BASE_FONT).encoding_predefined(Name(b"Identity-H")).descendant_font(cid).to_unicode(unicode);
    written.finish();
    font.describe(&mut pdf, (cid, descriptor, file), &used);
    let mut map = UnicodeCmap::new(Name(b"Custom"), IDENTITY);
    used.iter().for_each(|(glyph, character)| map.pair(*glyph, *character));
    pdf.cmap(unicode, &map.finish());
    Some(pdf.finish())
}

fn pages(lines: &[Line], font: &Typeface) -> Vec<Vec<(f32, Set)>> {
    let mut pages = vec![Vec::new()];
    let mut y = HEIGHT - MARGIN;
    for line in lines {
        let size = if line.is_title { TITLE_SIZE } else { SIZE };
        let x = MARGIN + INDENT * line.depth.min(MOST_INDENTS) as f32;
        for text in broken(&line.text, font, size, WIDTH - MARGIN - x) {
            y -= size * LEADING;
            if y < MARGIN {
                if pages.len() == MOST_PAGES {
                    let last = Set { x: MARGIN, size: SIZE, text: "…".to_owned() };
                    pages[MOST_PAGES - 1].push((y, last));
                    return pages;
                }
                pages.push(Vec::new());
                y = HEIGHT - MARGIN - size * LEADING;
            }
            let last = pages.len() - 1;
            pages[last].push((y, Set { x, size, text }));
        }
    }
    pages
}

/// A line in pieces of at most `room` points: between words where that can be.
fn broken(text: &str, font: &Typeface, size: f32, room: f32) -> Vec<String> {
    let (mut pieces, mut piece, mut used) = (Vec::new(), String::new(), 0.0);
    for word in text.split_inclusive(' ') {
        let width: f32 = word.chars().map(|c| font.width(c) * size / PER_MILLE).sum();
        if used + width > room && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
            used = 0.0;
        }
        for c in word.chars() {
            let width = font.width(c) * size / PER_MILLE;
            if used + width > room && !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
                used = 0.0;
            }
            piece.push(c);
            used += width;
        }
    }
    pieces.push(piece);
    pieces
}

fn contents(sets: &[(f32, Set)], font: &Typeface, used: &mut BTreeMap<u16, char>) -> Vec<u8> {
    let mut content = Content::new();
    for (y, set) in sets.iter().filter(|(_, set)| !set.text.trim().is_empty()) {
        let mut glyphs = Vec::with_capacity(set.text.len() * 2);
        for c in set.text.chars().filter(|c| !c.is_control()) {
            let glyph = font.font.glyph_id(c).0;
            used.entry(glyph).or_insert(c);
            glyphs.extend_from_slice(&glyph.to_be_bytes());
        }
        content.begin_text().set_font(FONT_NAME, set.size).next_line(set.x, *y).show(Str(&glyphs)).end_text();
    }
    content.finish().to_vec()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector can't fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// The font, and its file as it is embedded.
struct Typeface {
    font: FontRef<'static>,
    file: Vec<u8>,
}

impl Typeface {
    /// `None` would mean that the file in the crate is damaged.
    fn get() -> Option<&'static Self> {
        static FACE: OnceLock<Option<Typeface>> = OnceLock::new();
        let load = || {
            let font = FontRef::try_from_slice(dejavu::sans::regular()).ok()?;
            Some(Typeface { font, file: deflated(dejavu::sans::regular()) })
        };
        FACE.get_or_init(load).as_ref()
    }

    fn scale(&self) -> f32 {
        PER_MILLE / self.font.units_per_em().unwrap_or(2048.0)
    }

    fn width(&self, c: char) -> f32 {
        self.font.h_advance_unscaled(self.font.glyph_id(c)) * self.scale()
    }

    fn describe(&self, pdf: &mut Pdf, (cid, descriptor, file): (Ref, Ref, Ref), used: &BTreeMap<u16, char>) {
        let (ascent, descent) =
            (self.font.ascent_unscaled() * self.scale(), self.font.descent_unscaled() * self.scale());
        let mut written = pdf.cid_font(cid);
        written.subtype(CidFontType::Type2).base_font(BASE_FONT).system_info(IDENTITY).font_descriptor(descriptor);
        written.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
        let mut widths = written.widths();
        for glyph in used.keys() {
            let width = self.font.h_advance_unscaled(GlyphId(*glyph)) * self.scale();
            widths.same(*glyph, *glyph, width);
        }
        widths.finish();
        written.finish();
        let mut written = pdf.font_descriptor(descriptor);
        written.name(BASE_FONT).flags(FontFlags::NON_SYMBOLIC).bbox(Rect::new(-1021.0, -463.0, 1793.0, 1232.0));
        written.italic_angle(0.0).ascent(ascent).descent(descent).cap_height(729.0).stem_v(80.0).font_file2(file);
        written.finish();
        let length = dejavu::sans::regular().len() as i32;
        pdf.stream(file, &self.file).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { depth: 1, is_title: false, text: text.to_owned() }
    }

    #[test]
    fn long_lines_are_broken_between_words_and_long_words_anywhere() {
        let font = Typeface::get().unwrap();
        let pieces = broken("une petite phrase", font, 10.0, 60.0);
        assert_eq!(pieces, ["une petite ", "phrase"]);
        let pieces = broken(&"w".repeat(100), font, 10.0, 60.0);
        assert!(pieces.len() > 5 && pieces.concat() == "w".repeat(100));
    }

    #[test]
    fn pages_follow_each_other_and_are_bounded() {
        let font = Typeface::get().unwrap();
        let lines: Vec<_> = (0..200).map(|n| line(&format!("line {n}"))).collect();
        assert_eq!(pages(&lines, font).len(), 5);
        let endless: Vec<_> = (0..60_000).map(|_| line("x")).collect();
        assert_eq!(pages(&endless, font).len(), MOST_PAGES);
    }

    #[test]
    fn words_that_the_typeface_lacks_are_not_left_out() {
        assert!(write(&[line("normal"), line("正常")]).is_none());
    }

    #[test]
    fn a_document_begins_and_ends_as_a_pdf() {
        let pdf = write(&[line("Zoé ᐃᓄᒃᑎᑐᑦ"), line("a (b) \\ <c>")]).unwrap();
        assert!(pdf.starts_with(b"%PDF-1.") && pdf.ends_with(b"%%EOF"));
    }
}
