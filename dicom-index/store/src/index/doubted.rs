//! Studies that came under a number of somebody of whom everything else is told otherwise: the number was used again, or is another's.
//! They stay where the number says, and somebody has to look.

use index_model::{PatientRecord, StudyRecord, Uid};
use index_query::text::name_words;

use super::merge::agree;
use super::patient::is_somebody;
use super::study::same_patient;
use super::work::Work;
use crate::StoreError;
use crate::engine::Sql;

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
