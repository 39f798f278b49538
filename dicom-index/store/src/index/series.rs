//! Series copies and the series of union studies above them.

use std::collections::HashMap;

use index_model::SeriesRecord;

use super::merge::{fill_series, renew_series};
use super::work::Work;
use super::{Manner, move_series, requests};
use crate::StoreError;
use crate::engine::{Row, Sql, Value, json};
use index_query::text::{folded, time_begin};

pub(super) use move_series::move_copy;

/// Rows of one statement: well below what either engine takes.
const CHUNK: usize = 400;

/// One repository's copy of a series.
#[derive(Debug, Clone)]
pub(super) struct Copy {
    copy_key: i64,
    repository_key: i64,
    pub(super) declared: Option<u32>,
    pub(super) known: u32,
    record: SeriesRecord,
}

/// A series of a union study with its copies, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) series_key: i64,
    declared: u32,
    /// It was made just now: nothing is held of it yet.
    pub(super) is_new: bool,
    copies: Vec<Copy>,
}

impl Known {
    pub(super) fn copy(&self, repository_key: i64) -> Option<&Copy> {
        self.copies.iter().find(|copy| copy.repository_key == repository_key)
    }
}

impl Copy {
    /// What this copy counts for: what it declares, or what is known where that is more.
    pub(super) fn instances(&self) -> i64 {
        self.declared.unwrap_or(0).max(self.known).into()
    }
}

/// Finds or makes these series and a repository's copies of them; the series in the order given.
pub(super) async fn place(
    work: &mut Work<'_>,
    study_key: i64,
    repository_key: i64,
    said: &[SeriesRecord],
    manner: Manner,
) -> Result<Vec<Known>, StoreError> {
    let mut known = load(work, study_key, said).await?;
    let mut fresh: Vec<&SeriesRecord> = Vec::new();
    for record in said {
        match known.get_mut(record.series_instance_uid.as_str()) {
            Some(series) => renew(work, study_key, repository_key, series, record, manner).await?,
            None if fresh.iter().any(|other| other.series_instance_uid == record.series_instance_uid) => {}
            None => fresh.push(record),
        }
    }
    let fresh: Vec<_> = fresh.into_iter().map(|record| Fresh { study_key, repository_key, record }).collect();
    for (one, series) in fresh.iter().zip(insert(work, &fresh).await?) {
        known.insert(one.record.series_instance_uid.as_str().to_owned(), series);
    }
    let found = |record: &SeriesRecord| known.get(record.series_instance_uid.as_str()).cloned();
    said.iter().map(|record| found(record).ok_or(StoreError::Corrupt { what: "series" })).collect()
}

/// What is known of these series, by UID.
async fn load(
    work: &mut Work<'_>,
    study_key: i64,
    said: &[SeriesRecord],
) -> Result<HashMap<String, Known>, StoreError> {
    let mut known: HashMap<String, Known> = HashMap::new();
    for chunk in said.chunks(CHUNK) {
        let mut sql = Sql::new(
            "SELECT r.series_instance_uid, r.series_key, r.declared, c.series_copy_key, c.repository_key, c.declared, \
             c.known, CASE WHEN c.record = '' THEN r.record ELSE c.record END FROM series r JOIN series_copy c ON c.series_key = r.series_key WHERE r.study_key = ",
        );
        sql.bind(study_key).push(" AND r.series_instance_uid IN (");
        sql.list(chunk.iter().map(|record| record.series_instance_uid.as_str()));
        sql.push(") ORDER BY c.series_copy_key");
        for row in work.link.rows(sql).await? {
            let series = Known { series_key: row.int(1)?, declared: row.count(2)?, is_new: false, copies: Vec::new() };
            known.entry(row.text(0)?).or_insert(series).copies.push(copy(&row)?);
        }
    }
    Ok(known)
}

fn copy(row: &Row) -> Result<Copy, StoreError> {
    Ok(Copy {
        copy_key: row.int(3)?,
        repository_key: row.int(4)?,
        declared: row.opt_int(5)?.map(|n| u32::try_from(n).unwrap_or(0)),
        known: row.count(6)?,
        record: row.json(7)?,
    })
}

/// Writes what a repository newly says of a series that is known, if it is anything new.
async fn renew(
    work: &mut Work<'_>,
    study_key: i64,
    repository_key: i64,
    series: &mut Known,
    said: &SeriesRecord,
    manner: Manner,
) -> Result<(), StoreError> {
    let place = series.copies.iter().position(|copy| copy.repository_key == repository_key);
    let is_alone = series.copies.len() == 1;
    if let Some(copy) = place.and_then(|place| series.copies.get(place))
        && renew_series(&copy.record, said, manner) == copy.record
    {
        return Ok(());
    }
    let before = union(&series.copies);
    let was = place.and_then(|place| series.copies.get(place)).map_or(0, Copy::instances);
    if let Some(copy) = place.and_then(|place| series.copies.get_mut(place)) {
        copy.record = renew_series(&copy.record, said, manner);
        copy.declared = copy.record.number_of_series_related_instances;
        let written = if is_alone { String::new() } else { json(&copy.record)? };
        let sql = Sql::new("UPDATE series_copy SET declared = $1, record = $2 WHERE series_copy_key = $3");
        work.link.run(sql.arg(copy.declared).arg(written).arg(copy.copy_key)).await?;
    } else {
        spell_out(work, series.series_key).await?;
        let mut sql = Sql::new("INSERT INTO series_copy (series_key, repository_key, declared, record) VALUES ");
        let declared = said.number_of_series_related_instances;
        let row = [series.series_key.into(), repository_key.into(), declared.into(), json(said)?.into()];
        sql.tuple(true, row).push(" RETURNING series_copy_key");
        let copy_key = work.link.number(sql).await?;
        series.copies.push(Copy { copy_key, repository_key, declared, known: 0, record: said.clone() });
        work.delta(repository_key).series += 1;
    }
    let now = series.copy(repository_key).map_or(0, Copy::instances);
    work.delta(repository_key).instances += now - was;
    work.changed(study_key);
    refresh(work, series, before).await
}

/// Writes the record of a copy that is alone so far, before the series' record becomes another.
pub(super) async fn spell_out(work: &mut Work<'_>, series_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new(
        "UPDATE series_copy SET record = (SELECT r.record FROM series r WHERE r.series_key = series_copy.series_key) \
         WHERE series_key = $1 AND record = ''",
    );
    work.link.run(sql.arg(series_key)).await.map(drop)
}

/// What the copies of a series say together.
fn union(copies: &[Copy]) -> Option<SeriesRecord> {
    let (first, others) = copies.split_first()?;
    let mut union = first.record.clone();
    for copy in others {
        fill_series(&mut union, &copy.record);
    }
    Some(union)
}

/// Writes the union of a series' copies, which was another before.
async fn refresh(work: &mut Work<'_>, series: &mut Known, before: Option<SeriesRecord>) -> Result<(), StoreError> {
    let Some(union) = union(&series.copies) else { return Ok(()) };
    if let Some(before) = before {
        requests::renew(work.link, series.series_key, &before, &union).await?;
    }
    let declared = series.copies.iter().filter_map(|copy| copy.declared).max().unwrap_or(0);
    let mut sql = Sql::new("UPDATE series SET ");
    for (name, value) in columns(&union) {
        sql.push(name).push(" = ").bind(value).push(", ");
    }
    sql.push("number_of_instances = CASE WHEN known > ").bind(declared).push(" THEN known ELSE ").bind(declared);
    sql.push(" END, declared = ").bind(declared);
    if declared != series.declared {
        // The manifest told of all instances there were; now there are others.
        sql.push(", manifest_phase = CASE WHEN manifest_phase = 'complete' AND known <> ").bind(declared);
        sql.push(" THEN 'partial' ELSE manifest_phase END");
    }
    sql.push(", record = ").bind(json(&union)?).push(" WHERE series_key = ").bind(series.series_key);
    series.declared = declared;
    work.link.run(sql).await.map(drop)
}

/// A column of `series` that is searched, and its value.
fn columns(record: &SeriesRecord) -> [(&'static str, Value); 8] {
    let raw = |text: &Option<String>| Value::from(text.as_deref().unwrap_or_default().trim());
    let text = |text: &Option<String>| Value::from(folded(text.as_deref().unwrap_or_default()));
    let time = |text: &Option<String>| Value::from(text.as_deref().and_then(time_begin).unwrap_or_default());
    [
        ("modality", raw(&record.modality)),
        ("series_number", record.series_number.into()),
        ("series_description", text(&record.series_description)),
        ("body_part_examined", raw(&record.body_part_examined)),
        ("step_start_date", raw(&record.performed_procedure_step_start_date)),
        ("step_start_time", time(&record.performed_procedure_step_start_time)),
        ("scheduled_procedure_step_id", raw(&record.scheduled_procedure_step_id)),
        ("requested_procedure_id", raw(&record.requested_procedure_id)),
    ]
}

/// A series that nobody told of before, and whose copy it is.
pub(super) struct Fresh<'a> {
    pub(super) study_key: i64,
    pub(super) repository_key: i64,
    pub(super) record: &'a SeriesRecord,
}

/// Makes series, no two of one study and UID, and the copies of them; in the order given.
pub(super) async fn insert(work: &mut Work<'_>, fresh: &[Fresh<'_>]) -> Result<Vec<Known>, StoreError> {
    let mut known = Vec::with_capacity(fresh.len());
    for chunk in fresh.chunks(CHUNK) {
        let series_keys = insert_series(work, chunk).await?;
        let copies = insert_copies(work, chunk, &series_keys).await?;
        let records = chunk.iter().map(|one| one.record);
        requests::insert(work.link, series_keys.iter().copied().zip(records)).await?;
        for ((one, series_key), copy_key) in chunk.iter().zip(series_keys).zip(copies) {
            let declared = one.record.number_of_series_related_instances;
            let (repository_key, record) = (one.repository_key, one.record.clone());
            let copy = Copy { copy_key, repository_key, declared, known: 0, record };
            let delta = work.delta(repository_key);
            delta.series += 1;
            delta.instances += copy.instances();
            known.push(Known { series_key, declared: declared.unwrap_or(0), is_new: true, copies: vec![copy] });
            work.changed(one.study_key);
        }
    }
    Ok(known)
}

async fn insert_series(work: &mut Work<'_>, fresh: &[Fresh<'_>]) -> Result<Vec<i64>, StoreError> {
    let mut sql = Sql::new("INSERT INTO series (study_key, series_instance_uid, declared, number_of_instances, record");
    let names = fresh.first().map(|one| columns(one.record)).into_iter().flatten().map(|(name, _)| name);
    names.for_each(|name| {
        sql.push(", ").push(name);
    });
    sql.push(") VALUES ");
    for (i, Fresh { study_key, record, .. }) in fresh.iter().enumerate() {
        let declared = record.number_of_series_related_instances.unwrap_or(0);
        sql.push(if i == 0 { "(" } else { ", (" }).bind(*study_key);
        sql.push(", ").bind(record.series_instance_uid.as_str());
        sql.push(", ").list([declared, declared]).push(", ").bind(json(record)?).push(", ");
        sql.list(columns(record).map(|(_, value)| value)).push(")");
    }
    sql.push(" RETURNING series_key, study_key, series_instance_uid");
    let mut keys = HashMap::with_capacity(fresh.len());
    for row in work.link.rows(sql).await? {
        keys.insert((row.int(1)?, row.text(2)?), row.int(0)?);
    }
    let mut key = |one: &Fresh<'_>| keys.remove(&(one.study_key, one.record.series_instance_uid.as_str().to_owned()));
    fresh.iter().map(&mut key).collect::<Option<_>>().ok_or(StoreError::Corrupt { what: "series" })
}

async fn insert_copies(work: &mut Work<'_>, fresh: &[Fresh<'_>], series_keys: &[i64]) -> Result<Vec<i64>, StoreError> {
    let mut sql = Sql::new("INSERT INTO series_copy (series_key, repository_key, declared, record) VALUES ");
    for (i, (one, series_key)) in fresh.iter().zip(series_keys).enumerate() {
        let declared = one.record.number_of_series_related_instances;
        sql.tuple(i == 0, [(*series_key).into(), one.repository_key.into(), declared.into(), "".into()]);
    }
    sql.push(" RETURNING series_copy_key, series_key");
    let mut keys = HashMap::with_capacity(fresh.len());
    for row in work.link.rows(sql).await? {
        keys.insert(row.int(1)?, row.int(0)?);
    }
    let key = |series_key: &i64| keys.get(series_key).copied();
    series_keys.iter().map(key).collect::<Option<_>>().ok_or(StoreError::Corrupt { what: "series copy" })
}

/// Takes a series out with all that is known of it; what counted it is for the caller to tell.
pub(super) async fn remove(work: &mut Work<'_>, series_key: i64) -> Result<(), StoreError> {
    for text in [
        "DELETE FROM manifest_entry WHERE series_key = $1",
        "DELETE FROM held_instance WHERE series_key = $1",
        "DELETE FROM series_copy WHERE series_key = $1",
        "DELETE FROM series_request WHERE series_key = $1",
        "DELETE FROM series WHERE series_key = $1",
    ] {
        work.link.run(Sql::new(text).arg(series_key)).await?;
    }
    Ok(())
}
