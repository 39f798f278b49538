//! Documents in, their words out: what a clinical document says, without its markup.
//!
//! [`cda`] reads the narrative of an HL7 CDA R2 document, [`sr`] the content tree of a DICOM structured report. What they give is text: no link, picture or style of a document becomes ours.
//!
//! Pure: no files, no clock. Whatever the bytes are, nothing panics, nesting and length are bounded, and no entity is expanded.
#![forbid(unsafe_code)]

pub mod cda;
pub mod sr;
