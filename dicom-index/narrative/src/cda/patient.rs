//! Whom a document is about (HL7 CDA R2 §4.2.2.11, recordTarget): for who reads it beside somebody's images.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{MOST_BYTES, MOST_NESTED, decoded};

/// The first patient that a document names. What it does not say is empty.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Patient {
    /// The first name: its parts in their order, with a space between.
    pub name: String,
    /// The extension of the first identifier.
    pub id: String,
    /// The day of birth, as it is written (`19700101`).
    pub birth_date: String,
}

/// Reads the first recordTarget; `None` when there is none, or the document can't be read.
pub fn patient(bytes: &[u8]) -> Option<Patient> {
    if bytes.len() > MOST_BYTES {
        return None;
    }
    let text = decoded(bytes)?;
    let mut reader = Reader::from_reader(text.as_bytes());
    let (mut path, mut patient): (Vec<Vec<u8>>, Patient) = (Vec::new(), Patient::default());
    let mut names = 0;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if path.len() >= MOST_NESTED {
                    return None;
                }
                note(&mut patient, &path, &start);
                path.push(start.local_name().as_ref().to_vec());
                names += u32::from(ends_with(&path, &[b"patient", b"name"]));
                patient.name.push(' ');
            }
            Event::Empty(empty) => note(&mut patient, &path, &empty),
            Event::End(end) if end.local_name().as_ref() == b"recordTarget" => {
                patient.name = patient.name.split_whitespace().collect::<Vec<_>>().join(" ");
                return Some(patient);
            }
            Event::End(_) => drop(path.pop()),
            Event::Text(piece) if names == 1 && is_in_name(&path) => patient.name.push_str(&piece.decode().ok()?),
            Event::GeneralRef(reference) if names == 1 && is_in_name(&path) => {
                let known = reference.decode().ok()?;
                match reference.resolve_char_ref().ok()? {
                    Some(c) => patient.name.push(c),
                    None => patient.name.push_str(quick_xml::escape::resolve_predefined_entity(&known)?),
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn note(patient: &mut Patient, path: &[Vec<u8>], start: &BytesStart<'_>) {
    let told = |name: &[u8]| {
        let found = start.attributes().flatten().find(|attribute| attribute.key.as_ref() == name);
        found.map(|found| String::from_utf8_lossy(&found.value).trim().to_owned()).unwrap_or_default()
    };
    match start.local_name().as_ref() {
        b"id" if ends_with(path, &[b"recordTarget", b"patientRole"]) && patient.id.is_empty() => {
            patient.id = told(b"extension");
        }
        b"birthTime" if ends_with(path, &[b"patientRole", b"patient"]) => {
            patient.birth_date = told(b"value").chars().take(8).collect();
        }
        _ => {}
    }
}

fn is_in_name(path: &[Vec<u8>]) -> bool {
    ends_with(path, &[b"patientRole", b"patient", b"name"])
        || path.split_last().is_some_and(|(_, above)| ends_with(above, &[b"patientRole", b"patient", b"name"]))
}

fn ends_with(path: &[Vec<u8>], names: &[&[u8]]) -> bool {
    path.len() >= names.len() && path[path.len() - names.len()..].iter().map(Vec::as_slice).eq(names.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::{Patient, patient};

    #[test]
    fn the_patient_is_read_by_name_number_and_birth() {
        let document = "<ClinicalDocument><recordTarget><patientRole><id root='1.2' extension='H-1'/><id root='1.3' extension='9'/>\
            <patient><name><prefix>Mme</prefix><given>Genevi&#232;ve</given><family>O&amp;Tremblay</family></name><name><given>Other</given></name>\
            <birthTime value='19700101083000'/></patient><providerOrganization><name>Hospital</name></providerOrganization></patientRole></recordTarget>\
            <recordTarget><patientRole><id extension='no'/></patientRole></recordTarget></ClinicalDocument>";
        let expected =
            Patient { name: "Mme Geneviève O&Tremblay".into(), id: "H-1".into(), birth_date: "19700101".into() };
        assert_eq!(patient(document.as_bytes()), Some(expected));
        assert_eq!(patient(b"<ClinicalDocument><title>T</title></ClinicalDocument>"), None);
        for cut in 0..document.len() {
            let _ = patient(document.get(..cut).unwrap_or_default().as_bytes());
        }
        assert_eq!(patient("<a>".repeat(1_000).as_bytes()), None);
    }
}
