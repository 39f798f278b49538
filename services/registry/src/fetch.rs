//! On-demand retrieval from the repositories that hold a series: one fetch for each miss, however many wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use adapter_api::{ImagingSource, Part, Retrieve, SourceError};
use futures::StreamExt;
use index_model::{RepositoryCode, Uid};
use index_store::{NewInstance, SeriesRow};
use runtime::Ctx;
use tokio::sync::watch;

use crate::directory::Entry;
use crate::manifest::Manifest;
use crate::open::OpenedStudy;
use crate::{Fate, Registry, RegistryError};

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
            SourceError::Malformed { rule, .. } => Self::Incomplete(rule.clone()),
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
            return Ok((manifest, Vec::new()));
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
        if let Some(target) = self.target(opened, series, from) {
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
            .filter(|copy| match (manifest.read.get(&copy.repository), copy.number_of_instances) {
                (Some(read), Some(declared)) => *read < declared,
                (Some(_), None) => false,
                (None, Some(declared)) => manifest.from(&copy.repository) < declared,
                (None, None) => true,
            })
            .filter_map(|copy| self.target(opened, series, &copy.repository))
            .filter(|target| !target.source.capabilities().listing_only)
            .collect())
    }

    fn target(&self, opened: &OpenedStudy, series: &SeriesRow, from: &RepositoryCode) -> Option<Target> {
        let entry = self.0.directory.entry(from)?;
        let source = entry.source.clone()?;
        Some(Target { study: opened.study.study.study_instance_uid.clone(), series: series.clone(), entry, source })
    }

    /// Runs a fetch, or waits for the same one that goes on. It goes on when a waiting caller leaves.
    async fn once(&self, key: Key, target: Target, remote: Option<String>) -> Result<(), Failed> {
        let mut outcome = match self.0.fetches.join(&key) {
            Ok(receiver) => receiver,
            Err((sender, receiver)) => {
                let registry = self.clone();
                self.0.tasks.spawn(async move {
                    let result = registry.fetch(&key, &target, remote).await;
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

    async fn fetch(&self, key: &Key, target: &Target, remote: Option<String>) -> Result<(), Failed> {
        let code = &target.entry.definition.code;
        if !target.entry.health.may_ask(self.0.clock.now_ms()) {
            return Err(Failed::Unavailable);
        }
        let permit = self.permit_to_synchronise(code).await.map_err(|_| Failed::Unavailable)?;
        let ctx = Ctx::within(self.0.limits.fetch);
        let began = std::time::Instant::now();
        let result = match key {
            Key::Headers(..) => self.fetch_headers(&ctx, target).await,
            Key::Series(..) => self.fetch_objects(&ctx, target, None, None, &permit).await,
            Key::Instance(_, _, instance) => {
                self.fetch_objects(&ctx, target, Some(instance.clone()), remote, &permit).await
            }
        };
        match result {
            Ok(()) => {
                target.entry.health.answered();
                tracing::debug!(repository.code = %code, duration_ms = began.elapsed().as_millis() as u64, "fetched");
                Ok(())
            }
            Err(error) => {
                target.entry.health.failed(&error, self.0.clock.now_ms());
                tracing::warn!(repository.code = %code, error = %error, "a fetch failed");
                Err(Failed::from(&error))
            }
        }
    }

    /// Headers without pixels; a source that has none after all gives whole objects.
    async fn fetch_headers(&self, ctx: &Ctx, target: &Target) -> Result<(), SourceError> {
        let code = &target.entry.definition.code;
        let series_uid = &target.series.series.series_instance_uid;
        let Some(headers) = target.source.metadata(ctx, &target.study, series_uid).await? else {
            let permit = self.permit_to_synchronise(code).await.map_err(|_| unavailable(code, "no audit"))?;
            return self.fetch_objects(ctx, target, None, None, &permit).await;
        };
        if headers.is_empty() {
            return Err(contradiction(code, "an empty metadata list for a series that it holds"));
        }
        let defaults = self.defaults(code);
        let count = headers.len();
        for header in headers {
            let read = index_extract::json::study_record(&header, &defaults)
                .and_then(|study| Ok((study, index_extract::json::series_record(&header)?)))
                .and_then(|(study, series)| {
                    Ok((study, series, index_extract::json::instance_from_json(&header, &defaults)?))
                });
            let (study, series, entry) = match read {
                Ok(read) => read,
                Err(finding) => {
                    tracing::warn!(repository.code = %code, attribute = finding.attribute, rule = finding.rule, "a header was left out");
                    continue;
                }
            };
            if study.study_instance_uid != target.study || series.series_instance_uid != *series_uid {
                return Err(contradiction(code, "metadata of another series than the one asked for"));
            }
            let new = NewInstance { repository: code.clone(), study, series, entry };
            self.0.committer.commit(new).await.map_err(|error| unavailable(code, error))?;
        }
        self.0.manifests.changed(target.series.series_key);
        self.finish_copy(target, u32::try_from(count).unwrap_or(u32::MAX)).await
    }

    async fn fetch_objects(
        &self,
        ctx: &Ctx,
        target: &Target,
        instance: Option<Uid>,
        remote: Option<String>,
        permit: &access::Permit,
    ) -> Result<(), SourceError> {
        let code = &target.entry.definition.code;
        let whole = instance.is_none();
        let series_uid = target.series.series.series_instance_uid.clone();
        let what = Retrieve {
            study_instance_uid: target.study.clone(),
            series_instance_uid: series_uid.clone(),
            sop_instance_uid: instance,
            remote,
        };
        let mut parts = target.source.retrieve(ctx, &what);
        let (mut came, mut failed) = (0u32, 0u32);
        while let Some(part) = parts.next().await {
            match part? {
                Part::Object { object, remote } => {
                    permit.count(1, object.len() as u64);
                    let stored = self.take_in(code, object, remote).await;
                    came += u32::from(matches!(stored.fate, Fate::Stored | Fate::Conflict));
                }
                Part::Delivered { completed, failed: lost } => (came, failed) = (came + completed, failed + lost),
                Part::Mark(_) | Part::Unsettled(_) => {}
            }
        }
        drop(parts);
        if came == 0 {
            return Err(contradiction(code, "nothing for what it says it holds"));
        }
        if failed > 0 {
            return Err(contradiction(code, "a part of the sub-operations failed"));
        }
        if whole { self.check_account(ctx, target, came).await } else { Ok(()) }
    }

    /// Holds what came against what the repository lists: nine of twelve images are never shown as all.
    async fn check_account(&self, ctx: &Ctx, target: &Target, came: u32) -> Result<(), SourceError> {
        let code = &target.entry.definition.code;
        let series_uid = &target.series.series.series_instance_uid;
        let listed = target.source.search_instances(ctx, &target.study, series_uid).await.unwrap_or_default();
        self.0.manifests.changed(target.series.series_key);
        let manifest = self.known_manifest(target.series.series_key).await.map_err(|error| unavailable(code, error))?;
        let absent = listed
            .iter()
            .filter(|key| manifest.entry(&key.sop_instance_uid).is_none_or(|entry| entry.object.is_none()));
        let absent = absent.count();
        if absent > 0 {
            return Err(contradiction(code, &format!("{absent} of {} instances did not come", listed.len())));
        }
        self.finish_copy(target, came.max(u32::try_from(listed.len()).unwrap_or(u32::MAX))).await
    }

    /// Notes that this copy was read wholly, and folds the manifest.
    async fn finish_copy(&self, target: &Target, instances: u32) -> Result<(), SourceError> {
        let code = &target.entry.definition.code;
        self.fold_series(target.series.series_key, Some((code.clone(), instances)))
            .await
            .map_err(|error| unavailable(code, error))
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

fn unavailable(code: &RepositoryCode, cause: impl Into<adapter_api::Cause>) -> SourceError {
    SourceError::Unavailable { repository: code.clone(), cause: cause.into() }
}

fn contradiction(code: &RepositoryCode, rule: &str) -> SourceError {
    SourceError::Malformed { repository: code.clone(), rule: rule.to_owned() }
}
