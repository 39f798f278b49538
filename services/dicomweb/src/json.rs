//! DICOM JSON, PS3.18 Annex F: what a search answers, from the registry's rows.

mod answer;
mod instances;
mod kept;
mod row;
mod value;
mod writer;

pub(crate) use answer::{Shown, series, shows_identifiers, study};
pub(crate) use instances::Instances;
pub(crate) use kept::Kept;
pub(crate) use row::Row;
pub(crate) use value::{DataSet, sequence, string, with_digits};
pub(crate) use writer::Writer;
