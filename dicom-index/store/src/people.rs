//! Persons and their source patients.

use index_model::{PatientRecord, Uid};

use crate::engine::{Link, Row, Sql};
use crate::locate::{code, keys, studies};
use crate::search::{ORDER, Scope};
use crate::{IdentityConflict, LeftBehind, PersonRow, SearchFilter, SourcePatientRow, Store, StoreError, StudyRow};

/// Source patients of one person in one answer.
const MAX_PATIENTS: u32 = 1_000;
/// Conflicts in one answer.
const MAX_CONFLICTS: u32 = 1_000;
/// Studies, and reports, of one move that are listed.
const MAX_LEFT_BEHIND: u32 = 100;
/// Studies of one person in one answer.
const MAX_STUDIES: u32 = 5_000;
/// Persons that share a patient id.
const MAX_PERSONS: u32 = 200;

impl Store {
    /// A person with their source patients.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn person(&self, person_key: i64) -> Result<Option<PersonRow>, StoreError> {
        person(&mut self.read().await?, person_key).await
    }

    /// A person by public id, also by one that was theirs before two persons turned out to be one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn person_by_id(&self, public_id: &str) -> Result<Option<PersonRow>, StoreError> {
        let mut link = self.read().await?;
        let sql = Sql::new(
            "SELECT p.person_key FROM person h JOIN source_patient p ON p.home_person_key = h.person_key \
             WHERE h.public_id = $1 UNION ALL SELECT person_key FROM person_alias WHERE public_id = $1 LIMIT 1",
        );
        match link.row(sql.arg(public_id)).await? {
            Some(row) => person(&mut link, row.int(0)?).await,
            None => Ok(None),
        }
    }

    /// The studies that a copy says are this person's and that the filter lets through, newest first; the first 5,000.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn studies_of_person(&self, person_key: i64, filter: &SearchFilter) -> Result<Vec<StudyRow>, StoreError> {
        let mut sql = Sql::new(
            "SELECT s.study_key FROM study s WHERE s.study_key IN (SELECT c.study_key FROM study_copy c \
             JOIN source_patient p ON p.patient_key = c.patient_key WHERE p.person_key = ",
        );
        sql.bind(person_key).push(")");
        let mut link = self.read().await?;
        Scope::of(&mut link, filter).await?.write(&mut sql);
        sql.push(ORDER).push(" LIMIT ").bind(MAX_STUDIES);
        let keys = keys(&mut link, sql).await?;
        studies(&mut link, &keys, filter).await
    }

    /// The persons that have this PatientID; of any issuer when none is given.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn persons_by_patient_id(&self, issuer: Option<&str>, id: &str) -> Result<Vec<PersonRow>, StoreError> {
        let mut sql = Sql::new("SELECT DISTINCT person_key FROM source_patient WHERE patient_id = ");
        sql.bind(id);
        if let Some(issuer) = issuer {
            sql.push(" AND issuer = ").bind(issuer);
        }
        sql.push(" ORDER BY person_key LIMIT ").bind(MAX_PERSONS);
        let mut link = self.read().await?;
        let mut persons = Vec::new();
        for key in keys(&mut link, sql).await? {
            persons.extend(person(&mut link, key).await?);
        }
        Ok(persons)
    }
}

impl Store {
    /// What somebody has to look at: health numbers that several persons have, studies that several patients have, and what is known by no
    /// visit and stayed when one moved; the latest of each first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn identity_conflicts(&self, limit: u32) -> Result<Vec<IdentityConflict>, StoreError> {
        let limit = limit.min(MAX_CONFLICTS);
        let mut link = self.read().await?;
        let shared = Sql::new(
            "SELECT a.patient_key, b.patient_key FROM source_patient a JOIN source_patient b \
             ON b.health_number = a.health_number AND b.patient_key > a.patient_key AND b.person_key <> a.person_key \
             WHERE a.health_number IS NOT NULL AND b.health_number IS NOT NULL ORDER BY b.patient_key DESC LIMIT $1",
        );
        let mut conflicts = Vec::new();
        for row in link.rows(shared.arg(limit)).await? {
            let mut patients = patient_of_key(&mut link, row.int(0)?).await?;
            patients.extend(patient_of_key(&mut link, row.int(1)?).await?);
            conflicts.push(IdentityConflict { patients, study_instance_uid: None, left_behind: None });
        }
        let studies = Sql::new(
            "SELECT study_instance_uid, patient_key FROM study WHERE conflict = 1 ORDER BY study_key DESC LIMIT $1",
        );
        for row in link.rows(studies.arg(limit)).await? {
            let uid = Uid::parse(&row.text(0)?).map_err(|_| StoreError::Corrupt { what: "study UID" })?;
            let patients = patient_of_key(&mut link, row.int(1)?).await?;
            match conflicts.iter_mut().find(|conflict| conflict.study_instance_uid.as_ref() == Some(&uid)) {
                Some(conflict) => conflict.patients.extend(patients),
                None => {
                    let study_instance_uid = Some(uid);
                    conflicts.push(IdentityConflict { patients, study_instance_uid, left_behind: None });
                }
            }
        }
        left_behind(&mut link, limit, &mut conflicts).await?;
        Ok(conflicts)
    }
}

/// Moves of visits and accounts whose patient still has something of before the move that is known by no visit at all.
async fn left_behind(link: &mut Link, limit: u32, conflicts: &mut Vec<IdentityConflict>) -> Result<(), StoreError> {
    let sql = Sql::new(
        "SELECT from_key, max(to_key), max(at_ms) FROM visit_move WHERE undone_ms IS NULL GROUP BY from_key \
         ORDER BY max(move_key) DESC LIMIT $1",
    );
    for row in link.rows(sql.arg(limit)).await? {
        let (from_key, to_key, at_ms) = (row.int(0)?, row.int(1)?, row.int(2)?);
        let studies = Sql::new(
            "SELECT DISTINCT s.study_instance_uid FROM study_copy c JOIN study s ON s.study_key = c.study_key \
             WHERE c.patient_key = $1 AND c.first_ms <= $2 AND NOT EXISTS \
             (SELECT 1 FROM study_copy_visit w WHERE w.study_copy_key = c.study_copy_key) \
             ORDER BY s.study_instance_uid LIMIT $3",
        );
        let mut left = LeftBehind::default();
        for study in link.rows(studies.arg(from_key).arg(at_ms).arg(MAX_LEFT_BEHIND)).await? {
            left.studies.push(Uid::parse(&study.text(0)?).map_err(|_| StoreError::Corrupt { what: "study UID" })?);
        }
        let reports = Sql::new(
            "SELECT o.public_id FROM report o WHERE o.patient_key = $1 AND o.received_ms <= $2 AND NOT EXISTS \
             (SELECT 1 FROM report_visit w WHERE w.report_key = o.report_key) ORDER BY o.report_key LIMIT $3",
        );
        for report in link.rows(reports.arg(from_key).arg(at_ms).arg(MAX_LEFT_BEHIND)).await? {
            left.reports.push(report.text(0)?);
        }
        if left != LeftBehind::default() {
            let mut patients = patient_of_key(link, from_key).await?;
            patients.extend(patient_of_key(link, to_key).await?);
            conflicts.push(IdentityConflict { patients, study_instance_uid: None, left_behind: Some(left) });
        }
    }
    Ok(())
}

/// A source patient with their person's public id.
async fn patient_of_key(link: &mut Link, patient_key: i64) -> Result<Vec<(String, SourcePatientRow)>, StoreError> {
    let sql = Sql::new(
        "SELECT p.patient_key, q.code, p.record, h.public_id FROM source_patient p \
         JOIN repository q ON q.repository_key = p.repository_key JOIN person h ON h.person_key = p.person_key \
         WHERE p.patient_key = $1",
    );
    link.rows(sql.arg(patient_key)).await?.iter().map(|row| Ok((row.text(3)?, source_patient(row)?))).collect()
}

async fn person(link: &mut Link, person_key: i64) -> Result<Option<PersonRow>, StoreError> {
    let sql = Sql::new("SELECT public_id FROM person WHERE person_key = $1");
    let Some(row) = link.row(sql.arg(person_key)).await? else { return Ok(None) };
    let public_id = row.text(0)?;
    let sql = Sql::new(
        "SELECT p.patient_key, q.code, p.record FROM source_patient p \
         JOIN repository q ON q.repository_key = p.repository_key WHERE p.person_key = $1 \
         ORDER BY CASE WHEN p.survivor_key IS NULL THEN 0 ELSE 1 END, p.patient_key LIMIT $2",
    );
    let rows = link.rows(sql.arg(person_key).arg(MAX_PATIENTS)).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let patients: Vec<SourcePatientRow> = rows.iter().map(source_patient).collect::<Result<_, _>>()?;
    let name = patients.iter().map(|patient| &patient.name).find(|name| !name.is_empty());
    Ok(Some(PersonRow {
        person_key,
        public_id,
        name: name.cloned().unwrap_or_default(),
        birth_date: patients.iter().find_map(|patient| patient.birth_date.clone()),
        sex: patients.iter().find_map(|patient| patient.sex.clone()),
        health_number: patients.iter().find_map(|patient| patient.health_number.clone()),
        patients,
    }))
}

fn source_patient(row: &Row) -> Result<SourcePatientRow, StoreError> {
    let record: PatientRecord = row.json(2)?;
    let (issuer, patient_id) = record.patient_id.map_or_else(Default::default, |id| (id.issuer, Some(id.value)));
    Ok(SourcePatientRow {
        patient_key: row.int(0)?,
        issuer,
        patient_id,
        name: record.patient_name,
        birth_date: record.patient_birth_date,
        sex: record.patient_sex,
        health_number: record.health_number,
        repository: code(&row.text(1)?)?,
    })
}
