//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The DI Common Service: four regional imaging repositories as one.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    /// Configuration file (TOML); environment variables such as DICS__HTTP__LISTEN override it.
    #[arg(long, short, global = true, env = "DICS_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service.
    Serve,
    /// Run a synthetic province: four repository simulators and the service in front of them.
    Demo(Demo),
    /// Read the configuration and say what is wrong with it.
    CheckConfig,
    /// Bring the registry's database up to date, and end.
    Migrate,
    /// Register, test and list repositories.
    #[command(subcommand)]
    Repository(Repository),
    /// Look after the audit trail.
    #[command(subcommand)]
    Audit(Audit),
    /// Decode frames for a parent process.
    #[command(hide = true)]
    CodecWorker {
        /// Address space of the worker, in bytes.
        #[arg(long)]
        memory_limit_bytes: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Deal the DICOM files below this folder over the four repositories instead of the synthetic province.
    #[arg(long, value_name = "DIR")]
    pub(crate) dicom: Option<PathBuf>,
    /// Where the demo keeps its state.
    #[arg(long, default_value = "./data/demo", value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    /// Where it can be opened.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// A small province, for a quick look.
    #[arg(long)]
    pub(crate) small: bool,
    /// Begin anew: forget the state of an earlier demo.
    #[arg(long)]
    pub(crate) fresh: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Repository {
    /// Register the repository that a TOML file defines, and begin to index it.
    Add {
        /// Such as those in deploy/regions.
        file: PathBuf,
    },
    /// Test a repository and say in words what is wrong: a registered one by its code, or one in a TOML file.
    Test {
        /// Code or file.
        repository: String,
    },
    /// List the registered repositories with state, counts and last error.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Walk the whole chain and say where it does not hold.
    Verify,
}
