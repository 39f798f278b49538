//! The Native DICOM Model, PS3.19 §A.1, written from the DICOM JSON model: PS3.18 §F.2 names every counterpart.

use std::fmt::Write as _;

use serde_json::Value;

use crate::dictionary;
use crate::json::DataSet;

/// Sequences nest no deeper than this; what is below is left out.
const MOST_NESTED: usize = 64;

/// A data set as an XML document.
pub(crate) fn document(data_set: &DataSet) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NativeDicomModel xmlns=\"http://dicom.nema.org/PS3.19/models/NativeDICOM\" xml:space=\"preserve\">\n",
    );
    attributes(&mut out, data_set, 0);
    out.push_str("</NativeDicomModel>\n");
    out
}

fn attributes(out: &mut String, data_set: &DataSet, depth: usize) {
    if depth > MOST_NESTED {
        return;
    }
    for (tag, attribute) in data_set {
        let vr = attribute.get("vr").and_then(Value::as_str).unwrap_or("UN");
        let creator = private_creator(data_set, tag);
        // With its creator named, a private attribute has no block (PS3.19 table A.1.5-2).
        let tag = creator.map_or_else(|| tag.clone(), |_| format!("{}00{}", &tag[..4], &tag[6..]));
        let _ = write!(out, "<DicomAttribute tag=\"{}\" vr=\"{}\"", escape(&tag), escape(vr));
        if let Some(creator) = creator {
            let _ = write!(out, " privateCreator=\"{}\"", escape(creator));
        } else if let Some(keyword) = dictionary::known_keyword(&tag).filter(|_| is_standard(&tag)) {
            let _ = write!(out, " keyword=\"{keyword}\"");
        }
        out.push('>');
        content(out, attribute, vr, depth);
        out.push_str("</DicomAttribute>\n");
    }
}

/// Whether PS3.6 has the attribute: its group is even.
fn is_standard(tag: &str) -> bool {
    dictionary::parse(tag).is_some_and(|tag| tag.group() % 2 == 0)
}

/// Who reserved the block of a private attribute, in its own data set (PS3.5 §7.8.1).
fn private_creator<'a>(data_set: &'a DataSet, tag: &str) -> Option<&'a str> {
    let tag = dictionary::parse(tag).filter(|tag| tag.group() % 2 == 1 && tag.element() >= 0x1000)?;
    let reserved = format!("{:04X}00{:02X}", tag.group(), tag.element() >> 8);
    data_set.get(&reserved)?.get("Value")?.get(0)?.as_str()
}

fn content(out: &mut String, attribute: &Value, vr: &str, depth: usize) {
    if let Some(binary) = attribute.get("InlineBinary").and_then(Value::as_str) {
        let _ = write!(out, "<InlineBinary>{}</InlineBinary>", escape(binary));
    } else if let Some(uri) = attribute.get("BulkDataURI").and_then(Value::as_str) {
        let _ = write!(out, "<BulkData uri=\"{}\"/>", escape(uri));
    }
    let values = attribute.get("Value").and_then(Value::as_array);
    let count = values.map_or(0, Vec::len);
    for (number, value) in values.into_iter().flatten().enumerate().map(|(at, value)| (at + 1, value)) {
        match (vr, value) {
            // A value that is left out is known by the number of the next one; the last has none after it.
            (_, Value::Null) if number < count => {}
            ("PN", Value::Null) => {
                let _ = write!(out, "<PersonName number=\"{number}\"></PersonName>");
            }
            (_, Value::Null) => {
                let _ = write!(out, "<Value number=\"{number}\"></Value>");
            }
            ("SQ", Value::Object(item)) => {
                let _ = write!(out, "<Item number=\"{number}\">");
                attributes(out, item, depth + 1);
                out.push_str("</Item>");
            }
            ("PN", Value::Object(name)) => person_name(out, number, name),
            (_, Value::String(text)) => {
                let _ = write!(out, "<Value number=\"{number}\">{}</Value>", escape(text));
            }
            (_, other) => {
                let _ = write!(out, "<Value number=\"{number}\">{}</Value>", escape(&other.to_string()));
            }
        }
    }
}

fn person_name(out: &mut String, number: usize, name: &DataSet) {
    let _ = write!(out, "<PersonName number=\"{number}\">");
    for group in ["Alphabetic", "Ideographic", "Phonetic"] {
        let Some(text) = name.get(group).and_then(Value::as_str) else { continue };
        let _ = write!(out, "<{group}>");
        let components = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"];
        for (component, value) in components.into_iter().zip(text.split('^')).filter(|(_, value)| !value.is_empty()) {
            let _ = write!(out, "<{component}>{}</{component}>", escape(value));
        }
        let _ = write!(out, "</{group}>");
    }
    out.push_str("</PersonName>");
}

/// Text as XML and HTML content or attribute value. Control characters that XML 1.0 can't hold become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // As it is, readers make it a line feed (XML 1.0 §2.11).
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::document;

    #[test]
    fn the_json_model_becomes_the_native_model() {
        let data_set = serde_json::json!({
            "00080020": { "vr": "DA" },
            "00090010": { "vr": "LO", "Value": ["ABCD 1234"] },
            "00091002": { "vr": "UN", "InlineBinary": "z0x9c8v7" },
            "00111002": { "vr": "UN" },
            "00081140": { "vr": "SQ", "Value": [{ "00081155": { "vr": "UI", "Value": ["1.2"] } }] },
            "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "A&B^C^^Dr" }] },
            "00081048": { "vr": "PN", "Value": [null, { "Alphabetic": "A" }, null] },
            "00280030": { "vr": "DS", "Value": [0.5, null, "x"] },
            "00280031": { "vr": "DS", "Value": [1, null] },
            "00204000": { "vr": "LT", "Value": ["a\r\nb"] },
            "7FE00010": { "vr": "OW", "BulkDataURI": "/a?b=\"1\"" },
        });
        let xml = document(data_set.as_object().unwrap());
        for piece in [
            r#"<DicomAttribute tag="00080020" vr="DA" keyword="StudyDate"></DicomAttribute>"#,
            r#"<DicomAttribute tag="00090010" vr="LO"><Value number="1">ABCD 1234</Value>"#,
            r#"<DicomAttribute tag="00090002" vr="UN" privateCreator="ABCD 1234"><InlineBinary>z0x9c8v7<"#,
            r#"<DicomAttribute tag="00111002" vr="UN">"#,
            r#"<Item number="1"><DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID"><Value number="1">1.2</Value>"#,
            "<FamilyName>A&amp;B</FamilyName><GivenName>C</GivenName><NamePrefix>Dr</NamePrefix>",
            r#"<Value number="1">0.5</Value><Value number="3">x</Value>"#,
            r#"<Value number="1">1</Value><Value number="2"></Value>"#,
            r#"<PersonName number="2"><Alphabetic><FamilyName>A</FamilyName></Alphabetic></PersonName><PersonName number="3"></PersonName></DicomAttribute>"#,
            "a&#13;\nb",
            r#"<BulkData uri="/a?b=&quot;1&quot;"/>"#,
        ] {
            assert!(xml.contains(piece), "{piece} in {xml}");
        }
    }
}
