//! The words of DIMSE, bounded in size and time: what every side of it speaks, and no policy.
//!
//! - [`association`] is PS3.8: request, accept, fragments, release, abort; over TCP, TLS or any other stream.
//! - [`message`] is PS3.7: command sets, data sets in fragments, status codes.
//! - [`identifier`] is what a query asks with and is answered with (PS3.4 §C.4), read only after the structural scan.
//! - [`Listener`] is one port and one AE title, at which each [`Service`] has its SOP classes. It knows of Verification itself.
//! - [`StoreScu`] sends objects to a peer.
#![forbid(unsafe_code)]

pub mod association;
mod charset;
pub mod identifier;
mod listener;
pub mod message;
pub mod part10;
mod service;
mod store_scu;
pub mod uids;

pub use listener::{Listener, ListenerOptions, Tls};
pub use service::{Connection, Peer, Service, Serving};
/// How TLS is spoken with peers that we call on.
pub use tokio_rustls::TlsConnector;

pub use store_scu::{StoreError, StoreScu};
