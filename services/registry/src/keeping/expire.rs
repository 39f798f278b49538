//! What a rejection note of expired retention (IHE RAD IOCM, DCM 113039) leaves: after a grace its bytes are deleted for good.

use std::time::Duration;

use access::{Action, Subject};

use crate::{Registry, RegistryError};

/// The lease by which one node alone does it.
const LEASE: &str = "delete expired instances";
/// How often it is looked for at the most, and at the least.
const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(3600);

/// Deletes until the registry ends.
pub(crate) async fn run(registry: Registry) {
    let look = (registry.0.limits.expired_grace / 24).clamp(OFTEN, SELDOM);
    loop {
        tokio::select! {
            () = registry.0.stop.cancelled() => return,
            () = tokio::time::sleep(look) => {}
        }
        if let Err(error) = registry.delete_expired().await {
            tracing::error!(error = %error, "instances whose retention has expired could not be deleted");
        }
    }
}

impl Registry {
    /// Deletes the bytes of instances whose retention expired before the grace began. Each batch has its line in the audit trail, which
    /// stays, like the note itself and the row that tells that they were here.
    async fn delete_expired(&self) -> Result<(), RegistryError> {
        let grace_ms = i64::try_from(self.0.limits.expired_grace.as_millis()).unwrap_or(i64::MAX);
        loop {
            let now_ms = self.0.clock.now_ms();
            let objects = self.0.store.expired_objects(now_ms.saturating_sub(grace_ms)).await?;
            let holder = format!("{} {}", self.0.node, uuid::Uuid::new_v4().simple());
            if objects.is_empty() || !self.0.store.take_lease(LEASE, &holder, self.0.limits.lease).await? {
                return Ok(());
            }
            let deleted = self.delete_for_good(&objects, now_ms).await;
            self.0.store.give_lease_back(LEASE, &holder).await?;
            deleted?;
        }
    }

    /// The line first, then the bytes, then the index: what is interrupted is done again, and nothing is deleted untold.
    async fn delete_for_good(&self, objects: &[String], now_ms: i64) -> Result<(), RegistryError> {
        let service = self.0.access.service();
        let permit = self.0.access.permit(&service, Action::Delete, Subject::Registry).await?;
        for object in objects {
            self.0.objects.delete(object).await?;
        }
        self.0.store.forget_objects(objects, now_ms).await?;
        permit.count(objects.len() as u64, 0);
        tracing::info!(instances = objects.len(), "instances whose retention has expired were deleted");
        Ok(())
    }
}
