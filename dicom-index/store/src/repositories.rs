//! Registered repositories and how far they are indexed.

use index_model::{RepositoryCode, RepositoryDefinition};

use crate::engine::json;
use crate::engine::{Row, Sql, in_transaction};
use crate::{Counts, RepositoryRow, Store, StoreError, SyncPhase, SyncState, Trouble};

const COLUMNS: &str = "SELECT definition, paused, phase, cursor, indexed, expected, synced_ms, last_contact_ms, \
    last_error_ms, last_error, studies, series, instances, reports, quarantined, epoch, down_since_ms, stretch_ms, \
    stretch_from, reconcile_asked_ms, reconciled_ms, reconcile_accept, created_ms, refused_since_ms FROM repository WHERE retired_ms IS NULL ORDER BY repository_key";

/// What is forgotten when the walk starts over.
const FROM_THE_NEWEST: &str =
    "phase = 'waiting', cursor = NULL, indexed = 0, expected = NULL, stretch_ms = NULL, epoch = repository.epoch + 1";

impl Store {
    /// Registers a repository or replaces the definition of one; what it has here stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put_repository(&self, definition: &RepositoryDefinition, now_ms: i64) -> Result<(), StoreError> {
        let record = json(definition)?;
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new(
                "INSERT INTO repository (code, region, definition, created_ms) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (code) DO UPDATE SET region = excluded.region, definition = excluded.definition, \
                 epoch = repository.epoch + 1, retired_ms = NULL",
            );
            let sql = sql.arg(definition.code.as_str()).arg(definition.region.as_str()).arg(record.as_str());
            link.run(sql.arg(now_ms)).await.map(drop)
        })
    }

    /// Registers a repository; `false` when its code is taken. One that was taken out may come back, and is walked from the newest.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn insert_repository(&self, definition: &RepositoryDefinition, now_ms: i64) -> Result<bool, StoreError> {
        let record = json(definition)?;
        in_transaction!(self.pools(), |link| async {
            let mut sql = Sql::new("INSERT INTO repository (code, region, definition, created_ms) VALUES (");
            sql.bind(definition.code.as_str()).push(", ").bind(definition.region.as_str()).push(", ");
            sql.bind(record.as_str()).push(", ").bind(now_ms);
            sql.push(") ON CONFLICT (code) DO UPDATE SET region = excluded.region, definition = excluded.definition, ");
            sql.push("retired_ms = NULL, paused = 0, down_since_ms = NULL, refused_since_ms = NULL, ")
                .push(FROM_THE_NEWEST);
            sql.push(" WHERE repository.retired_ms IS NOT NULL");
            link.run(sql).await.map(|rows| rows > 0)
        })
    }

    /// All repositories, in the order of their registration; not those that were taken out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn repositories(&self) -> Result<Vec<RepositoryRow>, StoreError> {
        self.read().await?.rows(Sql::new(COLUMNS)).await?.iter().map(repository).collect()
    }

    /// Takes a repository out: it is no longer among [`repositories`](Self::repositories), and nothing of it is deleted by this.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn retire_repository(&self, code: &RepositoryCode, now_ms: i64) -> Result<(), StoreError> {
        self.update_repository(|| {
            let sql = Sql::new(
                "UPDATE repository SET retired_ms = $1, epoch = epoch + 1, down_since_ms = NULL, refused_since_ms = NULL \
                 WHERE code = $2 AND retired_ms IS NULL",
            );
            sql.arg(now_ms).arg(code.as_str())
        })
        .await
    }

    /// The repositories that were taken out and still have copies here.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn retired_repositories(&self) -> Result<Vec<RepositoryDefinition>, StoreError> {
        let sql = Sql::new(
            "SELECT definition FROM repository q WHERE retired_ms IS NOT NULL AND EXISTS \
             (SELECT 1 FROM study_copy c WHERE c.repository_key = q.repository_key) ORDER BY repository_key",
        );
        self.read().await?.rows(sql).await?.iter().map(|row| row.json(0)).collect()
    }

    /// Pauses or resumes a repository.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn set_paused(&self, code: &RepositoryCode, paused: bool) -> Result<(), StoreError> {
        self.update_repository(|| {
            let sql = Sql::new("UPDATE repository SET paused = $1, epoch = epoch + 1 WHERE code = $2");
            sql.arg(paused).arg(code.as_str())
        })
        .await
    }

    /// Starts the walk over from the newest; what is registered stays.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn start_over(&self, code: &RepositoryCode) -> Result<(), StoreError> {
        self.update_repository(|| {
            let mut sql = Sql::new("UPDATE repository SET ");
            sql.push(FROM_THE_NEWEST).push(" WHERE code = ").bind(code.as_str());
            sql
        })
        .await
    }

    /// Notes that a comparison with the repository's own list is wanted; `accept` says that it may mark much as gone.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn ask_for_reconciliation(
        &self,
        code: &RepositoryCode,
        accept: bool,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.update_repository(|| {
            let sql = Sql::new("UPDATE repository SET reconcile_asked_ms = $1, reconcile_accept = $2 WHERE code = $3");
            sql.arg(now_ms).arg(accept).arg(code.as_str())
        })
        .await
    }

    /// Notes that a repository answered, or failed with `error`, which must name no value of a patient. `trouble` says that it gives nothing now.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn note_contact(
        &self,
        code: &RepositoryCode,
        at_ms: i64,
        error: Option<&str>,
        trouble: Option<Trouble>,
    ) -> Result<(), StoreError> {
        self.update_repository(|| match error {
            None => Sql::new(
                "UPDATE repository SET last_contact_ms = $1, down_since_ms = NULL, refused_since_ms = NULL WHERE code = $2",
            )
            .arg(at_ms)
                .arg(code.as_str()),
            Some(error) => Sql::new(
                "UPDATE repository SET last_error_ms = $1, last_error = $2, \
                 down_since_ms = CASE $3 WHEN 1 THEN coalesce(down_since_ms, $1) WHEN 2 THEN NULL ELSE down_since_ms END, \
                 refused_since_ms = CASE $3 WHEN 2 THEN coalesce(refused_since_ms, $1) WHEN 1 THEN NULL \
                 ELSE refused_since_ms END WHERE code = $4",
            )
            .arg(at_ms)
            .arg(error)
            .arg(match trouble {
                None => 0i64,
                Some(Trouble::Down) => 1,
                Some(Trouble::Refused) => 2,
            })
            .arg(code.as_str()),
        })
        .await
    }

    /// A new holder begins where the last one was; `None` while it is paused or taken out. What older holders save is not kept any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_sync(&self, code: &RepositoryCode) -> Result<Option<SyncState>, StoreError> {
        let sql = || {
            let sql = Sql::new(
                "UPDATE repository SET epoch = epoch + 1, stretch_ms = NULL WHERE code = $1 AND paused = 0 AND retired_ms IS NULL",
            );
            sql.arg(code.as_str())
        };
        let begun: Result<u64, StoreError> = in_transaction!(self.pools(), |link| async { link.run(sql()).await });
        if begun? == 0 {
            return Ok(None);
        }
        let row = self.repositories().await?.into_iter().find(|row| row.definition.code == *code);
        Ok(row.map(|row| row.sync))
    }

    /// Keeps the synchroniser's place; `false`, with nothing kept, when another epoch has begun.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save_sync(&self, code: &RepositoryCode, sync: &SyncState) -> Result<bool, StoreError> {
        let sql = || {
            Sql::new(
                "UPDATE repository SET phase = $1, cursor = $2, indexed = $3, expected = $4, synced_ms = $5, \
                 stretch_ms = $6, stretch_from = $7 WHERE code = $8 AND epoch = $9",
            )
            .arg(phase_code(sync.phase))
            .arg(sync.cursor.as_deref())
            .arg(sync.indexed.cast_signed())
            .arg(sync.expected.map(u64::cast_signed))
            .arg(sync.synced_ms)
            .arg(sync.stretch.map(|(at_ms, _)| at_ms))
            .arg(sync.stretch.map_or(0, |(_, from)| from.cast_signed()))
            .arg(code.as_str())
            .arg(sync.epoch)
        };
        in_transaction!(self.pools(), |link| async { link.run(sql()).await.map(|rows| rows > 0) })
    }

    async fn update_repository(&self, sql: impl Fn() -> Sql) -> Result<(), StoreError> {
        let rows: Result<u64, StoreError> = in_transaction!(self.pools(), |link| async { link.run(sql()).await });
        if rows? == 0 { Err(StoreError::Unknown { what: "repository" }) } else { Ok(()) }
    }
}

fn repository(row: &Row) -> Result<RepositoryRow, StoreError> {
    let count = |index| row.int(index).map(|n| n.max(0).cast_unsigned());
    let last_error = match (row.opt_int(8)?, row.opt_text(9)?) {
        (Some(at_ms), Some(words)) => Some((at_ms, words)),
        _ => None,
    };
    let from = count(18)?;
    Ok(RepositoryRow {
        definition: row.json(0)?,
        paused: row.flag(1)?,
        sync: SyncState {
            epoch: row.int(15)?,
            phase: phase(&row.text(2)?)?,
            cursor: row.opt_text(3)?,
            indexed: count(4)?,
            expected: row.opt_int(5)?.map(i64::cast_unsigned),
            synced_ms: row.opt_int(6)?,
            stretch: row.opt_int(17)?.map(|at_ms| (at_ms, from)),
        },
        trouble: match (row.opt_int(16)?, row.opt_int(23)?) {
            (Some(since_ms), _) => Some((Trouble::Down, since_ms)),
            (None, since_ms) => since_ms.map(|since_ms| (Trouble::Refused, since_ms)),
        },
        last_contact_ms: row.opt_int(7)?,
        last_error,
        reconcile_asked_ms: row.opt_int(19)?,
        reconciled_ms: row.opt_int(20)?,
        reconcile_accept: row.flag(21)?,
        created_ms: row.int(22)?,
        counts: Counts {
            studies: count(10)?,
            series: count(11)?,
            instances: count(12)?,
            reports: count(13)?,
            quarantined: count(14)?,
        },
    })
}

const fn phase_code(phase: SyncPhase) -> &'static str {
    match phase {
        SyncPhase::Waiting => "waiting",
        SyncPhase::Indexing => "indexing",
        SyncPhase::Following => "following",
    }
}

fn phase(code: &str) -> Result<SyncPhase, StoreError> {
    [SyncPhase::Waiting, SyncPhase::Indexing, SyncPhase::Following]
        .into_iter()
        .find(|phase| phase_code(*phase) == code)
        .ok_or(StoreError::Corrupt { what: "phase" })
}
