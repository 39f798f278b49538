//! Clients that nobody here wrote, and pydicom, against a running service with real images.
//!
//! Each is a script in `clients/` or in the viewer's `test/clients`, run with packages that `fixtures/files` pins.

mod node;
mod ohif;
mod pydicom;
mod python;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::service::Service;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Fetched test data, and what it must hold.
fn test_data(sets: &[&str]) -> PathBuf {
    crate::processes::fetch("fetch.py", sets);
    root().join("target/test-data")
}

/// The Python that has the pinned packages.
fn python() -> PathBuf {
    let made = Command::new("python3")
        .arg(root().join("fixtures/files/environment.py"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("python3 can't be started ({error}): run deploy/setup/install.sh test"));
    assert!(
        made.status.success(),
        "the packages of fixtures/files/requirements.txt can't be installed; is there a network?"
    );
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim())
}

/// Runs a script to its end, and shows what it says; a script that fails fails its test.
fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{:?} can't be started: {error}", command.get_program()));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaints}");
    said
}

/// One of the Python scripts, told where the test data and the service are.
fn script(name: &str, service: Option<&Service>) -> Command {
    let mut command = Command::new(python());
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients").join(name))
        .env("TEST_DATA", test_data(&["pydicom-3.0.2", "pydicom-data-1.0.0"]));
    if let Some(service) = service {
        command.env("DICOMWEB", format!("http://{}/dicom-web", service.client.address()));
    }
    command
}
