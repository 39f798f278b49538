//! A codec worker by itself: `codec-worker MEMORY_LIMIT_BYTES`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let limit = std::env::args().nth(1).and_then(|argument| argument.parse().ok());
    match limit {
        Some(memory_limit_bytes) => transcode::worker_main(memory_limit_bytes),
        None => ExitCode::from(2),
    }
}
