//! The source against a scripted origin server on loopback: what is right, and every way in which servers are wrong.
#![expect(clippy::unwrap_used, reason = "tests")]

mod contract;
mod credentials;
mod origin;
mod retrieve;
mod search;
mod simulated;
mod tls;
mod transport;
mod verify;
