//! Which patients are taken for tests, and an operator's word that one is somebody.

use crate::engine::{Link, Row, Sql, in_transaction};
use crate::index::test_patients::is_test;
use crate::locate::code;
use crate::{Store, StoreError, TestPatient, TestRuling};

/// Test patients in one answer.
const MOST: u32 = 1_000;

impl Store {
    /// Patients who are taken for tests, with how many studies that hides, and those of whom an operator said that they are not one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn test_patients(&self, limit: u32) -> Result<Vec<TestPatient>, StoreError> {
        let sql = Sql::new(
            "SELECT p.patient_key, p.person_key, h.public_id, p.issuer, p.patient_id, q.code, \
             (SELECT count(*) FROM test_study t JOIN study s ON s.study_key = t.study_key WHERE s.patient_key = p.patient_key), \
             r.reason, r.ruled_by, r.at_ms FROM source_patient p JOIN person h ON h.person_key = p.person_key \
             JOIN repository q ON q.repository_key = p.repository_key LEFT JOIN test_ruling r ON r.patient_key = p.patient_key \
             WHERE p.patient_key IN (SELECT s.patient_key FROM test_study t JOIN study s ON s.study_key = t.study_key \
             UNION SELECT patient_key FROM test_ruling) ORDER BY p.patient_key DESC LIMIT $1",
        );
        let patient = |row: &Row| {
            let ruling = match (row.opt_text(7)?, row.opt_text(8)?, row.opt_int(9)?) {
                (Some(reason), Some(by), Some(at_ms)) => Some(TestRuling { reason, by, at_ms }),
                _ => None,
            };
            Ok(TestPatient {
                patient_key: row.int(0)?,
                person_key: row.int(1)?,
                public_id: row.text(2)?,
                issuer: row.text(3)?,
                patient_id: row.text(4)?.into(),
                repository: code(&row.text(5)?)?,
                hidden_studies: row.count(6)?,
                ruling,
            })
        };
        self.read().await?.rows(sql.arg(limit.min(MOST))).await?.iter().map(patient).collect()
    }

    /// The person of a source patient; `None` where there is no such patient, or no number of a test is theirs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn person_of_test_patient(&self, patient_key: i64) -> Result<Option<i64>, StoreError> {
        let sql = Sql::new("SELECT person_key, record FROM source_patient WHERE patient_key = $1").arg(patient_key);
        let Some(row) = self.read().await?.row(sql).await? else { return Ok(None) };
        let record: index_model::PatientRecord = row.json(1)?;
        Ok(record.patient_id.as_ref().is_some_and(is_test).then_some(row.int(0)?))
    }

    /// An operator says that this is no test: the studies are found like any others from now on, also those that come later.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rule_no_test(&self, patient_key: i64, ruling: &TestRuling) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| rule(&mut link, patient_key, ruling))
    }
}

async fn rule(link: &mut Link, patient_key: i64, ruling: &TestRuling) -> Result<(), StoreError> {
    let sql = Sql::new(
        "INSERT INTO test_ruling (patient_key, reason, ruled_by, at_ms) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (patient_key) DO UPDATE SET reason = excluded.reason, ruled_by = excluded.ruled_by, \
         at_ms = excluded.at_ms",
    );
    let sql = sql.arg(patient_key).arg(ruling.reason.as_str()).arg(ruling.by.as_str());
    link.run(sql.arg(ruling.at_ms)).await?;
    let sql =
        Sql::new("DELETE FROM test_study WHERE study_key IN (SELECT study_key FROM study WHERE patient_key = $1)");
    link.run(sql.arg(patient_key)).await.map(drop)
}
