//! Registered repositories: how far they are indexed, and how they compare with their own lists.

use index_model::{RepositoryDefinition, Uid};

/// How far a repository is indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncPhase {
    /// Nothing was asked yet.
    #[default]
    Waiting,
    /// The back-fill runs.
    Indexing,
    /// Only changes are looked for.
    Following,
}

/// How far a repository is indexed, as its synchroniser keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncState {
    /// Whose state this is: that of an older epoch is not kept.
    pub epoch: i64,
    /// Where it stands.
    pub phase: SyncPhase,
    /// The synchroniser's own place, opaque to the store.
    pub cursor: Option<String>,
    /// Studies looked through in this run.
    pub indexed: u64,
    /// Studies expected in this run, when known.
    pub expected: Option<u64>,
    /// When the repository was last wholly up to date, Unix milliseconds.
    pub synced_ms: Option<i64>,
    /// When this stretch of the back-fill began, and with how many studies: its pace.
    pub stretch: Option<(i64, u64)>,
}

/// What one repository has in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Study copies.
    pub studies: u64,
    /// Series copies.
    pub series: u64,
    /// Instances, declared or known.
    pub instances: u64,
    /// Reports.
    pub reports: u64,
    /// Objects and messages kept aside.
    pub quarantined: u64,
}

/// Why a repository gives nothing, told apart by who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It does not answer, or with something else than what was asked for.
    Down,
    /// It answers, and declines: credentials, an AE title that it does not know, a right that is missing.
    Refused,
}

/// A registered repository.
#[derive(Debug, Clone)]
pub struct RepositoryRow {
    /// As the administrator wrote it.
    pub definition: RepositoryDefinition,
    /// Whether synchronisation is paused.
    pub paused: bool,
    /// How far it is indexed.
    pub sync: SyncState,
    /// Since when it gives nothing, Unix milliseconds, and why.
    pub trouble: Option<(Trouble, i64)>,
    /// Last answer, Unix milliseconds.
    pub last_contact_ms: Option<i64>,
    /// Last failure: Unix milliseconds and words.
    pub last_error: Option<(i64, String)>,
    /// When somebody asked for a comparison that was not made yet, Unix milliseconds.
    pub reconcile_asked_ms: Option<i64>,
    /// Whether that one may mark much as gone.
    pub reconcile_accept: bool,
    /// When it was last compared with its own list, Unix milliseconds.
    pub reconciled_ms: Option<i64>,
    /// When it was registered, Unix milliseconds.
    pub created_ms: i64,
    /// What it has here.
    pub counts: Counts,
}

/// How a comparison with a repository's own list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftOutcome {
    /// Registry and repository agree.
    Clean,
    /// They did not; what was missing here is registered now, and what is gone there is marked.
    Mended,
    /// So much is gone there that nothing was marked: somebody has to look.
    HeldBack,
    /// The repository did not answer to the end; nothing is concluded from what it did not say.
    Failed,
}

impl DriftOutcome {
    /// The word in the database and on the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Mended => "mended",
            Self::HeldBack => "held-back",
            Self::Failed => "failed",
        }
    }

    /// The outcome of a word.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::Clean, Self::Mended, Self::HeldBack, Self::Failed].into_iter().find(|outcome| outcome.code() == code)
    }
}

/// What is different about a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftKind {
    /// The repository has it and it was not registered.
    NotHere,
    /// It is registered and the repository no longer has it: removed at source.
    NotThere,
    /// The numbers of instances differ.
    Differs,
}

impl DriftKind {
    /// The word in the database and on the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotHere => "not-here",
            Self::NotThere => "not-there",
            Self::Differs => "differs",
        }
    }

    /// The kind of a word.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        [Self::NotHere, Self::NotThere, Self::Differs].into_iter().find(|kind| kind.code() == code)
    }
}

/// One comparison with a repository's own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriftReport {
    /// Our key; 0 until it is kept.
    pub report_key: i64,
    /// Unix milliseconds.
    pub started_ms: i64,
    /// Unix milliseconds.
    pub ended_ms: i64,
    /// How it ended.
    pub outcome: DriftOutcome,
    /// Studies of the repository's list.
    pub compared: u64,
    /// In the repository, not here.
    pub not_here: u64,
    /// Here, not in the repository.
    pub not_there: u64,
    /// Other numbers of instances.
    pub differing: u64,
    /// Why it failed or was held back.
    pub words: Option<String>,
}

/// One study of a drift report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What is different.
    pub kind: DriftKind,
    /// Which study.
    pub study_instance_uid: Uid,
    /// Instances that were registered.
    pub instances_here: Option<u32>,
    /// Instances that the repository tells of.
    pub instances_there: Option<u32>,
}

/// A repository's copy of a study, as a comparison needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyRow {
    /// Order of registration.
    pub copy_key: i64,
    /// The union study.
    pub study_key: i64,
    /// Which study.
    pub study_instance_uid: Uid,
    /// Series that the repository declared.
    pub series: Option<u32>,
    /// Instances that the repository declared.
    pub instances: Option<u32>,
    /// Since when it is said to be gone, Unix milliseconds.
    pub removed_ms: Option<i64>,
}

/// What was taken out of the index with some copies of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakenOut {
    /// Study copies.
    pub studies: u64,
    /// Names of objects that nothing refers to any more.
    pub objects: Vec<String>,
    /// Base objects of manifests that are no more; each has an index beside it.
    pub manifests: Vec<String>,
    /// Union studies that changed or are gone, and their series.
    pub changed: Vec<(i64, i64)>,
}
