//! The words of a structured report (PS3.3 §C.17.3) from its header as DICOM JSON: headings, texts, codes and measurements in their order.

use serde_json::{Map, Value};

/// A level of DICOM JSON (PS3.18 Annex F).
type Level = Map<String, Value>;

/// Content items nest no deeper, and no more of them are read.
const MOST_NESTED: usize = 64;
const MOST_ITEMS: usize = 50_000;
/// The longest text, in bytes.
const MOST_BYTES: usize = 8 << 20;

const CONCEPT_NAME: &str = "0040A043";
const CONTENT: &str = "0040A730";

/// Findings, impressions and conclusions, whose heading says already what they are (PS3.16 TID 2002: DCM 121071, 121073, 121077).
const SAID_BY_HEADING: [&str; 3] = ["121071", "121073", "121077"];
/// What is said of the document or its author and is no part of its words: language, country and kind of observer (PS3.16 TID 1204, 1002).
const APART: [&str; 3] = ["121049", "121046", "121005"];

/// What a structured report says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Narrative {
    /// Its words, line by line.
    pub text: String,
    /// RFC 5646 tag of the language that it says it is in (TID 1204), in lower case; may be empty.
    pub language: String,
}

/// A code: its value, its scheme and its meaning.
struct Code<'a> {
    value: &'a str,
    scheme: &'a str,
    meaning: &'a str,
}

/// Reads the content tree of a document; `None` when some of its words are not in the header (bulk data), when it says nothing, or more
/// than is read: what can't be told wholly is not told in part.
pub fn read(header: &Level) -> Option<Narrative> {
    let mut reading = Reading { out: Narrative::default(), items: 0 };
    reading.children(header, 0, "")?;
    reading.out.text = reading.out.text.trim().to_owned();
    (!reading.out.text.is_empty()).then_some(reading.out)
}

struct Reading {
    out: Narrative,
    items: usize,
}

impl Reading {
    fn children(&mut self, level: &Level, depth: usize, heading: &str) -> Option<()> {
        if depth > MOST_NESTED {
            return None;
        }
        for item in items(level, CONTENT)? {
            self.items += 1;
            if self.items > MOST_ITEMS || self.out.text.len() > MOST_BYTES {
                return None;
            }
            self.item(item, depth, heading)?;
        }
        Some(())
    }

    fn item(&mut self, item: &Level, depth: usize, heading: &str) -> Option<()> {
        let name = code(item, CONCEPT_NAME)?;
        let (value, scheme, meaning) = name.map_or(("", "", ""), |name| (name.value, name.scheme, name.meaning));
        if scheme == "DCM" && APART.contains(&value) {
            if value == "121049" && self.out.language.is_empty() {
                self.out.language = code(item, "0040A168")?.map_or("", |code| code.value).to_ascii_lowercase();
            }
            return Some(());
        }
        let kind = text(item, "0040A040")?.unwrap_or_default();
        if kind == "CONTAINER" {
            if !meaning.is_empty() {
                self.out.text.push('\n');
                self.line(0, meaning);
            }
            return self.children(item, depth + 1, meaning);
        }
        if let Some(said) = said(item, &kind)? {
            let is_said = meaning.is_empty()
                || (kind == "TEXT" && (meaning == heading || (scheme == "DCM" && SAID_BY_HEADING.contains(&value))));
            let line = if is_said { said } else { format!("{meaning}: {said}") };
            self.line(depth.saturating_sub(1), &line);
        }
        self.children(item, depth + 1, heading)
    }

    fn line(&mut self, depth: usize, line: &str) {
        for line in line.replace("\r\n", "\n").replace('\r', "\n").lines() {
            (0..depth.min(8)).for_each(|_| self.out.text.push_str("  "));
            self.out.text.push_str(line.trim_end());
            self.out.text.push('\n');
        }
    }
}

/// What a content item says by itself; the outer `None` when that is not in the header, the inner one when it is no words.
fn said(item: &Level, kind: &str) -> Option<Option<String>> {
    let said = match kind {
        "TEXT" => text(item, "0040A160")?,
        "CODE" => code(item, "0040A168")?.map(|code| code.meaning.to_owned()),
        "NUM" => Some(number(item)?),
        "DATE" => text(item, "0040A121")?,
        "TIME" => text(item, "0040A122")?,
        "DATETIME" => text(item, "0040A120")?,
        "PNAME" => text(item, "0040A123")?
            .map(|name| name.split('^').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")),
        // What they refer to are places and objects, and an item by reference says again what stands elsewhere.
        "UIDREF" | "IMAGE" | "COMPOSITE" | "WAVEFORM" | "SCOORD" | "SCOORD3D" | "TCOORD" | "" => None,
        // A table, or what a later edition adds: that it is there is told.
        other => Some(format!("[{other}]")),
    };
    Some(said.filter(|said| !said.is_empty()))
}

/// A measurement with its unit, or why there is none.
fn number(item: &Level) -> Option<String> {
    let Some(measured) = items(item, "0040A300")?.next() else {
        return Some(code(item, "0040A301")?.map_or("", |reason| reason.meaning).to_owned());
    };
    let value = text(measured, "0040A30A")?.unwrap_or_default();
    let unit = code(measured, "004008EA")?.map_or("", |unit| unit.value);
    Some(if matches!(unit, "" | "1") { value } else { format!("{value} {unit}") })
}

/// The values of an attribute; `None` when they are somewhere else.
fn values<'a>(level: &'a Level, key: &str) -> Option<&'a [Value]> {
    let Some(attribute) = level.get(key) else { return Some(&[]) };
    if attribute.get("BulkDataURI").is_some() || attribute.get("InlineBinary").is_some() {
        return None;
    }
    Some(attribute.get("Value").and_then(Value::as_array).map_or(&[], Vec::as_slice))
}

fn items<'a>(level: &'a Level, key: &str) -> Option<impl Iterator<Item = &'a Level>> {
    Some(values(level, key)?.iter().filter_map(Value::as_object))
}

fn text(level: &Level, key: &str) -> Option<Option<String>> {
    let said = values(level, key)?.iter().map(|value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(name) => name.get("Alphabetic").and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    });
    let said = said.collect::<Vec<_>>().join(", ");
    Some(Some(said.trim().to_owned()).filter(|said| !said.is_empty()))
}

fn code<'a>(level: &'a Level, key: &str) -> Option<Option<Code<'a>>> {
    let Some(item) = items(level, key)?.next() else { return Some(None) };
    let one = |key: &str| -> Option<&'a str> {
        let said = values(item, key)?.first().and_then(Value::as_str);
        Some(said.unwrap_or_default().trim())
    };
    let value = ["00080100", "00080119", "00080120"].iter().filter_map(|key| one(key)).find(|value| !value.is_empty());
    Some(Some(Code { value: value.unwrap_or_default(), scheme: one("00080102")?, meaning: one("00080104")? }))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::read;

    fn code(value: &str, scheme: &str, meaning: &str) -> Value {
        json!({ "vr": "SQ", "Value": [{ "00080100": { "vr": "SH", "Value": [value] },
            "00080102": { "vr": "SH", "Value": [scheme] }, "00080104": { "vr": "LO", "Value": [meaning] } }] })
    }

    fn item(kind: &str, name: Value, key: &str, value: Value) -> Value {
        json!({ "0040A040": { "vr": "CS", "Value": [kind] }, "0040A043": name, key: value })
    }

    fn document(items: Vec<Value>) -> serde_json::Map<String, Value> {
        json!({ "0040A730": { "vr": "SQ", "Value": items } }).as_object().unwrap().clone()
    }

    #[test]
    fn headings_texts_codes_and_measurements_are_read_in_their_order() {
        let words = |words: &str| json!({ "vr": "UT", "Value": [words] });
        let size = json!({ "vr": "SQ", "Value": [{ "0040A30A": { "vr": "DS", "Value": [12.5] },
            "004008EA": code("mm", "UCUM", "millimetre") }] });
        let mut finding =
            item("TEXT", code("121071", "DCM", "Finding"), "0040A160", words("Nodule au lobe supérieur.\r\nStable."));
        finding["0040A730"] =
            json!({ "vr": "SQ", "Value": [item("NUM", code("81827009", "SCT", "Diamètre"), "0040A300", size)] });
        let findings = item(
            "CONTAINER",
            code("59776-5", "LN", "Observations"),
            "0040A730",
            json!({ "vr": "SQ", "Value": [finding] }),
        );
        let side = item("CODE", code("272741003", "SCT", "Latéralité"), "0040A168", code("7771000", "SCT", "Gauche"));
        let language = item("CODE", code("121049", "DCM", "Language"), "0040A168", code("fr-CA", "RFC5646", "French"));
        let image =
            item("IMAGE", code("121180", "DCM", "Key Images"), "00081199", json!({ "vr": "SQ", "Value": [{}] }));
        let read = read(&document(vec![language, findings, side, image])).unwrap();
        assert_eq!(
            read.text,
            "Observations\nNodule au lobe supérieur.\nStable.\n  Diamètre: 12.5 mm\nLatéralité: Gauche"
        );
        assert_eq!(read.language, "fr-ca");
    }

    #[test]
    fn what_is_not_wholly_in_the_header_is_not_told_in_part() {
        let away =
            item("TEXT", code("121071", "DCM", "Finding"), "0040A160", json!({ "vr": "UT", "BulkDataURI": "/x" }));
        let here =
            item("TEXT", code("121071", "DCM", "Finding"), "0040A160", json!({ "vr": "UT", "Value": ["Clear"] }));
        assert!(read(&document(vec![here.clone(), away])).is_none());
        assert!(read(&document(vec![here])).is_some() && read(&document(vec![])).is_none());
        let mut deep = json!({});
        for _ in 0..200 {
            deep = json!({ "0040A040": { "vr": "CS", "Value": ["CONTAINER"] }, "0040A730": { "vr": "SQ", "Value": [deep] } });
        }
        assert!(read(&document(vec![deep])).is_none());
        assert!(
            read(json!({ "0040A730": { "vr": "SQ", "Value": [1, "x", { "0040A043": 3 }] } }).as_object().unwrap())
                .is_none()
        );
    }
}
