//! Reading reports.

use std::collections::HashMap;

use index_model::{LinkEvidence, PatientRecord, Phi, ReportRecord, ReportStatus, Uid};

use super::{addenda, hold, whose};
use crate::engine::{Link, Row, Sql};
use crate::index::doubted::are_strangers;
use crate::locate::code;
use crate::{ReportLink, ReportRow, ReportVersion, Store, StoreError};

/// Reports of one person or study in one answer.
const MAX_REPORTS: u32 = 2_000;
/// Versions of one report in one answer.
const MAX_VERSIONS: u32 = 1_000;
/// Links of one answer.
const MAX_LINKS: u32 = 20_000;

const COLUMNS: &str = "SELECT o.report_key, o.public_id, o.person_key, q.code, q.region, o.status, o.current_version, \
    o.record, o.received_ms, o.patient_key, p.record, CASE WHEN EXISTS (SELECT 1 FROM dismissal d \
    WHERE d.conflict = 'report-' || o.public_id AND d.at_ms >= coalesce(o.doubt_ms, 0)) THEN CAST(1 AS BIGINT) ELSE 0 END, \
    o.held_until_ms FROM report o JOIN repository q ON q.repository_key = o.repository_key \
    JOIN source_patient p ON p.patient_key = coalesce(o.said_patient_key, o.patient_key) WHERE ";
const LINKS: &str = "SELECT l.report_key, l.study_key, s.study_instance_uid, l.evidence FROM report_link l \
    JOIN study s ON s.study_key = l.study_key WHERE ";

impl Store {
    /// A report by public id, with all its versions; of one that is held none.
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
        let Some(row) = link.row(sql).await? else { return Ok(None) };
        let Read { mut report, of_number, is_dismissed } = read(&row)?;
        let mut sql = Sql::new(LINKS);
        sql.push("l.report_key = ").bind(report.report_key).push(" ORDER BY l.study_key").limit(MAX_LINKS);
        for row in link.rows(sql).await? {
            report.links.push(self::link(&row)?);
        }
        // Neither words nor history of a report that is held.
        if report.held_until_ms.is_some() {
            return Ok(Some(report));
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
                whose::withhold(&mut record);
            }
            let names_another = are_strangers(&of_number, &record.patient);
            report.versions.push(ReportVersion { version, received_ms, record, names_another });
        }
        let own = report.current.patient.clone();
        whose::withhold_anothers(&mut link, &mut report, &own).await?;
        addenda::append(&mut report);
        if is_confirmed(&report, is_dismissed) {
            report.versions.iter_mut().for_each(|version| version.names_another = false);
        } else {
            report.unconfirmed = whose::doubt(&mut link, &report, &of_number, None).await?;
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

    /// The reports of a person, latest first, without their texts: those that came under a number of theirs, and those that are tied to a study of theirs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reports_of_person(&self, person_key: i64) -> Result<Vec<ReportRow>, StoreError> {
        let mut sql = Sql::new(COLUMNS);
        of_person(&mut sql, person_key);
        list(&mut self.read().await?, sql, Some(person_key)).await
    }

    /// The reports of a study, latest first, without their texts.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn reports_of_study(&self, study_key: i64) -> Result<Vec<ReportRow>, StoreError> {
        let mut sql = Sql::new(COLUMNS);
        sql.push("o.report_key IN (SELECT report_key FROM report_link WHERE study_key = ").bind(study_key).push(")");
        list(&mut self.read().await?, sql, None).await
    }
}

/// Which reports `o` are in a person's record.
pub(crate) fn of_person(sql: &mut Sql, person_key: i64) {
    sql.push("o.report_key IN (SELECT report_key FROM report WHERE person_key = ").bind(person_key);
    sql.push(
        " UNION SELECT l.report_key FROM report_link l JOIN study_copy c ON c.study_key = l.study_key \
         JOIN source_patient p ON p.patient_key = c.patient_key WHERE p.person_key = ",
    );
    sql.bind(person_key).push(")");
}

/// `reader` is the person in whose record they are listed.
async fn list(link: &mut Link, mut sql: Sql, reader: Option<i64>) -> Result<Vec<ReportRow>, StoreError> {
    sql.push(" ORDER BY o.received_ms DESC, o.report_key DESC").limit(MAX_REPORTS);
    let rows = link.rows(sql).await?;
    let mut all: Vec<Read> = rows.iter().map(read).collect::<Result<_, _>>()?;
    let mut links: HashMap<i64, Vec<ReportLink>> = HashMap::new();
    for chunk in all.chunks(400) {
        let mut sql = Sql::new(LINKS);
        sql.push("l.report_key IN (").list(chunk.iter().map(|read| read.report.report_key));
        sql.push(") ORDER BY l.study_key").limit(MAX_LINKS);
        for row in link.rows(sql).await? {
            links.entry(row.int(0)?).or_default().push(self::link(&row)?);
        }
    }
    for Read { report, of_number, is_dismissed } in &mut all {
        report.links = links.remove(&report.report_key).unwrap_or_default();
        if !is_confirmed(report, *is_dismissed) {
            report.unconfirmed = whose::doubt(link, report, of_number, reader).await?;
        }
        report.current.text = Phi::default();
    }
    Ok(all.into_iter().map(|read| read.report).collect())
}

/// Whether an operator has looked at whose it is.
fn is_confirmed(report: &ReportRow, is_dismissed: bool) -> bool {
    is_dismissed || report.links.iter().any(|link| link.evidence == LinkEvidence::Operator)
}

/// A report, and what tells whether it is its patient's.
struct Read {
    report: ReportRow,
    /// What is known of the number that it came under.
    of_number: PatientRecord,
    is_dismissed: bool,
}

fn read(row: &Row) -> Result<Read, StoreError> {
    Ok(Read { report: report(row)?, of_number: row.json(10)?, is_dismissed: row.flag(11)? })
}

fn report(row: &Row) -> Result<ReportRow, StoreError> {
    let current: ReportRecord = row.json(7)?;
    let report = ReportRow {
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
        unconfirmed: None,
        held_until_ms: row.opt_int(12)?,
        versions: Vec::new(),
    };
    Ok(hold::apply(report))
}

fn link(row: &Row) -> Result<ReportLink, StoreError> {
    let evidence = LinkEvidence::from_code(&row.text(3)?);
    Ok(ReportLink {
        study_key: row.int(1)?,
        study_instance_uid: Uid::parse(&row.text(2)?).map_err(|_| StoreError::Corrupt { what: "study UID" })?,
        evidence: evidence.ok_or(StoreError::Corrupt { what: "evidence" })?,
    })
}
