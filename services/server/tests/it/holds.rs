//! A report that an operator holds until a time is reached by no path, and is read again when the hold ends.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::identity::{JANE, message, record, start, tell};
use crate::object_reports::{STUDY, sr, stow};
use crate::processes::wait;
use crate::service::Service;
use crate::withdrawals::{OBJECT, found, image, told, ways};

/// What must be in no answer while the report is held: words of object, message and document.
const SECRETS: [&str; 3] = ["Secret.", "Told.", "%PDF-1.4"];

fn command(service: &Service, data: &Path, words: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dics"));
    command.arg("reports").args(words).env("DICS__DATA_DIR", data);
    let out = command.env("DICS__HTTP__LISTEN", service.client.address()).output().unwrap();
    (out.status.success(), String::from_utf8([out.stdout, out.stderr].concat()).unwrap())
}

fn line(service: &Service) -> Value {
    record(service, "100")["reports"][0].clone()
}

fn trail(data: &Path) -> String {
    let files = std::fs::read_dir(data.join("audit")).unwrap().flatten();
    files.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect()
}

/// A report that is an object, a message with words, and a document; its key.
fn reported(service: &Service) -> String {
    assert_eq!(stow(service, &image()).status, 200);
    assert_eq!(stow(service, &sr(OBJECT, "0900", "Secret.", "VERIFIED", None)).status, 200);
    let obr = "OBR|1||F1|CT^CT HEAD||||||||||||||ACCF1|||||||F";
    let pdf = "OBX|1|ED|PDF^Report||^application^pdf^Base64^JVBERi0xLjQK||||||F";
    let named = format!("OBX|2|HD|^SR Instance UID||{OBJECT}||||||F");
    let documented = message("ORU^R01^ORU_R01", "M1", &[JANE, obr, pdf, &named, "OBX|3|TX|R||Told.||||||F"]);
    assert_eq!(tell(service, &[documented]).0, 1);
    line(service)["reportKey"].as_str().unwrap().to_owned()
}

/// All answers in which the report could be; none has any word of it.
fn must_be_silent(service: &Service, key: &str) {
    let record = record(service, "100");
    let (line, patient) = (&record["reports"][0], record["patientKey"].as_str().unwrap());
    assert_eq!((line["status"].as_str(), line["title"].as_str()), (Some("registered"), Some("")));
    assert!(line["heldUntil"].is_string() && line["issued"].is_null(), "{line}");
    assert_eq!(record["studies"][0]["reports"], json!([key]), "that one is pending is told at the study too");
    let report = service.client.get(&format!("/api/reports/{key}")).json();
    assert_eq!((&report["status"], &report["versions"]), (&json!("registered"), &json!([])));
    for version in 1..4 {
        for number in 0..3 {
            let address = format!("/api/reports/{key}/versions/{version}/documents/{number}");
            assert_eq!(service.client.get(&address).status, 404);
        }
    }
    let hidden = ways(service);
    assert!(hidden.iter().all(|(_, status)| *status == 404), "{hidden:?}");
    assert_eq!(found(service, &format!("studies/{STUDY}/instances")), 1, "the image is there");
    assert_eq!(found(service, &format!("instances?SOPInstanceUID={OBJECT}")), 0);
    assert_eq!(found(service, "series?Modality=SR"), 0);
    let addresses = [
        format!("/api/patients/{patient}"),
        format!("/api/reports/{key}"),
        format!("/dicom-web/studies/{STUDY}"),
        format!("/dicom-web/studies/{STUDY}/metadata"),
        format!("/dicom-web/studies/{STUDY}/rendered"),
        format!("/dicom-web/studies/{STUDY}/instances?includefield=all"),
        "/dicom-web/instances?includefield=all".to_owned(),
        format!("/wado?requestType=WADO&studyUID={STUDY}&seriesUID=2.25.9002&objectUID={OBJECT}&contentType=text/html"),
        "/api/admin/conflicts".to_owned(),
        format!("/api/admin/readers?report={key}"),
    ];
    for address in addresses {
        let answer = service.client.get(&address);
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(SECRETS.iter().all(|secret| !body.contains(secret)), "{address}");
    }
}

#[test]
fn a_held_report_is_pending_on_every_path_and_is_read_again_when_an_operator_releases_it() {
    let data = tempfile::tempdir().unwrap();
    let mut service = start(data.path());
    let key = reported(&service);
    let (before, open) = (ways(&service), service.client.get(&format!("/api/reports/{key}")).json());
    let state = || {
        let patient = record(&service, "100")["patientKey"].as_str().unwrap().to_owned();
        service.client.get(&format!("/api/patients/{patient}/state")).json()["state"].clone()
    };
    let read = state();

    let until = (Utc::now() + TimeDelta::hours(1)).to_rfc3339();
    let hold = |key: &str, until: &str, reason: &str| {
        command(&service, data.path(), &["hold", key, "--until", until, "--reason", reason])
    };
    assert!(!hold("nobodys", &until, "an incident").0);
    assert!(!hold(&key, "2020-01-01", "an incident").0, "a time that is past");
    assert!(!hold(&key, "2999-01-01", "an incident").0, "a time that never comes");
    assert!(!hold(&key, "soon", "an incident").0);
    assert!(!hold(&key, &until, " ").0, "not without a reason");
    assert_eq!(state(), read, "nothing was done");
    let (done, said) = hold(&key, &until, "an incident");
    assert!(done, "{said}");
    must_be_silent(&service, &key);
    assert_ne!(state(), read, "an open page is told");
    assert!(command(&service, data.path(), &["held"]).1.contains("an incident"));

    // What comes meanwhile is held with it, also after a start.
    let next = sr("2.25.9503", "1100", "Secret.", "VERIFIED", Some(OBJECT));
    assert!(matches!(stow(&service, &next).status, 200 | 202));
    assert_eq!(tell(&service, &[told("M3", 12, "C")]).0, 1);
    must_be_silent(&service, &key);
    service.kill();
    let service = Service::start(data.path());
    must_be_silent(&service, &key);

    let (done, said) = command(&service, data.path(), &["release", &key, "--reason", "it is over"]);
    assert!(done, "{said}");
    assert!(!command(&service, data.path(), &["release", &key, "--reason", "again"]).0, "it is not held");
    wait(Duration::from_secs(20), "the object to come back", || ways(&service) == before);
    let report = service.client.get(&format!("/api/reports/{key}")).json();
    assert!(report["heldUntil"].is_null() && report["title"] == open["title"], "{report}");
    let words = report["versions"].to_string();
    assert!(words.contains("Secret.") && words.contains("Told."), "{words}");
    let trail = trail(data.path());
    assert!(trail.contains("held: an incident") && trail.contains("released: it is over"));
    assert!(trail.contains("\"withheld\":true"), "who asked for it while it was held");
    let log = std::fs::read_to_string(data.path().join("log")).unwrap();
    assert!(!log.contains("an incident"), "what somebody wrote is in no log");
}

#[test]
fn a_hold_ends_when_its_time_has_come_and_the_trail_says_so() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let key = reported(&service);
    let before = ways(&service);
    let hold = |until: String| {
        let body = json!({ "until": until, "reason": "an incident" });
        service.client.put_json(&format!("/api/admin/reports/{key}/hold"), &body).status
    };
    assert_eq!(hold((Utc::now() + TimeDelta::hours(1)).to_rfc3339()), 204);
    must_be_silent(&service, &key);
    assert_eq!(hold((Utc::now() + TimeDelta::seconds(3)).to_rfc3339()), 204, "it is to end sooner");
    must_be_silent(&service, &key);
    wait(Duration::from_secs(20), "the hold to end", || line(&service)["heldUntil"].is_null());
    wait(Duration::from_secs(20), "the object to come back", || ways(&service) == before);
    assert!(trail(data.path()).contains("released: its time has come"));
    assert_eq!(service.client.get("/api/admin/reports/held").json(), json!([]));
}
