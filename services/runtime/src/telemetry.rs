//! Logs, as text on a terminal and as JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error. `filter` is a `tracing` directive list such as `info,sqlx=warn`.
///
/// A second call in one process is ignored, so that tests may call it too.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = if std::io::stderr().is_terminal() { logs.compact().try_init() } else { logs.json().try_init() };
    if started.is_err() {
        tracing::debug!("logging had been started before");
    }
}

/// What lies behind an error, nearest first, for a log line: errors of this house say their own step alone and no value.
pub fn causes(error: &dyn std::error::Error) -> String {
    let nearest = std::iter::successors(error.source(), |cause| cause.source());
    nearest.take(8).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// An error with what lies behind it in one line, each step once: libraries repeat their causes' words as often as not.
pub fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    for step in std::iter::successors(error.source(), |cause| cause.source()).take(8).map(ToString::to_string) {
        if !line.contains(&step) {
            line.push_str(": ");
            line.push_str(&step);
        }
    }
    line
}
