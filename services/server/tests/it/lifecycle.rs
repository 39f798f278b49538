//! What becomes of studies at their repositories: they grow, they move, they come twice, late, slowly or not at all.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fixtures::simulators::dicomweb::Manners;
use fixtures::simulators::dimse::{DimseArchive, PushTo, send_folder};
use index_model::AeTitle;
use serde_json::{Value, json};

use crate::operations::{Operated, bytes, definition, dics, file, fill, operated};
use crate::processes::wait;
use crate::service::Service;

fn with_repository(operated: &Operated, studies: u64) -> Service {
    let service = Service::start(operated.data.path());
    service.register(&definition("neodin", "dicomweb", json!({ "url": operated.origin.url() }), 1));
    service.wait_until_indexed("neodin", studies);
    service
}

fn rows(service: &Service) -> Vec<Value> {
    let answer = service.client.get("/dicom-web/studies");
    if answer.status == 204 { Vec::new() } else { answer.json().as_array().unwrap().clone() }
}

fn number(row: &Value, tag: &str) -> u64 {
    row[tag]["Value"][0].as_u64().unwrap()
}

fn texts(row: &Value, tag: &str) -> Vec<String> {
    row[tag]["Value"].as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// A study of the province with several images in its largest series.
fn large(operated: &Operated) -> usize {
    let images =
        |study: &fixtures::StudyPlan| study.series.iter().map(|series| series.instances.len()).max().unwrap_or(0);
    (0..6).find(|study| images(&operated.province.studies[*study]) > 1).unwrap()
}

#[test]
fn a_study_that_grows_after_its_registration_shows_what_is_new_under_another_tag() {
    let operated = operated(6);
    let service = with_repository(&operated, 6);
    let study = large(&operated);
    let path = format!("/dicom-web/studies/{}/metadata", operated.province.studies[study].study_uid);
    let before = service.client.get(&path);
    assert_eq!(before.json().as_array().unwrap().len(), 1);
    let uid = &operated.province.studies[study].study_uid;
    let patient = service.client.get(&format!("/api/studies/{uid}")).json();
    let record = format!("/api/patients/{}", patient["patientKey"].as_str().unwrap());
    let open = service.client.get(&record).json();
    let state = || service.client.get(&format!("{record}/state")).json();
    assert_eq!(state(), json!({ "state": open["state"], "images": open["images"] }));
    std::fs::write(file(operated.images.path(), study, 1), bytes(&operated.province, study, 1)).unwrap();
    operated.runtime.block_on(operated.origin.rescan()).unwrap();
    wait(Duration::from_secs(20), "the second image", || {
        let after = service.client.get(&path);
        after.status == 200
            && after.json().as_array().unwrap().len() == 2
            && after.header("etag") != before.header("etag")
            && after.header("warning").is_empty()
    });
    assert_eq!(state()["state"], open["state"], "an open viewer goes on");
    assert_ne!(state()["images"], open["images"], "and tells of new images");
    let row = service.client.get(&format!("/dicom-web/studies?StudyInstanceUID={uid}")).json();
    assert_eq!(number(&row[0], "00201208"), 2);
}

#[test]
fn a_study_that_moves_to_another_repository_keeps_its_address_and_is_never_doubled() {
    let operated = operated(3);
    let service = with_repository(&operated, 3);
    let uid = &operated.province.studies[1].study_uid;
    let path = format!("/dicom-web/studies/{uid}");
    // Both have it for a while, as when repositories merge.
    let other = definition("ocinet", "archive", json!({ "url": operated.images.path() }), 1);
    service.register(&other);
    service.wait_until_indexed("ocinet", 3);
    let found = rows(&service);
    assert_eq!(found.len(), 3, "nothing is doubled");
    let all: HashSet<String> = found.iter().flat_map(|row| texts(row, "00080054")).collect();
    assert_eq!(all, HashSet::from(["neodin".to_owned(), "ocinet".to_owned()]));
    assert!(found.iter().all(|row| number(row, "00201208") == 1));

    let removed = dics(&service, &["remove", "neodin", "--confirm", "neodin"]);
    assert!(removed.status.success());
    wait(Duration::from_secs(20), "the old location to be gone", || {
        rows(&service).iter().all(|row| texts(row, "00080054") == ["ocinet"])
    });
    assert_eq!(rows(&service).len(), 3);
    let whole = service.client.get(&path);
    assert_eq!((whole.status, whole.parts().len()), (200, 1), "the old address leads to the new place");
}

#[test]
fn an_exam_under_two_identifiers_is_shown_twice_each_with_where_it_came_from() {
    let operated = operated(2);
    let service = with_repository(&operated, 2);
    // The same picture, imported elsewhere under identifiers of its own.
    let (old, new) = (operated.province.studies[0].study_uid.as_bytes().to_vec(), "2.25.1234567");
    let mut object = bytes(&operated.province, 0, 0);
    let mut padded = new.as_bytes().to_vec();
    padded.resize(old.len(), 0);
    let places: Vec<usize> = memchr::memmem::find_iter(&object, &old).collect();
    places.into_iter().for_each(|at| object[at..at + old.len()].copy_from_slice(&padded));
    assert_eq!(service.client.stow(&[object]).status, 200);
    let found = rows(&service);
    assert_eq!(found.len(), 3, "nothing is united or hidden by a guess");
    let copy = found.iter().find(|row| texts(row, "0020000D") == [new]).unwrap();
    assert_eq!(texts(copy, "00080054"), ["local"]);
}

#[test]
fn a_slow_region_slows_nobody_else() {
    let operated = operated(3);
    let service = with_repository(&operated, 3);
    let gtaw = tempfile::tempdir().unwrap();
    fill(&operated.province, gtaw.path(), 3..5);
    service.register(&definition("gtaw", "archive", json!({ "url": gtaw.path() }), 1));
    service.wait_until_indexed("gtaw", 2);
    operated.origin.behave(Manners::Slow(Duration::from_secs(20)));
    let slow = std::thread::scope(|scope| {
        // Many look at images of the slow region meanwhile.
        for study in 0..3 {
            let (address, uid) = (service.client.address(), operated.province.studies[study].study_uid.clone());
            scope.spawn(move || {
                let client = crate::client::Client::new(format!("http://{address}"));
                client.try_get(&format!("/dicom-web/studies/{uid}/metadata"))
            });
        }
        let began = Instant::now();
        for study in 3..5 {
            assert_eq!(rows(&service).len(), 5);
            let whole =
                service.client.get(&format!("/dicom-web/studies/{}", operated.province.studies[study].study_uid));
            assert_eq!((whole.status, whole.parts().len()), (200, 1));
        }
        let slow = began.elapsed();
        operated.origin.behave(Manners::Good);
        slow
    });
    assert!(slow < Duration::from_secs(5), "the others took {slow:?}");
}

fn archive(operated: &Operated, service: &Service, callers: Option<&str>) -> fixtures::simulators::dimse::Running {
    let receiver = SocketAddr::from(([127, 0, 0, 1], service.dimse_port));
    let destinations = HashMap::from([(AeTitle::parse("DICS").unwrap(), receiver)]);
    let mut archive =
        DimseArchive::new(AeTitle::parse("SWODIN").unwrap(), operated.images.path().to_owned(), destinations);
    if let Some(caller) = callers {
        archive = archive.known_to([AeTitle::parse(caller).unwrap()]);
    }
    operated.runtime.block_on(archive.listen("127.0.0.1:0".parse().unwrap())).unwrap()
}

#[test]
fn objects_that_come_late_or_unasked_from_an_archive_are_taken_in() {
    let operated = operated(2);
    let service = Service::start(operated.data.path());
    let archive = archive(&operated, &service, None);
    let address = json!({ "host": "127.0.0.1", "port": archive.addr.port(), "aeTitle": "SWODIN" });
    service.register(&definition("swodin", "dimse", address, 1));
    service.wait_until_indexed("swodin", 2);
    // As an archive does whose C-MOVE was given up a while ago.
    let late = tempfile::tempdir().unwrap();
    fill(&operated.province, late.path(), 0..3);
    let files: Vec<_> = (0..3).map(|study| file(late.path(), study, 0)).collect();
    let (calling, called) = (AeTitle::parse("SWODIN").unwrap(), AeTitle::parse("DICS").unwrap());
    let receiver = SocketAddr::from(([127, 0, 0, 1], service.dimse_port));
    let to = PushTo { address: receiver, calling, called, retry_after: Duration::from_millis(100) };
    let mut done = HashSet::new();
    let stop = tokio_util::sync::CancellationToken::new();
    operated.runtime.block_on(send_folder(&to, &files, &mut done, &stop, |_| {}));
    assert_eq!(done.len(), 3);
    assert_eq!(rows(&service).len(), 3);
    operated.runtime.block_on(archive.stop());
    for study in 0..3 {
        let whole = service.client.get(&format!("/dicom-web/studies/{}", operated.province.studies[study].study_uid));
        assert_eq!((whole.status, whole.parts().len()), (200, 1), "held, though the archive is gone");
    }
}

#[test]
fn an_archive_that_refuses_our_title_is_told_in_words_and_the_others_go_on() {
    let operated = operated(2);
    let service = with_repository(&operated, 2);
    let archive = archive(&operated, &service, Some("SOMEBODY"));
    let address = json!({ "host": "127.0.0.1", "port": archive.addr.port(), "aeTitle": "SWODIN" });
    service.register(&definition("swodin", "dimse", address, 1));
    wait(Duration::from_secs(20), "the refusal to be told", || {
        let status = service.repository("swodin");
        status["state"] == "refused"
            && status["lastError"]["text"].as_str().is_some_and(|text| text.contains("refused"))
    });
    let tested = dics(&service, &["test", "swodin"]);
    let said = String::from_utf8_lossy(&tested.stdout).into_owned();
    assert!(!tested.status.success() && said.contains("FAIL") && said.contains("DICS"), "{said}");
    assert_eq!((service.repository("neodin")["state"].as_str(), rows(&service).len()), (Some("following"), 2));
    operated.runtime.block_on(archive.stop());
}
