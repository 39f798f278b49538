//! Source patients and persons: who is who, and when two turn out to be one.

use index_model::{IssuedId, PatientRecord};

use super::merge::{one_person, renew_patient};
use super::work::Work;
use crate::StoreError;
use crate::engine::{Sql, json};

/// Ids that systems give to patients whom they do not know: they tell nobody apart.
const PLACEHOLDERS: &[&str] = &["UNKNOWN", "UNK", "ANONYMOUS", "ANON", "NONE", "N/A", "NA", "TEST", "0"];

/// Where a patient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) patient_key: i64,
    pub(crate) person_key: i64,
}

/// Finds or makes the source patient that `said` names, and links them to a person when the evidence allows.
///
/// `alone` names the study or report that a patient without a usable PatientID belongs to; they are never anybody else.
pub(crate) async fn place(
    work: &mut Work<'_>,
    repository_key: i64,
    said: &PatientRecord,
    alone: &str,
) -> Result<Placed, StoreError> {
    let (issuer, id) = said.patient_id.as_ref().map_or(("", ""), |id| (id.issuer.as_str(), id.value.expose().as_str()));
    let private_to =
        if is_usable(said.patient_id.as_ref()) { String::new() } else { format!("{repository_key} {alone}") };
    let sql = Sql::new(
        "SELECT patient_key, person_key, record FROM source_patient \
         WHERE patient_id = $1 AND issuer = $2 AND private_to = $3",
    );
    let found = work.link.row(sql.arg(id).arg(issuer).arg(private_to.as_str())).await?;
    let Some(row) = found else {
        return insert(work, repository_key, said, &private_to).await;
    };
    let (placed, known) = (Placed { patient_key: row.int(0)?, person_key: row.int(1)? }, row.json::<PatientRecord>(2)?);
    let renewed = renew_patient(&known, said);
    if renewed == known {
        return Ok(placed);
    }
    let sql = Sql::new("UPDATE source_patient SET health_number = $1, record = $2 WHERE patient_key = $3");
    work.link.run(sql.arg(health_number(&renewed)).arg(json(&renewed)?).arg(placed.patient_key)).await?;
    let mut persons = linked(work, &renewed, placed.patient_key).await?;
    persons.push(placed.person_key);
    let person_key = unite(work, persons).await?;
    Ok(Placed { person_key, ..placed })
}

pub(super) fn is_usable(id: Option<&IssuedId>) -> bool {
    id.is_some_and(|id| {
        let value = id.value.expose().trim();
        !value.is_empty() && !PLACEHOLDERS.iter().any(|placeholder| value.eq_ignore_ascii_case(placeholder))
    })
}

fn health_number(patient: &PatientRecord) -> Option<&str> {
    patient.health_number.as_ref().map(|number| number.number.expose().as_str())
}

async fn insert(
    work: &mut Work<'_>,
    repository_key: i64,
    said: &PatientRecord,
    private_to: &str,
) -> Result<Placed, StoreError> {
    let persons = linked(work, said, 0).await?;
    let person_key = if persons.is_empty() { new_person(work).await? } else { unite(work, persons).await? };
    let (issuer, id) = said.patient_id.as_ref().map_or(("", ""), |id| (id.issuer.as_str(), id.value.expose().as_str()));
    let sql = Sql::new(
        "INSERT INTO source_patient (person_key, repository_key, issuer, patient_id, private_to, health_number, record) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING patient_key",
    );
    let sql = sql.arg(person_key).arg(repository_key).arg(issuer).arg(id).arg(private_to);
    let patient_key = work.link.number(sql.arg(health_number(said)).arg(json(said)?)).await?;
    Ok(Placed { patient_key, person_key })
}

async fn new_person(work: &mut Work<'_>) -> Result<i64, StoreError> {
    let sql = Sql::new("INSERT INTO person (public_id, created_ms) VALUES ($1, $2) RETURNING person_key");
    work.link.number(sql.arg(uuid::Uuid::new_v4().to_string()).arg(work.now_ms)).await
}

/// Persons whose health number, birth date and name or sex say that they are this patient.
async fn linked(work: &mut Work<'_>, patient: &PatientRecord, patient_key: i64) -> Result<Vec<i64>, StoreError> {
    let Some(number) = health_number(patient) else { return Ok(Vec::new()) };
    let sql = Sql::new(
        "SELECT person_key, record FROM source_patient WHERE health_number = $1 AND patient_key <> $2 \
         ORDER BY patient_key LIMIT 200",
    );
    let mut persons = Vec::new();
    for row in work.link.rows(sql.arg(number).arg(patient_key)).await? {
        if one_person(patient, &row.json(1)?) {
            persons.push(row.int(0)?);
        }
    }
    Ok(persons)
}

/// Makes one person of several, the oldest one; the others' public ids lead to it.
async fn unite(work: &mut Work<'_>, mut persons: Vec<i64>) -> Result<i64, StoreError> {
    persons.sort_unstable();
    persons.dedup();
    let Some((survivor, others)) = persons.split_first() else {
        return Err(StoreError::Conflict { what: "no person to unite" });
    };
    for other in others {
        absorb(work, *survivor, *other).await?;
    }
    Ok(*survivor)
}

async fn absorb(work: &mut Work<'_>, survivor: i64, other: i64) -> Result<(), StoreError> {
    let studies = Sql::new("SELECT study_key FROM study WHERE person_key = $1 LIMIT 10000").arg(other);
    for row in work.link.rows(studies).await? {
        work.changed(row.int(0)?);
    }
    for text in [
        "UPDATE source_patient SET person_key = $1 WHERE person_key = $2",
        "UPDATE study SET person_key = $1 WHERE person_key = $2",
        "UPDATE report SET person_key = $1 WHERE person_key = $2",
        "UPDATE person_alias SET person_key = $1 WHERE person_key = $2",
        "INSERT INTO person_alias (public_id, person_key) SELECT public_id, CAST($1 AS BIGINT) FROM person WHERE person_key = $2",
    ] {
        work.link.run(Sql::new(text).arg(survivor).arg(other)).await?;
    }
    work.link.run(Sql::new("DELETE FROM person WHERE person_key = $1").arg(other)).await?;
    tracing::info!(survivor, other, "persons united by health number");
    Ok(())
}
