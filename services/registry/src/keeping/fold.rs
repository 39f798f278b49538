//! Joins the entries appended to a manifest with its base when the series is quiet.

use std::time::Duration;

use index_model::RepositoryCode;
use index_store::ManifestPhase;

use crate::manifest::{index_name, pack};
use crate::objects::Objects;
use crate::{Registry, RegistryError};

/// How often quiet series are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// Series folded at one look.
const AT_A_TIME: u32 = 32;
/// While more than this arrive between two looks, folding gives way to them: each series costs several syncs, and the index's one writer.
const MANY: u64 = 50;
/// Series that wait for so long are folded however much arrives.
const AT_MOST: Duration = Duration::from_secs(30);

/// Folds quiet series until the registry ends.
pub(crate) async fn run(registry: Registry) {
    let mut arrived = registry.0.committer.arrived();
    loop {
        tokio::select! {
            () = registry.0.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let until_now = registry.0.committer.arrived();
        let wait = wait(registry.0.limits.quiet, until_now - arrived);
        arrived = until_now;
        let before = registry.0.clock.now_ms() - i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        match registry.0.store.series_to_fold(before, AT_A_TIME).await {
            Ok(series) => {
                for series_key in series {
                    if registry.0.stop.is_cancelled() {
                        return;
                    }
                    if let Err(error) = registry.fold_series(series_key, None).await {
                        tracing::error!(error = %error, series.key = series_key, "a manifest could not be folded");
                    }
                }
            }
            Err(error) => tracing::error!(error = %error, "quiet series could not be looked for"),
        }
        registry.0.access.conclude_old_views().await;
    }
}

/// For how long nothing may have arrived for a series that is folded, after `arrived` instances since the last look.
fn wait(quiet: Duration, arrived: u64) -> Duration {
    if arrived > MANY { quiet.max(AT_MOST) } else { quiet }
}

impl Registry {
    /// Writes the manifest of a series anew: base and appended entries in one. `read` says that a repository's copy has been read wholly.
    pub(crate) async fn fold_series(
        &self,
        series_key: i64,
        read: Option<(RepositoryCode, u32)>,
    ) -> Result<(), RegistryError> {
        // Another fold, or an instance that arrives meanwhile, only means that it is done again.
        for _ in 0..5 {
            self.0.manifests.changed(series_key);
            let Some(state) = self.0.store.manifest_state(series_key).await? else {
                return Ok(());
            };
            let manifest = self.known_manifest(series_key).await?;
            for object in &manifest.withdrawn {
                self.0.derivatives.forget(object).await;
            }
            let mut copies_read = manifest.read.clone();
            copies_read.extend(read.clone());
            if state.pending == 0 && copies_read == manifest.read && state.base_object.is_some() && !manifest.is_stale {
                return Ok(());
            }
            if manifest.etag != format!("{:x}-{:x}-{:x}", state.version, state.last_entry_key, state.pending) {
                continue;
            }
            let phase = self.phase(series_key, &manifest, &copies_read).await?;
            let known = manifest.known();
            let instances = u32::try_from(known.len()).unwrap_or(u32::MAX);
            let origin = self.origin().to_owned();
            let (array, index) = self.0.cpu.run(move || pack(&known, &copies_read, &origin)).await??;
            let name = Objects::fresh_name("manifests", "json.gz");
            self.0.objects.put_bytes(&index_name(&name), index).await?;
            self.0.objects.put_bytes(&name, array).await?;
            let now_ms = self.0.clock.now_ms();
            let store = &self.0.store;
            if store
                .fold_manifest(series_key, state.version, &name, state.last_entry_key, phase, instances, now_ms)
                .await?
            {
                if let Some(old) = &state.base_object {
                    self.0.objects.remove(old).await;
                    self.0.objects.remove(&index_name(old)).await;
                }
                self.0.manifests.changed(series_key);
                return Ok(());
            }
            self.0.objects.remove(&name).await;
            self.0.objects.remove(&index_name(&name)).await;
        }
        Ok(())
    }

    /// Complete when every copy that can be asked was read wholly; what pushes or lists has given all it has.
    async fn phase(
        &self,
        series_key: i64,
        manifest: &crate::Manifest,
        read: &std::collections::BTreeMap<RepositoryCode, u32>,
    ) -> Result<ManifestPhase, RegistryError> {
        let copies = self.0.store.copies_of_series(series_key).await?;
        let all = copies.iter().all(|copy| {
            let entry = self.0.directory.entry(&copy.repository);
            let asked = entry.and_then(|entry| entry.source).is_some_and(|source| !source.capabilities().listing_only);
            !asked
                || read.contains_key(&copy.repository)
                || copy.declared.is_some_and(|declared| manifest.from(&copy.repository) >= declared)
        });
        Ok(if all { ManifestPhase::Complete } else { ManifestPhase::Partial })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AT_MOST, MANY, wait};

    #[test]
    fn folding_gives_way_to_what_arrives_for_a_while() {
        let quiet = Duration::from_secs(2);
        assert_eq!((wait(quiet, 0), wait(quiet, MANY), wait(quiet, MANY + 1)), (quiet, quiet, AT_MOST));
        assert_eq!(wait(2 * AT_MOST, MANY + 1), 2 * AT_MOST);
    }
}
