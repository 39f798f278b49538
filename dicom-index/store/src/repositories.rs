//! Registered repositories and how far they are indexed.

use index_model::{RepositoryCode, RepositoryDefinition};

use crate::engine::json;
use crate::engine::{Row, Sql, in_transaction};
use crate::{Counts, RepositoryRow, Store, StoreError, SyncPhase, SyncState};

const COLUMNS: &str = "SELECT definition, paused, phase, cursor, indexed, expected, synced_ms, last_contact_ms, \
    last_error_ms, last_error, studies, series, instances, reports, quarantined FROM repository ORDER BY repository_key";

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
                 ON CONFLICT (code) DO UPDATE SET region = excluded.region, definition = excluded.definition",
            );
            let sql = sql.arg(definition.code.as_str()).arg(definition.region.as_str()).arg(record.as_str());
            link.run(sql.arg(now_ms)).await.map(drop)
        })
    }

    /// Registers a repository; `false` when its code is taken.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn insert_repository(&self, definition: &RepositoryDefinition, now_ms: i64) -> Result<bool, StoreError> {
        let record = json(definition)?;
        in_transaction!(self.pools(), |link| async {
            let sql = Sql::new(
                "INSERT INTO repository (code, region, definition, created_ms) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (code) DO NOTHING",
            );
            let sql = sql.arg(definition.code.as_str()).arg(definition.region.as_str()).arg(record.as_str());
            link.run(sql.arg(now_ms)).await.map(|rows| rows > 0)
        })
    }

    /// All repositories, in the order of their registration.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn repositories(&self) -> Result<Vec<RepositoryRow>, StoreError> {
        self.read().await?.rows(Sql::new(COLUMNS)).await?.iter().map(repository).collect()
    }

    /// Pauses or resumes a repository.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn set_paused(&self, code: &RepositoryCode, paused: bool) -> Result<(), StoreError> {
        self.update_repository(|| {
            Sql::new("UPDATE repository SET paused = $1 WHERE code = $2").arg(paused).arg(code.as_str())
        })
        .await
    }

    /// Notes that a repository answered, or failed with `error`, which must name no value of a patient.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn note_contact(&self, code: &RepositoryCode, at_ms: i64, error: Option<&str>) -> Result<(), StoreError> {
        self.update_repository(|| match error {
            None => {
                Sql::new("UPDATE repository SET last_contact_ms = $1 WHERE code = $2").arg(at_ms).arg(code.as_str())
            }
            Some(error) => Sql::new("UPDATE repository SET last_error_ms = $1, last_error = $2 WHERE code = $3")
                .arg(at_ms)
                .arg(error)
                .arg(code.as_str()),
        })
        .await
    }

    /// Keeps the synchroniser's place.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn save_sync(&self, code: &RepositoryCode, sync: &SyncState) -> Result<(), StoreError> {
        self.update_repository(|| {
            Sql::new(
                "UPDATE repository SET phase = $1, cursor = $2, indexed = $3, expected = $4, synced_ms = $5 \
                 WHERE code = $6",
            )
            .arg(phase_code(sync.phase))
            .arg(sync.cursor.as_deref())
            .arg(sync.indexed.cast_signed())
            .arg(sync.expected.map(u64::cast_signed))
            .arg(sync.synced_ms)
            .arg(code.as_str())
        })
        .await
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
    Ok(RepositoryRow {
        definition: row.json(0)?,
        paused: row.flag(1)?,
        sync: SyncState {
            phase: phase(&row.text(2)?)?,
            cursor: row.opt_text(3)?,
            indexed: count(4)?,
            expected: row.opt_int(5)?.map(i64::cast_unsigned),
            synced_ms: row.opt_int(6)?,
        },
        last_contact_ms: row.opt_int(7)?,
        last_error,
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
