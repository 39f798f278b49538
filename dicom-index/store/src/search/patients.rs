//! Search for patients: the patient level of PS3.4 §C.6.1, one row for each PatientID of an issuer that has a study.

use std::collections::HashMap;

use index_query::{Page, Query};

use super::render::Conditions;
use super::scope::Scope;
use super::{Statements, fetch};
use crate::engine::{Link, Sql};
use crate::{Found, PatientRow, SearchFilter, Store, StoreError};

impl Store {
    /// Source patients of whose studies one matches, within what the filter lets through. Those without a PatientID are left out: it is
    /// the key by which a patient is asked for again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn search_patients(&self, query: &Query, filter: &SearchFilter) -> Result<Found<PatientRow>, StoreError> {
        let mut link = self.read().await?;
        let conditions = Conditions::looked_up(query, &mut link, self.engine()).await?;
        let scope = Scope::of(&mut link, filter).await?;
        let window = Page { limit: query.page.limit, offset: query.page.offset };
        let (keys, remaining) = fetch(&mut link, patient_search(&conditions, &scope), window).await?;
        let rows = patients(&mut link, &keys, &scope).await?;
        tracing::debug!(rows = rows.len(), remaining, "patients searched");
        Ok(Found { rows, remaining, undated: 0, unsupported: conditions.unsupported })
    }
}

pub(super) fn patient_search(conditions: &Conditions<'_>, scope: &Scope) -> Statements {
    let mut page = Sql::new("SELECT c.patient_key");
    matching(&mut page, conditions, scope);
    page.push(" ORDER BY c.patient_key");
    let mut count = Sql::new("SELECT count(*) FROM (SELECT c.patient_key");
    matching(&mut count, conditions, scope);
    count.push(") m");
    Statements { page, count: Some(count) }
}

/// Copies of matching studies, by patient. A union study may have copies of several source patients, so that what is asked of the patient is
/// asked of each copy again.
fn matching(sql: &mut Sql, conditions: &Conditions<'_>, scope: &Scope) {
    sql.push(
        " FROM study_copy c JOIN source_patient p ON p.patient_key = c.patient_key \
         WHERE p.patient_id <> ''",
    );
    scope.write_copy(sql);
    conditions.write_of_copy(sql);
    if !conditions.are_none() {
        sql.push(" AND c.study_key IN (SELECT s.study_key");
        conditions.studies(sql, scope);
        sql.push(")");
    }
    sql.push(" GROUP BY c.patient_key");
}

/// Patients in the order of their keys here, each with the counts of what the scope lets through.
async fn patients(link: &mut Link, keys: &[i64], scope: &Scope) -> Result<Vec<PatientRow>, StoreError> {
    let mut found: HashMap<i64, PatientRow> = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(400) {
        let mut sql = Sql::new(
            "SELECT p.patient_key, p.record, count(*), CAST(sum(s.number_of_series) AS BIGINT), \
             CAST(sum(s.number_of_instances) AS BIGINT) FROM source_patient p JOIN (SELECT DISTINCT c.patient_key, c.study_key \
             FROM study_copy c WHERE c.patient_key IN (",
        );
        sql.list(chunk.iter().copied()).push(")");
        scope.write_repositories(&mut sql);
        sql.push(
            ") t ON t.patient_key = p.patient_key JOIN study s ON s.study_key = t.study_key GROUP BY p.patient_key, p.record",
        );
        for row in link.rows(sql).await? {
            let patient = PatientRow {
                patient_key: row.int(0)?,
                patient: row.json(1)?,
                number_of_studies: row.count(2)?,
                number_of_series: row.count(3)?,
                number_of_instances: row.count(4)?,
            };
            found.insert(patient.patient_key, patient);
        }
    }
    Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
}
