//! The cases, each as little as it takes to tell it from another.

use std::collections::BTreeMap;

use index_model::Uid;

use super::instances;
use crate::engine::{Link, Sql};
use crate::locate::code;
use crate::{Contradiction, Doubt, LeftBehind, StoreError};

/// Studies, and reports, of one move that are listed.
const MOST_LEFT_BEHIND: u32 = 100;
/// Studies that a report may mean.
const MOST_MEANT: u32 = 20;

/// Moves of one visit that are looked back at.
const MOST_MOVES: u32 = 200;

/// One case: its key, what it is, whom it concerns.
pub(super) struct Case {
    pub(super) key: String,
    pub(super) what: Contradiction,
    pub(super) patients: Vec<i64>,
    pub(super) since_ms: Option<i64>,
}

impl Case {
    /// Of which kind.
    pub(super) const fn kind(&self) -> &'static str {
        match self.what {
            Contradiction::HealthNumber => "health-number",
            Contradiction::Study(_) => "study",
            Contradiction::PatientNumber(_) => "patient-number",
            Contradiction::Visit(_) => "visit",
            Contradiction::Instance(_) => "instance",
            Contradiction::Report { .. } => "report",
            Contradiction::Message { .. } => "message",
        }
    }

    /// What it consists of: with other patients, or more left behind, it is another case.
    pub(super) fn evidence(&self) -> String {
        let patients: Vec<String> = self.patients.iter().map(ToString::to_string).collect();
        let patients = patients.join(" ");
        match &self.what {
            Contradiction::HealthNumber | Contradiction::Study(_) => patients,
            Contradiction::PatientNumber(studies) => format!("{patients} {}", studies.len()),
            Contradiction::Visit(left) => {
                format!("{patients} {} {} {:?}", left.studies.len(), left.reports.len(), self.since_ms)
            }
            Contradiction::Instance(differing) => differing.instances.to_string(),
            Contradiction::Report { doubt, studies, .. } => format!("{patients} {} {}", doubt.code(), studies.len()),
            Contradiction::Message { messages, .. } => messages.to_string(),
        }
    }
}

/// All cases: what endangers somebody first, the latest of each kind first.
pub(super) async fn all(link: &mut Link, limit: u32) -> Result<Vec<Case>, StoreError> {
    let mut cases = studies(link, limit).await?;
    cases.extend(patient_numbers(link, limit).await?);
    cases.extend(instances::cases(link, limit).await?);
    cases.extend(reports(link, limit).await?);
    cases.extend(health_numbers(link, limit).await?);
    cases.extend(visits(link, limit).await?);
    cases.extend(messages(link, limit).await?);
    Ok(cases)
}

pub(super) fn uid(text: &str) -> Result<Uid, StoreError> {
    Uid::parse(text).map_err(|_| StoreError::Corrupt { what: "UID" })
}

/// Studies that several patients have.
async fn studies(link: &mut Link, limit: u32) -> Result<Vec<Case>, StoreError> {
    let sql = Sql::new(
        "SELECT study_instance_uid, patient_key, alerted_ms FROM study WHERE conflict = 1 ORDER BY study_key DESC LIMIT $1",
    );
    let mut cases: Vec<Case> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for row in link.rows(sql.arg(limit)).await? {
        let (text, patient_key, since_ms) = (row.text(0)?, row.int(1)?, row.opt_int(2)?);
        match known.get(&text).and_then(|at| cases.get_mut(*at)) {
            Some(case) => {
                case.patients.push(patient_key);
                case.since_ms = case.since_ms.min(since_ms).or(since_ms);
            }
            None => {
                let (key, what) = (format!("study-{text}"), Contradiction::Study(uid(&text)?));
                known.insert(text, cases.len());
                cases.push(Case { key, what, patients: vec![patient_key], since_ms });
            }
        }
    }
    cases.iter_mut().for_each(|case| case.patients.sort_unstable());
    Ok(cases)
}

/// Numbers under which studies came that tell of somebody else, while these are under them; and of whom somebody else's note took a whole study.
async fn patient_numbers(link: &mut Link, limit: u32) -> Result<Vec<Case>, StoreError> {
    let sql = Sql::new(
        "SELECT d.patient_key, d.study_instance_uid, d.at_ms FROM doubted_study d WHERE EXISTS (SELECT 1 FROM study s \
         JOIN study_copy c ON c.study_key = s.study_key WHERE s.study_instance_uid = d.study_instance_uid \
         AND c.patient_key = d.patient_key) OR (d.by_note = 1 AND NOT EXISTS (SELECT 1 FROM study g \
         WHERE g.study_instance_uid = d.study_instance_uid)) ORDER BY d.at_ms DESC, d.study_instance_uid LIMIT $1",
    );
    let mut cases: Vec<Case> = Vec::new();
    for row in link.rows(sql.arg(limit)).await? {
        let (patient_key, study, at_ms) = (row.int(0)?, uid(&row.text(1)?)?, row.int(2)?);
        match cases.iter_mut().find(|case| case.patients == [patient_key]) {
            Some(Case { what: Contradiction::PatientNumber(studies), since_ms, .. }) => {
                *since_ms = Some(at_ms);
                if studies.len() < MOST_MEANT as usize {
                    studies.push(study);
                }
            }
            _ => cases.push(Case {
                key: format!("patient-number-{patient_key}"),
                what: Contradiction::PatientNumber(vec![study]),
                patients: vec![patient_key],
                since_ms: Some(at_ms),
            }),
        }
    }
    Ok(cases)
}

/// Health numbers that several persons have.
async fn health_numbers(link: &mut Link, limit: u32) -> Result<Vec<Case>, StoreError> {
    let sql = Sql::new(
        "SELECT a.patient_key, b.patient_key FROM source_patient a JOIN source_patient b \
         ON b.health_number = a.health_number AND b.patient_key > a.patient_key AND b.person_key <> a.person_key \
         WHERE a.health_number IS NOT NULL AND b.health_number IS NOT NULL ORDER BY b.patient_key DESC LIMIT $1",
    );
    let rows = link.rows(sql.arg(limit)).await?;
    rows.iter()
        .map(|row| {
            let patients = vec![row.int(0)?, row.int(1)?];
            let key = format!("health-number-{}-{}", row.int(0)?, row.int(1)?);
            Ok(Case { key, what: Contradiction::HealthNumber, patients, since_ms: None })
        })
        .collect()
}

/// Moves of visits and accounts whose patient still has something of before the move that is known by no visit at all. Of a visit that went back where it
/// was nothing is left behind.
async fn visits(link: &mut Link, limit: u32) -> Result<Vec<Case>, StoreError> {
    let sql = Sql::new(
        "SELECT v.from_key, v.to_key, v.at_ms, v.move_key, CASE WHEN EXISTS (SELECT 1 FROM visit_move u WHERE u.kind = v.kind \
         AND u.number = v.number AND u.issuer = v.issuer AND u.from_key = v.to_key AND u.to_key = v.from_key \
         AND u.undone_ms IS NOT NULL AND u.move_key < v.move_key) THEN CAST(1 AS BIGINT) ELSE 0 END \
         FROM visit_move v WHERE v.undone_ms IS NULL ORDER BY v.move_key DESC LIMIT $1",
    );
    let mut moved: Vec<(i64, i64, i64)> = Vec::new();
    for row in link.rows(sql.arg(limit)).await? {
        let (from_key, to_key, at_ms) = (row.int(0)?, row.int(1)?, row.int(2)?);
        if moved.iter().any(|(known, ..)| *known == from_key) || (row.flag(4)? && goes_back(link, row.int(3)?).await?) {
            continue;
        }
        moved.push((from_key, to_key, at_ms));
    }
    let mut cases = Vec::new();
    for (from_key, to_key, at_ms) in moved {
        let left = left_behind(link, from_key, at_ms).await?;
        if left != LeftBehind::default() {
            let (key, what) = (format!("visit-{from_key}"), Contradiction::Visit(left));
            cases.push(Case { key, what, patients: vec![from_key, to_key], since_ms: Some(at_ms) });
        }
    }
    Ok(cases)
}

/// Whether a move takes the one before it back, and is no move anew after that.
async fn goes_back(link: &mut Link, move_key: i64) -> Result<bool, StoreError> {
    let sql = Sql::new(
        "SELECT u.from_key, u.to_key FROM visit_move v JOIN visit_move u ON u.kind = v.kind AND u.number = v.number \
         AND u.issuer = v.issuer AND u.move_key <= v.move_key WHERE v.move_key = $1 ORDER BY u.move_key DESC LIMIT $2",
    );
    let rows = link.rows(sql.arg(move_key).arg(MOST_MOVES)).await?;
    let moves = rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect::<Result<Vec<_>, StoreError>>()?;
    let reversals =
        moves.iter().zip(moves.iter().skip(1)).take_while(|(later, earlier)| **later == (earlier.1, earlier.0));
    Ok(reversals.count() % 2 == 1)
}

async fn left_behind(link: &mut Link, from_key: i64, at_ms: i64) -> Result<LeftBehind, StoreError> {
    let mut left = LeftBehind::default();
    let studies = Sql::new(
        "SELECT DISTINCT s.study_instance_uid FROM study_copy c JOIN study s ON s.study_key = c.study_key \
         WHERE c.patient_key = $1 AND c.first_ms <= $2 AND NOT EXISTS \
         (SELECT 1 FROM study_copy_visit w WHERE w.study_copy_key = c.study_copy_key) \
         ORDER BY s.study_instance_uid LIMIT $3",
    );
    for study in link.rows(studies.arg(from_key).arg(at_ms).arg(MOST_LEFT_BEHIND)).await? {
        left.studies.push(uid(&study.text(0)?)?);
    }
    let reports = Sql::new(
        "SELECT o.public_id FROM report o WHERE o.patient_key = $1 AND o.received_ms <= $2 AND NOT EXISTS \
         (SELECT 1 FROM report_visit w WHERE w.report_key = o.report_key) ORDER BY o.report_key LIMIT $3",
    );
    for report in link.rows(reports.arg(from_key).arg(at_ms).arg(MOST_LEFT_BEHIND)).await? {
        left.reports.push(report.text(0)?);
    }
    Ok(left)
}

/// Reports that name what is not their patient's alone.
async fn reports(link: &mut Link, limit: u32) -> Result<Vec<Case>, StoreError> {
    let sql = Sql::new(
        "SELECT report_key, public_id, patient_key, doubt, doubt_ms FROM report WHERE doubt <> '' ORDER BY report_key DESC LIMIT $1",
    );
    let mut cases = Vec::new();
    for row in link.rows(sql.arg(limit)).await? {
        let (report, patients, since_ms) = (row.text(1)?, vec![row.int(2)?], row.opt_int(4)?);
        let doubt = Doubt::from_code(&row.text(3)?).ok_or(StoreError::Corrupt { what: "doubt" })?;
        let studies = meant(link, row.int(0)?).await?;
        let key = format!("report-{report}");
        cases.push(Case { key, what: Contradiction::Report { report, doubt, studies }, patients, since_ms });
    }
    Ok(cases)
}

/// The studies that a report names by identifier or accession number, whoever issued that.
async fn meant(link: &mut Link, report_key: i64) -> Result<Vec<Uid>, StoreError> {
    let sql = Sql::new(
        "SELECT study_instance_uid FROM report_study_uid WHERE report_key = $1 UNION SELECT s.study_instance_uid FROM report o \
         JOIN study_copy c ON c.accession_number = o.accession_number JOIN study s ON s.study_key = c.study_key \
         WHERE o.report_key = $1 AND o.accession_number <> '' AND c.accession_number <> '' \
         AND (c.accession_issuer = o.accession_issuer OR s.person_key = o.person_key) LIMIT $2",
    );
    link.rows(sql.arg(report_key).arg(MOST_MEANT)).await?.iter().map(|row| uid(&row.text(0)?)).collect()
}

/// Repositories that sent messages under control ids of others.
async fn messages(link: &mut Link, limit: u32) -> Result<Vec<Case>, StoreError> {
    let sql = Sql::new(
        "SELECT u.repository_key, r.code, u.message_control_id, u.messages, u.first_ms FROM reused_control_id u \
         JOIN repository r ON r.repository_key = u.repository_key ORDER BY u.first_ms DESC, u.repository_key LIMIT $1",
    );
    let rows = link.rows(sql.arg(limit)).await?;
    rows.iter()
        .map(|row| {
            let (repository, control_id, messages) = (code(&row.text(1)?)?, row.text(2)?, row.count(3)?);
            let key = format!("message-{}", row.int(0)?);
            let what = Contradiction::Message { repository, control_id, messages };
            Ok(Case { key, what, patients: Vec::new(), since_ms: Some(row.int(4)?) })
        })
        .collect()
}
