//! What may be written on a picture, as people read it: PS3.18 §8.3.5.1.1.

use super::json::{self, DataSet};

/// Lines about the patient and about how the picture was made. They identify a patient, and are never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Captions {
    /// The name, each of its component groups: alphabetic, ideographic, phonetic.
    pub(crate) name: Vec<String>,
    /// Identifier, birth date, sex.
    pub(crate) patient: Vec<String>,
    /// Modality and date, number, exposure, slice, sequence, side.
    pub(crate) technique: Vec<String>,
}

impl std::fmt::Debug for Captions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[phi]")
    }
}

impl Captions {
    pub(super) fn of(header: &DataSet, frame: u32, number_of_frames: u32) -> Self {
        let text = |tag: &str| json::text(header, tag).filter(|text| !text.is_empty()).map(str::to_owned);
        let number = |tag: &str, label: &str, unit: &str| {
            json::number(header, tag).map(|number| format!("{label} {}{unit}", short(number)))
        };
        let joined = |pieces: Vec<Option<String>>| {
            let pieces: Vec<_> = pieces.into_iter().flatten().collect();
            (!pieces.is_empty()).then(|| pieces.join("  "))
        };
        let frame = (number_of_frames > 1).then(|| format!("frame {frame}/{number_of_frames}"));
        let patient = [
            text("00100020").map(|id| format!("ID {id}")),
            joined(vec![text("00100030").map(|text| format!("Born {}", date(&text))), text("00100040")]),
        ];
        let technique = [
            joined(vec![
                text("00080060"),
                text("00080020").map(|text| date(&text)),
                text("00080033").map(|text| time(&text)),
            ]),
            joined(vec![number("00200011", "Series", ""), number("00200013", "Image", ""), frame]),
            joined(vec![
                number("00180060", "kVp", ""),
                number("00181152", "Exposure", " mAs"),
                number("00181151", "Current", " mA"),
            ]),
            joined(vec![number("00180050", "Thickness", " mm"), number("00201041", "Location", " mm")]),
            joined(vec![number("00180080", "TR", " ms"), number("00180081", "TE", " ms")]),
            joined(vec![
                text("00200060").or_else(|| text("00200062")).map(|side| format!("Side {side}")),
                text("00185101"),
            ]),
        ];
        let [patient, technique] = [patient.into_iter().flatten().collect(), technique.into_iter().flatten().collect()];
        Self { name: name(header), patient, technique }
    }
}

/// PatientName (0010,0010), its groups as people write them.
fn name(header: &DataSet) -> Vec<String> {
    let Some(groups) = json::values(header, "00100010").first() else { return Vec::new() };
    let group = |name: &str| groups.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
    let written = |text: &str| {
        let mut parts = text.split('^').map(str::trim);
        let family = parts.next().unwrap_or_default().to_owned();
        let rest: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        if rest.is_empty() { family } else { format!("{family}, {}", rest.join(" ")) }
    };
    let groups = ["Alphabetic", "Ideographic", "Phonetic"].into_iter().filter_map(group).map(written);
    groups.filter(|group| !group.is_empty()).collect()
}

/// `20240229` as `2024-02-29`.
fn date(text: &str) -> String {
    match text.as_bytes() {
        [_, _, _, _, _, _, _, _] if text.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])
        }
        _ => text.to_owned(),
    }
}

/// `101500.5` as `10:15`.
fn time(text: &str) -> String {
    let digits: String = text.chars().take(4).filter(char::is_ascii_digit).collect();
    if digits.len() == 4 { format!("{}:{}", &digits[..2], &digits[2..]) } else { text.to_owned() }
}

fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::Captions;

    #[test]
    fn a_header_reads_as_people_write_it() {
        let header = json!({
            "00080020": { "vr": "DA", "Value": ["20240229"] }, "00080033": { "vr": "TM", "Value": ["101500.25"] },
            "00080060": { "vr": "CS", "Value": ["CT"] }, "00100020": { "vr": "LO", "Value": ["P-1"] },
            "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "Tremblay^Zoé^M" }] },
            "00100030": { "vr": "DA", "Value": ["19700101"] }, "00100040": { "vr": "CS", "Value": ["F"] },
            "00180050": { "vr": "DS", "Value": [2.5] }, "00180060": { "vr": "DS", "Value": ["120.0"] },
            "00200013": { "vr": "IS", "Value": [7] },
        });
        let captions = Captions::of(header.as_object().unwrap(), 2, 3);
        assert_eq!(captions.name, ["Tremblay, Zoé M"]);
        assert_eq!(captions.patient, ["ID P-1", "Born 1970-01-01  F"]);
        assert_eq!(captions.technique, ["CT  2024-02-29  10:15", "Image 7  frame 2/3", "kVp 120", "Thickness 2.5 mm"]);
        assert_eq!(format!("{captions:?}"), "[phi]");
    }

    #[test]
    fn what_is_absent_leaves_no_line() {
        assert_eq!(Captions::of(&serde_json::Map::new(), 1, 1), Captions::default());
    }
}
