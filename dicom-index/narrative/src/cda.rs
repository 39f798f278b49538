//! The narrative of a CDA document (HL7 CDA R2 §4.3.5), without its markup: its titles and texts in their order. Nothing of the document
//! becomes markup of ours: no link, no picture, no style.

mod patient;

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

pub use patient::{Patient, patient};

/// Elements nest no deeper, and no more blocks are read.
const MOST_NESTED: usize = 256;
const MOST_BLOCKS: usize = 100_000;
/// The longest document that is read.
const MOST_BYTES: usize = 32 << 20;

/// One block of narrative.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// The title of a section, so deep.
    Title(usize, String),
    /// A line of its text.
    Text(String),
    /// The cells of a row of a table, and whether they are its heads.
    Row(Vec<String>, bool),
}

/// What the header of a document says of it (HL7 CDA R2 §4.2).
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Header {
    /// `id`: root, and `^` with the extension where there is one; may be empty.
    pub id: String,
    /// `code`: the code and the OID of its system.
    pub code: Option<(String, String)>,
    /// The ids of the documents that it takes the place of (`relatedDocument`, `RPLC`).
    pub replaces: Vec<String>,
    /// Whether it adds to another document (`relatedDocument`, `APND`).
    pub is_addendum: bool,
    /// Whether somebody answers for it in law (`legalAuthenticator`).
    pub is_authenticated: bool,
}

/// What a document says.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Narrative {
    /// What it says of itself.
    pub header: Header,
    /// The language that it says it is in (`languageCode`, RFC 5646); may be empty.
    pub language: String,
    /// The document's own title; may be empty.
    pub title: String,
    /// Titles and texts of its sections, in order.
    pub blocks: Vec<Block>,
    /// The PDF document that stands in place of sections (nonXMLBody), where there is one that can be read.
    pub pdf: Option<Vec<u8>>,
}

impl Narrative {
    /// As lines.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n", self.title);
        for block in &self.blocks {
            let _ = match block {
                Block::Title(_, text) => writeln!(out, "\n{text}"),
                Block::Text(text) => writeln!(out, "{text}"),
                Block::Row(cells, _) => writeln!(out, "{}", cells.join(" | ").replace("  ", " ").trim_end()),
            };
        }
        out
    }

    fn close(&mut self, block: Block) {
        let is_empty = match &block {
            Block::Title(_, text) | Block::Text(text) => text.is_empty(),
            Block::Row(cells, _) => cells.iter().all(String::is_empty),
        };
        if !is_empty && self.blocks.len() < MOST_BLOCKS {
            self.blocks.push(block);
        }
    }
}

/// Elements of the narrative that end a line, and those that part cells. Cells are parted even where one is empty, or left would be taken
/// for right.
const LINES: [&[u8]; 9] = [b"paragraph", b"br", b"item", b"tr", b"caption", b"list", b"table", b"text", b"title"];
const CELLS: [&[u8]; 2] = [b"td", b"th"];
const ROWS: [&[u8]; 2] = [b"tr", b"table"];
/// Parts cells while their row is read: no XML document can hold it (XML 1.0 §2.2).
const UNIT_SEPARATOR: char = '\u{1f}';

/// Reads a document; `None` when it is no XML that can be read, or its words are in entities that it declares itself: these are not
/// expanded.
pub fn read(bytes: &[u8]) -> Option<Narrative> {
    if bytes.len() > MOST_BYTES {
        return None;
    }
    let text = decoded(bytes)?;
    let mut reading = Reading::default();
    let mut reader = Reader::from_reader(text.as_bytes());
    loop {
        match reader.read_event().ok()? {
            Event::Eof => return reading.finish(),
            Event::Start(start) => reading.open(&start)?,
            Event::Empty(empty) => {
                reading.about(&empty);
                reading.line_end(empty.local_name().as_ref());
                if is_narrative(&reading.path) {
                    reading.begin(empty.local_name().as_ref());
                }
            }
            Event::End(end) => reading.close(end.local_name().as_ref()),
            Event::Text(piece) if reading.listens() => reading.text.push_str(&piece.decode().ok()?),
            Event::CData(piece) if reading.listens() => reading.text.push_str(&piece.decode().ok()?),
            Event::GeneralRef(reference) if reading.listens() => {
                let known = reference.decode().ok()?;
                match reference.resolve_char_ref().ok()? {
                    Some(c) => reading.text.push(c),
                    // What a document type declares is not expanded, and words are not left out.
                    None => reading.text.push_str(quick_xml::escape::resolve_predefined_entity(&known)?),
                }
            }
            _ => {}
        }
    }
}

/// A document as Unicode: by its byte order mark, else the encoding that it declares, else UTF-8. Bytes without a meaning in it make it
/// unreadable.
fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let head = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes));
    let declared = head.split_once("?>").and_then(|(declaration, _)| declaration.split_once("encoding="));
    let name = declared.and_then(|(_, name)| name.split(['"', '\'']).nth(1)).unwrap_or("UTF-8");
    let encoding = encoding_rs::Encoding::for_label(name.as_bytes())?;
    let (text, _, is_broken) = encoding.decode(bytes);
    (!is_broken).then_some(text)
}

/// Whether a document's outermost element is `ClinicalDocument`, whatever its prefix.
pub fn is_clinical_document(bytes: &[u8]) -> bool {
    let mut reader = Reader::from_reader(bytes);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => return start.local_name().as_ref() == b"ClinicalDocument",
            Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) | Event::Text(_)) => {}
            _ => return false,
        }
    }
}

#[derive(Default)]
struct Reading {
    narrative: Narrative,
    /// The elements that are open, outermost first.
    path: Vec<Vec<u8>>,
    text: String,
    seen: bool,
    /// The text of nonXMLBody is a PDF document in Base64.
    encodes_pdf: bool,
    /// Cells of the row that were begun.
    cells: usize,
    /// All of them are heads.
    heads: bool,
    /// How the related document that is open is related.
    relation: String,
    /// How deep the content stands that a revision deleted: it is not said any more (§4.3.5).
    deleted: Option<usize>,
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>) -> Option<()> {
        self.seen = true;
        if self.path.len() >= MOST_NESTED {
            return None;
        }
        let told = |name: &[u8], value: &[u8]| {
            start.attributes().flatten().any(|attribute| {
                attribute.key.local_name().as_ref() == name && attribute.value.eq_ignore_ascii_case(value)
            })
        };
        self.about(start);
        self.line_end(start.local_name().as_ref());
        if is_narrative(&self.path) {
            self.begin(start.local_name().as_ref());
            if told(b"revised", b"delete") && self.deleted.is_none() {
                self.deleted = Some(self.path.len());
            }
        }
        self.path.push(start.local_name().as_ref().to_vec());
        if self.is_other_body() {
            self.encodes_pdf = told(b"mediaType", b"application/pdf") && told(b"representation", b"B64");
        }
        Some(())
    }

    fn close(&mut self, name: &[u8]) {
        if self.is_other_body() && self.encodes_pdf {
            self.text.retain(|c| !c.is_ascii_whitespace());
            self.narrative.pdf = STANDARD.decode(&self.text).ok().filter(|pdf| pdf.starts_with(b"%PDF-"));
            self.text.clear();
        }
        self.line_end(name);
        self.path.pop();
        if self.deleted == Some(self.path.len()) {
            self.deleted = None;
        }
    }

    /// Takes note of an element of the header; its parents are open.
    fn about(&mut self, start: &BytesStart<'_>) {
        let told = |name: &[u8]| {
            let mut attributes = start.attributes().flatten();
            let found = attributes.find(|attribute| attribute.key.as_ref() == name)?;
            Some(String::from_utf8_lossy(&found.value).trim().to_owned()).filter(|value| !value.is_empty())
        };
        let id = || match (told(b"root"), told(b"extension")) {
            (Some(root), Some(extension)) => format!("{root}^{extension}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => String::new(),
        };
        let header = &mut self.narrative.header;
        let parents: Vec<&[u8]> = self.path.iter().map(Vec::as_slice).collect();
        match (parents.as_slice(), start.local_name().as_ref()) {
            ([_], b"id") => header.id = id(),
            ([_], b"code") => header.code = told(b"code").zip(told(b"codeSystem")),
            ([_], b"languageCode") => self.narrative.language = told(b"code").unwrap_or_default(),
            ([_], b"legalAuthenticator") => header.is_authenticated = true,
            ([_], b"relatedDocument") => {
                self.relation = told(b"typeCode").unwrap_or_default();
                header.is_addendum |= self.relation == "APND";
            }
            ([_, b"relatedDocument", b"parentDocument"], b"id")
                if self.relation == "RPLC" && header.replaces.len() < 64 =>
            {
                header.replaces.push(id());
            }
            _ => {}
        }
    }

    /// What an element of the narrative puts before its words.
    fn begin(&mut self, name: &[u8]) {
        match name {
            b"tr" => (self.cells, self.heads) = (0, true),
            name if CELLS.contains(&name) => {
                if self.cells > 0 {
                    self.text.push(UNIT_SEPARATOR);
                }
                self.cells += 1;
                self.heads &= name == b"th";
            }
            // 10 to the power of 9 is not 109.
            b"sup" => self.text.push('^'),
            b"sub" => self.text.push('_'),
            _ => {}
        }
    }

    fn finish(self) -> Option<Narrative> {
        (self.seen && self.path.is_empty()).then_some(self.narrative)
    }

    /// Within the text of a nonXMLBody.
    fn is_other_body(&self) -> bool {
        self.path.ends_with(&[b"nonXMLBody".to_vec(), b"text".to_vec()])
    }

    fn listens(&self) -> bool {
        self.deleted.is_none() && is_narrative(&self.path) || (self.encodes_pdf && self.is_other_body())
    }

    /// What an element that begins or ends does to the line before it.
    fn line_end(&mut self, name: &[u8]) {
        let (path, text) = (&self.path, &mut self.text);
        if !LINES.contains(&name) {
            return;
        }
        // What is in a cell stays in it, in however many paragraphs.
        if !ROWS.contains(&name) && path.iter().any(|element| CELLS.contains(&element.as_slice())) {
            return text.push(' ');
        }
        let said = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.contains(UNIT_SEPARATOR) {
            let row = Block::Row(text.split(UNIT_SEPARATOR).map(said).collect(), self.heads);
            text.clear();
            return self.narrative.close(row);
        }
        let words = said(text);
        text.clear();
        let sections = path.iter().filter(|element| element.as_slice() == b"section").count();
        match path.last().map(Vec::as_slice) {
            Some(b"title") if sections == 0 => self.narrative.title = words,
            Some(b"title") => self.narrative.close(Block::Title(sections, words)),
            _ => self.narrative.close(Block::Text(words)),
        }
    }
}

fn is_narrative(path: &[Vec<u8>]) -> bool {
    let inside = |name: &[u8]| path.iter().any(|element| element == name);
    inside(b"text") && inside(b"section") || path.last().is_some_and(|last| last == b"title")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use base64::Engine as _;
    use proptest::prelude::*;

    use super::{is_clinical_document, read};

    const DOCUMENT: &str = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY bomb "boom">]>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>CT &amp; report</title><recordTarget><id extension="no"/></recordTarget>
<component><structuredBody><component><section><code code="1"/><title>Findings</title>
<text><paragraph>Clear &lt;lungs&gt;</paragraph><list><item>One</item><item>Tw&#233;</item></list>
<table><tr><td>a</td><td onclick="x()">b</td></tr></table><script>alert(1)</script></text></section></component></structuredBody></component></ClinicalDocument>"#;

    #[test]
    fn the_narrative_is_read_and_nothing_else() {
        let read = read(DOCUMENT.as_bytes()).unwrap();
        assert_eq!(read.text(), "CT & report\n\nFindings\nClear <lungs>\nOne\nTwé\na | b\nalert(1)\n");
        assert!(is_clinical_document(DOCUMENT.as_bytes()));
        assert!(!is_clinical_document(b"<html><ClinicalDocument/></html>") && !is_clinical_document(b"%PDF-1.4"));
    }

    #[test]
    fn what_is_no_xml_is_not_read() {
        for wrong in ["", "plain", "<a>", "<a></b>", &"<a>".repeat(1_000)] {
            assert!(read(wrong.as_bytes()).is_none(), "{wrong:.20}");
        }
    }

    #[test]
    fn what_is_high_empty_or_deleted_is_read_as_it_is_meant() {
        let text = "<paragraph>12 x10<sup>9</sup>/L</paragraph>\
            <paragraph><content revised='delete'>No fracture</content><content revised='insert'>Fracture</content></paragraph>\
            <table><tr><th>Side</th><th>Left</th><th>Right</th></tr><tr><td>Nodule</td><td/><td>5 mm</td></tr></table>";
        let document = format!("<ClinicalDocument><section><text>{text}</text></section></ClinicalDocument>");
        let read = read(document.as_bytes()).unwrap();
        assert_eq!(read.text(), "\n12 x10^9/L\nFracture\nSide | Left | Right\nNodule | | 5 mm\n");
    }

    #[test]
    fn cells_of_several_paragraphs_stay_cells() {
        let table = "<table><tr><td><paragraph>Left</paragraph><paragraph>lung</paragraph></td><td>5 mm<br/>solid</td></tr></table>";
        let document = format!("<ClinicalDocument><section><text>{table}</text></section></ClinicalDocument>");
        let row = super::Block::Row(vec!["Left lung".into(), "5 mm solid".into()], false);
        assert_eq!(read(document.as_bytes()).unwrap().blocks, [row]);
    }

    #[test]
    fn what_a_document_says_of_itself_is_read() {
        let document = "<ClinicalDocument><id root='1.2.3' extension='R7'/><code code='18748-4' codeSystem='2.16.840.1.113883.6.1'/>\
            <title>T</title><legalAuthenticator><time/></legalAuthenticator><relatedDocument typeCode='RPLC'><parentDocument>\
            <id root='1.2.3' extension='R6'/></parentDocument></relatedDocument><component><section><id root='9'/></section></component>\
            </ClinicalDocument>";
        let header = read(document.as_bytes()).unwrap().header;
        assert_eq!((header.id.as_str(), header.replaces), ("1.2.3^R7", vec!["1.2.3^R6".to_owned()]));
        assert_eq!(header.code, Some(("18748-4".into(), "2.16.840.1.113883.6.1".into())));
        assert!(header.is_authenticated && !header.is_addendum);
        let added = read(document.replace("RPLC", "APND").as_bytes()).unwrap().header;
        assert!(added.is_addendum && added.replaces.is_empty());
    }

    #[test]
    fn words_in_entities_of_its_own_are_not_left_out_in_silence() {
        assert!(read(DOCUMENT.replace("Clear", "Clear &bomb;").as_bytes()).is_none());
    }

    #[test]
    fn a_document_is_in_the_encoding_that_it_declares() {
        let document = |name: &str| {
            let head = format!("<?xml version='1.0' encoding='{name}'?><ClinicalDocument><title>Gen");
            [head.as_bytes(), b"\xE8ve</title></ClinicalDocument>"].concat()
        };
        assert_eq!(read(&document("ISO-8859-1")).unwrap().title, "Genève");
        let wide: Vec<u8> = "\u{feff}<?xml version='1.0' encoding='UTF-16'?><a><title>é</title></a>"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(read(&wide).unwrap().title, "é");
        assert!(read(&document("UTF-8")).is_none() && read(&document("nonsense")).is_none());
    }

    #[test]
    fn a_pdf_in_place_of_sections_is_found() {
        let body = |representation: &str, data: &str| {
            let body = format!("<text mediaType='application/pdf' representation='{representation}'>{data}</text>");
            let document = format!(
                "<ClinicalDocument><title>T</title><component><nonXMLBody>{body}</nonXMLBody></component></ClinicalDocument>"
            );
            read(document.as_bytes()).unwrap()
        };
        let data = base64::engine::general_purpose::STANDARD.encode("%PDF-1.7 body");
        let broken = format!("{}\n  {}", &data[..5], &data[5..]);
        assert_eq!(body("B64", &broken).pdf.as_deref(), Some(b"%PDF-1.7 body".as_slice()));
        assert!(body("B64", &broken).blocks.is_empty(), "its letters are no words");
        assert!(
            body("B64", "AAAA").pdf.is_none() && body("B64", "%%").pdf.is_none() && body("TXT", &data).pdf.is_none()
        );
    }

    proptest! {
        #[test]
        fn damage_is_read_or_refused_and_never_panics(at in 0..DOCUMENT.len(), byte: u8, cut in 0..DOCUMENT.len()) {
            let mut bytes = DOCUMENT.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = read(&bytes);
            let _ = (read(&bytes[..cut]), is_clinical_document(&bytes[cut..]));
        }
    }
}
