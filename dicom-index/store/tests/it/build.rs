//! Studies, series, instances and queries for the tests, each with as little as it takes.

use index_model::{
    FrameIndex, HealthNumber, InstanceEntry, InstanceRecord, IssuedId, PatientRecord, PersonName, Phi, RepositoryCode,
    RepositoryDefinition, SeriesRecord, StudyRecord, Uid,
};
use index_query::{Level, Parsed, parse};
use index_store::{Found, NewInstance, SearchFilter, Store, StudyRow};

pub(crate) const NOW: i64 = 1_800_000_000_000;

pub(crate) fn code(text: &str) -> RepositoryCode {
    RepositoryCode::parse(text).unwrap()
}

pub(crate) fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

pub(crate) fn definition(repository: &str, region: &str) -> RepositoryDefinition {
    let text = format!(
        r#"{{"code": "{repository}", "name": "{repository}", "region": "{region}", "protocol": "push",
        "patientIdIssuer": "{repository}", "push": {{"callingAeTitles": []}}}}"#
    );
    serde_json::from_str(&text).unwrap()
}

pub(crate) async fn repository(store: &Store, repository: &str, region: &str) -> RepositoryCode {
    assert!(store.insert_repository(&definition(repository, region), NOW).await.unwrap());
    code(repository)
}

/// Two repositories in two regions.
pub(crate) async fn two(store: &Store) -> (RepositoryCode, RepositoryCode) {
    (repository(store, "neodin", "north").await, repository(store, "swodin", "southwest").await)
}

pub(crate) fn issued(issuer: &str, value: &str) -> IssuedId {
    IssuedId { issuer: issuer.into(), value: Phi::new(value.into()) }
}

/// `issuer/id`, name, birth date; empty text for what is not given.
pub(crate) fn patient(id: &str, name: &str, birth_date: &str) -> PatientRecord {
    PatientRecord {
        patient_id: id.split_once('/').map(|(issuer, id)| issued(issuer, id)),
        patient_name: PersonName::parse(name),
        patient_birth_date: (!birth_date.is_empty()).then(|| Phi::new(birth_date.into())),
        ..PatientRecord::default()
    }
}

pub(crate) fn with_number(mut patient: PatientRecord, number: &str, sex: &str) -> PatientRecord {
    patient.health_number = HealthNumber::parse(number, "");
    assert!(patient.health_number.is_some());
    patient.patient_sex = Some(sex.into());
    patient
}

pub(crate) fn study(study_uid: &str, patient: PatientRecord, date: &str) -> StudyRecord {
    let mut study = StudyRecord::new(uid(study_uid));
    study.patient = patient;
    study.study_date = (!date.is_empty()).then(|| date.into());
    study
}

pub(crate) fn jane() -> PatientRecord {
    patient("neodin/A1", "DOE^JANE", "19700101")
}

pub(crate) fn series(series_uid: &str, modality: &str, instances: u32) -> SeriesRecord {
    let mut series = SeriesRecord::new(uid(series_uid));
    series.modality = Some(modality.into());
    series.number_of_series_related_instances = (instances > 0).then_some(instances);
    series
}

/// An instance; `bytes` stands for its content, empty when only the header is known.
pub(crate) fn instance(
    repository: &RepositoryCode,
    study: &StudyRecord,
    series_uid: &str,
    sop: &str,
    bytes: &str,
) -> NewInstance {
    let entry = InstanceEntry {
        instance: InstanceRecord {
            sop_instance_uid: uid(sop),
            sop_class_uid: uid("1.2.840.10008.5.1.4.1.1.2"),
            transfer_syntax_uid: "1.2.840.10008.1.2.1".into(),
            instance_number: Some(1),
            number_of_frames: 1,
        },
        metadata: serde_json::value::RawValue::from_string("{}".into()).unwrap(),
        frames: FrameIndex::None,
        size_bytes: 100,
        sha256: bytes.into(),
        object: (!bytes.is_empty()).then(|| format!("objects/{bytes}/{repository}")),
        remote: None,
    };
    NewInstance {
        repository: repository.clone(),
        study: study.clone(),
        series: series(series_uid, "CT", 0),
        entry: std::sync::Arc::new(entry),
        small: None,
        fetched: false,
    }
}

/// Searches studies as a client writes it: `PatientName=DOE*&limit=2`.
pub(crate) async fn search(store: &Store, text: &str, filter: &SearchFilter) -> Found<StudyRow> {
    let pairs: Vec<(String, String)> = text
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let Parsed { query, .. } = parse(Level::Study, &pairs).unwrap();
    store.search_studies(&query, filter).await.unwrap()
}

/// The last component of the UIDs found, in order.
pub(crate) async fn found(store: &Store, text: &str) -> String {
    let found = search(store, text, &SearchFilter::default()).await;
    assert!(found.unsupported.is_empty(), "every key of {text} has a column");
    tails(&found.rows)
}

pub(crate) fn tails(rows: &[StudyRow]) -> String {
    let tail = |row: &StudyRow| row.study.study_instance_uid.as_str().rsplit('.').next().unwrap_or_default().to_owned();
    rows.iter().map(tail).collect::<Vec<_>>().join(" ")
}

/// Whoever may see everything.
pub(crate) fn all() -> SearchFilter {
    SearchFilter::default()
}
