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

/// The patients that merged numbers go by which meet these conditions; none where PatientID is not asked for.
pub(super) async fn survivors(link: &mut Link, conditions: &[(&Match, CopyColumn)]) -> Result<Vec<i64>, StoreError> {
    let asks =
        |(condition, column): &(&Match, CopyColumn)| *column == CopyColumn::PatientId && condition.rule != Rule::Empty;
    if !conditions.iter().any(asks) {
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
