//! Identifiers of a patient beside PatientID, as the objects of a copy say them: what a search by OtherPatientIDsSequence looks up.

use std::collections::BTreeSet;

use index_model::PatientRecord;

use crate::StoreError;
use crate::engine::{Link, Sql};

/// Identifiers and their issuers; the first ones of very many.
fn of(patient: &PatientRecord) -> BTreeSet<(&str, &str)> {
    const MOST: usize = 64;
    let ids = patient.other_patient_ids.iter().map(|id| (id.value.expose().trim(), id.issuer.as_str()));
    ids.filter(|(value, _)| !value.is_empty()).take(MOST).collect()
}

/// Writes those of a new copy.
pub(super) async fn insert(link: &mut Link, copy_key: i64, patient: &PatientRecord) -> Result<(), StoreError> {
    let ids = of(patient);
    if ids.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("INSERT INTO copy_other_id (study_copy_key, patient_id, issuer) VALUES ");
    for (i, (value, issuer)) in ids.into_iter().enumerate() {
        sql.tuple(i == 0, [copy_key.into(), value.into(), issuer.into()]);
    }
    sql.push(" ON CONFLICT DO NOTHING");
    link.later(sql).await
}

/// Writes those of a copy that was known, when they are others.
pub(super) async fn renew(
    link: &mut Link,
    copy_key: i64,
    before: &PatientRecord,
    patient: &PatientRecord,
) -> Result<(), StoreError> {
    if of(before) == of(patient) {
        return Ok(());
    }
    remove(link, &[copy_key]).await?;
    insert(link, copy_key, patient).await
}

/// Forgets those of copies that are taken out.
pub(super) async fn remove(link: &mut Link, copies: &[i64]) -> Result<(), StoreError> {
    let mut sql = Sql::new("DELETE FROM copy_other_id WHERE study_copy_key IN (");
    sql.list(copies.iter().copied()).push(")");
    link.run(sql).await.map(drop)
}
