//! The matching rules of PS3.4 §C.2.2.2 as data: what is asked, before anybody knows how it is answered.
//!
//! A face parses its wire form into a [`Query`] ([`parse`]); `index-store` renders it as SQL, adapters render it for a peer
//! ([`render`]), and [`matches()`] answers it from a DICOM JSON object where no column has what is asked.
//!
//! ```
//! use index_query::{Level, parse};
//! let pairs = [("PatientName".to_owned(), "DOE*".to_owned()), ("limit".to_owned(), "25".to_owned())];
//! assert_eq!(parse(Level::Study, &pairs).unwrap().query.matches.len(), 1);
//! assert_eq!(parse(Level::Study, &[("PatientNam".to_owned(), "x".to_owned())]).unwrap_err().parameter, "PatientNam");
//! ```
#![forbid(unsafe_code)]

mod level;
mod matching;
mod parse;
mod query;
mod render;
pub mod sound;
pub mod text;
pub mod url;

pub use dicom_core::Tag;
pub use level::{is_of_objects, level_of};
pub use matching::matches;
pub use parse::{Limits, Parsed, QueryError, attribute, is_universal, parse, parse_with};
pub use query::{Attribute, Include, Level, Match, Page, Query, Rule, Span};
pub use render::{keyword, name, render};
