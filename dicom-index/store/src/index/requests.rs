//! Requests that a series answers, item by item: what a search by RequestAttributesSequence looks up.

use std::collections::BTreeSet;

use index_model::SeriesRecord;

use crate::StoreError;
use crate::engine::{Link, Sql};

/// ScheduledProcedureStepID and RequestedProcedureID of each item that has one of them.
fn of(record: &SeriesRecord) -> BTreeSet<(String, String)> {
    let text = |id: Option<String>| id.unwrap_or_default().trim().to_owned();
    let items = record.requests().into_iter();
    let ids = items.map(|item| (text(item.scheduled_procedure_step_id), text(item.requested_procedure_id)));
    ids.filter(|(step, procedure)| !(step.is_empty() && procedure.is_empty())).collect()
}

/// Writes those of new series.
pub(super) async fn insert<'a>(
    link: &mut Link,
    series: impl IntoIterator<Item = (i64, &'a SeriesRecord)>,
) -> Result<(), StoreError> {
    const ROWS: usize = 400;
    let rows: Vec<_> =
        series.into_iter().flat_map(|(key, record)| of(record).into_iter().map(move |ids| (key, ids))).collect();
    for chunk in rows.chunks(ROWS) {
        let mut sql = Sql::new(
            "INSERT INTO series_request (series_key, scheduled_procedure_step_id, requested_procedure_id) VALUES ",
        );
        for (i, (series_key, (step, procedure))) in chunk.iter().enumerate() {
            sql.tuple(i == 0, [(*series_key).into(), step.as_str().into(), procedure.as_str().into()]);
        }
        link.later(sql).await?;
    }
    Ok(())
}

/// Writes those of a series that was known, when they are others.
pub(super) async fn renew(
    link: &mut Link,
    series_key: i64,
    before: &SeriesRecord,
    record: &SeriesRecord,
) -> Result<(), StoreError> {
    if of(before) == of(record) {
        return Ok(());
    }
    remove(link, series_key).await?;
    insert(link, [(series_key, record)]).await
}

/// Forgets those of a series.
pub(super) async fn remove(link: &mut Link, series_key: i64) -> Result<(), StoreError> {
    let sql = Sql::new("DELETE FROM series_request WHERE series_key = $1");
    link.run(sql.arg(series_key)).await.map(drop)
}

/// Gives a series those of another.
pub(super) async fn copy(link: &mut Link, from: i64, to: i64) -> Result<(), StoreError> {
    let sql = Sql::new(
        "INSERT INTO series_request (series_key, scheduled_procedure_step_id, requested_procedure_id) \
         SELECT CAST($1 AS BIGINT), scheduled_procedure_step_id, requested_procedure_id FROM series_request WHERE series_key = $2",
    );
    link.run(sql.arg(to).arg(from)).await.map(drop)
}
