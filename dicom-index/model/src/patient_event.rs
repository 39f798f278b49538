//! What a patient administration system tells of its own patients.

use crate::{IssuedId, PatientRecord, VisitKind};

/// What befell a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatientChange {
    /// Demographics are new or changed (ADT A01, A04, A05, A08, A28, A31).
    Update,
    /// Another number of the same issuer goes by this one from now on (ADT A40).
    Merge,
    /// A number was filed under the wrong patient, or was changed: it goes by this one from now on, and the same told the other way round
    /// takes it back (ADT A43, A47).
    Renumber,
    /// Two numbers are two patients after all (ADT A37).
    Unmerge,
    /// What is known by one visit or account of the other number is this patient's (ADT A44, A45).
    Move(VisitKind),
}

impl PatientChange {
    /// The word in the registry's history.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Merge => "merge",
            Self::Renumber => "renumber",
            Self::Unmerge => "unmerge",
            Self::Move(VisitKind::Visit) => "move-visit",
            Self::Move(VisitKind::Account) => "move-account",
        }
    }
}

/// One event, as a message brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientEvent {
    /// MSH-10, unique for the sender.
    pub message_control_id: String,
    /// SHA-256 of the message, in hex: tells a repeat from a reused control id.
    pub message_sha256: String,
    /// What befell the patient.
    pub change: PatientChange,
    /// PID: whom it befell; of a merge the survivor. It has a PatientID.
    pub patient: PatientRecord,
    /// MRG-1 of a merge or a move, the second PID-3 of an un-merge: the same issuer's other number.
    pub other: Option<IssuedId>,
    /// MRG-5 or MRG-3 of a move: the visit, or account, that it is about.
    pub visit: Option<IssuedId>,
    /// EVN-2, else MSH-7, Unix milliseconds: an older one that comes late is history.
    pub recorded_ms: Option<i64>,
}
