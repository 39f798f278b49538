//! The face over an in-process listener, asked by a user of the same protocol code; DCMTK and pynetdicom ask it in `services/server`.
#![expect(clippy::unwrap_used, reason = "tests")]

mod app;
mod conformance;
mod elsewhere;
mod find;
mod objects;
mod retrieve;
