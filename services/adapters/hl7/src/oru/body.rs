//! OBX and NTE: the text of a report and the studies that it names.

use index_model::{ReportDocument, Uid};

use super::document::{self, Enclosed};
use crate::message::Segment;
use crate::refusal::{ErrorCode, Location, Refusal};

/// Stands where something is attached that is neither text nor a document that is taken: it is kept with the message alone.
const ATTACHED: &str = "[document attached]";
/// Study UIDs of one report that are kept.
const STUDY_LIMIT: usize = 64;
/// Documents of one report that are taken.
const DOCUMENT_LIMIT: usize = 16;
/// LOINC codes of report sections, whose names are headings (C-CDA Diagnostic Imaging Report).
const SECTIONS: &[&str] =
    &["55115-0", "11329-0", "55111-9", "18834-2", "59776-5", "19005-8", "55107-7", "18785-6", "18782-3", "29299-5"];

/// What the observations of one request say.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) text: String,
    pub(super) documents: Vec<ReportDocument>,
    pub(super) study_instance_uids: Vec<Uid>,
    /// What the report is known by elsewhere: the object that says the same, the clinical document that it comes as.
    pub(super) document_ids: Vec<String>,
    /// The ids of clinical documents whose place it takes.
    pub(super) replaces: Vec<String>,
    /// OBX-11 of the observations that carry the report, first letters.
    pub(super) statuses: Vec<char>,
    /// How many observations there are, study references excepted.
    pub(super) observations: usize,
}

/// One run of text, in the order in which it is shown.
struct Block {
    order: (u64, usize),
    heading: String,
    text: String,
}

/// Reads the segments that follow one OBR. Observations are put in the order of OBX-1; a note stays behind what it follows. `before` is
/// how many OBX the message has before these.
pub(super) fn read(segments: &[Segment<'_>], before: usize) -> Result<Body, Refusal> {
    let mut body = Body::default();
    let mut blocks: Vec<Block> = Vec::new();
    let mut order = (0, 0);
    let mut occurrence = before;
    let mut after_note = false;
    for (place, segment) in segments.iter().enumerate() {
        match segment.name() {
            "OBX" => {
                order = (segment.field(1).text().parse().unwrap_or(order.0), place);
                after_note = false;
                occurrence += 1;
                let at = Location::field_of("OBX", occurrence, 5);
                blocks.extend(observation((*segment, at), order, &mut body)?);
            }
            "NTE" => {
                let text = note(*segment, after_note);
                after_note = true;
                blocks.push(Block { order: (order.0, place), heading: String::new(), text });
            }
            "ZDS" => keep_study(&segment.field(1).component(1).text(), &mut body),
            "IPC" => keep_study(&segment.field(3).component(1).text(), &mut body),
            _ => {}
        }
    }
    blocks.sort_by_key(|block| block.order);
    body.text = join(&blocks);
    Ok(body)
}

/// The text of one observation; documents go to the body. `at` is where its value is.
fn observation(
    (obx, at): (Segment<'_>, Location),
    order: (u64, usize),
    body: &mut Body,
) -> Result<Option<Block>, Refusal> {
    if names_study(obx) {
        let value = obx.field(5);
        [1, 2].iter().for_each(|component| keep_study(&value.component(*component).text(), body));
        return Ok(None);
    }
    if names_report_object(obx) {
        let value = obx.field(5).component(1).text();
        let known = Uid::parse(&value).ok().filter(|_| body.document_ids.len() < DOCUMENT_LIMIT);
        body.document_ids.extend(known.map(|uid| uid.as_str().to_owned()));
        return Ok(None);
    }
    let kind = obx.field(2).text();
    if kind == "HD" {
        return Ok(None);
    }
    let status = obx.field(11).text().chars().next();
    body.observations += 1;
    body.statuses.extend(status);
    // Deleted; posted on the wrong patient; no result could be obtained, whatever stands in its place (HL7 table 0085).
    if matches!(status, Some('D' | 'W' | 'X')) {
        return Ok(None);
    }
    let text = match kind.as_str() {
        "ED" => match document::read(obx, at)? {
            Enclosed::Documents(documents, header, text) => {
                body.documents.extend(documents);
                body.document_ids.extend(Some(header.id).filter(|id| !id.is_empty()));
                body.replaces.extend(header.replaces);
                text
            }
            Enclosed::Text(text) => text,
            Enclosed::Other => ATTACHED.to_owned(),
        },
        kind => value_text(obx, kind),
    };
    if body.documents.len() > DOCUMENT_LIMIT {
        return Err(Refusal::error(ErrorCode::DataType, at, "the report has too many documents"));
    }
    Ok((!text.trim().is_empty()).then(|| Block { order, heading: heading(obx), text }))
}

/// OBX-3 says that the value is a StudyInstanceUID: DCM 113014 (RAD-128) or the words of RAD-28.
fn names_study(obx: Segment<'_>) -> bool {
    let observation = obx.field(3);
    let code = observation.component(1).text();
    let named =
        |text: &str| text.eq_ignore_ascii_case("Study Instance UID") || text.eq_ignore_ascii_case("StudyInstanceUID");
    code == "113014" || named(&code) || named(&observation.component(2).text())
}

/// OBX-3 says that the value is the SOPInstanceUID of a structured report that says the same (IHE RAD-28).
fn names_report_object(obx: Segment<'_>) -> bool {
    let observation = obx.field(3);
    let named = |component: usize| {
        let text = observation.component(component).text();
        ["SR Instance UID", "SOP Instance UID", "SRInstanceUID", "SOPInstanceUID"]
            .iter()
            .any(|name| text.eq_ignore_ascii_case(name))
    };
    named(1) || named(2)
}

fn keep_study(text: &str, body: &mut Body) {
    if let Ok(uid) = Uid::parse(text)
        && body.study_instance_uids.len() < STUDY_LIMIT
        && !body.study_instance_uids.contains(&uid)
    {
        body.study_instance_uids.push(uid);
    }
}

/// OBX-5 as lines. In text types a stray component separator is part of the text, because many senders do not escape it.
fn value_text(obx: Segment<'_>, kind: &str) -> String {
    let field = obx.field(5);
    match kind {
        "RP" => ATTACHED.to_owned(),
        "CE" | "CWE" | "CNE" | "CF" => lines(field.repetitions().map(|value| {
            [2, 5, 1, 9]
                .map(|component| value.component(component).text())
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default()
        })),
        "NM" | "SN" => {
            let number = field.component(1).text() + &field.component(2).text();
            format!("{number} {}", obx.field(6).component(1).text()).trim().to_owned()
        }
        _ => lines(field.repetitions().map(|value| value.lines())),
    }
}

fn lines(repetitions: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for (number, line) in repetitions.enumerate() {
        out.push_str(if number > 0 { "\n" } else { "" });
        out.push_str(line.trim_end());
    }
    out
}

/// The sender's own name of a section, where OBX-3 has the code of one.
fn heading(obx: Segment<'_>) -> String {
    let observation = obx.field(3);
    let is_section = SECTIONS.contains(&observation.component(1).text().as_str());
    if is_section { observation.component(2).text() } else { String::new() }
}

/// NTE-3, the first of a run labelled.
fn note(nte: Segment<'_>, continued: bool) -> String {
    let text = lines(nte.field(3).repetitions().map(|value| value.lines()));
    if continued || text.trim().is_empty() { text } else { format!("\nNote: {text}") }
}

/// Joins blocks; a heading is written where the section changes and the text does not begin with it.
fn join(blocks: &[Block]) -> String {
    let mut out = String::new();
    let mut section = "";
    for block in blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        let repeated = block.text.trim_start().to_lowercase().starts_with(&block.heading.to_lowercase());
        if !block.heading.is_empty() && block.heading != section && !repeated {
            out.push_str(&block.heading);
            out.push('\n');
        }
        section = if block.heading.is_empty() { section } else { &block.heading };
        out.push_str(&block.text);
    }
    out.trim().to_owned()
}
