//! Source patients and persons: who is who, and when two turn out to be one.

use std::collections::HashMap;

use index_model::{IssuedId, PatientRecord, Phi, StudyRecord};

use super::doubted::are_strangers;
use super::merge::{one_person, renew_patient};
use super::work::Work;
use crate::StoreError;
use crate::engine::{Sql, json};

/// Ids that systems give to patients whom they do not know: they tell nobody apart.
const PLACEHOLDERS: &[&str] = &["UNKNOWN", "UNK", "ANONYMOUS", "ANON", "NONE", "N/A", "NA", "TEST", "0"];

/// Merges of merged numbers that are followed; nobody is registered so often.
pub(crate) const MAX_CHAIN: usize = 64;
/// What stands for a family name where there is none: such a patient is linked to nobody.
const PLACEHOLDER_NAMES: &[&str] = &["unknown", "unk", "anonymous", "anon", "test", "trauma", "unidentified"];
/// Dates that stand for an unknown one.
const PLACEHOLDER_DATES: &[&str] = &["19000101", "18000101", "00010101"];

/// Rows of one statement.
const CHUNK: usize = 400;

/// Where a patient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) patient_key: i64,
    pub(crate) person_key: i64,
    /// The patient that was named, where that number goes by `patient_key` now.
    pub(crate) said_key: Option<i64>,
    /// The move of a visit or an account by which it is `patient_key`'s.
    pub(crate) move_key: Option<i64>,
    /// Whether visits or accounts of this person were moved to another.
    pub(crate) has_moves: bool,
    /// Whether the system that keeps the demographics has told them: they are shown in place of what a study says.
    pub(crate) is_told: bool,
    /// Whether what was known of this number is of somebody else altogether.
    pub(crate) is_stranger: bool,
}

impl Placed {
    /// A patient who goes by their own number, of whom nothing was told or moved.
    fn plain(patient_key: i64, person_key: i64) -> Self {
        Self {
            patient_key,
            person_key,
            said_key: None,
            move_key: None,
            has_moves: false,
            is_told: false,
            is_stranger: false,
        }
    }
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
    place_as(work, repository_key, said, (alone, false)).await
}

/// The same of who a report or an order names. Neither keeps demographics: of somebody else altogether they change nothing.
pub(crate) async fn place_of_message(
    work: &mut Work<'_>,
    repository_key: i64,
    said: &PatientRecord,
    alone: &str,
) -> Result<Placed, StoreError> {
    place_as(work, repository_key, said, (alone, true)).await
}

async fn place_as(
    work: &mut Work<'_>,
    repository_key: i64,
    said: &PatientRecord,
    (alone, is_message): (&str, bool),
) -> Result<Placed, StoreError> {
    let (issuer, id) = issued(said);
    let private_to =
        if is_usable(said.patient_id.as_ref()) { String::new() } else { format!("{repository_key} {alone}") };
    let sql = Sql::new(
        "SELECT s.patient_key, s.person_key, s.record, s.told_ms, s.survivor_key, CASE WHEN EXISTS (SELECT 1 \
         FROM source_patient p JOIN visit_move v ON v.from_key = p.patient_key WHERE p.person_key = s.person_key \
         AND v.undone_ms IS NULL) THEN CAST(1 AS BIGINT) ELSE 0 END FROM source_patient s \
         WHERE s.patient_id = $1 AND s.issuer = $2 AND s.private_to = $3",
    );
    let found = work.link.row(sql.arg(id).arg(issuer).arg(private_to.as_str())).await?;
    let Some(row) = found else {
        return insert(work, repository_key, said, &private_to).await;
    };
    let (patient_key, person_key, known) = (row.int(0)?, row.int(1)?, row.json::<PatientRecord>(2)?);
    let (is_told, survivor_key, has_moves) = (row.opt_int(3)?.is_some(), row.opt_int(4)?, row.int(5)? == 1);
    let is_stranger = are_strangers(&known, said);
    // Demographics that were told by who keeps them stand; a study or report fills their gaps.
    let mut renewed = match (is_message && is_stranger, is_told) {
        (true, _) => known.clone(),
        (false, true) => renew_patient(said, &known),
        (false, false) => renew_patient(&known, said),
    };
    if is_stranger {
        // By the stranger's card everything under this number would become theirs at every issuer.
        renewed.health_number.clone_from(&known.health_number);
    }
    let mut placed =
        Placed { patient_key, person_key, said_key: None, move_key: None, has_moves, is_told, is_stranger };
    if renewed != known {
        placed.person_key = renew(work, &renewed, patient_key, person_key).await?;
    }
    match survivor_key {
        Some(survivor_key) => survivor(work, placed, survivor_key).await,
        None => Ok(placed),
    }
}

/// [`place`] for the patients of several studies, each new to everybody: those that are plainly known, or plainly new, together.
pub(super) async fn place_all(work: &mut Work<'_>, studies: &[(i64, &StudyRecord)]) -> Result<Vec<Placed>, StoreError> {
    let mut known = known(work, studies).await?;
    // No person can be found for who has no health number: a new one for each.
    let is_new = |patient: &PatientRecord| {
        is_usable(patient.patient_id.as_ref())
            && patient.health_number.is_none()
            && !known.contains_key(&patient.patient_id)
    };
    let mut fresh: Vec<(i64, &PatientRecord)> = Vec::new();
    for (repository_key, study) in studies.iter().filter(|(_, study)| is_new(&study.patient)) {
        if !fresh.iter().any(|(_, other)| other.patient_id == study.patient.patient_id) {
            fresh.push((*repository_key, &study.patient));
        }
    }
    for (placed, (_, record)) in insert_all(work, &fresh).await?.into_iter().zip(fresh) {
        known.insert(record.patient_id.clone(), Some((placed, record.clone())));
    }
    let mut all = Vec::with_capacity(studies.len());
    for (repository_key, study) in studies {
        let said = &study.patient;
        all.push(match known.get(&said.patient_id) {
            Some(Some((placed, record))) if renew_patient(record, said) == *record => *placed,
            _ => {
                let placed = place(work, *repository_key, said, study.study_instance_uid.as_str()).await?;
                // Its record is another now.
                known.insert(said.patient_id.clone(), None);
                placed
            }
        });
    }
    Ok(all)
}

/// A source patient with the record that is known; `None` where more than that must be looked at.
type Plain = Option<(Placed, PatientRecord)>;

/// The patients of these studies that are known, by their identifier. Who was merged, whose demographics were told or visits moved, is not plain.
async fn known(
    work: &mut Work<'_>,
    studies: &[(i64, &StudyRecord)],
) -> Result<HashMap<Option<IssuedId>, Plain>, StoreError> {
    let ids =
        studies.iter().filter_map(|(_, study)| study.patient.patient_id.as_ref()).filter(|id| is_usable(Some(id)));
    let ids: Vec<&str> = ids.map(|id| id.value.expose().as_str()).collect();
    let mut known = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let mut sql = Sql::new(
            "SELECT s.patient_key, s.person_key, s.record, s.issuer, s.patient_id, s.told_ms, s.survivor_key, \
             CASE WHEN EXISTS (SELECT 1 FROM source_patient p JOIN visit_move v ON v.from_key = p.patient_key \
             WHERE p.person_key = s.person_key AND v.undone_ms IS NULL) THEN CAST(1 AS BIGINT) ELSE 0 END \
             FROM source_patient s WHERE s.private_to = '' AND s.patient_id IN (",
        );
        sql.list(chunk.iter().copied()).push(")");
        for row in work.link.rows(sql).await? {
            let placed = Placed::plain(row.int(0)?, row.int(1)?);
            let id = IssuedId { issuer: row.text(3)?, value: Phi::new(row.text(4)?) };
            let is_plain = row.opt_int(5)?.is_none() && row.opt_int(6)?.is_none() && row.int(7)? == 0;
            known.insert(Some(id), if is_plain { Some((placed, row.json(2)?)) } else { None });
        }
    }
    Ok(known)
}

/// Makes source patients, no two of one identifier, each a person; in the order given.
async fn insert_all(work: &mut Work<'_>, fresh: &[(i64, &PatientRecord)]) -> Result<Vec<Placed>, StoreError> {
    let mut all = Vec::with_capacity(fresh.len());
    for chunk in fresh.chunks(CHUNK) {
        let mut sql = Sql::new("INSERT INTO person (public_id, created_ms) VALUES ");
        for i in 0..chunk.len() {
            sql.tuple(i == 0, [uuid::Uuid::new_v4().to_string().into(), work.now_ms.into()]);
        }
        sql.push(" RETURNING person_key");
        let persons = crate::locate::keys(work.link, sql).await?;
        let mut sql = Sql::new(
            "INSERT INTO source_patient (person_key, repository_key, issuer, patient_id, private_to, health_number, record, \
             home_person_key) VALUES ",
        );
        for (i, ((repository_key, said), person_key)) in chunk.iter().zip(&persons).enumerate() {
            let (issuer, id) = issued(said);
            let record = json(said)?.into();
            let number = health_number(said).into();
            let (person, home) = ((*person_key).into(), (*person_key).into());
            sql.tuple(
                i == 0,
                [person, (*repository_key).into(), issuer.into(), id.into(), "".into(), number, record, home],
            );
        }
        sql.push(" RETURNING patient_key, person_key");
        let mut patients = HashMap::with_capacity(chunk.len());
        for row in work.link.rows(sql).await? {
            patients.insert(row.int(1)?, row.int(0)?);
        }
        for person_key in persons {
            let patient_key =
                patients.get(&person_key).copied().ok_or(StoreError::Corrupt { what: "source patient" })?;
            all.push(Placed::plain(patient_key, person_key));
        }
    }
    Ok(all)
}

fn issued(patient: &PatientRecord) -> (&str, &str) {
    patient.patient_id.as_ref().map_or(("", ""), |id| (id.issuer.as_str(), id.value.expose().as_str()))
}

/// What is known of a patient after who keeps the demographics has told them.
pub(crate) fn renewed(known: &PatientRecord, told: &PatientRecord) -> PatientRecord {
    renew_patient(known, told)
}

/// Writes what is newly known of a source patient, and unites the persons whom it makes one; the person that they are then.
pub(crate) async fn renew(
    work: &mut Work<'_>,
    record: &PatientRecord,
    patient_key: i64,
    person_key: i64,
) -> Result<i64, StoreError> {
    let sql = Sql::new("UPDATE source_patient SET health_number = $1, record = $2 WHERE patient_key = $3");
    work.link.run(sql.arg(health_number(record)).arg(json(record)?).arg(patient_key)).await?;
    let mut persons = linked(work, record, patient_key).await?;
    persons.push(person_key);
    unite(work, persons).await
}

/// Follows a merged number to the one that it goes by.
async fn survivor(work: &mut Work<'_>, named: Placed, survivor_key: i64) -> Result<Placed, StoreError> {
    let mut next = Some(survivor_key);
    let mut placed = Placed { said_key: Some(named.patient_key), is_told: true, ..named };
    for _ in 0..MAX_CHAIN {
        let Some(patient_key) = next else { break };
        placed.patient_key = patient_key;
        let sql = Sql::new("SELECT survivor_key FROM source_patient WHERE patient_key = $1");
        let row = work.link.row(sql.arg(patient_key)).await?;
        next = row.map(|row| row.opt_int(0)).transpose()?.flatten();
    }
    Ok(placed)
}

pub(crate) fn is_usable(id: Option<&IssuedId>) -> bool {
    id.is_some_and(|id| {
        let value = id.value.expose().trim();
        !value.is_empty() && !PLACEHOLDERS.iter().any(|placeholder| value.eq_ignore_ascii_case(placeholder))
    })
}

/// Whether a record is of somebody who may be found elsewhere too: not of a test, nor of a patient whom nobody knew.
pub(super) fn is_somebody(patient: &PatientRecord) -> bool {
    let family = index_model::fold(patient.patient_name.alphabetic.split('^').next().unwrap_or_default());
    let family = family.trim().to_lowercase();
    let birth_date = patient.patient_birth_date.as_ref().map_or("", |date| date.expose().as_str());
    !PLACEHOLDER_NAMES.contains(&family.as_str()) && !PLACEHOLDER_DATES.contains(&birth_date)
}

fn health_number(patient: &PatientRecord) -> Option<&str> {
    patient.health_number.as_ref().map(|number| number.number.expose().as_str())
}

pub(crate) async fn insert(
    work: &mut Work<'_>,
    repository_key: i64,
    said: &PatientRecord,
    private_to: &str,
) -> Result<Placed, StoreError> {
    let persons = linked(work, said, 0).await?;
    let (person_key, home) = if persons.is_empty() {
        let person_key = new_person(work).await?;
        (person_key, Some(person_key))
    } else {
        (unite(work, persons).await?, None)
    };
    let (issuer, id) = issued(said);
    let sql = Sql::new(
        "INSERT INTO source_patient (person_key, repository_key, issuer, patient_id, private_to, health_number, record, \
         home_person_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING patient_key",
    );
    let sql = sql.arg(person_key).arg(repository_key).arg(issuer).arg(id).arg(private_to);
    let patient_key = work.link.number(sql.arg(health_number(said)).arg(json(said)?).arg(home)).await?;
    Ok(Placed::plain(patient_key, person_key))
}

pub(super) async fn new_person(work: &mut Work<'_>) -> Result<i64, StoreError> {
    let sql = Sql::new("INSERT INTO person (public_id, created_ms) VALUES ($1, $2) RETURNING person_key");
    work.link.number(sql.arg(uuid::Uuid::new_v4().to_string()).arg(work.now_ms)).await
}

/// Persons whose health number, birth date and name or sex say that they are this patient.
async fn linked(work: &mut Work<'_>, patient: &PatientRecord, patient_key: i64) -> Result<Vec<i64>, StoreError> {
    let Some(number) = health_number(patient).filter(|_| is_somebody(patient)) else { return Ok(Vec::new()) };
    let sql = Sql::new(
        "SELECT person_key, record FROM source_patient WHERE health_number = $1 AND patient_key <> $2 \
         ORDER BY patient_key LIMIT 200",
    );
    let mut persons = Vec::new();
    for row in work.link.rows(sql.arg(number).arg(patient_key)).await? {
        let other = row.json(1)?;
        if is_somebody(&other) && one_person(patient, &other) {
            persons.push(row.int(0)?);
        }
    }
    Ok(persons)
}

/// Makes one person of several, the oldest one. The others stay without patients, and their public ids lead to where the patients are
/// that they were made for.
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
    ] {
        work.link.run(Sql::new(text).arg(survivor).arg(other)).await?;
    }
    tracing::info!(survivor, other, "persons united by health number");
    Ok(())
}
