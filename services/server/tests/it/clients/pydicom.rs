//! Every file of pydicom and pydicom-data, over the wire and back.

use super::{run, script};
use crate::service::Service;

/// The files of every second wave: two tests share the work.
fn compare(from: usize) {
    let waves: usize = run(script("pydicom_files.py", None).arg("waves")).trim().parse().unwrap();
    assert!(waves > 10, "{waves} waves");
    for wave in (from..waves).step_by(2) {
        let data = tempfile::tempdir().unwrap();
        let service = Service::start(data.path());
        print!("{}", run(script("pydicom_files.py", Some(&service)).arg(wave.to_string())));
    }
}

#[test]
fn every_file_of_pydicom_comes_back_as_pydicom_reads_it() {
    compare(0);
}

#[test]
fn every_other_form_of_them_comes_back_as_pydicom_reads_it() {
    compare(1);
}
