//! The change feed, and what was kept aside.

use index_model::{Finding, RepositoryCode};

use crate::engine::{Row, Sql, in_transaction};
use crate::locate::code;
use crate::{Change, ChangeKind, QuarantineRow, Store, StoreError};

impl Store {
    /// What changed after `seq`, in order. Nothing with a smaller `seq` appears later.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn changes_after(&self, seq: i64, limit: u32) -> Result<Vec<Change>, StoreError> {
        let sql = Sql::new("SELECT seq, study_key, kind, at_ms FROM change WHERE seq > $1 ORDER BY seq LIMIT $2");
        let change = |row: &Row| {
            let kind = ChangeKind::from_code(&row.text(2)?).ok_or(StoreError::Corrupt { what: "change" })?;
            Ok(Change { seq: row.int(0)?, study_key: row.int(1)?, kind, at_ms: row.int(3)? })
        };
        self.read().await?.rows(sql.arg(seq).arg(limit)).await?.iter().map(change).collect()
    }

    /// Notes that something was kept aside, and under which object name; its key.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn quarantine(
        &self,
        repository: &RepositoryCode,
        finding: &Finding,
        size_bytes: u64,
        object: Option<&str>,
        now_ms: i64,
    ) -> Result<i64, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new(
                "INSERT INTO quarantine (repository_key, attribute, rule, size_bytes, object, at_ms) \
                 VALUES ($1, $2, $3, $4, $5, $6) RETURNING quarantine_key",
            );
            let sql = sql.arg(repository_key).arg(finding.attribute.as_str()).arg(finding.rule.as_str());
            let key = link.number(sql.arg(size_bytes.cast_signed()).arg(object).arg(now_ms)).await?;
            let sql = Sql::new("UPDATE repository SET quarantined = quarantined + 1 WHERE repository_key = $1");
            link.run(sql.arg(repository_key)).await?;
            Ok(key)
        })
    }

    /// What was kept aside, latest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn quarantined(&self, limit: u32) -> Result<Vec<QuarantineRow>, StoreError> {
        let sql = Sql::new(
            "SELECT k.quarantine_key, q.code, k.attribute, k.rule, k.size_bytes, k.object, k.at_ms FROM quarantine k \
             JOIN repository q ON q.repository_key = k.repository_key ORDER BY k.quarantine_key DESC LIMIT $1",
        );
        let kept = |row: &Row| {
            Ok(QuarantineRow {
                quarantine_key: row.int(0)?,
                repository: code(&row.text(1)?)?,
                attribute: row.text(2)?,
                rule: row.text(3)?,
                size_bytes: row.int(4)?.cast_unsigned(),
                object: row.opt_text(5)?,
                at_ms: row.int(6)?,
            })
        };
        self.read().await?.rows(sql.arg(limit)).await?.iter().map(kept).collect()
    }
}
