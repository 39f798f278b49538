//! Versions that are objects which were rejected (IHE RAD IOCM): their words are given to nobody, and the rest of the report stands.

use index_model::{ReportRecord, ReportStatus};

use super::versions;
use crate::engine::{Link, Sql};
use crate::index::{WITHDRAWN, Work};
use crate::{ChangeKind, StoreError};

/// Takes the versions back that are rejected instances of a study. An object that is hidden with its report is none of them.
pub(crate) async fn objects_rejected(work: &mut Work<'_>, study_uid: &str) -> Result<(), StoreError> {
    let sql = Sql::new(
        "SELECT v.report_key, v.version FROM rejection x JOIN report_version v ON v.sop_instance_uid = x.sop_instance_uid \
         WHERE x.study_instance_uid = $1 AND x.applied = 1 AND x.reason <> $2 AND v.rejected_ms IS NULL \
         ORDER BY v.report_key, v.version",
    );
    let rows = work.link.rows(sql.arg(study_uid).arg(WITHDRAWN)).await?;
    for row in &rows {
        let report_key = row.int(0)?;
        lock(work.link, report_key).await?;
        let sql = Sql::new("UPDATE report_version SET rejected_ms = $1 WHERE report_key = $2 AND version = $3");
        work.link.run(sql.arg(work.now_ms).arg(report_key).arg(row.int(1)?)).await?;
        show(work.link, report_key).await?;
        note_change(work, report_key).await?;
    }
    Ok(())
}

/// A line of the change feed for each study that a report is tied to.
pub(super) async fn note_change(work: &mut Work<'_>, report_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new("SELECT study_key FROM report_link WHERE report_key = $1").arg(report_key);
    for row in work.link.rows(sql).await? {
        work.note(row.int(0)?, ChangeKind::ReportChanged);
    }
    Ok(())
}

/// Holds a report's row, so that nobody else decides at once which version is shown.
pub(crate) async fn lock(link: &mut Link, report_key: i64) -> Result<(), StoreError> {
    link.run(Sql::new("UPDATE report SET versions = versions WHERE report_key = $1").arg(report_key)).await.map(drop)
}

/// Shows the version that is to be shown now; of a report of which all were rejected none.
pub(super) async fn show(link: &mut Link, report_key: i64) -> Result<(), StoreError> {
    let versions = versions::load(link, report_key).await?;
    let Some(shown) = versions::shown(&versions) else {
        let sql = Sql::new("UPDATE report SET status = $1 WHERE report_key = $2");
        return link.run(sql.arg(ReportStatus::EnteredInError.code()).arg(report_key)).await.map(drop);
    };
    let sql = Sql::new("SELECT record, received_ms FROM report_version WHERE report_key = $1 AND version = $2");
    let Some(row) = link.row(sql.arg(report_key).arg(shown.version)).await? else { return Ok(()) };
    let (text, record) = (row.text(0)?, row.json::<ReportRecord>(0)?);
    let sql = Sql::new(
        "UPDATE report SET current_version = $1, status = $2, accession_number = $3, accession_issuer = $4, filler_number = $5, \
         filler_issuer = $6, placer_number = $7, placer_issuer = $8, received_ms = $9, record = $10 WHERE report_key = $11",
    );
    let sql = sql.arg(shown.version).arg(record.status.code());
    let sql = super::order_columns(&record).into_iter().fold(sql, Sql::arg).arg(row.int(1)?);
    link.run(sql.arg(text).arg(report_key)).await?;
    versions::note_amended(link, report_key, &versions).await
}
