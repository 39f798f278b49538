//! Patients who are taken for tests: an administrator sees which, and says of one that they are somebody.

use access::{Action, Caller, Permit, Shown, Subject};
use index_store::{TestPatient, TestRuling};

use crate::{Registry, RegistryError};

/// Longest reason, in characters.
const MOST_REASON: usize = 200;

impl Registry {
    /// Patients whose studies searches over all patients leave out, and those of whom somebody ruled that they are no test.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn test_patients(&self, permit: &Permit, limit: u32) -> Result<Vec<TestPatient>, RegistryError> {
        let _ = permit;
        Ok(self.0.store.test_patients(limit).await?)
    }

    /// An operator rules that a patient is no test, and why; both are in the audit trail.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] where no number of a test is theirs, a reason that is none, or the refusal.
    pub async fn rule_no_test(&self, caller: &Caller, patient_key: i64, reason: &str) -> Result<(), RegistryError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > MOST_REASON || reason.chars().any(char::is_control) {
            let rule = "is needed: a line of 200 characters at the most";
            return Err(RegistryError::Parameter { name: "reason".into(), rule: rule.into() });
        }
        let person = self.0.store.person_of_test_patient(patient_key).await?.ok_or(RegistryError::NotFound)?;
        let shown = Shown { patient_key: Some(patient_key), reason: Some(reason.to_owned()), ..Shown::default() };
        let permit = self.0.access.permit_shown(caller, Action::Administer, Subject::Person(person), shown).await?;
        let by = permit.caller().user().id.clone();
        let ruling = TestRuling { reason: reason.to_owned(), by, at_ms: self.0.clock.now_ms() };
        Ok(self.0.store.rule_no_test(patient_key, &ruling).await?)
    }
}
