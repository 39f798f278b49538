//! Search for Instances (PS3.18 §10.6): the series come from the index, the instances from their manifests.

use std::sync::Arc;

use access::Permit;
use index_model::{InstanceEntry, RepositoryCode};
use index_query::{Match, Page, Query, Tag, is_of_objects};
use index_store::{Found, SearchFilter, SeriesRow};

use super::headers::is_of_their_item;
use super::{Answer, InstanceRow, Missing};
use crate::manifest::Manifest;
use crate::open::OpenedStudy;
use crate::{Registry, RegistryError};

/// Series whose instances one search may look through, and of which it lists so many at a time.
const MOST_SERIES: u32 = 1_000;
/// Series whose repositories one search may ask for headers.
const MOST_ASKED: usize = 100;
const SOP_INSTANCE_UID: Tag = Tag(0x0008, 0x0018);

/// One search: what it has found, and whom it has asked.
struct Gathered<'a> {
    registry: &'a Registry,
    permit: &'a Permit,
    rows: Vec<InstanceRow>,
    missing: Vec<Missing>,
    asked: usize,
    unread: usize,
}

impl Registry {
    /// Search for Instances (PS3.18 §10.6).
    ///
    /// # Errors
    /// [`RegistryError::TooBroad`] when headers of more than 1,000 series would have to be looked at; when the index does not answer.
    /// Repositories that don't are in [`Answer::missing`].
    pub async fn search_instances(&self, permit: &Permit, query: &Query) -> Result<Answer<InstanceRow>, RegistryError> {
        let query = &self.by_code(query);
        let filter = self.filter_of(permit, query);
        let scope = self.0.store.instances_scope(query, &filter, Page::first(MOST_SERIES)).await?;
        super::of_one_patient(query, scope.rows.iter().map(|row| &row.study))?;
        // SOPInstanceUID finds the series by its column, and the instance in the manifest.
        let is_applied = |one: &&Match| {
            let is_below = scope.unsupported.contains(&one.attribute) && is_of_objects(&one.attribute);
            is_below || is_of_their_item(&one.attribute, &scope.unsupported) || one.attribute.path == [SOP_INSTANCE_UID]
        };
        let applied: Vec<_> = query.matches.iter().filter(is_applied).collect();
        let mut gathered =
            Gathered { registry: self, permit, rows: Vec::new(), missing: self.missing(), asked: 0, unread: 0 };
        let ignored = scope.unsupported.iter().filter(|one| !is_of_objects(one)).cloned().collect();
        let remaining = if applied.is_empty() {
            gathered.page(query, &filter, scope).await?
        } else if scope.remaining > 0 {
            let rule = "keys of instances are matched in searches that other keys narrow to 1,000 series; name a study";
            return Err(RegistryError::TooBroad { rule: rule.to_owned() });
        } else {
            gathered.matching(&applied, query.page, scope.rows).await?
        };
        let Gathered { rows, mut missing, unread, .. } = gathered;
        missing.dedup();
        Ok(Answer { unread, unsupported: ignored, ..Answer::of(rows, remaining, missing) })
    }
}

impl Gathered<'_> {
    /// A page of all instances of the series: those before it are counted, not read. How many remain after it.
    async fn page(
        &mut self,
        query: &Query,
        filter: &SearchFilter,
        first: Found<SeriesRow>,
    ) -> Result<u64, RegistryError> {
        let store = &self.registry.0.store;
        let (from, to) = (u64::from(query.page.offset), u64::from(query.page.offset) + u64::from(query.page.limit));
        let is_whole = first.remaining == 0;
        let (mut scope, mut listed, mut at) = (first, 0u32, 0u64);
        loop {
            listed += u32::try_from(scope.rows.len()).unwrap_or(u32::MAX);
            for series in scope.rows {
                let declared = u64::from(series.number_of_instances);
                let is_outside = at >= to || at + declared <= from;
                // A series of which nobody says how many it has must be read.
                if is_outside && (declared > 0 || at >= to) {
                    at += declared;
                    continue;
                }
                let manifest = self.manifest(&series).await?;
                let (skip, take) = (from.saturating_sub(at), to - at.max(from));
                let entries = manifest.entries.iter().zip(&manifest.sources).skip(count(skip)).take(count(take));
                self.add(series, entries);
                at += declared.max(manifest.entries.len() as u64);
            }
            if scope.remaining == 0 || at >= to {
                break;
            }
            scope = store.instances_scope(query, filter, Page { limit: MOST_SERIES, offset: listed }).await?;
        }
        let all = if is_whole { at } else { store.count_instances(query, filter).await? };
        Ok(all.saturating_sub(to.max(from)))
    }

    /// The instances whose headers meet the conditions. How many remain after the page.
    async fn matching(&mut self, applied: &[&Match], page: Page, series: Vec<SeriesRow>) -> Result<u64, RegistryError> {
        let (from, to) = (u64::from(page.offset), u64::from(page.offset) + u64::from(page.limit));
        let mut matched = 0u64;
        for series in series {
            let manifest = self.manifest(&series).await?;
            let mut within = Vec::new();
            let known = manifest.entries.iter().zip(&manifest.sources);
            for (entry, source) in known.filter(|(entry, _)| all_match(applied, entry)) {
                if (from..to).contains(&matched) {
                    within.push((entry, source));
                }
                matched += 1;
            }
            self.add(series, within);
        }
        Ok(matched.saturating_sub(to))
    }

    fn add<'e>(
        &mut self,
        series: SeriesRow,
        entries: impl IntoIterator<Item = (&'e Arc<InstanceEntry>, &'e RepositoryCode)>,
    ) {
        let series = Arc::new(series);
        let registry = self.registry;
        let are_reachable = registry.is_series_available(&series);
        self.rows.extend(entries.into_iter().map(|(entry, source)| InstanceRow {
            is_reachable: are_reachable || registry.reaches_by(&series, source),
            study: Arc::clone(&series.study),
            series: Arc::clone(&series),
            entry: Arc::clone(entry),
        }));
    }

    /// What is known of a series, after its repositories were asked, unless this search has asked enough already.
    async fn manifest(&mut self, series: &SeriesRow) -> Result<Arc<Manifest>, RegistryError> {
        let known = self.registry.known_manifest(series.series_key).await?;
        if known.complete && known.entries.len() >= series.number_of_instances as usize {
            return Ok(known);
        }
        let opened = OpenedStudy::of_series(self.permit, series);
        if self.asked >= MOST_ASKED {
            self.unread += usize::from(known.entries.len() < series.number_of_instances as usize);
            return Ok(known);
        }
        let before = known.entries.len();
        let (manifest, failed) = self.registry.ensure_headers(&opened, series).await?;
        self.asked += usize::from(manifest.entries.len() > before || !failed.is_empty());
        self.missing.extend(failed.iter().filter_map(|(code, _)| self.registry.missing_of(code)));
        Ok(manifest)
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn all_match(applied: &[&Match], entry: &InstanceEntry) -> bool {
    let header: Result<super::Header, _> = serde_json::from_str(entry.metadata.get());
    header.is_ok_and(|header| index_query::matches(applied.iter().copied(), &header))
}
