//! A repository's copy of a study moves to another union study, because its patient is another than was thought.

use super::work::Work;
use super::{requests, series};
use crate::StoreError;
use crate::engine::Sql;

/// Moves a repository's copies of all series of one union study to another.
///
/// A series that only this repository has moves as it is. Of a shared one the entries move; the manifest that stays behind is
/// emptied, because it tells of instances of another patient, and is made anew from what is held or declared.
pub(in crate::index) async fn move_copy(
    work: &mut Work<'_>,
    from: i64,
    to: i64,
    repository_key: i64,
) -> Result<(), StoreError> {
    let sql = Sql::new(
        "SELECT r.series_key, t.series_key, \
         (SELECT count(*) FROM series_copy o WHERE o.series_key = r.series_key AND o.repository_key <> $1) \
         FROM series r JOIN series_copy c ON c.series_key = r.series_key AND c.repository_key = $1 \
         LEFT JOIN series t ON t.study_key = $2 AND t.series_instance_uid = r.series_instance_uid \
         WHERE r.study_key = $3 LIMIT 100000",
    );
    let rows = work.link.rows(sql.arg(repository_key).arg(to).arg(from)).await?;
    for row in rows {
        let (key, twin, others) = (row.int(0)?, row.opt_int(1)?, row.int(2)?);
        match (twin, others) {
            (None, 0) => {
                let sql = Sql::new("UPDATE series SET study_key = $1 WHERE series_key = $2").arg(to).arg(key);
                work.link.run(sql).await?;
            }
            (twin, others) => {
                let target = match twin {
                    Some(target) => target,
                    None => duplicate(work, key, to).await?,
                };
                series::spell_out(work, key).await?;
                series::spell_out(work, target).await?;
                move_rows(work, key, target, repository_key).await?;
                if others == 0 {
                    inherit(work, key, target).await?;
                } else {
                    empty(work, key).await?;
                }
                recount(work, target).await?;
            }
        }
    }
    work.changed(to);
    Ok(())
}

async fn duplicate(work: &mut Work<'_>, series: i64, to: i64) -> Result<i64, StoreError> {
    let sql = Sql::new(
        "INSERT INTO series (study_key, series_instance_uid, modality, series_number, series_description, \
         body_part_examined, step_start_date, step_start_time, scheduled_procedure_step_id, requested_procedure_id, \
         declared, number_of_instances, record) SELECT CAST($1 AS BIGINT), series_instance_uid, modality, series_number, \
         series_description, body_part_examined, step_start_date, step_start_time, scheduled_procedure_step_id, \
         requested_procedure_id, 0, 0, record FROM series WHERE series_key = $2 RETURNING series_key",
    );
    let twin = work.link.number(sql.arg(to).arg(series)).await?;
    requests::copy(work.link, series, twin).await?;
    Ok(twin)
}

async fn move_rows(work: &mut Work<'_>, from: i64, to: i64, repository_key: i64) -> Result<(), StoreError> {
    for text in [
        "UPDATE series_copy SET series_key = $1 WHERE series_key = $2 AND repository_key = $3",
        "UPDATE held_instance SET series_key = $1 WHERE series_key = $2 AND repository_key = $3",
        "UPDATE manifest_entry SET series_key = $1 WHERE series_key = $2 AND repository_key = $3",
    ] {
        work.link.run(Sql::new(text).arg(to).arg(from).arg(repository_key)).await?;
    }
    Ok(())
}

/// Takes over the manifest of a series that has no copy left.
async fn inherit(work: &mut Work<'_>, from: i64, to: i64) -> Result<(), StoreError> {
    let sql = Sql::new(
        "UPDATE series SET base_object = f.base_object, base_instances = f.base_instances, \
         manifest_version = series.manifest_version + 1, manifest_phase = 'partial' \
         FROM (SELECT base_object, base_instances FROM series WHERE series_key = $1) AS f \
         WHERE series.series_key = $2 AND series.base_object IS NULL",
    );
    work.link.run(sql.arg(from).arg(to)).await?;
    requests::remove(work.link, from).await?;
    work.link.run(Sql::new("DELETE FROM series WHERE series_key = $1").arg(from)).await.map(drop)
}

/// Forgets the manifest of a series.
async fn empty(work: &mut Work<'_>, series: i64) -> Result<(), StoreError> {
    let sql = Sql::new(
        "UPDATE series SET base_object = NULL, base_instances = 0, manifest_version = manifest_version + 1, \
         manifest_phase = 'none' WHERE series_key = $1",
    );
    work.link.run(sql.arg(series)).await?;
    recount(work, series).await
}

/// Counts a series from its rows.
pub(super) async fn recount(work: &mut Work<'_>, series: i64) -> Result<(), StoreError> {
    let sql = Sql::new(
        "UPDATE series SET \
         known = (SELECT count(DISTINCT sop_instance_uid) FROM held_instance h WHERE h.series_key = series.series_key), \
         held = (SELECT count(DISTINCT sop_instance_uid) FROM held_instance h WHERE h.series_key = series.series_key \
                 AND h.object IS NOT NULL), \
         pending = (SELECT count(*) FROM manifest_entry e WHERE e.series_key = series.series_key), \
         fetched_bytes = (SELECT CAST(coalesce(sum(h.fetched_bytes), 0) AS BIGINT) FROM held_instance h \
                 WHERE h.series_key = series.series_key), \
         declared = coalesce((SELECT max(c.declared) FROM series_copy c WHERE c.series_key = series.series_key), 0) \
         WHERE series_key = $1",
    );
    work.link.run(sql.arg(series)).await?;
    let sql = Sql::new(
        "UPDATE series SET number_of_instances = CASE WHEN known > declared THEN known ELSE declared END WHERE series_key = $1",
    );
    work.link.run(sql.arg(series)).await.map(drop)
}
