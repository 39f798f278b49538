//! `dics`, the only binary of the DI Common Service: wiring, configuration and commands.
#![forbid(unsafe_code)]

mod app;
mod audit;
mod cli;
mod config;
mod demo;
mod dimse;
mod http;
mod mllp;
mod reports;
mod repository;
mod sources;
mod test_patients;
mod tls;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

/// Answers are made of many small pieces of memory, taken on one thread and given back on another (docs/decisions/0016-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::CodecWorker { memory_limit_bytes } = cli.command {
        return transcode::worker_main(memory_limit_bytes);
    }
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: what is wrong and what to do about it.
            eprintln!("dics: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A request is a nest of futures that lie on a worker's stack while it is polled, layer within layer, and an overflow ends the whole process:
/// four times the usual. What is not used is only address space.
const WORKER_STACK_BYTES: usize = 8 << 20;

fn run(cli: Cli) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(WORKER_STACK_BYTES).build()?;
    let config = config::Config::load(cli.config.as_deref());
    runtime.block_on(async {
        match cli.command {
            Command::Serve => app::serve(config?).await,
            Command::Demo(options) => demo::run(options).await,
            Command::DemoRegion(command) => demo::turn(command).await,
            Command::CheckConfig => app::check(&config?),
            Command::Migrate => app::migrate(&config?).await,
            Command::Repository(command) => repository::run(&config?, command).await,
            Command::TestPatients(command) => test_patients::run(&config?, command).await,
            Command::Reports(command) => reports::run(&config?, command).await,
            Command::Audit(command) => audit::run(&config?, command).await,
            Command::CodecWorker { .. } => Ok(()),
        }
    })
}
