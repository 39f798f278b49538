//! The rules by which attributes become records, the same for objects and for DICOM JSON.

use dicom_core::Tag;
use index_guard::attribute_name;
use index_model::{
    Finding, HealthNumber, IssuedId, PatientRecord, Phi, RequestAttributes, SeriesRecord, StudyRecord, Uid,
};

use crate::attributes::Attributes;
use crate::notes::{Notes, quarantine};
use crate::{Defaults, dates, tags};

/// A UID that an object can't be without.
///
/// # Errors
/// A finding when it is missing or not a UID.
pub(crate) fn required_uid(from: &impl Attributes, tag: Tag) -> Result<Uid, Finding> {
    let text = from.text(tag).ok_or_else(|| quarantine(tag, "is missing"))?;
    Uid::parse(&text).map_err(|_| quarantine(tag, "is not a unique identifier"))
}

/// The study of a header, a search answer or a manifest.
pub(crate) fn study(from: &impl Attributes, defaults: &Defaults, notes: &mut Notes) -> Result<StudyRecord, Finding> {
    let mut record = StudyRecord::new(required_uid(from, tags::STUDY_INSTANCE_UID)?);
    record.patient = patient(from, defaults, notes);
    record.study_date = date(from, tags::STUDY_DATE, notes);
    record.known_date = if record.study_date.is_none() { known_date(from, notes) } else { None };
    record.study_time = time(from, tags::STUDY_TIME, notes);
    record.accession_number = accession_number(from, defaults);
    record.placer_order_number = placer_order_number(from, defaults);
    record.admission_id = admission_id(from, defaults);
    record.original_study_uid = original_study_uid(from).filter(|uid| *uid != record.study_instance_uid);
    record.study_id = from.text(tags::STUDY_ID).map(Phi::new);
    record.study_description = from.text(tags::STUDY_DESCRIPTION);
    record.referring_physician_name = from.name(tags::REFERRING_PHYSICIAN_NAME);
    record.institution_name = from.text(tags::INSTITUTION_NAME);
    record.timezone_offset_from_utc = from.text(tags::TIMEZONE_OFFSET_FROM_UTC);
    record.modalities_in_study = from.values(tags::MODALITIES_IN_STUDY).unwrap_or_default();
    record.modalities_in_study.retain(|modality| !modality.is_empty());
    record.number_of_study_related_series = from.count(tags::NUMBER_OF_STUDY_RELATED_SERIES);
    record.number_of_study_related_instances = from.count(tags::NUMBER_OF_STUDY_RELATED_INSTANCES);
    Ok(record)
}

/// The day of a study whose header does not give it, by what is nearest to it.
fn known_date(from: &impl Attributes, notes: &mut Notes) -> Option<String> {
    let nearest = [tags::SERIES_DATE, tags::ACQUISITION_DATE, tags::CONTENT_DATE, tags::INSTANCE_CREATION_DATE];
    nearest.into_iter().find_map(|tag| date(from, tag, notes))
}

/// What the study was called before whoever imported it gave it an identifier of their own.
fn original_study_uid(from: &impl Attributes) -> Option<Uid> {
    let changes = from.items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE);
    let mut before = changes.iter().flat_map(|change| change.items(tags::MODIFIED_ATTRIBUTES_SEQUENCE));
    before.find_map(|item| Uid::parse(&item.text(tags::STUDY_INSTANCE_UID)?).ok())
}

/// The series of a header, a search answer or a manifest.
pub(crate) fn series(from: &impl Attributes, notes: &mut Notes) -> Result<SeriesRecord, Finding> {
    let mut record = SeriesRecord::new(required_uid(from, tags::SERIES_INSTANCE_UID)?);
    record.modality = from.text(tags::MODALITY);
    record.series_number = from.integer(tags::SERIES_NUMBER);
    record.series_description = from.text(tags::SERIES_DESCRIPTION);
    record.body_part_examined = from.text(tags::BODY_PART_EXAMINED);
    record.performed_procedure_step_start_date = date(from, tags::PERFORMED_PROCEDURE_STEP_START_DATE, notes);
    record.performed_procedure_step_start_time = time(from, tags::PERFORMED_PROCEDURE_STEP_START_TIME, notes);
    record.add_requests(from.items(tags::REQUEST_ATTRIBUTES_SEQUENCE).iter().map(|item| RequestAttributes {
        scheduled_procedure_step_id: item.text(tags::SCHEDULED_PROCEDURE_STEP_ID),
        requested_procedure_id: item.text(tags::REQUESTED_PROCEDURE_ID),
    }));
    record.number_of_series_related_instances = from.count(tags::NUMBER_OF_SERIES_RELATED_INSTANCES);
    Ok(record)
}

fn patient(from: &impl Attributes, defaults: &Defaults, notes: &mut Notes) -> PatientRecord {
    let mut record = PatientRecord {
        patient_id: patient_id(from, &defaults.patient_id_issuer),
        patient_name: from.name(tags::PATIENT_NAME),
        patient_birth_date: date(from, tags::PATIENT_BIRTH_DATE, notes).map(Phi::new),
        ..PatientRecord::default()
    };
    match from.text(tags::PATIENT_SEX) {
        Some(sex) if matches!(sex.as_str(), "M" | "F" | "O") => record.patient_sex = Some(sex),
        Some(_) => notes.note(tags::PATIENT_SEX, "is not M, F or O"),
        None => {}
    }
    if is_health_card(from) {
        record.health_number = record.patient_id.as_ref().and_then(|id| HealthNumber::read(id.value.expose()));
    }
    if let Some(id) = record.patient_id.as_ref().filter(|id| id.has_several_values()) {
        notes.note(tags::PATIENT_ID, "has several values");
        record.other_patient_ids.extend(id.values());
    }
    for item in from.items(tags::OTHER_PATIENT_IDS_SEQUENCE) {
        let Some(id) = item.text(tags::PATIENT_ID) else { continue };
        let number = is_health_card(&item).then(|| HealthNumber::read(&id));
        if let Some(Some(number)) = number {
            record.health_number = record.health_number.or(Some(number));
            continue;
        }
        if number.is_some() {
            notes.note(tags::OTHER_PATIENT_IDS_SEQUENCE, "has a health card number that is not valid");
        }
        record.other_patient_ids.extend(patient_id(&item, &defaults.patient_id_issuer));
    }
    record
}

/// PatientID with its issuer: IssuerOfPatientID, else the universal one of its qualifiers, else the source's.
fn patient_id(from: &impl Attributes, default_issuer: &str) -> Option<IssuedId> {
    let values = from.values(tags::PATIENT_ID)?;
    let qualified =
        || from.items(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE).first()?.text(tags::UNIVERSAL_ENTITY_ID);
    let issuer =
        || from.text(tags::ISSUER_OF_PATIENT_ID).or_else(qualified).unwrap_or_else(|| default_issuer.to_owned());
    IssuedId::of_values(values, issuer)
}

pub(crate) fn accession_number(from: &impl Attributes, defaults: &Defaults) -> Option<IssuedId> {
    let tags = (tags::ACCESSION_NUMBER, tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE);
    issued(from, tags, &defaults.accession_issuer)
}

/// The number that the department gave the order.
pub(crate) fn filler_order_number(from: &impl Attributes, defaults: &Defaults) -> Option<IssuedId> {
    issued(from, (tags::FILLER_ORDER_NUMBER, tags::ORDER_FILLER_IDENTIFIER_SEQUENCE), &defaults.accession_issuer)
}

/// The order's number, of the study itself or of the request that it answers.
fn placer_order_number(from: &impl Attributes, defaults: &Defaults) -> Option<IssuedId> {
    let tags = (tags::PLACER_ORDER_NUMBER, tags::ORDER_PLACER_IDENTIFIER_SEQUENCE);
    let read = |level: &_| issued(level, tags, &defaults.accession_issuer);
    let requests = [tags::REQUEST_ATTRIBUTES_SEQUENCE, tags::REFERENCED_REQUEST_SEQUENCE];
    read(from).or_else(|| requests.iter().find_map(|tag| from.items(*tag).first().and_then(read)))
}

/// The visit, whose number comes from where the patients' numbers do.
fn admission_id(from: &impl Attributes, defaults: &Defaults) -> Option<IssuedId> {
    issued(from, (tags::ADMISSION_ID, tags::ISSUER_OF_ADMISSION_ID_SEQUENCE), &defaults.patient_id_issuer)
}

/// A number, and who issued it: the local name, else the universal one, else the source's own.
fn issued(from: &impl Attributes, (number, issuer): (Tag, Tag), own: &str) -> Option<IssuedId> {
    let value = from.text(number)?;
    let issuers = from.items(issuer);
    let named = |item: &_| {
        Attributes::text(item, tags::LOCAL_NAMESPACE_ENTITY_ID)
            .or_else(|| Attributes::text(item, tags::UNIVERSAL_ENTITY_ID))
    };
    let issuer = issuers.first().and_then(named).unwrap_or_else(|| own.to_owned());
    Some(IssuedId { issuer, value: value.into() })
}

/// Whether the PatientID at this level is an Ontario health card number.
fn is_health_card(from: &impl Attributes) -> bool {
    if from.text(tags::ISSUER_OF_PATIENT_ID).is_some_and(|issuer| HealthNumber::is_issuer(&issuer)) {
        return true;
    }
    from.items(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE).first().is_some_and(|qualifiers| {
        match qualifiers.text(tags::UNIVERSAL_ENTITY_ID) {
            Some(issuer) => HealthNumber::is_issuer(&issuer),
            None => qualifiers.text(tags::IDENTIFIER_TYPE_CODE).as_deref() == Some(HealthNumber::TYPE),
        }
    })
}

fn date(from: &impl Attributes, tag: Tag, notes: &mut Notes) -> Option<String> {
    let text = from.text(tag)?;
    let date = dates::date(&text);
    if date.is_none() {
        notes.note_named(&attribute_name(tag), "is not a date");
    }
    date
}

fn time(from: &impl Attributes, tag: Tag, notes: &mut Notes) -> Option<String> {
    let text = from.text(tag)?;
    let time = dates::time(&text);
    if time.is_none() {
        notes.note_named(&attribute_name(tag), "is not a time of day");
    }
    time
}
