//! Reading reports.

use std::collections::HashMap;

use index_model::{LinkEvidence, Phi, ReportRecord, ReportStatus, Uid};

use crate::engine::{Link, Row, Sql};
use crate::locate::code;
use crate::{ReportLink, ReportRow, ReportVersion, Store, StoreError};

/// Reports of one person or study in one answer.
const MAX_REPORTS: u32 = 2_000;
/// Versions of one report in one answer.
const MAX_VERSIONS: u32 = 1_000;
/// Links of one answer.
const MAX_LINKS: u32 = 20_000;

const COLUMNS: &str = "SELECT o.report_key, o.public_id, o.person_key, q.code, q.region, o.status, o.current_version, \
    o.record, o.received_ms, o.patient_key FROM report o JOIN repository q ON q.repository_key = o.repository_key WHERE ";
const LINKS: &str = "SELECT l.report_key, l.study_key, s.study_instance_uid, l.evidence FROM report_link l \
    JOIN study s ON s.study_key = l.study_key WHERE ";

impl Store {
    /// A report by public id, with all its versions.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn report(&self, public_id: &str) -> Result<Option<ReportRow>, StoreError> {
        let mut link = self.read().await?;
        let mut sql = Sql::new(COLUMNS);
        sql.push("(o.public_id = ").bind(public_id);
        sql.push(" OR o.report_key IN (SELECT report_key FROM report_alias WHERE public_id = ")
            .bind(public_id)
            .push("))");
        let Some(mut report) = link.row(sql).await?.map(|row| report(&row)).transpose()? else { return Ok(None) };
        let mut sql = Sql::new(LINKS);
        sql.push("l.report_key = ").bind(report.report_key).push(" ORDER BY l.study_key").limit(MAX_LINKS);
        for row in link.rows(sql).await? {
            report.links.push(self::link(&row)?);
        }
        let sql = Sql::new(
            "SELECT version, received_ms, record, CAST(CASE WHEN rejected_ms IS NULL THEN 0 ELSE 1 END AS BIGINT) FROM report_version \
             WHERE report_key = $1 ORDER BY version LIMIT $2",
        );
        for row in link.rows(sql.arg(report.report_key).arg(MAX_VERSIONS)).await? {
            let (version, received_ms) = (row.count(0)?, row.int(1)?);
            let mut record: ReportRecord = row.json(2)?;
            // A rejected object is kept as a line of the history, without what it says.
            if row.flag(3)? {
                record.status = ReportStatus::EnteredInError;
                record.text = Phi::default();
                record.documents.clear();
            }
            report.versions.push(ReportVersion { version, received_ms, record });
        }
        Ok(Some(report))
    }

    /// A document of one version of a report, both from 1.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn report_document(
        &self,
        report_key: i64,
        version: u32,
        number: u32,
    ) -> Result<Option<Phi<Vec<u8>>>, StoreError> {
        let sql =
            Sql::new("SELECT content FROM report_document WHERE report_key = $1 AND version = $2 AND number = $3");
        let row = self.read().await?.row(sql.arg(report_key).arg(version).arg(number)).await?;
        row.map(|row| row.bytes(0).map(Phi::new)).transpose()
    }

    /// The reports of a person, latest first, without their texts.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reports_of_person(&self, person_key: i64) -> Result<Vec<ReportRow>, StoreError> {
        let mut sql = Sql::new(COLUMNS);
        sql.push("o.person_key = ").bind(person_key);
        list(&mut self.read().await?, sql).await
    }

    /// The reports of a study, latest first, without their texts.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reports_of_study(&self, study_key: i64) -> Result<Vec<ReportRow>, StoreError> {
        let mut sql = Sql::new(COLUMNS);
        sql.push("o.report_key IN (SELECT report_key FROM report_link WHERE study_key = ").bind(study_key).push(")");
        list(&mut self.read().await?, sql).await
    }
}

async fn list(link: &mut Link, mut sql: Sql) -> Result<Vec<ReportRow>, StoreError> {
    sql.push(" ORDER BY o.received_ms DESC, o.report_key DESC").limit(MAX_REPORTS);
    let rows = link.rows(sql).await?;
    let mut reports: Vec<ReportRow> = rows.iter().map(report).collect::<Result<_, _>>()?;
    let mut links: HashMap<i64, Vec<ReportLink>> = HashMap::new();
    for chunk in reports.chunks(400) {
        let mut sql = Sql::new(LINKS);
        sql.push("l.report_key IN (").list(chunk.iter().map(|report| report.report_key));
        sql.push(") ORDER BY l.study_key").limit(MAX_LINKS);
        for row in link.rows(sql).await? {
            links.entry(row.int(0)?).or_default().push(self::link(&row)?);
        }
    }
    for report in &mut reports {
        report.links = links.remove(&report.report_key).unwrap_or_default();
        report.current.text = Phi::default();
    }
    Ok(reports)
}

fn report(row: &Row) -> Result<ReportRow, StoreError> {
    let current: ReportRecord = row.json(7)?;
    Ok(ReportRow {
        report_key: row.int(0)?,
        public_id: row.text(1)?,
        person_key: row.int(2)?,
        patient_key: row.int(9)?,
        repository: code(&row.text(3)?)?,
        region: row.text(4)?,
        status: ReportStatus::from_code(&row.text(5)?).ok_or(StoreError::Corrupt { what: "report status" })?,
        version: row.count(6)?,
        current,
        received_ms: row.int(8)?,
        links: Vec::new(),
        versions: Vec::new(),
    })
}

fn link(row: &Row) -> Result<ReportLink, StoreError> {
    let evidence = LinkEvidence::from_code(&row.text(3)?);
    Ok(ReportLink {
        study_key: row.int(1)?,
        study_instance_uid: Uid::parse(&row.text(2)?).map_err(|_| StoreError::Corrupt { what: "study UID" })?,
        evidence: evidence.ok_or(StoreError::Corrupt { what: "evidence" })?,
    })
}
