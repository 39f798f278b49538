//! One fetch: what a repository is asked for, what of it is taken in, and how it is held against what the repository lists.

use std::sync::Arc;

use adapter_api::{Part, Retrieve, SourceError};
use futures::StreamExt;
use index_model::{RepositoryCode, Uid};
use index_store::NewInstance;
use runtime::Ctx;

use super::{Failed, Key, Target};
use crate::Registry;
use crate::manifest::Manifest;

/// Why a fetch was not all that it should be.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The repository is well; some of what it lists did not come, and is asked for alone the next time.
    #[error("{absent} of {listed} instances did not come")]
    Short { absent: usize, listed: usize },
}

impl From<&Missed> for Failed {
    fn from(missed: &Missed) -> Self {
        match missed {
            Missed::Source(error) => Self::from(error),
            short @ Missed::Short { .. } => Self::Incomplete(short.to_string()),
        }
    }
}

/// What one retrieval brought.
#[derive(Debug, Default)]
struct Came {
    objects: u32,
    /// Sub-operations that the repository itself counted, when it did.
    completed: u32,
    failed: u32,
    bytes: u64,
}

impl Came {
    /// What a repository only counts is taken for so many bytes: a slice of a CT.
    const DELIVERED_BYTES: u64 = 512 << 10;
}

impl Registry {
    pub(super) async fn fetch(&self, key: &Key, target: &Target, remote: Option<String>) -> Result<(), Failed> {
        let code = &target.entry.definition.code;
        let permit = self.permit_to_synchronise(code).await.map_err(|_| Failed::Unavailable)?;
        let ctx = self.ctx_within(self.0.limits.fetch);
        let Ok(_slot) = ctx.run(target.entry.slots.wait(target.demand)).await else {
            return Err(Failed::Unavailable);
        };
        if !target.entry.health.may_ask(self.0.clock.now_ms()) {
            return Err(Failed::Unavailable);
        }
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
            Err(missed) => {
                match &missed {
                    Missed::Source(error) => target.entry.health.failed(error, self.0.clock.now_ms()),
                    Missed::Short { .. } => target.entry.health.answered(),
                }
                tracing::warn!(repository.code = %code, error = %missed, "a fetch failed");
                Err(Failed::from(&missed))
            }
        }
    }

    /// Headers without pixels; a source that has none after all gives whole objects.
    async fn fetch_headers(&self, ctx: &Ctx, target: &Target) -> Result<(), Missed> {
        let code = &target.entry.definition.code;
        let series_uid = &target.series.series.series_instance_uid;
        let began = std::time::Instant::now();
        let Some(headers) = target.source.metadata(ctx, &target.study, series_uid).await? else {
            let permit = self.permit_to_synchronise(code).await.map_err(|_| unavailable(code, "no audit"))?;
            return self.fetch_objects(ctx, target, None, None, &permit).await;
        };
        if headers.is_empty() {
            return Err(contradiction(code, "an empty metadata list for a series that it holds").into());
        }
        target.entry.pace.measured(0, began.elapsed(), self.0.clock.now_ms());
        let defaults = self.defaults(code);
        let mut count = headers.len();
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
                return Err(contradiction(code, "metadata of another series than the one asked for").into());
            }
            match index_extract::key_object(&entry) {
                Ok(None) => {
                    let report = self.report_of(code, (&study, &series, &entry), None).await;
                    let report = report.map_err(|error| unavailable(code, error))?;
                    let entry = Arc::new(entry);
                    let new =
                        NewInstance { repository: code.clone(), study, series, entry, small: None, fetched: false };
                    let indexed = self.0.committer.commit(new).await.map_err(|error| unavailable(code, error))?;
                    // One study identifier of several patients: it is another's, and not of this series.
                    count -= usize::from(indexed.is_disputed && indexed.series_key != target.series.series_key);
                    let kept = self.keep_report(code, report, indexed.outcome).await;
                    kept.map_err(|error| unavailable(code, error))?;
                }
                Ok(Some(document)) => {
                    self.act_on(code, &study, &document, None).await.map_err(|error| unavailable(code, error))?;
                }
                Err(finding) => {
                    tracing::warn!(repository.code = %code, attribute = finding.attribute, rule = finding.rule, "a key object was left out");
                }
            }
        }
        self.0.manifests.changed(target.series.series_key);
        Ok(self.finish_copy(target, u32::try_from(count).unwrap_or(u32::MAX)).await?)
    }

    async fn fetch_objects(
        &self,
        ctx: &Ctx,
        target: &Target,
        instance: Option<Uid>,
        remote: Option<String>,
        permit: &access::Permit,
    ) -> Result<(), Missed> {
        if instance.is_some() {
            return Ok(self.receive(ctx, target, instance, remote, permit).await.map(drop)?);
        }
        let came = match self.absent(ctx, target).await? {
            Some(absent) => self.receive_absent(ctx, target, absent, permit).await?,
            None => self.receive(ctx, target, None, None, permit).await?,
        };
        self.check_account(ctx, target, &came).await
    }

    /// What of a series that came in part did not come, where that is the smaller part: the rest is not asked for twice.
    async fn absent(&self, ctx: &Ctx, target: &Target) -> Result<Option<Vec<Uid>>, Missed> {
        let manifest = self.manifest_of(target).await?;
        let held = manifest.entries.iter().filter(|entry| entry.object.is_some()).count();
        let declared = target.series.number_of_instances as usize;
        if held == 0 || held * 2 < declared || !target.source.capabilities().single_instance {
            return Ok(None);
        }
        let series_uid = &target.series.series.series_instance_uid;
        // Without a list nobody knows what is missing, and the whole is asked for.
        let Ok(listed) = target.source.search_instances(ctx, &target.study, series_uid).await else { return Ok(None) };
        if listed.is_empty() {
            return Ok(None);
        }
        let absent: Vec<Uid> =
            listed.into_iter().map(|key| key.sop_instance_uid).filter(|uid| !holds(&manifest, uid)).collect();
        Ok((absent.len() <= held).then_some(absent))
    }

    /// One after the other; one that does not come does not keep the others back.
    async fn receive_absent(
        &self,
        ctx: &Ctx,
        target: &Target,
        absent: Vec<Uid>,
        permit: &access::Permit,
    ) -> Result<Came, Missed> {
        let mut all = Came::default();
        for instance in absent {
            match self.receive(ctx, target, Some(instance), None, permit).await {
                Ok(came) => {
                    all.objects += came.objects;
                    all.completed += came.completed;
                    all.failed += came.failed;
                }
                Err(SourceError::NotFound { .. } | SourceError::Malformed { .. }) => all.failed += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(all)
    }

    async fn receive(
        &self,
        ctx: &Ctx,
        target: &Target,
        instance: Option<Uid>,
        remote: Option<String>,
        permit: &access::Permit,
    ) -> Result<Came, SourceError> {
        let code = &target.entry.definition.code;
        let what = Retrieve {
            study_instance_uid: target.study.clone(),
            series_instance_uid: target.series.series.series_instance_uid.clone(),
            sop_instance_uid: instance,
            remote,
        };
        let began = std::time::Instant::now();
        let mut parts = target.source.retrieve(ctx, &what);
        let mut came = Came::default();
        while let Some(part) = parts.next().await {
            match part? {
                Part::Object { object, remote } => {
                    permit.count(1, object.len() as u64);
                    came.bytes += object.len() as u64;
                    let stored = self.take_in(code, object, remote).await;
                    came.objects += u32::from(stored.fate.is_held());
                }
                Part::Delivered { completed, failed } => {
                    came.objects += completed;
                    came.bytes += u64::from(completed) * Came::DELIVERED_BYTES;
                    came.completed += completed;
                    came.failed += failed;
                }
                Part::Mark(_) | Part::Unsettled(_) => {}
            }
        }
        if came.objects == 0 {
            return Err(contradiction(code, "nothing for what it says it holds"));
        }
        target.entry.pace.measured(came.bytes, began.elapsed(), self.0.clock.now_ms());
        Ok(came)
    }

    /// Holds what came against what the repository lists: nine of twelve images are never shown as all.
    async fn check_account(&self, ctx: &Ctx, target: &Target, came: &Came) -> Result<(), Missed> {
        let code = &target.entry.definition.code;
        let series_uid = &target.series.series.series_instance_uid;
        let listed = target.source.search_instances(ctx, &target.study, series_uid).await;
        self.0.manifests.changed(target.series.series_key);
        let manifest = self.manifest_of(target).await?;
        let held = manifest.entries.iter().filter(|entry| entry.object.is_some()).count();
        let listed = match listed {
            Ok(listed) if !listed.is_empty() => listed,
            silent => {
                // A listing that fails, or is empty, says nothing of what is there. The number that was declared does, and a count of
                // sub-operations without a failure.
                let declared = self.declared(target).await?;
                let all_came = match declared {
                    Some(declared) => held >= declared as usize,
                    None => came.completed > 0 && came.failed == 0,
                };
                if all_came {
                    return Ok(self.finish_copy(target, u32::try_from(held).unwrap_or(u32::MAX)).await?);
                }
                let empty = || contradiction(code, "an empty list of instances for a series that it gave");
                return Err(silent.err().unwrap_or_else(empty).into());
            }
        };
        let is_absent = |uid: &Uid| !holds(&manifest, uid) && !manifest.is_rejected(uid);
        let absent = listed.iter().filter(|key| is_absent(&key.sop_instance_uid)).count();
        if absent > 0 {
            return Err(Missed::Short { absent, listed: listed.len() });
        }
        let all = u32::try_from(listed.len()).unwrap_or(u32::MAX).max(came.objects);
        Ok(self.finish_copy(target, all).await?)
    }

    async fn manifest_of(&self, target: &Target) -> Result<Arc<Manifest>, SourceError> {
        let known = self.known_manifest(target.series.series_key).await;
        known.map_err(|error| unavailable(&target.entry.definition.code, error))
    }

    /// How many instances the repository says its copy of the series has.
    pub(super) async fn declared(&self, target: &Target) -> Result<Option<u32>, SourceError> {
        let code = &target.entry.definition.code;
        let copies = self.0.store.copies_of_series(target.series.series_key).await;
        let copies = copies.map_err(|error| unavailable(code, error))?;
        Ok(copies.into_iter().find(|copy| copy.repository == *code).and_then(|copy| copy.declared))
    }

    /// Notes that this copy was read wholly, and folds the manifest.
    async fn finish_copy(&self, target: &Target, instances: u32) -> Result<(), SourceError> {
        let code = &target.entry.definition.code;
        self.fold_series(target.series.series_key, Some((code.clone(), instances)))
            .await
            .map_err(|error| unavailable(code, error))
    }
}

fn holds(manifest: &Manifest, instance: &Uid) -> bool {
    manifest.entry(instance).is_some_and(|entry| entry.object.is_some())
}

fn unavailable(code: &RepositoryCode, cause: impl Into<adapter_api::Cause>) -> SourceError {
    SourceError::Unavailable { repository: code.clone(), cause: cause.into() }
}

fn contradiction(code: &RepositoryCode, rule: &str) -> SourceError {
    SourceError::Malformed { repository: code.clone(), rule: rule.to_owned() }
}
