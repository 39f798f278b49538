//! Metadata in, the bytes of a data set out: what PS3.18 §10.5.1.4 lets a client send instead of a whole instance.
//!
//! [`from_json`] reads the DICOM JSON Model (PS3.18 Annex F), [`from_xml`] the Native DICOM Model (PS3.19 §A.1). Both give a [`DataSet`],
//! whose values are bytes already, in little endian and Unicode, or the names of bulk data that are somewhere else. [`encode`] lays it
//! out in Explicit VR Little Endian as [`Piece`]s, so that bulk data of any size are copied once and held nowhere.
//! [`pixels`] tells how compressed pixel data are to be encapsulated, and what their own header says of the image.
//!
//! Pure: no files, no clock. Whatever the text is, nothing panics, recursion is bounded, and no more memory is taken than a small
//! multiple of the text's own size. A [`Fault`] names attribute and rule, never a value.
#![forbid(unsafe_code)]

mod data_set;
mod encode;
mod json;
mod part10;
pub mod pixels;
mod value;
mod xml;

pub use data_set::{DataSet, Element, Fault, Value};
pub use dicom_core::{Tag, VR};
pub use encode::{Bulk, Piece, encode};
pub use json::{from_json, names};
pub use part10::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, part10_header};
pub use xml::from_xml;

/// Sequences within sequences, as many as the registry reads.
pub(crate) const MOST_DEPTH: usize = 40;
/// Attributes and items of one instance, all levels together.
pub(crate) const MOST_ELEMENTS: usize = 2_000_000;
