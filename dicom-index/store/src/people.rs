//! Persons and their source patients.

use index_model::PatientRecord;

use crate::engine::{Link, Row, Sql};
use crate::locate::{code, keys, studies};
use crate::search::{LISTED_DATE, MATCHED_ORDER, Scope};
use crate::{PersonRow, SearchFilter, SourcePatientRow, Store, StoreError, StudyRow};

/// Source patients of one person in one answer.
const MAX_PATIENTS: u32 = 1_000;
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
        let mut sql = Sql::new("SELECT study_key FROM (SELECT s.study_key, s.study_time, s.study_instance_uid, ");
        sql.push(LISTED_DATE).push(
            " FROM study s WHERE s.study_key IN (SELECT c.study_key FROM study_copy c \
             JOIN source_patient p ON p.patient_key = c.patient_key WHERE p.person_key = ",
        );
        sql.bind(person_key).push(")");
        let mut link = self.read().await?;
        Scope::of(&mut link, filter).await?.write(&mut sql);
        sql.push(") m").push(MATCHED_ORDER).limit(MAX_STUDIES);
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
        sql.push(" ORDER BY person_key").limit(MAX_PERSONS);
        let mut link = self.read().await?;
        let mut persons = Vec::new();
        for key in keys(&mut link, sql).await? {
            persons.extend(person(&mut link, key).await?);
        }
        Ok(persons)
    }
}

/// A source patient with their person's public id.
pub(crate) async fn patient_of_key(
    link: &mut Link,
    patient_key: i64,
) -> Result<Vec<(String, SourcePatientRow)>, StoreError> {
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
    let mut sql = Sql::new(
        "SELECT p.patient_key, q.code, p.record FROM source_patient p \
         JOIN repository q ON q.repository_key = p.repository_key WHERE p.person_key = $1 \
         ORDER BY CASE WHEN p.survivor_key IS NULL THEN 0 ELSE 1 END, p.patient_key",
    )
    .arg(person_key);
    sql.limit(MAX_PATIENTS);
    let rows = link.rows(sql).await?;
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
