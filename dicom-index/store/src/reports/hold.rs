//! Reports that an operator holds: who asks for one learns that it is pending, and nothing of what it says.
//!
//! The one place of that rule is [`apply`], which every row passes on its way out of the store; objects follow by
//! [`Store::withdrawal_due`]. A hold ends when it is lifted, so that a clock or a task that stands still gives nothing out early.

use index_model::{PersonName, Phi, ReportRecord, ReportStatus};

use super::rejected;
use crate::engine::{Link, Row, Sql, in_transaction};
use crate::index::Work;
use crate::locate::code;
use crate::{HeldReport, ReportHold, ReportRow, Store, StoreError};

/// Takes everything that a report says out of its row when it is held. Whose it is and what it is about stay, for it stands in the record.
pub(super) fn apply(report: ReportRow) -> ReportRow {
    if report.held_until_ms.is_none() {
        return report;
    }
    let current = ReportRecord {
        status: ReportStatus::Registered,
        title: String::new(),
        text: Phi::default(),
        documents: Vec::new(),
        document_ids: Vec::new(),
        predecessor_ids: Vec::new(),
        object: None,
        language: String::new(),
        issued_ms: None,
        interpreter: PersonName::default(),
        ..report.current
    };
    ReportRow { status: ReportStatus::Registered, current, ..report }
}

impl Store {
    /// Holds a report, or holds it until another time; our key of it, `None` where there is no such report.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hold_report(&self, public_id: &str, hold: &ReportHold) -> Result<Option<i64>, StoreError> {
        in_transaction!(self.pools(), |link| write(&mut link, public_id, Some(hold), hold.since_ms))
    }

    /// Ends the hold of a report; our key of it, `None` where there is no such report or it is not held.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_report(&self, public_id: &str, now_ms: i64) -> Result<Option<i64>, StoreError> {
        in_transaction!(self.pools(), |link| write(&mut link, public_id, None, now_ms))
    }

    /// Reports that are held, the next to be released first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn held_reports(&self, limit: u32) -> Result<Vec<HeldReport>, StoreError> {
        let mut sql = Sql::new(
            "SELECT o.report_key, o.public_id, q.code, o.held_until_ms, o.held_ms, o.held_by, o.held_reason FROM report o \
             JOIN repository q ON q.repository_key = o.repository_key WHERE o.held_until_ms IS NOT NULL \
             ORDER BY o.held_until_ms, o.report_key",
        );
        sql.limit(limit);
        self.read().await?.rows(sql).await?.iter().map(held).collect()
    }
}

async fn write(
    link: &mut Link,
    public_id: &str,
    hold: Option<&ReportHold>,
    now_ms: i64,
) -> Result<Option<i64>, StoreError> {
    let mut sql = Sql::new("UPDATE report SET held_until_ms = ");
    sql.bind(hold.map(|hold| hold.until_ms)).push(", held_ms = ").bind(hold.map(|hold| hold.since_ms));
    sql.push(", held_by = ").bind(hold.map_or("", |hold| hold.by.as_str()));
    sql.push(", held_reason = ").bind(hold.map_or("", |hold| hold.reason.as_str()));
    sql.push(" WHERE (public_id = ").bind(public_id);
    sql.push(" OR report_key IN (SELECT report_key FROM report_alias WHERE public_id = ").bind(public_id).push("))");
    sql.push(if hold.is_some() { "" } else { " AND held_until_ms IS NOT NULL" }).push(" RETURNING report_key");
    let Some(row) = link.row(sql).await? else { return Ok(None) };
    let report_key = row.int(0)?;
    let mut work = Work::new(link, now_ms);
    rejected::note_change(&mut work, report_key).await?;
    work.finish().await?;
    Ok(Some(report_key))
}

/// Two reports turn out to be one: it is held when either was, until the later time.
pub(super) async fn absorb(link: &mut Link, into: i64, other: i64) -> Result<(), StoreError> {
    let sql = Sql::new(
        "UPDATE report SET (held_until_ms, held_ms, held_by, held_reason) = \
         (SELECT o.held_until_ms, o.held_ms, o.held_by, o.held_reason FROM report o WHERE o.report_key = $1) \
         WHERE report_key = $2 AND coalesce(held_until_ms, 0) < \
         coalesce((SELECT o.held_until_ms FROM report o WHERE o.report_key = $1), 0)",
    );
    link.run(sql.arg(other).arg(into)).await.map(drop)
}

fn held(row: &Row) -> Result<HeldReport, StoreError> {
    let hold = ReportHold {
        until_ms: row.int(3)?,
        since_ms: row.opt_int(4)?.unwrap_or_default(),
        by: row.text(5)?,
        reason: row.text(6)?,
    };
    Ok(HeldReport { report_key: row.int(0)?, public_id: row.text(1)?, repository: code(&row.text(2)?)?, hold })
}
