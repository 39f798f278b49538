//! What a caller may see, as a condition.

use crate::engine::{Link, Sql};
use crate::{SearchFilter, StoreError};

/// A [`SearchFilter`] with its regions looked up. `None` means everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) repository_keys: Option<Vec<i64>>,
    pub(crate) person_keys: Option<Vec<i64>>,
    pub(crate) tests: Tests,
}

/// Which studies of test patients are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tests {
    /// They are studies like any others.
    #[default]
    With,
    /// None of them.
    Without,
    /// No others: how many a count is to be less by.
    Only,
}

impl Scope {
    /// The same with other studies of tests.
    pub(crate) fn of_tests(&self, tests: Tests) -> Self {
        Self { tests, ..self.clone() }
    }

    /// Looks up which repositories are in the filter's regions; all of them are no condition.
    pub(crate) async fn of(link: &mut Link, filter: &SearchFilter) -> Result<Self, StoreError> {
        let person_keys = filter.person_keys.clone();
        let tests = if filter.without_tests { Tests::Without } else { Tests::With };
        let Some(regions) = &filter.regions else { return Ok(Self { repository_keys: None, person_keys, tests }) };
        let (mut inside, mut all_inside) = (Vec::new(), true);
        for row in link.rows(Sql::new("SELECT repository_key, region FROM repository")).await? {
            if regions.contains(&row.text(1)?) {
                inside.push(row.int(0)?);
            } else {
                all_inside = false;
            }
        }
        Ok(Self { repository_keys: (!all_inside).then_some(inside), person_keys, tests })
    }

    /// Whether nothing is hidden but tests, perhaps.
    pub(crate) const fn is_all(&self) -> bool {
        self.repository_keys.is_none() && self.person_keys.is_none()
    }

    /// Writes ` AND …` for alias `s`.
    pub(crate) fn write(&self, sql: &mut Sql) {
        match self.tests {
            Tests::With => {}
            // Looked up for the rows that are read: a table of a few keys.
            Tests::Without => {
                sql.push(" AND NOT EXISTS (SELECT 1 FROM test_study t WHERE t.study_key = s.study_key)");
            }
            Tests::Only => {
                sql.push(" AND s.study_key IN (SELECT t.study_key FROM test_study t)");
            }
        }
        if let Some(persons) = &self.person_keys {
            sql.push(
                " AND s.study_key IN (SELECT c.study_key FROM study_copy c \
                 JOIN source_patient p ON p.patient_key = c.patient_key WHERE p.person_key IN (",
            );
            sql.list(persons.iter().copied()).push("))");
        }
        if let Some(repositories) = &self.repository_keys {
            sql.push(
                " AND EXISTS (SELECT 1 FROM study_copy c WHERE c.study_key = s.study_key AND c.repository_key IN (",
            );
            sql.list(repositories.iter().copied()).push("))");
        }
    }

    /// Writes ` AND …` for alias `c` (study copy) with its patient `p`.
    pub(crate) fn write_copy(&self, sql: &mut Sql) {
        if self.tests == Tests::Without {
            sql.push(" AND NOT EXISTS (SELECT 1 FROM test_study t WHERE t.study_key = c.study_key)");
        }
        if let Some(persons) = &self.person_keys {
            sql.push(" AND p.person_key IN (").list(persons.iter().copied()).push(")");
        }
        self.write_repositories(sql);
    }

    /// Writes ` AND …` for alias `c` (study copy): who has it.
    pub(crate) fn write_repositories(&self, sql: &mut Sql) {
        if let Some(repositories) = &self.repository_keys {
            sql.push(" AND c.repository_key IN (").list(repositories.iter().copied()).push(")");
        }
    }
}
