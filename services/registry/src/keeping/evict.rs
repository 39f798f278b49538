//! What was fetched is kept within a bound: series that nobody looked at for longest leave first.
//!
//! Only the bytes leave. What is known of their instances stays, and who looks at them fetches them again. Just before, the repository is
//! asked whether it has them still: what can't be had again is not let go, and neither is what was sent to us. Bytes go some time after the
//! index has forgotten them, so that nobody who found them there a moment before reads into nothing. A repository that does not answer
//! keeps its series here, above the bound if need be.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use index_model::{RepositoryCode, Uid};
use index_store::{Eviction, FetchedInstance, FetchedSeries};
use runtime::{Ctx, Demand, Urgency};

use crate::manifest::{index_name, pack};
use crate::objects::Objects;
use crate::{Manifest, Registry, RegistryError};

/// Above the bound, so much of it is left, in percent: not every fetch makes something else leave.
const LEFT_PERCENT: u64 = 90;
/// Series looked at together.
const PAGE: u32 = 64;
/// Series looked at in one round.
const MOST: u32 = 4_096;
/// Objects removed together.
const REMOVED: u32 = 400;
/// The longest that a repository is asked about one series.
const ASKING: Duration = Duration::from_secs(30);
/// How often it is looked, at the most and at the least.
const LOOKS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// Which series somebody looked at; the index is told now and then.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<i64, Use>>);

#[derive(Debug)]
struct Use {
    at_ms: i64,
    is_told: bool,
}

impl Uses {
    /// Somebody looks at a series. Not every look is told, because a view has hundreds.
    pub(crate) fn note(&self, series_key: i64, now_ms: i64, seldom: Duration) {
        let seldom_ms = i64::try_from(seldom.as_millis()).unwrap_or(i64::MAX);
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match uses.get_mut(&series_key) {
            Some(known) if known.is_told && now_ms.saturating_sub(known.at_ms) < seldom_ms => {}
            Some(known) => *known = Use { at_ms: now_ms, is_told: false },
            None => drop(uses.insert(series_key, Use { at_ms: now_ms, is_told: false })),
        }
    }

    /// What the index does not know of yet; what was told long ago is forgotten.
    fn untold(&self, now_ms: i64, seldom: Duration) -> Vec<(i64, i64)> {
        let seldom_ms = i64::try_from(seldom.as_millis()).unwrap_or(i64::MAX);
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.retain(|_, known| !known.is_told || now_ms.saturating_sub(known.at_ms) < seldom_ms);
        let mut untold = Vec::new();
        for (series_key, known) in uses.iter_mut().filter(|(_, known)| !known.is_told) {
            known.is_told = true;
            untold.push((*series_key, known.at_ms));
        }
        untold
    }
}

/// How much is held of what was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchedSize {
    /// Bytes that the index refers to.
    pub bytes: u64,
    /// The bound.
    pub limit_bytes: u64,
}

/// Keeps to the bound until the registry ends.
pub(crate) async fn run(registry: Registry) {
    let pause = (registry.0.limits.fetched_idle / 10).clamp(LOOKS.0, LOOKS.1);
    loop {
        tokio::select! {
            () = registry.0.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        if let Err(error) = registry.look_after_fetched().await {
            tracing::error!(error = %error, "what was fetched could not be kept within its bound");
        }
    }
}

impl Registry {
    /// How much is held of what was fetched from repositories, and how much may be.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn fetched_size(&self, permit: &access::Permit) -> Result<FetchedSize, RegistryError> {
        let _ = permit;
        Ok(FetchedSize { bytes: self.0.store.fetched_bytes().await?, limit_bytes: self.0.limits.fetched_bytes })
    }

    /// Somebody looks at a series.
    pub(crate) fn note_use(&self, series_key: i64) {
        self.0.uses.note(series_key, self.0.clock.now_ms(), self.seldom());
    }

    fn seldom(&self) -> Duration {
        self.0.limits.fetched_idle / 10
    }

    async fn look_after_fetched(&self) -> Result<(), RegistryError> {
        let uses = self.0.uses.untold(self.0.clock.now_ms(), self.seldom());
        if !uses.is_empty() {
            self.0.store.note_uses(&uses).await?;
        }
        let bytes = self.0.store.fetched_bytes().await?;
        metrics::gauge!("dics_fetched_bytes").set(bytes as f64);
        let (name, holder) = ("evict".to_owned(), format!("{} {}", self.0.node, uuid::Uuid::new_v4().simple()));
        if !self.0.store.take_lease(&name, &holder, self.0.limits.lease).await? {
            return Ok(());
        }
        let result = tokio::select! {
            () = self.0.stop.cancelled() => Ok(()),
            () = self.keep_lease(&name, &holder) => Ok(()),
            result = self.keep_within(bytes) => result,
        };
        self.0.store.give_lease_back(&name, &holder).await?;
        result
    }

    fn idle_since_ms(&self) -> i64 {
        self.0.clock.now_ms() - i64::try_from(self.0.limits.fetched_idle.as_millis()).unwrap_or(i64::MAX)
    }

    /// Removes what was doomed before, then lets series go until enough has left.
    async fn keep_within(&self, mut bytes: u64) -> Result<(), RegistryError> {
        self.remove_doomed().await?;
        let limit = self.0.limits.fetched_bytes;
        if bytes <= limit {
            return Ok(());
        }
        let (enough, mut after, mut looked) = (limit / 100 * LEFT_PERCENT, None, 0);
        while bytes > enough && looked < MOST {
            let page = self.0.store.fetched_series(self.idle_since_ms(), after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.used_ms, last.series_key));
            looked += PAGE;
            for series in page {
                if bytes <= enough {
                    break;
                }
                match self.let_go(&series).await {
                    Ok(freed) => bytes = bytes.saturating_sub(freed),
                    Err(error) => {
                        tracing::error!(error = %error, series.key = series.series_key, "a series could not be let go");
                    }
                }
            }
        }
        if bytes > limit {
            tracing::debug!(
                bytes,
                limit,
                "more is held of what was fetched than is meant to be: nothing more can be let go now"
            );
        }
        Ok(())
    }

    async fn remove_doomed(&self) -> Result<(), RegistryError> {
        loop {
            let doomed = self.0.store.take_doomed(self.idle_since_ms(), REMOVED).await?;
            for object in &doomed {
                self.0.objects.remove(object).await;
            }
            self.0.store.forget_doomed(&doomed).await?;
            if doomed.len() < REMOVED as usize {
                return Ok(());
            }
        }
    }

    /// Lets the bytes of one series go, as far as they can be had again; how many.
    async fn let_go(&self, series: &FetchedSeries) -> Result<u64, RegistryError> {
        self.fold_series(series.series_key, None).await?;
        self.0.manifests.changed(series.series_key);
        let Some(state) = self.0.store.manifest_state(series.series_key).await? else { return Ok(0) };
        let manifest = self.known_manifest(series.series_key).await?;
        let is_folded = state.pending == 0 && state.base_object.is_some() && !manifest.is_stale;
        if !is_folded || manifest.base != state.base_object {
            return Ok(0);
        }
        let fetched = self.0.store.fetched_instances(series.series_key).await?;
        let leaving = self.can_be_had_again(series, &manifest, fetched).await;
        if leaving.is_empty() {
            return Ok(0);
        }
        let freed = self.evict(series, state.version, &manifest, &leaving).await?;
        if freed > 0 {
            self.changed(series.study_key, series.series_key);
            metrics::counter!("dics_evicted_series_total").increment(1);
            metrics::counter!("dics_evicted_bytes_total").increment(freed);
            tracing::info!(
                series.key = series.series_key,
                instances = leaving.len(),
                bytes = freed,
                "fetched bytes were let go"
            );
        }
        Ok(freed)
    }

    /// Those that the manifest shows with these bytes, and that their repository says it has.
    async fn can_be_had_again(
        &self,
        series: &FetchedSeries,
        manifest: &Manifest,
        fetched: Vec<FetchedInstance>,
    ) -> Vec<FetchedInstance> {
        let mut by_repository: BTreeMap<RepositoryCode, Vec<FetchedInstance>> = BTreeMap::new();
        for instance in fetched {
            let shown = manifest.entry_of(&instance.sop_instance_uid);
            let is_shown = shown.is_some_and(|(code, entry)| {
                *code == instance.repository && entry.object.as_ref() == Some(&instance.object)
            });
            if is_shown {
                by_repository.entry(instance.repository.clone()).or_default().push(instance);
            }
        }
        let mut leaving = Vec::new();
        for (code, instances) in by_repository {
            let has = self.has_still(series, manifest, &code, &instances).await;
            leaving.extend(instances.into_iter().filter(|one| has.contains(&one.sop_instance_uid)));
        }
        leaving
    }

    async fn has_still(
        &self,
        series: &FetchedSeries,
        manifest: &Manifest,
        code: &RepositoryCode,
        instances: &[FetchedInstance],
    ) -> BTreeSet<Uid> {
        let Some(entry) = self.0.directory.entry(code) else { return BTreeSet::new() };
        let Some(source) = &entry.source else { return BTreeSet::new() };
        let now_ms = self.0.clock.now_ms();
        let ctx = Ctx::within(ASKING);
        let Ok(_slot) = ctx.run(entry.slots.wait(Demand::own(Urgency::BACKGROUND))).await else {
            return BTreeSet::new();
        };
        if !entry.health.may_ask(now_ms) {
            return BTreeSet::new();
        }
        let named: Vec<(Uid, Option<String>)> = instances
            .iter()
            .map(|one| {
                let remote = manifest.entry(&one.sop_instance_uid).and_then(|entry| entry.remote.clone());
                (one.sop_instance_uid.clone(), remote)
            })
            .collect();
        match source.holds(&ctx, &series.study_instance_uid, &series.series_instance_uid, &named).await {
            Ok(has) => {
                entry.health.answered();
                has
            }
            Err(error) => {
                entry.health.failed(&error, now_ms);
                tracing::info!(error = %error, repository.code = %code, "it is not known whether it has a series still, which stays");
                BTreeSet::new()
            }
        }
    }

    /// The manifest without these bytes, then the index; the bytes themselves go later.
    async fn evict(
        &self,
        series: &FetchedSeries,
        from_version: i64,
        manifest: &Manifest,
        leaving: &[FetchedInstance],
    ) -> Result<u64, RegistryError> {
        let Some(replaced) = &manifest.base else { return Ok(0) };
        let gone: BTreeSet<&Uid> = leaving.iter().map(|one| &one.sop_instance_uid).collect();
        let mut known = manifest.known();
        let mut freed = 0;
        for (_, entry) in &mut known {
            if gone.contains(&entry.instance.sop_instance_uid) {
                freed += entry.size_bytes;
                let mut without = (**entry).clone();
                without.object = None;
                *entry = without.into();
            }
        }
        let (read, origin) = (manifest.read.clone(), manifest.origin.clone());
        let (array, index) = self.0.cpu.run(move || pack(&known, &read, &origin)).await??;
        let name = Objects::fresh_name("manifests", "json.gz");
        let (beside, replaced_beside) = (index_name(&name), index_name(replaced));
        self.0.store.doom(&[&name, &beside], series.series_key, self.0.clock.now_ms()).await?;
        self.0.objects.put_bytes(&beside, index).await?;
        self.0.objects.put_bytes(&name, array).await?;
        let eviction = Eviction {
            series,
            from_version,
            base: (&name, &beside),
            replaced: (replaced, &replaced_beside),
            instances: leaving,
        };
        let evicted = self.0.store.evict(&eviction, self.0.clock.now_ms()).await?;
        Ok(if evicted { freed } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_told_once_and_again_when_it_is_long_ago() {
        let (uses, seldom) = (Uses::default(), Duration::from_millis(10));
        uses.note(1, 100, seldom);
        uses.note(1, 105, seldom);
        assert_eq!(uses.untold(105, seldom), [(1, 105)]);
        uses.note(1, 106, seldom);
        assert_eq!(uses.untold(106, seldom), [], "it was told a moment ago");
        uses.note(1, 116, seldom);
        assert_eq!(uses.untold(116, seldom), [(1, 116)]);
        assert_eq!(uses.untold(200, seldom), [], "and is forgotten");
    }
}
