//! What every part that waits needs: a deadline and cancellation ([`Ctx`]), the time ([`Clock`], [`time`]), turns at what is scarce ([`Turns`]), and
//! threads for arithmetic ([`CpuPool`]).
#![forbid(unsafe_code)]

mod clock;
mod cpu;
mod ctx;
mod demand;
pub mod telemetry;
pub mod time;
mod turns;

pub use clock::Clock;
pub use cpu::{CpuPool, Dropped, NotDone};
pub use ctx::{Ctx, Stopped};
pub use demand::{Demand, Urgency};
pub use turns::{Full, Turn, Turns};
