//! Patients who are taken for tests: an administrator sees which, and says of one that they are somebody, or of another that they are a test.

use access::{Action, Caller, Permit, Shown, Subject};
use index_store::{TestPatient, TestRuling};

use crate::open::reason_of;
use crate::{Registry, RegistryError};

impl Registry {
    /// Patients whose studies searches over all patients leave out, and those of whom somebody ruled whether they are one.
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
        let reason = reason_of(reason)?;
        let person = self.0.store.person_of_test_patient(patient_key).await?.ok_or(RegistryError::NotFound)?;
        self.rule_test(caller, (patient_key, person), false, reason).await
    }

    /// The same of the patient who has this number of this issuer, who is a test, or none after all.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] where the number is nobody's, or who is to be none is not taken for one; a reason that is none, or the
    /// refusal.
    pub async fn rule_test_of_number(
        &self,
        caller: &Caller,
        (issuer, number): (&str, &str),
        is_test: bool,
        reason: &str,
    ) -> Result<(), RegistryError> {
        let reason = reason_of(reason)?;
        let known = self.0.store.patient_of_number(issuer.trim(), number.trim()).await?;
        let (patient_key, person) = known.ok_or(RegistryError::NotFound)?;
        if !is_test {
            self.0.store.person_of_test_patient(patient_key).await?.ok_or(RegistryError::NotFound)?;
        }
        self.rule_test(caller, (patient_key, person), is_test, reason).await
    }

    async fn rule_test(
        &self,
        caller: &Caller,
        (patient_key, person): (i64, i64),
        is_test: bool,
        reason: &str,
    ) -> Result<(), RegistryError> {
        let said = if is_test { "a test" } else { "no test" };
        let reason_told = Some(format!("{said}: {reason}"));
        let shown = Shown { patient_key: Some(patient_key), reason: reason_told, ..Shown::default() };
        let permit = self.0.access.permit_shown(caller, Action::Administer, Subject::Person(person), shown).await?;
        let by = permit.caller().user().id.clone();
        let ruling = TestRuling { is_test, reason: reason.to_owned(), by, at_ms: self.0.clock.now_ms() };
        Ok(self.0.store.rule_test(patient_key, &ruling).await?)
    }
}
