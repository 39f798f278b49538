//! Why a request failed, told apart by what the caller does next.

use std::time::Duration;

use adapter_api::{Cause, SourceError};
use index_model::RepositoryCode;
use reqwest::StatusCode;

/// Nothing came in time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Late {
    /// No answer at all.
    #[error("no answer within {} s", .0.as_secs())]
    FirstByte(Duration),
    /// The answer stopped.
    #[error("nothing more for {} s", .0.as_secs())]
    Idle(Duration),
}

/// The server says that it can't answer now.
#[derive(Debug, thiserror::Error)]
#[error("status {0}")]
struct Status(StatusCode);

pub(crate) fn unavailable(repository: &RepositoryCode, cause: impl Into<Cause>) -> SourceError {
    SourceError::Unavailable { repository: repository.clone(), cause: cause.into() }
}

pub(crate) fn malformed(repository: &RepositoryCode, rule: impl Into<String>) -> SourceError {
    SourceError::Malformed { repository: repository.clone(), rule: rule.into() }
}

/// A failure below HTTP. The URL is taken out, because it holds identifiers.
pub(crate) fn transport(repository: &RepositoryCode, error: reqwest::Error) -> SourceError {
    unavailable(repository, error.without_url())
}

/// The one place that maps status codes (PS3.18 §8.5) of answers that are no success.
pub(crate) fn status(repository: &RepositoryCode, status: StatusCode) -> SourceError {
    let repository = repository.clone();
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => SourceError::NotFound { repository },
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            SourceError::Unavailable { repository, cause: Box::new(Status(status)) }
        }
        status if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
            SourceError::Unavailable { repository, cause: Box::new(Status(status)) }
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            SourceError::Refused { repository, reason: format!("status {status}: the credentials are not accepted") }
        }
        status if status.is_redirection() => SourceError::Refused {
            repository,
            reason: format!("status {status}: a redirect to another host is not followed"),
        },
        status => SourceError::Refused { repository, reason: format!("status {status}") },
    }
}
