//! Patients, the persons they are linked to, and who of them is a test.

use index_model::{HealthNumber, PatientRecord, PersonName, Phi, RepositoryCode};

/// A patient who is taken for a test, or of whom an operator said whether they are one.
#[derive(Debug, Clone)]
pub struct TestPatient {
    /// Our key.
    pub patient_key: i64,
    /// Who they are linked with.
    pub person_key: i64,
    /// The public id of that person.
    pub public_id: String,
    /// Issuer of the number.
    pub issuer: String,
    /// The number.
    pub patient_id: Phi<String>,
    /// The repository that told of them first.
    pub repository: RepositoryCode,
    /// Studies that searches over all patients leave out.
    pub hidden_studies: u32,
    /// What an operator said of it.
    pub ruling: Option<TestRuling>,
}

/// An operator's word that a patient is a test, or is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRuling {
    /// Whether they are one.
    pub is_test: bool,
    /// Why.
    pub reason: String,
    /// Who said it.
    pub by: String,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}

/// A patient as one source knows them.
#[derive(Debug, Clone)]
pub struct SourcePatientRow {
    /// Our key.
    pub patient_key: i64,
    /// Issuer of the id.
    pub issuer: String,
    /// The id; `None` for a patient known from one study or report alone.
    pub patient_id: Option<Phi<String>>,
    /// PatientName.
    pub name: PersonName,
    /// PatientBirthDate, `YYYYMMDD`.
    pub birth_date: Option<Phi<String>>,
    /// PatientSex.
    pub sex: Option<String>,
    /// The provincial health number.
    pub health_number: Option<HealthNumber>,
    /// The repository that told of them first.
    pub repository: RepositoryCode,
}

/// A patient of one issuer, as a search at the patient level finds them.
#[derive(Debug, Clone)]
pub struct PatientRow {
    /// Our key.
    pub patient_key: i64,
    /// As their sources know them; with a PatientID.
    pub patient: PatientRecord,
    /// Studies that are theirs and may be seen.
    pub number_of_studies: u32,
    /// Series of these studies.
    pub number_of_series: u32,
    /// Instances of these studies.
    pub number_of_instances: u32,
}

/// A person: the source patients that are known to be one.
#[derive(Debug, Clone)]
pub struct PersonRow {
    /// Our key.
    pub person_key: i64,
    /// The id that URLs name, a UUID. Ids of merged persons resolve too.
    pub public_id: String,
    /// The source patients, oldest first.
    pub patients: Vec<SourcePatientRow>,
    /// The first name given.
    pub name: PersonName,
    /// The first birth date given.
    pub birth_date: Option<Phi<String>>,
    /// The first sex given.
    pub sex: Option<String>,
    /// The first health number given.
    pub health_number: Option<HealthNumber>,
}

/// What came of [`tell_patient`](crate::Store::tell_patient).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatientTold {
    /// Done, and kept in the history.
    Done,
    /// The same message again.
    Repeat,
    /// The control id was used for another message: refuse it.
    ControlIdReused,
    /// What it says can't be: the rule in words.
    Refused {
        /// The rule.
        rule: &'static str,
    },
}
