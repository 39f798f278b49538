//! PID to a patient record.

use index_model::{
    Demographic, HealthNumber, IssuedId, PatientRecord, PersonName, Phi, RepositoryDefinition, VisitNumbers,
};

use crate::message::{Message, Segment, Value};
use crate::refusal::{ErrorCode, Location, Refusal};
use runtime::time;

/// Assigning jurisdiction of Ontario's health cards, HL7 table 0363.
const ONTARIO: &str = "CANON";
/// Assigning authority of Ontario's health numbers.
const HEALTH_NUMBER_OID: &str = "2.16.840.1.113883.4.59";
/// Repetitions of PID-3 that are looked at.
const ID_LIMIT: usize = 64;

/// What PID-3 holds, sorted out.
#[derive(Default)]
struct Identifiers {
    record_number: Option<IssuedId>,
    others: Vec<IssuedId>,
    health_number: Option<HealthNumber>,
}

/// Whose message: PID-3, PID-5, PID-7 and PID-8.
pub(crate) fn read(pid: Segment<'_>, definition: &RepositoryDefinition) -> Result<PatientRecord, Refusal> {
    let ids = identifiers(pid.field(3), definition);
    if ids.record_number.is_none() && ids.health_number.is_none() {
        let missing = "the patient has no identifier";
        return Err(Refusal::error(ErrorCode::RequiredFieldMissing, Location::field("PID", 3), missing));
    }
    Ok(PatientRecord {
        patient_id: ids.record_number,
        other_patient_ids: ids.others,
        health_number: ids.health_number,
        patient_name: names(pid.field(5)),
        patient_birth_date: time::birth_date(&pid.field(7).component(1).text()).map(Phi::new),
        patient_sex: sex(&pid.field(8).component(1).text()).map(str::to_owned),
        deleted: deleted(pid),
    })
}

/// What a message deletes: fields with HL7's null, and a health card without a number.
fn deleted(pid: Segment<'_>) -> Vec<Demographic> {
    let is_null = |field: usize| pid.field(field).component(1).is_null();
    let no_card = |id: Value<'_>| id.component(5).text() == "JHN" && id.component(1).is_null();
    Demographic::ALL
        .into_iter()
        .filter(|what| match what {
            Demographic::Name => is_null(5),
            Demographic::BirthDate => is_null(7),
            Demographic::Sex => is_null(8),
            Demographic::HealthNumber => pid.field(3).repetitions().take(ID_LIMIT).any(no_card),
        })
        .collect()
}

/// The stay that a message is of: PV1-19 and PID-18.
pub(crate) fn visit(message: &Message<'_>, definition: &RepositoryDefinition) -> VisitNumbers {
    let number = |segment: &str, field: usize| number(message.segment(segment)?.field(field), definition);
    VisitNumbers { visit: number("PV1", 19), account: number("PID", 18) }
}

/// A number and its issuer (CX): of a visit or an account.
pub(crate) fn number(field: Value<'_>, definition: &RepositoryDefinition) -> Option<IssuedId> {
    let value = field.component(1).text();
    (!value.is_empty()).then(|| IssuedId { issuer: issuer(field, definition), value: Phi::new(value) })
}

/// The numbers in a field of identifiers, health cards excepted: MRG-1.
pub(crate) fn numbers(field: Value<'_>, definition: &RepositoryDefinition) -> Vec<IssuedId> {
    let found = identifiers(field, definition);
    found.record_number.into_iter().chain(found.others).collect()
}

fn identifiers(field: Value<'_>, definition: &RepositoryDefinition) -> Identifiers {
    let mut found = Identifiers::default();
    let mut is_medical_record = false;
    for id in field.repetitions().take(ID_LIMIT).filter(|id| !id.component(1).is_empty()) {
        let kind = id.component(5).text();
        if kind == "JHN" {
            health_card(id, &mut found);
            continue;
        }
        let issued = IssuedId { issuer: issuer(id, definition), value: Phi::new(id.component(1).text()) };
        // The first id is the patient's own, unless a later one says that it is the medical record number.
        let better = found.record_number.is_none() || (kind == "MR" && !is_medical_record);
        is_medical_record |= kind == "MR";
        let demoted = if better { found.record_number.replace(issued) } else { Some(issued) };
        found.others.extend(demoted);
    }
    found
}

/// CX-4: the namespace, else the universal id, by the name that the registry has for it; the source's own issuer where the message
/// names none.
fn issuer(id: Value<'_>, definition: &RepositoryDefinition) -> String {
    let authority = id.component(4);
    let named = [1, 2].map(|part| authority.subcomponent(part).text()).into_iter().find(|name| !name.is_empty());
    named.map_or_else(|| definition.patient_id_issuer.clone(), |name| definition.issuer(&name).to_owned())
}

/// A health card: number in CX-1, version code in CX-2, jurisdiction in CX-9. Ontario's, when valid, is the patient's health number;
/// another province's, or one whose check digit is wrong, is an identifier like others and links nobody.
fn health_card(id: Value<'_>, found: &mut Identifiers) {
    let jurisdiction = id.component(9).subcomponent(1).text();
    let authority = [1, 2].map(|part| id.component(4).subcomponent(part).text());
    let ontario = jurisdiction == ONTARIO
        || (jurisdiction.is_empty() && authority.iter().all(|name| name.is_empty() || name == HEALTH_NUMBER_OID));
    let number = id.component(1).text();
    let card = ontario.then(|| HealthNumber::parse(&number, &version_code(id))).flatten();
    match card {
        Some(card) if found.health_number.is_none() => found.health_number = Some(card),
        Some(card) if found.health_number.as_ref().is_some_and(|first| first.number == card.number) => {}
        _ => {
            let named = [jurisdiction, authority[0].clone(), authority[1].clone()];
            let issuer = named.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "JHN".to_owned());
            found.others.push(IssuedId { issuer, value: Phi::new(number) });
        }
    }
}

/// Zero to two letters; anything else in CX-2 is a check digit of another scheme.
fn version_code(id: Value<'_>) -> String {
    let code = id.component(2).text();
    if code.len() <= 2 && code.bytes().all(|b| b.is_ascii_alphabetic()) { code } else { String::new() }
}

/// PID-5: the first name of each representation (XPN-8: alphabetic, ideographic, phonetic), the legal one before others.
fn names(field: Value<'_>) -> PersonName {
    let mut name = PersonName::default();
    let mut legal = false;
    for part in field.repetitions().take(ID_LIMIT) {
        let text = person_name([1, 2, 3, 5, 4].map(|component| part.component(component)));
        let is_legal = part.component(7).text() == "L";
        match part.component(8).text().as_str() {
            "I" if name.ideographic.is_empty() => name.ideographic = text,
            "P" if name.phonetic.is_empty() => name.phonetic = text,
            "I" | "P" => {}
            _ if name.alphabetic.is_empty() || (is_legal && !legal) => {
                name.alphabetic = text;
                legal = is_legal;
            }
            _ => {}
        }
    }
    name
}

/// Family, given, middle, prefix and suffix as a DICOM name. Delimiters of DICOM within them become spaces.
pub(crate) fn person_name(parts: [Value<'_>; 5]) -> String {
    let clean = |part: Value<'_>| part.subcomponent(1).text().replace(['^', '=', '\\', '\n', '\r'], " ");
    parts.map(clean).join("^").trim_end_matches('^').to_owned()
}

/// HL7 table 0001 as DICOM's M, F and O.
fn sex(code: &str) -> Option<&'static str> {
    match code {
        "M" => Some("M"),
        "F" => Some("F"),
        "O" | "A" => Some("O"),
        _ => None,
    }
}
