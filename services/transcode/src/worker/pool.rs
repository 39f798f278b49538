//! The parent's side: a few workers, started when needed, replaced when they misbehave.

use std::io;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::protocol::{self, Answer, PREFIX_BYTES, Request, Task};
use crate::codec::{Job, Outcome};
use crate::{TranscodeError, WorkerCommand};

/// A worker is replaced after so many frames: C libraries leak a little.
const FRAMES_PER_WORKER: u32 = 10_000;

/// Where the program's allocator is mimalloc, it takes address space ahead: 64 MiB of a worker's, whose bound is on address space, not 1 GiB.
const WORKER_ENVIRONMENT: [(&str, &str); 1] = [("MIMALLOC_ARENA_RESERVE", "64M")];

/// Idle workers, and how to start another. How many run at once is up to the caller.
#[derive(Debug)]
pub(crate) struct WorkerPool {
    command: WorkerCommand,
    memory_limit_bytes: u64,
    time_limit: Duration,
    idle: Mutex<Vec<Worker>>,
}

/// A running worker. Dropping it ends the process, whatever it is doing.
#[derive(Debug)]
struct Worker {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
    frames: u32,
}

impl WorkerPool {
    /// A pool with one worker running, so that a command that can't be started is noticed now.
    pub(crate) fn start(
        command: WorkerCommand,
        memory_limit_bytes: u64,
        time_limit: Duration,
    ) -> Result<Self, TranscodeError> {
        let pool = Self { command, memory_limit_bytes, time_limit, idle: Mutex::new(Vec::new()) };
        let worker = pool.spawn()?;
        pool.put_back(worker);
        Ok(pool)
    }

    /// Decodes one frame in a worker.
    pub(crate) async fn decode(&self, job: Job, frame: &[u8]) -> Result<(Vec<u8>, Outcome), TranscodeError> {
        let (samples, outcome) = self.work(Task::Decode, job, frame).await?;
        let silent = || TranscodeError::Worker(io::Error::from(io::ErrorKind::InvalidData));
        Ok((samples, outcome.ok_or_else(silent)?))
    }

    /// Encodes the samples of one frame in a worker.
    pub(crate) async fn encode(&self, job: Job, samples: &[u8]) -> Result<Vec<u8>, TranscodeError> {
        Ok(self.work(Task::Encode, job, samples).await?.0)
    }

    /// Has one frame worked on. If the caller goes away meanwhile, the worker goes too: it may be anywhere.
    async fn work(&self, task: Task, job: Job, frame: &[u8]) -> Result<(Vec<u8>, Option<Outcome>), TranscodeError> {
        let mut worker = match self.take_idle() {
            Some(worker) => worker,
            None => self.spawn()?,
        };
        let request = Request { task, job, time_limit_ms: self.time_limit.as_millis().try_into().unwrap_or(u64::MAX) };
        let exchange = worker.exchange(&request, frame);
        match tokio::time::timeout(self.time_limit, exchange).await {
            Ok(Ok((answer, samples))) => {
                worker.frames += 1;
                if worker.frames < FRAMES_PER_WORKER {
                    self.put_back(worker);
                }
                Ok((samples, answer?))
            }
            Ok(Err(cause)) => {
                tracing::warn!(frames = worker.frames, frame_bytes = frame.len(), "a codec worker ended");
                Err(TranscodeError::Worker(cause))
            }
            Err(_) => {
                tracing::warn!(
                    frames = worker.frames,
                    frame_bytes = frame.len(),
                    "a codec worker was late and is ended"
                );
                Err(TranscodeError::TimedOut)
            }
        }
    }

    fn take_idle(&self) -> Option<Worker> {
        loop {
            let mut worker = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if matches!(worker.process.try_wait(), Ok(None)) {
                return Some(worker);
            }
        }
    }

    fn put_back(&self, worker: Worker) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }

    fn spawn(&self) -> Result<Worker, TranscodeError> {
        let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
        let start = || {
            let mut process = Command::new(&self.command.program)
                .args(&self.command.args)
                .arg(self.memory_limit_bytes.to_string())
                // Neither secrets nor settings of ours.
                .env_clear()
                .envs(WORKER_ENVIRONMENT)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                // An interrupt at the terminal is for the server, which then lets its workers finish.
                .process_group(0)
                .spawn()?;
            let input = process.stdin.take().ok_or_else(missing)?;
            let output = process.stdout.take().ok_or_else(missing)?;
            Ok(Worker { process, input, output, frames: 0 })
        };
        start().map_err(TranscodeError::Worker)
    }
}

impl Worker {
    async fn exchange(&mut self, request: &Request, frame: &[u8]) -> io::Result<(Answer, Vec<u8>)> {
        self.input.write_all(&protocol::head(request, frame.len())?).await?;
        self.input.write_all(frame).await?;

        let mut prefix = [0; PREFIX_BYTES];
        self.output.read_exact(&mut prefix).await?;
        let (header_bytes, payload_bytes) = protocol::lengths(prefix)?;
        let mut header = vec![0; header_bytes];
        self.output.read_exact(&mut header).await?;
        let answer: Answer = serde_json::from_slice(&header)?;
        // A worker is not trusted: it may send what was asked for, and nothing else.
        let expected = match (&answer, request.task) {
            (Err(_), _) => 0..=0,
            (Ok(_), Task::Decode) => request.job.decoded_bytes()..=request.job.decoded_bytes(),
            (Ok(_), Task::Encode) => 1..=request.job.max_encoded_bytes(),
        };
        let size = usize::try_from(payload_bytes).unwrap_or(usize::MAX);
        if !expected.contains(&size) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a codec worker's answer has the wrong size"));
        }
        let mut samples = Vec::with_capacity(size);
        (&mut self.output).take(payload_bytes).read_to_end(&mut samples).await?;
        if samples.len() != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok((answer, samples))
    }
}
