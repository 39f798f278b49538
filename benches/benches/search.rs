//! A page of studies by modality and date, and a patient by the beginning of the name.

use benches::{Ask, compare, corpus, start};

const JSON: &str = "application/dicom+json";

fn main() {
    let corpus = corpus();
    let servers = start(&corpus);
    println!("| question | dics | p50 / p99 | Orthanc | p50 / p99 | ratio |\n| --- | --- | --- | --- | --- | --- |");
    let by = |paths: &[&str]| Ask {
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
        accept: JSON,
        accept_encoding: None,
        once: false,
    };
    compare("search: 25 newest studies", &servers.ours, &servers.orthanc, &by(&["/studies?limit=25"]));
    compare(
        "search: CT of a year",
        &servers.ours,
        &servers.orthanc,
        &by(&["/studies?ModalitiesInStudy=CT&StudyDate=20250101-20251231&limit=25"]),
    );
    compare(
        "search: name begins with",
        &servers.ours,
        &servers.orthanc,
        &by(&["/studies?PatientName=TREM*&limit=25", "/studies?PatientName=MA*&limit=25"]),
    );
}
