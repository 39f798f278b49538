//! What arrives, or is declared, after it was rejected.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use index_model::{RepositoryCode, SeriesRecord, StudyRecord};

use super::super::doubted;
use super::super::work::Work;
use super::{CHUNK, withdraw};
use crate::engine::{Link, Sql};
use crate::{InstanceIndexed, NewInstance, Outcome, Rejected, StoreError};

/// Of a batch that arrives those instances that were rejected, each with what is told of it: they are kept, and given to nobody.
pub(in crate::index) async fn held(
    link: &mut Link,
    repository_keys: &BTreeMap<RepositoryCode, i64>,
    batch: &[NewInstance],
    now_ms: i64,
) -> Result<HashMap<usize, InstanceIndexed>, StoreError> {
    let mut found = HashMap::new();
    for (number, chunk) in batch.chunks(CHUNK).enumerate() {
        let mut sql = Sql::new(
            "SELECT sop_instance_uid, study_instance_uid, repository_key, applied FROM rejection WHERE sop_instance_uid IN (",
        );
        sql.list(chunk.iter().map(|new| new.entry.instance.sop_instance_uid.as_str())).push(")");
        for row in link.rows(sql).await? {
            let (sop, study, by, applied) = (row.text(0)?, row.text(1)?, row.int(2)?, row.flag(3)?);
            for (at, new) in chunk.iter().enumerate() {
                let is_it = new.entry.instance.sop_instance_uid.as_str() == sop
                    && new.study.study_instance_uid.as_str() == study
                    && (applied || repository_keys.get(&new.repository) == Some(&by));
                let at = number * CHUNK + at;
                if is_it && !found.contains_key(&at) {
                    let superseded_object = keep(link, repository_keys, new, now_ms).await?;
                    let outcome = Outcome::Rejected;
                    let withdrawn = Vec::new();
                    found.insert(
                        at,
                        InstanceIndexed {
                            study_key: 0,
                            series_key: 0,
                            outcome,
                            superseded_object,
                            to_compare: false,
                            is_reworded: false,
                            is_disputed: false,
                            withdrawn,
                        },
                    );
                }
            }
        }
    }
    Ok(found)
}

/// Keeps the name of the bytes; gives it back where the same bytes are kept already.
async fn keep(
    link: &mut Link,
    repository_keys: &BTreeMap<RepositoryCode, i64>,
    new: &NewInstance,
    now_ms: i64,
) -> Result<Option<String>, StoreError> {
    let Some(object) = new.entry.object.clone() else { return Ok(None) };
    let repository_key = repository_keys.get(&new.repository).copied().unwrap_or_default();
    let uid = new.entry.instance.sop_instance_uid.as_str();
    let sql = Sql::new(
        "SELECT object FROM rejected_instance WHERE sop_instance_uid = $1 AND repository_key = $2 AND sha256 = $3 \
         AND object IS NOT NULL LIMIT 1",
    );
    let known = link.row(sql.arg(uid).arg(repository_key).arg(new.entry.sha256.as_str())).await?;
    if let Some(row) = known {
        return Ok(Some(object).filter(|object| row.text(0).is_ok_and(|known| known != *object)));
    }
    let mut sql = Sql::new(
        "INSERT INTO rejected_instance (sop_instance_uid, study_instance_uid, repository_key, sha256, object, at_ms) VALUES ",
    );
    let (study, sha256) = (new.study.study_instance_uid.as_str().into(), new.entry.sha256.as_str().into());
    sql.tuple(true, [uid.into(), study, repository_key.into(), sha256, object.into(), now_ms.into()]);
    link.run(sql).await?;
    Ok(None)
}

/// What a repository declares of a study and its series.
type Declared<'r> = (Cow<'r, StudyRecord>, Cow<'r, [SeriesRecord]>);

/// What a repository declares of a study, without what was rejected; `None` when nothing is left of it. A note that waited for this
/// repository's copy is applied by [`settle`] once that is in place.
pub(in crate::index) async fn declared<'r>(
    work: &mut Work<'_>,
    repository_key: i64,
    study: &'r StudyRecord,
    series: &'r [SeriesRecord],
) -> Result<Option<Declared<'r>>, StoreError> {
    let sql = Sql::new(
        "SELECT series_instance_uid, count(DISTINCT CASE WHEN applied = 1 OR repository_key = $1 THEN sop_instance_uid END), \
         max(CASE WHEN repository_key = $1 THEN declared END) FROM rejection WHERE study_instance_uid = $2 \
         GROUP BY series_instance_uid",
    );
    let mut rows = work.link.rows(sql.arg(repository_key).arg(study.study_instance_uid.as_str())).await?;
    if !rows.is_empty() {
        doubted::after_notes(work, repository_key, study).await?;
    }
    // Notes of others wait for their sender's copy.
    rows.retain(|row| row.int(1).is_ok_and(|count| count > 0));
    if rows.is_empty() {
        return Ok(Some((Cow::Borrowed(study), Cow::Borrowed(series))));
    }
    let (mut without, mut total) = (HashMap::new(), 0);
    for row in &rows {
        total += row.int(1)?;
        without.insert(row.text(0)?, (row.int(1)?, row.opt_int(2)?));
    }
    let mut left = series.to_vec();
    for record in &mut left {
        let rejected = without.get(record.series_instance_uid.as_str());
        if let (Some((count, before)), Some(said)) = (rejected, record.number_of_series_related_instances) {
            // A repository that has taken its own note in declares no more than what is left already.
            let is_done = before.is_some_and(|before| i64::from(said) <= before - count);
            let rest = if is_done { i64::from(said) } else { (i64::from(said) - count).max(0) };
            record.number_of_series_related_instances = u32::try_from(rest).ok();
        }
    }
    left.retain(|record| {
        record.number_of_series_related_instances != Some(0)
            || !without.contains_key(record.series_instance_uid.as_str())
    });
    let mut study = study.clone();
    let of_series: u32 = left.iter().filter_map(|record| record.number_of_series_related_instances).sum();
    study.number_of_study_related_instances = study
        .number_of_study_related_instances
        .map(|said| u32::try_from((i64::from(said) - total).max(0)).unwrap_or(0).max(of_series));
    let fewer = u32::try_from(series.len() - left.len()).unwrap_or(0);
    study.number_of_study_related_series = study
        .number_of_study_related_series
        .map(|said| said.saturating_sub(fewer).max(u32::try_from(left.len()).unwrap_or(0)));
    let is_gone = left.is_empty() && study.number_of_study_related_instances.unwrap_or(0) == 0;
    Ok((!is_gone).then_some((Cow::Owned(study), Cow::Owned(left))))
}

/// Applies the notes that waited for their sender's copy of one of these studies; the series that lose instances by it.
pub(in crate::index) async fn settle(
    work: &mut Work<'_>,
    studies: &BTreeSet<(&str, i64)>,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut waiting = BTreeSet::new();
    let uids: BTreeSet<&str> = studies.iter().map(|(uid, _)| *uid).collect();
    for chunk in uids.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let mut sql = Sql::new("SELECT DISTINCT study_instance_uid, repository_key FROM rejection WHERE applied = 0 ");
        sql.push("AND study_instance_uid IN (").list(chunk.iter().copied()).push(")");
        for row in work.link.rows(sql).await? {
            waiting.insert((row.text(0)?, row.int(1)?));
        }
    }
    for uid in waiting.iter().map(|(uid, _)| uid).collect::<BTreeSet<_>>() {
        doubted::recall(work, uid).await?;
    }
    let mut out = Rejected::default();
    for (uid, repository_key) in waiting.iter().filter(|(uid, by)| studies.contains(&(uid.as_str(), *by))) {
        withdraw::apply(work, uid, *repository_key, &mut out).await?;
    }
    Ok(out.series)
}
