//! What was fetched from repositories and can be fetched again: how much there is, what nobody looked at for longest, and its way out.
//!
//! An object that leaves is named in `doomed_object` in the transaction by which the index forgets it, and its bytes go later: who found
//! it in the index a moment before may still read it. A manifest is named there before it is written, and no longer when it is in force.

use std::collections::{BTreeMap, BTreeSet};

use index_model::{RepositoryCode, Uid};

use crate::engine::{Link, Row, Sql, dialect, in_transaction};
use crate::locate::code;
use crate::{Store, StoreError};

/// Rows of one statement.
const CHUNK: usize = 400;

/// A series of which something was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedSeries {
    /// Its key.
    pub series_key: i64,
    /// Its study's.
    pub study_key: i64,
    /// Its study.
    pub study_instance_uid: Uid,
    /// The series.
    pub series_instance_uid: Uid,
    /// What was fetched of it, in bytes.
    pub fetched_bytes: u64,
    /// When somebody looked at it last, Unix milliseconds.
    pub used_ms: i64,
}

/// An instance that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedInstance {
    /// Which.
    pub sop_instance_uid: Uid,
    /// From whom.
    pub repository: RepositoryCode,
    /// The name of its bytes.
    pub object: String,
}

/// What is to leave one series.
#[derive(Debug, Clone)]
pub struct Eviction<'a> {
    /// The series, as it was looked at. Somebody's use of it since then keeps it.
    pub series: &'a FetchedSeries,
    /// The version of the manifest that `base` was made of.
    pub from_version: i64,
    /// The manifest without the bytes that leave, and what goes with it: written, and doomed.
    pub base: (&'a str, &'a str),
    /// The manifest that it replaces, and what goes with it.
    pub replaced: (&'a str, &'a str),
    /// The instances whose bytes leave.
    pub instances: &'a [FetchedInstance],
}

impl Store {
    /// How much of what is held was fetched, in bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn fetched_bytes(&self) -> Result<u64, StoreError> {
        let sql =
            Sql::new("SELECT CAST(coalesce(sum(fetched_bytes), 0) AS BIGINT) FROM series WHERE fetched_bytes > 0");
        Ok(self.read().await?.number(sql).await?.max(0).cast_unsigned())
    }

    /// Series of which something was fetched and that nobody has looked at since `idle_since_ms`, the longest unused first; those after
    /// `after`, which is the time and key of one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn fetched_series(
        &self,
        idle_since_ms: i64,
        after: Option<(i64, i64)>,
        limit: u32,
    ) -> Result<Vec<FetchedSeries>, StoreError> {
        let (used_ms, series_key) = after.unwrap_or((i64::MIN, i64::MIN));
        let sql = Sql::new(
            "SELECT r.series_key, r.study_key, s.study_instance_uid, r.series_instance_uid, r.fetched_bytes, r.used_ms \
             FROM series r JOIN study s ON s.study_key = r.study_key \
             WHERE r.fetched_bytes > 0 AND r.used_ms <= $1 AND (r.used_ms > $2 OR (r.used_ms = $2 AND r.series_key > $3)) \
             ORDER BY r.used_ms, r.series_key LIMIT $4",
        );
        let series = |row: &Row| {
            Ok(FetchedSeries {
                series_key: row.int(0)?,
                study_key: row.int(1)?,
                study_instance_uid: uid(&row.text(2)?)?,
                series_instance_uid: uid(&row.text(3)?)?,
                fetched_bytes: row.int(4)?.max(0).cast_unsigned(),
                used_ms: row.int(5)?,
            })
        };
        let sql = sql.arg(idle_since_ms).arg(used_ms).arg(series_key).arg(limit);
        self.read().await?.rows(sql).await?.iter().map(series).collect()
    }

    /// The instances of a series that were fetched.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn fetched_instances(&self, series_key: i64) -> Result<Vec<FetchedInstance>, StoreError> {
        let sql = Sql::new(
            "SELECT h.sop_instance_uid, q.code, h.object FROM held_instance h \
             JOIN repository q ON q.repository_key = h.repository_key \
             WHERE h.series_key = $1 AND h.fetched_bytes IS NOT NULL AND h.object IS NOT NULL \
             ORDER BY h.instance_key LIMIT 1000000",
        );
        let instance = |row: &Row| {
            Ok(FetchedInstance {
                sop_instance_uid: uid(&row.text(0)?)?,
                repository: code(&row.text(1)?)?,
                object: row.text(2)?,
            })
        };
        self.read().await?.rows(sql.arg(series_key)).await?.iter().map(instance).collect()
    }

    /// Notes when series were looked at.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_uses(&self, uses: &[(i64, i64)]) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| async {
            for (series_key, at_ms) in uses {
                let sql = Sql::new(
                    "UPDATE series SET used_ms = $1 WHERE series_key = $2 AND fetched_bytes > 0 AND used_ms < $1",
                );
                link.run(sql.arg(*at_ms).arg(*series_key)).await?;
            }
            Ok(())
        })
    }

    /// Dooms objects that are about to be written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn doom(&self, objects: &[&str], series_key: i64, now_ms: i64) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| doom(&mut link, objects, series_key, now_ms))
    }

    /// Forgets that bytes are held: what is known of their instances stays, and they can be fetched again. `false`, with nothing changed,
    /// when the series was looked at, has grown or was evicted meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn evict(&self, eviction: &Eviction<'_>, now_ms: i64) -> Result<bool, StoreError> {
        let evicted: Result<(), StoreError> = in_transaction!(self.pools(), |link| evict(&mut link, eviction, now_ms));
        match evicted {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { what: MEANWHILE }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Which of these instances are held and shown, each with the key of its series. From now on they are kept like what was sent to us.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn commit_to(&self, instances: &[Uid]) -> Result<BTreeMap<Uid, i64>, StoreError> {
        in_transaction!(self.pools(), |link| commit_to(&mut link, instances))
    }

    /// Takes doomed objects to be removed: those that were doomed before this, and whose series nobody has looked at since. Who writes one
    /// of them can't put it in force any more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_doomed(&self, before_ms: i64, limit: u32) -> Result<Vec<String>, StoreError> {
        let sql = || {
            Sql::new(
                "UPDATE doomed_object SET since_ms = 0 WHERE object IN (SELECT d.object FROM doomed_object d \
                 LEFT JOIN series r ON r.series_key = d.series_key \
                 WHERE d.since_ms <= $1 AND coalesce(r.used_ms, 0) <= $1 ORDER BY d.object LIMIT $2) RETURNING object",
            )
            .arg(before_ms)
            .arg(limit)
        };
        in_transaction!(self.pools(), |link| async {
            link.rows(sql()).await?.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()
        })
    }

    /// Their bytes are gone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_doomed(&self, objects: &[String]) -> Result<(), StoreError> {
        in_transaction!(self.pools(), |link| async {
            for chunk in objects.chunks(CHUNK) {
                let mut sql = Sql::new("DELETE FROM doomed_object WHERE object IN (");
                sql.list(chunk.iter().map(String::as_str)).push(")");
                link.run(sql).await?;
            }
            Ok(())
        })
    }
}

const MEANWHILE: &str = "a series that has changed meanwhile";

async fn evict(link: &mut Link, eviction: &Eviction<'_>, now_ms: i64) -> Result<(), StoreError> {
    let series = eviction.series;
    // Who stores an instance decides by what is held: not at the same time.
    dialect::hold(link, [format!("study {}", series.study_instance_uid)]).await?;
    let meanwhile = || StoreError::Conflict { what: MEANWHILE };
    let sql = Sql::new(
        "UPDATE series SET manifest_version = manifest_version + 1, base_object = $1 \
         WHERE series_key = $2 AND manifest_version = $3 AND pending = 0 AND used_ms = $4",
    );
    let sql = sql.arg(eviction.base.0).arg(series.series_key).arg(eviction.from_version).arg(series.used_ms);
    if link.run(sql).await? == 0 {
        return Err(meanwhile());
    }
    let mut by_repository: BTreeMap<&RepositoryCode, i64> = BTreeMap::new();
    for chunk in eviction.instances.chunks(CHUNK) {
        let mut sql = Sql::new("UPDATE held_instance SET object = NULL, fetched_bytes = NULL WHERE series_key = ");
        sql.bind(series.series_key).push(" AND fetched_bytes IS NOT NULL AND object IN (");
        sql.list(chunk.iter().map(|one| one.object.as_str())).push(")");
        if link.run(sql).await? != chunk.len() as u64 {
            return Err(meanwhile());
        }
        let objects: Vec<&str> = chunk.iter().map(|one| one.object.as_str()).collect();
        doom(link, &objects, series.series_key, now_ms).await?;
        chunk.iter().for_each(|one| *by_repository.entry(&one.repository).or_default() += 1);
    }
    for (repository, evicted) in by_repository {
        let sql = Sql::new(
            "UPDATE series_copy SET held = held - $1 WHERE series_key = $2 \
             AND repository_key = (SELECT repository_key FROM repository WHERE code = $3)",
        );
        link.run(sql.arg(evicted).arg(series.series_key).arg(repository.as_str())).await?;
    }
    let sql = Sql::new("UPDATE series SET held = held - $1 WHERE series_key = $2");
    link.run(sql.arg(i64::try_from(eviction.instances.len()).unwrap_or(i64::MAX)).arg(series.series_key)).await?;
    recount(link, series.series_key).await?;
    doom(link, &[eviction.replaced.0, eviction.replaced.1], series.series_key, now_ms).await?;
    let mut sql = Sql::new("DELETE FROM doomed_object WHERE since_ms > 0 AND object IN (");
    sql.list([eviction.base.0, eviction.base.1]).push(")");
    // One that was taken to be removed meanwhile can't be put in force.
    if link.run(sql).await? == 2 { Ok(()) } else { Err(meanwhile()) }
}

async fn commit_to(link: &mut Link, instances: &[Uid]) -> Result<BTreeMap<Uid, i64>, StoreError> {
    let (mut held, mut pinned) = (BTreeMap::new(), BTreeSet::new());
    for chunk in instances.chunks(CHUNK) {
        // A change of what is there already, so that nothing of it leaves before this is over.
        let mut sql = Sql::new("UPDATE held_instance SET fetched_bytes = NULL WHERE object IS NOT NULL AND shown = 1");
        sql.push(" AND fetched_bytes IS NOT NULL AND sop_instance_uid IN (");
        sql.list(chunk.iter().map(Uid::as_str)).push(") RETURNING series_key");
        for row in link.rows(sql).await? {
            pinned.insert(row.int(0)?);
        }
        let mut sql = Sql::new("SELECT sop_instance_uid, series_key FROM held_instance");
        sql.push(" WHERE object IS NOT NULL AND shown = 1");
        sql.push(" AND sop_instance_uid IN (").list(chunk.iter().map(Uid::as_str)).push(")");
        // Which of two objects of one identifier the asker has can't be told, so that it keeps its own.
        sql.push(" AND NOT EXISTS (SELECT 1 FROM held_instance other WHERE other.shown = 0");
        sql.push(" AND other.sop_instance_uid = held_instance.sop_instance_uid)");
        for row in link.rows(sql).await? {
            held.insert(uid(&row.text(0)?)?, row.int(1)?);
        }
    }
    for series_key in pinned {
        recount(link, series_key).await?;
    }
    Ok(held)
}

async fn doom(link: &mut Link, objects: &[&str], series_key: i64, now_ms: i64) -> Result<(), StoreError> {
    for chunk in objects.chunks(CHUNK) {
        let mut sql = Sql::new("INSERT INTO doomed_object (object, series_key, since_ms) VALUES ");
        for (n, object) in chunk.iter().enumerate() {
            sql.tuple(n == 0, [(*object).into(), series_key.into(), now_ms.into()]);
        }
        sql.push(" ON CONFLICT (object) DO NOTHING");
        link.run(sql).await?;
    }
    Ok(())
}

/// What is left of what was fetched of a series.
pub(crate) async fn recount(link: &mut Link, series_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new(
        "UPDATE series SET fetched_bytes = (SELECT CAST(coalesce(sum(h.fetched_bytes), 0) AS BIGINT) FROM held_instance h \
         WHERE h.series_key = series.series_key) WHERE series_key = $1",
    );
    link.run(sql.arg(series_key)).await.map(drop)
}

fn uid(text: &str) -> Result<Uid, StoreError> {
    Uid::parse(text).map_err(|_| StoreError::Corrupt { what: "UID" })
}
