//! Pages that need nothing else: no script, no picture, no style from elsewhere.

use std::fmt::Write as _;

use index_narrative::cda::{Block, Narrative, Patient};

use crate::json::{DataSet, string};
use crate::xml::escape;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:60rem;color:#111;background:#fff}\
dt{font-weight:600}dd{margin:0 0 .5rem 1.5rem;white-space:pre-wrap}header{border-bottom:1px solid #888;margin-bottom:1rem}\
h1{font-size:1.5rem}h2,h3,h4,h5,h6{font-size:1.1rem;margin:1rem 0 .25rem}table{border-collapse:collapse}td,th{padding:.1rem .75rem;border:1px solid #888;text-align:left;vertical-align:top}";

/// A page in HTML. `body` is markup of ours.
pub(super) fn html(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )
}

/// The same page in the XML form of HTML. `body` has no element that the two write differently.
pub(super) fn xhtml(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )
}

/// A page that leads to the PDF itself, which is the same resource in another media type (PS3.18 §8.3.3.1).
pub(super) fn of_pdf(header: &DataSet) -> String {
    let title = string(header, "00420010").filter(|title| !title.is_empty()).unwrap_or("Document");
    let address = "?accept=application%2Fpdf";
    let title_text = escape(title);
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url={address}\">\
         <title>{title_text}</title><style>{STYLE}</style></head>\n\
         <body><h1>{title_text}</h1><p><a href=\"{address}\">PDF</a></p></body></html>\n"
    )
}

/// The narrative of a clinical document under the patient whom it names. Nothing of it becomes markup of ours.
pub(super) fn of_narrative(narrative: &Narrative, patient: Option<&Patient>) -> String {
    let title = if narrative.title.is_empty() { "Clinical document" } else { &narrative.title };
    let mut body =
        format!("<header><h1>{}</h1>{}</header>\n<main>", escape(title), patient.map_or_else(String::new, named));
    let mut in_table = false;
    for block in &narrative.blocks {
        if in_table != matches!(block, Block::Row(..)) {
            in_table = !in_table;
            body.push_str(if in_table { "<table>\n" } else { "</table>\n" });
        }
        let _ = match block {
            Block::Title(depth, text) => {
                let level = (depth + 1).clamp(2, 6);
                writeln!(body, "<h{level}>{}</h{level}>", escape(text))
            }
            Block::Text(text) => writeln!(body, "<p>{}</p>", escape(text)),
            Block::Row(cells, heads) => writeln!(body, "<tr>{}</tr>", row(cells, *heads)),
        };
    }
    if in_table {
        body.push_str("</table>\n");
    }
    body.push_str("</main>");
    html(title, &body)
}

fn row(cells: &[String], heads: bool) -> String {
    let (open, close) = if heads { ("<th scope=\"col\">", "</th>") } else { ("<td>", "</td>") };
    cells.iter().map(|cell| format!("{open}{}{close}", escape(cell))).collect()
}

/// Whose document it is, in words that are alike in English and French where there are such.
fn named(patient: &Patient) -> String {
    let told = [
        ("Patient", patient.name.clone()),
        ("ID", patient.id.clone()),
        ("DOB / DDN", super::moment::date(&patient.birth_date)),
    ];
    let told = told.into_iter().filter(|(_, value)| !value.is_empty());
    let told: String = told.map(|(label, value)| format!("<dt>{label}</dt><dd>{}</dd>", escape(&value))).collect();
    if told.is_empty() { told } else { format!("<dl>{told}</dl>") }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    #[test]
    fn no_word_of_a_narrative_becomes_markup() {
        let document = "<ClinicalDocument><section><title>Findings</title><text><paragraph>Clear &lt;lungs&gt;</paragraph>\
            <td onclick=\"x()\">b</td><script>alert(1)</script></text></section></ClinicalDocument>";
        let html = super::of_narrative(&index_narrative::cda::read(document.as_bytes()).unwrap(), None);
        assert!(html.contains("<h2>Findings</h2>") && html.contains("<p>Clear &lt;lungs&gt;</p>"), "{html}");
        assert!(!html.contains("<script") && !html.contains("onclick"), "{html}");
    }

    #[test]
    fn tables_stay_tables_and_the_patient_is_named() {
        let document = "<ClinicalDocument><section><text><table><tr><th>Side</th><th>Left</th></tr><tr><td>Nodule</td><td/></tr></table>\
            <paragraph>After</paragraph></text></section></ClinicalDocument>";
        let patient = super::Patient { name: "Jane <Doe>".into(), id: "H-1".into(), birth_date: "19700101".into() };
        let read = index_narrative::cda::read(document.as_bytes()).unwrap();
        let html = super::of_narrative(&read, Some(&patient));
        let table = "<table>\n<tr><th scope=\"col\">Side</th><th scope=\"col\">Left</th></tr>\n<tr><td>Nodule</td><td></td></tr>\n</table>\n<p>After</p>";
        assert!(html.contains(table), "{html}");
        assert!(
            html.contains(
                "<dt>Patient</dt><dd>Jane &lt;Doe&gt;</dd><dt>ID</dt><dd>H-1</dd><dt>DOB / DDN</dt><dd>1970-01-01</dd>"
            ),
            "{html}"
        );
    }
}
