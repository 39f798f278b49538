//! Study copies and the union studies above them.

mod count;
pub(super) mod rows;

use std::borrow::Cow;
use std::collections::BTreeSet;

use index_model::{PatientRecord, StudyRecord, Uid};

pub(super) use self::count::count;
use self::rows::{columns, issued};
use super::doubted::{self, are_strangers};
use super::merge::{agree, fill_study, renew_patient, renew_study};
use super::patient::{self, Placed};
use super::work::Work;
use super::{Manner, other_ids, series, sounds, test_patients, undated, visits};
use crate::engine::{Link, Row, Sql, json};
use crate::{ChangeKind, StoreError};

/// One repository's copy, as it was before.
struct Copy {
    copy_key: i64,
    study_key: i64,
    repository_key: i64,
    placed: Placed,
    record: StudyRecord,
}

/// Of whom a repository lists a study, where it lists it of several.
pub(super) type Listed<'a> = &'a [&'a PatientRecord];

impl Copy {
    /// Whether it is of one of these patients.
    fn is_of(&self, patients: Listed<'_>) -> bool {
        patients.iter().any(|patient| same_patient(&self.record.patient, patient))
    }
}

/// All copies of all union studies with one StudyInstanceUID, oldest first.
struct Known(Vec<Copy>);

impl Known {
    async fn load(link: &mut Link, uid: &Uid) -> Result<Self, StoreError> {
        let sql = Sql::new(
            "SELECT c.study_copy_key, c.study_key, c.repository_key, c.patient_key, p.person_key, \
             CASE WHEN c.record = '' THEN s.record ELSE c.record END, c.said_patient_key, p.told_ms, c.move_key \
             FROM study s JOIN study_copy c ON c.study_key = s.study_key \
             JOIN source_patient p ON p.patient_key = c.patient_key \
             WHERE s.study_instance_uid = $1 ORDER BY c.study_copy_key LIMIT 1000",
        );
        let rows = link.rows(sql.arg(uid.as_str())).await?;
        let copy = |row: &Row| {
            Ok(Copy {
                copy_key: row.int(0)?,
                study_key: row.int(1)?,
                repository_key: row.int(2)?,
                placed: placed(row)?,
                record: row.json(5)?,
            })
        };
        rows.iter().map(copy).collect::<Result<_, StoreError>>().map(Self)
    }

    /// Whether a repository has this union study, under whatever local number.
    fn has(&self, study_key: i64, repository_key: i64) -> bool {
        self.0.iter().any(|copy| (copy.study_key, copy.repository_key) == (study_key, repository_key))
    }

    /// The copy that this repository speaks of: of several the one of this patient. A declaration of another patient than before is a correction,
    /// and speaks of a copy that stands for nobody of whom it lists the study besides (`listed`).
    fn own(&self, repository_key: i64, said: &StudyRecord, manner: Manner, listed: Listed<'_>) -> Option<&Copy> {
        let of_repository = || self.0.iter().filter(|copy| copy.repository_key == repository_key);
        let theirs = of_repository().find(|copy| same_patient(&copy.record.patient, &said.patient));
        match manner {
            Manner::Held => theirs,
            Manner::Declared => theirs.or_else(|| of_repository().find(|copy| !copy.is_of(listed))),
        }
    }

    /// The union study to join: of the same person, else of one who agrees, else the copy's own when it has no other copy.
    fn choose(&self, own: Option<&Copy>, placed: Placed, said: &PatientRecord) -> Option<i64> {
        let studies: BTreeSet<i64> = self.0.iter().map(|copy| copy.study_key).collect();
        let rank = |study_key: &i64| {
            let is_own = own.is_some_and(|own| own.study_key == *study_key);
            let mut others = self
                .0
                .iter()
                .filter(|copy| copy.study_key == *study_key && own.is_none_or(|own| own.copy_key != copy.copy_key));
            let fit = if others.clone().next().is_none() {
                2
            } else if others.clone().any(|copy| copy.placed.person_key == placed.person_key) {
                0
            } else if others.all(|copy| agree(&copy.record.patient, said)) {
                1
            } else {
                return None;
            };
            Some((fit, !is_own, *study_key))
        };
        studies.iter().filter_map(rank).min().map(|(.., study_key)| study_key)
    }
}

fn placed(row: &Row) -> Result<Placed, StoreError> {
    let said_key = row.opt_int(6)?;
    let is_told = said_key.is_some() || row.opt_int(7)?.is_some();
    let (patient_key, person_key, move_key) = (row.int(3)?, row.int(4)?, row.opt_int(8)?);
    Ok(Placed { patient_key, person_key, said_key, move_key, has_moves: false, is_told, is_stranger: false })
}

/// Same id from the same issuer, or nothing that speaks against it where one has none.
pub(super) fn same_patient(a: &PatientRecord, b: &PatientRecord) -> bool {
    match (&a.patient_id, &b.patient_id) {
        (Some(x), Some(y)) if patient::is_usable(Some(x)) && patient::is_usable(Some(y)) => x == y,
        _ => agree(a, b),
    }
}

/// Where what a repository says of a study is placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The union study.
    pub(super) study_key: i64,
    /// Somebody else has a study of this identifier.
    pub(super) is_disputed: bool,
}

/// Finds or makes the copy and the union study of what a repository says.
pub(super) async fn place(
    work: &mut Work<'_>,
    repository_key: i64,
    said: &StudyRecord,
    manner: Manner,
) -> Result<Place, StoreError> {
    place_listed(work, repository_key, said, manner, &[]).await
}

/// The same of a study that a repository lists of several patients.
pub(super) async fn place_listed(
    work: &mut Work<'_>,
    repository_key: i64,
    said: &StudyRecord,
    manner: Manner,
    listed: Listed<'_>,
) -> Result<Place, StoreError> {
    let known = Known::load(work.link, &said.study_instance_uid).await?;
    let study_key = place_among(work, &known, repository_key, said, (manner, listed)).await?;
    // What was known may have moved here just now, with a patient that was put right.
    let was_elsewhere = known.0.iter().any(|copy| copy.study_key != study_key);
    let is_disputed = was_elsewhere && has_others(work, &said.study_instance_uid, study_key).await?;
    Ok(Place { study_key, is_disputed })
}

/// Whether another union study of this UID stands beside one.
async fn has_others(work: &mut Work<'_>, uid: &Uid, study_key: i64) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT 1 FROM study WHERE study_instance_uid = $1 AND study_key <> $2 LIMIT 1");
    Ok(work.link.row(sql.arg(uid.as_str()).arg(study_key)).await?.is_some())
}

async fn place_among(
    work: &mut Work<'_>,
    known: &Known,
    repository_key: i64,
    said: &StudyRecord,
    (manner, listed): (Manner, Listed<'_>),
) -> Result<i64, StoreError> {
    let own = known.own(repository_key, said, manner, listed);
    let record = own.map_or_else(|| said.clone(), |own| renew_study(&own.record, said, manner));
    let uid = &said.study_instance_uid;
    if let Some(own) = own.filter(|own| manner == Manner::Held && are_strangers(&own.record.patient, &said.patient)) {
        doubted::note(work, own.placed.patient_key, uid).await?;
    }
    if let Some(own) = own.filter(|own| own.record == record) {
        return Ok(own.study_key);
    }
    let placed = patient::place(work, repository_key, &record.patient, uid.as_str()).await?;
    if placed.is_stranger {
        doubted::note(work, placed.patient_key, uid).await?;
    } else if manner == Manner::Declared && own.is_some() {
        doubted::clear(work, placed.patient_key, uid).await?;
    }
    let study_key = settle(work, known, own, &Arrived { repository_key, placed, record: &record }).await?;
    if !placed.has_moves {
        return Ok(study_key);
    }
    visits::follow(work, placed).await?;
    let known = Known::load(work.link, &said.study_instance_uid).await?;
    let own = known.own(repository_key, said, manner, listed).map(|own| own.study_key);
    own.ok_or(StoreError::Corrupt { what: "study copy" })
}

/// What a repository says of a study, and whose it is.
struct Arrived<'a> {
    repository_key: i64,
    placed: Placed,
    record: &'a StudyRecord,
}

/// Writes a copy under the union study that it belongs to now; that study's key.
async fn settle(
    work: &mut Work<'_>,
    known: &Known,
    own: Option<&Copy>,
    arrived: &Arrived<'_>,
) -> Result<i64, StoreError> {
    let Arrived { repository_key, placed, record } = *arrived;
    let study_key = match known.choose(own, placed, &record.patient) {
        Some(study_key) => study_key,
        None => insert(work, record, placed).await?,
    };
    let is_alone = known.0.iter().all(|copy| own.is_some_and(|own| own.copy_key == copy.copy_key));
    if !is_alone {
        spell_out(work, &record.study_instance_uid).await?;
    }
    let written = if is_alone && !placed.is_told { String::new() } else { json(record)? };
    if let Some(own) = own {
        update_copy(work, own, study_key, placed, record, written).await?;
    } else {
        rows::insert_copies(work, &[rows::Copy { study_key, repository_key, placed, record, written }]).await?;
        if !known.has(study_key, repository_key) {
            work.delta(repository_key).studies += 1;
        }
    }
    let mut copies: Vec<(i64, Placed, &StudyRecord)> = known
        .0
        .iter()
        .filter(|copy| copy.study_key == study_key && own.is_none_or(|own| own.copy_key != copy.copy_key))
        .map(|copy| (copy.copy_key, copy.placed, &copy.record))
        .collect();
    copies.push((own.map_or(i64::MAX, |own| own.copy_key), placed, record));
    copies.sort_by_key(|(copy_key, ..)| *copy_key);
    refresh(work, study_key, &copies).await?;
    if let Some(own) = own.filter(|own| own.study_key != study_key) {
        series::move_copy(work, own.study_key, study_key, repository_key).await?;
        leave(work, known, own.study_key, &[own.copy_key]).await?;
    }
    if !known.0.is_empty() {
        mark_conflicts(work, &record.study_instance_uid).await?;
    }
    crate::reports::link::studies_arrived(work, &[study_key]).await?;
    Ok(study_key)
}

/// Puts every copy of a study where it belongs, after its patients turned out to be others than was thought.
pub(super) async fn resettle(work: &mut Work<'_>, uid: &Uid) -> Result<(), StoreError> {
    spell_out(work, uid).await?;
    let copies: Vec<i64> = Known::load(work.link, uid).await?.0.iter().map(|copy| copy.copy_key).collect();
    for copy_key in copies {
        let known = Known::load(work.link, uid).await?;
        let Some(own) = known.0.iter().find(|copy| copy.copy_key == copy_key) else { continue };
        let arrived = Arrived { repository_key: own.repository_key, placed: own.placed, record: &own.record };
        settle(work, &known, Some(own), &arrived).await?;
    }
    Ok(())
}

/// A study as it is shown: with the demographics that were told, where they were.
async fn as_told<'r>(
    work: &mut Work<'_>,
    record: &'r StudyRecord,
    placed: Placed,
) -> Result<Cow<'r, StudyRecord>, StoreError> {
    if !placed.is_told {
        return Ok(Cow::Borrowed(record));
    }
    let sql = Sql::new("SELECT record FROM source_patient WHERE patient_key = $1").arg(placed.patient_key);
    let Some(row) = work.link.row(sql).await? else { return Ok(Cow::Borrowed(record)) };
    let patient = renew_patient(&record.patient, &row.json(0)?);
    Ok(Cow::Owned(StudyRecord { patient, ..record.clone() }))
}

/// Writes the records of copies that are alone so far, before their studies' records become others.
async fn spell_out(work: &mut Work<'_>, uid: &Uid) -> Result<(), StoreError> {
    let sql = Sql::new(
        "UPDATE study_copy SET record = (SELECT s.record FROM study s WHERE s.study_key = study_copy.study_key) \
         WHERE record = '' AND study_key IN (SELECT study_key FROM study WHERE study_instance_uid = $1)",
    );
    work.link.run(sql.arg(uid.as_str())).await.map(drop)
}

async fn update_copy(
    work: &mut Work<'_>,
    own: &Copy,
    study_key: i64,
    placed: Placed,
    record: &StudyRecord,
    written: String,
) -> Result<(), StoreError> {
    let (issuer, accession) = issued(record.accession_number.as_ref());
    let (placer_issuer, placer) = issued(record.placer_order_number.as_ref());
    let (admission_issuer, admission) = issued(record.admission_id.as_ref());
    let sql = Sql::new(
        "UPDATE study_copy SET study_key = $1, patient_key = $2, accession_number = $3, accession_issuer = $4, \
         placer_number = $5, placer_issuer = $6, declared_series = $7, declared_instances = $8, record = $9, \
         said_patient_key = $10, admission_number = $11, admission_issuer = $12, move_key = $13 WHERE study_copy_key = $14",
    );
    let sql = sql.arg(study_key).arg(placed.patient_key).arg(accession).arg(issuer).arg(placer).arg(placer_issuer);
    let sql = sql.arg(record.number_of_study_related_series).arg(record.number_of_study_related_instances);
    let sql = sql.arg(written).arg(placed.said_key).arg(admission).arg(admission_issuer);
    work.link.run(sql.arg(placed.move_key).arg(own.copy_key)).await?;
    other_ids::renew(work.link, own.copy_key, &own.record.patient, &record.patient).await
}

async fn insert(work: &mut Work<'_>, record: &StudyRecord, placed: Placed) -> Result<i64, StoreError> {
    let record = as_told(work, record, placed).await?;
    let keys = rows::insert(work, &[(&*record, placed)]).await?;
    keys.first().copied().ok_or(StoreError::Corrupt { what: "study" })
}

/// Writes the union of `copies`, oldest first.
async fn refresh(
    work: &mut Work<'_>,
    study_key: i64,
    copies: &[(i64, Placed, &StudyRecord)],
) -> Result<(), StoreError> {
    let Some(((_, placed, first), others)) = copies.split_first() else { return Ok(()) };
    if others.is_empty() && work.changes.get(&study_key) == Some(&ChangeKind::StudyNew) {
        return Ok(()); // as it was inserted
    }
    let mut union = (*first).clone();
    for (.., record) in others {
        fill_study(&mut union, record);
    }
    let union = as_told(work, &union, *placed).await?;
    let mut sql = Sql::new("UPDATE study SET ");
    for (name, value) in columns(&union) {
        sql.push(name).push(" = ").bind(value).push(", ");
    }
    sql.push("record = ").bind(json(&*union)?);
    sql.push(", person_key = ").bind(placed.person_key).push(", patient_key = ").bind(placed.patient_key);
    sql.push(" WHERE study_key = ").bind(study_key);
    work.link.run(sql).await?;
    sounds::renew(work.link, study_key, &union).await?;
    undated::renew(work, study_key, &union).await?;
    test_patients::renew(work, study_key, &union, *placed).await?;
    work.changed(study_key);
    Ok(())
}

/// What remains of a union study when a copy has moved away: the other copies, or nothing.
async fn leave(work: &mut Work<'_>, known: &Known, study_key: i64, gone: &[i64]) -> Result<(), StoreError> {
    let others: Vec<_> = known
        .0
        .iter()
        .filter(|copy| copy.study_key == study_key && !gone.contains(&copy.copy_key))
        .map(|copy| (copy.copy_key, copy.placed, &copy.record))
        .collect();
    work.link.run(Sql::new("DELETE FROM report_link WHERE study_key = $1").arg(study_key)).await?;
    if others.is_empty() {
        return remove(work, study_key).await;
    }
    work.changed(study_key);
    refresh(work, study_key, &others).await?;
    crate::reports::link::studies_arrived(work, &[study_key]).await
}

/// The union studies of this UID that a repository has copies of.
pub(super) async fn with_copies_of(
    work: &mut Work<'_>,
    uid: &Uid,
    repository_key: i64,
) -> Result<BTreeSet<i64>, StoreError> {
    let known = Known::load(work.link, uid).await?;
    Ok(known.0.iter().filter(|copy| copy.repository_key == repository_key).map(|copy| copy.study_key).collect())
}

/// Takes out a repository's copies of a study, whose series are gone already; how many union studies it had.
pub(super) async fn take_out(work: &mut Work<'_>, uid: &Uid, repository_key: i64) -> Result<u64, StoreError> {
    spell_out(work, uid).await?;
    let known = Known::load(work.link, uid).await?;
    let gone: Vec<&Copy> = known.0.iter().filter(|copy| copy.repository_key == repository_key).collect();
    forget(work, &known, uid, &gone).await
}

/// Removes copies of one repository; from how many union studies.
async fn forget(work: &mut Work<'_>, known: &Known, uid: &Uid, gone: &[&Copy]) -> Result<u64, StoreError> {
    let keys: Vec<i64> = gone.iter().map(|copy| copy.copy_key).collect();
    let studies: BTreeSet<(i64, i64)> = gone.iter().map(|copy| (copy.study_key, copy.repository_key)).collect();
    other_ids::remove(work.link, &keys).await?;
    let mut sql = Sql::new("DELETE FROM study_copy WHERE study_copy_key IN (");
    sql.list(keys.iter().copied()).push(")");
    work.link.run(sql).await?;
    for (study_key, repository_key) in &studies {
        work.delta(*repository_key).studies -= 1;
        leave(work, known, *study_key, &keys).await?;
    }
    mark_conflicts(work, uid).await?;
    Ok(studies.len() as u64)
}

/// Takes out the copies that a repository made known of patients of whom it lists the study no more. Where it has a study of somebody listed besides,
/// or where instances are known, which say themselves whose they are, they stay.
pub(super) async fn keep_listed(
    work: &mut Work<'_>,
    uid: &Uid,
    repository_key: i64,
    listed: Listed<'_>,
) -> Result<(), StoreError> {
    let known = Known::load(work.link, uid).await?;
    let own = || known.0.iter().filter(|copy| copy.repository_key == repository_key);
    let kept: BTreeSet<i64> = own().filter(|copy| copy.is_of(listed)).map(|copy| copy.study_key).collect();
    let mut gone = Vec::new();
    for copy in own().filter(|copy| !kept.contains(&copy.study_key)) {
        let sql = Sql::new(
            "SELECT 1 FROM held_instance h JOIN series r ON r.series_key = h.series_key \
             WHERE r.study_key = $1 AND h.repository_key = $2 LIMIT 1",
        );
        if work.link.row(sql.arg(copy.study_key).arg(repository_key)).await?.is_none() {
            gone.push(copy);
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    spell_out(work, uid).await?;
    for study_key in gone.iter().map(|copy| copy.study_key).collect::<BTreeSet<_>>() {
        super::take_out::series_of(work, study_key, repository_key, &mut crate::TakenOut::default()).await?;
    }
    forget(work, &known, uid, &gone).await.map(drop)
}

/// Removes a union study that has neither copies nor series any more.
pub(super) async fn remove(work: &mut Work<'_>, study_key: i64) -> Result<(), StoreError> {
    undated::remove(work, study_key).await?;
    test_patients::remove(work, study_key).await?;
    for text in [
        "DELETE FROM study_modality WHERE study_key = $1",
        "DELETE FROM study_sound WHERE study_key = $1",
        "DELETE FROM compared_study WHERE study_key = $1 OR origin_key = $1",
        "DELETE FROM study WHERE study_key = $1",
    ] {
        work.link.run(Sql::new(text).arg(study_key)).await?;
    }
    work.removed(study_key);
    Ok(())
}

/// Says of each union study with this UID whether there is another.
async fn mark_conflicts(work: &mut Work<'_>, uid: &Uid) -> Result<(), StoreError> {
    let sql = Sql::new("SELECT study_key, conflict FROM study WHERE study_instance_uid = $1 LIMIT 1000");
    let rows = work.link.rows(sql.arg(uid.as_str())).await?;
    let conflict = rows.len() > 1;
    for row in &rows {
        let study_key = row.int(0)?;
        if row.flag(1)? != conflict {
            let sql = Sql::new("UPDATE study SET conflict = $1, alerted_ms = NULL WHERE study_key = $2");
            work.link.run(sql.arg(conflict).arg(study_key)).await?;
            work.changed(study_key);
        }
    }
    if conflict {
        tracing::warn!(studies = rows.len(), "studies of different patients share one UID");
    }
    Ok(())
}
