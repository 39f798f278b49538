//! Why a use case gave no answer, told apart by what a face says.

use std::borrow::Cow;
use std::sync::Arc;

use access::Refused;
use index_model::RepositoryCode;

/// What went wrong underneath. Its text names no patient.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a use case gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no such thing, or the caller may not know of it.
    #[error("not found")]
    NotFound,
    /// The caller may not.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The same StudyInstanceUID stands under several patients; the patient must be named.
    #[error("{choices} patients have a study of this identifier")]
    Ambiguous {
        /// How many.
        choices: usize,
    },
    /// The repositories that had it say that they no longer do.
    #[error("removed at its source: {}", names(repositories))]
    Gone {
        /// Which ones.
        repositories: Vec<RepositoryCode>,
    },
    /// The repositories that hold it do not answer.
    #[error("repositories do not answer: {}", names(repositories))]
    Unavailable {
        /// Which ones.
        repositories: Vec<RepositoryCode>,
    },
    /// A repository contradicted itself or broke off; what it sent is not passed on as if it were whole.
    #[error("repository {repository} gave an incomplete answer: {rule}")]
    Incomplete {
        /// Which one.
        repository: RepositoryCode,
        /// What was wrong.
        rule: String,
    },
    /// It can't be made in the form that was asked for.
    #[error("{rule}")]
    NotAcceptable {
        /// Why not.
        rule: String,
    },
    /// More would have to be looked at than one request may ask for.
    #[error("{rule}")]
    TooBroad {
        /// What would narrow it.
        rule: String,
    },
    /// An option of the request can't be met for this object.
    #[error("{rule}")]
    Parameter {
        /// The option.
        name: Cow<'static, str>,
        /// Why not.
        rule: Cow<'static, str>,
    },
    /// Too much at once; the same request will do a moment later.
    #[error("too many requests at once")]
    Overloaded,
    /// Nothing can be kept until somebody makes room.
    #[error("there is no room left in the storage; nothing of this was kept")]
    NoRoom(#[source] Cause),
    /// The database does not answer; nothing can be found or kept until it does.
    #[error("the registry's database does not answer; try again later")]
    NoDatabase(#[source] Cause),
    /// A fault of ours.
    #[error("internal fault")]
    Internal(#[source] Cause),
}

fn names(repositories: &[RepositoryCode]) -> String {
    repositories.iter().map(RepositoryCode::as_str).collect::<Vec<_>>().join(", ")
}

impl RegistryError {
    /// Wraps a fault of ours.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// The failure of work that several callers waited for, for each of them.
    pub(crate) fn of_shared(shared: Arc<Self>) -> Self {
        let shared = match Arc::try_unwrap(shared) {
            Ok(own) => return own,
            Err(shared) => shared,
        };
        match &*shared {
            Self::NotFound => Self::NotFound,
            Self::Refused(refused) => Self::Refused(refused.clone()),
            Self::Ambiguous { choices } => Self::Ambiguous { choices: *choices },
            Self::Gone { repositories } => Self::Gone { repositories: repositories.clone() },
            Self::Unavailable { repositories } => Self::Unavailable { repositories: repositories.clone() },
            Self::Incomplete { repository, rule } => {
                Self::Incomplete { repository: repository.clone(), rule: rule.clone() }
            }
            Self::NotAcceptable { rule } => Self::NotAcceptable { rule: rule.clone() },
            Self::TooBroad { rule } => Self::TooBroad { rule: rule.clone() },
            Self::Parameter { name, rule } => Self::Parameter { name: name.clone(), rule: rule.clone() },
            Self::Overloaded => Self::Overloaded,
            Self::NoRoom(_) => Self::NoRoom(Box::new(shared)),
            Self::NoDatabase(_) => Self::NoDatabase(Box::new(shared)),
            Self::Internal(_) => Self::Internal(Box::new(shared)),
        }
    }
}

impl From<index_store::StoreError> for RegistryError {
    fn from(error: index_store::StoreError) -> Self {
        if error.is_full() {
            Self::NoRoom(Box::new(error))
        } else if error.is_outage() {
            Self::NoDatabase(Box::new(error))
        } else {
            Self::Internal(Box::new(error))
        }
    }
}

/// Whether the file system has no room, however deep that is said.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let full = |error: &std::io::Error| {
        use std::io::ErrorKind as K;
        matches!(error.kind(), K::StorageFull | K::QuotaExceeded)
    };
    std::iter::successors(Some(error), |error| error.source())
        .any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(full))
}

impl From<object_store::Error> for RegistryError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound,
            other if is_full(&other) => Self::NoRoom(Box::new(other)),
            other => Self::Internal(Box::new(other)),
        }
    }
}

impl From<runtime::NotDone> for RegistryError {
    fn from(error: runtime::NotDone) -> Self {
        match error {
            runtime::NotDone::Full(_) => Self::Overloaded,
            runtime::NotDone::Dropped(dropped) => dropped.into(),
        }
    }
}

impl From<runtime::Dropped> for RegistryError {
    fn from(error: runtime::Dropped) -> Self {
        Self::Internal(Box::new(error))
    }
}
