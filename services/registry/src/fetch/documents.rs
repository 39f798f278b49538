//! Reports that lie in objects of a repository which are known and not held: their series are brought here at the lowest urgency, a few at a
//! time, so that a report is in the record before anybody opens its object.
//!
//! The permit is the service's own, and its audit lines say so; nothing is shown to anybody by it.

use std::time::Duration;

use access::Action;
use index_store::Documents;
use runtime::{Demand, Urgency};

use crate::{Registry, RegistryError};

/// The lease by which one node alone does it.
const LEASE: &str = "bring documents";
/// Series of one look, and instances of the longest series: one of more is no report.
const AT_A_TIME: u32 = 20;
const MOST_INSTANCES: u32 = 50;
/// One that did not come is tried again after so long.
const AGAIN_MS: i64 = 1_800_000;

/// Brings them until the registry ends; never where it is not wanted.
pub(crate) async fn run(registry: Registry) {
    let Some(every) = registry.0.limits.prefetch.reports_every else { return };
    // Not all nodes at once, and nothing for a moment after the start.
    let mut pause = every;
    loop {
        tokio::select! {
            () = registry.0.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = match registry.bring_documents().await {
            Ok(()) => every,
            Err(error) => {
                tracing::error!(error = %error, "documents could not be brought here");
                every.max(Duration::from_secs(60))
            }
        };
    }
}

impl Registry {
    async fn bring_documents(&self) -> Result<(), RegistryError> {
        let before_ms = self.0.clock.now_ms().saturating_sub(AGAIN_MS);
        let series = self.0.store.documents_to_bring(before_ms, MOST_INSTANCES, AT_A_TIME).await?;
        let holder = format!("{} {}", self.0.node, uuid::Uuid::new_v4().simple());
        if series.is_empty() || !self.0.store.take_lease(LEASE, &holder, self.0.limits.lease).await? {
            return Ok(());
        }
        let brought = self.bring_each(&series, &holder).await;
        self.0.store.give_lease_back(LEASE, &holder).await?;
        brought
    }

    /// One after the other. One that does not come keeps no other back.
    async fn bring_each(&self, all: &[Documents], holder: &str) -> Result<(), RegistryError> {
        for documents in all {
            let is_ours = self.0.store.take_lease(LEASE, holder, self.0.limits.lease).await?;
            if !is_ours || self.0.stop.is_cancelled() {
                return Ok(());
            }
            let came = match self.bring_series(documents).await {
                Ok(()) => documents.instances,
                Err(error) => {
                    tracing::debug!(series.key = documents.series_key, error = %error, "documents did not come");
                    0
                }
            };
            self.0.store.note_documents(documents.series_key, came, self.0.clock.now_ms()).await?;
        }
        Ok(())
    }

    async fn bring_series(&self, documents: &Documents) -> Result<(), RegistryError> {
        let service = self.0.access.service();
        let opened = self.open_study(&service, Action::Prefetch, &documents.study_instance_uid).await?;
        let demand = Demand { urgency: Urgency::BACKGROUND, ..opened.demand };
        self.bring_whole(&opened.wanted(demand), &documents.series_instance_uid).await
    }
}
