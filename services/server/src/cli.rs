//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Where the demo keeps its state unless told otherwise.
pub(crate) const DEMO_DATA_DIR: &str = "./data/demo";

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
    /// Take a region of the running demo down, or bring it back.
    DemoRegion(DemoRegion),
    /// Read the configuration and say what is wrong with it.
    CheckConfig,
    /// Bring the registry's database up to date, and end.
    Migrate,
    /// Register, test, list, pause, compare and remove repositories.
    #[command(subcommand)]
    Repository(Repository),
    /// Say who is a test patient and who is none: tests are left out of searches over all patients.
    #[command(subcommand)]
    TestPatients(TestPatients),
    /// Hold a report until a time: whoever asks for it, by whatever way, learns that it is pending and nothing else.
    #[command(subcommand)]
    Reports(Reports),
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
    #[arg(long, default_value = DEMO_DATA_DIR, value_name = "DIR")]
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

/// Whether a region is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Turn {
    /// Nobody answers there.
    Down,
    /// It answers again, and what is new there is found.
    Up,
}

#[derive(Debug, Args)]
pub(crate) struct DemoRegion {
    /// What to do.
    pub(crate) turn: Turn,
    /// NEODIN, SWODIN or GTAW.
    pub(crate) region: String,
    /// Where the demo keeps its state.
    #[arg(long, default_value = DEMO_DATA_DIR, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Repository {
    /// Register the repository that a TOML file defines, and begin to index it.
    Add {
        /// Such as those in deploy/regions.
        file: PathBuf,
    },
    /// Change a registered repository to what a TOML file defines: operator, region, address. Its code and all that is registered of it stay.
    Change {
        /// With the code of the registered one.
        file: PathBuf,
    },
    /// Test a repository and say in words what is wrong: a registered one by its code, or one in a TOML file.
    Test {
        /// Code or file.
        repository: String,
    },
    /// List the registered repositories with state, counts, progress and last error.
    List,
    /// Stop following a repository; what is registered stays.
    Pause {
        /// Code.
        code: String,
    },
    /// Go on following a paused repository.
    Resume {
        /// Code.
        code: String,
    },
    /// Walk over a repository anew, from the newest study.
    Backfill {
        /// Code.
        code: String,
    },
    /// Look at a repository now, instead of at its next turn.
    Look {
        /// Code.
        code: String,
    },
    /// Compare the registry with the repository's own list, and show what differs.
    Reconcile {
        /// Code.
        code: String,
        /// Mark what is gone at the repository even when it is most of it.
        #[arg(long)]
        accept: bool,
    },
    /// Show what earlier comparisons found.
    Drift {
        /// Code.
        code: String,
    },
    /// Take a repository out, with the studies and images that no other has. What was pushed to us and every report stays.
    Remove {
        /// Code.
        code: String,
        /// The code once more, instead of the question.
        #[arg(long, value_name = "CODE")]
        confirm: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TestPatients {
    /// List who is taken for a test, and of whom somebody ruled.
    List,
    /// This patient is a test: no search over all patients shows them from now on.
    Mark(OfNumber),
    /// This patient is somebody, whatever the number looks like.
    NotATest(OfNumber),
}

#[derive(Debug, Args)]
pub(crate) struct OfNumber {
    /// Who issued the number, as the list and search results name it.
    #[arg(long)]
    pub(crate) issuer: String,
    /// The number (PatientID).
    #[arg(long)]
    pub(crate) number: String,
    /// Why, in a line: it is kept, and in the audit trail.
    #[arg(long)]
    pub(crate) reason: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Reports {
    /// List what is held, the next to be released first.
    Held,
    /// Hold a report, or until another time than before.
    Hold {
        /// The report's key in the viewer's API.
        key: String,
        /// Until this moment (2026-01-31T09:30:00-05:00), or until this day (2026-01-31) has begun wherever somebody is.
        #[arg(long)]
        until: String,
        /// Why, in a line: it is kept, and in the audit trail.
        #[arg(long)]
        reason: String,
    },
    /// End the hold of a report before its time.
    Release {
        /// The report's key in the viewer's API.
        key: String,
        /// Why, in a line.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Walk the whole chain and say where it does not hold.
    Verify,
    /// Who opened a study, a report or a record, as the trail of the running service tells. That somebody asked is in the trail too.
    Readers(Readers),
}

#[derive(Debug, Args)]
#[group(id = "of", required = true, multiple = true)]
pub(crate) struct Readers {
    /// StudyInstanceUID, also of a study that was moved or rejected.
    #[arg(long, value_name = "UID", group = "of", conflicts_with = "report")]
    pub(crate) study: Option<String>,
    /// The report's key in the viewer's API.
    #[arg(long, value_name = "KEY", group = "of")]
    pub(crate) report: Option<String>,
    /// The patient's key in the viewer's addresses; with a study or report, only what was shown under that patient.
    #[arg(long, value_name = "KEY", group = "of")]
    pub(crate) patient: Option<String>,
    /// From this day (2026-01-31) or moment (2026-01-31T09:30:00-05:00) on.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Up to the end of this day, or before this moment.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// Only who opened this version of the report.
    #[arg(long, requires = "report")]
    pub(crate) version: Option<u32>,
    /// As JSON, for a notice or a spreadsheet.
    #[arg(long)]
    pub(crate) json: bool,
}
