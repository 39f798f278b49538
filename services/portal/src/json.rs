//! How rows are shown in JSON: instants in RFC 3339, empty text as null.

use index_model::PersonName;
use registry::{OpenedPatient, PersonRow, PersonState, Registry, ReportRow, ReportVersion, StudyRow, Unconfirmed};
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) fn instant(unix_ms: Option<i64>) -> Value {
    let at = unix_ms.and_then(chrono::DateTime::from_timestamp_millis);
    at.map_or(Value::Null, |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into())
}

fn text(value: &str) -> Value {
    if value.is_empty() { Value::Null } else { value.into() }
}

pub(crate) fn name(name: &PersonName) -> Value {
    json!({ "alphabetic": text(&name.alphabetic), "ideographic": text(&name.ideographic), "phonetic": text(&name.phonetic) })
}

/// What stands for a record and for the images of its studies.
#[derive(Debug, Serialize)]
pub(crate) struct States {
    #[serde(rename = "state")]
    record: String,
    images: String,
}

impl States {
    pub(crate) fn of(state: PersonState) -> Self {
        Self { record: format!("{:x}", state.record), images: format!("{:x}", state.images) }
    }
}

pub(crate) fn patient(registry: &Registry, opened: &OpenedPatient) -> Value {
    let person = &opened.person;
    let health_number = person.health_number.as_ref();
    let state = States::of(opened.state);
    json!({
        "patientKey": person.public_id,
        "state": state.record,
        "images": state.images,
        "name": name(&person.name),
        "birthDate": person.birth_date.as_ref().map(|date| date.expose()),
        "sex": person.sex,
        "healthNumber": health_number.map(|hcn| json!({ "value": hcn.number.expose(), "versionCode": hcn.version })),
        "identifiers": identifiers(registry, person),
        "studies": opened.studies.iter().map(|study| self::study(registry, study, opened)).collect::<Vec<_>>(),
        "reports": opened.reports.iter().map(report_line).collect::<Vec<_>>(),
        "missing": opened.missing.iter().map(|one| json!({
            "repository": one.repository, "name": one.name, "region": one.region, "since": instant(one.since_ms),
        })).collect::<Vec<_>>(),
    })
}

fn identifiers(registry: &Registry, person: &PersonRow) -> Vec<Value> {
    let known = person.patients.iter().filter_map(|patient| {
        let value = patient.patient_id.as_ref()?.expose();
        Some(json!({ "value": value, "issuer": patient.issuer, "region": registry.region(&patient.repository) }))
    });
    known.collect()
}

fn study(registry: &Registry, row: &StudyRow, opened: &OpenedPatient) -> Value {
    let study = &row.study;
    let about = |report: &&ReportRow| report.links.iter().any(|link| link.study_key == row.study_key);
    json!({
        "studyInstanceUid": study.study_instance_uid,
        "studyDate": study.study_date,
        "listedDate": row.listed_date,
        "studyTime": study.study_time,
        "description": study.study_description,
        "modalities": row.modalities,
        "regions": row.regions,
        "repositories": row.repositories,
        "accessionNumber": study.accession_number.as_ref().map(|accession| accession.value.expose()),
        "institution": study.institution_name,
        "numberOfSeries": row.number_of_series,
        "numberOfInstances": row.number_of_instances,
        "availability": if registry.is_available(row) { "ONLINE" } else { "UNAVAILABLE" },
        "conflict": row.conflict,
        "differingInstances": opened.differing.get(&row.study_key).copied().unwrap_or(0),
        "copyOf": opened.copies.get(&row.study_key).map(|of| json!({
            "studyInstanceUid": of.study_instance_uid, "certain": of.is_certain,
        })),
        "reports": opened.reports.iter().filter(about).map(|report| &report.public_id).collect::<Vec<_>>(),
    })
}

fn report_line(row: &ReportRow) -> Value {
    json!({
        "reportKey": row.public_id,
        "status": row.status.code(),
        "title": titled(row),
        "unconfirmed": row.unconfirmed.map(Unconfirmed::code),
        "heldUntil": instant(row.held_until_ms),
        "observed": instant(row.current.observed_ms),
        "issued": instant(row.current.issued_ms),
        "region": row.region,
        "language": text(&row.current.language),
        "studyInstanceUids": row.links.iter().map(|link| &link.study_instance_uid).collect::<Vec<_>>(),
        "evidence": row.links.iter().map(|link| link.evidence).min().map_or("none", index_model::LinkEvidence::code),
    })
}

/// A title that says itself that the report is not certain to be the patient's: wherever it stands, that stands before it.
fn titled(row: &ReportRow) -> String {
    match row.unconfirmed {
        None => row.current.title.clone(),
        Some(_) => format!("[NOT CONFIRMED / NON CONFIRM\u{c9}] {}", row.current.title),
    }
}

/// The words of a version, behind those that say that they are not certain to be of the patient.
fn words(row: &ReportRow, version: &ReportVersion) -> String {
    let text = version.record.text.expose();
    let is_silent = text.is_empty() && version.record.documents.is_empty();
    let said = match row.unconfirmed {
        _ if is_silent => return String::new(),
        _ if version.names_another => NAMES_ANOTHER,
        Some(Unconfirmed::OtherNumber) => OTHER_NUMBER,
        Some(Unconfirmed::NamesAnother) | None => return text.clone(),
    };
    format!("{said}\n\n{text}").trim_end().to_owned()
}

const NAMES_ANOTHER: &str = "NOT CONFIRMED: name and birth date in this report differ from this patient's.\n\
    NON CONFIRM\u{c9} : le nom et la date de naissance de ce compte rendu diff\u{e8}rent de ceux de ce patient.";
const OTHER_NUMBER: &str = "NOT CONFIRMED: this report came under another patient number, and its name or birth date is not this patient's.\n\
    NON CONFIRM\u{c9} : ce compte rendu est arriv\u{e9} sous un autre num\u{e9}ro de patient, et son nom ou sa date de naissance n'est pas \
    celui de ce patient.";

pub(crate) fn report(row: &ReportRow, patient: Option<String>) -> Value {
    json!({
        "reportKey": row.public_id,
        "patientKey": patient,
        "title": titled(row),
        "unconfirmed": row.unconfirmed.map(Unconfirmed::code),
        "heldUntil": instant(row.held_until_ms),
        "status": row.status.code(),
        "region": row.region,
        "studyInstanceUids": row.links.iter().map(|link| &link.study_instance_uid).collect::<Vec<_>>(),
        "versions": row.versions.iter().rev().map(|version| json!({
            "version": version.version,
            "status": version.record.status.code(),
            "issued": instant(version.record.issued_ms),
            "received": instant(Some(version.received_ms)),
            "interpreter": text(&version.record.interpreter.to_dicom()),
            "language": text(&version.record.language),
            "text": words(row, version),
            "documents": version.record.documents.iter().zip(1..).map(|(document, number)| json!({
                "number": number,
                "mediaType": document.kind.media_type(),
                "title": text(&document.title),
                "sizeBytes": document.size_bytes,
            })).collect::<Vec<_>>(),
            "object": version.record.object.as_ref().map(|object| json!({
                "studyInstanceUid": object.study_instance_uid,
                "seriesInstanceUid": object.series_instance_uid,
                "sopInstanceUid": object.sop_instance_uid,
            })),
            "current": version.version == row.version,
        })).collect::<Vec<_>>(),
    })
}
