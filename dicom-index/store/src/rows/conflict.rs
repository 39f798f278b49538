//! What contradicts itself, for those who mend it.

use index_model::{RepositoryCode, Uid};

use crate::SourcePatientRow;

/// What an instance is to another of its SOPInstanceUID, which is the one that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Likeness {
    /// They were not compared; until they are, they count as different.
    #[default]
    Unknown,
    /// The same patient and the same content under another header.
    Same,
    /// Other content, or another patient.
    Different,
    /// It was here, and was not at hand to be compared when another took its place. Nothing is said of it until it is.
    Away,
}

impl Likeness {
    /// The word in the database.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Same => "same",
            Self::Different => "differs",
            Self::Away => "away",
        }
    }

    /// The likeness of a word.
    pub(crate) fn from_code(code: &str) -> Self {
        [Self::Same, Self::Different, Self::Away].into_iter().find(|one| one.code() == code).unwrap_or_default()
    }
}

/// Why a report may be somebody's, or of something, else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// What it names is another patient's alone, so that it is tied to nothing.
    OtherPatient,
    /// The accession number that it names, of the same issuer, is also another patient's. It is tied to its own patient's study.
    SeveralPatients,
    /// Its patient has a study of this accession number, but another issuer gave that.
    OtherIssuer,
}

impl Doubt {
    /// The word in the database and on the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherPatient => "other-patient",
            Self::SeveralPatients => "several-patients",
            Self::OtherIssuer => "other-issuer",
        }
    }

    /// The doubt of a word.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::OtherPatient, Self::SeveralPatients, Self::OtherIssuer].into_iter().find(|doubt| doubt.code() == code)
    }
}

/// Something that contradicts itself: somebody has to look.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// By what it is named when it is dismissed.
    pub key: String,
    /// What it is.
    pub what: Contradiction,
    /// The source patients concerned, with their persons' public ids.
    pub patients: Vec<(String, SourcePatientRow)>,
    /// Since when, Unix milliseconds, where that is known.
    pub since_ms: Option<i64>,
    /// What an administrator said of it, where it needs nothing more.
    pub dismissal: Option<Dismissal>,
}

/// What contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// Several persons have one health number.
    HealthNumber,
    /// Studies of one patient's number tell of somebody else altogether; the first 20.
    PatientNumber(Vec<Uid>),
    /// Several patients have a study of one StudyInstanceUID.
    Study(Uid),
    /// Something stayed with the first patient when a visit or account of theirs moved to the second, because nothing says of which visit it is.
    Visit(LeftBehind),
    /// Copies of instances of a series differ.
    Instance(Differing),
    /// What a report names is not its patient's alone.
    Report {
        /// Its public id.
        report: String,
        /// Why.
        doubt: Doubt,
        /// The studies that it may mean; the first 20.
        studies: Vec<Uid>,
    },
    /// A repository sent messages under control ids (MSH-10) of others; they were refused.
    Message {
        /// Whose they are.
        repository: RepositoryCode,
        /// The control id of the latest.
        control_id: String,
        /// How many there were.
        messages: u32,
    },
}

/// What is known by no visit, and may be of one that moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftBehind {
    /// StudyInstanceUIDs; the first 100.
    pub studies: Vec<Uid>,
    /// Public ids of reports; the first 100.
    pub reports: Vec<String>,
}

/// Instances of a series of which another repository's copies, or others of the same one, differ from what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// StudyInstanceUID.
    pub study_instance_uid: Uid,
    /// SeriesInstanceUID.
    pub series_instance_uid: Uid,
    /// SOPInstanceUID of one of them.
    pub sop_instance_uid: Uid,
    /// How many there are.
    pub instances: u32,
    /// Whose is shown.
    pub shown: Option<RepositoryCode>,
    /// Whose stands beside it.
    pub beside: RepositoryCode,
    /// Whether all of them were compared.
    pub is_compared: bool,
}

/// That an administrator looked at a conflict and found that it needs nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissal {
    /// In their words.
    pub reason: String,
    /// Who.
    pub dismissed_by: String,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}
