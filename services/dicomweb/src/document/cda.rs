//! The narrative of a CDA document (HL7 CDA R2 §4.3.5), without its markup: its titles and texts in their order. Nothing of the document
//! becomes markup of ours: no link, no picture, no style.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::page;
use crate::xml::escape;

/// Elements nest no deeper, and no more blocks are read.
const MOST_NESTED: usize = 256;
const MOST_BLOCKS: usize = 100_000;
/// The longest document that is read.
const MOST_BYTES: usize = 16 << 20;

/// One block of narrative.
#[derive(Debug, PartialEq, Eq)]
enum Block {
    /// The title of a section, so deep.
    Title(usize, String),
    Text(String),
}

/// What a document says.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Narrative {
    title: String,
    blocks: Vec<Block>,
}

impl Narrative {
    /// As a page.
    pub(super) fn html(&self) -> String {
        let title = if self.title.is_empty() { "Clinical document" } else { &self.title };
        let mut body = format!("<header><h1>{}</h1></header>\n<main>", escape(title));
        for block in &self.blocks {
            let _ = match block {
                Block::Title(depth, text) => {
                    let level = (depth + 1).clamp(2, 6);
                    writeln!(body, "<h{level}>{}</h{level}>", escape(text))
                }
                Block::Text(text) => writeln!(body, "<p>{}</p>", escape(text)),
            };
        }
        body.push_str("</main>");
        page::html(title, &body)
    }

    /// As lines.
    pub(super) fn text(&self) -> String {
        let mut out = format!("{}\n", self.title);
        for block in &self.blocks {
            let _ = match block {
                Block::Title(_, text) => writeln!(out, "\n{text}"),
                Block::Text(text) => writeln!(out, "{text}"),
            };
        }
        out
    }

    fn close(&mut self, block: Block) {
        let (Block::Title(_, text) | Block::Text(text)) = &block;
        if !text.is_empty() && self.blocks.len() < MOST_BLOCKS {
            self.blocks.push(block);
        }
    }
}

/// Elements of the narrative that end a line, and those that part cells.
const LINES: [&[u8]; 9] = [b"paragraph", b"br", b"item", b"tr", b"caption", b"list", b"table", b"text", b"title"];
const CELLS: [&[u8]; 2] = [b"td", b"th"];

/// Reads a document; `None` when it is no XML. Entities are not expanded, whatever a document type declares.
pub(super) fn read(bytes: &[u8]) -> Option<Narrative> {
    if bytes.len() > MOST_BYTES {
        return None;
    }
    let mut reader = Reader::from_reader(bytes);
    let (mut narrative, mut path, mut text) = (Narrative::default(), Vec::<Vec<u8>>::new(), String::new());
    let mut seen = false;
    loop {
        match reader.read_event().ok()? {
            Event::Eof => return (seen && path.is_empty()).then_some(narrative),
            Event::Start(start) => {
                seen = true;
                if path.len() >= MOST_NESTED {
                    return None;
                }
                line_end(start.local_name().as_ref(), &path, &mut text, &mut narrative);
                path.push(start.local_name().as_ref().to_vec());
            }
            Event::Empty(empty) => line_end(empty.local_name().as_ref(), &path, &mut text, &mut narrative),
            Event::End(end) => {
                line_end(end.local_name().as_ref(), &path, &mut text, &mut narrative);
                path.pop();
            }
            Event::Text(piece) if is_narrative(&path) => text.push_str(&piece.decode().ok()?),
            Event::CData(piece) if is_narrative(&path) => text.push_str(&piece.decode().ok()?),
            Event::GeneralRef(reference) if is_narrative(&path) => {
                let known = reference.decode().ok()?;
                match reference.resolve_char_ref().ok()? {
                    Some(c) => text.push(c),
                    None => text.push_str(quick_xml::escape::resolve_predefined_entity(&known).unwrap_or(" ")),
                }
            }
            _ => {}
        }
    }
}

fn is_narrative(path: &[Vec<u8>]) -> bool {
    let inside = |name: &[u8]| path.iter().any(|element| element == name);
    inside(b"text") && inside(b"section") || path.last().is_some_and(|last| last == b"title")
}

/// What an element that begins or ends does to the line before it.
fn line_end(name: &[u8], path: &[Vec<u8>], text: &mut String, narrative: &mut Narrative) {
    if CELLS.contains(&name) && is_narrative(path) && !text.trim().is_empty() {
        text.push_str("  ");
    }
    if !LINES.contains(&name) && !path.last().is_some_and(|last| LINES.contains(&last.as_slice()) && name == last) {
        return;
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.clear();
    let sections = path.iter().filter(|element| element.as_slice() == b"section").count();
    match path.last().map(Vec::as_slice) {
        Some(b"title") if sections == 0 => narrative.title = words,
        Some(b"title") => narrative.close(Block::Title(sections, words)),
        _ => narrative.close(Block::Text(words)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::read;

    const DOCUMENT: &str = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY bomb "boom">]>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>CT &amp; report</title><recordTarget><id extension="no"/></recordTarget>
<component><structuredBody><component><section><code code="1"/><title>Findings</title>
<text><paragraph>Clear &lt;lungs&gt; &bomb;</paragraph><list><item>One</item><item>Tw&#233;</item></list>
<table><tr><td>a</td><td onclick="x()">b</td></tr></table><script>alert(1)</script></text></section></component></structuredBody></component></ClinicalDocument>"#;

    #[test]
    fn the_narrative_is_read_and_nothing_else() {
        let read = read(DOCUMENT.as_bytes()).unwrap();
        assert_eq!(read.text(), "CT & report\n\nFindings\nClear <lungs>\nOne\nTwé\na b\nalert(1)\n");
        let html = read.html();
        assert!(html.contains("<h2>Findings</h2>") && html.contains("<p>Clear &lt;lungs&gt;</p>"), "{html}");
        assert!(!html.contains("<script") && !html.contains("onclick"), "{html}");
    }

    #[test]
    fn what_is_no_xml_is_not_read() {
        for wrong in ["", "plain", "<a>", "<a></b>", &"<a>".repeat(1_000)] {
            assert!(read(wrong.as_bytes()).is_none(), "{wrong:.20}");
        }
    }
}
