//! Rejected instances leave the series that they are in; what is empty then leaves too.

use std::collections::{BTreeMap, BTreeSet};

use index_model::{SeriesRecord, StudyRecord, Uid};

use super::super::work::Work;
use super::super::{Manner, series, study};
use crate::engine::Sql;
use crate::{Rejected, StoreError};

/// A series, and how many of its instances are newly rejected by what the notes say, whether they are known or not.
struct Stricken {
    study_key: i64,
    series_key: i64,
    series_instance_uid: String,
    newly: i64,
}

/// Applies what a repository rejected of a study, and has not been applied yet.
pub(super) async fn apply(
    work: &mut Work<'_>,
    study_uid: &str,
    repository_key: i64,
    out: &mut Rejected,
) -> Result<(), StoreError> {
    let mut newly: BTreeMap<String, i64> = BTreeMap::new();
    let sql = Sql::new(
        "SELECT series_instance_uid, count(*) FROM rejection x WHERE x.study_instance_uid = $1 AND x.repository_key = $2 \
         AND x.applied = 0 AND NOT EXISTS (SELECT 1 FROM rejection o WHERE o.sop_instance_uid = x.sop_instance_uid \
         AND o.study_instance_uid = x.study_instance_uid AND o.applied = 1) GROUP BY series_instance_uid",
    );
    for row in work.link.rows(sql.arg(study_uid).arg(repository_key)).await? {
        newly.insert(row.text(0)?, row.int(1)?);
    }
    let sql = Sql::new(
        "UPDATE rejection SET applied = 1, declared = (SELECT c.declared FROM study s JOIN series r ON r.study_key = s.study_key \
         JOIN series_copy c ON c.series_key = r.series_key AND c.repository_key = rejection.repository_key \
         WHERE s.study_instance_uid = rejection.study_instance_uid \
         AND r.series_instance_uid = rejection.series_instance_uid LIMIT 1) \
         WHERE study_instance_uid = $1 AND repository_key = $2 AND applied = 0",
    );
    work.link.run(sql.arg(study_uid).arg(repository_key)).await?;
    crate::reports::rejected::objects_rejected(work, study_uid).await?;
    let mut studies = BTreeSet::new();
    for stricken in stricken(work, study_uid, &newly).await? {
        studies.insert(stricken.study_key);
        out.series.push((stricken.study_key, stricken.series_key));
        withdraw(work, study_uid, &stricken, out).await?;
    }
    let total = newly.values().sum();
    for study_key in studies {
        renew_study(work, study_key, total).await?;
    }
    Ok(())
}

/// Adds to what the copies of a study declare the objects that may be shown again, so many of each series; they are indexed anew after it.
pub(super) async fn undo(
    work: &mut Work<'_>,
    study_uid: &str,
    back: &BTreeMap<&str, i64>,
    out: &mut Rejected,
) -> Result<(), StoreError> {
    let sql = Sql::new(
        "SELECT r.study_key, r.series_key, r.series_instance_uid FROM study s JOIN series r ON r.study_key = s.study_key \
         WHERE s.study_instance_uid = $1 ORDER BY r.series_key",
    );
    let mut studies = BTreeSet::new();
    for row in work.link.rows(sql.arg(study_uid)).await? {
        let series_instance_uid = row.text(2)?;
        let Some(count) = back.get(series_instance_uid.as_str()) else { continue };
        let again = Stricken { study_key: row.int(0)?, series_key: row.int(1)?, series_instance_uid, newly: -count };
        redeclare(work, &again).await?;
        let sql = Sql::new("UPDATE series SET manifest_version = manifest_version + 1 WHERE series_key = $1");
        work.link.run(sql.arg(again.series_key)).await?;
        work.changed(again.study_key);
        studies.insert(again.study_key);
        out.series.push((again.study_key, again.series_key));
    }
    for study_key in studies {
        renew_study(work, study_key, -back.values().sum::<i64>()).await?;
    }
    Ok(())
}

/// The series that hold, or are said to hold, rejected instances of a study.
async fn stricken(
    work: &mut Work<'_>,
    study_uid: &str,
    newly: &BTreeMap<String, i64>,
) -> Result<Vec<Stricken>, StoreError> {
    let sql = Sql::new(
        "SELECT r.study_key, r.series_key, r.series_instance_uid FROM study s JOIN series r ON r.study_key = s.study_key \
         WHERE s.study_instance_uid = $1 AND (r.series_instance_uid IN (SELECT x.series_instance_uid FROM rejection x \
         WHERE x.study_instance_uid = $1 AND x.applied = 1) OR r.series_key IN (SELECT h.series_key FROM rejection x \
         JOIN held_instance h ON h.sop_instance_uid = x.sop_instance_uid WHERE x.study_instance_uid = $1 AND x.applied = 1)) \
         ORDER BY r.series_key",
    );
    let rows = work.link.rows(sql.arg(study_uid)).await?;
    rows.iter()
        .map(|row| {
            let series_instance_uid = row.text(2)?;
            let newly = newly.get(&series_instance_uid).copied().unwrap_or(0);
            Ok(Stricken { study_key: row.int(0)?, series_key: row.int(1)?, series_instance_uid, newly })
        })
        .collect()
}

/// How many instances of a copy are known, and held.
#[derive(Default)]
struct Loss {
    known: i64,
    held: i64,
}

async fn withdraw(
    work: &mut Work<'_>,
    study_uid: &str,
    stricken: &Stricken,
    out: &mut Rejected,
) -> Result<(), StoreError> {
    let series_key = stricken.series_key;
    let losses = set_aside(work, study_uid, series_key).await?;
    for (repository_key, loss) in &losses {
        let sql = Sql::new("SELECT declared, known FROM series_copy WHERE series_key = $1 AND repository_key = $2");
        let Some(row) = work.link.row(sql.arg(series_key).arg(*repository_key)).await? else { continue };
        let (declared, known) = (row.opt_int(0)?.unwrap_or(0), row.int(1)?);
        work.delta(*repository_key).instances += declared.max(known - loss.known) - declared.max(known);
        let sql = Sql::new(
            "UPDATE series_copy SET known = known - $1, held = held - $2 WHERE series_key = $3 AND repository_key = $4",
        );
        work.link.run(sql.arg(loss.known).arg(loss.held).arg(series_key).arg(*repository_key)).await?;
    }
    let all = losses
        .values()
        .fold(Loss::default(), |all, one| Loss { known: all.known + one.known, held: all.held + one.held });
    let sql = Sql::new(
        "UPDATE series SET known = known - $1, held = held - $2, manifest_version = manifest_version + 1, \
         number_of_instances = CASE WHEN known - $1 > declared THEN known - $1 ELSE declared END WHERE series_key = $3",
    );
    work.link.run(sql.arg(all.known).arg(all.held).arg(series_key)).await?;
    crate::cache::recount(work.link, series_key).await?;
    redeclare(work, stricken).await?;
    work.changed(stricken.study_key);
    let sql = Sql::new("SELECT number_of_instances, base_object FROM series WHERE series_key = $1").arg(series_key);
    let Some(row) = work.link.row(sql).await? else { return Ok(()) };
    if row.int(0)? == 0 {
        out.objects.extend(row.opt_text(1)?);
        remove_series(work, series_key).await?;
    }
    Ok(())
}

/// Moves what is held or known of rejected instances out of a series; what each copy loses by it.
async fn set_aside(work: &mut Work<'_>, study_uid: &str, series_key: i64) -> Result<BTreeMap<i64, Loss>, StoreError> {
    let sql = Sql::new(
        "SELECT h.instance_key, h.repository_key, CAST(CASE WHEN h.object IS NULL THEN 0 ELSE 1 END AS BIGINT), h.shown FROM held_instance h \
         WHERE h.series_key = $1 AND h.sop_instance_uid IN (SELECT x.sop_instance_uid FROM rejection x \
         WHERE x.study_instance_uid = $2 AND x.applied = 1)",
    );
    let mut losses: BTreeMap<i64, Loss> = BTreeMap::new();
    let mut gone: Vec<i64> = Vec::new();
    for row in work.link.rows(sql.arg(series_key).arg(study_uid)).await? {
        gone.push(row.int(0)?);
        // A copy that is in conflict with the one that is shown was never counted.
        if row.flag(3)? {
            let loss = losses.entry(row.int(1)?).or_default();
            loss.known += 1;
            loss.held += row.int(2)?;
        }
    }
    for chunk in gone.chunks(super::CHUNK) {
        let mut sql = Sql::new(
            "INSERT INTO rejected_instance (sop_instance_uid, study_instance_uid, repository_key, sha256, object, at_ms) \
             SELECT sop_instance_uid, ",
        );
        // PostgreSQL has to be told what a value is that stands alone.
        sql.push("CAST(").bind(study_uid).push(" AS TEXT), repository_key, sha256, object, CAST(").bind(work.now_ms);
        sql.push(" AS BIGINT) FROM held_instance WHERE instance_key IN (").list(chunk.iter().copied()).push(")");
        work.link.run(sql).await?;
        let mut sql = Sql::new("DELETE FROM held_instance WHERE instance_key IN (");
        sql.list(chunk.iter().copied()).push(")");
        work.link.run(sql).await?;
    }
    Ok(losses)
}

/// Takes what is rejected off what each copy of a series declares.
async fn redeclare(work: &mut Work<'_>, stricken: &Stricken) -> Result<(), StoreError> {
    let uid = Uid::parse(&stricken.series_instance_uid).map_err(|_| StoreError::Corrupt { what: "series UID" })?;
    let sql = Sql::new(
        "SELECT repository_key, declared, known FROM series_copy WHERE series_key = $1 AND declared IS NOT NULL \
         ORDER BY series_copy_key",
    );
    for row in work.link.rows(sql.arg(stricken.series_key)).await? {
        let left = (row.int(1)? - stricken.newly).max(row.int(2)?).max(0);
        let mut said = SeriesRecord::new(uid.clone());
        said.number_of_series_related_instances = Some(u32::try_from(left).unwrap_or(0));
        series::place(work, stricken.study_key, row.int(0)?, &[said], Manner::Declared).await?;
    }
    Ok(())
}

async fn remove_series(work: &mut Work<'_>, series_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new("SELECT repository_key FROM series_copy WHERE series_key = $1").arg(series_key);
    for row in work.link.rows(sql).await? {
        work.delta(row.int(0)?).series -= 1;
    }
    series::remove(work, series_key).await
}

/// Takes what is rejected off what the copies of a study declare; a study that has nothing left leaves.
async fn renew_study(work: &mut Work<'_>, study_key: i64, newly: i64) -> Result<(), StoreError> {
    let sql = Sql::new("SELECT count(*) FROM series WHERE study_key = $1").arg(study_key);
    let series = work.link.number(sql).await?;
    let sql = Sql::new(
        "SELECT c.repository_key, c.declared_instances, CASE WHEN c.record = '' THEN s.record ELSE c.record END \
         FROM study_copy c JOIN study s ON s.study_key = c.study_key WHERE c.study_key = $1 ORDER BY c.study_copy_key",
    );
    let rows = work.link.rows(sql.arg(study_key)).await?;
    let left = |declared: i64| (declared - newly).max(0);
    let mut most_left = 0;
    for row in &rows {
        most_left = most_left.max(row.opt_int(1)?.map_or(0, left));
    }
    if series == 0 && most_left == 0 {
        return remove_study(work, study_key).await;
    }
    for row in &rows {
        let Some(declared) = row.opt_int(1)? else { continue };
        let mut said: StudyRecord = row.json(2)?;
        said.number_of_study_related_instances = u32::try_from(left(declared)).ok();
        said.number_of_study_related_series =
            said.number_of_study_related_series.map(|_| u32::try_from(series).unwrap_or(0));
        study::place(work, row.int(0)?, &said, Manner::Declared).await?;
    }
    Ok(())
}

async fn remove_study(work: &mut Work<'_>, study_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new("SELECT DISTINCT repository_key FROM study_copy WHERE study_key = $1").arg(study_key);
    for row in work.link.rows(sql).await? {
        work.delta(row.int(0)?).studies -= 1;
    }
    for text in [
        "DELETE FROM report_link WHERE study_key = $1",
        "DELETE FROM copy_other_id WHERE study_copy_key IN (SELECT study_copy_key FROM study_copy WHERE study_key = $1)",
        "DELETE FROM study_copy WHERE study_key = $1",
    ] {
        work.link.run(Sql::new(text).arg(study_key)).await?;
    }
    study::remove(work, study_key).await
}
