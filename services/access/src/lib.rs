//! Who calls, may they, and what they did. The only maker of a [`Permit`].
//!
//! IHE actor: Secure Application that sends to an Audit Record Repository. Every use case of the registry asks for a permit, and only
//! this crate can make one, so that a forgotten check does not compile. Making a permit writes its audit line and waits until it is
//! durable: no audit, no disclosure.
#![forbid(unsafe_code)]

mod audit;
mod caller;
mod entity;
mod permit;
mod policy;
mod readers;
mod shown;
mod view;

pub use audit::{AuditError, AuditLog, Verified, verify};
pub use caller::{Authority, Caller, Face, Mode, User};
pub use entity::{ApplicationEntity, Right};
pub use permit::{Action, Filter, Permit, Refused, Subject};
pub use policy::{Access, DevelopmentUser};
pub use readers::{Asked, Reading, Readings};
pub use shown::Shown;
