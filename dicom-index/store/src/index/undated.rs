//! Studies without a StudyDate, under the best known day, so that a list has them where a reader looks for them.

use index_model::StudyRecord;
use index_query::text::time_begin;

use super::work::Work;
use crate::StoreError;
use crate::engine::Sql;

/// Rows of one statement.
const CHUNK: usize = 400;
/// Days are Ontario's: five hours behind UTC, an hour more or less told by nobody.
const BEHIND_UTC_MS: i64 = 5 * 3_600_000;

/// `YYYYMMDD` of an instant.
fn day_of(unix_ms: i64) -> Option<String> {
    let at = chrono::DateTime::from_timestamp_millis(unix_ms.saturating_sub(BEHIND_UTC_MS))?;
    Some(at.format("%Y%m%d").to_string())
}

fn time_of(record: &StudyRecord) -> String {
    time_begin(record.study_time.as_deref().unwrap_or_default()).unwrap_or_default()
}

/// Lists new studies that have no date.
pub(super) async fn insert(work: &mut Work<'_>, studies: &[(i64, &StudyRecord)]) -> Result<(), StoreError> {
    let received = day_of(work.now_ms).unwrap_or_default();
    let undated: Vec<_> = studies.iter().filter(|(_, record)| record.study_date.is_none()).collect();
    for chunk in undated.chunks(CHUNK) {
        let mut sql = Sql::new(
            "INSERT INTO undated_study (study_key, study_time, study_instance_uid, listed_date, basis) VALUES ",
        );
        for (i, (study_key, record)) in chunk.iter().enumerate() {
            let (day, basis) = match &record.known_date {
                Some(day) => (day.as_str(), "objects"),
                None => (received.as_str(), "received"),
            };
            let uid = record.study_instance_uid.as_str();
            sql.tuple(i == 0, [(*study_key).into(), time_of(record).into(), uid.into(), day.into(), basis.into()]);
        }
        work.link.later(sql).await?;
    }
    Ok(())
}

/// A study that was known says more now, or less. What a report or its arrival told stands until its objects tell.
pub(super) async fn renew(work: &mut Work<'_>, study_key: i64, record: &StudyRecord) -> Result<(), StoreError> {
    if record.study_date.is_some() {
        return remove(work, study_key).await;
    }
    let sql = Sql::new("SELECT basis FROM undated_study WHERE study_key = $1").arg(study_key);
    if work.link.row(sql).await?.is_none() {
        return insert(work, &[(study_key, record)]).await;
    }
    let sql = Sql::new(
        "UPDATE undated_study SET study_time = $1, listed_date = CASE WHEN $2 = '' THEN listed_date ELSE $2 END, \
         basis = CASE WHEN $2 = '' THEN basis ELSE 'objects' END WHERE study_key = $3",
    );
    let day = record.known_date.as_deref().unwrap_or_default();
    work.link.run(sql.arg(time_of(record)).arg(day).arg(study_key)).await.map(drop)
}

/// The study is gone, or has a date.
pub(super) async fn remove(work: &mut Work<'_>, study_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new("DELETE FROM undated_study WHERE study_key = $1").arg(study_key);
    work.link.run(sql).await.map(drop)
}

/// A report tells when the examinations were: those that have no date are listed there, where nothing better is known.
pub(crate) async fn observed(
    work: &mut Work<'_>,
    study_keys: impl IntoIterator<Item = i64>,
    observed_ms: Option<i64>,
) -> Result<(), StoreError> {
    let Some(day) = observed_ms.and_then(day_of) else { return Ok(()) };
    let mut sql = Sql::new("UPDATE undated_study SET basis = 'report', listed_date = ");
    sql.bind(day.as_str())
        .push(" WHERE (basis = 'received' OR (basis = 'report' AND listed_date > ")
        .bind(day.as_str());
    sql.push(")) AND study_key IN (").list(study_keys).push(")");
    work.link.run(sql).await.map(drop)
}
