//! Ties between reports and studies, by the strongest evidence there is.
//!
//! The message's StudyInstanceUID, else issuer and accession number, else issuer and filler order number where that is the
//! accession number, else issuer and placer order number, else an order that tells which of these numbers are of one examination. Never an accession number without its issuer, and never a study of another patient.

use std::collections::{BTreeMap, BTreeSet};

use index_model::{IssuedId, LinkEvidence, PatientRecord, ReportRecord, StudyRecord};

use super::{doubt, orders};
use crate::engine::Sql;
use crate::index::Work;
use crate::index::doubted::are_strangers;
use crate::index::merge::{agree, two_numbers_of_one_issuer};
use crate::{ChangeKind, StoreError};

/// Studies of one accession number, or reports that wait for one, that are looked at.
pub(super) const MAX_CANDIDATES: u32 = 200;
/// Studies of one statement.
const CHUNK: usize = 100;

/// New or changed studies: reports that may have waited for them are linked again.
pub(crate) async fn studies_arrived(work: &mut Work<'_>, study_keys: &[i64]) -> Result<(), StoreError> {
    for chunk in study_keys.chunks(CHUNK) {
        some_arrived(work, chunk).await?;
    }
    Ok(())
}

async fn some_arrived(work: &mut Work<'_>, study_keys: &[i64]) -> Result<(), StoreError> {
    let mut sql = Sql::new("WITH s AS (SELECT study_instance_uid FROM study WHERE study_key IN (");
    sql.list(study_keys.iter().copied()).push(
        ")), c AS (SELECT y.accession_number, y.accession_issuer, y.placer_number, y.placer_issuer, x.person_key FROM study_copy y \
         JOIN study x ON x.study_key = y.study_key WHERE y.study_key IN (",
    );
    sql.list(study_keys.iter().copied()).push(
        ")) SELECT CAST(0 AS BIGINT), w.report_key FROM s JOIN report_study_uid w ON w.study_instance_uid = s.study_instance_uid \
         UNION SELECT 0, o.report_key FROM c JOIN report o ON o.accession_number = c.accession_number \
         AND o.accession_issuer = c.accession_issuer WHERE o.accession_number <> '' \
         UNION SELECT 0, o.report_key FROM c JOIN report o ON o.filler_number = c.accession_number \
         AND o.filler_issuer = c.accession_issuer WHERE o.filler_number <> '' \
         UNION SELECT 0, o.report_key FROM c JOIN report o ON o.placer_number = c.placer_number \
         AND o.placer_issuer = c.placer_issuer WHERE o.placer_number <> '' \
         UNION SELECT 0, o.report_key FROM c JOIN report o ON o.accession_number = c.accession_number \
         AND o.accession_issuer <> c.accession_issuer AND o.person_key = c.person_key WHERE o.accession_number <> '' \
         UNION SELECT 0, g.report_key FROM s JOIN report_ruling g ON g.study_instance_uid = s.study_instance_uid \
         UNION SELECT 1, n.order_key FROM s JOIN imaging_order n ON n.study_instance_uid = s.study_instance_uid \
         WHERE n.study_instance_uid <> '' \
         UNION SELECT 1, n.order_key FROM c JOIN imaging_order n ON n.accession_number = c.accession_number \
         AND n.accession_issuer = c.accession_issuer WHERE n.accession_number <> '' \
         UNION SELECT 1, n.order_key FROM c JOIN imaging_order n ON n.filler_number = c.accession_number \
         AND n.filler_issuer = c.accession_issuer WHERE n.filler_number <> '' \
         UNION SELECT 1, n.order_key FROM c JOIN imaging_order n ON n.placer_number = c.placer_number \
         AND n.placer_issuer = c.placer_issuer WHERE n.placer_number <> ''",
    );
    sql.limit(MAX_CANDIDATES.saturating_mul(u32::try_from(study_keys.len()).unwrap_or(u32::MAX)));
    let (mut reports, mut orders) = (BTreeSet::new(), Vec::new());
    for row in work.link.rows(sql).await? {
        if row.flag(0)? {
            orders.push(row.int(1)?);
        } else {
            reports.insert(row.int(1)?);
        }
    }
    reports.extend(orders::reports(work, &orders).await?);
    for report_key in reports {
        relink(work, report_key).await?;
    }
    Ok(())
}

/// Whose report it is.
pub(super) struct Subject<'a> {
    pub(super) person_key: i64,
    patient: &'a PatientRecord,
    /// When the examination was: only studies of about that day are the report's. An order that stands has many.
    observed_ms: Option<i64>,
}

impl<'a> Subject<'a> {
    pub(super) const fn new(person_key: i64, patient: &'a PatientRecord) -> Self {
        Self { person_key, patient, observed_ms: None }
    }

    pub(super) fn near(&self, observed_ms: Option<i64>) -> Self {
        Self { observed_ms, ..*self }
    }

    /// Whether somebody is the report's patient, or nothing says otherwise.
    pub(super) fn is(&self, person_key: i64, patient: &PatientRecord) -> bool {
        // A report that was tied to the study of another number would be seen from neither record until both numbers are merged.
        person_key == self.person_key
            || (!two_numbers_of_one_issuer(patient, self.patient) && agree(patient, self.patient))
    }

    /// Whether a study can be the one: of this patient, or of somebody of whom nothing says otherwise; and of that day, where both tell.
    pub(super) fn fits(&self, person_key: i64, study: &StudyRecord) -> bool {
        self.is(person_key, &study.patient)
            && self.observed_ms.is_none_or(|observed_ms| is_about(study.study_date.as_deref(), observed_ms))
    }
}

/// Whether a date (`YYYYMMDD`) is that of an instant, give or take a day; an unknown date may be any.
fn is_about(date: Option<&str>, instant_ms: i64) -> bool {
    let day = date.and_then(|date| chrono::NaiveDate::parse_from_str(date, "%Y%m%d").ok());
    let instant = chrono::DateTime::from_timestamp_millis(instant_ms).map(|at| at.date_naive());
    match (day, instant) {
        (Some(day), Some(instant)) => (day - instant).num_days().abs() <= 1,
        _ => true,
    }
}

/// Looks for the studies of a report anew.
pub(crate) async fn relink(work: &mut Work<'_>, report_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new(
        "SELECT o.person_key, o.record, o.doubt, p.record, o.family_patient FROM report o JOIN source_patient p \
         ON p.patient_key = COALESCE(o.said_patient_key, o.patient_key) WHERE o.report_key = $1",
    )
    .arg(report_key);
    let Some(row) = work.link.row(sql).await? else { return Ok(()) };
    let report: ReportRecord = row.json(1)?;
    let subject = Subject::new(row.int(0)?, &report.patient);
    // A message that tells of somebody else under the number says nothing for certain: what it names may be another's.
    let is_strangers = report.object.is_none() && are_strangers(&row.json(3)?, &report.patient);
    let Found { evidence, mut studies, mut is_anothers } = find(work, report_key, &report, &subject).await?;
    if is_strangers {
        studies.clear();
    }
    let found: BTreeMap<i64, LinkEvidence> = studies.into_iter().map(|study_key| (study_key, evidence)).collect();
    let found = ruled(work, report_key, &subject, found).await?;
    is_anothers = (is_anothers && !is_strangers) || (is_strangers && found.is_empty());
    // Whose number it was before has to be looked at, whatever this report is tied to.
    is_anothers |= row.flag(4)?;
    let doubt = doubt::of(work, &report, &subject, (!found.is_empty(), is_anothers)).await?;
    doubt::keep(work, report_key, &row.text(2)?, doubt).await?;
    let sql = Sql::new("SELECT study_key, evidence FROM report_link WHERE report_key = $1").arg(report_key);
    let mut before = BTreeMap::new();
    for row in work.link.rows(sql).await? {
        before.insert(row.int(0)?, row.text(1)?);
    }
    let is_same = before.len() == found.len()
        && found.iter().all(|(study_key, evidence)| before.get(study_key).is_some_and(|was| was == evidence.code()));
    if !is_same {
        work.link.run(Sql::new("DELETE FROM report_link WHERE report_key = $1").arg(report_key)).await?;
        for (study_key, evidence) in &found {
            let sql = Sql::new("INSERT INTO report_link (report_key, study_key, evidence) VALUES ($1, $2, $3)");
            work.link.run(sql.arg(report_key).arg(*study_key).arg(evidence.code())).await?;
        }
    }
    crate::index::undated::observed(work, found.keys().copied(), report.observed_ms.or(report.issued_ms)).await?;
    // A study that lost the report is told of too.
    for study_key in found.keys().chain(before.keys().filter(|key| !found.contains_key(key))) {
        work.note(*study_key, ChangeKind::ReportChanged);
    }
    Ok(())
}

/// What is found, after what an operator ruled: that a study is, or is not, what the report is about. Never a study of another patient.
async fn ruled(
    work: &mut Work<'_>,
    report_key: i64,
    subject: &Subject<'_>,
    mut found: BTreeMap<i64, LinkEvidence>,
) -> Result<BTreeMap<i64, LinkEvidence>, StoreError> {
    let sql = Sql::new(
        "SELECT s.study_key, s.person_key, s.record, g.linked FROM report_ruling g JOIN study s \
         ON s.study_instance_uid = g.study_instance_uid WHERE g.report_key = $1 ORDER BY s.study_key LIMIT $2",
    );
    for row in work.link.rows(sql.arg(report_key).arg(MAX_CANDIDATES)).await? {
        let study_key = row.int(0)?;
        if !row.flag(3)? {
            found.remove(&study_key);
        } else if subject.fits(row.int(1)?, &row.json(2)?) {
            found.insert(study_key, LinkEvidence::Operator);
        }
    }
    Ok(found)
}

/// What a report is about, as far as its numbers tell.
struct Found {
    evidence: LinkEvidence,
    studies: Vec<i64>,
    /// What it names is, also or alone, another patient's.
    is_anothers: bool,
}

async fn find(
    work: &mut Work<'_>,
    report_key: i64,
    report: &ReportRecord,
    subject: &Subject<'_>,
) -> Result<Found, StoreError> {
    let by_uid = Sql::new(
        "SELECT s.study_key, s.person_key, s.record FROM report_study_uid w \
         JOIN study s ON s.study_instance_uid = w.study_instance_uid WHERE w.report_key = $1 ORDER BY s.study_key LIMIT $2",
    );
    let (studies, mut is_anothers) = candidates(work, by_uid.arg(report_key).arg(MAX_CANDIDATES), subject).await?;
    if !studies.is_empty() {
        // That the identifier is another patient's too is the study's conflict.
        return Ok(Found { evidence: LinkEvidence::StudyUid, studies, is_anothers: false });
    }
    for (evidence, id) in
        [(LinkEvidence::Accession, &report.accession_number), (LinkEvidence::FillerOrder, &report.filler_order_number)]
    {
        let Some(id) = id else { continue };
        let (studies, others) = candidates(work, by_accession(id), subject).await?;
        is_anothers |= others;
        if !studies.is_empty() {
            return Ok(Found { evidence, studies, is_anothers });
        }
    }
    if let Some(id) = &report.placer_order_number {
        let studies = of_patient(work, by_placer(id), &subject.near(report.observed_ms)).await?;
        if !studies.is_empty() {
            return Ok(Found { evidence: LinkEvidence::PlacerOrder, studies, is_anothers });
        }
    }
    let studies = orders::studies(work, report, subject).await?;
    Ok(Found { evidence: LinkEvidence::Order, studies, is_anothers })
}

fn by_placer(id: &IssuedId) -> Sql {
    Sql::new(
        "SELECT DISTINCT s.study_key, s.person_key, s.record FROM study_copy c JOIN study s ON s.study_key = c.study_key \
         WHERE c.placer_number = $1 AND c.placer_issuer = $2 AND c.placer_number <> '' \
         ORDER BY s.study_key LIMIT $3",
    )
    .arg(id.value.expose().trim())
    .arg(id.issuer.as_str())
    .arg(MAX_CANDIDATES)
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

/// Of these studies those of the report's patient, and whether there are others.
async fn candidates(work: &mut Work<'_>, sql: Sql, subject: &Subject<'_>) -> Result<(Vec<i64>, bool), StoreError> {
    let (mut studies, mut others) = (Vec::new(), false);
    for row in work.link.rows(sql).await? {
        let study: StudyRecord = row.json(2)?;
        if subject.fits(row.int(1)?, &study) {
            studies.push(row.int(0)?);
        } else {
            others |= !subject.is(row.int(1)?, &study.patient);
        }
    }
    Ok((studies, others))
}

/// Of these studies those of the report's patient.
pub(super) async fn of_patient(work: &mut Work<'_>, sql: Sql, subject: &Subject<'_>) -> Result<Vec<i64>, StoreError> {
    candidates(work, sql, subject).await.map(|(studies, _)| studies)
}
