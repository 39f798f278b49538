//! A closed loop of a few callers: each asks again as soon as it has its answer. `wrk` asks, for a client that is slower than the
//! server would be what is measured.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Callers at a time: as many as a reader's browser and its worker open.
pub const CALLERS: usize = 8;

/// What is asked, in one turn.
pub(crate) struct Turn<'a> {
    /// Scheme, host and port.
    pub(crate) server: &'a str,
    /// Paths below it, asked one after the other and round again.
    pub(crate) paths: &'a [String],
    /// Where to begin.
    pub(crate) first: usize,
    /// Request headers.
    pub(crate) headers: &'a [(&'static str, String)],
    /// Whether answers that are errors are left out of its rate: a peer may fail now and then, the service may not.
    pub(crate) may_fail: bool,
    /// How long, in whole seconds.
    pub(crate) length: Duration,
    /// Connections.
    pub(crate) callers: usize,
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Answers.
    pub answers: usize,
    /// Answers in a second.
    pub rate: f64,
    /// Median, in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, in milliseconds.
    pub p95_ms: f64,
    /// 99th percentile, in milliseconds.
    pub p99_ms: f64,
    /// Bytes on the wire in a second.
    pub bytes_rate: f64,
}

const SCRIPT: &str = r#"
local at, requests = FIRST, {}
function init(args)
  HEADERS
  for path in io.lines("PATHS") do requests[#requests + 1] = wrk.format("GET", path) end
end
function request()
  at = at + 1
  return requests[(at - 1) % #requests + 1]
end
function done(summary, latency, _)
  local errors = summary.errors
  io.stdout:write(string.format("figures %d %d %d %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(95), latency:percentile(99), summary.bytes, errors.read,
    errors.status, errors.status + errors.read + errors.write + errors.timeout + errors.connect))
end
"#;

/// Asks for one turn.
pub(crate) fn turn(turn: &Turn<'_>, scratch: &Path) -> Figures {
    let (script, paths) = (scratch.join("wrk.lua"), scratch.join("paths"));
    std::fs::write(&paths, turn.paths.join("\n")).unwrap();
    let headers = turn.headers.iter().fold(String::new(), |mut text, (name, value)| {
        writeln!(text, "wrk.headers[{name:?}] = {value:?}").unwrap();
        text
    });
    let text = SCRIPT
        .replace("FIRST", &turn.first.to_string())
        .replace("HEADERS", &headers)
        .replace("PATHS", &paths.display().to_string());
    std::fs::write(&script, text).unwrap();
    let output = Command::new("wrk")
        .args(["--threads", "1", "--timeout", "30s", "--connections", &turn.callers.to_string()])
        .args(["--duration", &format!("{}s", turn.length.as_secs())])
        .arg("--script")
        .arg(&script)
        .arg(turn.server)
        .output()
        .expect("install wrk (make bench does)");
    read(turn, &String::from_utf8_lossy(&output.stdout))
}

fn read(turn: &Turn<'_>, said: &str) -> Figures {
    let line = said.lines().find_map(|line| line.strip_prefix("figures "));
    let line = line.unwrap_or_else(|| panic!("wrk measured nothing: {said}"));
    let numbers: Vec<f64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
    let [answers, micros, p50, p95, p99, bytes, closed, failed, errors] = numbers[..] else { panic!("{line}") };
    // A server that closes the connection after each answer has a read error for each.
    let failed = if turn.may_fail { failed } else { 0.0 };
    let is_right = errors == failed || closed == answers;
    assert!(is_right, "{errors} of {answers} answers of {} were errors: {said}", turn.server);
    let seconds = micros / 1e6;
    Figures {
        answers: answers as usize,
        rate: (answers - failed) / seconds,
        p50_ms: p50 / 1e3,
        p95_ms: p95 / 1e3,
        p99_ms: p99 / 1e3,
        bytes_rate: bytes / seconds,
    }
}
