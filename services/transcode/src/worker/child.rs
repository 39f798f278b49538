//! The worker's side.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use super::confine;
use super::protocol::{self, Answer, Request, Task};
use crate::{TranscodeError, codec};

/// The whole life of a codec worker process: limits itself to `memory_limit_bytes` of address space, then decodes or encodes
/// the frames that come in on standard input and writes them to standard output, until the input ends.
///
/// Call it first thing in `main`, before any thread, runtime or log exists: what is there already counts against the limit.
#[must_use]
pub fn worker_main(memory_limit_bytes: u64) -> ExitCode {
    let ended = confine::confine(memory_limit_bytes).and_then(|()| serve());
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn serve() -> io::Result<()> {
    // Unbuffered: standard output would look for line ends in pixels.
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let mut frame = Vec::new();
    while let Some(request) = protocol::read::<Request>(&mut input, &mut frame)? {
        // Twice the parent's limit: it is the parent who decides, if there is one.
        confine::end_after(Some(Duration::from_millis(request.time_limit_ms).saturating_mul(2)));
        let (answer, result) = work(&request, &frame);
        protocol::write(&mut output, &answer, &result)?;
        confine::end_after(None);
    }
    Ok(())
}

fn work(request: &Request, frame: &[u8]) -> (Answer, Vec<u8>) {
    let panicked = || Err(TranscodeError::codec("any", "the codec panicked"));
    let run = || match request.task {
        Task::Decode => codec::decode(&request.job, frame).map(|(samples, outcome)| (samples, Some(outcome))),
        Task::Encode => codec::encode(&request.job, frame).map(|encoded| (encoded, None)),
    };
    match catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| panicked()) {
        Ok((result, outcome)) => (Ok(outcome), result),
        Err(error) => (Err(error), Vec::new()),
    }
}
