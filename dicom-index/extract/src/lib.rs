//! A DICOM object in; records, a manifest entry and findings out. Pure: no files, no clock, no runtime.
//!
//! [`extract`] lets [`index_guard`] prove the structure first, then reads on the guard's own map, so that no second parser has an opinion.
//! Broken DICOM is input: what can be read is read, what is odd becomes a note, and only an object that can't be told apart from others
//! (no UIDs), that contradicts itself, or whose pixels are not all there is refused, with one [`Finding`] of
//! [`Severity::Quarantine`](index_model::Severity::Quarantine). Findings name attribute and rule, never a value.
//!
//! The header becomes DICOM JSON (PS3.18 Annex F) in Unicode, whatever character set the object has ([`json`]); frames become byte
//! ranges of the stored object, so that they can be served without a decoder.
//!
//! ```
//! use index_extract::{Defaults, extract, part10_header};
//! let defaults = Defaults { patient_id_issuer: "NEODIN".into(), accession_issuer: "NEODIN".into(),
//!     character_set: None, base_path: "/dicom-web".into() };
//! let empty = part10_header("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1", None);
//! assert_eq!(extract(&empty, &defaults).unwrap_err().attribute, "SOPClassUID");
//! ```
#![forbid(unsafe_code)]

mod attributes;
mod bulk;
mod dates;
mod frames;
mod instance;
pub mod json;
mod key_object;
mod likeness;
mod notes;
mod records;
mod report;
mod tags;
mod vr;

use std::fmt;

use index_model::{Finding, InstanceEntry, SeriesRecord, StudyRecord};

pub use bulk::{BulkPath, PathStep, bulk_value};
pub use index_compose::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, part10_header};
pub use instance::extract;
pub use key_object::key_object;
pub use likeness::{Likeness, Side, is_same_header, likeness};
pub use report::report_object;

/// What holds for a source's objects where they do not say it themselves.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// Issuer of PatientID.
    pub patient_id_issuer: String,
    /// Issuer of AccessionNumber.
    pub accession_issuer: String,
    /// Defined term of SpecificCharacterSet, several parted by `\`.
    pub character_set: Option<String>,
    /// What a `BulkDataURI` begins with, path-absolute: `/dicom-web`.
    pub base_path: String,
}

/// One object, read.
pub struct Extracted {
    /// Its study, and whose it is.
    pub study: StudyRecord,
    /// Its series.
    pub series: SeriesRecord,
    /// Its line in the series manifest; `object` and `remote` are for the registry to fill.
    pub entry: InstanceEntry,
    /// What was odd about it; notes only.
    pub findings: Vec<Finding>,
    /// Whether its File Meta Information named another instance or class than the data set, which is what counts.
    pub misnamed: bool,
    /// The bytes to store, when those given are no Part 10 file or one whose meta header is wrong. Frames are offsets into these.
    pub part10: Option<Vec<u8>>,
}

/// Says how much there is, not what: the header is patient data.
impl fmt::Debug for Extracted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metadata_bytes = self.entry.metadata.get().len();
        f.debug_struct("Extracted")
            .field("metadata_bytes", &metadata_bytes)
            .field("frames", &self.entry.frames.count())
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}
