//! Reports, orders and patients as the regions send them: HL7 v2 `ORU^R01` (IHE RAD-28 and RAD-128, Report Repository side), `ORM^O01`,
//! `OMG^O19` and `OMI^O23` (RAD-2 to RAD-4, RAD-13) and `ADT` (RAD-12, ITI-8, ITI-30) over MLLP.
//!
//! [`MllpListener`] takes frames, [`parse_oru`], [`parse_orders`] and [`parse_adt`] make [`index_model::ReportRecord`]s,
//! [`index_model::OrderRecord`]s and [`index_model::PatientEvent`]s of a message, and an [`adapter_api::Inbox`] commits
//! them. An acknowledgement is written only after the inbox has answered, so that a lost connection loses nothing: the sender repeats the
//! message, and the inbox recognises the repeat by control id and hash.
//!
//! Invariants:
//! - Bytes that do not decode in the declared character set are refused (`AE`, 102); no name ever carries a replacement character.
//! - No refusal, log line or acknowledgement repeats a value of the message, except the control id and the header's addresses.
//! - A frame, the segments in it and the connections have maxima.
//!
//! Messages are taken apart here and not with a parser crate, because a tree of every field of an 8 MiB message of delimiters takes
//! gigabytes; the message module keeps slices and splits a field when it is asked for.
#![forbid(unsafe_code)]

mod acknowledge;
mod adt;
mod charset;
mod content;
mod escape;
mod frame;
mod header;
mod language;
mod listener;
mod message;
mod orders;
mod oru;
mod patient;
mod receive;
mod refusal;
mod request;

pub use adt::parse_adt;
pub use frame::{FrameError, FrameReader};
pub use listener::{MllpListener, MllpOptions, Tls};
pub use orders::parse_orders;
pub use oru::parse_oru;
pub use refusal::{ErrorCode, Level, Location, Refusal};
