//! The adapter against a simulated archive, against DCMTK, and against peers that mean no good.
#![expect(clippy::unwrap_used, reason = "tests")]

mod archive;
mod associations;
mod contract;
mod corpus;
mod dcmtk;
mod hostile;
mod inbox;
mod limits;
mod mutation;
mod province;
mod push;
mod receiver;
