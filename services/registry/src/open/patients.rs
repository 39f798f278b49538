//! One person's record of all regions, and the reports in it.

use std::collections::HashMap;

use access::{Action, Caller, Permit, Shown, Subject};
use index_model::{Phi, ReportDocument, Uid};
use index_store::{PersonRow, PersonState, ReportRow, Ruled, SearchFilter, StudyRow};

use crate::open::copies::CopyOf;
use crate::open::search_filter;
use crate::search::Missing;
use crate::{Registry, RegistryError};

/// A person whose record somebody has leave to open.
#[derive(Debug)]
pub struct OpenedPatient {
    /// The leave.
    pub permit: Permit,
    /// Who.
    pub person: PersonRow,
    /// Studies of all regions, newest first.
    pub studies: Vec<StudyRow>,
    /// Of how many instances of a study other repositories' copies differ from the one that is shown, by study key.
    pub differing: HashMap<i64, u32>,
    /// Of which other study of the record one is a copy, by study key.
    pub copies: HashMap<i64, CopyOf>,
    /// Reports, newest first, without their texts.
    pub reports: Vec<ReportRow>,
    /// Repositories that do not answer.
    pub missing: Vec<Missing>,
    /// What stands for the record as it was just before it was read: see [`Registry::patient_state`].
    pub state: PersonState,
}

impl Registry {
    /// One person's record.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] or the refusal.
    pub async fn open_patient(&self, caller: &Caller, public_id: &str) -> Result<OpenedPatient, RegistryError> {
        let person = self.0.store.person_by_id(public_id).await?.ok_or(RegistryError::NotFound)?;
        let permit = self.0.access.permit(caller, Action::OpenPatient, Subject::Person(person.person_key)).await?;
        let state = self.state_of(&permit, person.person_key).await?;
        let studies = self.0.store.studies_of_person(person.person_key, &search_filter(&permit)).await?;
        let keys: Vec<i64> = studies.iter().map(|study| study.study_key).collect();
        let differing = self.0.store.differing_of_studies(&keys).await?;
        let copies = self.copies_in(&studies).await?;
        let reports = self.0.store.reports_of_person(person.person_key).await?;
        Ok(OpenedPatient { permit, person, studies, differing, copies, reports, missing: self.missing(), state })
    }

    /// Whose study this is: the id that the viewer's addresses name.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`], [`RegistryError::Ambiguous`] or the refusal.
    pub async fn patient_of_study(&self, caller: &Caller, study: &Uid) -> Result<String, RegistryError> {
        let rows = self.0.store.studies_by_uid(study, &SearchFilter::default()).await?;
        let row = match rows.as_slice() {
            [] => return Err(RegistryError::NotFound),
            [row] => row,
            more => return Err(RegistryError::Ambiguous { choices: more.len() }),
        };
        self.0.access.permit(caller, Action::OpenPatient, Subject::Person(row.person_key)).await?;
        let person = self.0.store.person(row.person_key).await?.ok_or(RegistryError::NotFound)?;
        Ok(person.public_id)
    }

    /// The persons of several studies at once, for a list; those that several patients share are left out.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn patient_id_of(&self, person_key: i64) -> Result<Option<String>, RegistryError> {
        Ok(self.0.store.person(person_key).await?.map(|person| person.public_id))
    }

    /// Ties a report to a study by an operator's ruling, or parts them.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] or the refusal; what can't be is in the answer.
    pub async fn rule_report(
        &self,
        caller: &Caller,
        public_id: &str,
        study: &Uid,
        linked: bool,
    ) -> Result<Ruled, RegistryError> {
        let subject = Subject::Report(public_id.to_owned());
        let permit = self.0.access.permit(caller, Action::Administer, subject).await?;
        let by = permit.caller().user().id.clone();
        Ok(self.0.store.rule_report(public_id, study, linked, &by, self.0.clock.now_ms()).await?)
    }

    /// A report with its versions. Of one that was withdrawn, or posted on the wrong patient, neither words nor documents are given out;
    /// they are kept. Of one that is held there are no versions.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] or the refusal.
    pub async fn report(&self, caller: &Caller, public_id: &str) -> Result<ReportRow, RegistryError> {
        self.read_report(caller, public_id, None).await
    }

    /// The report, and a line in the trail that says which version is read: the current one unless another is named.
    async fn read_report(
        &self,
        caller: &Caller,
        public_id: &str,
        version: Option<u32>,
    ) -> Result<ReportRow, RegistryError> {
        let mut report = self.0.store.report(public_id).await?.ok_or(RegistryError::NotFound)?;
        let is_withdrawn = report.status.is_withdrawn();
        let shown = Shown {
            patient_key: Some(report.patient_key),
            version: Some(version.unwrap_or(report.version)),
            withheld: is_withdrawn || report.held_until_ms.is_some(),
            ..Shown::default()
        };
        let subject = Subject::Report(report.public_id.clone());
        self.0.access.permit_shown(caller, Action::ReadReport, subject, shown).await?;
        if is_withdrawn {
            let records = report.versions.iter_mut().map(|version| &mut version.record);
            records.chain([&mut report.current]).for_each(|record| {
                record.text = Phi::default();
                record.documents.clear();
            });
        }
        Ok(report)
    }

    /// A document of one version of a report, both counted from 1, under the same rule as its words.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] or the refusal.
    pub async fn report_document(
        &self,
        caller: &Caller,
        public_id: &str,
        version: u32,
        number: u32,
    ) -> Result<ReportDocument, RegistryError> {
        let report = self.read_report(caller, public_id, Some(version)).await?;
        let of_version =
            report.versions.into_iter().find(|one| one.version == version).ok_or(RegistryError::NotFound)?;
        let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let known = place.and_then(|place| of_version.record.documents.into_iter().nth(place));
        let known = known.ok_or(RegistryError::NotFound)?;
        let content = self.0.store.report_document(report.report_key, version, number).await?;
        let content = content.ok_or(RegistryError::NotFound)?.into_inner();
        Ok(ReportDocument { content: Phi::new(content.into()), ..known })
    }
}
