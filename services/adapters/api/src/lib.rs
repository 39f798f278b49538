//! The two traits over the outside: we pull through [`ImagingSource`]; what is pushed at us goes to an [`Inbox`].
//!
//! IHE actors: an adapter speaks to an Imaging Document Source; whoever implements `Inbox` is the Document Registry behind it.
#![deny(unsafe_code)]

#[cfg(feature = "contract")]
pub mod contract;
mod error;
mod inbox;
mod object;
mod source;

pub use error::{Cause, SourceError};
pub use inbox::{Inbox, PatientAnswer, ReportAnswer, Sender, StoreAnswer};
pub use object::{Object, Spool};
pub use source::{Capabilities, ImagingSource, InstanceKey, Part, Retrieve, StudyFilter, TestStep};
