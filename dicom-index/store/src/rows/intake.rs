//! What comes in, and what it was to the index.

use std::sync::Arc;

use index_model::{InstanceEntry, RepositoryCode, SeriesRecord, StudyRecord};

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
    pub entry: Arc<InstanceEntry>,
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
    /// Somebody else has a study of its StudyInstanceUID, so that neither opens unless the patient is named.
    pub is_disputed: bool,
    /// It repeats what stands beside the one that is shown, and shows the same under another header.
    pub is_reworded: bool,
    /// Study and series keys of series that lost instances to a rejection note that had waited for this.
    pub withdrawn: Vec<(i64, i64)>,
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
