//! Why a request is not carried out, as its final response says it: PS3.4 tables C.4-1 to C.4-3.

use dicom_core::Tag;
use dimse::message::{Operation, Response, Status};
use registry::RegistryError;

/// A final failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: Status,
    /// OffendingElement.
    pub(crate) offending: Vec<Tag>,
    /// ErrorComment: rule and remedy, never a value.
    pub(crate) comment: String,
}

impl Refusal {
    pub(crate) fn new(status: Status, comment: impl Into<String>) -> Self {
        Self { status, offending: Vec::new(), comment: comment.into() }
    }

    pub(crate) fn of_element(status: Status, tag: Tag, comment: impl Into<String>) -> Self {
        Self { offending: vec![tag], ..Self::new(status, comment) }
    }

    pub(crate) fn response(self, operation: Operation, message_id: u16) -> Response {
        tracing::info!(status = format!("{:04X}", self.status.0), comment = self.comment, "a request was refused");
        Response {
            offending: self.offending,
            comment: Some(self.comment),
            ..Response::to(operation, message_id, self.status)
        }
    }
}

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Self {
        use access::Refused as R;
        let status = match &error {
            RegistryError::Refused(R::NotSignedOn | R::NotPermitted) => Status::NOT_AUTHORISED,
            RegistryError::NoRoom(cause) | RegistryError::NoDatabase(cause) => {
                tracing::error!(error = %error, cause = %cause, "a request could not be carried out");
                Status::OUT_OF_RESOURCES
            }
            RegistryError::Refused(R::NoAudit(_)) | RegistryError::Overloaded | RegistryError::TooBroad { .. } => {
                Status::OUT_OF_RESOURCES
            }
            RegistryError::NotFound
            | RegistryError::Ambiguous { .. }
            | RegistryError::Gone { .. }
            | RegistryError::Unavailable { .. }
            | RegistryError::Incomplete { .. }
            | RegistryError::Parameter { .. }
            | RegistryError::NotAcceptable { .. } => Status::CANNOT_UNDERSTAND,
            RegistryError::Internal(cause) => {
                tracing::error!(error = %error, cause = %cause, "a request failed");
                Status::CANNOT_UNDERSTAND
            }
        };
        Self::new(status, error.to_string())
    }
}

impl From<access::Refused> for Refusal {
    fn from(refused: access::Refused) -> Self {
        RegistryError::Refused(refused).into()
    }
}
