//! DICOM JSON, PS3.18 Annex F: written from a data set, and read from what other services answer.

pub(crate) mod number;
mod read;
mod text;
mod write;

pub(crate) use read::Json;
pub use read::{instance_from_json, series_record, study_record};
pub(crate) use write::{Target, write};
