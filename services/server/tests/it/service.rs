//! `dics serve` as a child process on loopback ports.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::processes::{Process, free_port, wait};

/// A running service.
pub(crate) struct Service {
    process: Process,
    pub(crate) client: Client,
    pub(crate) dimse_port: u16,
    pub(crate) mllp_port: u16,
}

impl Service {
    /// Starts it on `data`, and waits until it is ready.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// Starts it with more environment.
    pub(crate) fn start_with(data: &Path, environment: &[(&str, &str)]) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_dics"));
        program.arg("serve");
        let mut service = Self::launch(&mut program, data, environment);
        service.wait_until_ready(data);
        service
    }

    /// Starts a program that is the service, or becomes it, and does not wait.
    pub(crate) fn launch(program: &mut Command, data: &Path, environment: &[(&str, &str)]) -> Self {
        let (http, dimse_port, mllp_port) = (free_port(), free_port(), free_port());
        let log = std::fs::OpenOptions::new().create(true).append(true).open(data.join("log")).unwrap();
        program
            .env("DICS__DATA_DIR", data)
            .env("DICS__HTTP__LISTEN", format!("127.0.0.1:{http}"))
            .env("DICS__DIMSE__LISTEN", format!("127.0.0.1:{dimse_port}"))
            .env("DICS__MLLP__LISTEN", format!("127.0.0.1:{mllp_port}"))
            .env("DICS__ACCESS__MODE", "development")
            .env("DICS__LOG", "debug,hyper=info,h2=info")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(log);
        let process = Process::start(program, "cargo builds it");
        let client = Client::new(format!("http://127.0.0.1:{http}"));
        Self { process, client, dimse_port, mllp_port }
    }

    /// Waits until it serves.
    pub(crate) fn wait_until_ready(&mut self, data: &Path) {
        wait(Duration::from_secs(30), "the service to be ready", || {
            assert!(
                !self.process.has_ended(),
                "the service ended at its start: {}",
                std::fs::read_to_string(data.join("log")).unwrap()
            );
            self.client.try_get("/readyz").is_some_and(|response| response.status == 200)
        });
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Memory that it holds now, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Registers a repository over the administrators' API.
    pub(crate) fn register(&self, definition: &Value) {
        let answer = self.client.post_json("/api/admin/repositories", definition);
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// How a repository stands.
    pub(crate) fn repository(&self, code: &str) -> Value {
        let all = self.client.get("/api/admin/repositories").json();
        all.as_array().unwrap().iter().find(|one| one["code"] == code).unwrap().clone()
    }

    /// Waits until a repository is wholly indexed.
    pub(crate) fn wait_until_indexed(&self, code: &str, studies: u64) {
        let began = std::time::Instant::now();
        loop {
            let status = self.repository(code);
            if status["state"] == "following" && status["counts"]["studies"].as_u64() >= Some(studies) {
                return;
            }
            let late = began.elapsed() > Duration::from_secs(60);
            assert!(!late, "{studies} studies of {code} were expected: {status}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
