//! Speed, beside a peer: the service and Orthanc hold the same objects on the same machine, are asked the same in turns of a few
//! seconds, and their answers are timed from outside, over HTTP on loopback.
//!
//! `make bench` builds the release binary and runs every target; figures and what they mean are in `BASELINES.md`.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a bench that can't go on must stop")]
#![forbid(unsafe_code)]

mod corpus;
mod load;
mod servers;

pub use corpus::{Corpus, corpus};
pub use load::{Ask, Figures, compare};
pub use servers::{Servers, start};
