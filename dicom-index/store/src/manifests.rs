//! Series manifests: a base object and the entries that arrived since.

use crate::engine::{Row, Sql, in_transaction};
use crate::locate;
use crate::{ManifestPhase, ManifestState, PendingEntry, Store, StoreError};

/// Entries of one answer; a series that has more waiting is folded in several steps.
const MAX_PENDING: u32 = 20_000;

impl Store {
    /// Entries of a series that its base does not have yet, in order of arrival; the first 20,000.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pending_entries(&self, series_key: i64) -> Result<Vec<PendingEntry>, StoreError> {
        let mut sql = Sql::new(
            "SELECT e.entry_key, q.code, e.entry FROM manifest_entry e \
             JOIN repository q ON q.repository_key = e.repository_key \
             WHERE e.series_key = $1 ORDER BY e.entry_key",
        )
        .arg(series_key);
        sql.limit(MAX_PENDING);
        let rows = self.read().await?.rows(sql).await?;
        let entry = |row: &Row| {
            Ok(PendingEntry {
                entry_key: row.int(0)?,
                repository: locate::code(&row.text(1)?)?,
                entry: serde_json::from_slice(&row.bytes(2)?)
                    .map_err(|_| StoreError::Corrupt { what: "manifest entry" })?,
            })
        };
        rows.iter().map(entry).collect()
    }

    /// Where a series' manifest stands; one row.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn manifest_state(&self, series_key: i64) -> Result<Option<ManifestState>, StoreError> {
        let sql = Sql::new(
            "SELECT manifest_version, manifest_phase, base_object, pending, last_entry_key FROM series \
             WHERE series_key = $1",
        );
        let row = self.read().await?.row(sql.arg(series_key)).await?;
        row.map(|row| {
            Ok(ManifestState {
                version: row.int(0)?,
                state: phase(&row.text(1)?)?,
                base_object: row.opt_text(2)?,
                pending: row.count(3)?,
                last_entry_key: row.int(4)?,
            })
        })
        .transpose()
    }

    /// Puts `object`, which tells of `instances` and has all entries up to `last_entry_key`, in the place of the base, and drops those
    /// entries. `false`, with nothing changed, when `from_version` is no longer current.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    #[expect(clippy::too_many_arguments, reason = "each is one column of the row that is swapped")]
    pub async fn fold_manifest(
        &self,
        series_key: i64,
        from_version: i64,
        object: &str,
        last_entry_key: i64,
        state: ManifestPhase,
        instances: u32,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new(
                "UPDATE series SET manifest_version = manifest_version + 1, manifest_phase = $1, base_object = $2, \
                 base_instances = $3 WHERE series_key = $4 AND manifest_version = $5",
            );
            let sql = sql.arg(state.code()).arg(object).arg(instances).arg(series_key).arg(from_version);
            if link.run(sql).await? == 0 {
                return Ok(false);
            }
            let sql = Sql::new("DELETE FROM manifest_entry WHERE series_key = $1 AND entry_key <= $2");
            let dropped = link.run(sql.arg(series_key).arg(last_entry_key)).await?;
            let sql = Sql::new("UPDATE series SET pending = pending - $1 WHERE series_key = $2");
            link.run(sql.arg(dropped.cast_signed()).arg(series_key)).await?;
            tracing::debug!(series.key = series_key, entries = dropped, now_ms, "manifest folded");
            Ok(true)
        })
    }

    /// Series with entries to fold that nothing has arrived for since `quiet_before_ms`, the longest waiting first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn series_to_fold(&self, quiet_before_ms: i64, limit: u32) -> Result<Vec<i64>, StoreError> {
        let sql = Sql::new(
            "SELECT series_key FROM series WHERE pending > 0 AND last_arrival_ms < $1 ORDER BY last_arrival_ms LIMIT $2",
        );
        self.read().await?.rows(sql.arg(quiet_before_ms).arg(limit)).await?.iter().map(|row| row.int(0)).collect()
    }
}

pub(crate) fn phase(code: &str) -> Result<ManifestPhase, StoreError> {
    ManifestPhase::from_code(code).ok_or(StoreError::Corrupt { what: "manifest phase" })
}
