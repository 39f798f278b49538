//! Which patients are taken for tests, and an operator's word that one is, or is somebody.

use crate::engine::{Link, Row, Sql, in_transaction};
use crate::index::test_patients::is_test;
use crate::locate::code;
use crate::{Store, StoreError, TestPatient, TestRuling};

/// Test patients in one answer.
const MOST: u32 = 1_000;

impl Store {
    /// Patients who are taken for tests, with how many studies that hides, and those of whom an operator said whether they are one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn test_patients(&self, limit: u32) -> Result<Vec<TestPatient>, StoreError> {
        let sql = Sql::new(
            "SELECT p.patient_key, p.person_key, h.public_id, p.issuer, p.patient_id, q.code, \
             (SELECT count(*) FROM test_study t JOIN study s ON s.study_key = t.study_key WHERE s.patient_key = p.patient_key), \
             r.reason, r.ruled_by, r.at_ms, r.is_test FROM source_patient p JOIN person h ON h.person_key = p.person_key \
             JOIN repository q ON q.repository_key = p.repository_key LEFT JOIN test_ruling r ON r.patient_key = p.patient_key \
             WHERE p.patient_key IN (SELECT s.patient_key FROM test_study t JOIN study s ON s.study_key = t.study_key \
             UNION SELECT patient_key FROM test_ruling) ORDER BY p.patient_key DESC LIMIT $1",
        );
        let patient = |row: &Row| {
            let ruling = match (row.opt_text(7)?, row.opt_text(8)?, row.opt_int(9)?, row.opt_int(10)?) {
                (Some(reason), Some(by), Some(at_ms), Some(is_test)) => {
                    Some(TestRuling { is_test: is_test == 1, reason, by, at_ms })
                }
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

    /// The source patient of a number, and their person.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn patient_of_number(&self, issuer: &str, number: &str) -> Result<Option<(i64, i64)>, StoreError> {
        let sql = Sql::new(
            "SELECT patient_key, person_key FROM source_patient WHERE patient_id = $1 AND issuer = $2 AND private_to = ''",
        );
        let row = self.read().await?.row(sql.arg(number).arg(issuer)).await?;
        row.map(|row| Ok((row.int(0)?, row.int(1)?))).transpose()
    }

    /// The person of a source patient; `None` where there is no such patient, or they are not taken for a test: neither is a number of one
    /// theirs, nor did an operator say so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn person_of_test_patient(&self, patient_key: i64) -> Result<Option<i64>, StoreError> {
        let sql = Sql::new(
            "SELECT p.person_key, p.record, r.is_test FROM source_patient p LEFT JOIN test_ruling r \
             ON r.patient_key = p.patient_key WHERE p.patient_key = $1",
        )
        .arg(patient_key);
        let Some(row) = self.read().await?.row(sql).await? else { return Ok(None) };
        let record: index_model::PatientRecord = row.json(1)?;
        let is_ruled = row.opt_int(2)? == Some(1);
        Ok((is_ruled || record.patient_id.as_ref().is_some_and(is_test)).then_some(row.int(0)?))
    }

    /// An operator says that this is a test, or none: the studies are left out of searches over all patients, or found like any others, from
    /// now on, also those that come later.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rule_test(&self, patient_key: i64, ruling: &TestRuling) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| rule(&mut link, patient_key, ruling))
    }
}

async fn rule(link: &mut Link, patient_key: i64, ruling: &TestRuling) -> Result<(), StoreError> {
    let sql = Sql::new(
        "INSERT INTO test_ruling (patient_key, reason, ruled_by, at_ms, is_test) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (patient_key) DO UPDATE SET reason = excluded.reason, ruled_by = excluded.ruled_by, \
         at_ms = excluded.at_ms, is_test = excluded.is_test",
    );
    let sql = sql.arg(patient_key).arg(ruling.reason.as_str()).arg(ruling.by.as_str());
    link.run(sql.arg(ruling.at_ms).arg(ruling.is_test)).await?;
    let sql = if ruling.is_test {
        "INSERT INTO test_study (study_key) SELECT study_key FROM study WHERE patient_key = $1 ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM test_study WHERE study_key IN (SELECT study_key FROM study WHERE patient_key = $1)"
    };
    link.run(Sql::new(sql).arg(patient_key)).await.map(drop)
}
