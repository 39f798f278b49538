//! A report that came as a DICOM object is withdrawn by a message: the object is given to nobody until the report is corrected.

use std::time::Duration;

use serde_json::{Value, json};

use crate::identity::{JANE, message, start, tell};
use crate::object_reports::{BASIC_TEXT_SR, STUDY, document, sr, stow, value};
use crate::processes::wait;
use crate::service::Service;

pub(crate) const OBJECT: &str = "2.25.9501";

/// A message of the report that the object is.
pub(crate) fn told(control_id: &str, minute: u32, status: &str) -> Vec<u8> {
    let obr = format!("OBR|1||F1|CT^CT HEAD||||||||||||||ACCF1|||||||{status}");
    let named = format!("OBX|1|HD|^SR Instance UID||{OBJECT}||||||{status}");
    let words = format!("OBX|2|TX|R||Told.||||||{status}");
    let text = String::from_utf8(message("ORU^R01^ORU_R01", control_id, &[JANE, &obr, &named, &words])).unwrap();
    let time = format!("2026011012{minute}00-0500||ORU");
    text.replace("20260110093000-0500||ORU", &time).into_bytes()
}

/// Every way over the web in which the object could be read; what each answers.
pub(crate) fn ways(service: &Service) -> Vec<(String, u16)> {
    let series = format!("/dicom-web/studies/{STUDY}/series/2.25.9002");
    let instance = format!("{series}/instances/{OBJECT}");
    let of = |path: String| {
        let status = service.client.get(&path).status;
        (path, status)
    };
    let paths =
        [&instance, &format!("{instance}/metadata"), &format!("{instance}/rendered"), &format!("{series}/metadata")];
    paths.into_iter().cloned().map(of).collect()
}

pub(crate) fn found(service: &Service, path: &str) -> usize {
    let answer = service.client.get(&format!("/dicom-web/{path}"));
    if answer.status == 204 { 0 } else { answer.json().as_array().map_or(0, Vec::len) }
}

fn trail(data: &std::path::Path, action: &str) -> usize {
    let files = std::fs::read_dir(data.join("audit")).unwrap().flatten();
    let lines = files.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default());
    lines.map(|text| text.matches(&format!("\"{action}\"")).count()).sum()
}

pub(crate) fn image() -> Value {
    let mut image =
        document("1.2.840.10008.5.1.4.1.1.7", "2.25.9601", "0800", json!({ "0020000E": value("UI", "2.25.9003") }));
    image["00080060"] = value("CS", "OT");
    image
}

#[test]
fn the_object_of_a_withdrawn_report_is_given_to_nobody_and_comes_back_with_its_correction() {
    let data = tempfile::tempdir().unwrap();
    let mut service = start(data.path());
    assert_eq!(stow(&service, &image()).status, 200);
    assert_eq!(stow(&service, &sr(OBJECT, "0900", "Secret.", "VERIFIED", None)).status, 200);
    assert_eq!(tell(&service, &[told("M1", 10, "F")]).0, 1);
    let before = ways(&service);
    assert!(before.iter().all(|(path, status)| *status == 200 || path.ends_with("/rendered")), "{before:?}");
    assert_eq!(found(&service, &format!("studies/{STUDY}/instances")), 2);

    assert_eq!(tell(&service, &[told("M2", 11, "X")]).0, 1);
    let hidden = ways(&service);
    assert!(hidden.iter().all(|(_, status)| *status == 404), "{hidden:?}");
    assert_eq!(found(&service, &format!("studies/{STUDY}/instances")), 1, "what else is in the study stays");
    let study = service.client.get(&format!("/dicom-web/studies?StudyInstanceUID={STUDY}")).json();
    assert_eq!(study[0]["00201208"]["Value"][0], 1, "NumberOfStudyRelatedInstances");
    let whole = service.client.get(&format!("/dicom-web/studies/{STUDY}"));
    assert!(!String::from_utf8_lossy(&whole.body).contains("Secret"));
    assert_eq!(trail(data.path(), "reject"), 1, "it has its line in the audit trail");
    // Sent again it stays away, also after a start.
    assert_eq!(stow(&service, &sr(OBJECT, "0900", "Secret.", "VERIFIED", None)).status, 202);
    service.kill();
    let mut service = Service::start(data.path());
    assert!(ways(&service).iter().all(|(_, status)| *status == 404));

    assert_eq!(tell(&service, &[told("M3", 12, "C")]).0, 1);
    let is_back = |service: &Service| ways(service).iter().zip(&before).all(|(now, then)| now == then);
    wait(Duration::from_secs(20), "the object to come back", || is_back(&service));
    assert_eq!(found(&service, &format!("studies/{STUDY}/instances")), 2);
    assert_eq!(trail(data.path(), "reinstate"), 1);
    service.kill();
    let service = Service::start(data.path());
    assert!(is_back(&service));

    // A note stands over the report: what it rejects does not come back with a correction.
    assert_eq!(tell(&service, &[told("M4", 13, "X")]).0, 1);
    let instance = json!({ "00081150": value("UI", BASIC_TEXT_SR), "00081155": value("UI", OBJECT) });
    let sequence = |item: Value| json!({ "vr": "SQ", "Value": [item] });
    let series = json!({ "0020000E": value("UI", "2.25.9002"), "00081199": sequence(instance) });
    let evidence = sequence(json!({ "0020000D": value("UI", STUDY), "00081115": sequence(series) }));
    let title = json!({ "00080100": value("SH", "113037"), "00080102": value("SH", "DCM"), "00080104": value("LO", "Rejected") });
    let more = json!({ "0040A040": value("CS", "CONTAINER"), "0040A043": sequence(title), "0040A375": evidence });
    assert_eq!(stow(&service, &document("1.2.840.10008.5.1.4.1.1.88.59", "2.25.9502", "1000", more)).status, 200);
    assert_eq!(tell(&service, &[told("M5", 14, "C")]).0, 1);
    assert!(ways(&service).iter().all(|(_, status)| *status == 404));
    assert_eq!(trail(data.path(), "reinstate"), 1);
}

#[test]
fn the_object_of_a_report_that_is_another_patients_stays_away_when_it_is_corrected_for_that_one() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    assert_eq!(stow(&service, &sr(OBJECT, "0900", "Secret.", "VERIFIED", None)).status, 200);
    assert_eq!(tell(&service, &[told("M1", 10, "F"), told("M2", 11, "W")]).0, 2);
    assert_eq!(found(&service, &format!("studies?StudyInstanceUID={STUDY}")), 0, "nothing else is in the study");
    let other = String::from_utf8(told("M3", 12, "C")).unwrap();
    let other = other.replace(JANE, "PID|1||300^^^NORTH^MR||ROE^MARY||19500101|F").into_bytes();
    assert_eq!(tell(&service, &[other]).0, 1);
    assert!(ways(&service).iter().all(|(_, status)| *status == 404));
    assert_eq!(trail(data.path(), "reinstate"), 0);
}
