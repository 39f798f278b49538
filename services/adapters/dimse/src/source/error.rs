//! What an association's end and a response's status mean to a caller, in words that tell what to do.

use adapter_api::SourceError;
use dimse::association::{AssociationError, Rejection};
use dimse::message::Status;
use index_model::RepositoryCode;

/// Why a DIMSE peer could not do what was asked, where only a status tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {status}")]
pub struct FailedStatus {
    /// `C-FIND`, `C-MOVE`, …
    pub operation: &'static str,
    /// As answered.
    pub status: Status,
}

pub(super) fn of_association(code: &RepositoryCode, error: AssociationError) -> SourceError {
    let repository = code.clone();
    match error {
        AssociationError::Rejected(rejection) if !rejection.transient => {
            SourceError::Refused { repository, reason: format!("{rejection}: {}", remedy(rejection)) }
        }
        AssociationError::NoContext => {
            let reason =
                "it accepts none of the presentation contexts; enable Study Root query/retrieve for our AE title"
                    .into();
            SourceError::Refused { repository, reason }
        }
        AssociationError::Broken(rule) => SourceError::Malformed { repository, rule: rule.into() },
        other => SourceError::Unavailable { repository, cause: Box::new(other) },
    }
}

pub(super) fn of_status(code: &RepositoryCode, operation: &'static str, status: Status) -> SourceError {
    let repository = code.clone();
    let failed = FailedStatus { operation, status };
    match status {
        Status::MOVE_DESTINATION_UNKNOWN => SourceError::Refused {
            repository,
            reason: format!("{failed}: register our AE title with host and port as a move destination there"),
        },
        Status::CANCELLED => {
            SourceError::Malformed { repository, rule: format!("{operation} cancelled by the peer itself") }
        }
        Status::NOT_AUTHORISED
        | Status::SOP_CLASS_NOT_SUPPORTED
        | Status::UNRECOGNISED_OPERATION
        | Status(0xA900..=0xA9FF) => SourceError::Refused { repository, reason: failed.to_string() },
        _ => SourceError::Unavailable { repository, cause: Box::new(failed) },
    }
}

/// What an administrator can do about a rejection.
pub(super) fn remedy(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::CALLING_AE_TITLE => "register our AE title at the repository",
        Rejection::CALLED_AE_TITLE => "correct the repository's AE title in its definition",
        Rejection::CONGESTION | Rejection::LOCAL_LIMIT => "lower the repository's concurrency, or try again later",
        _ => "ask the repository's administrator what its log says",
    }
}
