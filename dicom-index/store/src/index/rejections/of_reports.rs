//! Objects of reports that are withdrawn (OBX-11 `W`, OBR-25 `X`) or held: they leave as rejected ones do, and come back with the correction,
//! or when the hold ends.
//!
//! Each is a row of `rejection` of a reason of its own. What is held of it is given back by indexing its bytes anew.

use std::collections::{BTreeMap, BTreeSet};

use index_model::{ObjectReference, PatientRecord, ReportRecord, ReportStatus, RepositoryCode};

use super::super::work::Work;
use super::{CHUNK, WITHDRAWN, withdraw};
use crate::engine::{Link, Row, Sql, dialect, in_transaction};
use crate::locate::{code, keys};
use crate::{Rejected, Store, StoreError, WithdrawalDue};

/// Versions of one report that are objects.
const MOST_OBJECTS: u32 = 1_000;

impl Store {
    /// What is to be done to the objects of a report, so that they are given out exactly while the report is neither withdrawn nor held; `None` when they
    /// are as they should be.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn withdrawal_due(&self, report_key: i64) -> Result<Option<WithdrawalDue>, StoreError> {
        let mut link = self.read().await?;
        Ok(Due::load(&mut link, report_key).await?.map(|due| due.told))
    }

    /// Hides the objects of a report that is withdrawn or held, or lets them come back: those of its patient, for a correction may be of
    /// another. What comes back is named by [`returning`](Self::returning).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn follow_withdrawal(&self, report_key: i64, now_ms: i64) -> Result<Rejected, StoreError> {
        let Some(due) = Due::load(&mut self.read().await?, report_key).await? else { return Ok(Rejected::default()) };
        let studies: BTreeSet<String> =
            due.objects.iter().map(|(_, object)| format!("study {}", object.study_instance_uid)).collect();
        in_transaction!(self.pools(), |link| follow(&mut link, report_key, &studies, now_ms))
    }

    /// Reports that are withdrawn or held while objects of theirs are still given out; at most so many after this one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reports_to_withdraw(&self, after: i64, limit: u32) -> Result<Vec<i64>, StoreError> {
        let sql = Sql::new(
            "SELECT DISTINCT o.report_key FROM report o JOIN report_version v ON v.report_key = o.report_key \
             WHERE v.sop_instance_uid IS NOT NULL AND v.rejected_ms IS NULL AND (o.status IN ($1, $2) OR o.held_until_ms IS NOT NULL) AND o.report_key > $3 \
             AND NOT EXISTS (SELECT 1 FROM rejection x WHERE x.sop_instance_uid = v.sop_instance_uid) \
             ORDER BY o.report_key",
        );
        let (cancelled, wrong) = (ReportStatus::Cancelled.code(), ReportStatus::EnteredInError.code());
        let mut sql = sql.arg(cancelled).arg(wrong).arg(after);
        sql.limit(limit);
        keys(&mut self.read().await?, sql).await
    }

    /// Objects that are to be indexed anew, with who has them: the first 100.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn returning(&self) -> Result<Vec<(RepositoryCode, String)>, StoreError> {
        let sql = Sql::new(
            "SELECT q.code, r.object FROM rejected_instance r JOIN repository q ON q.repository_key = r.repository_key \
             WHERE r.returning_ms IS NOT NULL AND r.object IS NOT NULL ORDER BY r.returning_ms LIMIT $1",
        );
        let one = |row: &Row| Ok((code(&row.text(0)?)?, row.text(1)?));
        self.read().await?.rows(sql.arg(i64::try_from(CHUNK).unwrap_or(i64::MAX))).await?.iter().map(one).collect()
    }

    /// An object is indexed anew: nothing is kept aside of it. `false` when it was withdrawn again meanwhile, and stays aside.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_returned(&self, object: &str) -> Result<bool, StoreError> {
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new("DELETE FROM rejected_instance WHERE object = $1 AND returning_ms IS NOT NULL");
            Ok(link.run(sql.arg(object)).await? > 0)
        })
    }
}

/// What is to be done to the objects of a report.
struct Due {
    told: WithdrawalDue,
    /// Each with who has it.
    objects: Vec<(i64, ObjectReference)>,
}

impl Due {
    async fn load(link: &mut Link, report_key: i64) -> Result<Option<Self>, StoreError> {
        let sql = Sql::new(
            "SELECT v.repository_key, v.record, CAST(CASE WHEN EXISTS (SELECT 1 FROM rejection x \
             WHERE x.sop_instance_uid = v.sop_instance_uid AND x.reason = $1) THEN 1 ELSE 0 END AS BIGINT) \
             FROM report_version v WHERE v.report_key = $2 AND v.sop_instance_uid IS NOT NULL AND v.rejected_ms IS NULL \
             ORDER BY v.version LIMIT $3",
        );
        let versions = link.rows(sql.arg(WITHDRAWN).arg(report_key).arg(MOST_OBJECTS)).await?;
        if versions.is_empty() {
            return Ok(None);
        }
        let sql = Sql::new("SELECT public_id, status, person_key, held_until_ms FROM report WHERE report_key = $1");
        let Some(report) = link.row(sql.arg(report_key)).await? else { return Ok(None) };
        let status = ReportStatus::from_code(&report.text(1)?).ok_or(StoreError::Corrupt { what: "report status" })?;
        let hides = status.is_withdrawn() || report.opt_int(3)?.is_some();
        let mut objects = Vec::new();
        for row in &versions {
            let record: ReportRecord = row.json(1)?;
            let Some(object) = record.object.filter(|_| row.flag(2).is_ok_and(|hidden| hidden != hides)) else {
                continue;
            };
            if hides || is_of(link, &object, &record.patient, report.int(2)?).await? {
                objects.push((row.int(0)?, object));
            }
        }
        let told = WithdrawalDue { public_id: report.text(0)?, hides };
        Ok((!objects.is_empty()).then_some(Self { told, objects }))
    }
}

/// Whether an object is this person's: by its study, or by the number that it came under.
async fn is_of(
    link: &mut Link,
    object: &ObjectReference,
    patient: &PatientRecord,
    person_key: i64,
) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT 1 FROM study WHERE study_instance_uid = $1 AND person_key = $2 LIMIT 1");
    if link.row(sql.arg(object.study_instance_uid.as_str()).arg(person_key)).await?.is_some() {
        return Ok(true);
    }
    let Some(id) = &patient.patient_id else { return Ok(false) };
    let sql =
        Sql::new("SELECT 1 FROM source_patient WHERE patient_id = $1 AND issuer = $2 AND person_key = $3 LIMIT 1");
    let sql = sql.arg(id.value.expose().trim()).arg(id.issuer.as_str()).arg(person_key);
    Ok(link.row(sql).await?.is_some())
}

async fn follow(
    link: &mut Link,
    report_key: i64,
    studies: &BTreeSet<String>,
    now_ms: i64,
) -> Result<Rejected, StoreError> {
    dialect::hold(link, studies.iter().cloned()).await?;
    crate::reports::rejected::lock(link, report_key).await?;
    let mut out = Rejected::default();
    let Some(due) = Due::load(link, report_key).await? else { return Ok(out) };
    let mut work = Work::new(link, now_ms);
    if due.told.hides {
        hide(&mut work, &due, &mut out).await?;
    } else {
        give_back(&mut work, &due.objects, &mut out).await?;
    }
    work.finish().await?;
    Ok(out)
}

async fn hide(work: &mut Work<'_>, due: &Due, out: &mut Rejected) -> Result<(), StoreError> {
    let mut studies = BTreeSet::new();
    for (repository_key, object) in &due.objects {
        let sql = Sql::new(
            "INSERT INTO rejection (study_instance_uid, series_instance_uid, sop_instance_uid, repository_key, reason, note_uid, at_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        );
        let sql = sql.arg(object.study_instance_uid.as_str()).arg(object.series_instance_uid.as_str());
        let sql = sql.arg(object.sop_instance_uid.as_str()).arg(*repository_key).arg(WITHDRAWN);
        work.link.run(sql.arg(due.told.public_id.as_str()).arg(work.now_ms)).await?;
        let sql = Sql::new("UPDATE rejected_instance SET returning_ms = NULL WHERE sop_instance_uid = $1");
        work.link.run(sql.arg(object.sop_instance_uid.as_str())).await?;
        studies.insert((object.study_instance_uid.as_str(), *repository_key));
    }
    for (study_uid, repository_key) in studies {
        withdraw::apply(work, study_uid, repository_key, out).await?;
    }
    Ok(())
}

/// Ends what a withdrawal did. What a note rejected besides stays away.
async fn give_back(
    work: &mut Work<'_>,
    objects: &[(i64, ObjectReference)],
    out: &mut Rejected,
) -> Result<(), StoreError> {
    let mut back: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for (_, object) in objects {
        let (study, sop) = (object.study_instance_uid.as_str(), object.sop_instance_uid.as_str());
        let sql = Sql::new("DELETE FROM rejection WHERE sop_instance_uid = $1 AND reason = $2");
        work.link.run(sql.arg(sop).arg(WITHDRAWN)).await?;
        let sql = Sql::new(
            "SELECT 1 FROM rejection x WHERE x.sop_instance_uid = $1 AND x.study_instance_uid = $2 AND (x.applied = 1 \
             OR x.repository_key IN (SELECT repository_key FROM rejected_instance WHERE sop_instance_uid = $1)) LIMIT 1",
        );
        if work.link.row(sql.arg(sop).arg(study)).await?.is_some() {
            continue;
        }
        let sql = Sql::new(
            "UPDATE rejected_instance SET returning_ms = $1 WHERE sop_instance_uid = $2 AND study_instance_uid = $3 AND object IS NOT NULL",
        );
        work.link.run(sql.arg(work.now_ms).arg(sop).arg(study)).await?;
        *back.entry(study).or_default().entry(object.series_instance_uid.as_str()).or_default() += 1;
    }
    for (study, series) in back {
        withdraw::undo(work, study, &series, out).await?;
    }
    Ok(())
}
