//! An operator holds a report until a time: nobody learns more than that it is pending, by whatever face.

use access::{Action, Caller, Permit, Shown, Subject};
use index_store::{HeldReport, ReportHold};

use crate::open::reason_of;
use crate::{Registry, RegistryError};

/// Longest hold: a report that nobody ever sees is to be withdrawn by who wrote it.
const LONGEST_MS: i64 = 366 * 24 * 3_600_000;
/// Holds that are ended in one look.
const AT_A_TIME: u32 = 100;

impl Registry {
    /// Holds a report until this time, or until another than before. Its objects are hidden before this returns. Who said so and why is in
    /// the audit trail.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`]; [`RegistryError::Parameter`] of a time that is past or too far, or a reason that is none; the refusal.
    pub async fn hold_report(
        &self,
        caller: &Caller,
        public_id: &str,
        until_ms: i64,
        reason: &str,
    ) -> Result<(), RegistryError> {
        let reason = reason_of(reason)?;
        let since_ms = self.0.clock.now_ms();
        if until_ms <= since_ms || until_ms - since_ms > LONGEST_MS {
            let rule = "is to be a time to come, within a year".into();
            return Err(RegistryError::Parameter { name: "until".into(), rule });
        }
        let permit = self.rule_hold(caller, public_id, &format!("held: {reason}")).await?;
        let hold = ReportHold { until_ms, since_ms, by: permit.caller().user().id.clone(), reason: reason.to_owned() };
        let held = self.0.store.hold_report(public_id, &hold).await?.ok_or(RegistryError::NotFound)?;
        self.follow_withdrawal(held).await?;
        // Who ends holds learns of the new end.
        self.0.returning.notify_one();
        Ok(())
    }

    /// Ends the hold of a report before its time.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] also where it is not held; a reason that is none; the refusal.
    pub async fn release_report(&self, caller: &Caller, public_id: &str, reason: &str) -> Result<(), RegistryError> {
        let reason = reason_of(reason)?;
        self.rule_hold(caller, public_id, &format!("released: {reason}")).await?;
        self.end_hold(public_id).await?.then_some(()).ok_or(RegistryError::NotFound)
    }

    /// Reports that are held, the next to be released first.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn held_reports(&self, permit: &Permit, limit: u32) -> Result<Vec<HeldReport>, RegistryError> {
        let _ = permit;
        Ok(self.0.store.held_reports(limit).await?)
    }

    /// Ends the holds whose time has come; when the next is due, Unix milliseconds.
    pub(crate) async fn end_holds(&self) -> Result<Option<i64>, RegistryError> {
        let service = self.0.access.service();
        for held in self.0.store.held_reports(AT_A_TIME).await? {
            if held.hold.until_ms > self.0.clock.now_ms() {
                return Ok(Some(held.hold.until_ms));
            }
            self.rule_hold(&service, &held.public_id, "released: its time has come").await?;
            self.end_hold(&held.public_id).await?;
        }
        Ok(None)
    }

    async fn end_hold(&self, public_id: &str) -> Result<bool, RegistryError> {
        let Some(report_key) = self.0.store.release_report(public_id, self.0.clock.now_ms()).await? else {
            return Ok(false);
        };
        self.follow_withdrawal(report_key).await?;
        Ok(true)
    }

    async fn rule_hold(&self, caller: &Caller, public_id: &str, said: &str) -> Result<Permit, RegistryError> {
        let report = self.0.store.report(public_id).await?.ok_or(RegistryError::NotFound)?;
        let patient_key = Some(report.patient_key);
        let shown = Shown { patient_key, reason: Some(said.to_owned()), ..Shown::default() };
        Ok(self.0.access.permit_shown(caller, Action::Administer, Subject::Report(report.public_id), shown).await?)
    }
}
