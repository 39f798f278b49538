//! New rows of studies and of their copies, several in one statement.

use std::collections::HashMap;

use index_model::{IssuedId, StudyRecord};
use index_query::text::{closed_group, folded, name_words, time_begin};

use super::super::other_ids;
use super::super::patient::Placed;
use super::super::sounds;
use super::super::work::Work;
use super::super::{test_patients, undated};
use crate::StoreError;
use crate::engine::{Sql, Value, json};

/// Rows of one statement, of some twenty values each.
const CHUNK: usize = 100;

/// A column of `study` that is searched, and its value.
pub(super) fn columns(record: &StudyRecord) -> [(&'static str, Value); 14] {
    let patient = &record.patient;
    let name = &patient.patient_name;
    let text = |text: &Option<String>| Value::from(folded(text.as_deref().unwrap_or_default()));
    [
        ("patient_name", closed_group(&name.alphabetic).into()),
        ("patient_name_ideographic", closed_group(&name.ideographic).into()),
        ("patient_name_phonetic", closed_group(&name.phonetic).into()),
        ("patient_words", name_words(name).into()),
        ("patient_birth_date", patient.patient_birth_date.as_ref().map_or("", |date| date.expose()).into()),
        ("patient_sex", patient.patient_sex.as_deref().unwrap_or_default().into()),
        ("study_date", record.study_date.as_deref().unwrap_or_default().into()),
        ("study_time", time_begin(record.study_time.as_deref().unwrap_or_default()).unwrap_or_default().into()),
        ("study_id", record.study_id.as_ref().map_or("", |id| id.expose()).into()),
        ("study_description", text(&record.study_description)),
        ("institution_name", text(&record.institution_name)),
        ("referring_name", closed_group(&record.referring_physician_name.alphabetic).into()),
        ("referring_words", name_words(&record.referring_physician_name).into()),
        ("study_instance_uid", record.study_instance_uid.as_str().into()),
    ]
}

/// Issuer and value.
pub(super) fn issued(number: Option<&IssuedId>) -> (&str, &str) {
    number.map_or(("", ""), |id| (id.issuer.as_str(), id.value.expose().trim()))
}

/// Makes union studies, no two of one UID, as they are shown; their keys in the order given.
pub(in crate::index) async fn insert(
    work: &mut Work<'_>,
    studies: &[(&StudyRecord, Placed)],
) -> Result<Vec<i64>, StoreError> {
    let mut keys: HashMap<String, i64> = HashMap::with_capacity(studies.len());
    for chunk in studies.chunks(CHUNK) {
        let mut sql = Sql::new("INSERT INTO study (person_key, patient_key, created_ms, updated_ms, record");
        let names = chunk.first().map(|(record, _)| columns(record)).into_iter().flatten().map(|(name, _)| name);
        names.for_each(|name| {
            sql.push(", ").push(name);
        });
        sql.push(") VALUES ");
        for (i, (record, placed)) in chunk.iter().enumerate() {
            sql.push(if i == 0 { "(" } else { ", (" });
            sql.list([placed.person_key, placed.patient_key, work.now_ms, work.now_ms]).push(", ");
            sql.bind(json(record)?).push(", ").list(columns(record).map(|(_, value)| value)).push(")");
        }
        sql.push(" RETURNING study_key, study_instance_uid");
        for row in work.link.rows(sql).await? {
            keys.insert(row.text(1)?, row.int(0)?);
        }
    }
    let key = |record: &StudyRecord| keys.get(record.study_instance_uid.as_str()).copied();
    let missing = || StoreError::Corrupt { what: "study" };
    let keys = studies.iter().map(|(record, _)| key(record).ok_or_else(missing)).collect::<Result<Vec<_>, _>>()?;
    keys.iter().for_each(|key| work.added(*key));
    let named: Vec<_> = keys.iter().copied().zip(studies.iter().map(|(record, _)| *record)).collect();
    sounds::insert(work.link, &named).await?;
    undated::insert(work, &named).await?;
    let placed: Vec<_> = keys.iter().zip(studies).map(|(key, (record, placed))| (*key, *record, *placed)).collect();
    test_patients::insert(work, &placed).await?;
    Ok(keys)
}

/// A copy to be made.
pub(in crate::index) struct Copy<'a> {
    pub(in crate::index) study_key: i64,
    pub(in crate::index) repository_key: i64,
    pub(in crate::index) placed: Placed,
    pub(in crate::index) record: &'a StudyRecord,
    /// Its own record, empty where it is the study's.
    pub(in crate::index) written: String,
}

/// Makes copies of studies.
pub(in crate::index) async fn insert_copies(work: &mut Work<'_>, copies: &[Copy<'_>]) -> Result<(), StoreError> {
    for chunk in copies.chunks(CHUNK) {
        let mut sql = Sql::new(
            "INSERT INTO study_copy (study_key, repository_key, patient_key, accession_number, accession_issuer, \
             placer_number, placer_issuer, declared_series, declared_instances, first_ms, record, said_patient_key, \
             admission_number, admission_issuer, move_key) VALUES ",
        );
        for (i, copy) in chunk.iter().enumerate() {
            let record = copy.record;
            let (issuer, accession) = issued(record.accession_number.as_ref());
            let (placer_issuer, placer) = issued(record.placer_order_number.as_ref());
            let (admission_issuer, admission) = issued(record.admission_id.as_ref());
            sql.tuple(
                i == 0,
                [
                    copy.study_key.into(),
                    copy.repository_key.into(),
                    copy.placed.patient_key.into(),
                    accession.into(),
                    issuer.into(),
                    placer.into(),
                    placer_issuer.into(),
                    record.number_of_study_related_series.into(),
                    record.number_of_study_related_instances.into(),
                    work.now_ms.into(),
                    copy.written.as_str().into(),
                    copy.placed.said_key.into(),
                    admission.into(),
                    admission_issuer.into(),
                    copy.placed.move_key.into(),
                ],
            );
        }
        sql.push(" RETURNING study_copy_key, study_key, repository_key");
        let mut keys = HashMap::with_capacity(chunk.len());
        for row in work.link.rows(sql).await? {
            keys.insert((row.int(1)?, row.int(2)?), row.int(0)?);
        }
        for copy in chunk {
            let key = keys.get(&(copy.study_key, copy.repository_key)).copied();
            let key = key.ok_or(StoreError::Corrupt { what: "study copy" })?;
            other_ids::insert(work.link, key, &copy.record.patient).await?;
        }
    }
    Ok(())
}
