//! Why a source gave no answer.

use index_model::RepositoryCode;

/// What went wrong underneath. Its text names no patient.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a source gave no answer, told apart by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Try again later; meanwhile answer from the others and say who is missing.
    #[error("repository {repository} is unavailable")]
    Unavailable {
        /// Which one.
        repository: RepositoryCode,
        /// Why.
        #[source]
        cause: Cause,
    },

    /// The source declined: credentials, an unknown AE title, a missing agreement. Retrying does not help.
    #[error("repository {repository} refused: {reason}")]
    Refused {
        /// Which one.
        repository: RepositoryCode,
        /// In words, with the status code where there is one.
        reason: String,
    },

    /// The peer broke the protocol or contradicted itself. Never taken for an empty answer.
    #[error("repository {repository} broke {rule}")]
    Malformed {
        /// Which one.
        repository: RepositoryCode,
        /// The rule or section.
        rule: String,
    },

    /// A list was cut off by the source: what came of it is right, and some is missing. The last word of a list, never of a retrieval.
    #[error("repository {repository} tells of less than it has: {rule}")]
    Incomplete {
        /// Which one.
        repository: RepositoryCode,
        /// What was cut off.
        rule: String,
    },

    /// The source says that it does not hold what was asked for.
    #[error("repository {repository} does not hold it")]
    NotFound {
        /// Which one.
        repository: RepositoryCode,
    },

    /// The deadline passed or the caller has gone.
    #[error("stopped: {0}")]
    Stopped(#[from] runtime::Stopped),
}
