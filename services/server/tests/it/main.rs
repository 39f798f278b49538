//! The whole service, started as a user starts it, against real peers and rude ones.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bucket;
mod choice;
mod client;
mod clients;
#[path = "../../../../dicom-index/store/tests/it/cluster.rs"]
mod cluster;
mod command_line;
mod conformance;
mod contradictions;
mod copies;
mod demo;
mod durable;
mod five_lines;
mod handed_over;
mod hl7_library;
mod holds;
mod hostile;
mod identity;
mod key_objects;
mod launches;
mod liars;
mod lifecycle;
mod manifests;
mod nodes;
mod object_reports;
mod operations;
mod orders;
mod peers;
mod processes;
mod readers;
mod register;
mod reports;
mod restart;
mod service;
mod sources;
mod test_patients;
mod tidy;
mod whole_stack;
mod withdrawals;
mod workers;
