//! A portal opens the viewer in context (IHE RAD-106): which study or patient is meant. Never a guess.

use std::collections::BTreeSet;

use access::{Action, Caller, Subject};
use index_model::Uid;
use index_store::{SearchFilter, StudyRow};

use crate::{Registry, RegistryError};

/// What a launch names; exactly one way.
#[derive(Debug, Clone)]
pub enum LaunchRequest {
    /// `requestType=STUDY` with `studyUID`.
    Studies {
        /// StudyInstanceUIDs.
        studies: Vec<Uid>,
        /// (issuer, id) of the patient whose chart is open, when given: studies of anybody else are not opened.
        patient: Option<(Option<String>, String)>,
    },
    /// `requestType=STUDY` with `accessionNumber`, each with its issuer when given; the patient disambiguates.
    Accessions {
        /// (issuer, number).
        accessions: Vec<(Option<String>, String)>,
        /// (issuer, id) of the patient, when given.
        patient: Option<(Option<String>, String)>,
    },
    /// `requestType=PATIENT`: (issuer, id).
    Patient(Option<String>, String),
}

/// What the viewer opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// These studies of one patient.
    Studies {
        /// Public id of the person.
        patient: String,
        /// StudyInstanceUIDs.
        studies: Vec<Uid>,
    },
    /// A patient's record.
    Patient {
        /// Public id of the person.
        patient: String,
    },
    /// Several issuers know the number: the user chooses by facility and date alone.
    Choose(Vec<Choice>),
}

/// One study that an accession number may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Public id of the person.
    pub patient: String,
    /// StudyInstanceUID.
    pub study: Uid,
    /// InstitutionName, else the region.
    pub facility: String,
    /// StudyDate.
    pub study_date: Option<String>,
}

impl Registry {
    /// Finds out what is meant.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], or [`RegistryError::Ambiguous`] when the identifiers name different patients.
    pub async fn resolve_launch(&self, caller: &Caller, request: &LaunchRequest) -> Result<Launch, RegistryError> {
        self.0.access.permit(caller, Action::Launch, Subject::Registry).await?;
        match request {
            LaunchRequest::Studies { studies, patient } => self.by_uid(studies, patient.as_ref()).await,
            LaunchRequest::Patient(issuer, id) => {
                let persons = self.0.store.persons_by_patient_id(issuer.as_deref(), id).await?;
                match persons.as_slice() {
                    [] => Err(RegistryError::NotFound),
                    [person] => Ok(Launch::Patient { patient: person.public_id.clone() }),
                    more => Err(RegistryError::Ambiguous { choices: more.len() }),
                }
            }
            LaunchRequest::Accessions { accessions, patient } => self.by_accession(accessions, patient.as_ref()).await,
        }
    }

    async fn by_uid(
        &self,
        studies: &[Uid],
        patient: Option<&(Option<String>, String)>,
    ) -> Result<Launch, RegistryError> {
        let mut rows = Vec::new();
        for uid in studies {
            rows.extend(self.0.store.studies_by_uid(uid, &SearchFilter::default()).await?);
        }
        if let Some((issuer, id)) = patient {
            let persons = self.0.store.persons_by_patient_id(issuer.as_deref(), id).await?;
            let is_named = |row: &StudyRow| persons.iter().any(|person| person.person_key == row.person_key);
            // Of an identifier that two patients have, theirs; any other would be shown in somebody else's chart.
            let others: BTreeSet<_> =
                rows.iter().filter(|row| !is_named(row)).map(|row| row.study.study_instance_uid.clone()).collect();
            rows.retain(is_named);
            if others.iter().any(|uid| rows.iter().all(|row| row.study.study_instance_uid != *uid)) {
                return Err(RegistryError::Ambiguous { choices: others.len() + 1 });
            }
        }
        self.one_patient(rows).await
    }

    async fn by_accession(
        &self,
        accessions: &[(Option<String>, String)],
        patient: Option<&(Option<String>, String)>,
    ) -> Result<Launch, RegistryError> {
        let persons = match patient {
            Some((issuer, id)) => Some(self.0.store.persons_by_patient_id(issuer.as_deref(), id).await?),
            None => None,
        };
        let mut rows = Vec::new();
        for (issuer, accession) in accessions {
            let mut found = self.0.store.studies_by_accession(issuer.as_deref(), accession).await?;
            if let Some(persons) = &persons {
                let named: Vec<i64> = persons.iter().map(|person| person.person_key).collect();
                found.retain(|row| named.contains(&row.person_key));
            }
            rows.extend(found);
        }
        let mut issuers: Vec<_> = rows.iter().map(accession_issuer).collect();
        issuers.sort();
        issuers.dedup();
        if issuers.len() <= 1 || persons.is_some() {
            return self.one_patient(rows).await;
        }
        Ok(Launch::Choose(self.choices(rows).await?))
    }

    /// The studies of one identifier when patients who are not the same have one each: facility and date alone.
    ///
    /// # Errors
    /// When the index does not answer, or the refusal.
    pub async fn copies_of_study(&self, caller: &Caller, study: &Uid) -> Result<Vec<Choice>, RegistryError> {
        self.0.access.permit(caller, Action::Launch, Subject::Registry).await?;
        let rows = self.0.store.studies_by_uid(study, &SearchFilter::default()).await?;
        self.choices(rows).await
    }

    async fn choices(&self, rows: Vec<StudyRow>) -> Result<Vec<Choice>, RegistryError> {
        let mut choices = Vec::new();
        for row in rows {
            choices.push(Choice {
                patient: self.public_id(&row).await?,
                facility: row.study.institution_name.clone().unwrap_or_else(|| row.regions.join(", ")),
                study_date: row.study.study_date.clone(),
                study: row.study.study_instance_uid,
            });
        }
        Ok(choices)
    }

    async fn one_patient(&self, rows: Vec<StudyRow>) -> Result<Launch, RegistryError> {
        let Some(first) = rows.first() else {
            return Err(RegistryError::NotFound);
        };
        let mut persons: Vec<i64> = rows.iter().map(|row| row.person_key).collect();
        persons.sort_unstable();
        persons.dedup();
        if persons.len() > 1 {
            return Err(RegistryError::Ambiguous { choices: persons.len() });
        }
        let patient = self.public_id(first).await?;
        Ok(Launch::Studies { patient, studies: rows.into_iter().map(|row| row.study.study_instance_uid).collect() })
    }

    async fn public_id(&self, row: &StudyRow) -> Result<String, RegistryError> {
        Ok(self.0.store.person(row.person_key).await?.ok_or(RegistryError::NotFound)?.public_id)
    }
}

fn accession_issuer(row: &StudyRow) -> Option<String> {
    row.study.accession_number.as_ref().map(|accession| accession.issuer.clone())
}
