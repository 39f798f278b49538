//! What a repository tells of a study of which instances are rejected (IHE RAD IOCM): its list counts them until it takes the note in itself.

use index_model::StudyRecord;

use super::super::work::Work;
use crate::StoreError;
use crate::engine::{Row, Sql};

/// Remembers what was told, beside the rejections that stood at the time.
pub(in crate::index) async fn remember(
    work: &mut Work<'_>,
    repository_key: i64,
    told: &StudyRecord,
    is_gone: bool,
) -> Result<(), StoreError> {
    let (series, instances) = (told.number_of_study_related_series, told.number_of_study_related_instances);
    let Some((series, instances)) = series.zip(instances) else { return Ok(()) };
    let sql = Sql::new(
        "INSERT INTO told_beside_rejections \
         (study_instance_uid, repository_key, series, instances, is_gone, rejected, newest_ms) \
         SELECT $1, $2, $3, $4, $5, count(*), coalesce(max(at_ms), 0) FROM rejection \
         WHERE study_instance_uid = $1 AND (applied = 1 OR repository_key = $2) \
         ON CONFLICT (study_instance_uid, repository_key) DO UPDATE SET series = excluded.series, \
         instances = excluded.instances, is_gone = excluded.is_gone, rejected = excluded.rejected, \
         newest_ms = excluded.newest_ms",
    );
    let sql = sql
        .arg(told.study_instance_uid.as_str())
        .arg(repository_key)
        .arg(i64::from(series))
        .arg(i64::from(instances))
        .arg(is_gone);
    work.link.run(sql).await.map(drop)
}

/// Asks whether so much was told of a study while the same rejections stood; [`is_gone`] reads the row.
pub(in crate::index) fn of_study(uid: &str, repository: &str, (series, instances): (u32, u32)) -> Sql {
    let sql = Sql::new(
        "SELECT t.is_gone FROM told_beside_rejections t CROSS JOIN repository q \
         WHERE t.study_instance_uid = $1 AND q.repository_key = t.repository_key AND q.code = $2 \
         AND t.series = $3 AND t.instances = $4 \
         AND t.rejected = (SELECT count(*) FROM rejection x WHERE x.study_instance_uid = t.study_instance_uid \
         AND (x.applied = 1 OR x.repository_key = t.repository_key)) \
         AND t.newest_ms = (SELECT max(x.at_ms) FROM rejection x WHERE x.study_instance_uid = t.study_instance_uid \
         AND (x.applied = 1 OR x.repository_key = t.repository_key))",
    );
    sql.arg(uid).arg(repository).arg(i64::from(series)).arg(i64::from(instances))
}

/// Whether nothing was left of the study, which is known by nothing else then.
pub(in crate::index) fn is_gone(row: &Row) -> Result<bool, StoreError> {
    row.flag(0)
}
