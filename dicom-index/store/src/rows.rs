//! What the store takes and gives.

use std::sync::Arc;

use index_model::{
    HealthNumber, InstanceEntry, LinkEvidence, PatientRecord, PersonName, Phi, ReportRecord, ReportStatus,
    RepositoryCode, SeriesRecord, StudyRecord, Uid,
};
use index_query::Attribute;

mod conflict;
mod repository;

pub use conflict::*;
pub use repository::*;

/// Which database is underneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one file, write-ahead log.
    Sqlite,
    /// A server.
    Postgres,
}

/// What came of [`index_study`](crate::Store::index_study).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// The union study; 0 where all of it was rejected.
    pub study_key: i64,
    /// The series, in the order given; without those of which all was rejected.
    pub series_keys: Vec<i64>,
    /// Study and series keys of series that lost instances to a rejection note that had waited for this.
    pub withdrawn: Vec<(i64, i64)>,
    /// Whether anything is different from before.
    pub changed: bool,
}

/// An instance that is now held, or whose header is now known.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// Who has it.
    pub repository: RepositoryCode,
    /// Its study, as this instance says.
    pub study: StudyRecord,
    /// Its series, as this instance says.
    pub series: SeriesRecord,
    /// What the manifest says of it.
    pub entry: InstanceEntry,
    /// Its bytes, where they are kept in the index itself under the name of [`InstanceEntry::object`].
    pub small: Option<Vec<u8>>,
    /// Whether its bytes come from a repository that can be asked for them again.
    pub fetched: bool,
}

/// What an instance was to the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not known before.
    New,
    /// The same bytes, or a header where one is known already. Nothing is appended.
    Repeat,
    /// The same SOPInstanceUID with other bytes. Both are kept; the first stays the one shown.
    Conflict,
    /// Only the header was known, now the bytes are held. The appended entry replaces the earlier one.
    Upgraded,
    /// It was rejected (IHE RAD IOCM): its bytes are kept, and it is in no study.
    Rejected,
}

/// What came of a rejection note.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejected {
    /// The note was here before.
    pub is_repeat: bool,
    /// Study and series keys of the series that lost instances.
    pub series: Vec<(i64, i64)>,
    /// Names of manifests that nothing refers to any more, to be deleted.
    pub objects: Vec<String>,
}

/// What came of one instance of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceIndexed {
    /// The union study; 0 of what was rejected.
    pub study_key: i64,
    /// The series; 0 of what was rejected.
    pub series_key: i64,
    /// What it was.
    pub outcome: Outcome,
    /// The name of an object that nothing refers to any more, to be deleted.
    pub superseded_object: Option<String>,
    /// It stands beside the one that is shown and was not compared with it yet.
    pub to_compare: bool,
    /// Study and series keys of series that lost instances to a rejection note that had waited for this.
    pub withdrawn: Vec<(i64, i64)>,
}

/// What a caller may see. `None` means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// Only studies with a copy in one of these regions.
    pub regions: Option<Vec<String>>,
    /// Only studies of these persons.
    pub person_keys: Option<Vec<i64>>,
    /// None of test patients.
    pub without_tests: bool,
}

/// A patient who is taken for a test, or of whom an operator said that they are not.
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
    /// That they are not a test.
    pub ruling: Option<TestRuling>,
}

/// An operator's word that a patient is no test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRuling {
    /// Why.
    pub reason: String,
    /// Who said it.
    pub by: String,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}

/// One page of matches.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// In the stable order: study date and time descending, those without by the best known day, then by UID.
    pub rows: Vec<T>,
    /// Matches after this page.
    pub remaining: u64,
    /// Studies, 1,000 at most, that match but for the date that was asked for: they have none.
    pub undated: u64,
    /// Matching keys that were ignored, because no column has them.
    pub unsupported: Vec<Attribute>,
}

/// A union study.
#[derive(Debug, Clone)]
pub struct StudyRow {
    /// Our key.
    pub study_key: i64,
    /// The source patient of its first copy.
    pub patient_key: i64,
    /// The person of its first copy.
    pub person_key: i64,
    /// Who has copies, first seen first; only those in the filter's regions.
    pub repositories: Vec<RepositoryCode>,
    /// Those of them that say they no longer hold theirs.
    pub removed: Vec<RepositoryCode>,
    /// Their regions, without repeats.
    pub regions: Vec<String>,
    /// The copies' records merged: the first copy's values, gaps filled from the next.
    pub study: StudyRecord,
    /// The day under which a study without StudyDate is listed, `YYYYMMDD`: of its objects, its report, or its arrival.
    pub listed_date: Option<String>,
    /// Modalities of its series, sorted.
    pub modalities: Vec<String>,
    /// Series, over all copies.
    pub number_of_series: u32,
    /// Distinct instances, over all copies.
    pub number_of_instances: u32,
    /// Another patient's study has the same StudyInstanceUID.
    pub conflict: bool,
    /// Last change, Unix milliseconds.
    pub updated_ms: i64,
}

/// How much a series manifest tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ManifestPhase {
    /// Nothing is known below the series.
    #[default]
    None,
    /// Some instances are known.
    Partial,
    /// All instances are known.
    Complete,
}

impl ManifestPhase {
    /// The word in the database.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Partial => "partial",
            Self::Complete => "complete",
        }
    }

    /// The phase of a word.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::None, Self::Partial, Self::Complete].into_iter().find(|phase| phase.code() == code)
    }
}

/// A series' manifest, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Counts the folds.
    pub version: i64,
    /// How much it tells.
    pub state: ManifestPhase,
}

/// A series of a union study.
#[derive(Debug, Clone)]
pub struct SeriesRow {
    /// Its study.
    pub study: Arc<StudyRow>,
    /// Our key.
    pub series_key: i64,
    /// The copies' records merged.
    pub series: SeriesRecord,
    /// Who has copies, first seen first.
    pub repositories: Vec<RepositoryCode>,
    /// Distinct instances: the most that a copy declares, or those known if they are more.
    pub number_of_instances: u32,
    /// Distinct instances whose bytes we hold.
    pub held: u32,
    /// What is known below it.
    pub manifest: Manifest,
}

/// One repository's copy of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesCopy {
    /// Who has it.
    pub repository: RepositoryCode,
    /// What it declares, or what is known from it where that is more.
    pub number_of_instances: Option<u32>,
    /// What it declares, and no more than that.
    pub declared: Option<u32>,
    /// How many of its instances we hold.
    pub held: u32,
}

/// A manifest entry that is not in the base yet.
#[derive(Debug, Clone)]
pub struct PendingEntry {
    /// Order of arrival.
    pub entry_key: i64,
    /// Who has the instance.
    pub repository: RepositoryCode,
    /// A later entry of the same SOPInstanceUID replaces an earlier one, in the base as well.
    pub entry: InstanceEntry,
}

/// Where a manifest stands; `(version, last_entry_key)` is a cache key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestState {
    /// Counts the folds.
    pub version: i64,
    /// How much it tells.
    pub state: ManifestPhase,
    /// The base's object name.
    pub base_object: Option<String>,
    /// Entries that are not in the base yet.
    pub pending: u32,
    /// The last entry that ever arrived; 0 when none did.
    pub last_entry_key: i64,
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

/// One message of a report.
#[derive(Debug, Clone)]
pub struct ReportVersion {
    /// From 1, in order of arrival.
    pub version: u32,
    /// When it arrived, Unix milliseconds.
    pub received_ms: i64,
    /// What it said.
    pub record: ReportRecord,
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
    /// All versions by arrival; empty in lists.
    pub versions: Vec<ReportVersion>,
}

/// Something that was kept aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Our key.
    pub quarantine_key: i64,
    /// Who sent it.
    pub repository: RepositoryCode,
    /// Attribute of the finding.
    pub attribute: String,
    /// Rule of the finding.
    pub rule: String,
    /// Size of what is kept, in bytes.
    pub size_bytes: u64,
    /// Its object name, when it was kept.
    pub object: Option<String>,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// A study is new.
    StudyNew,
    /// A study has other attributes, series, counts or copies.
    StudyChanged,
    /// A report of the study is new, changed or newly linked.
    ReportChanged,
}

impl ChangeKind {
    /// The word in the database and on the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::StudyNew => "study-new",
            Self::StudyChanged => "study-changed",
            Self::ReportChanged => "report-changed",
        }
    }

    /// The kind of a word.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::StudyNew, Self::StudyChanged, Self::ReportChanged].into_iter().find(|kind| kind.code() == code)
    }
}

/// One line of the change feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Its place; rises, with gaps.
    pub seq: i64,
    /// Which study.
    pub study_key: i64,
    /// What changed.
    pub kind: ChangeKind,
    /// When, Unix milliseconds.
    pub at_ms: i64,
}
