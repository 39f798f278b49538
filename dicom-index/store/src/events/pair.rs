//! What befell two numbers before: what is told of them is ordered by when it was recorded, and what is older and comes late is history.

use crate::StoreError;
use crate::engine::Sql;
use crate::index::Work;

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
