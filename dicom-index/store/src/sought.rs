//! Series that are still to be looked through for reports that lie in their objects.

use std::collections::BTreeSet;

use crate::engine::{Row, Sql, in_transaction};
use crate::{Store, StoreError};

/// Identifiers of one statement.
const CHUNK: usize = 400;

impl Store {
    /// Series after this one of which more is held than was looked through, and to which nothing came since `before_ms`: each with how many of
    /// its instances are held.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn series_to_seek(&self, after: i64, before_ms: i64, limit: u32) -> Result<Vec<(i64, i64)>, StoreError> {
        let sql = Sql::new(
            "SELECT series_key, held FROM series WHERE held > sought AND modality IN ('', 'DOC', 'OT', 'SR') \
             AND series_key > $1 AND last_arrival_ms <= $2 ORDER BY series_key LIMIT $3",
        );
        let one = |row: &Row| Ok((row.int(0)?, row.int(1)?));
        self.read().await?.rows(sql.arg(after).arg(before_ms).arg(limit)).await?.iter().map(one).collect()
    }

    /// So many instances of a series were looked through.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_sought(&self, series_key: i64, held: i64) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new("UPDATE series SET sought = $1 WHERE series_key = $2");
            link.run(sql.arg(held).arg(series_key)).await.map(drop)
        })
    }

    /// Which of these instances are versions of reports.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn which_are_reports(&self, instances: &[&str]) -> Result<BTreeSet<String>, StoreError> {
        let mut found = BTreeSet::new();
        let mut link = self.read().await?;
        for chunk in instances.chunks(CHUNK) {
            let mut sql = Sql::new(
                "SELECT sop_instance_uid FROM report_version WHERE sop_instance_uid IS NOT NULL AND sop_instance_uid IN (",
            );
            sql.list(chunk.iter().copied()).push(")");
            for row in link.rows(sql).await? {
                found.insert(row.text(0)?);
            }
        }
        Ok(found)
    }
}
