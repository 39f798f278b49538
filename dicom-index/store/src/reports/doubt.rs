//! Why what a report names may be somebody's, or of something, else: it is tied to nothing for it, and somebody is told.

use index_model::ReportRecord;

use super::link::Subject;
use crate::engine::Sql;
use crate::index::Work;
use crate::{Doubt, StoreError};

/// What speaks against a report, where it is tied to something or not, and names what is another patient's or not.
pub(super) async fn of(
    work: &mut Work<'_>,
    report: &ReportRecord,
    subject: &Subject<'_>,
    (is_tied, is_anothers): (bool, bool),
) -> Result<Option<Doubt>, StoreError> {
    match (is_tied, is_anothers) {
        (true, true) => Ok(Some(Doubt::SeveralPatients)),
        (false, true) => Ok(Some(Doubt::OtherPatient)),
        (true, false) => Ok(None),
        (false, false) => Ok(has_namesake(work, report, subject).await?.then_some(Doubt::OtherIssuer)),
    }
}

/// Whether its patient has a study of its accession number that another issuer gave. That another patient elsewhere has one of the same
/// number says nothing: facilities count for themselves.
async fn has_namesake(work: &mut Work<'_>, report: &ReportRecord, subject: &Subject<'_>) -> Result<bool, StoreError> {
    let Some(id) = &report.accession_number else { return Ok(false) };
    let sql = Sql::new(
        "SELECT 1 FROM study_copy c JOIN study s ON s.study_key = c.study_key WHERE c.accession_number = $1 \
         AND c.accession_number <> '' AND c.accession_issuer <> $2 AND s.person_key = $3 LIMIT 1",
    );
    let sql = sql.arg(id.value.expose().trim()).arg(id.issuer.as_str()).arg(subject.person_key);
    Ok(work.link.row(sql).await?.is_some())
}

/// Writes it down, where it is another than before.
pub(super) async fn keep(
    work: &mut Work<'_>,
    report_key: i64,
    before: &str,
    doubt: Option<Doubt>,
) -> Result<(), StoreError> {
    let code = doubt.map_or("", Doubt::code);
    if code == before {
        return Ok(());
    }
    if let Some(doubt) = doubt {
        tracing::warn!(report.key = report_key, doubt = doubt.code(), "what a report names is not its patient's alone");
    }
    let sql = Sql::new("UPDATE report SET doubt = $1, doubt_ms = $2 WHERE report_key = $3");
    work.link.run(sql.arg(code).arg(doubt.map(|_| work.now_ms)).arg(report_key)).await.map(drop)
}
