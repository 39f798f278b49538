//! The words of the registry: values, levels and records, with nothing that waits, reads or writes.
//!
//! Values are parsed once, at the edge, into types that can't be wrong ([`Uid`], [`AeTitle`], [`RepositoryCode`]); what identifies a
//! patient is [`Phi`], which can be matched and sent but never printed. Records ([`StudyRecord`], [`SeriesRecord`], [`InstanceEntry`],
//! [`ReportRecord`]) are what an adapter or the extractor hands to the registry.
//!
//! ```
//! use index_model::Uid;
//! assert!(Uid::parse("1.2.840.10008.1.2").is_ok());
//! assert!(Uid::parse("1..2").is_err());
//! ```
#![forbid(unsafe_code)]

mod codes;
mod definition;
mod finding;
mod instance;
mod key_object;
mod name;
mod order;
mod patient_event;
mod phi;
mod records;
mod report;
mod report_object;
mod uid;
mod visit;

pub use codes::{AeTitle, InvalidCode, RepositoryCode};
pub use definition::{
    ArchiveAddress, Checksum, Credentials, DicomwebAddress, DimseAddress, Hl7Source, Protocol, PushSource,
    RepositoryDefinition, RetrieveBy, SecretAt, TlsFiles,
};
pub use finding::{Finding, Severity};
pub use instance::{FrameIndex, InstanceEntry, InstanceRecord, Span};
pub use key_object::{KeyObject, KeyObjectPurpose, ReferencedSeries, ReferencedStudy, RejectionReason};
pub use name::{PersonName, fold};
pub use order::OrderRecord;
pub use patient_event::{PatientChange, PatientEvent};
pub use phi::Phi;
pub use records::{
    Demographic, HealthNumber, IssuedId, PatientRecord, RequestAttributes, SeriesRecord, StudyMatch, StudyRecord,
};
pub use report::{DocumentKind, LinkEvidence, ObjectReference, ReportDocument, ReportRecord, ReportStatus};
pub use report_object::{ObjectForm, ReportObject, form_of, is_report, is_report_title};
pub use uid::{InvalidUid, Uid, sop_class, transfer_syntax};
pub use visit::{VisitKind, VisitNumbers};
