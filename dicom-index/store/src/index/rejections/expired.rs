//! Instances whose retention has expired (IHE RAD IOCM, DCM 113039): after a grace their bytes are deleted, and the row stays as the proof
//! that they were here. What was rejected for any other reason is kept, and given to nobody.

use index_model::{Phi, RejectionReason, ReportRecord};

use super::CHUNK;
use crate::engine::{Link, Sql, in_transaction, json};
use crate::{Store, StoreError};

/// Objects of one answer.
const MOST: u32 = 500;

impl Store {
    /// The objects of instances that were rejected, because their retention has expired, at `before_ms` or earlier; the first 500.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expired_objects(&self, before_ms: i64) -> Result<Vec<String>, StoreError> {
        let sql = Sql::new(
            "SELECT r.object FROM rejected_instance r WHERE r.object IS NOT NULL AND r.at_ms <= $1 \
             AND EXISTS (SELECT 1 FROM rejection x WHERE x.sop_instance_uid = r.sop_instance_uid \
             AND x.study_instance_uid = r.study_instance_uid AND x.reason = $2 AND x.applied = 1 AND x.at_ms <= $1) \
             AND NOT EXISTS (SELECT 1 FROM held_instance h WHERE h.sop_instance_uid = r.sop_instance_uid AND h.object = r.object) \
             ORDER BY r.at_ms LIMIT $3",
        );
        let sql = sql.arg(before_ms).arg(RejectionReason::DataRetentionPolicyExpired.code()).arg(MOST);
        self.read().await?.rows(sql).await?.iter().map(|row| row.text(0)).collect()
    }

    /// Notes that the bytes of these objects are deleted; what reports had of their words and documents goes too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_objects(&self, objects: &[String], now_ms: i64) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| forget(&mut link, objects, now_ms))
    }
}

async fn forget(link: &mut Link, objects: &[String], now_ms: i64) -> Result<(), StoreError> {
    for chunk in objects.chunks(CHUNK) {
        let mut sql = Sql::new(
            "SELECT v.report_key, v.version, v.record FROM rejected_instance r JOIN report_version v \
             ON v.sop_instance_uid = r.sop_instance_uid AND v.rejected_ms IS NOT NULL WHERE r.object IN (",
        );
        sql.list(chunk.iter().map(String::as_str)).push(")");
        for row in link.rows(sql).await? {
            silence(link, row.int(0)?, row.int(1)?, row.json(2)?).await?;
        }
        let mut sql = Sql::new("UPDATE rejected_instance SET object = NULL, deleted_ms = ");
        sql.bind(now_ms).push(" WHERE object IN (").list(chunk.iter().map(String::as_str)).push(")");
        link.run(sql).await?;
    }
    Ok(())
}

/// A version of a report without its words.
async fn silence(link: &mut Link, report_key: i64, version: i64, mut record: ReportRecord) -> Result<(), StoreError> {
    record.text = Phi::default();
    record.documents.clear();
    let record = json(&record)?;
    let sql = Sql::new("UPDATE report_version SET record = $1 WHERE report_key = $2 AND version = $3");
    link.run(sql.arg(record.clone()).arg(report_key).arg(version)).await?;
    let sql = Sql::new("DELETE FROM report_document WHERE report_key = $1 AND version = $2");
    link.run(sql.arg(report_key).arg(version)).await?;
    let sql = Sql::new("UPDATE report SET record = $1 WHERE report_key = $2 AND current_version = $3");
    link.run(sql.arg(record).arg(report_key).arg(version)).await.map(drop)
}
