//! Studies that came under a number of somebody of whom everything else is told otherwise: the number was used again, or is another's.
//! They stay where the number says, and somebody has to look.

use std::collections::{BTreeMap, BTreeSet};

use index_model::{PatientRecord, RepositoryCode, StudyRecord, Uid};
use index_query::text::name_words;

use super::merge::agree;
use super::patient::{self, is_somebody};
use super::study::same_patient;
use super::work::Work;
use crate::engine::Sql;
use crate::{NewInstance, StoreError};

/// Whether two records of one number are of two people: both have a name and a birth date, no word of the names is the same, nor is the date.
/// Who married has the same date, a date that was put right the same name, and an alias until somebody is known is nobody's.
pub(crate) fn are_strangers(a: &PatientRecord, b: &PatientRecord) -> bool {
    let dates = a.patient_birth_date.as_ref().zip(b.patient_birth_date.as_ref());
    if dates.is_none_or(|(a, b)| a == b) || !is_somebody(a) || !is_somebody(b) {
        return false;
    }
    let (a, b) = (name_words(&a.patient_name), name_words(&b.patient_name));
    let mut words = a.split_whitespace().peekable();
    words.peek().is_some() && !b.trim().is_empty() && words.all(|word| b.split_whitespace().all(|other| other != word))
}

/// Lists a study of a patient.
pub(super) async fn note(work: &mut Work<'_>, patient_key: i64, study: &Uid) -> Result<(), StoreError> {
    let sql = Sql::new(
        "INSERT INTO doubted_study (patient_key, study_instance_uid, at_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    );
    if work.link.run(sql.arg(patient_key).arg(study.as_str()).arg(work.now_ms)).await? > 0 {
        tracing::warn!(patient.key = patient_key, "a study came under the number of somebody else");
    }
    Ok(())
}

/// Lists a study that a note speaks of, where the note is of another patient than a copy of it.
pub(super) async fn note_of(work: &mut Work<'_>, study: &Uid, said: &PatientRecord) -> Result<(), StoreError> {
    let sql = Sql::new(
        "SELECT c.patient_key, CASE WHEN c.record = '' THEN s.record ELSE c.record END FROM study s \
         JOIN study_copy c ON c.study_key = s.study_key WHERE s.study_instance_uid = $1 ORDER BY c.study_copy_key LIMIT 1000",
    );
    for row in work.link.rows(sql.arg(study.as_str())).await? {
        let known = row.json::<StudyRecord>(1)?.patient;
        if !same_patient(&known, said) && !agree(&known, said) {
            note_by_note(work, row.int(0)?, study).await?;
        }
    }
    Ok(())
}

/// Lists a study that comes after notes that name it, where one of these is of another patient.
pub(super) async fn after_notes(
    work: &mut Work<'_>,
    repository_key: i64,
    study: &StudyRecord,
) -> Result<(), StoreError> {
    let (uid, known) = (&study.study_instance_uid, &study.patient);
    let notes = of_notes(work, uid.as_str()).await?;
    if notes.iter().any(|said| !same_patient(known, said) && !agree(known, said)) {
        // Of what is rejected before it came nothing is placed, and somebody has to be told whose it was.
        let placed = patient::place(work, repository_key, known, uid.as_str()).await?;
        note_by_note(work, placed.patient_key, uid).await?;
    }
    Ok(())
}

/// [`after_notes`] for what was rejected before it came, once for each study of a repository.
pub(super) async fn rejected_before(
    work: &mut Work<'_>,
    repository_keys: &BTreeMap<RepositoryCode, i64>,
    rejected: &[&NewInstance],
) -> Result<(), StoreError> {
    let mut seen = BTreeSet::new();
    for new in rejected {
        let Some(repository_key) = repository_keys.get(&new.repository) else { continue };
        if seen.insert((new.study.study_instance_uid.as_str(), *repository_key)) {
            after_notes(work, *repository_key, &new.study).await?;
        }
    }
    Ok(())
}

/// Of a study that has come [`note_of`] the notes that were there before it.
pub(super) async fn recall(work: &mut Work<'_>, study: &str) -> Result<(), StoreError> {
    let uid = Uid::parse(study).map_err(|_| StoreError::Corrupt { what: "study UID" })?;
    for said in of_notes(work, study).await? {
        note_of(work, &uid, &said).await?;
    }
    Ok(())
}

/// The patients of the notes that name a study.
async fn of_notes(work: &mut Work<'_>, study: &str) -> Result<Vec<PatientRecord>, StoreError> {
    let sql = Sql::new(
        "SELECT k.patient FROM (SELECT DISTINCT note_uid, repository_key FROM rejection WHERE study_instance_uid = $1) x \
         JOIN key_object k ON k.sop_instance_uid = x.note_uid AND k.repository_key = x.repository_key \
         WHERE k.patient IS NOT NULL LIMIT 1000",
    );
    work.link.rows(sql.arg(study)).await?.iter().map(|row| row.json(0)).collect()
}

/// It is listed though nothing is left of the study: what leaves by another's note may have been this patient's.
async fn note_by_note(work: &mut Work<'_>, patient_key: i64, study: &Uid) -> Result<(), StoreError> {
    let sql = Sql::new(
        "INSERT INTO doubted_study (patient_key, study_instance_uid, at_ms, by_note) VALUES ($1, $2, $3, 1) \
         ON CONFLICT (patient_key, study_instance_uid) DO UPDATE SET by_note = 1, alerted_ms = NULL WHERE doubted_study.by_note = 0",
    );
    if work.link.run(sql.arg(patient_key).arg(study.as_str()).arg(work.now_ms)).await? > 0 {
        tracing::warn!(patient.key = patient_key, "a rejection note of somebody else names a study of this patient");
    }
    Ok(())
}

/// What its repository says of its patient now is what is known.
pub(super) async fn clear(work: &mut Work<'_>, patient_key: i64, study: &Uid) -> Result<(), StoreError> {
    let sql = Sql::new("DELETE FROM doubted_study WHERE patient_key = $1 AND study_instance_uid = $2");
    work.link.run(sql.arg(patient_key).arg(study.as_str())).await.map(drop)
}

#[cfg(test)]
mod tests {
    use index_model::{PatientRecord, PersonName, Phi};

    use super::are_strangers;

    fn patient(name: &str, birth: &str) -> PatientRecord {
        PatientRecord {
            patient_name: PersonName::parse(name),
            patient_birth_date: (!birth.is_empty()).then(|| Phi::new(birth.into())),
            ..PatientRecord::default()
        }
    }

    #[test]
    fn strangers_share_no_word_of_their_names_and_no_birth_date() {
        let jane = patient("DOE^JANE", "19700101");
        assert!(are_strangers(&jane, &patient("ROE^RICHARD", "19500505")));
        for other in [
            patient("ROE^RICHARD", ""),
            patient("", "19500505"),
            patient("ROE^RICHARD", "19700101"),
            patient("ROE^Jane", "19500505"),
            patient("JANE^DOE", "19500505"),
            patient("TRAUMA^ALPHA", "19000101"),
        ] {
            assert!(!are_strangers(&jane, &other));
            assert!(!are_strangers(&other, &jane));
        }
    }
}
