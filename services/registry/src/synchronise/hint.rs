//! Somebody says that something changed: an event of an archive's storage, or an administrator who does not want to wait for the next look.
//!
//! A hint is worth no more than that. What it names is read at once; the next walk, which begins at once too, has the last word.

use std::time::Duration;

use access::Permit;
use adapter_api::{Part, StoreAnswer};
use futures::StreamExt;
use index_model::RepositoryCode;

use crate::{Registry, RegistryError};

/// Names of one hint that are read; others are for the walk.
const MOST: usize = 1000;
/// How long one object may take.
const PATIENCE: Duration = Duration::from_secs(60);

impl Registry {
    /// Reads what a repository keeps under these names, where it has names, and begins the next look at it now.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`]; [`RegistryError::Parameter`] for one that can't be asked.
    pub async fn look_now(
        &self,
        permit: &Permit,
        code: &RepositoryCode,
        names: Vec<String>,
    ) -> Result<(), RegistryError> {
        let _ = permit;
        let entry = self.asked(code).await?;
        if let Some(source) = entry.source.clone().filter(|source| source.capabilities().listing_only) {
            let (registry, code) = (self.clone(), code.clone());
            self.0.tasks.spawn(async move {
                for name in names.iter().take(MOST) {
                    let ctx = registry.ctx_within(PATIENCE);
                    let mut parts = source.named(&ctx, name);
                    while let Some(part) = parts.next().await {
                        let Ok(Part::Object { object, remote }) = part else { break };
                        if matches!(registry.take_note(&code, object, remote).await, StoreAnswer::OutOfResources) {
                            tracing::warn!(repository.code = %code, "what an event told of could not be indexed; the walk will try again");
                        }
                    }
                }
            });
        }
        if let Some(running) = self.0.synchronisers.running(code) {
            running.wake();
        }
        Ok(())
    }
}
