//! A repository that speaks DIMSE: IHE Imaging Document Source over C-FIND, C-MOVE and C-GET, and the receiver of what it stores to us.
//!
//! - [`DimseSource`] asks: it is an `ImagingSource` over associations of its own.
//! - [`StoreService`] receives: what known AE titles store at our listener goes to an `Inbox`, answered after it is durable.
//! - [`CommitmentService`] answers whether what was stored is here for good.
//!
//! The protocol itself is the crate `dimse`.
#![forbid(unsafe_code)]

mod commitment;
mod deliveries;
mod intake;
mod options;
mod source;
mod store;

pub use commitment::{CommitmentOptions, CommitmentService};
pub use deliveries::Deliveries;
pub use options::DimseOptions;
pub use source::{DimseSource, FailedStatus, NoAddress};
pub use store::{StoreOptions, StoreService};
