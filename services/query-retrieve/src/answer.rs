//! Matches as identifiers: of what was asked for, what is known, and what every answer has (PS3.4 §C.4.1.1.3.2).

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dimse::identifier::{Attributes, Identifier, QUERY_RETRIEVE_LEVEL, Value, vr_of};
use index_model::{IssuedId, PatientRecord, PersonName, Uid};
use registry::{Header, InstanceRow, PatientRow, SeriesRow, StudyRow};

use crate::asked::{Asked, Wanted};
use crate::json;

/// What every answer says, whatever was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common<'a> {
    pub(crate) own_ae: &'a str,
    /// Whether it can be retrieved now.
    pub(crate) available: bool,
}

/// An answer, and whether everything that was asked for is supported at its level.
pub(crate) struct Answered {
    pub(crate) identifier: Identifier,
    pub(crate) whole: bool,
}

/// The answer with what `known` has of what was asked for.
pub(crate) fn answer(asked: &Asked, mut known: Attributes, common: Common<'_>) -> Answered {
    let mut whole = !asked.ignored;
    let mut out = Attributes::new();
    common_attributes(&mut known, common);
    for wanted in &asked.wanted {
        let (vr, value) = match known.get(&wanted.tag) {
            Some((vr, value)) => (*vr, within(wanted, value)),
            None => {
                whole = false;
                (if wanted.within.is_some() { VR::SQ } else { vr_of(wanted.tag) }, nothing(wanted))
            }
        };
        out.insert(wanted.tag, (vr, value));
    }
    let levels = asked.model.levels().iter().filter(|level| **level <= asked.level);
    let unique = levels.map(|level| level.unique_key());
    let always = [tags::SPECIFIC_CHARACTER_SET, tags::RETRIEVE_AE_TITLE, tags::INSTANCE_AVAILABILITY];
    for tag in always.into_iter().chain(unique) {
        if let Some(attribute) = known.remove(&tag) {
            out.insert(tag, attribute);
        }
    }
    out.insert(QUERY_RETRIEVE_LEVEL, (VR::CS, Value::Text(asked.level.term().into())));
    Answered { identifier: Identifier(out), whole }
}

fn common_attributes(out: &mut Attributes, common: Common<'_>) {
    text(out, tags::SPECIFIC_CHARACTER_SET, Some("ISO_IR 192"));
    text(out, tags::RETRIEVE_AE_TITLE, Some(common.own_ae));
    text(out, tags::INSTANCE_AVAILABILITY, Some(if common.available { "ONLINE" } else { "UNAVAILABLE" }));
}

/// Of the items of a sequence, what was asked for.
fn within(wanted: &Wanted, value: &Value) -> Value {
    let (Some(inner), Value::Items(items)) = (&wanted.within, value) else { return value.clone() };
    if inner.is_empty() {
        return value.clone();
    }
    let select = |item: &Attributes| {
        let one =
            |tag: &Tag| (*tag, item.get(tag).cloned().unwrap_or_else(|| (vr_of(*tag), Value::Text(String::new()))));
        inner.iter().map(one).collect()
    };
    Value::Items(items.iter().map(select).collect())
}

fn nothing(wanted: &Wanted) -> Value {
    if wanted.within.is_some() { Value::Items(Vec::new()) } else { Value::Text(String::new()) }
}

fn text(out: &mut Attributes, tag: Tag, value: Option<&str>) {
    out.insert(tag, (vr_of(tag), Value::Text(value.unwrap_or_default().to_owned())));
}

fn number(out: &mut Attributes, tag: Tag, value: Option<i64>) {
    text(out, tag, value.map(|value| value.to_string()).as_deref());
}

fn name(out: &mut Attributes, tag: Tag, value: &PersonName) {
    text(out, tag, Some(&value.to_dicom()));
}

fn items(out: &mut Attributes, tag: Tag, items: impl IntoIterator<Item = Attributes>) {
    out.insert(tag, (VR::SQ, Value::Items(items.into_iter().collect())));
}

/// What is known of a patient: the keys of the patient level that are supported.
pub fn patient_keys(row: &PatientRow) -> Attributes {
    let mut out = patient(&row.patient);
    number(&mut out, tags::NUMBER_OF_PATIENT_RELATED_STUDIES, Some(row.number_of_studies.into()));
    number(&mut out, tags::NUMBER_OF_PATIENT_RELATED_SERIES, Some(row.number_of_series.into()));
    number(&mut out, tags::NUMBER_OF_PATIENT_RELATED_INSTANCES, Some(row.number_of_instances.into()));
    out
}

fn patient(patient: &PatientRecord) -> Attributes {
    let mut out = Attributes::new();
    let id = patient.patient_id.as_ref();
    name(&mut out, tags::PATIENT_NAME, &patient.patient_name);
    text(&mut out, tags::PATIENT_ID, id.map(|id| id.value.expose().as_str()));
    text(&mut out, tags::ISSUER_OF_PATIENT_ID, id.map(|id| id.issuer.as_str()));
    items(&mut out, tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE, id.filter(|id| is_oid(&id.issuer)).map(issuer));
    items(&mut out, tags::OTHER_PATIENT_I_DS_SEQUENCE, patient.other_patient_ids.iter().map(other_id));
    text(&mut out, tags::PATIENT_BIRTH_DATE, patient.patient_birth_date.as_ref().map(|date| date.expose().as_str()));
    text(&mut out, tags::PATIENT_SEX, patient.patient_sex.as_deref());
    out
}

fn other_id(id: &IssuedId) -> Attributes {
    let mut out = Attributes::new();
    text(&mut out, tags::PATIENT_ID, Some(id.value.expose()));
    text(&mut out, tags::ISSUER_OF_PATIENT_ID, Some(&id.issuer));
    out
}

/// Who issued an identifier: PS3.3 table 10-17 (hierarchic designator).
fn issuer(id: &IssuedId) -> Attributes {
    let mut out = Attributes::new();
    if is_oid(&id.issuer) {
        text(&mut out, tags::UNIVERSAL_ENTITY_ID, Some(&id.issuer));
        text(&mut out, tags::UNIVERSAL_ENTITY_ID_TYPE, Some("ISO"));
    } else {
        text(&mut out, tags::LOCAL_NAMESPACE_ENTITY_ID, Some(&id.issuer));
    }
    out
}

fn is_oid(issuer: &str) -> bool {
    issuer.contains('.') && Uid::parse(issuer).is_ok()
}

/// What is known of a study and its patient: the keys of the study level that are supported.
pub fn study_keys(row: &StudyRow) -> Attributes {
    let study = &row.study;
    let mut out = patient(&study.patient);
    let accession = study.accession_number.as_ref();
    text(&mut out, tags::STUDY_INSTANCE_UID, Some(study.study_instance_uid.as_str()));
    text(&mut out, tags::STUDY_DATE, study.study_date.as_deref());
    text(&mut out, tags::STUDY_TIME, study.study_time.as_deref());
    text(&mut out, tags::ACCESSION_NUMBER, accession.map(|id| id.value.expose().as_str()));
    items(&mut out, tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE, accession.map(issuer));
    text(&mut out, tags::MODALITIES_IN_STUDY, Some(&row.modalities.join("\\")));
    text(&mut out, tags::INSTITUTION_NAME, study.institution_name.as_deref());
    name(&mut out, tags::REFERRING_PHYSICIAN_NAME, &study.referring_physician_name);
    text(&mut out, tags::TIMEZONE_OFFSET_FROM_UTC, study.timezone_offset_from_utc.as_deref());
    text(&mut out, tags::STUDY_DESCRIPTION, study.study_description.as_deref());
    text(&mut out, tags::STUDY_ID, study.study_id.as_ref().map(|id| id.expose().as_str()));
    number(&mut out, tags::NUMBER_OF_STUDY_RELATED_SERIES, Some(row.number_of_series.into()));
    number(&mut out, tags::NUMBER_OF_STUDY_RELATED_INSTANCES, Some(row.number_of_instances.into()));
    out
}

/// SOPClassesInStudy, an optional key of the study level alone (PS3.4 table C.6-2), where it was asked for; without a value where no header of
/// the study is known.
pub(crate) fn sop_classes(header: Option<&Header>, wanted: &[Wanted]) -> Option<(Tag, (VR, Value))> {
    let tag = tags::SOP_CLASSES_IN_STUDY;
    let none = || (VR::UI, Value::Text(String::new()));
    let is_wanted = wanted.iter().any(|wanted| wanted.tag == tag);
    is_wanted.then(|| (tag, header.map_or_else(none, |header| json::attribute(header, tag))))
}

/// What is known of a series and all above it: the keys of the series level that are supported.
pub fn series_keys(row: &SeriesRow) -> Attributes {
    let mut out = study_keys(&row.study);
    series(&mut out, row);
    out
}

fn series(out: &mut Attributes, row: &SeriesRow) {
    let series = &row.series;
    text(out, tags::SERIES_INSTANCE_UID, Some(series.series_instance_uid.as_str()));
    text(out, tags::MODALITY, series.modality.as_deref());
    number(out, tags::SERIES_NUMBER, series.series_number);
    text(out, tags::SERIES_DESCRIPTION, series.series_description.as_deref());
    text(out, tags::BODY_PART_EXAMINED, series.body_part_examined.as_deref());
    text(out, tags::PERFORMED_PROCEDURE_STEP_START_DATE, series.performed_procedure_step_start_date.as_deref());
    text(out, tags::PERFORMED_PROCEDURE_STEP_START_TIME, series.performed_procedure_step_start_time.as_deref());
    number(out, tags::NUMBER_OF_SERIES_RELATED_INSTANCES, Some(row.number_of_instances.into()));
    let requests = series.requests().into_iter().map(|request| {
        let mut item = Attributes::new();
        text(&mut item, tags::SCHEDULED_PROCEDURE_STEP_ID, request.scheduled_procedure_step_id.as_deref());
        text(&mut item, tags::REQUESTED_PROCEDURE_ID, request.requested_procedure_id.as_deref());
        item
    });
    items(out, tags::REQUEST_ATTRIBUTES_SEQUENCE, requests);
}

/// What is known of an instance: of its header what was asked for, and all above it. Everything that a header can have is supported.
pub fn instance_keys(row: &InstanceRow, wanted: impl IntoIterator<Item = Tag>) -> Attributes {
    let header = serde_json::from_str(row.entry.metadata.get()).unwrap_or_default();
    let mut out: Attributes = wanted.into_iter().map(|tag| (tag, json::attribute(&header, tag))).collect();
    out.append(&mut study_keys(&row.study));
    series(&mut out, &row.series);
    let instance = &row.entry.instance;
    text(&mut out, tags::SOP_INSTANCE_UID, Some(instance.sop_instance_uid.as_str()));
    text(&mut out, tags::SOP_CLASS_UID, Some(instance.sop_class_uid.as_str()));
    text(&mut out, tags::AVAILABLE_TRANSFER_SYNTAX_UID, Some(&instance.transfer_syntax_uid));
    out
}
