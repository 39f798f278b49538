//! Security alerts: that one study identifier stands under several patients, or one patient's number under studies of two people, is written into the audit trail, whoever's message or object
//! brought it about.

use std::time::Duration;

use access::{Action, Subject};

use crate::{Registry, RegistryError};

/// The lease by which one node alone does it.
const LEASE: &str = "security alerts";
/// How often it is looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Alerts of one look.
const AT_A_TIME: u32 = 100;

/// Alerts until the registry ends.
pub(crate) async fn run(registry: Registry) {
    loop {
        tokio::select! {
            () = registry.0.stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if let Err(error) = registry.alert().await {
            tracing::error!(error = %error, "a security alert could not be written");
        }
    }
}

impl Registry {
    /// The line first, then the note that it is written: what is interrupted is written again rather than not at all.
    async fn alert(&self) -> Result<(), RegistryError> {
        let studies = self.0.store.studies_to_alert(AT_A_TIME).await?;
        let patients = self.0.store.patients_to_alert(AT_A_TIME).await?;
        let holder = format!("{} {}", self.0.node, uuid::Uuid::new_v4().simple());
        if studies.is_empty() && patients.is_empty()
            || !self.0.store.take_lease(LEASE, &holder, self.0.limits.lease).await?
        {
            return Ok(());
        }
        let alerted = self.alert_of(&studies, &patients).await;
        self.0.store.give_lease_back(LEASE, &holder).await?;
        alerted
    }

    async fn alert_of(&self, studies: &[i64], patients: &[(i64, i64)]) -> Result<(), RegistryError> {
        let service = self.0.access.service();
        for (patient_key, person_key) in patients {
            self.0.access.permit(&service, Action::SecurityAlert, Subject::Person(*person_key)).await?;
            self.0.store.note_patient_alerted(*patient_key, self.0.clock.now_ms()).await?;
            metrics::counter!("dics_security_alerts_total").increment(1);
            tracing::error!(
                patient.key = patient_key,
                "studies of two people came under one number: somebody has to look"
            );
        }
        for study_key in studies {
            self.0.access.permit(&service, Action::SecurityAlert, Subject::Study(*study_key)).await?;
            self.0.store.note_alerted(*study_key, self.0.clock.now_ms()).await?;
            metrics::counter!("dics_security_alerts_total").increment(1);
            tracing::error!(
                study.key = study_key,
                "a study's identifier stands under several patients: somebody has to look"
            );
        }
        Ok(())
    }
}
