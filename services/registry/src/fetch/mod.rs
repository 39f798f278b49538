//! On-demand retrieval from the repositories that hold a series: one fetch for each miss, however many wait for it.

mod bring;
pub(crate) mod choose;
pub(crate) mod documents;
mod lease;
pub(crate) mod prefetch;
mod priors;
mod warm;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use adapter_api::{ImagingSource, SourceError};
use index_model::{RepositoryCode, Uid};
use index_store::SeriesRow;
use runtime::{Demand, Urgency};
use tokio::sync::watch;

use crate::intake::manifest_document::ELSEWHERE;
use crate::manifest::Manifest;
use crate::open::OpenedStudy;
use crate::repositories::directory::Entry;
use crate::{Registry, RegistryError};

/// What is fetched, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Headers(i64, RepositoryCode),
    Series(i64, RepositoryCode),
    Instance(i64, RepositoryCode, Uid),
}

/// Why a fetch brought nothing; shared by all who waited.
#[derive(Debug, Clone)]
pub(crate) enum Failed {
    Unavailable,
    NotHeld,
    Incomplete(String),
}

impl From<&SourceError> for Failed {
    fn from(error: &SourceError) -> Self {
        match error {
            SourceError::NotFound { .. } => Self::NotHeld,
            SourceError::Malformed { rule, .. } | SourceError::Incomplete { rule, .. } => {
                Self::Incomplete(rule.clone())
            }
            SourceError::Unavailable { .. } | SourceError::Refused { .. } | SourceError::Stopped(_) => {
                Self::Unavailable
            }
        }
    }
}

type Outcome = Option<Result<(), Failed>>;

/// The fetches that go on now.
#[derive(Debug, Default)]
pub(crate) struct Fetches(Mutex<HashMap<Key, watch::Receiver<Outcome>>>);

impl Fetches {
    /// Joins a fetch that goes on, or gives the sender for a new one.
    fn join(&self, key: &Key) -> Result<watch::Receiver<Outcome>, (watch::Sender<Outcome>, watch::Receiver<Outcome>)> {
        let mut going_on = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(receiver) = going_on.get(key) {
            return Ok(receiver.clone());
        }
        let (sender, receiver) = watch::channel(None);
        going_on.insert(key.clone(), receiver.clone());
        Err((sender, receiver))
    }

    fn done(&self, key: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// One series at one repository.
struct Target {
    study: Uid,
    series: SeriesRow,
    entry: Entry,
    source: Arc<dyn ImagingSource>,
    demand: Demand,
}

impl Registry {
    /// Reads the headers of a series from every copy that was not read wholly yet. What does not answer is in the second value; a
    /// manifest that still knows something is given all the same.
    pub(crate) async fn ensure_headers(
        &self,
        opened: &OpenedStudy,
        series: &SeriesRow,
    ) -> Result<(Arc<Manifest>, Vec<(RepositoryCode, Failed)>), RegistryError> {
        let manifest = self.known_manifest(series.series_key).await?;
        let targets = self.unread(opened, series, &manifest).await?;
        if targets.is_empty() {
            // What is only known to be somewhere else can't be asked for.
            let is_it = |code: &&RepositoryCode| code.as_str() == ELSEWHERE && manifest.entries.is_empty();
            let elsewhere = series.repositories.iter().filter(is_it);
            let failed = elsewhere.map(|code| (code.clone(), Failed::Unavailable)).collect();
            return Ok((manifest, failed));
        }
        let fetches = targets.into_iter().map(|target| async {
            let code = target.entry.definition.code.clone();
            let headers = target.source.capabilities().metadata;
            let key = if headers { Key::Headers } else { Key::Series }(series.series_key, code.clone());
            self.once(key, target, None).await.err().map(|failed| (code, failed))
        });
        let failed = futures::future::join_all(fetches).await.into_iter().flatten().collect();
        Ok((self.known_manifest(series.series_key).await?, failed))
    }

    /// Brings the bytes of one instance here, and the rest of the series behind it.
    pub(crate) async fn ensure_held(
        &self,
        opened: &OpenedStudy,
        series: &SeriesRow,
        instance: &Uid,
        remote: Option<String>,
        from: &RepositoryCode,
    ) -> Result<(), RegistryError> {
        let target =
            self.target(opened, series, from).ok_or(RegistryError::Unavailable { repositories: vec![from.clone()] })?;
        let whole = Key::Series(series.series_key, from.clone());
        let alone = Key::Instance(series.series_key, from.clone(), instance.clone());
        let one = target.source.capabilities().single_instance;
        if one && !target.source.capabilities().listing_only {
            self.prefetch(opened, series, from);
        }
        let key = if one { alone } else { whole };
        self.once(key, target, remote).await.map_err(|failed| told(from, failed))
    }

    /// Fetches the whole series in the background, unless that goes on already.
    fn prefetch(&self, opened: &OpenedStudy, series: &SeriesRow, from: &RepositoryCode) {
        if let Some(mut target) = self.target(opened, series, from) {
            target.demand.urgency = target.demand.urgency.max(Urgency::AHEAD);
            let (registry, key) = (self.clone(), Key::Series(series.series_key, from.clone()));
            self.0.tasks.spawn(async move {
                if let Err(failed) = registry.once(key, target, None).await {
                    tracing::info!(?failed, "the rest of a series could not be fetched");
                }
            });
        }
    }

    /// The copies of a series that can be asked and were not read wholly, or have grown since.
    async fn unread(
        &self,
        opened: &OpenedStudy,
        series: &SeriesRow,
        manifest: &Manifest,
    ) -> Result<Vec<Target>, RegistryError> {
        let copies = self.copies(opened, series.series_key).await?;
        Ok(copies
            .iter()
            .filter(|copy| match (manifest.read.get(&copy.repository), copy.declared) {
                (Some(read), Some(declared)) => *read < declared,
                (Some(_), None) => false,
                (None, Some(declared)) => manifest.from(&copy.repository) < declared,
                (None, None) => true,
            })
            .filter_map(|copy| self.target(opened, series, &copy.repository))
            .filter(|target| !target.source.capabilities().listing_only)
            .collect())
    }

    /// Whether a repository can be asked for single instances by their UIDs.
    pub(crate) fn can_be_asked(&self, code: &RepositoryCode) -> bool {
        let source = self.0.directory.entry(code).and_then(|entry| entry.source);
        source.is_some_and(|source| !source.capabilities().listing_only)
    }

    fn target(&self, opened: &OpenedStudy, series: &SeriesRow, from: &RepositoryCode) -> Option<Target> {
        let entry = self.0.directory.entry(from)?;
        let source = entry.source.clone()?;
        let (study, demand) = (opened.study.study.study_instance_uid.clone(), opened.demand);
        Some(Target { study, series: series.clone(), entry, source, demand })
    }

    /// Runs a fetch, or waits for the same one that goes on. It goes on when a waiting caller leaves.
    async fn once(&self, key: Key, target: Target, remote: Option<String>) -> Result<(), Failed> {
        let mut outcome = match self.0.fetches.join(&key) {
            Ok(receiver) => receiver,
            Err((sender, receiver)) => {
                let registry = self.clone();
                self.0.tasks.spawn(async move {
                    let result = registry.fetch_on_one_node(&key, &target, remote).await;
                    registry.0.fetches.done(&key);
                    let _ = sender.send(Some(result));
                });
                receiver
            }
        };
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(Failed::Unavailable)),
            Err(_) => Err(Failed::Unavailable),
        }
    }
}

pub(crate) fn told(from: &RepositoryCode, failed: Failed) -> RegistryError {
    match failed {
        Failed::Unavailable => RegistryError::Unavailable { repositories: vec![from.clone()] },
        Failed::NotHeld => {
            let rule = "it no longer holds what it registered".to_owned();
            RegistryError::Incomplete { repository: from.clone(), rule }
        }
        Failed::Incomplete(rule) => RegistryError::Incomplete { repository: from.clone(), rule },
    }
}
