//! Who is a test patient by an operator's word, told by command.

use std::process::Command;

use crate::identity::start;
use crate::object_reports::{sr, stow};

#[test]
fn an_operator_marks_a_test_patient_and_takes_it_back_by_command() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    assert_eq!(stow(&service, &sr("2.25.9101", "0900", "Rien.", "VERIFIED", None)).status, 200);
    let command = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dics"));
        command.arg("test-patients").args(words).env("DICS__DATA_DIR", data.path());
        let listen = service.client.address();
        let out = command.env("DICS__HTTP__LISTEN", listen).output().unwrap();
        let told = [out.stdout, out.stderr].concat();
        (out.status.success(), String::from_utf8(told).unwrap())
    };
    let studies = || service.client.get("/dicom-web/studies").status;
    let of = |what: &'static str, number: &'static str, reason: &'static str| {
        command(&[what, "--issuer", "NORTH", "--number", number, "--reason", reason])
    };
    assert_eq!(studies(), 200);
    assert!(!of("mark", "999", "a phantom").0, "nobody's number");
    assert!(!of("not-a-test", "100", "somebody").0, "is not taken for one");
    assert!(!of("mark", "100", " ").0, "not without a reason");
    assert!(of("mark", "100", "a phantom").0);
    assert_eq!(studies(), 204);
    let (_, listed) = command(&["list"]);
    assert!(listed.contains("a test: a phantom") && listed.contains("1 studies hidden"), "{listed}");
    assert!(of("not-a-test", "100", "somebody after all").0);
    assert_eq!(studies(), 200);
    let files = std::fs::read_dir(data.path().join("audit")).unwrap().flatten();
    let trail: String = files.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect();
    assert!(trail.contains("a test: a phantom") && trail.contains("no test: somebody after all"));
    let log = std::fs::read_to_string(data.path().join("log")).unwrap();
    assert!(!log.contains("phantom"), "what somebody wrote is in no log");
}
