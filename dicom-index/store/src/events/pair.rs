//! What befell two numbers before: what is told of them is ordered by when it was recorded, and what is older and comes late is history.

use super::Known;
use crate::StoreError;
use crate::engine::Sql;
use crate::index::{Work, identity, patient::MAX_CHAIN};

/// The latest of what was told of two numbers: that they are one, or are two.
pub(super) struct Last {
    /// When it was recorded.
    pub(super) told_ms: i64,
    /// What was told.
    pub(super) kind: String,
}

/// Of what was recorded at one moment, what arrived last.
pub(super) async fn last(work: &mut Work<'_>, one: i64, two: i64) -> Result<Option<Last>, StoreError> {
    let sql = Sql::new(
        "SELECT coalesce(told_ms, at_ms), kind FROM patient_event WHERE kind IN ('merge', 'renumber', 'unmerge') \
         AND patient_key IN ($1, $2) AND other_key IN ($1, $2) ORDER BY coalesce(told_ms, at_ms) DESC, event_key DESC LIMIT 1",
    );
    let row = work.link.row(sql.arg(one).arg(two)).await?;
    row.map(|row| Ok(Last { told_ms: row.int(0)?, kind: row.text(1)? })).transpose()
}

/// Events of two numbers that are looked at.
const MOST_EVENTS: u32 = 1_000;

/// What the moves of two numbers come to in the order in which they were recorded: who goes by whom. A move takes back the one before that
/// was told the other way round. `None` where other kinds of messages spoke of the two.
async fn moved(work: &mut Work<'_>, one: i64, two: i64) -> Result<Option<Moved>, StoreError> {
    let mut sql = Sql::new(
        "SELECT kind, patient_key, other_key FROM patient_event WHERE kind IN ('merge', 'renumber', 'unmerge') \
         AND patient_key IN ($1, $2) AND other_key IN ($1, $2) ORDER BY coalesce(told_ms, at_ms), event_key",
    )
    .arg(one)
    .arg(two);
    sql.limit(MOST_EVENTS);
    let mut moved = Moved::default();
    for row in work.link.rows(sql).await? {
        if row.text(0)? != "renumber" {
            return Ok(None);
        }
        moved.follow(row.int(1)?, row.int(2)?);
    }
    Ok(Some(moved))
}

/// Who goes by whom after some moves: the survivor, and the number that was moved.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Moved(Option<(i64, i64)>);

impl Moved {
    fn follow(&mut self, survivor: i64, other: i64) {
        self.0 = if self.0 == Some((other, survivor)) { None } else { Some((survivor, other)) };
    }
}

/// A move that comes late, after one that was recorded later: the two go by what all their moves come to in their order.
pub(super) async fn settle_moves(work: &mut Work<'_>, one: &Known, two: &Known) -> Result<(), StoreError> {
    let Some(Moved(moved)) = moved(work, one.patient_key, two.patient_key).await? else { return Ok(()) };
    for (known, other) in [(one, two), (two, one)] {
        // By another than these two it goes as it was told of that one.
        if known.survivor_key == Some(other.patient_key) && moved != Some((other.patient_key, known.patient_key)) {
            let sql = Sql::new("UPDATE source_patient SET survivor_key = NULL WHERE patient_key = $1");
            work.link.run(sql.arg(known.patient_key)).await?;
        }
    }
    if let Some((survivor_key, patient_key)) = moved
        && survivor(work, patient_key).await?.is_none()
        && !leads_to(work, Some(survivor_key), patient_key).await?
    {
        let sql = Sql::new("UPDATE source_patient SET survivor_key = $1 WHERE patient_key = $2");
        work.link.run(sql.arg(survivor_key).arg(patient_key)).await?;
    }
    tracing::info!(one = one.patient_key, two = two.patient_key, "a move came late, after another of the two");
    identity::regroup(work, &[one.patient_key, two.patient_key]).await
}

/// Whether a chain of merges goes through a patient.
pub(super) async fn leads_to(work: &mut Work<'_>, from: Option<i64>, to: i64) -> Result<bool, StoreError> {
    let mut next = from;
    for _ in 0..MAX_CHAIN {
        let Some(key) = next else { return Ok(false) };
        if key == to {
            return Ok(true);
        }
        next = survivor(work, key).await?;
    }
    Ok(true)
}

/// Whom a patient goes by at the end of a chain of merges.
pub(super) async fn root(work: &mut Work<'_>, patient_key: i64) -> Result<i64, StoreError> {
    let mut key = patient_key;
    for _ in 0..MAX_CHAIN {
        match survivor(work, key).await? {
            Some(next) => key = next,
            None => break,
        }
    }
    Ok(key)
}

async fn survivor(work: &mut Work<'_>, patient_key: i64) -> Result<Option<i64>, StoreError> {
    let sql = Sql::new("SELECT survivor_key FROM source_patient WHERE patient_key = $1").arg(patient_key);
    Ok(work.link.row(sql).await?.map(|row| row.opt_int(0)).transpose()?.flatten())
}
