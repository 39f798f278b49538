//! The extractor on whole objects: written by hand, damaged, and those that come with pydicom.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../../guard/tests/it/build.rs"]
mod build;
mod bulk;
mod frames;
mod from_json;
mod header;
mod hostile;
mod pydicom;
mod records;

use build::{EXPLICIT_LE, Form, part10};
use index_extract::{Defaults, Extracted, extract};
use index_model::Finding;
use serde_json::Value;

fn defaults() -> Defaults {
    Defaults {
        patient_id_issuer: "NEODIN".into(),
        accession_issuer: "NEODIN-RIS".into(),
        character_set: None,
        base_path: "/dicom-web".into(),
    }
}

fn read(bytes: &[u8]) -> Result<Extracted, Finding> {
    extract(bytes, &defaults())
}

/// An image of one frame in explicit little endian, with further or other elements.
fn image_with(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut data_set = Form::Explicit.image_header(1);
    data_set.extend(elements.concat());
    part10(EXPLICIT_LE, &data_set)
}

fn metadata(extracted: &Extracted) -> Value {
    serde_json::from_str(extracted.entry.metadata.get()).unwrap()
}

/// The notes, as one reads them.
fn notes(extracted: &Extracted) -> Vec<String> {
    extracted.findings.iter().map(|f| format!("{} {}", f.attribute, f.rule)).collect()
}

#[track_caller]
fn refused(bytes: &[u8]) -> String {
    let finding = read(bytes).expect_err("a finding");
    assert_eq!(finding.severity, index_model::Severity::Quarantine);
    format!("{} {}", finding.attribute, finding.rule)
}
