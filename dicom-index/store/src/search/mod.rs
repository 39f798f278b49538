//! Search: from the registry alone, whatever the repositories do.

mod catalogue;
mod merged;
mod names;
mod patients;
mod pattern;
mod persons;
mod render;
mod requests;
mod scope;

use std::collections::HashMap;

use index_model::{IssuedId, Phi};
use index_query::{Page, Query, Rule, Tag};

use self::render::{Conditions, MATCHED_SERIES_ORDER, ORDER, SERIES_ORDER};
pub(crate) use self::render::{LISTED_DATE, MATCHED_ORDER};
pub(crate) use self::scope::Scope;
use self::scope::Tests;
use crate::engine::{Link, Sql, dialect};
use crate::locate::{series, studies};
use crate::{Found, SearchFilter, SeriesRow, Store, StoreError, StudyRow};

/// Undated studies that are counted.
const MAX_UNDATED: u32 = 1_000;
/// Identifiers of 400 persons.
const MAX_IDENTIFIERS: u32 = 20_000;
/// StudyDate.
const STUDY_DATE: Tag = Tag(0x0008, 0x0020);

impl Store {
    /// Studies that match, within what the filter lets through (PS3.18 §10.6, PS3.4 §C.2.2.2).
    ///
    /// Conditions on series hold when one series of the study meets all of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn search_studies(&self, query: &Query, filter: &SearchFilter) -> Result<Found<StudyRow>, StoreError> {
        let mut link = self.read().await?;
        let conditions = Conditions::looked_up(query, &mut link, self.engine()).await?;
        let scope = Scope::of(&mut link, filter).await?;
        let (keys, remaining) = fetch(&mut link, study_search(&conditions, &scope), query.page).await?;
        let undated = match without_date(query) {
            Some(query) => {
                let conditions = Conditions::looked_up(&query, &mut link, self.engine()).await?;
                count_undated(&mut link, &conditions, &scope).await?
            }
            None => 0,
        };
        let rows = studies(&mut link, &keys, filter).await?;
        tracing::debug!(rows = rows.len(), remaining, undated, "studies searched");
        Ok(Found { rows, remaining, undated, unsupported: conditions.unsupported })
    }

    /// How the engine would look for the first page of studies: for whoever wonders why a search is slow.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn plan_of_search(&self, query: &Query, filter: &SearchFilter) -> Result<Vec<String>, StoreError> {
        let mut link = self.read().await?;
        let conditions = Conditions::looked_up(query, &mut link, self.engine()).await?;
        let scope = Scope::of(&mut link, filter).await?;
        let explained = dialect::explain(self.engine(), study_search(&conditions, &scope).page, query.page.limit);
        link.rows(explained).await?.iter().map(|row| dialect::explained(self.engine(), row)).collect()
    }

    /// Series that match, within what the filter lets through.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn search_series(&self, query: &Query, filter: &SearchFilter) -> Result<Found<SeriesRow>, StoreError> {
        self.find_series(query, filter, query.page).await
    }

    /// One page of the series that instances of this query may lie in; the query's own page, which is of instances, is not looked at.
    ///
    /// `unsupported` are the keys that the caller must still apply to the instances' headers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn instances_scope(
        &self,
        query: &Query,
        filter: &SearchFilter,
        page: Page,
    ) -> Result<Found<SeriesRow>, StoreError> {
        self.find_series(query, filter, page).await
    }

    /// How many instances there are in all series that match, as far as their repositories say.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_instances(&self, query: &Query, filter: &SearchFilter) -> Result<u64, StoreError> {
        let mut link = self.read().await?;
        let conditions = Conditions::looked_up(query, &mut link, self.engine()).await?;
        let scope = Scope::of(&mut link, filter).await?;
        let mut sql = Sql::new("SELECT CAST(COALESCE(sum(r.number_of_instances), 0) AS BIGINT)");
        conditions.series(&mut sql, &scope);
        Ok(link.number(sql).await?.cast_unsigned())
    }

    /// The identifiers of these persons at all issuers that the filter lets through, oldest first; those that stand for no patient
    /// but a single study are left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn identifiers_of_persons(
        &self,
        person_keys: &[i64],
        filter: &SearchFilter,
    ) -> Result<HashMap<i64, Vec<IssuedId>>, StoreError> {
        let mut link = self.read().await?;
        let scope = Scope::of(&mut link, filter).await?;
        let mut found: HashMap<i64, Vec<IssuedId>> = HashMap::new();
        for chunk in person_keys.chunks(400) {
            let mut sql = Sql::new(
                "SELECT p.person_key, p.issuer, p.patient_id FROM source_patient p WHERE p.private_to = '' AND p.person_key IN (",
            );
            sql.list(chunk.iter().copied()).push(")");
            if let Some(repositories) = &scope.repository_keys {
                sql.push(" AND p.repository_key IN (").list(repositories.iter().copied()).push(")");
            }
            sql.push(" ORDER BY p.patient_key").limit(MAX_IDENTIFIERS);
            for row in link.rows(sql).await? {
                let id = IssuedId { issuer: row.text(1)?, value: Phi::new(row.text(2)?) };
                found.entry(row.int(0)?).or_default().push(id);
            }
        }
        Ok(found)
    }

    async fn find_series(
        &self,
        query: &Query,
        filter: &SearchFilter,
        page: Page,
    ) -> Result<Found<SeriesRow>, StoreError> {
        let mut link = self.read().await?;
        let conditions = Conditions::looked_up(query, &mut link, self.engine()).await?;
        let scope = Scope::of(&mut link, filter).await?;
        let (keys, remaining) = fetch(&mut link, series_search(&conditions, &scope), page).await?;
        let rows = series(&mut link, &keys, filter).await?;
        tracing::debug!(rows = rows.len(), remaining, "series searched");
        Ok(Found { rows, remaining, undated: 0, unsupported: conditions.unsupported })
    }
}

/// A search by date as one for studies that have none; `None` when it does not ask for dates.
fn without_date(query: &Query) -> Option<Query> {
    let asks = |rule: &Rule| matches!(rule, Rule::Equals(_) | Rule::Range(..) | Rule::Span(_));
    let mut query = query.clone();
    let date = query.matches.iter_mut().find(|one| one.attribute.path == [STUDY_DATE] && asks(&one.rule))?;
    date.rule = Rule::Empty;
    Some(query)
}

async fn count_undated(link: &mut Link, conditions: &Conditions<'_>, scope: &Scope) -> Result<u64, StoreError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT s.study_key");
    conditions.studies(&mut sql, scope);
    sql.limit(MAX_UNDATED).push(") m");
    Ok(link.number(sql).await?.cast_unsigned())
}

/// A search's statements, still without the window.
struct Statements {
    /// The keys in order, with the number of all matches when there is no `count`.
    page: Sql,
    /// The number of all matches.
    count: Option<Sql>,
}

fn study_search(conditions: &Conditions<'_>, scope: &Scope) -> Statements {
    if conditions.are_narrow() {
        // All matches first, and apart from their order: else a planner may walk along the order instead, hoping for an early end.
        let mut page = Sql::new("WITH m AS MATERIALIZED (SELECT s.study_key, ");
        page.push(LISTED_DATE).push(", s.study_time, s.study_instance_uid");
        conditions.studies(&mut page, scope);
        page.push(") SELECT study_key, (SELECT count(*) FROM m) FROM m").push(MATCHED_ORDER);
        return Statements { page, count: None };
    }
    let page = if conditions.are_of_dates() {
        let mut page = Sql::new("SELECT s.study_key");
        conditions.studies(&mut page, scope);
        page.push(ORDER);
        page
    } else {
        with_undated(conditions, scope)
    };
    let count = if conditions.are_none() && scope.is_all() {
        Sql::new(match scope.tests {
            Tests::Without => "SELECT value - (SELECT count(*) FROM test_study) FROM tally WHERE name = 'studies'",
            Tests::With | Tests::Only => "SELECT value FROM tally WHERE name = 'studies'",
        })
    } else {
        counted(scope, |sql, scope| conditions.studies(sql, scope))
    };
    Statements { page, count: Some(count) }
}

/// Those that have a date in the order of their index, and the few that have none in the order of theirs: both engines read one row of each
/// in turn, as far as the page reaches.
fn with_undated(conditions: &Conditions<'_>, scope: &Scope) -> Sql {
    let mut page = Sql::new("SELECT s.study_key, s.study_date, s.study_time, s.study_instance_uid");
    conditions.studies(&mut page, scope);
    page.push(" AND s.study_date > '' UNION ALL SELECT u.study_key, u.listed_date, u.study_time, u.study_instance_uid");
    conditions.undated_studies(&mut page, scope);
    page.push(MATCHED_ORDER);
    page
}

fn series_search(conditions: &Conditions<'_>, scope: &Scope) -> Statements {
    if conditions.are_narrow() {
        let mut page = Sql::new(
            "WITH m AS MATERIALIZED (SELECT s.study_key, s.study_time, s.study_instance_uid, \
             r.series_key, r.series_number, r.series_instance_uid, ",
        );
        page.push(LISTED_DATE);
        conditions.series(&mut page, scope);
        page.push(") SELECT series_key, (SELECT count(*) FROM m) FROM m").push(MATCHED_SERIES_ORDER);
        return Statements { page, count: None };
    }
    let mut page = Sql::new("SELECT r.series_key");
    conditions.series(&mut page, scope);
    page.push(SERIES_ORDER);
    let count = counted(scope, |sql, scope| conditions.series(sql, scope));
    Statements { page, count: Some(count) }
}

/// A count of what `from` writes. Tests are counted apart and taken off, for an index that counts all matches knows nothing of them.
fn counted(scope: &Scope, from: impl Fn(&mut Sql, &Scope)) -> Sql {
    if scope.tests != Tests::Without {
        let mut count = Sql::new("SELECT count(*)");
        from(&mut count, scope);
        return count;
    }
    let mut count = Sql::new("SELECT (SELECT count(*)");
    from(&mut count, &scope.of_tests(Tests::With));
    count.push(") - (SELECT count(*)");
    from(&mut count, &scope.of_tests(Tests::Only));
    count.push(")");
    count
}

/// The keys of one page, and how many more there are.
async fn fetch(link: &mut Link, search: Statements, window: Page) -> Result<(Vec<i64>, u64), StoreError> {
    let Statements { mut page, count } = search;
    let limit = i64::from(window.limit);
    page.limit(u64::from(window.limit) + 1).push(" OFFSET ").bind(window.offset);
    let rows = link.rows(page).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let keys = rows.iter().take(wanted).map(|row| row.int(0)).collect::<Result<_, _>>()?;
    if rows.len() <= wanted {
        return Ok((keys, 0));
    }
    let all = match (count, rows.first()) {
        (Some(count), _) => link.number(count).await?,
        (None, row) => row.map_or(Ok(0), |row| row.int(1))?,
    };
    let remaining = (all - i64::from(window.offset) - limit).max(1);
    Ok((keys, remaining.cast_unsigned()))
}

#[cfg(test)]
mod tests;
