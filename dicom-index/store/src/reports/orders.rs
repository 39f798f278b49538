//! From a report to its studies, and back, through the orders that name both.

use std::collections::BTreeSet;

use index_model::ReportRecord;

use super::link::{MAX_CANDIDATES, Subject, of_patient};
use crate::StoreError;
use crate::engine::Sql;
use crate::index::Work;

/// Reports that name a number of one of these orders.
pub(crate) async fn reports(work: &mut Work<'_>, orders: &[i64]) -> Result<Vec<i64>, StoreError> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql =
        Sql::new("SELECT o.report_key FROM imaging_order n JOIN report o ON o.placer_number = n.placer_number ");
    sql.push("AND o.placer_issuer = n.placer_issuer WHERE o.placer_number <> '' AND n.order_key IN (");
    sql.list(orders.iter().copied());
    sql.push(") UNION SELECT o.report_key FROM imaging_order n JOIN report o ON o.filler_number = n.filler_number ");
    sql.push("AND o.filler_issuer = n.filler_issuer WHERE o.filler_number <> '' AND n.order_key IN (");
    sql.list(orders.iter().copied());
    sql.push(
        ") UNION SELECT o.report_key FROM imaging_order n JOIN report o ON o.accession_number = n.accession_number ",
    );
    sql.push("AND o.accession_issuer = n.accession_issuer WHERE o.accession_number <> '' AND n.order_key IN (");
    sql.list(orders.iter().copied()).push(")").limit(MAX_CANDIDATES);
    crate::locate::keys(work.link, sql).await
}

/// Studies that an order names, which names the report too. What is still asked for comes before what was cancelled.
pub(super) async fn studies(
    work: &mut Work<'_>,
    report: &ReportRecord,
    subject: &Subject<'_>,
) -> Result<Vec<i64>, StoreError> {
    let mut orders = BTreeSet::new();
    for (number, text) in [
        (&report.placer_order_number, "n.placer_number = $1 AND n.placer_issuer = $2 AND n.placer_number <> ''"),
        (&report.filler_order_number, "n.filler_number = $1 AND n.filler_issuer = $2 AND n.filler_number <> ''"),
        (&report.accession_number, "n.accession_number = $1 AND n.accession_issuer = $2 AND n.accession_number <> ''"),
    ] {
        let Some(id) = number else { continue };
        let mut sql = Sql::new("SELECT n.order_key, p.person_key, p.record, n.cancelled FROM imaging_order n ");
        sql.push("JOIN source_patient p ON p.patient_key = n.patient_key WHERE ").push(text);
        sql.push(" ORDER BY n.order_key LIMIT 200");
        for row in work.link.rows(sql.arg(id.value.expose().trim()).arg(id.issuer.as_str())).await? {
            if subject.is(row.int(1)?, &row.json(2)?) {
                orders.insert((row.flag(3)?, row.int(0)?));
            }
        }
    }
    let all_cancelled = orders.iter().all(|(is_cancelled, _)| *is_cancelled);
    let mut studies = BTreeSet::new();
    for (_, order_key) in orders.into_iter().filter(|(is_cancelled, _)| *is_cancelled == all_cancelled) {
        studies.extend(of_one(work, order_key, report, subject).await?);
    }
    Ok(studies.into_iter().collect())
}

/// The studies of one order, by the strongest of its numbers that has any.
async fn of_one(
    work: &mut Work<'_>,
    order_key: i64,
    report: &ReportRecord,
    subject: &Subject<'_>,
) -> Result<Vec<i64>, StoreError> {
    let near = subject.near(report.observed_ms);
    let steps: [(&Subject<'_>, &'static str); 4] = [
        (
            subject,
            "SELECT s.study_key, s.person_key, s.record FROM imaging_order n JOIN study s \
             ON s.study_instance_uid = n.study_instance_uid WHERE n.order_key = $1 AND n.study_instance_uid <> '' \
             ORDER BY s.study_key LIMIT $2",
        ),
        (
            subject,
            "SELECT DISTINCT s.study_key, s.person_key, s.record FROM imaging_order n JOIN study_copy c \
             ON c.accession_number = n.accession_number AND c.accession_issuer = n.accession_issuer \
             JOIN study s ON s.study_key = c.study_key WHERE n.order_key = $1 AND n.accession_number <> '' \
             AND c.accession_number <> '' ORDER BY s.study_key LIMIT $2",
        ),
        (
            subject,
            "SELECT DISTINCT s.study_key, s.person_key, s.record FROM imaging_order n JOIN study_copy c \
             ON c.accession_number = n.filler_number AND c.accession_issuer = n.filler_issuer \
             JOIN study s ON s.study_key = c.study_key WHERE n.order_key = $1 AND n.filler_number <> '' \
             AND c.accession_number <> '' ORDER BY s.study_key LIMIT $2",
        ),
        (
            &near,
            "SELECT DISTINCT s.study_key, s.person_key, s.record FROM imaging_order n JOIN study_copy c \
             ON c.placer_number = n.placer_number AND c.placer_issuer = n.placer_issuer \
             JOIN study s ON s.study_key = c.study_key WHERE n.order_key = $1 AND n.placer_number <> '' \
             AND c.placer_number <> '' ORDER BY s.study_key LIMIT $2",
        ),
    ];
    for (subject, text) in steps {
        let found = of_patient(work, Sql::new(text).arg(order_key).arg(MAX_CANDIDATES), subject).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}
