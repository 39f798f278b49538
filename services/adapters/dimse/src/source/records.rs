//! From matches to records: what an identifier says, with the repository's own defaults where it says nothing.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use index_model::{
    HealthNumber, IssuedId, PatientRecord, PersonName, Phi, RepositoryDefinition, SeriesRecord, StudyRecord, Uid,
};

use crate::identifier::Item;

/// OID of Ontario health card numbers, and the namespaces they are labelled with.
const HEALTH_NUMBER_ISSUERS: [&str; 5] = ["2.16.840.1.113883.4.59", "ON", "OHIP", "HCN", "ONHCN"];

/// A study, or the attribute whose value can't be used.
pub(super) fn study(item: Item<'_>, definition: &RepositoryDefinition) -> Result<StudyRecord, &'static str> {
    let uid = item.uid(tags::STUDY_INSTANCE_UID).ok_or("StudyInstanceUID")?;
    Ok(StudyRecord {
        patient: patient(item, definition),
        study_date: date(item, tags::STUDY_DATE),
        study_time: time(item, tags::STUDY_TIME),
        accession_number: item.text(tags::ACCESSION_NUMBER).map(|value| IssuedId {
            issuer: issuer(item.items(tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE).next())
                .unwrap_or_else(|| definition.accession_issuer().to_owned()),
            value: Phi::new(value),
        }),
        study_id: item.text(tags::STUDY_ID).map(Phi::new),
        study_description: item.text(tags::STUDY_DESCRIPTION),
        referring_physician_name: name(item, tags::REFERRING_PHYSICIAN_NAME),
        institution_name: item.text(tags::INSTITUTION_NAME),
        timezone_offset_from_utc: item.text(tags::TIMEZONE_OFFSET_FROM_UTC),
        modalities_in_study: item.texts(tags::MODALITIES_IN_STUDY),
        number_of_study_related_series: item.number(tags::NUMBER_OF_STUDY_RELATED_SERIES),
        number_of_study_related_instances: item.number(tags::NUMBER_OF_STUDY_RELATED_INSTANCES),
        ..StudyRecord::new(uid)
    })
}

/// A series, or the attribute whose value can't be used. A series of another study than was asked for is such a value.
pub(super) fn series(item: Item<'_>, study: &Uid) -> Result<SeriesRecord, &'static str> {
    belongs(item, tags::STUDY_INSTANCE_UID, study, "StudyInstanceUID")?;
    let uid = item.uid(tags::SERIES_INSTANCE_UID).ok_or("SeriesInstanceUID")?;
    let request = |tag| item.items(tags::REQUEST_ATTRIBUTES_SEQUENCE).find_map(|request| request.text(tag));
    Ok(SeriesRecord {
        modality: item.text(tags::MODALITY),
        series_number: item.number(tags::SERIES_NUMBER),
        series_description: item.text(tags::SERIES_DESCRIPTION),
        body_part_examined: item.text(tags::BODY_PART_EXAMINED),
        performed_procedure_step_start_date: date(item, tags::PERFORMED_PROCEDURE_STEP_START_DATE),
        performed_procedure_step_start_time: time(item, tags::PERFORMED_PROCEDURE_STEP_START_TIME),
        scheduled_procedure_step_id: request(tags::SCHEDULED_PROCEDURE_STEP_ID),
        requested_procedure_id: request(tags::REQUESTED_PROCEDURE_ID),
        number_of_series_related_instances: item.number(tags::NUMBER_OF_SERIES_RELATED_INSTANCES),
        ..SeriesRecord::new(uid)
    })
}

/// Peers that ignore a key answer with what was not asked for.
pub(super) fn belongs(item: Item<'_>, tag: Tag, asked: &Uid, keyword: &'static str) -> Result<(), &'static str> {
    match item.uid(tag) {
        Some(uid) if uid != *asked => Err(keyword),
        _ => Ok(()),
    }
}

fn patient(item: Item<'_>, definition: &RepositoryDefinition) -> PatientRecord {
    let local = item.text(tags::ISSUER_OF_PATIENT_ID);
    let qualified = || issuer(item.items(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE).next());
    let own_issuer = local.or_else(qualified).unwrap_or_else(|| definition.patient_id_issuer.clone());
    let mut health_number = None;
    let mut other_patient_ids = Vec::new();
    for other in item.items(tags::OTHER_PATIENT_I_DS_SEQUENCE) {
        let Some((value, issuer)) = other.text(tags::PATIENT_ID).zip(other.text(tags::ISSUER_OF_PATIENT_ID)) else {
            continue;
        };
        match health_card(&value, &issuer) {
            Some(number) => health_number = Some(number),
            None => other_patient_ids.push(IssuedId { issuer, value: Phi::new(value) }),
        }
    }
    PatientRecord {
        patient_id: item.text(tags::PATIENT_ID).map(|value| IssuedId { issuer: own_issuer, value: Phi::new(value) }),
        other_patient_ids,
        health_number,
        patient_name: name(item, tags::PATIENT_NAME),
        patient_birth_date: date(item, tags::PATIENT_BIRTH_DATE).map(Phi::new),
        patient_sex: item.text(tags::PATIENT_SEX).filter(|sex| matches!(sex.as_str(), "M" | "F" | "O")),
    }
}

/// Ten digits and, sometimes, the version code right after them.
fn health_card(value: &str, issuer: &str) -> Option<HealthNumber> {
    if !HEALTH_NUMBER_ISSUERS.contains(&issuer) {
        return None;
    }
    let (number, version) = value.split_at(value.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(value.len()));
    HealthNumber::parse(number, version)
}

/// The issuer that an item of a qualifiers sequence names: the local namespace, else the universal entity.
fn issuer(item: Option<Item<'_>>) -> Option<String> {
    let item = item?;
    item.text(tags::LOCAL_NAMESPACE_ENTITY_ID).or_else(|| item.text(tags::UNIVERSAL_ENTITY_ID))
}

fn name(item: Item<'_>, tag: Tag) -> PersonName {
    item.text(tag).map(|text| PersonName::parse(&text)).unwrap_or_default()
}

/// `YYYYMMDD`, with the dots of ACR-NEMA dropped; `None` for what is no date.
fn date(item: Item<'_>, tag: Tag) -> Option<String> {
    let text = item.text(tag)?.replace('.', "");
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let fits = digits && (1..=12).contains(&number(4..6)?) && (1..=31).contains(&number(6..8)?);
    fits.then_some(text)
}

/// `HHMMSS[.F]`, completed where minutes or seconds are missing, with the colons of ACR-NEMA dropped; `None` for what is no time.
fn time(item: Item<'_>, tag: Tag) -> Option<String> {
    let text = item.text(tag)?.replace(':', "");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !matches!(whole.len(), 2 | 4 | 6) || !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let mut time = format!("{whole:0<6}");
    let fits = time[..2] < *"24" && time[2..4] < *"60" && time[4..6] <= *"60";
    if !fraction.is_empty() {
        time.push('.');
        time.push_str(fraction);
    }
    fits.then_some(time)
}
