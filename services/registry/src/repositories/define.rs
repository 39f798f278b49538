//! A definition is registered, changed, tested.

use std::collections::BTreeSet;

use access::Permit;
use adapter_api::TestStep;
use index_model::{RepositoryCode, RepositoryDefinition};
use runtime::Ctx;

use crate::repositories::RepositoryStatus;
use crate::{Registry, RegistryError};

/// The time that a connection test takes at most.
const TEST: std::time::Duration = std::time::Duration::from_secs(30);

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

impl Registry {
    /// Registers a repository and begins to index it.
    ///
    /// # Errors
    /// [`RegisterError`] naming what is wrong.
    pub async fn register(
        &self,
        permit: &Permit,
        definition: RepositoryDefinition,
    ) -> Result<RepositoryStatus, RegisterError> {
        self.must_be_usable(&definition)?;
        let code = definition.code.clone();
        let now_ms = self.0.clock.now_ms();
        self.0.directory.will_change();
        if !self.0.store.insert_repository(&definition, now_ms).await.map_err(RegistryError::from)? {
            return Err(RegisterError::Taken);
        }
        self.put_in_force(definition)?;
        self.registered(permit, &code).await
    }

    /// Changes a registered repository: its operator, region or address, or what it speaks. Its code stays, and with it all that is registered of
    /// it, every address that was given out, and the place of its back-fill.
    ///
    /// # Errors
    /// [`RegisterError`] naming what is wrong; not found when no repository of this code is registered.
    pub async fn change(
        &self,
        permit: &Permit,
        definition: RepositoryDefinition,
    ) -> Result<RepositoryStatus, RegisterError> {
        let code = definition.code.clone();
        let known = self.definition(permit, &code).await?;
        if known != definition {
            self.must_be_usable(&definition)?;
            let now_ms = self.0.clock.now_ms();
            self.0.directory.will_change();
            self.0.store.put_repository(&definition, now_ms).await.map_err(RegistryError::from)?;
            self.put_in_force(definition)?;
        }
        self.registered(permit, &code).await
    }

    /// Puts a definition in force that stands in the configuration: registers it, or brings a registered one up to date.
    ///
    /// # Errors
    /// [`RegisterError`] naming what is wrong.
    pub async fn configure(&self, permit: &Permit, definition: RepositoryDefinition) -> Result<(), RegisterError> {
        match self.0.directory.definition(&definition.code) {
            None => self.register(permit, definition).await.map(drop),
            Some(_) => self.change(permit, definition).await.map(drop),
        }
    }

    /// The regions of the other repositories, where none of them is of this one's: it is new, or mistyped, and who registers it is told.
    pub fn regions_beside(&self, definition: &RepositoryDefinition) -> Option<BTreeSet<String>> {
        self.0.directory.regions_beside(definition)
    }

    /// Tests a definition, registered or not, and says in words what is wrong.
    pub async fn test(&self, permit: &Permit, definition: &RepositoryDefinition) -> Vec<TestStep> {
        let _ = permit;
        if let Some((field, remedy)) = definition.fault() {
            return vec![TestStep { step: "definition", ok: false, text: format!("{field}: {remedy}") }];
        }
        match self.0.directory.try_source(definition) {
            Ok(Some(source)) => source.verify(&Ctx::within(TEST)).await,
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
    /// [`RegistryError::NotFound`], or when the index does not answer.
    pub async fn definition(
        &self,
        permit: &Permit,
        code: &RepositoryCode,
    ) -> Result<RepositoryDefinition, RegistryError> {
        let _ = permit;
        Ok((*self.known_repository(code).await?.definition).clone())
    }

    fn must_be_usable(&self, definition: &RepositoryDefinition) -> Result<(), RegisterError> {
        if let Some((field, remedy)) = definition.fault() {
            return Err(RegisterError::Invalid { field: field.into(), remedy: remedy.into() });
        }
        if definition.time_zone.trim().parse::<runtime::time::Tz>().is_err() {
            let remedy =
                "no such time zone; America/Toronto, America/Winnipeg and America/Atikokan are those of Ontario";
            return Err(RegisterError::Invalid { field: "timeZone".into(), remedy: remedy.into() });
        }
        if let Some((field, other)) = self.0.directory.clash(definition) {
            let remedy = format!("{other} has this already: who sends tells whose patients and images they are");
            return Err(RegisterError::Invalid { field: field.into(), remedy });
        }
        let made = self.0.directory.try_source(definition).map(drop);
        made.map_err(|remedy| RegisterError::Invalid { field: section(definition).into(), remedy })
    }

    fn put_in_force(&self, definition: RepositoryDefinition) -> Result<(), RegisterError> {
        let code = definition.code.clone();
        let put = self.0.directory.put(definition);
        put.map_err(|remedy| RegisterError::Invalid { field: "protocol".into(), remedy })?;
        self.follow(&code);
        Ok(())
    }

    async fn registered(&self, permit: &Permit, code: &RepositoryCode) -> Result<RepositoryStatus, RegisterError> {
        let all = self.repositories(permit).await?;
        let found = all.into_iter().find(|status| status.definition.code == *code);
        found.ok_or(RegisterError::Registry(RegistryError::NotFound))
    }
}

fn section(definition: &RepositoryDefinition) -> &'static str {
    match definition.protocol {
        index_model::Protocol::Dicomweb => "dicomweb",
        index_model::Protocol::Dimse => "dimse",
        index_model::Protocol::Archive => "archive",
        index_model::Protocol::Push => "push",
    }
}
