//! Who opened something that stood under the wrong patient, or was corrected or withdrawn: asked of the audit trail, by API and command.

use std::process::Command;
use std::time::Duration;

use fixtures::simulators::dicomweb::Manners;
use serde_json::{Value, json};

use crate::identity::{DOUBLE, JANE, message, record, start, tell};
use crate::key_objects::{document, stow};
use crate::operations::operated;
use crate::processes::wait;
use crate::service::Service;

const STUDY: &str = "2.25.9001";
const SERIES: &str = "2.25.9002";
const INSTANCE: &str = "2.25.9003";

fn readers(service: &Service, asked: &str) -> Vec<Value> {
    let answer = service.client.get(&format!("/api/admin/readers?{asked}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    assert_eq!((&found["notShown"], &found["altered"]), (&json!(0), &json!(0)));
    found["rows"].as_array().unwrap().clone()
}

/// The `n`th message of one report.
fn version(n: u32, status: &str, observation: &str) -> Vec<u8> {
    let obr = format!("OBR|1||F1|CT^CT HEAD||||||||||||||ACC1|||||||{status}");
    let obx = format!("OBX|1|TX|R||Words {n}.||||||{observation}");
    let text = String::from_utf8(message("ORU^R01^ORU_R01", &format!("R{n}"), &[JANE, &obr, &obx])).unwrap();
    text.replace("20260110093000-0500||ORU", &format!("202601100930{n:02}-0500||ORU")).into_bytes()
}

#[test]
fn who_opened_a_report_before_its_correction_is_listed_and_whether_they_saw_the_later_one() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    assert_eq!(tell(&service, &[version(1, "F", "F")]).0, 1);
    let key = record(&service, "100")["reports"][0]["reportKey"].as_str().unwrap().to_owned();
    let open = || assert_eq!(service.client.get(&format!("/api/reports/{key}")).status, 200);
    open();
    assert_eq!(tell(&service, &[version(2, "C", "C")]).0, 1);

    let first = readers(&service, &format!("report={key}&version=1"));
    assert_eq!(first.len(), 1);
    let who = json!({ "user": "development", "authority": "development", "face": "portal", "action": "read-report",
        "version": 1, "laterVersion": null, "withheld": false, "otherPatient": false });
    for (field, value) in who.as_object().unwrap() {
        assert_eq!(first[0][field], *value, "{field}");
    }
    assert_eq!(first[0]["patientKey"], record(&service, "100")["patientKey"]);
    open();
    assert_eq!(readers(&service, &format!("report={key}&version=1"))[0]["laterVersion"], 2);

    assert_eq!(tell(&service, &[version(3, "X", "X")]).0, 1);
    open();
    let all = readers(&service, &format!("report={key}"));
    assert_eq!(all.iter().map(|row| row["withheld"] == true).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(readers(&service, &format!("report={key}&to=2020-01-01")).len(), 0);
    assert_eq!(readers(&service, &format!("report={key}&from=2020-01-01")).len(), 3);

    let said = Command::new(env!("CARGO_BIN_EXE_dics"))
        .args(["audit", "readers", "--report", &key, "--version", "1"])
        .env("DICS__HTTP__LISTEN", service.client.address())
        .env("DICS__ACCESS__MODE", "development")
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("development") && said.contains("1 rows"), "{said}");
    assert!(!said.contains("DOE") && !said.contains("JANE"), "{said}");
    let lines = trail(data.path());
    assert!(lines.matches(r#""action":"review-audit""#).count() >= 6, "every question is in the trail itself");
    assert!(!lines.contains("DOE"));

    assert_eq!(service.client.get("/api/admin/readers?report=nothing").status, 404);
    assert_eq!(service.client.get("/api/admin/readers").status, 400);
    assert_eq!(service.client.get(&format!("/api/admin/readers?report={key}&from=soon")).status, 400);
}

fn trail(data: &std::path::Path) -> String {
    let files = std::fs::read_dir(data.join("audit")).unwrap().flatten();
    files.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect()
}

/// A study of the double, of one object without pixels.
fn store(service: &Service) {
    store_of(service, "200");
}

fn store_of(service: &Service, patient: &str) {
    let text = |vr: &str, value: &str| json!({ "vr": vr, "Value": [value] });
    let object = json!({
        "00020010": text("UI", "1.2.840.10008.1.2.1"), "00080016": text("UI", "1.2.840.10008.5.1.4.1.1.66"),
        "00080018": text("UI", INSTANCE), "0020000D": text("UI", STUDY), "0020000E": text("UI", SERIES),
        "00080020": text("DA", "20260110"), "00080060": text("CS", "CT"), "00100020": text("LO", patient),
        "00100021": text("LO", "NORTH"), "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "DOE^J" }] },
    });
    let answer = stow(service, &object);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn state(service: &Service, patient: &Value) -> Value {
    service.client.get(&format!("/api/patients/{}/state", patient.as_str().unwrap())).json()["state"].clone()
}

#[test]
fn who_opened_a_study_under_the_wrong_patient_is_listed_when_it_moved_and_when_it_was_rejected() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let report = |control_id: &str, patient: &str, filler: &str| {
        let obr = format!("OBR|1||{filler}|CT^CT HEAD||||||||||||||ACC{filler}|||||||F");
        message("ORU^R01^ORU_R01", control_id, &[patient, &obr, "OBX|1|TX|R||Words.||||||F"])
    };
    assert_eq!(tell(&service, &[report("R1", JANE, "F1"), report("R2", DOUBLE, "F2")]).0, 2);
    store(&service);
    let look = || service.client.get(&format!("/dicom-web/studies/{STUDY}/metadata")).status;
    assert_eq!(look(), 200);
    let wrong = record(&service, "200")["patientKey"].clone();
    let before = state(&service, &wrong);
    assert_eq!(before, state(&service, &wrong));

    let moved = message("ADT^A43^ADT_A43", "E1", &[JANE, "MRG|200^^^NORTH^MR"]);
    assert_eq!(tell(&service, &[moved]).0, 1);
    assert_ne!(state(&service, &wrong), before, "a page that shows the record learns of it");
    let seen = |asked: &str| {
        let rows = readers(&service, asked).into_iter().filter(|row| row["action"] == "retrieve-metadata");
        rows.map(|row| (row["face"].clone(), row["otherPatient"].clone())).collect::<Vec<_>>()
    };
    let (then, now) = ((json!("dicomweb"), json!(true)), (json!("dicomweb"), json!(false)));
    // What is opened is believed for a moment; who looks after that looks at the right patient's.
    wait(Duration::from_secs(20), "the move to be noticed", || {
        assert_eq!(look(), 200);
        seen(&format!("study={STUDY}")) == [then.clone(), now.clone()]
    });

    let note = document(1, "113037", STUDY, &[(SERIES, vec![INSTANCE.to_owned()])], &json!({}));
    assert_eq!(stow(&service, &note).status, 200);
    assert_eq!(look(), 404);
    let unknown = json!(null);
    let gone = seen(&format!("study={STUDY}"));
    assert_eq!(gone.iter().map(|(_, other)| other).collect::<Vec<_>>(), [&unknown, &unknown], "it is nobody's now");
    let jane = record(&service, "100")["patientKey"].as_str().unwrap().to_owned();
    assert!(!readers(&service, &format!("patient={jane}")).is_empty(), "who opened the record");
}

#[test]
fn a_test_patient_is_found_by_who_names_them_and_by_all_when_an_operator_says_that_they_are_somebody() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    store_of(&service, "TEST-0001");
    let count = |path: &str| {
        let answer = service.client.get(path);
        if answer.status == 204 { 0 } else { answer.json().as_array().unwrap().len() }
    };
    for (query, found) in [
        ("", 0),
        ("?PatientName=DOE", 0),
        ("?PatientID=TEST-0001", 1),
        ("?StudyInstanceUID=2.25.9001", 1),
        ("?PatientID=TEST*", 0),
    ] {
        assert_eq!(count(&format!("/dicom-web/studies{query}")), found, "{query}");
    }
    assert_eq!(count("/dicom-web/series"), 0);
    assert_eq!(count(&format!("/dicom-web/studies/{STUDY}/series")), 1);
    let listed = service.client.get("/api/admin/test-patients").json();
    assert_eq!((&listed[0]["patientId"], &listed[0]["hiddenStudies"]), (&json!("TEST-0001"), &json!(1)));
    let address = format!("/api/admin/test-patients/{}/not-a-test", listed[0]["key"].as_str().unwrap());
    assert_eq!(service.client.post_json(&address, &json!({ "reason": " " })).status, 400);
    assert_eq!(
        service.client.post_json("/api/admin/test-patients/999/not-a-test", &json!({ "reason": "x" })).status,
        404
    );
    assert_eq!(service.client.post_json(&address, &json!({ "reason": "numbers of our old system" })).status, 204);
    assert_eq!(count("/dicom-web/studies"), 1);
    assert!(trail(data.path()).contains("numbers of our old system"));
}

#[test]
fn a_web_server_whose_clock_is_wrong_is_named_to_the_operator() {
    let world = operated(1);
    let service = world.service(1, 1);
    assert_eq!(service.repository("neodin")["clockSkewSeconds"], json!(null));
    world.origin.behave(Manners::Ahead(Duration::from_secs(25_200)));
    let off = || service.repository("neodin")["clockSkewSeconds"].as_i64();
    wait(Duration::from_secs(60), "its clock to be told", || off().is_some_and(|off| (25_100..=25_300).contains(&off)));
}

#[test]
fn a_source_whose_clock_is_wrong_is_named_to_the_operator() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let ahead = Command::new("date").args(["-u", "-d", "7 minutes 30 seconds", "+%Y%m%d%H%M%S"]).output().unwrap();
    let ahead = String::from_utf8(ahead.stdout).unwrap();
    let sent = |n: u32| {
        let text = String::from_utf8(version(n, "F", "F")).unwrap();
        text.replacen(&format!("202601100930{n:02}-0500||ORU"), &format!("{}+0000||ORU", ahead.trim()), 1).into_bytes()
    };
    assert_eq!(service.repository("north")["clockSkewSeconds"], json!(null));
    assert_eq!(tell(&service, &[sent(1), sent(2)]).0, 2);
    let off = service.repository("north")["clockSkewSeconds"].as_i64().unwrap();
    assert!((7 * 60..=8 * 60).contains(&off), "{off}");
    let metrics = service.client.get("/metrics").text();
    assert!(metrics.contains("dics_source_clock_skew_seconds{repository=\"north\"}"), "{metrics}");
}
