//! Several nodes on one database: what one of them was told, the others notice.
//!
//! An administrator speaks to one node. Definitions, pauses, back-fills and what does not answer are in the index, and each node
//! looks there every few seconds.

use std::time::Duration;

use index_model::RepositoryCode;
use index_store::RepositoryRow;

use crate::repositories::directory::Entry;
use crate::{Registry, RegistryError};

/// How often a node looks what the others were told.
const LOOK: Duration = Duration::from_secs(2);

/// Looks until the registry ends.
pub(crate) async fn watch(registry: Registry) {
    loop {
        tokio::select! {
            () = registry.0.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if let Err(error) = registry.look_around().await {
            tracing::error!(error = %error, "what other nodes were told could not be looked up");
        }
        if let Err(error) = registry.take_out_rest().await {
            tracing::error!(error = %error, "a repository is not wholly taken out yet");
        }
    }
}

impl Registry {
    /// A repository that another node may have been told of a moment ago: what is not known here is looked up once.
    pub(crate) async fn known_repository(&self, code: &RepositoryCode) -> Result<Entry, RegistryError> {
        if self.0.directory.entry(code).is_none() && self.0.directory.may_look(self.0.clock.now_ms()) {
            self.look_around().await?;
        }
        self.0.directory.entry(code).ok_or(RegistryError::NotFound)
    }

    /// Puts in force what the index says of the repositories.
    pub(crate) async fn look_around(&self) -> Result<(), RegistryError> {
        let changes = self.0.directory.changes();
        let rows = self.0.store.repositories().await?;
        // Something that we do ourselves is under way: the next look sees all of it.
        if self.0.directory.changes() != changes {
            return Ok(());
        }
        for code in self.0.directory.codes() {
            if !rows.iter().any(|row| row.definition.code == code) {
                self.0.synchronisers.stop(&code);
                self.0.directory.remove(&code);
            }
        }
        rows.into_iter().for_each(|row| self.see(row));
        Ok(())
    }

    fn see(&self, row: RepositoryRow) {
        let code = row.definition.code.clone();
        let is_known = self.0.directory.definition(&code).is_some_and(|known| *known == row.definition);
        if !is_known {
            if let Err(fault) = self.0.directory.put(row.definition) {
                tracing::error!(repository.code = %code, fault, "a registered repository can't be reached as it is defined");
            }
            self.0.synchronisers.stop(&code);
        }
        let Some(entry) = self.0.directory.entry(&code) else { return };
        if entry.source.is_none() {
            return;
        }
        entry.health.told(row.trouble, row.last_contact_ms);
        match (row.paused, self.0.synchronisers.running(&code)) {
            (true, Some(_)) => self.0.synchronisers.stop(&code),
            (true, None) => {}
            (false, None) => self.follow(&code),
            (false, Some(running)) if running.is_superseded_by(row.sync.epoch) => self.follow(&code),
            (false, Some(running)) if row.reconcile_asked_ms.is_some() => running.wake(),
            (false, Some(_)) => {}
        }
    }
}
