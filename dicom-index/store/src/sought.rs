//! Series that are still to be looked through for reports that lie in their objects.

use std::collections::BTreeSet;

use index_model::Uid;

use crate::engine::{Row, Sql, in_transaction};
use crate::{Documents, Store, StoreError};

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

    /// Series of documents that are known and not held, of at most so many instances each: those that were never tried first, the newest of
    /// them first; none that was tried after `before_ms`, nor one that was brought here as it is and has left again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn documents_to_bring(
        &self,
        before_ms: i64,
        most_instances: u32,
        limit: u32,
    ) -> Result<Vec<Documents>, StoreError> {
        let sql = Sql::new(
            "SELECT r.series_key, s.study_instance_uid, r.series_instance_uid, r.number_of_instances FROM series r \
             JOIN study s ON s.study_key = r.study_key WHERE r.modality IN ('DOC', 'SR') \
             AND r.held < r.number_of_instances AND r.documents < r.number_of_instances AND r.documents_ms <= $1 \
             AND r.number_of_instances <= $2 ORDER BY r.documents_ms, r.series_key DESC LIMIT $3",
        );
        let uid = |text: &str| Uid::parse(text).map_err(|_| StoreError::Corrupt { what: "UID" });
        let one = |row: &Row| {
            let (study_instance_uid, series_instance_uid) = (uid(&row.text(1)?)?, uid(&row.text(2)?)?);
            Ok(Documents { series_key: row.int(0)?, study_instance_uid, series_instance_uid, instances: row.count(3)? })
        };
        let sql = sql.arg(before_ms).arg(most_instances).arg(limit);
        self.read().await?.rows(sql).await?.iter().map(one).collect()
    }

    /// A series of documents was tried: `instances` of it were brought here.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_documents(&self, series_key: i64, instances: u32, at_ms: i64) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new("UPDATE series SET documents = $1, documents_ms = $2 WHERE series_key = $3");
            link.run(sql.arg(instances).arg(at_ms).arg(series_key)).await.map(drop)
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
