//! What contradicts itself, for those who mend it.

use access::{Action, Caller, Permit, Subject};
use index_store::Conflict;

use crate::{Registry, RegistryError};

impl Registry {
    /// Patients, studies, visits, instances and reports that contradict each other or themselves; or those that were dismissed.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn conflicts(
        &self,
        permit: &Permit,
        limit: u32,
        is_dismissed: bool,
    ) -> Result<Vec<Conflict>, RegistryError> {
        let _ = permit;
        Ok(self.0.store.conflicts(limit, is_dismissed).await?)
    }

    /// Dismisses one with a reason, as it is now: it leaves the list, and comes back when it is another case. Nothing else changes by it.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] or the refusal.
    pub async fn dismiss(&self, caller: &Caller, key: &str, reason: &str) -> Result<(), RegistryError> {
        let permit = self.0.access.permit(caller, Action::Administer, Subject::Conflict(key.to_owned())).await?;
        let by = permit.caller().user().id.clone();
        let is_done = self.0.store.dismiss(key, reason, &by, self.0.clock.now_ms()).await?;
        is_done.then_some(()).ok_or(RegistryError::NotFound)
    }

    /// Lists one again that was dismissed.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] or the refusal.
    pub async fn take_dismissal_back(&self, caller: &Caller, key: &str) -> Result<(), RegistryError> {
        self.0.access.permit(caller, Action::Administer, Subject::Conflict(key.to_owned())).await?;
        self.0.store.take_dismissal_back(key).await?.then_some(()).ok_or(RegistryError::NotFound)
    }
}
