//! PatientID after a merge within its issuer: whoever asks by a number that was merged means who goes by another one now. Pages of
//! hospitals, launch links and lists of workstations have the old number for years.

use index_query::{Match, Rule};

use super::catalogue::CopyColumn;
use super::render::exact;
use crate::StoreError;
use crate::engine::{Link, Sql};
use crate::index::patient::MAX_CHAIN;

/// Merged numbers of one search that are followed.
const MOST: u32 = 1_000;

/// Whether whole numbers are asked for: these are few, and are followed where they are looked up ([`write_followed`]).
pub(super) fn are_whole(conditions: &[(&Match, CopyColumn)]) -> bool {
    let is_whole = |rule: &Rule| matches!(rule, Rule::Equals(_) | Rule::AnyOf(_) | Rule::AllOf(_));
    conditions.iter().any(|(condition, column)| *column == CopyColumn::PatientId && is_whole(&condition.rule))
}

/// Writes ` AND c.patient_key IN (…)`: the patients who meet these conditions, and those whom they go by now, however often they were merged.
pub(super) fn write_followed(sql: &mut Sql, conditions: &[(&Match, CopyColumn)]) {
    sql.push(" AND c.patient_key IN (WITH RECURSIVE w (patient_key, survivor_key) AS (");
    sql.push("SELECT p.patient_key, p.survivor_key FROM source_patient p WHERE 1 = 1");
    write(sql, conditions);
    // What is there already is not looked at again: a circle ends.
    sql.push(
        " UNION SELECT q.patient_key, q.survivor_key FROM w JOIN source_patient q ON q.patient_key = w.survivor_key)",
    );
    sql.push(" SELECT w.patient_key FROM w)");
}

/// The patients that merged numbers go by which meet these conditions; none where no part of a PatientID is asked for.
pub(super) async fn survivors(link: &mut Link, conditions: &[(&Match, CopyColumn)]) -> Result<Vec<i64>, StoreError> {
    let asks =
        |(condition, column): &(&Match, CopyColumn)| *column == CopyColumn::PatientId && condition.rule != Rule::Empty;
    if !conditions.iter().any(asks) || are_whole(conditions) {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT p.survivor_key FROM source_patient p WHERE p.survivor_key IS NOT NULL");
    write(&mut sql, conditions);
    sql.limit(MOST);
    let mut next = crate::locate::keys(link, sql).await?;
    let mut all: Vec<i64> = Vec::new();
    for _ in 0..MAX_CHAIN {
        next.retain(|key| !all.contains(key));
        if next.is_empty() {
            break;
        }
        all.extend(&next);
        let mut sql = Sql::new(
            "SELECT DISTINCT survivor_key FROM source_patient WHERE survivor_key IS NOT NULL AND patient_key IN (",
        );
        sql.list(next.iter().copied()).push(")");
        next = crate::locate::keys(link, sql).await?;
    }
    Ok(all)
}

/// Writes ` AND …` for alias `p`: what is asked of the patient.
pub(super) fn write(sql: &mut Sql, conditions: &[(&Match, CopyColumn)]) {
    for (condition, column) in conditions {
        match column {
            CopyColumn::PatientId => match &condition.rule {
                // Of several values one is meant, or the number that they are together.
                Rule::AnyOf(values) => {
                    let whole = std::iter::once(values.join("\\"));
                    exact(sql, "p.patient_id", &Rule::AnyOf(values.iter().cloned().chain(whole).collect()));
                }
                Rule::AllOf(values) => exact(sql, "p.patient_id", &Rule::Equals(values.join("\\"))),
                rule => exact(sql, "p.patient_id", rule),
            },
            CopyColumn::IssuerOfPatientId => exact(sql, "p.issuer", &condition.rule),
            CopyColumn::AccessionNumber | CopyColumn::IssuerOfAccessionNumber => {}
        }
    }
}
