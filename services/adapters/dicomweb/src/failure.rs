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
#[error("{1}: status {0}")]
struct Status(StatusCode, &'static str);

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

/// Whether a connection ended before a word of the answer came: often one that was kept and that the server closed at that very moment.
pub(crate) fn was_closed(error: &SourceError) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        if next.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return true;
        }
        cause = next.source();
    }
    false
}

/// We have nothing to show, and so ask nothing. It is refused rather than away: somebody has to mend it.
pub(crate) fn not_asked(repository: &RepositoryCode, why: impl std::fmt::Display) -> SourceError {
    SourceError::Refused { repository: repository.clone(), reason: format!("it is not asked, because {why}") }
}

/// The one place that maps status codes (PS3.18 §8.5) of answers that are no success.
pub(crate) fn status(repository: &RepositoryCode, status: StatusCode) -> SourceError {
    status_of(repository, status, "the server")
}

/// The same for another who answers.
pub(crate) fn status_of(repository: &RepositoryCode, status: StatusCode, who: &'static str) -> SourceError {
    let repository = repository.clone();
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => SourceError::NotFound { repository },
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            SourceError::Unavailable { repository, cause: Box::new(Status(status, who)) }
        }
        status if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
            SourceError::Unavailable { repository, cause: Box::new(Status(status, who)) }
        }
        StatusCode::UNAUTHORIZED => SourceError::Refused {
            repository,
            reason: format!("status {status}: our credentials are missing or not accepted"),
        },
        StatusCode::FORBIDDEN => {
            SourceError::Refused { repository, reason: format!("status {status}: our credentials may not do this") }
        }
        status if status.is_redirection() => SourceError::Refused {
            repository,
            reason: format!("status {status}: a redirect to another host is not followed"),
        },
        status => SourceError::Refused { repository, reason: format!("status {status}") },
    }
}
