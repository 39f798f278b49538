//! The content tree of a structured report, PS3.3 §C.17.3, as HTML (and its XML form), as text and as lines to be set. Every value is
//! escaped; nothing is interpreted.

use std::fmt::Write as _;

use serde_json::Value;

use super::{moment, page};
use crate::json::{DataSet, sequence, string};
use crate::xml::escape;

/// The tree is followed no deeper than this.
const MOST_NESTED: usize = 64;

/// One content item, read.
struct Item<'a> {
    /// ConceptNameCodeSequence (0040,A043).
    name: &'a str,
    /// `None` for a container.
    value: Option<String>,
    children: Vec<&'a DataSet>,
}

/// The report as a page that needs nothing else.
pub(super) fn html(header: &DataSet) -> String {
    page::html(title(&item(header)), &body(header))
}

/// The same as an XML document: the page in the XML form of HTML.
pub(super) fn xhtml(header: &DataSet) -> String {
    page::xhtml(title(&item(header)), &body(header))
}

fn title<'a>(root: &Item<'a>) -> &'a str {
    if root.name.is_empty() { "Structured report" } else { root.name }
}

fn body(header: &DataSet) -> String {
    let root = item(header);
    let mut out = format!("<header><h1>{}</h1><dl>", escape(title(&root)));
    for (label, value) in heading(header) {
        let _ = write!(out, "<dt>{label}</dt><dd>{}</dd>", escape(&value));
    }
    out.push_str("</dl></header>\n<main>");
    root.children.iter().for_each(|child| html_item(&mut out, child, 2));
    out.push_str("</main>");
    out
}

fn html_item(out: &mut String, data_set: &DataSet, depth: usize) {
    if depth > MOST_NESTED {
        return;
    }
    let item = item(data_set);
    let name = escape(item.name);
    match &item.value {
        Some(value) => {
            let _ = write!(out, "<dl><dt>{name}</dt><dd>{}</dd></dl>", escape(value));
        }
        None => {
            let level = depth.min(6);
            let _ = write!(out, "<section><h{level}>{name}</h{level}>");
        }
    }
    item.children.iter().for_each(|child| html_item(out, child, depth + 1));
    if item.value.is_none() {
        out.push_str("</section>\n");
    }
}

/// The report as lines.
pub(super) fn text(header: &DataSet) -> String {
    let root = item(header);
    let mut out = format!("{}\n\n", root.name);
    for (label, value) in heading(header) {
        let _ = writeln!(out, "{label}: {value}");
    }
    out.push('\n');
    root.children.iter().for_each(|child| text_item(&mut out, child, 0));
    out
}

fn text_item(out: &mut String, data_set: &DataSet, depth: usize) {
    if depth > MOST_NESTED {
        return;
    }
    let item = item(data_set);
    let indent = "  ".repeat(depth);
    let _ = match &item.value {
        Some(value) => writeln!(out, "{indent}{}: {value}", item.name),
        None => writeln!(out, "{indent}{}", item.name),
    };
    item.children.iter().for_each(|child| text_item(out, child, depth + 1));
}

/// A line to be set.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// How deep it stands in the tree.
    pub(super) depth: usize,
    /// Its words are a title.
    pub(super) is_title: bool,
    pub(super) text: String,
}

/// The report as lines.
pub(super) fn lines(header: &DataSet) -> Vec<Line> {
    let root = item(header);
    let line = |depth, is_title, text: String| Line { depth, is_title, text };
    let mut lines = vec![line(0, true, title(&root).to_owned())];
    lines.extend(heading(header).into_iter().map(|(label, value)| line(0, false, format!("{label}: {value}"))));
    lines.push(line(0, false, String::new()));
    root.children.iter().for_each(|child| line_item(&mut lines, child, 0));
    lines
}

fn line_item(lines: &mut Vec<Line>, data_set: &DataSet, depth: usize) {
    if depth > MOST_NESTED {
        return;
    }
    let item = item(data_set);
    match &item.value {
        Some(value) => {
            let whole = if item.name.is_empty() { value.clone() } else { format!("{}: {value}", item.name) };
            let pieces = whole.split(['\r', '\n']).filter(|piece| !piece.is_empty());
            lines.extend(pieces.map(|text| Line { depth, is_title: false, text: text.to_owned() }));
        }
        None => lines.push(Line { depth, is_title: true, text: item.name.to_owned() }),
    }
    item.children.iter().for_each(|child| line_item(lines, child, depth + 1));
}

/// Whose report, when, and how far it has got.
fn heading(header: &DataSet) -> Vec<(&'static str, String)> {
    let labels = [
        ("00100010", "Patient"),
        ("00100020", "Patient ID"),
        ("00100030", "Date of birth"),
        ("00080020", "Study date"),
        ("00080050", "Accession number"),
        ("0040A491", "Completion"),
        ("0040A492", "Completion description"),
        ("0040A493", "Verification"),
    ];
    let value = |tag: &str| match tag {
        "00100010" => Some(person(header, tag)),
        "00100030" | "00080020" => string(header, tag).map(moment::date),
        _ => string(header, tag).map(|text| text.trim().to_owned()),
    };
    let told = labels.into_iter().filter_map(|(tag, label)| Some((label, value(tag).filter(|text| !text.is_empty())?)));
    told.chain(verified(header)).collect()
}

fn item(data_set: &DataSet) -> Item<'_> {
    let name = sequence(data_set, "0040A043").next().map_or("", meaning);
    Item { name, value: value(data_set), children: sequence(data_set, "0040A730").collect() }
}

/// CodeMeaning (0008,0104), else the code.
fn meaning(code: &DataSet) -> &str {
    string(code, "00080104").or_else(|| string(code, "00080100")).unwrap_or("")
}

/// The value of a content item, by its ValueType (0040,A040).
fn value(data_set: &DataSet) -> Option<String> {
    let plain = |tag: &str| string(data_set, tag).unwrap_or_default().to_owned();
    let Some(kind) = string(data_set, "0040A040") else { return by_reference(data_set) };
    Some(match kind {
        "CONTAINER" => return None,
        "TEXT" => plain("0040A160"),
        "CODE" => sequence(data_set, "0040A168").next().map_or_else(String::new, |code| meaning(code).to_owned()),
        "NUM" => qualified(data_set),
        "TCOORD" => format!("{} {}", plain("0040A130").to_lowercase(), told(data_set, "0040A138")).trim().to_owned(),
        "PNAME" => person(data_set, "0040A123"),
        "DATE" => moment::date(&plain("0040A121")),
        "TIME" => moment::time(&plain("0040A122")),
        "DATETIME" => moment::date_time(&plain("0040A120")),
        "UIDREF" => plain("0040A124"),
        "IMAGE" | "COMPOSITE" | "WAVEFORM" => {
            let referenced = sequence(data_set, "00081199").next().and_then(|item| string(item, "00081155"));
            format!("\u{2192} {}", referenced.unwrap_or_default())
        }
        other => format!("({})", other.to_lowercase()),
    })
}

/// A name by all its groups (PS3.5 §6.2.1.1): the first there is, and the others behind it.
fn person(data_set: &DataSet, tag: &str) -> String {
    let name = data_set.get(tag).and_then(|attribute| attribute.get("Value")?.get(0));
    let group = |group: &str| name.and_then(|name| name.get(group)?.as_str());
    let read =
        |text: &str| text.split('^').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let groups = ["Alphabetic", "Ideographic", "Phonetic"].into_iter().filter_map(group).map(read);
    let mut groups = groups.filter(|group| !group.is_empty());
    let Some(first) = groups.next() else { return String::new() };
    let others = groups.collect::<Vec<_>>().join(", ");
    if others.is_empty() { first } else { format!("{first} ({others})") }
}

/// An item that is another one of the tree (PS3.3 §C.17.3.2.5), by its place there.
fn by_reference(data_set: &DataSet) -> Option<String> {
    let place = told(data_set, "0040DB73").replace(", ", ".");
    (!place.is_empty()).then(|| format!("\u{2192} {place}"))
}

/// All values of an attribute.
fn told(data_set: &DataSet, tag: &str) -> String {
    let values = data_set.get(tag).and_then(|attribute| attribute.get("Value")?.as_array());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    values.into_iter().flatten().map(text).collect::<Vec<_>>().join(", ")
}

/// NumericValue (0040,A30A) with its unit (0040,08EA).
fn measured(data_set: &DataSet) -> String {
    let Some(measured) = sequence(data_set, "0040A300").next() else { return String::new() };
    let number = match measured.get("0040A30A").and_then(|a| a.get("Value")?.get(0)) {
        Some(Value::String(text)) => text.clone(),
        Some(number @ Value::Number(_)) => number.to_string(),
        _ => String::new(),
    };
    let unit = sequence(measured, "004008EA")
        .next()
        .map_or("", |unit| string(unit, "00080100").unwrap_or_else(|| meaning(unit)));
    format!("{number} {unit}").trim().to_owned()
}

/// What is said in place of a number, or of it: NumericValueQualifierCodeSequence (0040,A301).
fn qualified(data_set: &DataSet) -> String {
    let measured = measured(data_set);
    let Some(qualifier) = sequence(data_set, "0040A301").next().map(meaning).filter(|words| !words.is_empty()) else {
        return measured;
    };
    if measured.is_empty() { format!("({qualifier})") } else { format!("{measured} ({qualifier})") }
}

/// VerifyingObserverSequence (0040,A073): who answers for the report.
fn verified(header: &DataSet) -> Vec<(&'static str, String)> {
    let observer = |item: &DataSet| {
        let text = |tag| string(item, tag).unwrap_or_default().trim().to_owned();
        let told = [person(item, "0040A075"), text("0040A027"), moment::date_time(&text("0040A030"))];
        told.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
    };
    let observers = sequence(header, "0040A073").map(observer).filter(|observer| !observer.is_empty());
    observers.map(|observer| ("Verified by", observer)).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::{html, lines, text, xhtml};

    fn report() -> Value {
        let code = |meaning: &str| json!({ "vr": "SQ", "Value": [{ "00080104": { "vr": "LO", "Value": [meaning] } }] });
        json!({
            "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "Doe^<Jane>" }] },
            "0040A040": { "vr": "CS", "Value": ["CONTAINER"] },
            "0040A043": code("Chest & more"),
            "0040A730": { "vr": "SQ", "Value": [
                { "0040A040": { "vr": "CS", "Value": ["TEXT"] }, "0040A043": code("Finding"),
                  "0040A160": { "vr": "UT", "Value": ["<script>alert(1)</script>"] } },
                { "0040A040": { "vr": "CS", "Value": ["CONTAINER"] }, "0040A043": code("Measurements"), "0040A730": { "vr": "SQ", "Value": [
                    { "0040A040": { "vr": "CS", "Value": ["NUM"] }, "0040A043": code("Length"), "0040A300": { "vr": "SQ", "Value": [{
                        "0040A30A": { "vr": "DS", "Value": [12.5] },
                        "004008EA": { "vr": "SQ", "Value": [{ "00080100": { "vr": "SH", "Value": ["mm"] } }] } }] } }] } },
            ] },
        })
    }

    #[test]
    fn a_report_reads_as_lines() {
        let text = text(report().as_object().unwrap());
        assert_eq!(
            text,
            "Chest & more\n\nPatient: Doe <Jane>\n\nFinding: <script>alert(1)</script>\nMeasurements\n  Length: 12.5 mm\n"
        );
    }

    #[test]
    fn a_name_is_read_by_all_its_groups() {
        let mut report = report();
        let mut patient = |name: Value| {
            report["00100010"]["Value"][0] = name;
            text(report.as_object().unwrap()).lines().nth(2).unwrap().to_owned()
        };
        assert_eq!(
            patient(json!({ "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう" })),
            "Patient: 山田 太郎 (やまだ たろう)"
        );
        assert_eq!(
            patient(json!({ "Alphabetic": "Yamada^Taro", "Ideographic": "山田^太郎" })),
            "Patient: Yamada Taro (山田 太郎)"
        );
    }

    /// PS3.3 §C.17.3.2.1: a number out of range is no number like others.
    #[test]
    fn what_qualifies_a_number_and_who_verified_it_is_said() {
        let mut report = report();
        let number = &mut report["0040A730"]["Value"][1]["0040A730"]["Value"][0];
        number["0040A301"] =
            json!({ "vr": "SQ", "Value": [{ "00080104": { "vr": "LO", "Value": ["Value out of range"] } }] });
        report["0040A073"] = json!({ "vr": "SQ", "Value": [{ "0040A075": { "vr": "PN", "Value": [{ "Alphabetic": "Roe^R" }] },
            "0040A027": { "vr": "LO", "Value": ["NEODIN"] } }] });
        let text = text(report.as_object().unwrap());
        assert!(
            text.contains("Length: 12.5 mm (Value out of range)\n") && text.contains("Verified by: Roe R, NEODIN\n"),
            "{text}"
        );
    }

    #[test]
    fn the_lines_are_those_of_the_text() {
        let lines = lines(report().as_object().unwrap());
        let set: Vec<_> = lines.iter().map(|line| (line.depth, line.is_title, line.text.as_str())).collect();
        assert_eq!(set[0], (0, true, "Chest & more"));
        assert_eq!(
            set[3..],
            [
                (0, false, "Finding: <script>alert(1)</script>"),
                (0, true, "Measurements"),
                (1, false, "Length: 12.5 mm"),
            ]
        );
    }

    #[test]
    fn the_xml_form_is_the_same_page() {
        let (html, xhtml) = (html(report().as_object().unwrap()), xhtml(report().as_object().unwrap()));
        assert!(xhtml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
        let main = |page: &str| page[page.find("<main>").unwrap()..page.find("</main>").unwrap()].to_owned();
        assert_eq!(main(&html), main(&xhtml));
    }

    #[test]
    fn no_value_becomes_markup() {
        let html = html(report().as_object().unwrap());
        assert!(html.contains("<dd>&lt;script&gt;alert(1)&lt;/script&gt;</dd>") && html.contains("Doe &lt;Jane&gt;"));
        assert!(!html.contains("<script") && !html.contains("<Jane"));
        assert!(html.contains("<h2>Measurements</h2>") && html.contains("12.5 mm"));
    }

    #[test]
    fn a_tree_without_end_is_cut() {
        let mut tree = json!({});
        for _ in 0..200 {
            tree = json!({ "0040A040": { "vr": "CS", "Value": ["CONTAINER"] }, "0040A730": { "vr": "SQ", "Value": [tree] } });
        }
        assert_eq!(html(tree.as_object().unwrap()).matches("<section>").count(), 63);
    }
}
