//! What befell two numbers before: what is told of them is ordered by when it was recorded, and what is older and comes late is history.

use crate::StoreError;
use crate::engine::Sql;
use crate::index::{Work, patient::MAX_CHAIN};

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
