//! One transaction of indexing: what it touched, and what must be brought up to date before it ends.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{Link, Sql, dialect};
use crate::{ChangeKind, StoreError};

/// By how much a repository's counts change.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Delta {
    pub(super) studies: i64,
    pub(super) series: i64,
    pub(super) instances: i64,
}

/// One transaction of indexing.
pub(crate) struct Work<'a> {
    pub(crate) link: &'a mut Link,
    pub(crate) now_ms: i64,
    pub(super) deltas: BTreeMap<i64, Delta>,
    /// Studies to be counted again.
    pub(super) touched: BTreeSet<i64>,
    /// Lines for the change feed.
    pub(super) changes: BTreeMap<i64, ChangeKind>,
    /// How often something was changed.
    pub(super) writes: u64,
    /// By how much the number of union studies changes.
    studies: i64,
}

impl<'a> Work<'a> {
    pub(crate) const fn new(link: &'a mut Link, now_ms: i64) -> Self {
        Self {
            link,
            now_ms,
            deltas: BTreeMap::new(),
            touched: BTreeSet::new(),
            changes: BTreeMap::new(),
            writes: 0,
            studies: 0,
        }
    }

    pub(super) fn delta(&mut self, repository_key: i64) -> &mut Delta {
        self.deltas.entry(repository_key).or_default()
    }

    /// Notes that a study has something new, unless it is new itself.
    pub(crate) fn changed(&mut self, study_key: i64) {
        self.touched.insert(study_key);
        self.writes += 1;
        self.changes.entry(study_key).or_insert(ChangeKind::StudyChanged);
    }

    /// Notes that a study is new.
    pub(super) fn added(&mut self, study_key: i64) {
        self.changed(study_key);
        self.changes.insert(study_key, ChangeKind::StudyNew);
        self.studies += 1;
    }

    /// Notes that a study is no more. Its line in the change feed remains.
    pub(super) fn removed(&mut self, study_key: i64) {
        self.changed(study_key);
        self.touched.remove(&study_key);
        self.studies -= 1;
    }

    /// Notes another kind of change, unless the study has one already.
    pub(crate) fn note(&mut self, study_key: i64, kind: ChangeKind) {
        self.changes.entry(study_key).or_insert(kind);
    }

    /// Counts what was touched, moves the change feed on, and books the counts; whether anything was written.
    ///
    /// The feed and the repositories' rows are what all writers share, so that they come last.
    pub(crate) async fn finish(mut self) -> Result<bool, StoreError> {
        let touched: Vec<i64> = std::mem::take(&mut self.touched).into_iter().collect();
        super::study::count(&mut self, &touched).await?;
        let changed = !self.changes.is_empty();
        if changed {
            dialect::hold_feed(self.link).await?;
            let mut sql = Sql::new("INSERT INTO change (study_key, kind, at_ms) VALUES ");
            for (i, (study_key, kind)) in self.changes.iter().enumerate() {
                sql.tuple(i == 0, [(*study_key).into(), kind.code().into(), self.now_ms.into()]);
            }
            self.link.later(sql).await?;
        }
        if self.studies != 0 {
            let sql = Sql::new("UPDATE tally SET value = value + $1 WHERE name = 'studies'");
            self.link.later(sql.arg(self.studies)).await?;
        }
        for (repository_key, delta) in &self.deltas {
            let sql = Sql::new(
                "UPDATE repository SET studies = studies + $1, series = series + $2, instances = instances + $3 \
                 WHERE repository_key = $4",
            );
            let sql = sql.arg(delta.studies).arg(delta.series).arg(delta.instances).arg(*repository_key);
            self.link.later(sql).await?;
        }
        Ok(changed)
    }
}
