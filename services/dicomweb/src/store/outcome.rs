//! What became of one instance of a request, and how PS3.18 §I.2 calls it.

use http::StatusCode;
use index_model::Uid;
use registry::{Fate, RegistryError, StoredInstance};

/// FailureReason (0008,1197): PS3.18 table I.2-2; what it lacks, from PS3.7 annex C.
pub(super) mod reason {
    pub(in crate::store) const PROCESSING_FAILURE: u16 = 0x0110;
    pub(in crate::store) const DUPLICATE_SOP_INSTANCE: u16 = 0x0111;
    pub(in crate::store) const SOP_CLASS_NOT_SUPPORTED: u16 = 0x0122;
    pub(in crate::store) const NOT_AUTHORISED: u16 = 0x0124;
    pub(in crate::store) const OUT_OF_RESOURCES: u16 = 0xA700;
    /// Of the range for what does not fit the request, as status 43264 to 43519.
    pub(in crate::store) const DOES_NOT_MATCH: u16 = 0xA900;
    pub(in crate::store) const CANNOT_UNDERSTAND: u16 = 0xC000;
    pub(in crate::store) const TRANSFER_SYNTAX_NOT_SUPPORTED: u16 = 0xC122;
}

/// The identifiers of an instance, as far as they could be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    pub(super) sop_class: Option<Uid>,
    pub(super) sop_instance: Option<Uid>,
    pub(super) study: Option<Uid>,
    pub(super) series: Option<Uid>,
}

/// Why an instance is not stored.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) reason: u16,
    /// In words: attribute and rule, never a value.
    pub(super) comment: String,
    /// The status of an answer in which everything failed for this reason, if it has one of its own.
    pub(super) status: Option<StatusCode>,
}

impl Failure {
    pub(super) fn new(reason: u16, comment: impl Into<String>) -> Self {
        Self { reason, comment: comment.into(), status: None }
    }

    fn within(self, status: StatusCode) -> Self {
        Self { status: Some(status), ..self }
    }

    pub(super) fn no_room() -> Self {
        let comment = "no room is left here: nothing was kept, store it again later";
        Self::new(reason::OUT_OF_RESOURCES, comment).within(StatusCode::INSUFFICIENT_STORAGE)
    }

    pub(super) fn too_large(limit_bytes: u64) -> Self {
        let comment = format!("larger than the {limit_bytes} bytes that one instance may have");
        Self::new(reason::OUT_OF_RESOURCES, comment).within(StatusCode::PAYLOAD_TOO_LARGE)
    }
}

/// WarningReason (0008,1196): PS3.18 table I.2-1, and two of ours.
pub(super) mod warning {
    /// Elements discarded: what is shown has another header.
    pub(in crate::store) const ELEMENTS_DISCARDED: u16 = 0xB006;
    /// The data set is not what it was said to be.
    pub(in crate::store) const DOES_NOT_MATCH: u16 = 0xB007;
    /// Kept, and opened only for who names the patient: two patients have a study of its identifier.
    pub(in crate::store) const DISPUTED: u16 = 0xB771;
    /// Kept and shown to nobody, because a rejection note names it (IHE RAD IOCM); C-STORE answers with the same.
    pub(in crate::store) const REJECTED_BEFORE: u16 = 0xB770;
}

/// That an instance is stored, and what is to be said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    /// Whether it has an address; what is given to nobody, as a rejection note is, has none.
    is_retrievable: bool,
    /// WarningReason and the words for it.
    pub(super) warning: Option<(u16, &'static str)>,
}

/// What became of one instance.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Its place in the body.
    pub(super) at: usize,
    pub(super) keys: Keys,
    pub(super) result: Result<Kept, Failure>,
}

impl Outcome {
    pub(super) fn failed(at: usize, failure: Failure) -> Self {
        Self { at, keys: Keys::default(), result: Err(failure) }
    }

    /// What the registry made of it.
    pub(super) fn of(at: usize, stored: Result<StoredInstance, RegistryError>) -> Self {
        let stored = match stored {
            Ok(stored) => stored,
            Err(error) => return Self::failed(at, fault(&error)),
        };
        let keys = Keys {
            sop_class: stored.sop_class_uid,
            sop_instance: stored.sop_instance_uid,
            study: stored.study_instance_uid,
            series: stored.series_instance_uid,
        };
        Self { at, keys, result: told(stored.fate) }
    }

    pub(super) fn is_stored(&self) -> bool {
        self.result.is_ok()
    }

    pub(super) fn is_retrievable(&self) -> bool {
        matches!(self.result, Ok(Kept { is_retrievable: true, .. }))
    }

    pub(super) fn warning(&self) -> Option<(u16, &'static str)> {
        self.result.as_ref().ok()?.warning
    }
}

fn fault(error: &RegistryError) -> Failure {
    match error {
        RegistryError::Overloaded => {
            Failure::new(reason::OUT_OF_RESOURCES, "too much at once").within(StatusCode::SERVICE_UNAVAILABLE)
        }
        RegistryError::NoRoom(_) => Failure::no_room(),
        RegistryError::NoDatabase(_) => no_database(),
        RegistryError::Refused(_) => Failure::new(reason::NOT_AUTHORISED, "not permitted"),
        error => {
            tracing::error!(error = %error, "an object could not be stored");
            Failure::new(reason::PROCESSING_FAILURE, "the service failed")
        }
    }
}

/// Which reason is given for which fate; the most fitting of the table each.
fn told(fate: Fate) -> Result<Kept, Failure> {
    let kept = |is_retrievable, warning| Ok(Kept { is_retrievable, warning });
    Err(match fate {
        Fate::Stored => return kept(true, None),
        Fate::OtherHeader => {
            let words = "this instance is here with another header, which stays";
            return kept(true, Some((warning::ELEMENTS_DISCARDED, words)));
        }
        Fate::Misnamed => {
            let words = "File Meta Information names another instance or class";
            return kept(true, Some((warning::DOES_NOT_MATCH, words)));
        }
        Fate::Disputed => {
            let words = "another patient has a study of this StudyInstanceUID";
            return kept(false, Some((warning::DISPUTED, words)));
        }
        Fate::Withheld => return kept(false, None),
        Fate::Rejected => {
            return kept(false, Some((warning::REJECTED_BEFORE, "kept and not shown: rejected before it came")));
        }
        Fate::Conflict => Failure::new(
            reason::DUPLICATE_SOP_INSTANCE,
            "SOPInstanceUID: another instance of this identifier is stored and stays",
        ),
        Fate::OtherStudy => {
            Failure::new(reason::DOES_NOT_MATCH, "StudyInstanceUID: is not that of the study that the request names")
        }
        Fate::NoStorageClass => {
            Failure::new(reason::SOP_CLASS_NOT_SUPPORTED, "SOPClassUID: is no storage SOP class for patients")
        }
        Fate::PixelsElsewhere => Failure::new(
            reason::TRANSFER_SYNTAX_NOT_SUPPORTED,
            "TransferSyntaxUID: refers to pixel data that are somewhere else",
        ),
        Fate::Unreadable { rule } => Failure::new(reason::CANNOT_UNDERSTAND, format!("file: {rule}")),
        Fate::Quarantined { attribute, rule } => {
            Failure::new(reason::CANNOT_UNDERSTAND, format!("{attribute}: {rule}"))
        }
        Fate::NoRoom => Failure::no_room(),
        Fate::OutOfResources => no_database(),
    })
}

fn no_database() -> Failure {
    let comment = "database or storage does not answer: store it again later";
    Failure::new(reason::OUT_OF_RESOURCES, comment).within(StatusCode::SERVICE_UNAVAILABLE)
}
