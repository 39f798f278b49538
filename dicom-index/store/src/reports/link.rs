//! Ties between reports and studies, by the strongest evidence there is.
//!
//! The message's StudyInstanceUID, else issuer and accession number, else issuer and filler order number where that is the
//! accession number. Never an accession number without its issuer, and never a study of another patient.

use index_model::{IssuedId, LinkEvidence, PatientRecord, ReportRecord, StudyRecord};

use crate::engine::Sql;
use crate::index::Work;
use crate::index::merge::agree;
use crate::{ChangeKind, StoreError};

/// Studies of one accession number, or reports that wait for one, that are looked at.
const MAX_CANDIDATES: u32 = 200;

/// A new or changed study: reports that may have waited for it are linked again.
pub(crate) async fn study_arrived(work: &mut Work<'_>, study_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new(
        "SELECT w.report_key FROM study s JOIN report_study_uid w ON w.study_instance_uid = s.study_instance_uid \
         WHERE s.study_key = $1 \
         UNION SELECT o.report_key FROM study_copy c JOIN report o ON o.accession_number = c.accession_number \
         AND o.accession_issuer = c.accession_issuer WHERE c.study_key = $1 AND o.accession_number <> '' \
         UNION SELECT o.report_key FROM study_copy c JOIN report o ON o.filler_number = c.accession_number \
         AND o.filler_issuer = c.accession_issuer WHERE c.study_key = $1 AND o.filler_number <> '' LIMIT $2",
    );
    for report_key in crate::locate::keys(work.link, sql.arg(study_key).arg(MAX_CANDIDATES)).await? {
        relink(work, report_key).await?;
    }
    Ok(())
}

/// Whose report it is.
struct Subject<'a> {
    person_key: i64,
    patient: &'a PatientRecord,
}

/// Looks for the studies of a report anew.
pub(crate) async fn relink(work: &mut Work<'_>, report_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new("SELECT person_key, record FROM report WHERE report_key = $1").arg(report_key);
    let Some(row) = work.link.row(sql).await? else { return Ok(()) };
    let report: ReportRecord = row.json(1)?;
    let subject = Subject { person_key: row.int(0)?, patient: &report.patient };
    let (evidence, studies) = find(work, report_key, &report, &subject).await?;
    let sql = Sql::new("SELECT study_key FROM report_link WHERE report_key = $1 AND evidence = $2 ORDER BY study_key");
    let before = crate::locate::keys(work.link, sql.arg(report_key).arg(evidence.code())).await?;
    if before == studies && !studies.is_empty() {
        return changed(work, &studies);
    }
    work.link.run(Sql::new("DELETE FROM report_link WHERE report_key = $1").arg(report_key)).await?;
    for study_key in &studies {
        let sql = Sql::new("INSERT INTO report_link (report_key, study_key, evidence) VALUES ($1, $2, $3)");
        work.link.run(sql.arg(report_key).arg(*study_key).arg(evidence.code())).await?;
    }
    changed(work, &studies)
}

fn changed(work: &mut Work<'_>, studies: &[i64]) -> Result<(), StoreError> {
    for study_key in studies {
        work.note(*study_key, ChangeKind::ReportChanged);
    }
    Ok(())
}

async fn find(
    work: &mut Work<'_>,
    report_key: i64,
    report: &ReportRecord,
    subject: &Subject<'_>,
) -> Result<(LinkEvidence, Vec<i64>), StoreError> {
    let by_uid = Sql::new(
        "SELECT s.study_key, s.person_key, s.record FROM report_study_uid w \
         JOIN study s ON s.study_instance_uid = w.study_instance_uid WHERE w.report_key = $1 ORDER BY s.study_key LIMIT $2",
    );
    let found = of_patient(work, by_uid.arg(report_key).arg(MAX_CANDIDATES), subject).await?;
    if !found.is_empty() {
        return Ok((LinkEvidence::StudyUid, found));
    }
    if let Some(id) = &report.accession_number {
        let found = of_patient(work, by_accession(id), subject).await?;
        if !found.is_empty() {
            return Ok((LinkEvidence::Accession, found));
        }
    }
    if let Some(id) = &report.filler_order_number {
        return Ok((LinkEvidence::FillerOrder, of_patient(work, by_accession(id), subject).await?));
    }
    Ok((LinkEvidence::FillerOrder, Vec::new()))
}

fn by_accession(id: &IssuedId) -> Sql {
    Sql::new(
        "SELECT DISTINCT s.study_key, s.person_key, s.record FROM study_copy c JOIN study s ON s.study_key = c.study_key \
         WHERE c.accession_number = $1 AND c.accession_issuer = $2 AND c.accession_number <> '' \
         ORDER BY s.study_key LIMIT $3",
    )
    .arg(id.value.expose().trim())
    .arg(id.issuer.as_str())
    .arg(MAX_CANDIDATES)
}

/// Of these studies those of the report's patient: the same person, or somebody of whom nothing says otherwise.
async fn of_patient(work: &mut Work<'_>, sql: Sql, subject: &Subject<'_>) -> Result<Vec<i64>, StoreError> {
    let mut studies = Vec::new();
    for row in work.link.rows(sql).await? {
        let study: StudyRecord = row.json(2)?;
        if row.int(1)? == subject.person_key || agree(&study.patient, subject.patient) {
            studies.push(row.int(0)?);
        }
    }
    Ok(studies)
}
