//! DICOM JSON, PS3.18 Annex F: what a search answers, from the registry's rows.

mod answer;
mod value;

pub(crate) use answer::{Shown, instance, series, shows_identifiers, study};
pub(crate) use value::{DataSet, Writer, sequence, string};
