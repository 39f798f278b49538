//! What studies are counted by: their series, instances and modalities.

use std::collections::{BTreeMap, BTreeSet};

use index_model::StudyRecord;
use index_query::text::time_begin;

use super::super::work::Work;
use crate::engine::{Row, Sql};
use crate::{ChangeKind, StoreError};

/// Rows of one statement.
const CHUNK: usize = 400;

/// A study that is counted.
struct Counted {
    record: StudyRecord,
    modalities: BTreeSet<String>,
    series: i64,
    instances: i64,
    /// What its copies declare.
    declared: (i64, i64),
}

/// Writes modalities and counts of studies anew, from their series and from what their copies declare.
pub(in crate::index) async fn count(work: &mut Work<'_>, study_keys: &[i64]) -> Result<(), StoreError> {
    for chunk in study_keys.chunks(CHUNK) {
        let counted = load(work, chunk).await?;
        if counted.is_empty() {
            continue;
        }
        let mut sql = Sql::new("UPDATE study SET modalities = v.column2, number_of_series = v.column3, ");
        sql.push("number_of_instances = v.column4, updated_ms = ").bind(work.now_ms).push(" FROM (VALUES ");
        for (i, (study_key, study)) in counted.iter().enumerate() {
            let instances = study.instances.max(study.declared.1);
            sql.tuple(
                i == 0,
                [
                    (*study_key).into(),
                    modalities_column(&study.modalities).into(),
                    study.series.max(study.declared.0).into(),
                    instances.into(),
                ],
            );
        }
        sql.push(") AS v WHERE study_key = v.column1");
        work.link.later(sql).await?;
        list_modalities(work, &counted).await?;
    }
    Ok(())
}

async fn load(work: &mut Work<'_>, study_keys: &[i64]) -> Result<BTreeMap<i64, Counted>, StoreError> {
    let mut counted = BTreeMap::new();
    let mut sql = Sql::new(
        "SELECT s.study_key, s.record, max(c.declared_series), max(c.declared_instances) FROM study s \
         JOIN study_copy c ON c.study_key = s.study_key WHERE s.study_key IN (",
    );
    sql.list(study_keys.iter().copied()).push(") GROUP BY s.study_key, s.record");
    for row in work.link.rows(sql).await? {
        let record: StudyRecord = row.json(1)?;
        let modalities = record.modalities_in_study.iter().cloned().collect();
        let declared = (row.opt_int(2)?.unwrap_or(0), row.opt_int(3)?.unwrap_or(0));
        counted.insert(row.int(0)?, Counted { record, modalities, series: 0, instances: 0, declared });
    }
    let mut sql = Sql::new(
        "SELECT study_key, modality, count(*), CAST(sum(number_of_instances) AS BIGINT) FROM series WHERE study_key IN (",
    );
    sql.list(study_keys.iter().copied()).push(") GROUP BY study_key, modality");
    for row in work.link.rows(sql).await? {
        if let Some(study) = counted.get_mut(&row.int(0)?) {
            study.modalities.insert(row.text(1)?);
            study.series += row.int(2)?;
            study.instances += row.int(3)?;
        }
    }
    for study in counted.values_mut() {
        study.modalities.remove("");
    }
    Ok(counted)
}

/// `|CT|SR|`, so that one of them is found as `|CT|`.
fn modalities_column(modalities: &BTreeSet<String>) -> String {
    if modalities.is_empty() {
        return String::new();
    }
    let all: Vec<&str> = modalities.iter().map(String::as_str).collect();
    format!("|{}|", all.join("|"))
}

/// A row of `study_modality` but for its study: modality, date and time.
type Listed = (String, String, String);

/// Keeps `study_modality` in step.
async fn list_modalities(work: &mut Work<'_>, counted: &BTreeMap<i64, Counted>) -> Result<(), StoreError> {
    let is_new = |study_key: &i64| work.changes.get(study_key) == Some(&ChangeKind::StudyNew);
    let known: Vec<i64> = counted.keys().filter(|key| !is_new(key)).copied().collect();
    let mut listed: BTreeMap<i64, BTreeSet<Listed>> = BTreeMap::new();
    if !known.is_empty() {
        let mut sql =
            Sql::new("SELECT study_key, modality, study_date, study_time FROM study_modality WHERE study_key IN (");
        sql.list(known).push(")");
        for row in work.link.rows(sql).await? {
            let one = |row: &Row| Ok::<_, StoreError>((row.text(1)?, row.text(2)?, row.text(3)?));
            listed.entry(row.int(0)?).or_default().insert(one(&row)?);
        }
    }
    let (mut gone, mut fresh) = (Vec::new(), Vec::new());
    for (study_key, study) in counted {
        let wanted = wanted(study);
        let before = listed.remove(study_key).unwrap_or_default();
        if wanted == before {
            continue;
        }
        if !before.is_empty() {
            gone.push(*study_key);
        }
        fresh.extend(wanted.into_iter().map(|one| (*study_key, study.record.study_instance_uid.as_str(), one)));
    }
    if !gone.is_empty() {
        let mut sql = Sql::new("DELETE FROM study_modality WHERE study_key IN (");
        sql.list(gone).push(")");
        work.link.later(sql).await?;
    }
    for chunk in fresh.chunks(CHUNK) {
        let mut sql = Sql::new(
            "INSERT INTO study_modality (modality, study_date, study_time, study_instance_uid, study_key) VALUES ",
        );
        for (i, (study_key, uid, (modality, date, time))) in chunk.iter().enumerate() {
            let texts = [modality, date, time].map(|text| text.as_str().into());
            let [modality, date, time] = texts;
            sql.tuple(i == 0, [modality, date, time, (*uid).into(), (*study_key).into()]);
        }
        work.link.later(sql).await?;
    }
    Ok(())
}

fn wanted(study: &Counted) -> BTreeSet<Listed> {
    let date = study.record.study_date.clone().unwrap_or_default();
    let time = study.record.study_time.as_deref().and_then(time_begin).unwrap_or_default();
    study.modalities.iter().map(|modality| (modality.clone(), date.clone(), time.clone())).collect()
}
