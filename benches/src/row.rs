//! One line of the table: every bench prints the same columns, so that all of them together are one table.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// The file that collects the lines of several benches, if any: `make bench` prints it at the end.
const COLLECTED: &str = "BENCH_TABLE";

const HEAD: &str =
    "| scenario | dics | p50 / p95 / p99 ms | beside it | reached (bar) |\n| --- | --- | --- | --- | --- |";
const NONE: &str = "–";

/// What was measured, and what was expected.
pub struct Row {
    scenario: String,
    ours: String,
    latency: String,
    beside: Vec<String>,
    reached: Vec<String>,
}

impl Row {
    /// What the service did, in words or figures with their unit.
    pub fn new(scenario: impl Into<String>, ours: impl Into<String>) -> Self {
        let (scenario, ours) = (scenario.into(), ours.into());
        Self { scenario, ours, latency: NONE.into(), beside: Vec::new(), reached: Vec::new() }
    }

    /// Its p50, p95 and p99 in milliseconds.
    #[must_use]
    pub fn latency(self, [p50, p95, p99]: [f64; 3]) -> Self {
        Self { latency: format!("{p50:.2} / {p95:.2} / {p99:.2}"), ..self }
    }

    /// What a peer did in the same run.
    #[must_use]
    pub fn beside(mut self, peer: impl Into<String>) -> Self {
        self.beside.push(peer.into());
        self
    }

    /// At least `bar` times the rate of a peer.
    #[must_use]
    pub fn times(self, ratio: f64, peer: &str, bar: f64) -> Self {
        self.bar(&format!("{ratio:.2} × {peer}"), &format!("≥ {bar}"), ratio >= bar)
    }

    /// A figure with its unit, the bar in the same unit, and whether it is met.
    #[must_use]
    pub fn bar(mut self, reached: &str, bar: &str, is_met: bool) -> Self {
        self.reached.push(format!("{reached} ({bar}{})", if is_met { "" } else { ", not met" }));
        self
    }

    /// Prints it, and adds it to the lines of the other benches.
    pub fn print(self) {
        let list = |cells: &[String]| if cells.is_empty() { NONE.into() } else { cells.join("; ") };
        let (beside, reached) = (list(&self.beside), list(&self.reached));
        let line = format!("| {} | {} | {} | {beside} | {reached} |", self.scenario, self.ours, self.latency);
        println!("{line}");
        if let Some(file) = std::env::var_os(COLLECTED) {
            let is_new = !Path::new(&file).exists();
            let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
            let head = if is_new { format!("{HEAD}\n") } else { String::new() };
            writeln!(file, "{head}{line}").unwrap();
        }
    }
}

/// Prints the head of the table.
pub fn head() {
    println!("{HEAD}");
}
