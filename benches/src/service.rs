//! The service alone, with state of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::servers::{CALLING, ask, free_port, wait_for};

/// The service, running. It ends when this is dropped.
pub struct Service {
    /// Scheme, host and port.
    pub ours: String,
    /// Where it takes C-STORE.
    pub our_dimse: u16,
    /// Where it takes HL7 messages.
    pub our_mllp: u16,
    process: Child,
    state: tempfile::TempDir,
}

impl Drop for Service {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Ends a process by its id, and waits for that.
pub(crate) fn end(process: &mut Child) {
    let _ = Command::new("kill").arg(process.id().to_string()).status();
    let _ = process.wait();
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Service {
    /// Starts it, empty. `environment` is for more of its configuration.
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let (http, our_dimse, our_mllp) = (free_port(), free_port(), free_port());
        let binary = root().join("target/release/dics");
        assert!(binary.is_file(), "target/release/dics is missing: run `make bench`, which builds it first");
        let configuration = state.path().join("dics.toml");
        std::fs::write(&configuration, format!("[[dimse.peer]]\nae_title = {CALLING:?}\nmay = [\"store\"]\n")).unwrap();
        let process = Command::new(binary)
            .arg("serve")
            .env("DICS_CONFIG", configuration)
            .env("DICS__DATA_DIR", state.path().join("ours"))
            .env("DICS__HTTP__LISTEN", format!("127.0.0.1:{http}"))
            .env("DICS__DIMSE__LISTEN", format!("127.0.0.1:{our_dimse}"))
            .env("DICS__MLLP__LISTEN", format!("127.0.0.1:{our_mllp}"))
            .env("DICS__ACCESS__MODE", "development")
            .env("DICS__LOG", "error")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        [http, our_dimse, our_mllp].into_iter().for_each(wait_for);
        Self { ours: format!("http://127.0.0.1:{http}"), our_dimse, our_mllp, process, state }
    }

    /// Memory that it holds now, with its workers, in MiB.
    pub fn memory_mib(&self) -> u64 {
        let ours = self.process.id();
        let workers = std::fs::read_to_string(format!("/proc/{ours}/task/{ours}/children")).unwrap_or_default();
        let pids = std::iter::once(ours).chain(workers.split_whitespace().filter_map(|pid| pid.parse().ok()));
        pids.map(resident_kib).sum::<u64>() / 1024
    }

    /// Waits until it has made HTJ2K forms of so many images.
    ///
    /// # Panics
    /// When they are not there within five minutes.
    pub fn wait_for_forms(&self, count: usize) {
        let began = Instant::now();
        while files_below(&self.state.path().join("ours"), "jhc") < count {
            assert!(began.elapsed() < Duration::from_secs(300), "no HTJ2K forms are made");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Registers a repository.
    pub fn register(&self, definition: &Value) {
        let url = format!("{}/api/admin/repositories", self.ours);
        let request =
            reqwest::Client::new().post(url).header("content-type", "application/json").body(definition.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(request.send()).unwrap().status();
        assert!(status.is_success(), "not registered: {status}");
    }

    /// What the administrators' list says of a repository.
    pub fn repository(&self, code: &str) -> Value {
        let all: Value = serde_json::from_slice(&ask(&format!("{}/api/admin/repositories", self.ours), "*/*")).unwrap();
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().find(|one| one["code"] == code).expect("it is registered")
    }

    /// What it answers below its DICOMweb root.
    pub fn get(&self, path: &str, accept: &str) -> Vec<u8> {
        crate::servers::get(&self.ours, path, accept)
    }
}

/// Files of an extension, at any depth.
fn files_below(folder: &Path, extension: &str) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |path: PathBuf| match path.is_dir() {
        true => files_below(&path, extension),
        false => usize::from(path.extension().is_some_and(|found| found == extension)),
    };
    entries.flatten().map(|entry| count(entry.path())).sum()
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
