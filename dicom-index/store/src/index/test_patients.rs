//! Test patients: what vendors and interface teams send through the real systems. It is kept, and no search over all patients shows it.
//!
//! Conservative, for somebody real who is taken for a test is not found: a number or an issuer of tests, which no hospital gives to anybody.
//! Never a name: people are called Test, and a patient whom nobody knew yet (trauma, unknown) is somebody.

use index_model::{IssuedId, StudyRecord};

use super::patient::Placed;
use super::work::Work;
use crate::StoreError;
use crate::engine::Sql;

/// Rows of one statement.
const CHUNK: usize = 400;
/// How numbers of tests begin: with one of these, of which no letter follows.
const NUMBERS: &[&str] = &["TEST", "ZZTEST", "ESSAI", "ZZESSAI"];
/// A word of the name of an issuer of tests.
const ISSUER_WORD: &str = "TEST";

/// Whether a number is of a test, by itself or by its issuer.
pub(crate) fn is_test(id: &IssuedId) -> bool {
    let number = id.value.expose().trim().to_ascii_uppercase();
    let begins = |with: &&str| {
        number.strip_prefix(*with).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_uppercase()))
    };
    let issuer = id.issuer.to_ascii_uppercase();
    NUMBERS.iter().any(begins) || issuer.split(['-', '_', '.', ' ']).any(|word| word == ISSUER_WORD)
}

/// Whether a study is of a test, as far as its number tells. What was merged into somebody is theirs.
fn looks_so(record: &StudyRecord, placed: Placed) -> bool {
    placed.said_key.is_none() && placed.move_key.is_none() && record.patient.patient_id.as_ref().is_some_and(is_test)
}

/// Lists those of new studies that are of test patients: an operator's word stands over what a number looks like.
pub(super) async fn insert(work: &mut Work<'_>, studies: &[(i64, &StudyRecord, Placed)]) -> Result<(), StoreError> {
    for chunk in studies.chunks(CHUNK) {
        let mut sql = Sql::new(
            "INSERT INTO test_study (study_key) SELECT s.study_key FROM study s LEFT JOIN test_ruling r \
             ON r.patient_key = s.patient_key WHERE s.study_key IN (",
        );
        sql.list(chunk.iter().map(|(study_key, ..)| *study_key)).push(") AND (r.is_test = 1");
        let of_tests = chunk.iter().filter(|(_, record, placed)| looks_so(record, *placed));
        let of_tests: Vec<i64> = of_tests.map(|(study_key, ..)| *study_key).collect();
        if !of_tests.is_empty() {
            sql.push(" OR r.is_test IS NULL AND s.study_key IN (").list(of_tests).push(")");
        }
        sql.push(")");
        work.link.later(sql).await?;
    }
    Ok(())
}

/// A study that was known is of another patient now, perhaps.
pub(super) async fn renew(
    work: &mut Work<'_>,
    study_key: i64,
    record: &StudyRecord,
    placed: Placed,
) -> Result<(), StoreError> {
    remove(work, study_key).await?;
    insert(work, &[(study_key, record, placed)]).await
}

/// The study is gone.
pub(super) async fn remove(work: &mut Work<'_>, study_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new("DELETE FROM test_study WHERE study_key = $1").arg(study_key);
    work.link.run(sql).await.map(drop)
}

#[cfg(test)]
mod tests {
    use index_model::{IssuedId, Phi};

    use super::is_test;

    #[test]
    fn a_number_or_an_issuer_tells_a_test_and_a_word_within_a_number_does_not() {
        let of =
            |issuer: &str, value: &str| is_test(&IssuedId { issuer: issuer.into(), value: Phi::new(value.into()) });
        for value in ["TEST", "test-1", "TEST0001", "ZZTEST 7", "Essai_3"] {
            assert!(of("NORTH", value), "{value}");
        }
        for issuer in ["TEST", "NORTH-TEST", "test_his", "his.test"] {
            assert!(of(issuer, "4711"), "{issuer}");
        }
        for value in ["TESTA1", "4711TEST", "PROTEST1", "TESTER", "T1", ""] {
            assert!(!of("NORTH", value), "{value}");
        }
        for issuer in ["ATTEST", "TESTON", "LATEST-HOSPITAL", ""] {
            assert!(!of(issuer, "4711"), "{issuer}");
        }
    }
}
