//! The matching rules of PS3.4 §C.2.2.2 as data: what is asked, before anybody knows how it is answered.
//!
//! A face parses its wire form into a [`Query`]; `index-store` renders it as SQL, adapters render it for a peer.
#![forbid(unsafe_code)]

mod query;

pub use query::{Attribute, Include, Level, Match, Page, Query, Rule};
