//! Who read a study, a report or a record: for the assessment of a breach and for its notices. And whether what somebody has open is current.

use std::collections::HashMap;

use access::{Action, Asked, Caller, Permit, Reading, Readings, Shown, Subject};
use index_model::Uid;
use index_store::{PersonState, Read};

use super::search_filter;
use crate::{Registry, RegistryError};

/// What is asked of the audit trail. One of study, report and patient is needed; a patient narrows a study or report.
#[derive(Debug, Clone, Default)]
pub struct ReadersOf {
    /// A study, also one that is gone.
    pub study: Option<Uid>,
    /// Public id of a report.
    pub report: Option<String>,
    /// Public id of a person.
    pub patient: Option<String>,
    /// This version of the report alone.
    pub version: Option<u32>,
    /// From this moment on, Unix milliseconds.
    pub from_ms: Option<i64>,
    /// Before this moment, Unix milliseconds.
    pub to_ms: Option<i64>,
    /// Rows at most.
    pub limit: u32,
}

/// Somebody who read it.
#[derive(Debug)]
pub struct Reader {
    /// What the trail says.
    pub reading: Reading,
    /// Public id of the person whom the patient of then is today.
    pub patient: Option<String>,
    /// It stood under another patient's number then than now; `None` where that is not known.
    pub other_patient: Option<bool>,
}

/// All who read it, as far as the trail of this node tells.
#[derive(Debug)]
pub struct Readers {
    /// The oldest first.
    pub rows: Vec<Reader>,
    /// Rows beyond the limit.
    pub not_shown: u64,
    /// Lines that speak of it and are not as they were written.
    pub altered: u64,
    /// Studies in which a report lies as an object: who opened one of these may have read it there.
    pub objects: Vec<Uid>,
}

impl Registry {
    /// Who read what is asked about. The question has a line in the trail of its own.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] for a report or person that is not known, and the refusal.
    pub async fn readers(&self, caller: &Caller, of: &ReadersOf) -> Result<Readers, RegistryError> {
        let read = match (&of.study, &of.report) {
            (Some(study), _) => self.0.store.read_study(study).await?,
            (None, Some(report)) => self.0.store.read_report(report).await?.ok_or(RegistryError::NotFound)?,
            (None, None) => Read::default(),
        };
        let (person_keys, patient_keys) = match &of.patient {
            Some(patient) => self.0.store.read_person(patient).await?,
            None => Default::default(),
        };
        if of.patient.is_some() && person_keys.is_empty() {
            return Err(RegistryError::NotFound);
        }
        let subject = match (&of.study, read.report_ids.first(), person_keys.first()) {
            (Some(_), ..) => read.study_keys.first().map_or(Subject::Registry, |key| Subject::Study(*key)),
            (None, Some(report), _) => Subject::Report(report.clone()),
            (None, None, Some(person)) => Subject::Person(*person),
            (None, None, None) => {
                let rule = "a study, a report or a patient is needed";
                return Err(RegistryError::Parameter { name: "study".into(), rule: rule.into() });
            }
        };
        let shown = Shown { study_instance_uid: of.study.clone(), version: of.version, ..Shown::default() };
        let permit = self.0.access.permit_shown(caller, Action::ReviewAudit, subject, shown).await?;
        let asked = Asked {
            study: of.study.clone().map(|study| (study, read.study_keys.clone())),
            reports: read.report_ids.clone(),
            person_keys,
            patient_keys,
            version: of.version,
            from_ms: of.from_ms,
            to_ms: of.to_ms,
            most: usize::try_from(of.limit).unwrap_or(usize::MAX),
        };
        let found = self.0.access.readings(&permit, asked).await.map_err(RegistryError::internal)?;
        self.told(found, &read).await
    }

    async fn told(&self, found: Readings, read: &Read) -> Result<Readers, RegistryError> {
        let patients: Vec<i64> = distinct(found.rows.iter().filter_map(|row| row.shown.patient_key));
        let names = self.0.store.public_ids_of_patients(&patients).await?;
        let persons: Vec<i64> = distinct(found.rows.iter().filter_map(|row| match row.subject {
            Subject::Person(key) => Some(key),
            _ => None,
        }));
        let persons: HashMap<i64, String> = self.0.store.public_ids_of_persons(&persons).await?;
        let reader = |reading: Reading| {
            let then = reading.shown.patient_key;
            let patient = match (then, &reading.subject) {
                (Some(key), _) => names.get(&key).cloned(),
                (None, Subject::Person(key)) => persons.get(key).cloned(),
                (None, _) => None,
            };
            let is_known = !read.patient_keys.is_empty();
            let other_patient = then.filter(|_| is_known).map(|key| !read.patient_keys.contains(&key));
            Reader { reading, patient, other_patient }
        };
        let rows = found.rows.into_iter().map(reader).collect();
        Ok(Readers { rows, not_shown: found.not_shown, altered: found.altered, objects: read.objects.clone() })
    }

    /// What stands for the record of a person as it is now: a page that shows it asks again and again, and reads the record anew when the
    /// answer is another. The line in the trail is one for all of these questions within some minutes.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] or the refusal.
    pub async fn patient_state(&self, caller: &Caller, public_id: &str) -> Result<PersonState, RegistryError> {
        let person = self.0.store.person_by_id(public_id).await?.ok_or(RegistryError::NotFound)?;
        let permit = self.0.access.permit(caller, Action::View, Subject::Person(person.person_key)).await?;
        self.state_of(&permit, person.person_key).await
    }

    pub(super) async fn state_of(&self, permit: &Permit, person_key: i64) -> Result<PersonState, RegistryError> {
        Ok(self.0.store.state_of_person(person_key, &search_filter(permit)).await?)
    }
}

fn distinct(keys: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut keys: Vec<i64> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
