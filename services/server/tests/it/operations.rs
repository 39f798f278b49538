//! What an administrator does with a repository that is registered: pause, walk over anew, compare, take out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use fixtures::simulators::dicomweb::{DicomwebOrigin, Manners, Running};
use fixtures::{Province, ProvinceOptions, Scale, instance_bytes, plan};
use serde_json::{Value, json};

use crate::processes::wait;
use crate::service::Service;

/// A repository over DICOMweb, and a service that knows it. It is looked at when it is asked for and hardly otherwise.
pub(crate) struct Operated {
    pub(crate) images: tempfile::TempDir,
    pub(crate) data: tempfile::TempDir,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) origin: Running,
    pub(crate) province: Province,
}

/// One instance of each of the first studies of a province.
pub(crate) fn fill(province: &Province, folder: &Path, studies: std::ops::Range<usize>) {
    for number in studies {
        std::fs::write(file(folder, number, 0), bytes(province, number, 0)).unwrap();
    }
}

pub(crate) fn bytes(province: &Province, study: usize, instance: usize) -> Vec<u8> {
    let study = &province.studies[study];
    let series = study.series.iter().max_by_key(|series| series.instances.len()).unwrap();
    instance_bytes(study, series, instance)
}

pub(crate) fn file(folder: &Path, study: usize, instance: usize) -> PathBuf {
    folder.join(format!("{study}-{instance}.dcm"))
}

pub(crate) fn operated(studies: usize) -> Operated {
    let (images, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut province = plan(&ProvinceOptions { seed: 5, scale: Scale::Small });
    let mut seen = std::collections::BTreeSet::new();
    province.studies.retain(|study| seen.insert(study.study_uid.clone()));
    fill(&province, images.path(), 0..studies);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let origin = runtime.block_on(DicomwebOrigin::start("127.0.0.1:0".parse().unwrap(), images.path())).unwrap();
    Operated { images, data, runtime, origin, province }
}

pub(crate) fn definition(code: &str, section: &str, address: Value, poll_seconds: u32) -> Value {
    let mut definition = json!({ "code": code, "name": code, "region": "TEST", "protocol": section,
        "patientIdIssuer": code, "pollSeconds": poll_seconds });
    definition[section] = address;
    definition
}

impl Operated {
    pub(crate) fn service(&self, studies: u64, poll_seconds: u32) -> Service {
        let service = Service::start(self.data.path());
        service.register(&definition("neodin", "dicomweb", json!({ "url": self.origin.url() }), poll_seconds));
        service.wait_until_indexed("neodin", studies);
        service
    }

    fn rescan(&self) {
        self.runtime.block_on(self.origin.rescan()).unwrap();
    }

    fn uid(&self, study: usize) -> &str {
        &self.province.studies[study].study_uid
    }
}

pub(crate) fn dics(service: &Service, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dics"));
    command.arg("repository").args(arguments);
    command.env("DICS__HTTP__LISTEN", service.client.address()).env("DICS__ACCESS__MODE", "development");
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    said(output)
}

fn studies(service: &Service) -> Vec<Value> {
    let answer = service.client.get("/dicom-web/studies");
    if answer.status == 204 { Vec::new() } else { answer.json().as_array().unwrap().clone() }
}

fn availability(service: &Service, uid: &str) -> String {
    let row = service.client.get(&format!("/dicom-web/studies?StudyInstanceUID={uid}")).json();
    row[0]["00080056"]["Value"][0].as_str().unwrap().to_owned()
}

#[test]
fn a_paused_repository_is_left_alone_until_it_is_resumed() {
    let operated = operated(3);
    let service = operated.service(3, 1);
    well(&dics(&service, &["pause", "neodin"]));
    wait(Duration::from_secs(5), "the pause to show", || service.repository("neodin")["state"] == "paused");
    fill(&operated.province, operated.images.path(), 3..4);
    operated.rescan();
    let searched = operated.origin.series_searches();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(
        (operated.origin.series_searches(), studies(&service).len()),
        (searched, 3),
        "it was asked though paused"
    );
    assert!(service.repository("neodin")["lastError"].is_null(), "a pause is no failure");
    well(&dics(&service, &["resume", "neodin"]));
    wait(Duration::from_secs(10), "what came meanwhile", || studies(&service).len() == 4);
    let nobody = dics(&service, &["pause", "nobody"]);
    assert!(!nobody.status.success() && said(&nobody).contains("no repository of this code"), "{}", said(&nobody));
}

#[test]
fn a_repository_is_walked_over_anew_from_the_newest() {
    let operated = operated(4);
    let service = operated.service(4, 86_400);
    fill(&operated.province, operated.images.path(), 4..6);
    operated.rescan();
    well(&dics(&service, &["backfill", "neodin"]));
    service.wait_until_indexed("neodin", 6);
    let status = service.repository("neodin");
    assert_eq!(status["progress"]["indexed"], 6, "all of it is looked through, also what was known: {status}");
    assert_eq!(studies(&service).len(), 6);
}

#[test]
fn drift_between_the_registry_and_a_repository_is_reported_and_mended_and_nothing_is_deleted() {
    let operated = operated(6);
    let folder = operated.images.path();
    let service = operated.service(6, 86_400);
    let grown =
        (0..6).find(|study| operated.province.studies[*study].series.iter().any(|series| series.instances.len() > 1));
    let (grown, gone) = (grown.unwrap(), if grown == Some(0) { 1 } else { 0 });
    std::fs::remove_file(file(folder, gone, 0)).unwrap();
    std::fs::write(file(folder, grown, 1), bytes(&operated.province, grown, 1)).unwrap();
    fill(&operated.province, folder, 6..7);
    operated.rescan();

    let compared = well(&dics(&service, &["reconcile", "neodin"]));
    assert!(
        compared.contains("mended    6 studies compared, 1 were not here, 1 are not there, 1 differ"),
        "{compared}"
    );
    let line = |kind: &str, study: usize| format!("  {kind:10} {}  instances ", operated.uid(study));
    assert!(compared.contains(&line("not-here", 6)), "{compared}");
    assert!(compared.contains(&format!("{}here 1, there -", line("not-there", gone))), "{compared}");
    assert!(compared.contains(&format!("{}here 1, there 2", line("differs", grown))), "{compared}");

    assert_eq!(studies(&service).len(), 7, "what was missing is registered, and what is gone is still told of");
    assert_eq!(availability(&service, operated.uid(gone)), "UNAVAILABLE");
    assert_eq!(availability(&service, operated.uid(grown)), "ONLINE");
    let opened = service.client.get(&format!("/dicom-web/studies/{}/metadata", operated.uid(gone)));
    assert_eq!(opened.status, 410);
    assert!(opened.text().contains("removed at its source: neodin"), "{}", opened.text());

    // Back again: it is as before.
    std::fs::write(file(folder, gone, 0), bytes(&operated.province, gone, 0)).unwrap();
    operated.rescan();
    let compared = well(&dics(&service, &["reconcile", "neodin"]));
    assert!(compared.contains("clean     7 studies compared"), "{compared}");
    assert_eq!(availability(&service, operated.uid(gone)), "ONLINE");
    let again = well(&dics(&service, &["drift", "neodin"]));
    assert!(again.contains("clean") && again.contains("mended"), "earlier comparisons are kept: {again}");
}

#[test]
fn that_most_of_a_repository_is_gone_is_not_believed_until_somebody_accepts_it() {
    let operated = operated(14);
    let service = operated.service(14, 86_400);
    (1..14).for_each(|study| std::fs::remove_file(file(operated.images.path(), study, 0)).unwrap());
    operated.rescan();
    let held_back = dics(&service, &["reconcile", "neodin"]);
    assert!(!held_back.status.success());
    assert!(
        said(&held_back).contains("13 of 14 registered studies are not in the repository's list"),
        "{}",
        said(&held_back)
    );
    assert_eq!(availability(&service, operated.uid(5)), "ONLINE");
    well(&dics(&service, &["reconcile", "neodin", "--accept"]));
    assert_eq!(availability(&service, operated.uid(5)), "UNAVAILABLE");
    assert_eq!(availability(&service, operated.uid(0)), "ONLINE");
    assert_eq!(studies(&service).len(), 14);
}

#[test]
fn an_empty_list_that_contradicts_the_registry_is_an_error_and_marks_nothing() {
    let operated = operated(3);
    let service = operated.service(3, 86_400);
    operated.origin.behave(Manners::Empty);
    let failed = dics(&service, &["reconcile", "neodin"]);
    assert!(!failed.status.success());
    assert!(said(&failed).contains("an empty list, although 3 studies of it are registered"), "{}", said(&failed));
    assert_eq!(studies(&service).len(), 3);
    operated.origin.behave(Manners::Good);
    let compared = well(&dics(&service, &["reconcile", "neodin"]));
    assert!(compared.contains("clean     3 studies compared"), "{compared}");
    assert_eq!(availability(&service, operated.uid(0)), "ONLINE", "nothing was marked");
}

#[test]
fn an_archive_is_compared_by_the_names_of_its_objects() {
    let operated = operated(3);
    let folder = operated.images.path();
    let service = Service::start(operated.data.path());
    service.register(&definition("gtaw", "archive", json!({ "url": folder }), 86_400));
    service.wait_until_indexed("gtaw", 3);
    std::fs::remove_file(file(folder, 1, 0)).unwrap();
    let compared = well(&dics(&service, &["reconcile", "gtaw"]));
    assert!(compared.contains("2 studies compared, 0 were not here, 1 are not there, 0 differ"), "{compared}");
    assert_eq!(availability(&service, operated.uid(1)), "UNAVAILABLE");
    let push = json!({ "callingAeTitles": ["HDIRS"] });
    service.register(&definition("hdirs", "push", push, 30));
    let asked = dics(&service, &["reconcile", "hdirs"]);
    assert!(!asked.status.success() && said(&asked).contains("can't be asked what it holds"), "{}", said(&asked));
}

/// Objects of this kind that the service keeps.
fn kept(data: &Path, kind: &str) -> usize {
    fn below(folder: &Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        entries.flatten().map(|entry| if entry.path().is_dir() { below(&entry.path()) } else { 1 }).sum()
    }
    below(&data.join("objects").join(kind))
}

/// Instances that the service keeps, as files and, where they are small, in its index.
fn instances(data: &Path) -> usize {
    let index = format!("sqlite://{}", data.join("registry.sqlite").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let small =
        runtime.block_on(async { index_store::Store::open(&index).await.unwrap().small_objects().await.unwrap() });
    kept(data, "instances") + usize::try_from(small).unwrap()
}

#[test]
fn a_removed_repository_takes_what_only_it_had_and_nothing_that_was_pushed() {
    let operated = operated(3);
    let service = operated.service(3, 86_400);
    // The same object, pushed to us: it is kept once.
    let shared = operated.uid(1);
    for study in 0..3 {
        let whole = service.client.get(&format!("/dicom-web/studies/{}", operated.uid(study)));
        assert_eq!(whole.status, 200, "{}", whole.text());
    }
    assert_eq!(service.client.stow(&[bytes(&operated.province, 1, 0)]).status, 200);
    wait(Duration::from_secs(10), "manifests to be folded", || kept(operated.data.path(), "manifests") == 6);
    assert_eq!(instances(operated.data.path()), 3);

    let unsure = dics(&service, &["remove", "neodin", "--confirm", "swodin"]);
    assert!(!unsure.status.success() && said(&unsure).contains("nothing was changed"), "{}", said(&unsure));
    let unconfirmed = service.client.delete("/api/admin/repositories/neodin");
    assert_eq!((unconfirmed.status, unconfirmed.json()["parameter"].as_str()), (400, Some("confirm")));
    assert_eq!(studies(&service).len(), 3);

    well(&dics(&service, &["remove", "neodin", "--confirm", "neodin"]));
    wait(Duration::from_secs(10), "its studies to be gone", || studies(&service).len() == 1);
    let whole = service.client.get(&format!("/dicom-web/studies/{shared}"));
    assert_eq!((whole.status, whole.parts().len()), (200, 1), "what was pushed to us is there");
    assert_eq!(availability(&service, shared), "ONLINE");
    wait(Duration::from_secs(10), "its objects to be gone", || {
        (instances(operated.data.path()), kept(operated.data.path(), "manifests")) == (1, 2)
    });
    let listed = service.client.get("/api/admin/repositories").json();
    assert!(listed.as_array().unwrap().iter().all(|row| row["code"] != "neodin"), "{listed}");

    // It may come back.
    service.register(&definition("neodin", "dicomweb", json!({ "url": operated.origin.url() }), 86_400));
    service.wait_until_indexed("neodin", 3);
    assert_eq!(studies(&service).len(), 3);
}

#[test]
fn a_repository_that_pushes_leaves_its_objects_when_it_is_removed() {
    let operated = operated(1);
    let service = Service::start(operated.data.path());
    assert_eq!(service.client.stow(&[bytes(&operated.province, 0, 0)]).status, 200);
    well(&dics(&service, &["remove", "local", "--confirm", "local"]));
    std::thread::sleep(Duration::from_secs(3));
    let whole = service.client.get(&format!("/dicom-web/studies/{}", operated.uid(0)));
    assert_eq!((whole.status, whole.parts().len()), (200, 1));
    assert_eq!(availability(&service, operated.uid(0)), "ONLINE");
}
