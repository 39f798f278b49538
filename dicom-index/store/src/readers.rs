//! What is needed to tell who read something: our keys of it, and whose it is now.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use index_model::Uid;

use crate::engine::{Link, Row, Sql};
use crate::locate::keys;
use crate::search::Scope;
use crate::{SearchFilter, Store, StoreError};

/// Keys of one identifier.
const MOST: u32 = 1_000;
/// Studies, and reports, that the state of one person stands for.
const MOST_IN_STATE: u32 = 10_000;

/// A study or report that somebody may have read, as the index knows it now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// Our keys of the studies of that identifier.
    pub study_keys: Vec<i64>,
    /// Public ids of the report, with those of reports that were joined to it.
    pub report_ids: Vec<String>,
    /// StudyInstanceUIDs of the objects that the report came as.
    pub objects: Vec<Uid>,
    /// Source patients whose it is now.
    pub patient_keys: Vec<i64>,
}

/// What stands for a person's record at a moment, to be compared with that of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonState {
    /// For its studies, and for what its reports say.
    pub record: u64,
    /// For how many images each of its studies has.
    pub images: u64,
}

impl Store {
    /// A study by its identifier. One that is gone (rejected, taken out) has no keys any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn read_study(&self, study: &Uid) -> Result<Read, StoreError> {
        let sql = Sql::new(
            "SELECT s.study_key, c.patient_key FROM study s JOIN study_copy c ON c.study_key = s.study_key \
             WHERE s.study_instance_uid = $1 ORDER BY s.study_key LIMIT $2",
        );
        let rows = self.read().await?.rows(sql.arg(study.as_str()).arg(MOST)).await?;
        let mut read = Read::default();
        for row in rows {
            read.study_keys.push(row.int(0)?);
            read.patient_keys.push(row.int(1)?);
        }
        read.study_keys.dedup();
        Ok(read)
    }

    /// A report by any of its public ids.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn read_report(&self, public_id: &str) -> Result<Option<Read>, StoreError> {
        let mut link = self.read().await?;
        let sql = Sql::new(
            "SELECT report_key, public_id, patient_key FROM report WHERE public_id = $1 OR report_key IN \
             (SELECT report_key FROM report_alias WHERE public_id = $1)",
        );
        let Some(row) = link.row(sql.arg(public_id)).await? else { return Ok(None) };
        let report_key = row.int(0)?;
        let mut read = Read { report_ids: vec![row.text(1)?], patient_keys: vec![row.int(2)?], ..Read::default() };
        let sql = Sql::new("SELECT public_id FROM report_alias WHERE report_key = $1 LIMIT $2");
        for row in link.rows(sql.arg(report_key).arg(MOST)).await? {
            read.report_ids.push(row.text(0)?);
        }
        let sql = Sql::new("SELECT record FROM report_version WHERE report_key = $1 LIMIT $2");
        for row in link.rows(sql.arg(report_key).arg(MOST)).await? {
            let record: index_model::ReportRecord = row.json(0)?;
            read.objects.extend(record.object.map(|object| object.study_instance_uid));
        }
        read.objects.sort();
        read.objects.dedup();
        Ok(Some(read))
    }

    /// The persons and source patients that a public id stands for, or stood for before they turned out to be one; none where there is no such id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn read_person(&self, public_id: &str) -> Result<(Vec<i64>, Vec<i64>), StoreError> {
        let Some(person) = self.person_by_id(public_id).await? else { return Ok((Vec::new(), Vec::new())) };
        let mut link = self.read().await?;
        let sql = Sql::new(
            "SELECT person_key FROM person WHERE person_key = $1 OR public_id = $2 OR public_id IN \
             (SELECT public_id FROM person_alias WHERE person_key = $1) UNION SELECT home_person_key FROM source_patient \
             WHERE person_key = $1 AND home_person_key IS NOT NULL LIMIT $3",
        );
        let persons = keys(&mut link, sql.arg(person.person_key).arg(public_id).arg(MOST)).await?;
        Ok((persons, person.patients.iter().map(|patient| patient.patient_key).collect()))
    }

    /// Stands for the studies that are this person's, for what their reports say now, and for what those are tied to: another number means that
    /// an open record is not current. How many images the studies have has a number of its own.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn state_of_person(&self, person_key: i64, filter: &SearchFilter) -> Result<PersonState, StoreError> {
        let mut link = self.read().await?;
        let mut studies = Sql::new(
            "SELECT s.study_instance_uid, s.number_of_instances FROM study s WHERE s.study_key IN (SELECT c.study_key FROM study_copy c \
             JOIN source_patient p ON p.patient_key = c.patient_key WHERE p.person_key = ",
        );
        studies.bind(person_key).push(")");
        Scope::of(&mut link, filter).await?.write(&mut studies);
        studies.push(" ORDER BY s.study_instance_uid, s.study_key").limit(MOST_IN_STATE);
        let (mut state, mut images) = (DefaultHasher::new(), DefaultHasher::new());
        person_key.hash(&mut state);
        for row in link.rows(studies).await? {
            row.text(0)?.hash(&mut state);
            (row.text(0)?, row.int(1)?).hash(&mut images);
        }
        let mut reports = Sql::new(
            "SELECT o.public_id, o.current_version, o.status, o.doubt, \
             (SELECT max(d.at_ms) FROM dismissal d WHERE d.conflict = 'report-' || o.public_id), o.held_until_ms FROM report o WHERE ",
        );
        crate::reports::read::of_person(&mut reports, person_key);
        reports.push(" ORDER BY o.report_key").limit(MOST_IN_STATE);
        for row in link.rows(reports).await? {
            (row.text(0)?, row.int(1)?, row.text(2)?, row.text(3)?, row.opt_int(4)?, row.opt_int(5)?).hash(&mut state);
        }
        // Also what an operator ties or parts changes what stands beside what.
        let mut ties = Sql::new(
            "SELECT l.report_key, l.study_key, l.evidence FROM report_link l JOIN report o ON o.report_key = l.report_key WHERE ",
        );
        crate::reports::read::of_person(&mut ties, person_key);
        ties.push(" ORDER BY l.report_key, l.study_key").limit(MOST_IN_STATE);
        for row in link.rows(ties).await? {
            (row.int(0)?, row.int(1)?, row.text(2)?).hash(&mut state);
        }
        Ok(PersonState { record: state.finish(), images: images.finish() })
    }

    /// Under whom these source patients are found now, by key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn public_ids_of_patients(&self, patient_keys: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
        let mut found = HashMap::with_capacity(patient_keys.len());
        let mut link = self.read().await?;
        for chunk in patient_keys.chunks(400) {
            for row in of_patients(&mut link, chunk).await? {
                found.insert(row.int(0)?, row.text(1)?);
            }
        }
        Ok(found)
    }

    /// The same of persons.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn public_ids_of_persons(&self, person_keys: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
        let mut found = HashMap::with_capacity(person_keys.len());
        let mut link = self.read().await?;
        for chunk in person_keys.chunks(400) {
            let mut sql = Sql::new("SELECT person_key, public_id FROM person WHERE person_key IN (");
            sql.list(chunk.iter().copied()).push(")");
            for row in link.rows(sql).await? {
                found.insert(row.int(0)?, row.text(1)?);
            }
        }
        Ok(found)
    }
}

async fn of_patients(link: &mut Link, patient_keys: &[i64]) -> Result<Vec<Row>, StoreError> {
    let mut sql = Sql::new(
        "SELECT p.patient_key, h.public_id FROM source_patient p JOIN person h ON h.person_key = p.person_key \
         WHERE p.patient_key IN (",
    );
    sql.list(patient_keys.iter().copied()).push(")");
    link.rows(sql).await
}
