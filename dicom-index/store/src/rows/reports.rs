//! Reports with their versions, and orders.

use std::sync::Arc;

use index_model::{LinkEvidence, ReportRecord, ReportStatus, RepositoryCode, Uid};

/// A report to be taken in.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// Whose message or object it is.
    pub repository: RepositoryCode,
    /// The version that it brings.
    pub report: ReportRecord,
    /// The message that it was read from; empty for the further reports of one message, and of an object, which is kept with the instances.
    pub raw: Arc<[u8]>,
}

/// What came of [`store_report`](crate::Store::store_report).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportStored {
    /// Kept as a version of a report.
    Stored {
        /// Our key.
        report_key: i64,
        /// The id that URLs name, a UUID.
        public_id: String,
        /// Counts the messages of this report, from 1.
        version: u32,
        /// Whether this version is the one shown.
        current: bool,
    },
    /// The same message again.
    Repeat {
        /// Our key.
        report_key: i64,
    },
    /// The control id was used for another message: refuse it.
    ControlIdReused,
}

/// What is to be done to the objects that a report is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalDue {
    /// The id that URLs name, a UUID.
    pub public_id: String,
    /// Whether they are to be hidden, for the report is withdrawn or held; else they come back.
    pub hides: bool,
}

/// A study that a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportLink {
    /// Our key.
    pub study_key: i64,
    /// StudyInstanceUID.
    pub study_instance_uid: Uid,
    /// What tied them.
    pub evidence: LinkEvidence,
}

/// What became of a message of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStored {
    /// Known now.
    Stored,
    /// The same message was here before.
    Repeat,
    /// Another message had this control id.
    ControlIdReused,
}

/// What came of an operator's ruling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruled {
    /// It holds.
    Done,
    /// No report has this id.
    NoSuchReport,
    /// No study has this UID.
    NoSuchStudy,
    /// The study is another patient's: nothing is tied across patients.
    OtherPatient,
}

/// Why it is not certain that a report is the patient's in whose record it stands, while no operator tied it to a study or dismissed the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconfirmed {
    /// It came under a number of theirs and tells of somebody else: no word of the name is the same, nor is the birth date.
    NamesAnother,
    /// It is tied to a study of theirs, came under another number, and name or birth date differ or are not told.
    OtherNumber,
}

impl Unconfirmed {
    /// Its code in answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NamesAnother => "names-another",
            Self::OtherNumber => "other-number",
        }
    }
}

/// An operator's word that a report is not to be read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportHold {
    /// Until when, Unix milliseconds.
    pub until_ms: i64,
    /// Since when, Unix milliseconds.
    pub since_ms: i64,
    /// Who said so.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
}

/// A report that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReport {
    /// Our key.
    pub report_key: i64,
    /// The id that URLs name, a UUID.
    pub public_id: String,
    /// Who sent it.
    pub repository: RepositoryCode,
    /// The hold.
    pub hold: ReportHold,
}

/// One message of a report.
#[derive(Debug, Clone)]
pub struct ReportVersion {
    /// From 1, in order of arrival.
    pub version: u32,
    /// When it arrived, Unix milliseconds.
    pub received_ms: i64,
    /// What it said; without words and documents where it is a rejected object, or came under another patient than the report's.
    pub record: ReportRecord,
    /// Whether it tells of somebody else than the number that the report stands under.
    pub names_another: bool,
}

/// A report.
#[derive(Debug, Clone)]
pub struct ReportRow {
    /// Our key.
    pub report_key: i64,
    /// The id that URLs name, a UUID.
    pub public_id: String,
    /// Whose.
    pub person_key: i64,
    /// The source patient that it is filed under.
    pub patient_key: i64,
    /// Who sent it.
    pub repository: RepositoryCode,
    /// Its region.
    pub region: String,
    /// Status of the version shown.
    pub status: ReportStatus,
    /// Number of the version shown.
    pub version: u32,
    /// The version shown; without text in lists.
    pub current: ReportRecord,
    /// When the version shown arrived, Unix milliseconds.
    pub received_ms: i64,
    /// What it is about.
    pub links: Vec<ReportLink>,
    /// What has to be said before its words.
    pub unconfirmed: Option<Unconfirmed>,
    /// Until when it is held: it is pending, and neither this row nor any other answer has anything of what it says.
    pub held_until_ms: Option<i64>,
    /// All versions by arrival; empty in lists, and of a report that is held.
    pub versions: Vec<ReportVersion>,
}
