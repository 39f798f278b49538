//! A clinician searches: answered from the registry alone, whatever the regions do.

use std::sync::Arc;

use access::Permit;
use index_model::{InstanceEntry, RepositoryCode, Uid};
use index_query::{Attribute, Query, Rule, Tag};
use index_store::{SeriesRow, StudyRow};

use crate::open::{OpenedStudy, search_filter};
use crate::{Registry, RegistryError};

/// RetrieveLocationUID.
const RETRIEVE_LOCATION_UID: Tag = Tag(0x0040, 0xE011);

/// What was found, and what may be missing from it.
#[derive(Debug)]
pub struct Answer<T> {
    /// In the stable order.
    pub rows: Vec<T>,
    /// Matches after this page.
    pub remaining: u64,
    /// Matching keys that were not applied.
    pub unsupported: Vec<Attribute>,
    /// Repositories that do not answer: what is new there may not be known here.
    pub missing: Vec<Missing>,
}

/// A repository that does not answer now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Which one.
    pub repository: RepositoryCode,
    /// What people call it.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Since when, Unix milliseconds.
    pub since_ms: Option<i64>,
}

/// One instance that was found.
#[derive(Debug, Clone)]
pub struct InstanceRow {
    /// Its study.
    pub study: Arc<StudyRow>,
    /// Its series.
    pub series: Arc<SeriesRow>,
    /// What the manifest says of it.
    pub entry: Arc<InstanceEntry>,
}

impl Registry {
    /// Search for Studies (PS3.18 §10.6).
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn search_studies(&self, permit: &Permit, query: &Query) -> Result<Answer<StudyRow>, RegistryError> {
        let found = self.0.store.search_studies(&self.by_code(query), &search_filter(permit)).await?;
        Ok(Answer {
            rows: found.rows,
            remaining: found.remaining,
            unsupported: found.unsupported,
            missing: self.missing(),
        })
    }

    /// Search for Series (PS3.18 §10.6).
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn search_series(&self, permit: &Permit, query: &Query) -> Result<Answer<SeriesRow>, RegistryError> {
        let found = self.0.store.search_series(&self.by_code(query), &search_filter(permit)).await?;
        Ok(Answer {
            rows: found.rows,
            remaining: found.remaining,
            unsupported: found.unsupported,
            missing: self.missing(),
        })
    }

    /// Search for Instances (PS3.18 §10.6): the series come from the index, the instances from their manifests.
    ///
    /// # Errors
    /// When the index does not answer. Repositories that don't are in [`Answer::missing`].
    pub async fn search_instances(&self, permit: &Permit, query: &Query) -> Result<Answer<InstanceRow>, RegistryError> {
        let query = &self.by_code(query);
        let scope = self.0.store.instances_scope(query, &search_filter(permit)).await?;
        // SOPInstanceUID finds the series by its column, and the instance in the manifest.
        let names_instance =
            |one: &index_query::Match| matches!(one.attribute.path[..], [tag] if (tag.0, tag.1) == (0x0008, 0x0018));
        let below_series =
            |one: &&index_query::Match| scope.unsupported.contains(&one.attribute) || names_instance(one);
        let applied: Vec<_> = query.matches.iter().filter(below_series).collect();
        let mut missing = self.missing();
        let (offset, limit) = (query.page.offset as usize, query.page.limit.get() as usize);
        let mut answer = Answer { rows: Vec::new(), remaining: 0, unsupported: Vec::new(), missing: Vec::new() };
        let mut matched = 0usize;
        for series in scope.rows {
            let opened = OpenedStudy {
                permit: permit.clone(),
                study: Arc::clone(&series.study),
                series: Arc::new(vec![series.clone()]),
            };
            let (manifest, failed) = self.ensure_headers(&opened, &series).await?;
            missing.extend(failed.iter().filter_map(|(code, _)| self.missing_of(code)));
            let series = Arc::new(series);
            for entry in &manifest.entries {
                if !applied.is_empty() && !all_match(&applied, entry) {
                    continue;
                }
                matched += 1;
                if matched > offset && answer.rows.len() < limit {
                    let study = Arc::clone(&series.study);
                    answer.rows.push(InstanceRow { study, series: Arc::clone(&series), entry: Arc::clone(entry) });
                }
            }
        }
        missing.dedup();
        answer.missing = missing;
        answer.remaining = matched.saturating_sub(offset + answer.rows.len()) as u64 + scope.remaining;
        Ok(answer)
    }

    /// RetrieveLocationUID (0040,E011) of a repository.
    pub fn location_uid(&self, code: &RepositoryCode) -> Option<String> {
        self.0.directory.definition(code).map(|definition| definition.location_uid())
    }

    /// The same query with repositories named by their codes, as the index knows them.
    fn by_code(&self, query: &Query) -> Query {
        let mut query = query.clone();
        let entries = self.0.directory.all();
        let code = |uid: &mut String| {
            if let Some(entry) = entries.iter().find(|entry| entry.definition.location_uid() == *uid) {
                *uid = entry.definition.code.to_string();
            }
        };
        for one in query.matches.iter_mut().filter(|one| one.attribute.path == [RETRIEVE_LOCATION_UID]) {
            match &mut one.rule {
                Rule::Equals(uid) => code(uid),
                Rule::AnyOf(uids) => uids.iter_mut().for_each(code),
                Rule::Universal | Rule::Like(_) | Rule::Range(..) | Rule::Empty => {}
            }
        }
        query
    }

    /// Every repository that does not answer now.
    pub(crate) fn missing(&self) -> Vec<Missing> {
        self.0
            .directory
            .codes()
            .iter()
            .filter_map(|code| self.missing_of(code).filter(|one| one.since_ms.is_some()))
            .collect()
    }

    fn missing_of(&self, code: &RepositoryCode) -> Option<Missing> {
        let entry = self.0.directory.entry(code)?;
        Some(Missing {
            repository: code.clone(),
            name: entry.definition.name.clone(),
            region: entry.definition.region.clone(),
            since_ms: entry.health.down_since_ms(),
        })
    }

    /// Whether a study's images can be looked at now: held here, or its repository answers.
    pub fn is_available(&self, study: &StudyRow) -> bool {
        study.repositories.iter().any(|code| {
            self.0
                .directory
                .entry(code)
                .is_some_and(|entry| entry.source.is_none() || entry.health.down_since_ms().is_none())
        })
    }

    /// The series that an instance is in, for services that name it alone.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when no such instance is known.
    pub async fn series_of_instance(&self, instance: &Uid) -> Result<SeriesRow, RegistryError> {
        let keys = self.0.store.series_of_instance(instance).await?;
        let key = keys.first().ok_or(RegistryError::NotFound)?;
        self.0.store.series_by_key(*key).await?.ok_or(RegistryError::NotFound)
    }
}

fn all_match(applied: &[&index_query::Match], entry: &InstanceEntry) -> bool {
    let header: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(entry.metadata.get());
    header.is_ok_and(|header| applied.iter().all(|one| index_query::matches(one, &header)))
}
