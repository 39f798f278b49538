//! Of all nodes one fetches: the others wait until it is done, or dead, and then look for what it brought.

use std::time::Duration;

use index_model::Uid;

use super::{Failed, Key, Target};
use crate::{Registry, RegistryError};

/// How often a node looks whether another one is done.
const LOOK: Duration = Duration::from_millis(200);

impl Key {
    /// The name of the lease.
    fn lease(&self) -> String {
        match self {
            Self::Headers(series_key, code) => format!("fetch headers {series_key} {code}"),
            Self::Series(series_key, code) => format!("fetch series {series_key} {code}"),
            Self::Instance(series_key, code, instance) => format!("fetch instance {series_key} {code} {instance}"),
        }
    }
}

impl Registry {
    /// Fetches when no other node does; else waits for that one and reads what it brought. The lease of a node that dies runs out.
    pub(super) async fn fetch_on_one_node(
        &self,
        key: &Key,
        target: &Target,
        remote: Option<String>,
    ) -> Result<(), Failed> {
        let (name, holder) = (key.lease(), format!("{} {}", self.0.node, uuid::Uuid::new_v4().simple()));
        let ctx = self.ctx_within(self.0.limits.fetch);
        while !self.take_fetch(&name, &holder).await? {
            if ctx.run(tokio::time::sleep(LOOK)).await.is_err() {
                return Err(Failed::Unavailable);
            }
        }
        // What is in memory may be older than what another node brought.
        let result = if self.is_here(key, target).await? {
            Ok(())
        } else {
            self.fetch_and_keep(&name, &holder, key, target, remote).await
        };
        if let Err(error) = self.0.store.give_lease_back(&name, &holder).await {
            tracing::debug!(error = %error, "the lease of a fetch was not given back and will run out");
        }
        result
    }

    async fn take_fetch(&self, name: &str, holder: &str) -> Result<bool, Failed> {
        self.0.store.take_lease(name, holder, self.0.limits.lease).await.map_err(|error| {
            tracing::error!(error = %error, "the lease of a fetch could not be asked for");
            Failed::Unavailable
        })
    }

    /// A lease that is lost while the repository answers ends nothing: what comes twice is known already.
    async fn fetch_and_keep(
        &self,
        name: &str,
        holder: &str,
        key: &Key,
        target: &Target,
        remote: Option<String>,
    ) -> Result<(), Failed> {
        let fetch = self.fetch(key, target, remote);
        tokio::pin!(fetch);
        tokio::select! {
            result = &mut fetch => return result,
            () = self.keep_lease(name, holder) => tracing::warn!("another node may fetch the same by now"),
        }
        fetch.await
    }

    /// Whether another node brought what was to be fetched.
    async fn is_here(&self, key: &Key, target: &Target) -> Result<bool, Failed> {
        let series_key = target.series.series_key;
        self.0.manifests.changed(series_key);
        let manifest = match self.known_manifest(series_key).await {
            Ok(manifest) => manifest,
            Err(RegistryError::NotFound) => return Ok(false),
            Err(error) => {
                tracing::error!(error = %error, series.key = series_key, "what another node fetched could not be read");
                return Err(Failed::Unavailable);
            }
        };
        let is_held = |uid: &Uid| manifest.entry(uid).is_some_and(|entry| entry.object.is_some());
        let declared = self.declared(target).await.map_err(|_| Failed::Unavailable)?;
        let read = manifest.read.get(&target.entry.definition.code);
        let is_read = read.is_some_and(|read| declared.is_none_or(|declared| *read >= declared));
        Ok(match key {
            Key::Headers(..) => is_read,
            Key::Series(..) => is_read && manifest.entries.iter().all(|entry| entry.object.is_some()),
            Key::Instance(_, _, instance) => is_held(instance),
        })
    }
}
