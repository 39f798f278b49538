//! The registry beside a repository's own list: which copies there are, what is gone at the source, and what comparisons found.

use std::collections::HashMap;

use index_model::{RepositoryCode, Uid};

use crate::engine::{Link, Row, Sql, in_transaction};
use crate::{CopyRow, Drift, DriftKind, DriftOutcome, DriftReport, Store, StoreError};

/// Rows of one statement.
const CHUNK: usize = 400;
/// Studies that a report lists; it counts the others.
pub const MAX_LISTED: usize = 10_000;
/// Reports that are kept of one repository.
const REPORTS: i64 = 30;

const COPY: &str = "SELECT c.study_copy_key, c.study_key, s.study_instance_uid, c.declared_series, c.declared_instances, \
    c.removed_ms FROM study_copy c JOIN study s ON s.study_key = c.study_key WHERE c.repository_key = ";

impl Store {
    /// The copies that a repository has of these studies, by StudyInstanceUID.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn copies_by_uid(
        &self,
        repository: &RepositoryCode,
        studies: &[Uid],
    ) -> Result<HashMap<Uid, CopyRow>, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        let (mut found, mut link) = (HashMap::with_capacity(studies.len()), self.read().await?);
        for chunk in studies.chunks(CHUNK) {
            let mut sql = Sql::new(COPY);
            sql.bind(repository_key).push(" AND s.study_instance_uid IN (");
            sql.list(chunk.iter().map(Uid::as_str)).push(") LIMIT 100000");
            for row in link.rows(sql).await? {
                let copy = copy(&row)?;
                found.entry(copy.study_instance_uid.clone()).or_insert(copy);
            }
        }
        Ok(found)
    }

    /// A repository's copies with a study date in this range (open where `None`; without any bound also those without a date), in the
    /// order of their registration after `after`.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn copies_between(
        &self,
        repository: &RepositoryCode,
        range: (Option<&str>, Option<&str>),
        after: i64,
        limit: u32,
    ) -> Result<Vec<CopyRow>, StoreError> {
        let mut sql = Sql::new(COPY);
        sql.bind(self.repository_key(repository).await?);
        if let Some(from) = range.0 {
            sql.push(" AND s.study_date >= ").bind(from);
        }
        if let Some(to) = range.1 {
            sql.push(" AND s.study_date <> '' AND s.study_date <= ").bind(to);
        }
        sql.push(" AND c.study_copy_key > ").bind(after).push(" ORDER BY c.study_copy_key").limit(limit);
        self.read().await?.rows(sql).await?.iter().map(copy).collect()
    }

    /// Marks a repository's copies as removed at source, or with `None` as there again; the union studies that this changes.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn mark_removed(
        &self,
        repository: &RepositoryCode,
        studies: &[Uid],
        removed_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        in_transaction!(self.pools(), |link| mark(&mut link, repository_key, studies, removed_ms, now_ms))
    }

    /// Keeps a report; its key. The oldest ones give way.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn put_drift(
        &self,
        repository: &RepositoryCode,
        report: &DriftReport,
        listed: &[Drift],
    ) -> Result<i64, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        in_transaction!(self.pools(), |link| put(&mut link, repository_key, report, listed))
    }

    /// The reports of a repository, latest first.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn drift_reports(&self, repository: &RepositoryCode, limit: u32) -> Result<Vec<DriftReport>, StoreError> {
        let sql = Sql::new(
            "SELECT report_key, started_ms, ended_ms, outcome, compared, not_here, not_there, differing, words \
             FROM drift_report WHERE repository_key = $1 ORDER BY report_key DESC LIMIT $2",
        );
        let sql = sql.arg(self.repository_key(repository).await?).arg(limit);
        self.read().await?.rows(sql).await?.iter().map(report).collect()
    }

    /// The studies of a report.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn drift_of(&self, report_key: i64, limit: u32) -> Result<Vec<Drift>, StoreError> {
        let sql = Sql::new(
            "SELECT kind, study_instance_uid, instances_here, instances_there FROM drift WHERE report_key = $1 \
             ORDER BY position LIMIT $2",
        );
        let line = |row: &Row| {
            Ok(Drift {
                kind: DriftKind::from_code(&row.text(0)?).ok_or(StoreError::Corrupt { what: "drift" })?,
                study_instance_uid: uid(&row.text(1)?)?,
                instances_here: small(row.opt_int(2)?),
                instances_there: small(row.opt_int(3)?),
            })
        };
        self.read().await?.rows(sql.arg(report_key).arg(limit)).await?.iter().map(line).collect()
    }
}

async fn mark(
    link: &mut Link,
    repository_key: i64,
    studies: &[Uid],
    removed_ms: Option<i64>,
    now_ms: i64,
) -> Result<Vec<i64>, StoreError> {
    let mut changed = Vec::new();
    for chunk in studies.chunks(CHUNK) {
        let mut sql = Sql::new("UPDATE study_copy SET removed_ms = ");
        sql.bind(removed_ms).push(" WHERE repository_key = ").bind(repository_key);
        sql.push(if removed_ms.is_some() { " AND removed_ms IS NULL" } else { " AND removed_ms IS NOT NULL" });
        sql.push(" AND study_key IN (SELECT study_key FROM study WHERE study_instance_uid IN (");
        sql.list(chunk.iter().map(Uid::as_str)).push(")) RETURNING study_key");
        changed.extend(crate::locate::keys(link, sql).await?);
    }
    changed.sort_unstable();
    changed.dedup();
    if !changed.is_empty() {
        let mut work = crate::index::Work::new(link, now_ms);
        changed.iter().for_each(|study_key| work.changed(*study_key));
        work.finish().await?;
    }
    Ok(changed)
}

async fn put(link: &mut Link, repository_key: i64, report: &DriftReport, listed: &[Drift]) -> Result<i64, StoreError> {
    let mut sql = Sql::new(
        "INSERT INTO drift_report (repository_key, started_ms, ended_ms, outcome, compared, not_here, not_there, differing, \
         words) VALUES ",
    );
    sql.tuple(
        true,
        [
            repository_key.into(),
            report.started_ms.into(),
            report.ended_ms.into(),
            report.outcome.code().into(),
            report.compared.cast_signed().into(),
            report.not_here.cast_signed().into(),
            report.not_there.cast_signed().into(),
            report.differing.cast_signed().into(),
            report.words.as_deref().into(),
        ],
    );
    sql.push(" RETURNING report_key");
    let report_key = link.number(sql).await?;
    let listed = listed.get(..MAX_LISTED).unwrap_or(listed);
    for (chunk_number, chunk) in listed.chunks(CHUNK).enumerate() {
        let mut sql = Sql::new(
            "INSERT INTO drift (report_key, position, kind, study_instance_uid, instances_here, instances_there) VALUES ",
        );
        for (i, line) in chunk.iter().enumerate() {
            let position = i64::try_from(chunk_number * CHUNK + i).unwrap_or(i64::MAX);
            let uid = line.study_instance_uid.as_str().into();
            let (here, there) = (line.instances_here.into(), line.instances_there.into());
            sql.tuple(i == 0, [report_key.into(), position.into(), line.kind.code().into(), uid, here, there]);
        }
        link.run(sql).await?;
    }
    let old = "report_key IN (SELECT report_key FROM drift_report WHERE repository_key = $1 ORDER BY report_key DESC \
        LIMIT 1000 OFFSET $2)";
    for text in ["DELETE FROM drift WHERE ", "DELETE FROM drift_report WHERE "] {
        let mut sql = Sql::new(text);
        sql.push(old);
        link.run(sql.arg(repository_key).arg(REPORTS)).await?;
    }
    let sql = Sql::new(
        "UPDATE repository SET reconciled_ms = $1, reconcile_asked_ms = CASE WHEN reconcile_asked_ms <= $2 THEN NULL \
         ELSE reconcile_asked_ms END WHERE repository_key = $3",
    );
    link.run(sql.arg(report.ended_ms).arg(report.started_ms).arg(repository_key)).await?;
    Ok(report_key)
}

fn copy(row: &Row) -> Result<CopyRow, StoreError> {
    Ok(CopyRow {
        copy_key: row.int(0)?,
        study_key: row.int(1)?,
        study_instance_uid: uid(&row.text(2)?)?,
        series: small(row.opt_int(3)?),
        instances: small(row.opt_int(4)?),
        removed_ms: row.opt_int(5)?,
    })
}

fn report(row: &Row) -> Result<DriftReport, StoreError> {
    let count = |index| row.int(index).map(|n| n.max(0).cast_unsigned());
    Ok(DriftReport {
        report_key: row.int(0)?,
        started_ms: row.int(1)?,
        ended_ms: row.int(2)?,
        outcome: DriftOutcome::from_code(&row.text(3)?).ok_or(StoreError::Corrupt { what: "drift report" })?,
        compared: count(4)?,
        not_here: count(5)?,
        not_there: count(6)?,
        differing: count(7)?,
        words: row.opt_text(8)?,
    })
}

fn small(number: Option<i64>) -> Option<u32> {
    number.map(|number| u32::try_from(number).unwrap_or(0))
}

fn uid(text: &str) -> Result<Uid, StoreError> {
    Uid::parse(text).map_err(|_| StoreError::Corrupt { what: "study UID" })
}
