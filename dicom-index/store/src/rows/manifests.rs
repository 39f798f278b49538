//! How far the manifest of a series is written.

use index_model::{InstanceEntry, RepositoryCode};

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
