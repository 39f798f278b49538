//! The whole service, started as a user starts it, against real peers and rude ones.
#![expect(clippy::unwrap_used, reason = "tests")]

mod client;
mod clients;
mod command_line;
mod conformance;
mod five_lines;
mod hostile;
mod identity;
mod liars;
mod orders;
mod peers;
mod processes;
mod register;
mod reports;
mod restart;
mod service;
mod sources;
mod tidy;
