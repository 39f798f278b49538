//! Speed, beside peers: the service, Orthanc and nginx have the same bytes on the same machine, are asked the same in turns of a few
//! seconds, and their answers are timed from outside, over HTTP on loopback.
//!
//! Orthanc is what a region could install instead; nginx with the answers as plain files is the limit of this machine.
//! `make bench` builds the release binary and runs every target; figures and what they mean are in `BASELINES.md`.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a bench that can't go on must stop")]
#![forbid(unsafe_code)]

mod corpus;
mod cstore;
mod encoded;
mod load;
mod messages;
mod plain;
mod regions;
mod row;
mod servers;
mod service;
mod table;

pub use corpus::{Series, large_series, province, radiographs, small_studies};
pub use cstore::{Sent, Storescp};
pub use encoded::{Codec, encoded};
pub use load::{CALLERS, Figures};
pub use messages::tell;
pub use regions::{Latency, Region, Silent, search_at_leisure};
pub use row::{Row, head};
pub use servers::{CALLING, Servers, Stow, start};
pub use service::Service;
pub use table::{Question, Table, crowd};
