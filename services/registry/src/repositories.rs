//! An administrator registers a repository, tests it, watches it and stops it.

use access::Permit;
use adapter_api::TestStep;
use index_model::{AeTitle, DimseAddress, RepositoryCode, RepositoryDefinition};
use index_store::{Counts, RepositoryRow, SyncPhase};
use runtime::Ctx;

use crate::{Registry, RegistryError};

/// How a repository stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepositoryState {
    /// Nothing was asked yet, or nothing was pushed yet.
    Waiting,
    /// The back-fill runs.
    Indexing,
    /// Changes are followed.
    Following,
    /// It does not answer.
    Unreachable,
    /// An administrator stopped it.
    Paused,
}

/// A repository as the administrators' page shows it.
#[derive(Debug, Clone)]
pub struct RepositoryStatus {
    /// As it is registered.
    pub definition: RepositoryDefinition,
    /// In one word.
    pub state: RepositoryState,
    /// What it has here.
    pub counts: Counts,
    /// Studies indexed by the back-fill.
    pub indexed: u64,
    /// Studies expected, when known.
    pub expected: Option<u64>,
    /// Age of the last complete look, in seconds.
    pub lag_seconds: Option<i64>,
    /// Last answer, Unix milliseconds.
    pub last_contact_ms: Option<i64>,
    /// Last failure: Unix milliseconds and words.
    pub last_error: Option<(i64, String)>,
}

/// Why a definition was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// A field is missing or wrong.
    #[error("{field}: {remedy}")]
    Invalid {
        /// Which.
        field: String,
        /// What to do.
        remedy: String,
    },
    /// The code is in use.
    #[error("a repository of this code is registered already")]
    Taken,
    /// A fault of ours.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// An object that was put aside.
pub use index_store::QuarantineRow as Quarantined;

impl Registry {
    /// All registered repositories, by code.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn repositories(&self, permit: &Permit) -> Result<Vec<RepositoryStatus>, RegistryError> {
        let _ = permit;
        let rows = self.0.store.repositories().await?;
        Ok(rows.into_iter().map(|row| self.status(row)).collect())
    }

    /// Where a registered DIMSE archive of this AE title is.
    pub fn dimse_address(&self, ae_title: &AeTitle) -> Option<DimseAddress> {
        self.0.directory.dimse_address(ae_title)
    }

    /// Registers a repository and begins to index it.
    ///
    /// # Errors
    /// [`RegisterError`] naming what is wrong.
    pub async fn register(
        &self,
        permit: &Permit,
        definition: RepositoryDefinition,
    ) -> Result<RepositoryStatus, RegisterError> {
        if let Some((field, remedy)) = definition.fault() {
            return Err(RegisterError::Invalid { field: field.into(), remedy: remedy.into() });
        }
        self.0
            .directory
            .try_source(&definition)
            .map_err(|remedy| RegisterError::Invalid { field: definition_section(&definition).into(), remedy })?;
        let code = definition.code.clone();
        let now_ms = self.0.clock.now_ms();
        if !self.0.store.insert_repository(&definition, now_ms).await.map_err(RegistryError::from)? {
            return Err(RegisterError::Taken);
        }
        self.0
            .directory
            .put(definition)
            .map_err(|remedy| RegisterError::Invalid { field: "protocol".into(), remedy })?;
        self.follow(&code);
        let all = self.repositories(permit).await?;
        all.into_iter()
            .find(|status| status.definition.code == code)
            .ok_or(RegisterError::Registry(RegistryError::NotFound))
    }

    /// Puts a definition in force that stands in the configuration: registers it, or brings a registered one up to date.
    ///
    /// # Errors
    /// [`RegisterError`] naming what is wrong.
    pub async fn configure(&self, permit: &Permit, definition: RepositoryDefinition) -> Result<(), RegisterError> {
        let known = self.0.directory.definition(&definition.code);
        match known {
            None => self.register(permit, definition).await.map(|_| ()),
            Some(known) if *known == definition => Ok(()),
            Some(_) => {
                if let Some((field, remedy)) = definition.fault() {
                    return Err(RegisterError::Invalid { field: field.into(), remedy: remedy.into() });
                }
                let now_ms = self.0.clock.now_ms();
                self.0.store.put_repository(&definition, now_ms).await.map_err(RegistryError::from)?;
                let code = definition.code.clone();
                self.0
                    .directory
                    .put(definition)
                    .map_err(|remedy| RegisterError::Invalid { field: "protocol".into(), remedy })?;
                self.follow(&code);
                Ok(())
            }
        }
    }

    /// Tests a definition, registered or not, and says in words what is wrong.
    pub async fn test(&self, permit: &Permit, definition: &RepositoryDefinition) -> Vec<TestStep> {
        let _ = permit;
        if let Some((field, remedy)) = definition.fault() {
            return vec![TestStep { step: "definition", ok: false, text: format!("{field}: {remedy}") }];
        }
        match self.0.directory.try_source(definition) {
            Ok(Some(source)) => source.verify(&Ctx::within(std::time::Duration::from_secs(30))).await,
            Ok(None) => vec![TestStep {
                step: "definition",
                ok: true,
                text: "this repository stores to us; send one object to see it arrive".into(),
            }],
            Err(text) => vec![TestStep { step: "definition", ok: false, text }],
        }
    }

    /// The definition of a registered repository.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`].
    pub fn definition(&self, permit: &Permit, code: &RepositoryCode) -> Result<RepositoryDefinition, RegistryError> {
        let _ = permit;
        self.0.directory.definition(code).map(|definition| (*definition).clone()).ok_or(RegistryError::NotFound)
    }

    /// Stops or goes on with the synchronisation of one repository.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], or when the index does not answer.
    pub async fn set_paused(&self, permit: &Permit, code: &RepositoryCode, paused: bool) -> Result<(), RegistryError> {
        self.definition(permit, code)?;
        self.0.store.set_paused(code, paused).await?;
        if paused {
            self.0.synchronisers.stop(code)
        } else {
            self.follow(code)
        }
        Ok(())
    }

    /// What was put aside, newest first.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn quarantined(&self, permit: &Permit, limit: u32) -> Result<Vec<Quarantined>, RegistryError> {
        let _ = permit;
        Ok(self.0.store.quarantined(limit).await?)
    }

    fn status(&self, row: RepositoryRow) -> RepositoryStatus {
        let code = &row.definition.code;
        let entry = self.0.directory.entry(code);
        let down = entry.as_ref().and_then(|entry| entry.health.down_since_ms()).is_some();
        let heard_ms = self.0.synchronisers.last_heard_ms(code);
        let pushes = entry.as_ref().is_some_and(|entry| entry.source.is_none());
        let state = match row.sync.phase {
            _ if row.paused => RepositoryState::Paused,
            _ if down => RepositoryState::Unreachable,
            _ if pushes && row.counts.studies + row.counts.reports > 0 => RepositoryState::Following,
            SyncPhase::Waiting => RepositoryState::Waiting,
            SyncPhase::Indexing => RepositoryState::Indexing,
            SyncPhase::Following => RepositoryState::Following,
        };
        let now_ms = self.0.clock.now_ms();
        RepositoryStatus {
            state,
            counts: row.counts,
            indexed: row.sync.indexed,
            expected: row.sync.expected,
            lag_seconds: if pushes { None } else { row.sync.synced_ms.map(|at| (now_ms - at).max(0) / 1000) },
            last_contact_ms: row.last_contact_ms.max(heard_ms),
            last_error: row.last_error,
            definition: row.definition,
        }
    }
}

fn definition_section(definition: &RepositoryDefinition) -> &'static str {
    match definition.protocol {
        index_model::Protocol::Dicomweb => "dicomweb",
        index_model::Protocol::Dimse => "dimse",
        index_model::Protocol::Archive => "archive",
        index_model::Protocol::Push => "push",
    }
}
