//! A repository that speaks DICOMweb (PS3.18): searched with QIDO-RS, retrieved with WADO-RS.
//!
//! This is the user agent side of the IHE transactions RAD-129 and RAD-107, towards an Imaging Document Source.
//!
//! Invariants:
//! - An answer is whole or an error: a body that is cut, a page of HTML with status 200 and a server that ignores paging are never taken
//!   for "there is nothing".
//! - Everything received has a bound: JSON in bytes and values, part headers, objects, matches, and the time between two bytes.
//! - Secrets are read where the definition says that they are kept, sent over TLS to the host that was configured, and never printed.
//! - Redirects stay on the host that was configured; no address inside an answer is ever followed.
//! - Queries are plain ASCII without percent-encoding, because some servers do not decode what they search for.
#![forbid(unsafe_code)]

mod authorization;
mod client;
mod failure;
mod http;
mod json;
mod media_type;
mod options;
mod retrieve;
mod search;
mod secret;
mod source;
mod token;
mod verify;

pub use options::{DicomwebOptions, InvalidSource};
pub use secret::Secrets;
pub use source::DicomwebSource;
