//! Searches over 5,000 studies, and the instances of a large series.

use std::time::Duration;

use benches::{Question, Stow, Table, large_series, small_studies, start};

const JSON: &str = "application/dicom+json";
const STUDIES: usize = 5000;

fn main() {
    let servers = start(&[]);
    let series = large_series(400);
    for server in [&servers.ours, &servers.orthanc] {
        servers.stow(server, &small_studies(STUDIES), Stow { batch: 50, callers: 2 });
    }
    servers.load(&series.objects);
    let table = Table::new(&servers);
    let ask = |name, paths: Vec<String>| Question::new(name, JSON, paths);
    let every = |text: &dyn Fn(usize) -> String, count: usize| (0..count).map(text).collect::<Vec<_>>();
    let patient = every(&|n| format!("/studies?PatientID=P{}", n * 7 % (STUDIES / 2)), 500);
    table.ask(&ask("search: a patient's studies by PatientID", patient).beside_orthanc(20.0));
    let names = ["TREMBLAY1", "MACDONALD2", "SINGH", "NGUYEN4", "KOWALSKI11"];
    let names = names.map(|name| format!("/studies?PatientName={name}*&limit=25")).to_vec();
    table.ask(&ask("search: name begins with, 25 rows", names).beside_orthanc(20.0));
    let months =
        every(&|n| format!("/studies?StudyDate=2025{0:02}01-2025{0:02}28&ModalitiesInStudy=CT&limit=25", n + 1), 12);
    table.ask(&ask("search: month and modality, 25 rows", months).beside_orthanc(20.0));
    let pages = every(&|n| format!("/studies?limit=50&offset={}", 4000 + n * 50), 15);
    let slow = |question| Question { length: Duration::from_secs(5), ..question };
    table.ask(&slow(ask("search: a page of 50 at a deep offset", pages).beside_orthanc(50.0)));
    let instances = vec![format!("{}/instances", series.path())];
    table.ask(&slow(ask("search: the instances of a series of 400", instances).beside_orthanc(100.0)));
    let metadata = || vec![format!("{}/metadata", series.path())];
    table.ask(&ask("metadata of a series of 400", metadata()).beside_orthanc(100.0).beside_nginx(0.6));
    let zipped = Question { accept_encoding: Some("gzip"), ..ask("the same, gzip accepted", metadata()) };
    table.ask(&zipped.beside_orthanc(100.0).beside_nginx(0.6));
}
