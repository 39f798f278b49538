//! What every HTTP face shares: who calls ([`Caller`]), and how a failure is told ([`Problem`]).
//!
//! Faces never know each other; this is the little that they would otherwise write three times.
#![forbid(unsafe_code)]

mod caller;
mod problem;

pub use caller::{Caller, LocalPort, Secure};
pub use problem::{Problem, finish, finished};
