//! What a key object selection document refers to (PS3.3 §A.35.4), and why.

use crate::{AeTitle, Uid};

/// A key object selection, as far as the registry acts on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyObject {
    /// Its own SOPInstanceUID.
    pub sop_instance_uid: Uid,
    /// ConceptNameCodeSequence: what the document is for.
    pub purpose: KeyObjectPurpose,
    /// CurrentRequestedProcedureEvidenceSequence: what it refers to, by study and series.
    pub studies: Vec<ReferencedStudy>,
}

/// Why objects were selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyObjectPurpose {
    /// They are withdrawn (IHE RAD IOCM, rejection note).
    Rejection(RejectionReason),
    /// They are what a study consists of (IHE XDS-I.b and MADO manifest, DCM 113030).
    Manifest,
}

/// Document titles of rejection notes, CID 7011.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionReason {
    /// DCM 113001.
    Quality,
    /// DCM 113037.
    PatientSafety,
    /// DCM 113038.
    IncorrectModalityWorklistEntry,
    /// DCM 113039.
    DataRetentionPolicyExpired,
}

impl RejectionReason {
    /// The code value.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Quality => "113001",
            Self::PatientSafety => "113037",
            Self::IncorrectModalityWorklistEntry => "113038",
            Self::DataRetentionPolicyExpired => "113039",
        }
    }
}

impl KeyObjectPurpose {
    /// The purpose of a document title of the scheme DCM, if the registry acts on it.
    pub fn from_code(code: &str) -> Option<Self> {
        use RejectionReason as R;
        let reasons = [R::Quality, R::PatientSafety, R::IncorrectModalityWorklistEntry, R::DataRetentionPolicyExpired];
        match code {
            "113030" => Some(Self::Manifest),
            code => reasons.into_iter().find(|reason| reason.code() == code).map(Self::Rejection),
        }
    }
}

/// A study that is referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencedStudy {
    /// StudyInstanceUID.
    pub study_instance_uid: Uid,
    /// Its series.
    pub series: Vec<ReferencedSeries>,
}

/// A series that is referred to, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencedSeries {
    /// SeriesInstanceUID.
    pub series_instance_uid: Uid,
    /// RetrieveAETitle (0008,0054).
    pub retrieve_ae_title: Option<AeTitle>,
    /// RetrieveLocationUID (0040,E011).
    pub retrieve_location_uid: Option<Uid>,
    /// RetrieveURL (0008,1190).
    pub retrieve_url: Option<String>,
    /// SOPClassUID and SOPInstanceUID of each instance.
    pub instances: Vec<(Uid, Uid)>,
}
