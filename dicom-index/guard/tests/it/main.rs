//! The guard on data sets written by hand: what is right passes, what lies about itself does not.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bombs;
mod build;
mod damage;
mod lenient;
mod reads;

use index_guard::{Limits, Structure, Violation, scan_data_set, scan_file};

fn scan(transfer_syntax_uid: &str, data_set: &[u8]) -> Result<Structure, Violation> {
    scan_data_set(data_set, transfer_syntax_uid, &Limits::default())
}

fn file(bytes: &[u8]) -> Result<Structure, Violation> {
    scan_file(bytes, &Limits::default())
}

/// What was refused: attribute and rule.
#[track_caller]
fn refused(result: Result<Structure, Violation>) -> String {
    let violation = result.expect_err("a violation");
    format!("{} {}", violation.attribute, violation.rule)
}
