//! `ADT` to events of patients (ITI-8 and ITI-30 Patient Identity Management, RAD-12 Patient Update).

use index_model::{IssuedId, PatientChange, PatientEvent, PatientRecord, RepositoryDefinition, VisitKind};
use sha2::{Digest, Sha256};

use crate::content;
use crate::header::Header;
use crate::message::{Message, Segment};
use crate::patient;
use crate::refusal::{ErrorCode, Location, Refusal};
use runtime::time;

/// Merges in one message that are taken; a clean-up sends some.
const GROUP_LIMIT: usize = 256;

/// What happened to one patient.
struct Event {
    change: PatientChange,
    patient: PatientRecord,
    other: Option<IssuedId>,
    visit: Option<IssuedId>,
}

/// The events of one `ADT` message, unframed and as received: one for each patient, or for each pair of numbers that are merged.
///
/// Events after the first carry the control id with `/2`, `/3`, … appended, so that each is a message of its own to the inbox.
///
/// # Errors
/// [`Refusal`] with the acknowledgement code, the location and the rule.
pub fn parse_adt(bytes: &[u8], definition: &RepositoryDefinition) -> Result<Vec<PatientEvent>, Refusal> {
    let header = content::header(bytes)?;
    let (text, charset) = content::text(bytes, &header, definition)?;
    let message = content::message(&text, charset)?;
    let events = events(&message, &header, definition)?;
    let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let recorded = |segment: &str, field: usize| {
        let value = message.segment(segment)?.field(field).component(1).text();
        time::instant_ms(&value, time::zone(&definition.time_zone))
    };
    let recorded_ms = recorded("EVN", 2).or_else(|| recorded("MSH", 7));
    let event = |(number, event): (usize, Event)| PatientEvent {
        message_control_id: content::control_id(&header.control_id, number),
        message_sha256: sha256.clone(),
        change: event.change,
        patient: event.patient,
        other: event.other,
        visit: event.visit,
        recorded_ms,
    };
    Ok(events.into_iter().enumerate().map(event).collect())
}

fn events(message: &Message<'_>, header: &Header, definition: &RepositoryDefinition) -> Result<Vec<Event>, Refusal> {
    match header.trigger_event.as_str() {
        "A40" => merges(message, definition),
        "A43" | "A47" => {
            let events = merges(message, definition)?.into_iter();
            Ok(events.map(|event| Event { change: PatientChange::Renumber, ..event }).collect())
        }
        "A44" => moves(message, definition, VisitKind::Account),
        "A45" => moves(message, definition, VisitKind::Visit),
        "A37" => unlink(message, definition).map(|event| vec![event]),
        _ => {
            let pid = message.segment("PID").ok_or(NO_PATIENT)?;
            let patient = numbered(pid, 1, definition)?;
            Ok(vec![Event { change: PatientChange::Update, patient, other: None, visit: None }])
        }
    }
}

/// Each MRG is of the PID before it, and pairs with it by issuer.
fn merges(message: &Message<'_>, definition: &RepositoryDefinition) -> Result<Vec<Event>, Refusal> {
    pairs(message, definition, &|_, _| Ok(None))
}

/// Each MRG names a visit, or an account, that is another patient's than was thought (HL7 v2.5 §3.3.44, §3.3.45).
fn moves(message: &Message<'_>, definition: &RepositoryDefinition, kind: VisitKind) -> Result<Vec<Event>, Refusal> {
    let (field, text) = match kind {
        VisitKind::Visit => (5, "the number of the visit that is moved is missing"),
        VisitKind::Account => (3, "the number of the account that is moved is missing"),
    };
    let visit = |mrg: Segment<'_>, occurrence| match patient::number(mrg.field(field), definition) {
        Some(number) => Ok(Some(number)),
        None => {
            let at = Location::field_of("MRG", occurrence, field);
            Err(Refusal::error(ErrorCode::RequiredFieldMissing, at, text))
        }
    };
    let events = pairs(message, definition, &visit)?.into_iter();
    Ok(events.map(|event| Event { change: PatientChange::Move(kind), ..event }).collect())
}

/// What is read of an MRG segment beside the number of its patient; its occurrence goes with it.
type OfMrg<'f> = dyn Fn(Segment<'_>, usize) -> Result<Option<IssuedId>, Refusal> + 'f;

fn pairs(message: &Message<'_>, definition: &RepositoryDefinition, of: &OfMrg<'_>) -> Result<Vec<Event>, Refusal> {
    let mut events = Vec::new();
    let (mut survivor, mut pids, mut mrgs) = (None, 0, 0);
    for segment in message.segments() {
        match segment.name() {
            "PID" => {
                pids += 1;
                survivor = Some(numbered(*segment, pids, definition)?);
            }
            "MRG" => {
                mrgs += 1;
                let at = Location::field_of("MRG", mrgs, 1);
                let survivor = survivor.as_ref().ok_or(NO_PATIENT)?;
                let (before, visit) = (events.len(), of(*segment, mrgs)?);
                let mut others = patient::numbers(segment.field(1), definition);
                if visit.is_some() {
                    // A visit is of one patient, by whichever number.
                    others.retain(|other| pair(survivor, other.clone()).is_some());
                    others.truncate(1);
                }
                for other in others {
                    events.extend(pair(survivor, other).map(|event| Event { visit: visit.clone(), ..event }));
                }
                if events.len() == before {
                    let none = "no number of the patient is of the issuer of the merged one";
                    return Err(Refusal::error(ErrorCode::UnknownKey, at, none));
                }
            }
            _ => {}
        }
    }
    match events.len() {
        0 => Err(missing("MRG", "the merged patient is missing")),
        1..=GROUP_LIMIT => Ok(events),
        _ => Err(missing("MRG", "too many merges in one message")),
    }
}

/// The survivor by their number of the same issuer.
fn pair(survivor: &PatientRecord, other: IssuedId) -> Option<Event> {
    let mut numbers: Vec<IssuedId> = survivor.patient_id.iter().chain(&survivor.other_patient_ids).cloned().collect();
    let at = numbers.iter().position(|id| id.issuer == other.issuer)?;
    let patient_id = Some(numbers.remove(at));
    let patient = PatientRecord { patient_id, other_patient_ids: numbers, ..survivor.clone() };
    Some(Event { change: PatientChange::Merge, patient, other: Some(other), visit: None })
}

/// Two PID segments: the numbers that are no longer linked.
fn unlink(message: &Message<'_>, definition: &RepositoryDefinition) -> Result<Event, Refusal> {
    let mut pids = message.segments().iter().filter(|segment| segment.name() == "PID");
    let (one, two) = (pids.next().ok_or(NO_PATIENT)?, pids.next().ok_or(NO_SECOND)?);
    let patient = numbered(*one, 1, definition)?;
    let second = numbered(*two, 2, definition)?;
    let numbers = second.patient_id.iter().chain(&second.other_patient_ids).cloned();
    let pair = numbers.filter_map(|other| pair(&patient, other)).next();
    let none = Refusal::error(
        ErrorCode::UnknownKey,
        Location::field_of("PID", 2, 3),
        "the two patients have no numbers of one issuer",
    );
    pair.map(|event| Event { change: PatientChange::Unmerge, ..event }).ok_or(none)
}

/// A patient with a number of their own: a health card alone names nobody's record.
fn numbered(pid: Segment<'_>, occurrence: usize, definition: &RepositoryDefinition) -> Result<PatientRecord, Refusal> {
    let patient = patient::read(pid, definition)?;
    if patient.patient_id.is_some() {
        return Ok(patient);
    }
    let at = Location::field_of("PID", occurrence, 3);
    Err(Refusal::error(ErrorCode::RequiredFieldMissing, at, "the patient has no record number"))
}

const NO_PATIENT: Refusal = missing("PID", "the patient segment is missing");
const NO_SECOND: Refusal = missing("PID", "the second patient segment is missing");

const fn missing(segment: &'static str, text: &'static str) -> Refusal {
    Refusal::error(ErrorCode::SegmentSequence, Location::segment(segment), text)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use index_model::{PatientChange, PatientEvent, RepositoryDefinition, VisitKind};

    use super::parse_adt;
    use crate::refusal::{ErrorCode, Refusal};

    fn parse(trigger: &str, segments: &str) -> Result<Vec<PatientEvent>, Refusal> {
        let definition: RepositoryDefinition = serde_json::from_value(serde_json::json!({
            "code": "north", "name": "North", "region": "North", "protocol": "push", "patientIdIssuer": "NORTH",
            "push": { "callingAeTitles": [] }
        }))
        .unwrap();
        let text = format!(
            "MSH|^~\\&|HIS|0001|DICS|ON|20260110||ADT^{trigger}|E1|P|2.5\rEVN||20260110093000-0500\r{segments}"
        );
        parse_adt(text.as_bytes(), &definition)
    }

    fn pairs(events: &[PatientEvent]) -> Vec<(String, String, String)> {
        let of = |id: &index_model::IssuedId| format!("{}/{}", id.issuer, id.value.expose());
        events
            .iter()
            .map(|event| {
                let other = event.other.as_ref().map(of).unwrap_or_default();
                (event.message_control_id.clone(), of(event.patient.patient_id.as_ref().unwrap()), other)
            })
            .collect()
    }

    fn triple(a: &str, b: &str, c: &str) -> (String, String, String) {
        (a.into(), b.into(), c.into())
    }

    #[test]
    fn a_merge_pairs_numbers_by_their_issuer() {
        let two = "PID|||1^^^NORTH~7^^^CLINIC||DOE^JANE\rMRG|2^^^NORTH~8^^^CLINIC\rPID|||3^^^NORTH\rMRG|4^^^NORTH";
        let events = parse("A40", two).unwrap();
        assert!(events.iter().all(|event| event.change == PatientChange::Merge && event.recorded_ms.is_some()));
        assert_eq!(
            pairs(&events),
            [
                triple("E1", "NORTH/1", "NORTH/2"),
                triple("E1/2", "CLINIC/7", "CLINIC/8"),
                triple("E1/3", "NORTH/3", "NORTH/4")
            ]
        );
        let strange = parse("A40", "PID|||1^^^NORTH\rMRG|2^^^SOUTH").unwrap_err();
        assert_eq!(strange.code, ErrorCode::UnknownKey);
        assert_eq!(parse("A40", "PID|||1^^^NORTH").unwrap_err().code, ErrorCode::SegmentSequence);
    }

    #[test]
    fn a_moved_or_changed_number_goes_by_the_other() {
        for trigger in ["A43", "A47"] {
            let events = parse(trigger, "PID|||1^^^NORTH\rMRG|2^^^NORTH").unwrap();
            assert_eq!(pairs(&events), [triple("E1", "NORTH/1", "NORTH/2")]);
            assert_eq!(events[0].change, PatientChange::Renumber);
        }
    }

    #[test]
    fn a_moved_visit_or_account_is_named_by_its_number_and_issuer() {
        let two = "PID|||1^^^NORTH\rMRG|2^^^NORTH||ACC1^^^BILLING||V1\rPV1||I\rMRG|3^^^NORTH~4^^^NORTH||ACC2||V2";
        for (trigger, kind, numbers) in [
            ("A44", VisitKind::Account, ["BILLING/ACC1", "NORTH/ACC2"]),
            ("A45", VisitKind::Visit, ["NORTH/V1", "NORTH/V2"]),
        ] {
            let events = parse(trigger, two).unwrap();
            assert!(events.iter().all(|event| event.change == PatientChange::Move(kind)));
            assert_eq!(pairs(&events), [triple("E1", "NORTH/1", "NORTH/2"), triple("E1/2", "NORTH/1", "NORTH/3")]);
            let of =
                |event: &PatientEvent| event.visit.as_ref().map(|id| format!("{}/{}", id.issuer, id.value.expose()));
            assert_eq!(events.iter().filter_map(of).collect::<Vec<_>>(), numbers);
        }
        for (trigger, mrg) in [("A45", "MRG|2^^^NORTH||ACC1"), ("A44", "MRG|2^^^NORTH||||V1")] {
            let refused = parse(trigger, &format!("PID|||1^^^NORTH\r{mrg}")).unwrap_err();
            assert_eq!(refused.code, ErrorCode::RequiredFieldMissing, "without it, everything would be moved");
        }
        assert!(parse("A45", "PID|||1^^^NORTH\rMRG|2^^^SOUTH||||V1").is_err(), "no number of that issuer");
    }

    #[test]
    fn null_deletes_and_empty_says_nothing() {
        use index_model::Demographic as D;
        let deleted = |pid: &str| parse("A08", pid).unwrap()[0].patient.deleted.clone();
        assert_eq!(deleted("PID|||1^^^NORTH||\"\"||\"\"|\"\""), [D::Name, D::BirthDate, D::Sex]);
        assert_eq!(deleted("PID|||1^^^NORTH~\"\"^^^^JHN^^^^CANON||\"\"^JANE"), [D::Name, D::HealthNumber]);
        assert_eq!(deleted("PID|||1^^^NORTH||DOE^\"\"|||"), []);
    }

    #[test]
    fn an_unlink_names_two_patients_and_an_update_one() {
        let events = parse("A37", "PID|||1^^^NORTH\rPID|||2^^^NORTH").unwrap();
        assert_eq!(
            (events[0].change, pairs(&events)),
            (PatientChange::Unmerge, vec![triple("E1", "NORTH/1", "NORTH/2")])
        );
        assert!(parse("A37", "PID|||1^^^NORTH").is_err());
        let events = parse("A08", "PID|||1^^^NORTH~9876543217^^^JHN^JHN^^^^CANON||DOE^JANE||19700101|F").unwrap();
        assert_eq!((events[0].change, pairs(&events)), (PatientChange::Update, vec![triple("E1", "NORTH/1", "")]));
        assert!(parse("A08", "PID|||9876543217^AB^^^JHN^^^^CANON").is_err(), "a card alone is nobody's record");
    }
}
