//! A report that is also a DICOM object is withdrawn, posted on the wrong patient, or held: its object goes with it, and comes back with the
//! correction or when the hold ends. What is told of a report is done before its sender hears of it.

use access::{Action, Subject};
use adapter_api::Object;
use index_model::RepositoryCode;

use crate::{Registry, RegistryError};

impl Registry {
    /// Hides the objects of a report that is withdrawn or held, or brings them back. Each has a line of its own in the audit trail.
    pub(crate) async fn follow_withdrawal(&self, report_key: i64) -> Result<(), RegistryError> {
        let Some(due) = self.0.store.withdrawal_due(report_key).await? else { return Ok(()) };
        let action = if due.hides { Action::Reject } else { Action::Reinstate };
        let service = self.0.access.service();
        self.0.access.permit(&service, action, Subject::Report(due.public_id)).await?;
        let changed = self.0.store.follow_withdrawal(report_key, self.0.clock.now_ms()).await?;
        tracing::info!(
            report.key = report_key,
            is_hidden = due.hides,
            series = changed.series.len(),
            "the objects of a report follow it"
        );
        self.left(&changed).await;
        if !due.hides {
            // Indexing an object comes here again, by the report that it is: another task does it.
            self.0.returning.notify_one();
        }
        Ok(())
    }

    /// Indexes anew what may be shown again. One that can't be read keeps no other back.
    pub(crate) async fn bring_back(&self) -> Result<(), RegistryError> {
        loop {
            let waiting = self.0.store.returning().await?;
            let mut failed = None;
            for (repository, name) in &waiting {
                if let Err(error) = self.bring_one_back(repository, name).await {
                    failed = Some(error);
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
            if waiting.is_empty() || self.0.stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// The bytes under their new name first: what is interrupted is done again, and what is here twice for that is one instance.
    async fn bring_one_back(&self, repository: &RepositoryCode, name: &str) -> Result<(), RegistryError> {
        let object = Object::from(self.0.objects.get(name).await?);
        let fate = self.take_in(repository, object, None).await.fate;
        if !fate.is_held() {
            return Err(RegistryError::internal("an object of a report could not be indexed anew"));
        }
        if self.0.store.note_returned(name).await? {
            self.0.objects.remove(name).await;
        }
        Ok(())
    }
}
