//! The crate as its callers see it: real worker processes, streams of real encoders, streams that mean harm.
#![expect(clippy::unwrap_used, reason = "tests")]

mod decode;
mod encode;
mod encoders;
mod high_bit;
mod hostile;
mod jpeg2000;
mod jpegxl;
mod native;
mod referee;
mod render;
mod support;
