//! The registry's memory: studies, series, instances, patients and reports of all repositories, and the search over them.
//!
//! One [`Store`], two engines: SQLite in a file, PostgreSQL as a server. The SQL is the same text for both wherever it can be.
//! In IHE's words this is the storage of a Document Registry and of a Patient Identifier Cross-reference Consumer.
//!
//! Invariants: each writing method is one transaction and may be repeated; two copies of a study never overwrite each other;
//! studies of patients who disagree are never united; no error or log line holds a value of a row.
#![forbid(unsafe_code)]

mod alike;
mod cache;
mod conflicts;
mod drift;
mod engine;
mod error;
mod events;
mod feed;
mod index;
mod leases;
mod locate;
mod manifests;
mod messages;
mod orders;
mod people;
mod readers;
mod reports;
mod repositories;
mod rows;
mod search;
mod small;
mod sought;
mod store;
mod test_patients;

pub use alike::Compared;
pub use cache::{Eviction, FetchedInstance, FetchedSeries};
pub use drift::MAX_LISTED;
pub use error::{Fault, StoreError};
pub use index::ToldBefore;
pub use readers::{PersonState, Read};
pub use rows::*;
pub use store::Store;
