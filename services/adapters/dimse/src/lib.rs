//! A repository that speaks DIMSE: IHE Imaging Document Source over C-FIND, C-MOVE and C-GET, and the receiver of what it stores to us.
//!
//! - [`DimseSource`] asks: it is an `ImagingSource` over associations of its own.
//! - [`StoreScp`] receives: what known AE titles store goes to an `Inbox`, answered after it is durable.
//! - [`StoreScu`] sends, for tests and for the simulators of repositories that push.
//! - [`association`] and [`message`] are PS3.8 and PS3.7, bounded in size and time.
#![forbid(unsafe_code)]

pub mod association;
mod charset;
mod deliveries;
pub mod identifier;
mod intake;
pub mod message;
mod options;
pub mod part10;
mod source;
mod store_scp;
mod store_scu;
pub mod uids;

pub use deliveries::Deliveries;
pub use options::DimseOptions;
pub use source::{DimseSource, FailedStatus, NoAddress};
pub use store_scp::{StoreScp, StoreScpOptions};
pub use store_scu::{StoreError, StoreScu};
