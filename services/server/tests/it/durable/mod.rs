//! Nothing that was acknowledged is ever lost: not when the service is killed, not when there is no room, not when its database goes away.
//!
//! [`traffic`] sends from four sides at once and writes into a [`ledger`] what was acknowledged; at the end all of it must be there, whole
//! and once, and nothing that nobody sent.

mod database;
mod full;
mod kills;
mod ledger;
pub(crate) mod objects;
mod traffic;
