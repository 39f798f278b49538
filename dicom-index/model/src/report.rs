//! A report as one message or object brings it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{IssuedId, PatientRecord, PersonName, Phi, Uid, VisitNumbers};

/// Where a report stands, in the words of FHIR `DiagnosticReport.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportStatus {
    /// Ordered or in progress; no text yet.
    Registered,
    /// Some results.
    Partial,
    /// Not verified.
    Preliminary,
    /// Verified.
    Final,
    /// Changed after it was final.
    Amended,
    /// Corrected.
    Corrected,
    /// Added to.
    Appended,
    /// Withdrawn before it was final.
    Cancelled,
    /// Posted in error, for example on the wrong patient: hidden at once.
    EnteredInError,
}

impl ReportStatus {
    /// Whether what the report says is given to nobody.
    pub const fn is_withdrawn(self) -> bool {
        matches!(self, Self::Cancelled | Self::EnteredInError)
    }

    /// The FHIR code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Partial => "partial",
            Self::Preliminary => "preliminary",
            Self::Final => "final",
            Self::Amended => "amended",
            Self::Corrected => "corrected",
            Self::Appended => "appended",
            Self::Cancelled => "cancelled",
            Self::EnteredInError => "entered-in-error",
        }
    }

    /// The status of a code, if it is one.
    pub fn from_code(code: &str) -> Option<Self> {
        use ReportStatus as S;
        [
            S::Registered,
            S::Partial,
            S::Preliminary,
            S::Final,
            S::Amended,
            S::Corrected,
            S::Appended,
            S::Cancelled,
            S::EnteredInError,
        ]
        .into_iter()
        .find(|status| status.code() == code)
    }
}

/// What tied a report to a study, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkEvidence {
    /// An operator ruled so.
    Operator,
    /// The message names the StudyInstanceUID.
    StudyUid,
    /// Issuer and accession number agree, and the patient does.
    Accession,
    /// Issuer and filler order number agree.
    FillerOrder,
    /// Issuer and placer order number agree, and the date nearly.
    PlacerOrder,
    /// An order tells that the report's numbers and the study's are of one examination.
    Order,
}

impl LinkEvidence {
    /// The code that the API prints.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::StudyUid => "study-uid",
            Self::Accession => "accession",
            Self::FillerOrder => "filler-order",
            Self::PlacerOrder => "placer-order",
            Self::Order => "order",
        }
    }

    /// The evidence of a code, if it is one.
    pub fn from_code(code: &str) -> Option<Self> {
        use LinkEvidence as E;
        let all = [E::Operator, E::StudyUid, E::Accession, E::FillerOrder, E::PlacerOrder, E::Order];
        all.into_iter().find(|one| one.code() == code)
    }
}

/// What a document that comes with a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// A PDF document.
    Pdf,
    /// An HL7 CDA R2 document.
    Cda,
}

impl ReportDocument {
    /// A document of which the content is known.
    pub fn new(kind: DocumentKind, title: String, content: Vec<u8>) -> Self {
        Self { kind, title, size_bytes: content.len() as u64, content: Phi::new(content.into()) }
    }
}

impl DocumentKind {
    /// Its media type (RFC 6838).
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Cda => "application/xml",
        }
    }
}

/// A document that comes with a report, as its author laid it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// OBX-3 text; may be empty.
    pub title: String,
    /// Its length.
    pub size_bytes: u64,
    /// The document itself. Kept beside the record, and not read with it.
    #[serde(skip)]
    pub content: Phi<Arc<[u8]>>,
}

/// The DICOM object that a version of a report is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectReference {
    /// StudyInstanceUID.
    pub study_instance_uid: Uid,
    /// SeriesInstanceUID.
    pub series_instance_uid: Uid,
    /// SOPInstanceUID.
    pub sop_instance_uid: Uid,
}

/// One version of a report, as an ORU^R01 message or a DICOM object brings it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRecord {
    /// MSH-10, unique for the sender; of an object its SOPInstanceUID.
    pub message_control_id: String,
    /// SHA-256 of the message or object, in hex: tells a repeat from a reused control id.
    pub message_sha256: String,
    /// Whose report.
    pub patient: PatientRecord,
    /// StudyInstanceUIDs that the message names.
    pub study_instance_uids: Vec<Uid>,
    /// Accession number, from the field that the source is configured for.
    pub accession_number: Option<IssuedId>,
    /// OBR-3 filler order number: what the versions of one report share.
    pub filler_order_number: Option<IssuedId>,
    /// OBR-2 placer order number.
    pub placer_order_number: Option<IssuedId>,
    /// The stay that it is of.
    #[serde(default, skip_serializing_if = "VisitNumbers::is_empty")]
    pub visit: VisitNumbers,
    /// What this version is known by elsewhere: SOPInstanceUID of an object, `id` of a CDA document. Versions that share one are of one
    /// report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub document_ids: Vec<String>,
    /// The same of the documents whose place it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predecessor_ids: Vec<String>,
    /// OBR-29 (ORC-8): the filler order number of the report that this one adds to, where it has another of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_order_number: Option<IssuedId>,
    /// The object that it is, which is kept as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectReference>,
    /// OBR-25 and OBX-11, mapped.
    pub status: ReportStatus,
    /// OBR-4 text.
    pub title: String,
    /// OBX-5 lines, joined; NTE comments appended.
    pub text: Phi<String>,
    /// OBX-5 of data type ED: the documents of this version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<ReportDocument>,
    /// `en`, `fr` or empty when the message does not tell.
    pub language: String,
    /// OBR-7, Unix milliseconds.
    pub observed_ms: Option<i64>,
    /// OBR-22, else MSH-7, Unix milliseconds: the order of versions.
    pub issued_ms: Option<i64>,
    /// OBR-32 principal result interpreter.
    pub interpreter: PersonName,
}
