//! From matches to records: what an identifier says, with the repository's own defaults where it says nothing.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dimse::identifier::Item;
use index_model::{
    HealthNumber, IssuedId, PatientRecord, PersonName, Phi, RepositoryDefinition, RequestAttributes, SeriesRecord,
    StudyRecord, Uid,
};

/// A study, or the attribute whose value can't be used.
pub(super) fn study(item: Item<'_>, definition: &RepositoryDefinition) -> Result<StudyRecord, &'static str> {
    let uid = item.uid(tags::STUDY_INSTANCE_UID).ok_or("StudyInstanceUID")?;
    Ok(StudyRecord {
        patient: patient(item, definition),
        study_date: date(item, tags::STUDY_DATE),
        study_time: time(item, tags::STUDY_TIME),
        accession_number: item
            .text(tags::ACCESSION_NUMBER)
            .map(|value| IssuedId { issuer: accession_issuer(item, definition), value: Phi::new(value) }),
        placer_order_number: None,
        admission_id: None,
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
    let requests = item.items(tags::REQUEST_ATTRIBUTES_SEQUENCE).map(|request| RequestAttributes {
        scheduled_procedure_step_id: request.text(tags::SCHEDULED_PROCEDURE_STEP_ID),
        requested_procedure_id: request.text(tags::REQUESTED_PROCEDURE_ID),
    });
    let mut record = SeriesRecord {
        modality: item.text(tags::MODALITY),
        series_number: item.number(tags::SERIES_NUMBER),
        series_description: item.text(tags::SERIES_DESCRIPTION),
        body_part_examined: item.text(tags::BODY_PART_EXAMINED),
        performed_procedure_step_start_date: date(item, tags::PERFORMED_PROCEDURE_STEP_START_DATE),
        performed_procedure_step_start_time: time(item, tags::PERFORMED_PROCEDURE_STEP_START_TIME),
        number_of_series_related_instances: item.number(tags::NUMBER_OF_SERIES_RELATED_INSTANCES),
        ..SeriesRecord::new(uid)
    };
    record.add_requests(requests);
    Ok(record)
}

/// Peers that ignore a key answer with what was not asked for.
pub(super) fn belongs(item: Item<'_>, tag: Tag, asked: &Uid, keyword: &'static str) -> Result<(), &'static str> {
    match item.uid(tag) {
        Some(uid) if uid != *asked => Err(keyword),
        _ => Ok(()),
    }
}

fn patient(item: Item<'_>, definition: &RepositoryDefinition) -> PatientRecord {
    let mut record = PatientRecord {
        patient_id: patient_id(item, definition),
        patient_name: name(item, tags::PATIENT_NAME),
        patient_birth_date: date(item, tags::PATIENT_BIRTH_DATE).map(Phi::new),
        patient_sex: item.text(tags::PATIENT_SEX).filter(|sex| matches!(sex.as_str(), "M" | "F" | "O")),
        ..PatientRecord::default()
    };
    if is_health_card(item) {
        record.health_number = record.patient_id.as_ref().and_then(|id| HealthNumber::read(id.value.expose()));
    }
    if let Some(id) = record.patient_id.as_ref().filter(|id| id.has_several_values()) {
        record.other_patient_ids.extend(id.values());
    }
    for other in item.items(tags::OTHER_PATIENT_I_DS_SEQUENCE) {
        if is_health_card(other) {
            let number = other.text(tags::PATIENT_ID).and_then(|id| HealthNumber::read(&id));
            record.health_number = record.health_number.or(number);
        } else {
            record.other_patient_ids.extend(patient_id(other, definition));
        }
    }
    record
}

/// PatientID with its issuer: IssuerOfPatientID, else the universal one of its qualifiers, else the repository's.
fn patient_id(item: Item<'_>, definition: &RepositoryDefinition) -> Option<IssuedId> {
    let values = item.texts(tags::PATIENT_ID);
    let qualified =
        || item.items(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE).next()?.text(tags::UNIVERSAL_ENTITY_ID);
    let named = || item.text(tags::ISSUER_OF_PATIENT_ID).or_else(qualified);
    let issuer = |named: &str| definition.issuer(named).to_owned();
    IssuedId::of_values(values, || named().map_or_else(|| definition.patient_id_issuer.clone(), |named| issuer(&named)))
}

fn accession_issuer(item: Item<'_>, definition: &RepositoryDefinition) -> String {
    let issuer = item.items(tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE).next();
    let named = issuer.and_then(|issuer| {
        issuer.text(tags::LOCAL_NAMESPACE_ENTITY_ID).or_else(|| issuer.text(tags::UNIVERSAL_ENTITY_ID))
    });
    named.as_deref().map_or(definition.accession_issuer(), |named| definition.issuer(named)).to_owned()
}

/// Whether the PatientID at this level is an Ontario health card number.
fn is_health_card(item: Item<'_>) -> bool {
    if item.text(tags::ISSUER_OF_PATIENT_ID).is_some_and(|issuer| HealthNumber::is_issuer(&issuer)) {
        return true;
    }
    let qualifiers = item.items(tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE).next();
    qualifiers.is_some_and(|qualifiers| match qualifiers.text(tags::UNIVERSAL_ENTITY_ID) {
        Some(issuer) => HealthNumber::is_issuer(&issuer),
        None => qualifiers.text(tags::IDENTIFIER_TYPE_CODE).as_deref() == Some(HealthNumber::TYPE),
    })
}

fn name(item: Item<'_>, tag: Tag) -> PersonName {
    item.text(tag).map(|text| PersonName::parse(&text)).unwrap_or_default()
}

/// `YYYYMMDD`, with the dots of ACR-NEMA dropped; `None` unless it is a day of the calendar.
fn date(item: Item<'_>, tag: Tag) -> Option<String> {
    let text = item.text(tag)?.replace(['.', '-'], "");
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    (year > 0 && (1..=last).contains(&day)).then_some(text)
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
