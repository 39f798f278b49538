//! What every part that waits needs: a deadline and cancellation ([`Ctx`]), the time ([`Clock`]), and threads for arithmetic ([`CpuPool`]).
#![forbid(unsafe_code)]

mod clock;
mod cpu;
mod ctx;
pub mod telemetry;

pub use clock::Clock;
pub use cpu::{CpuPool, Dropped};
pub use ctx::{Ctx, Stopped};
