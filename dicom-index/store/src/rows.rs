//! What the store takes and gives.

mod conflict;
mod intake;
mod manifests;
mod patients;
mod reports;
mod repository;
mod studies;

pub use conflict::*;
pub use intake::*;
pub use manifests::*;
pub use patients::*;
pub use reports::*;
pub use repository::*;
pub use studies::*;

/// Which database is underneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one file, write-ahead log.
    Sqlite,
    /// A server.
    Postgres,
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
