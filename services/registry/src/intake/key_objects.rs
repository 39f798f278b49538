//! Key object selections that say something of other objects: rejection notes (IHE RAD IOCM, RAD-66) and manifests (XDS-I.b, MADO).
//!
//! They are kept, and are no instances of the study that they speak of.

use access::{Action, Subject};
use index_model::{KeyObject, KeyObjectPurpose, RejectionReason, RepositoryCode, StudyRecord};
use index_store::Rejected;

use crate::manifest::index_name;
use crate::{Registry, RegistryError};

impl Registry {
    /// Does what a key object selection says. `object` names its bytes, where they are held.
    pub(crate) async fn act_on(
        &self,
        repository: &RepositoryCode,
        study: &StudyRecord,
        document: &KeyObject,
        object: Option<&str>,
    ) -> Result<(), RegistryError> {
        match document.purpose {
            KeyObjectPurpose::Rejection(reason) => self.reject(repository, (document, study), reason, object).await,
            KeyObjectPurpose::Manifest => self.register_manifest(repository, study, document, object).await,
        }
    }

    /// Takes in a rejection note: its instances leave searches, metadata and retrieval, whichever came first. Each note has a line of its
    /// own in the audit trail.
    async fn reject(
        &self,
        repository: &RepositoryCode,
        (note, study): (&KeyObject, &StudyRecord),
        reason: RejectionReason,
        object: Option<&str>,
    ) -> Result<(), RegistryError> {
        let service = self.0.access.service();
        self.0.access.permit(&service, Action::Reject, Subject::Repository(repository.to_string())).await?;
        let rejected =
            self.0.store.reject(repository, (note, &study.patient), reason, object, self.0.clock.now_ms()).await?;
        if rejected.is_repeat {
            if let Some(object) = object {
                self.0.objects.remove(object).await;
            }
            return Ok(());
        }
        tracing::info!(repository.code = %repository, reason = reason.code(), series = rejected.series.len(), "instances were rejected");
        self.left(&rejected).await;
        Ok(())
    }

    /// Lets go of what is remembered, and kept, of what was rejected.
    pub(crate) async fn left(&self, rejected: &Rejected) {
        self.withdrawn(&rejected.series).await;
        for base in &rejected.objects {
            self.0.objects.remove(base).await;
            self.0.objects.remove(&index_name(base)).await;
        }
    }

    /// Drops what is cached of series that lost instances, and writes their manifests anew.
    pub(crate) async fn withdrawn(&self, series: &[(i64, i64)]) {
        for (study_key, series_key) in series {
            self.changed(*study_key, *series_key);
        }
        for (_, series_key) in series {
            if let Err(error) = self.fold_series(*series_key, None).await {
                // What is stored is filtered when it is read; it is written anew with the next instance.
                tracing::error!(error = %error, series.key = series_key, "a manifest could not be written after a rejection");
            }
        }
    }
}
