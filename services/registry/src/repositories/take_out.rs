//! A repository is taken out: what only it had goes from the index and from storage; what was pushed to us, and every report, stays.

use access::Permit;
use index_model::{Protocol, RepositoryCode, RepositoryDefinition};

use crate::manifest::index_name;
use crate::{Registry, RegistryError};

impl Registry {
    /// Takes a repository out. It is gone from every list at once; its copies follow in the background, on whichever node lives to do it.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`]; [`RegistryError::Parameter`] when `confirmation` is not its code; or when the index does not answer.
    pub async fn remove(
        &self,
        permit: &Permit,
        code: &RepositoryCode,
        confirmation: &str,
    ) -> Result<(), RegistryError> {
        let definition = self.definition(permit, code).await?;
        if confirmation != code.as_str() {
            let rule = "give the repository's code once more: its studies and images that no other repository has are taken out";
            return Err(RegistryError::Parameter { name: "confirm".into(), rule: rule.into() });
        }
        self.0.directory.will_change();
        self.0.store.retire_repository(code, self.0.clock.now_ms()).await?;
        self.0.synchronisers.stop(code);
        self.0.directory.remove(code);
        let registry = self.clone();
        self.0.tasks.spawn(async move {
            if let Err(error) = registry.take_out(&definition).await {
                tracing::error!(error = %error, repository.code = %definition.code, "a repository is not wholly taken out yet");
            }
        });
        Ok(())
    }

    /// Goes on with what a node that is gone did not finish.
    pub(crate) async fn take_out_rest(&self) -> Result<(), RegistryError> {
        for definition in self.0.store.retired_repositories().await? {
            self.take_out(&definition).await?;
        }
        Ok(())
    }

    /// One node alone does it. What was pushed to us is nowhere else, and stays where it is.
    async fn take_out(&self, definition: &RepositoryDefinition) -> Result<(), RegistryError> {
        let code = &definition.code;
        let (name, holder) = (format!("take out {code}"), format!("{} {}", self.0.node, uuid::Uuid::new_v4().simple()));
        if definition.protocol == Protocol::Push
            || !self.0.store.take_lease(&name, &holder, self.0.limits.lease).await?
        {
            return Ok(());
        }
        let result = tokio::select! {
            () = self.0.stop.cancelled() => Ok(()),
            () = self.keep_lease(&name, &holder) => Ok(()),
            result = self.take_copies_out(code) => result,
        };
        self.0.store.give_lease_back(&name, &holder).await?;
        result
    }

    async fn take_copies_out(&self, code: &RepositoryCode) -> Result<(), RegistryError> {
        let mut studies = 0;
        loop {
            let out = self.0.store.take_copies_out(code, self.0.clock.now_ms()).await?;
            for (study_key, series_key) in &out.changed {
                self.changed(*study_key, *series_key);
            }
            for manifest in &out.manifests {
                self.0.objects.remove(manifest).await;
                self.0.objects.remove(&index_name(manifest)).await;
            }
            for object in &out.objects {
                self.0.objects.remove(object).await;
                self.0.derivatives.forget(object).await;
            }
            studies += out.studies;
            if out.studies == 0 {
                tracing::info!(repository.code = %code, studies, "a repository was taken out");
                return Ok(());
            }
        }
    }
}
