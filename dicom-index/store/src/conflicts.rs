//! What contradicts itself, for those who mend it: patients, studies, visits, instances and reports in one list; what an administrator
//! dismissed with a reason leaves it, until it is another case than it was then.

mod cases;
mod instances;

use std::collections::{BTreeMap, HashMap};

use index_model::Uid;

use self::cases::Case;
use crate::engine::{Link, Sql, in_transaction};
use crate::people::patient_of_key;
use crate::{Conflict, Dismissal, Likeness, Store, StoreError};

/// Conflicts of one kind that are looked at, and dismissals.
const MOST: u32 = 1_000;
const MOST_DISMISSALS: u32 = 100_000;

impl Store {
    /// What somebody has to look at, the latest of each kind first and at most so many of each: studies that several patients have, numbers under
    /// which studies of somebody else came, health numbers that several persons have, what is known by no visit and stayed when one moved, instances of which two differ, reports that
    /// name what is not their patient's alone, and repositories that used control ids of messages again. Or, of these, what was dismissed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn conflicts(&self, limit: u32, is_dismissed: bool) -> Result<Vec<Conflict>, StoreError> {
        let mut link = self.read().await?;
        let mut dismissals = dismissals(&mut link).await?;
        let mut of_kind: BTreeMap<&'static str, u32> = BTreeMap::new();
        let mut conflicts = Vec::new();
        for case in cases::all(&mut link, MOST).await? {
            let dismissal = dismissals.remove(&case.key).filter(|(evidence, _)| *evidence == case.evidence());
            let taken = of_kind.entry(case.kind()).or_default();
            if dismissal.is_some() == is_dismissed && *taken < limit {
                *taken += 1;
                conflicts.push(told(&mut link, case, dismissal.map(|(_, dismissal)| dismissal)).await?);
            }
        }
        Ok(conflicts)
    }

    /// Dismisses a conflict, as it is now; `false` when there is none of this key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn dismiss(&self, key: &str, reason: &str, by: &str, now_ms: i64) -> Result<bool, StoreError> {
        in_transaction!(self.pools(), |link| async {
            let cases = cases::all(&mut link, MOST).await?;
            let Some(case) = cases.into_iter().find(|case| case.key == key) else { return Ok(false) };
            let sql = Sql::new(
                "INSERT INTO dismissal (conflict, evidence, reason, dismissed_by, at_ms) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (conflict) DO UPDATE SET evidence = excluded.evidence, reason = excluded.reason, \
                 dismissed_by = excluded.dismissed_by, at_ms = excluded.at_ms",
            );
            link.run(sql.arg(key).arg(case.evidence()).arg(reason).arg(by).arg(now_ms)).await?;
            Ok(true)
        })
    }

    /// Lists a conflict again; `false` when it was not dismissed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_dismissal_back(&self, key: &str) -> Result<bool, StoreError> {
        in_transaction!(self.pools(), |link| async {
            Ok(link.run(Sql::new("DELETE FROM dismissal WHERE conflict = $1").arg(key)).await? > 0)
        })
    }

    /// Notes what an instance is to the one of its UID that is shown. Bytes that are to be let go are named no longer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_likeness(
        &self,
        series_key: i64,
        sop: &Uid,
        sha256: &str,
        likeness: Likeness,
        lets_go: bool,
    ) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new(
                "UPDATE held_instance SET likeness = $1, object = CASE WHEN $2 = 1 THEN NULL ELSE object END \
                 WHERE sop_instance_uid = $3 AND series_key = $4 AND sha256 = $5 AND shown = 0",
            );
            let sql = sql.arg(likeness.code()).arg(lets_go).arg(sop.as_str()).arg(series_key).arg(sha256);
            link.run(sql).await.map(drop)
        })
    }

    /// Of how many instances of these studies other copies differ from the one that is shown, but for what was dismissed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn differing_of_studies(&self, studies: &[i64]) -> Result<HashMap<i64, u32>, StoreError> {
        let mut link = self.read().await?;
        let dismissals = dismissals(&mut link).await?;
        instances::of_studies(&mut link, studies, &dismissals).await
    }

    /// Studies of which the security alert is still to be written: their identifier is several patients'. At most so many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn studies_to_alert(&self, limit: u32) -> Result<Vec<i64>, StoreError> {
        let sql = Sql::new(
            "SELECT study_key FROM study WHERE conflict = 1 AND alerted_ms IS NULL ORDER BY study_key LIMIT $1",
        );
        crate::locate::keys(&mut self.read().await?, sql.arg(limit)).await
    }

    /// The alert of a study was written. One whose conflict ends and begins again is another.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_alerted(&self, study_key: i64, now_ms: i64) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new("UPDATE study SET alerted_ms = $1 WHERE study_key = $2 AND conflict = 1");
            link.run(sql.arg(now_ms).arg(study_key)).await.map(drop)
        })
    }
}

impl Store {
    /// Patients under whose number studies of somebody else came, and persons, of which the security alert is still to be written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn patients_to_alert(&self, limit: u32) -> Result<Vec<(i64, i64)>, StoreError> {
        let sql = Sql::new(
            "SELECT DISTINCT d.patient_key, p.person_key FROM doubted_study d JOIN source_patient p \
             ON p.patient_key = d.patient_key WHERE d.alerted_ms IS NULL ORDER BY d.patient_key LIMIT $1",
        );
        let rows = self.read().await?.rows(sql.arg(limit)).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
    }

    /// The alert of a patient's number was written. A study that comes later is another.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_patient_alerted(&self, patient_key: i64, now_ms: i64) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| async {
            let sql =
                Sql::new("UPDATE doubted_study SET alerted_ms = $1 WHERE patient_key = $2 AND alerted_ms IS NULL");
            link.run(sql.arg(now_ms).arg(patient_key)).await.map(drop)
        })
    }
}

/// What was dismissed: by key, with the case as it was then.
type Dismissals = HashMap<String, (String, Dismissal)>;

/// Whether a case was dismissed as it is.
fn is_dismissed(dismissals: &Dismissals, key: &str, evidence: &str) -> bool {
    dismissals.get(key).is_some_and(|(then, _)| then == evidence)
}

async fn dismissals(link: &mut Link) -> Result<Dismissals, StoreError> {
    let sql =
        Sql::new("SELECT conflict, evidence, reason, dismissed_by, at_ms FROM dismissal ORDER BY at_ms DESC LIMIT $1");
    let mut all = HashMap::new();
    for row in link.rows(sql.arg(MOST_DISMISSALS)).await? {
        let dismissal = Dismissal { reason: row.text(2)?, dismissed_by: row.text(3)?, at_ms: row.int(4)? };
        all.insert(row.text(0)?, (row.text(1)?, dismissal));
    }
    Ok(all)
}

async fn told(link: &mut Link, case: Case, dismissal: Option<Dismissal>) -> Result<Conflict, StoreError> {
    let mut patients = Vec::new();
    for patient_key in &case.patients {
        patients.extend(patient_of_key(link, *patient_key).await?);
    }
    Ok(Conflict { key: case.key, what: case.what, patients, since_ms: case.since_ms, dismissal })
}
