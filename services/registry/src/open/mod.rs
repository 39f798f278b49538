//! Opening a study: its identifier is resolved, leave is asked for and recorded, and its series are listed.

mod conflicts;
pub(crate) mod copies;
mod holds;
pub(crate) mod launch;
pub(crate) mod patients;
pub(crate) mod readers;
pub(crate) mod test_patients;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use access::{Action, Caller, Permit, Shown, Subject};
use index_model::Uid;
use index_store::{SearchFilter, SeriesCopy, SeriesRow, StudyRow};
use runtime::{Demand, Urgency};

use crate::{Manifest, Registry, RegistryError};

/// Longest reason, in characters.
const MOST_REASON: usize = 200;

/// A node that did not make a change itself notices it after so long.
const BELIEVED: Duration = Duration::from_secs(2);
/// Studies that are kept resolved.
const MOST: u64 = 10_000;

/// A study that somebody has leave to look at.
#[derive(Debug, Clone)]
pub struct OpenedStudy {
    /// The leave.
    pub permit: Permit,
    /// The union study.
    pub study: Arc<StudyRow>,
    /// Its series, in SeriesNumber order.
    pub series: Arc<Vec<SeriesRow>>,
    /// How urgently what is asked of it is wanted, and by whom.
    pub demand: Demand,
    pub(crate) copies: Arc<Copies>,
}

impl OpenedStudy {
    /// What a search needs of a study, to read the headers of one series.
    pub(crate) fn of_series(permit: &Permit, series: &SeriesRow) -> Self {
        Self {
            permit: permit.clone(),
            study: Arc::clone(&series.study),
            series: Arc::new(vec![series.clone()]),
            demand: usual(permit.caller()),
            copies: Arc::default(),
        }
    }

    /// The same, for this demand.
    #[must_use]
    pub fn wanted(self, demand: Demand) -> Self {
        Self { demand, ..self }
    }

    /// One of its series.
    pub fn series_by_uid(&self, series: &Uid) -> Option<&SeriesRow> {
        self.series.iter().find(|row| row.series.series_instance_uid == *series)
    }

    /// How many instances are known and how many the repositories declare, where they declare more: what can be had is not all.
    pub fn shortfall(&self, series: &Uid, manifest: &Manifest) -> Option<(u32, u32)> {
        let declared = self.series_by_uid(series)?.number_of_instances;
        let known = u32::try_from(manifest.entries.len()).unwrap_or(u32::MAX);
        (known < declared).then_some((known, declared))
    }
}

#[derive(Debug, Clone)]
struct Resolved {
    study: Arc<StudyRow>,
    series: Arc<Vec<SeriesRow>>,
    copies: Arc<Copies>,
}

/// Where the series of a study are, each asked for once while the study is believed.
#[derive(Debug, Default)]
pub(crate) struct Copies(Mutex<HashMap<i64, Arc<[SeriesCopy]>>>);

impl Copies {
    fn known(&self) -> MutexGuard<'_, HashMap<i64, Arc<[SeriesCopy]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Studies that were resolved a moment ago: the frames of one view ask the index once.
#[derive(Debug)]
pub(crate) struct OpenCache(moka::future::Cache<Uid, Resolved>);

impl OpenCache {
    pub(crate) fn new() -> Self {
        let cache =
            moka::future::Cache::builder().max_capacity(MOST).time_to_live(BELIEVED).support_invalidation_closures();
        Self(cache.build())
    }

    /// Drops what is remembered of an identifier: another patient may have a study of it now.
    pub(crate) async fn forget(&self, study: &Uid) {
        self.0.invalidate(study).await;
    }

    pub(crate) fn changed(&self, study_key: i64) {
        let gone = self.0.invalidate_entries_if(move |_, resolved| resolved.study.study_key == study_key);
        if gone.is_err() {
            self.0.invalidate_all();
        }
    }
}

/// What a caller wants who says nothing of urgency.
fn usual(caller: &Caller) -> Demand {
    Demand::of(Urgency::NORMAL, &caller.user().id)
}

pub(crate) fn search_filter(permit: &Permit) -> SearchFilter {
    let filter = permit.filter();
    SearchFilter { regions: filter.regions.clone(), person_keys: filter.person_keys.clone(), without_tests: false }
}

impl Registry {
    /// Resolves a StudyInstanceUID, decides, and records.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], [`RegistryError::Ambiguous`] when copies belong to different patients, [`RegistryError::Gone`] when
    /// every repository that had it says that it no longer does, or the refusal.
    pub async fn open_study(&self, caller: &Caller, action: Action, study: &Uid) -> Result<OpenedStudy, RegistryError> {
        let resolved = match self.0.opened.0.get(study).await {
            Some(resolved) => resolved,
            None => {
                let resolved = self.resolve(study).await?;
                self.0.opened.0.insert(study.clone(), resolved.clone()).await;
                resolved
            }
        };
        let StudyRow { study_key, patient_key, .. } = *resolved.study;
        let shown =
            Shown { study_instance_uid: Some(study.clone()), patient_key: Some(patient_key), ..Shown::default() };
        let permit = self.0.access.permit_shown(caller, action, Subject::Study(study_key), shown).await?;
        let study = &resolved.study;
        if !study.repositories.is_empty() && study.repositories.iter().all(|code| study.removed.contains(code)) {
            return Err(RegistryError::Gone { repositories: study.removed.clone() });
        }
        let demand = usual(caller);
        let Resolved { study, series, copies } = resolved;
        Ok(OpenedStudy { permit, study, series, demand, copies })
    }

    /// The repositories that have a series of an opened study.
    pub(crate) async fn copies(
        &self,
        opened: &OpenedStudy,
        series_key: i64,
    ) -> Result<Arc<[SeriesCopy]>, RegistryError> {
        if let Some(copies) = opened.copies.known().get(&series_key) {
            return Ok(Arc::clone(copies));
        }
        let copies: Arc<[SeriesCopy]> = self.0.store.copies_of_series(series_key).await?.into();
        opened.copies.known().insert(series_key, Arc::clone(&copies));
        Ok(copies)
    }

    async fn resolve(&self, study: &Uid) -> Result<Resolved, RegistryError> {
        let mut rows = self.0.store.studies_by_uid(study, &SearchFilter::default()).await?;
        let study = match rows.len() {
            0 => return Err(RegistryError::NotFound),
            1 => Arc::new(rows.remove(0)),
            choices => return Err(RegistryError::Ambiguous { choices }),
        };
        let series = Arc::new(self.0.store.series_of_study(study.study_key).await?);
        Ok(Resolved { study, series, copies: Arc::default() })
    }
}

/// Why an operator rules so: a line, as it is kept.
pub(crate) fn reason_of(reason: &str) -> Result<&str, RegistryError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > MOST_REASON || reason.chars().any(char::is_control) {
        let rule = "is needed: a line of 200 characters at the most";
        return Err(RegistryError::Parameter { name: "reason".into(), rule: rule.into() });
    }
    Ok(reason)
}
