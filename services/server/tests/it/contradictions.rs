//! What repositories say against each other, and who is told of it.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fixtures::simulators::dicomweb::DicomwebOrigin;
use fixtures::simulators::dimse::DimseArchive;
use fixtures::{ProvinceOptions, Scale, plan};
use serde_json::{Value, json};

use crate::identity::{JANE, message, start, tell};
use crate::object_reports::{BASIC_TEXT_SR, STUDY, document, sr, stow, value};
use crate::operations::{bytes, definition};
use crate::processes::wait;
use crate::service::Service;

fn conflicts(service: &Service) -> Vec<Value> {
    service.client.get("/api/admin/conflicts").json().as_array().unwrap().clone()
}

fn trail(data: &Path) -> String {
    let files = std::fs::read_dir(data.join("audit")).unwrap().flatten();
    files.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect()
}

/// The record of the patient of a study.
pub(crate) fn record_of(service: &Service, study: &str) -> Value {
    let patient = service.client.get(&format!("/api/studies/{study}")).json();
    service.client.get(&format!("/api/patients/{}", patient["patientKey"].as_str().unwrap())).json()
}

/// An object, the same with another sample near its end, and the same of another manufacturer.
fn three() -> (String, [Vec<u8>; 3]) {
    let province = plan(&ProvinceOptions { seed: 5, scale: Scale::Small });
    let first = bytes(&province, 0, 0);
    let (mut pixels, mut header) = (first.clone(), first.clone());
    let near_end = first.len() - 20;
    pixels[near_end] ^= 1;
    // Manufacturer (0008,0070), a word behind its length.
    let manufacturer = memchr::memmem::find(&first, b"\x08\x00\x70\x00LO").unwrap() + 8;
    header[manufacturer] = b'X';
    (province.studies[0].study_uid.clone(), [first, pixels, header])
}

#[test]
fn copies_that_differ_are_told_to_readers_and_administrators_until_one_dismisses_it_with_a_reason() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let (study, [first, pixels, header]) = three();
    assert_eq!(service.client.stow(&[first]).status, 200);
    assert_eq!(service.client.stow(&[header]).status, 202, "a header written anew is no other image");
    assert!(conflicts(&service).is_empty());
    assert_eq!(record_of(&service, &study)["studies"][0]["differingInstances"], 0);
    assert_eq!(service.client.stow(&[pixels]).status, 409);
    let listed = conflicts(&service);
    assert_eq!(
        (listed.len(), &listed[0]["kind"], &listed[0]["severity"], &listed[0]["compared"]),
        (1, &json!("instance"), &json!("warning"), &json!(true))
    );
    assert_eq!((&listed[0]["shown"], &listed[0]["beside"]), (&json!("local"), &json!("local")));
    assert_eq!(record_of(&service, &study)["studies"][0]["differingInstances"], 1);

    let dismissal = format!("/api/admin/conflicts/{}/dismissal", listed[0]["key"].as_str().unwrap());
    assert_eq!(service.client.put_json(&dismissal, &json!({ "reason": "  " })).status, 400, "not without a reason");
    let nothing = "/api/admin/conflicts/instance-999/dismissal";
    assert_eq!(service.client.put_json(nothing, &json!({ "reason": "none" })).status, 404);
    assert_eq!(service.client.put_json(&dismissal, &json!({ "reason": "a test image" })).status, 204);
    assert!(conflicts(&service).is_empty());
    assert_eq!(record_of(&service, &study)["studies"][0]["differingInstances"], 0);
    let dismissed = service.client.get("/api/admin/conflicts?dismissed=true").json();
    assert_eq!(dismissed[0]["dismissal"]["reason"], "a test image");
    assert_eq!(service.client.delete(&dismissal).status, 204);
    assert_eq!(conflicts(&service).len(), 1);
    assert!(trail(data.path()).contains(r#""kind":"conflict""#), "who dismissed it is in the audit trail");
    let log = std::fs::read_to_string(data.path().join("log")).unwrap();
    assert!(!log.contains("a test image"), "what somebody wrote is in no log");
}

#[test]
fn an_exam_that_was_imported_under_identifiers_of_its_own_is_told_to_be_a_copy_of_its_origin() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    assert_eq!(stow(&service, &sr("2.25.9501", "0900", "Rien.", "VERIFIED", None)).status, 200);
    let mut copy = sr("2.25.9506", "0900", "Rien.", "VERIFIED", None);
    copy["0020000D"] = value("UI", "2.25.9507");
    copy["0020000E"] = value("UI", "2.25.9508");
    let sequence = |item: Value| json!({ "vr": "SQ", "Value": [item] });
    let before = sequence(json!({ "0020000D": value("UI", STUDY) }));
    copy["04000561"] = sequence(json!({ "04000550": before, "04000565": value("CS", "COERCE") }));
    assert_eq!(stow(&service, &copy).status, 200);
    let studies = record_of(&service, STUDY)["studies"].as_array().unwrap().clone();
    assert_eq!(studies.len(), 2, "nothing is united or hidden by it");
    let of = |uid: &str| studies.iter().find(|study| study["studyInstanceUid"] == uid).unwrap()["copyOf"].clone();
    assert_eq!(of("2.25.9507"), json!({ "studyInstanceUid": STUDY, "certain": true }));
    assert_eq!(of(STUDY), json!(null));
}

#[test]
fn a_study_of_somebody_else_under_a_known_number_is_listed_with_a_security_alert() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    assert_eq!(stow(&service, &sr("2.25.9501", "0900", "Rien.", "VERIFIED", None)).status, 200);
    let study_of = |study: &str, name: &str, birth_date: &str| {
        let mut other = sr(&format!("{study}.1"), "0900", "Autre.", "VERIFIED", None);
        other["00100010"] = json!({ "vr": "PN", "Value": [{ "Alphabetic": name }] });
        for (tag, vr, text) in [("00100030", "DA", birth_date), ("0020000D", "UI", study)] {
            other[tag] = value(vr, text);
        }
        other["0020000E"] = value("UI", &format!("{study}.2"));
        other
    };
    assert_eq!(stow(&service, &study_of("2.25.9503", "ROE^JANE", "19700101")).status, 200);
    assert!(conflicts(&service).is_empty(), "a name may change");
    assert_eq!(stow(&service, &study_of("2.25.9504", "SMITH^RICHARD", "19500505")).status, 200);
    let listed = conflicts(&service);
    assert_eq!(
        (listed.len(), &listed[0]["kind"], &listed[0]["severity"]),
        (1, &json!("patient-number"), &json!("alert"))
    );
    assert_eq!(listed[0]["studies"], json!(["2.25.9504"]));
    assert_eq!(listed[0]["patients"].as_array().unwrap().len(), 1);
    wait(Duration::from_secs(20), "the alert", || trail(data.path()).matches("security-alert").count() == 1);
    let found = service.client.get("/dicom-web/studies?StudyInstanceUID=2.25.9504").json();
    assert_eq!(found[0]["00100010"]["Value"][0]["Alphabetic"], "SMITH^RICHARD", "shown as its own objects say");
    let dismissal = format!("/api/admin/conflicts/{}/dismissal", listed[0]["key"].as_str().unwrap());
    assert_eq!(service.client.put_json(&dismissal, &json!({ "reason": "a phantom" })).status, 204);
    assert!(conflicts(&service).is_empty());
    // Another study is another case; an image of somebody within a known study is one too.
    let mut within = sr("2.25.9505", "0900", "Autre.", "VERIFIED", None);
    within["00100010"] = json!({ "vr": "PN", "Value": [{ "Alphabetic": "LEE^ANN" }] });
    within["00100030"] = value("DA", "19880808");
    assert_eq!(stow(&service, &within).status, 200);
    assert_eq!(conflicts(&service)[0]["studies"].as_array().unwrap().len(), 2);
    let log = std::fs::read_to_string(data.path().join("log")).unwrap();
    assert!(!["SMITH", "RICHARD", "19500505"].iter().any(|word| log.contains(word)), "no log names them");
}

/// Somebody else's document under the same study identifier.
fn somebody_elses(sop: &str) -> Value {
    let mut other = sr(sop, "0900", "Autre patient.", "VERIFIED", None);
    other["00100010"] = json!({ "vr": "PN", "Value": [{ "Alphabetic": "ROE^RICHARD" }] });
    for (tag, vr, text) in [("00100020", "LO", "300"), ("00100030", "DA", "19500505"), ("00100040", "CS", "M")] {
        other[tag] = value(vr, text);
    }
    other["0020000E"] = value("UI", "2.25.9003");
    other
}

#[test]
fn one_study_identifier_of_two_patients_raises_a_security_alert() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    assert_eq!(stow(&service, &sr("2.25.9501", "0900", "Rien.", "VERIFIED", None)).status, 200);
    assert_eq!(stow(&service, &somebody_elses("2.25.9502")).status, 202);
    let listed = conflicts(&service);
    assert_eq!(
        (&listed[0]["kind"], &listed[0]["severity"]),
        (&json!("study"), &json!("alert")),
        "before anything else"
    );
    assert_eq!(listed[0]["patients"].as_array().unwrap().len(), 2);
    wait(Duration::from_secs(20), "the alert", || trail(data.path()).matches("security-alert").count() == 2);
    assert!(!conflicts(&service)[0]["since"].is_null());
    let opened = service.client.get(&format!("/api/studies/{STUDY}"));
    assert_eq!(opened.status, 409);
    assert!(
        !["DOE", "ROE", "100", "300"].iter().any(|word| opened.text().contains(&format!("\"{word}"))),
        "it names nobody"
    );
}

/// Two images of one study identifier.
struct Muddled {
    study: String,
    /// Each image's place in the study.
    images: Vec<String>,
}

/// Writes an image of the first patient, and one of another's study under the same study identifier; these, and how the second file is put right.
fn muddle(folder: &Path) -> (Muddled, impl Fn() + use<>) {
    let mut province = plan(&ProvinceOptions { seed: 5, scale: Scale::Small });
    let first = province.studies[0].clone();
    let is_anothers = |study: &fixtures::StudyPlan| {
        study.region == first.region && study.patient.birth_date != first.patient.birth_date
    };
    let at = province.studies.iter().position(is_anothers).unwrap();
    let mut second = province.studies.swap_remove(at);
    second.study_uid.clone_from(&first.study_uid);
    let image = |study: &fixtures::StudyPlan| fixtures::instance_bytes(study, &study.series[0], 0);
    std::fs::write(folder.join("1.dcm"), image(&first)).unwrap();
    let path = folder.join("2.dcm");
    std::fs::write(&path, image(&second)).unwrap();
    let place = |study: &fixtures::StudyPlan| {
        let series = &study.series[0];
        format!("series/{}/instances/{}", series.series_uid, series.instances[0].sop_instance_uid)
    };
    let muddled = Muddled { study: first.study_uid.clone(), images: vec![place(&first), place(&second)] };
    let right = fixtures::StudyPlan { patient: first.patient.clone(), ..second };
    (muddled, move || std::fs::write(&path, image(&right)).unwrap())
}

/// What a list says of one identifier is the same dispute as what is pushed, and not the patient that it names last.
fn is_disputed_until_it_is_put_right(
    section: &str,
    address: Value,
    data: &Path,
    service: &Service,
    Muddled { study, images }: &Muddled,
    put_right: &dyn Fn(),
) {
    service.register(&definition("pulled", section, address, 1));
    service.wait_until_indexed("pulled", 2);
    let is_disputed = || {
        let listed = conflicts(service);
        assert_eq!((&listed[0]["kind"], &listed[0]["severity"]), (&json!("study"), &json!("alert")), "{section}");
        assert_eq!(listed[0]["patients"].as_array().unwrap().len(), 2, "{section}");
        assert_eq!(service.client.get(&format!("/api/studies/{study}")).status, 409, "{section}");
        // Nor does an image of it open by its identifiers, whosever it is, in any form.
        let forms = ["", "/metadata", "/rendered", "/frames/1"];
        let of_images = images.iter().flat_map(|image| forms.map(|form| format!("/{image}{form}")));
        for path in ["", "/metadata", "/series", "/thumbnail"].map(str::to_owned).into_iter().chain(of_images) {
            let answer = service.client.get(&format!("/dicom-web/studies/{study}{path}"));
            assert_eq!(answer.status, 409, "{section} {path}");
        }
    };
    is_disputed();
    wait(Duration::from_secs(20), "the alert", || trail(data).matches("security-alert").count() == 2);
    let heard = || service.repository("pulled")["lastContact"].clone();
    let before = heard();
    wait(Duration::from_secs(20), "another look", || heard() != before);
    is_disputed();
    assert_eq!(trail(data).matches("security-alert").count(), 2, "a look that says the same is no other alert");
    put_right();
    wait(Duration::from_secs(20), "the end of it", || {
        service.client.get(&format!("/api/studies/{study}")).status == 200
    });
    assert!(conflicts(service).is_empty(), "{section}");
    for image in images {
        let opened = service.client.get(&format!("/dicom-web/studies/{study}/{image}/metadata")).status;
        assert_ne!(opened, 409, "{section}");
    }
}

#[test]
fn a_web_server_that_lists_one_study_identifier_of_two_patients_makes_both_known_with_a_security_alert() {
    let (images, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (study, mend) = muddle(images.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let origin = DicomwebOrigin::start("127.0.0.1:0".parse().unwrap(), images.path());
    let origin = runtime.block_on(origin).unwrap();
    let service = Service::start(data.path());
    let put_right = || {
        mend();
        runtime.block_on(origin.rescan()).unwrap();
    };
    let address = json!({ "url": origin.url() });
    is_disputed_until_it_is_put_right("dicomweb", address, data.path(), &service, &study, &put_right);
}

#[test]
fn an_archive_that_lists_one_study_identifier_of_two_patients_makes_both_known_with_a_security_alert() {
    let (images, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (study, mend) = muddle(images.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let title = index_model::AeTitle::parse("PULLED").unwrap();
    let archive = DimseArchive::new(title, images.path().to_owned(), HashMap::new());
    let archive = runtime.block_on(archive.listen("127.0.0.1:0".parse().unwrap())).unwrap();
    let service = Service::start(data.path());
    let put_right = || {
        mend();
        runtime.block_on(archive.rescan()).unwrap();
    };
    let address = json!({ "host": "127.0.0.1", "port": archive.addr.port(), "aeTitle": "PULLED" });
    is_disputed_until_it_is_put_right("dimse", address, data.path(), &service, &study, &put_right);
}

#[test]
fn a_report_that_can_not_be_tied_for_certain_is_listed_with_the_reason_and_tied_by_an_operator() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    // Stored here: its accession number is of another issuer than the report's.
    assert_eq!(stow(&service, &document(BASIC_TEXT_SR, "2.25.9601", "0900", json!({}))).status, 200);
    let obr = "OBR|1||F9|CT^CT HEAD||||||||||||||ACCF1|||||||F";
    assert_eq!(tell(&service, &[message("ORU^R01^ORU_R01", "M1", &[JANE, obr, "OBX|1|TX|R||Words.||||||F"])]).0, 1);
    let listed = conflicts(&service);
    assert_eq!((&listed[0]["kind"], &listed[0]["why"]), (&json!("report"), &json!("other-issuer")), "{listed:?}");
    assert_eq!(listed[0]["studies"], json!([STUDY]));
    let report = listed[0]["reportKey"].as_str().unwrap();
    assert_eq!(service.client.put(&format!("/api/admin/reports/{report}/studies/{STUDY}")).status, 204);
    assert!(conflicts(&service).is_empty());
    let log = std::fs::read_to_string(data.path().join("log")).unwrap();
    assert!(
        log.contains("not its patient's alone") && !log.contains("ACCF1"),
        "the reason is in the log, and no number"
    );
}

#[test]
fn two_files_of_one_identifier_in_an_archive_are_a_conflict_and_a_header_written_anew_is_none() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (study, [first, pixels, header]) = three();
    std::fs::write(folder.path().join("1.dcm"), &first).unwrap();
    let service = Service::start(data.path());
    service.register(&definition("gtaw", "archive", json!({ "url": folder.path() }), 1));
    service.wait_until_indexed("gtaw", 1);
    std::fs::write(folder.path().join("2.dcm"), header).unwrap();
    std::fs::write(folder.path().join("3.dcm"), pixels).unwrap();
    wait(Duration::from_secs(60), "the conflict", || conflicts(&service).iter().any(|one| one["compared"] == true));
    // Both were compared by now, or are a moment later.
    wait(Duration::from_secs(60), "the other file to be compared", || conflicts(&service).len() == 1);
    let listed = conflicts(&service);
    assert_eq!((&listed[0]["kind"], &listed[0]["beside"]), (&json!("instance"), &json!("gtaw")));
    assert_eq!(record_of(&service, &study)["studies"][0]["differingInstances"], 1);
}

/// Changes the index as one that was made before reports were sought in objects.
fn as_it_was_before(data: &Path) {
    let script = "import sqlite3, sys\n\
        index = sqlite3.connect(sys.argv[1])\n\
        for table in ['report_version', 'report_document', 'report_document_id', 'report_study_uid', 'report_link', 'report']:\n\
        \x20   index.execute(f'DELETE FROM {table}')\n\
        index.execute('UPDATE series SET sought = 0')\n\
        index.commit()";
    let done = Command::new("python3").args(["-c", script]).arg(data.join("registry.sqlite")).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_report_that_lies_in_an_object_held_before_is_in_the_record_without_anybody_opening_it() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    assert_eq!(stow(&service, &sr("2.25.9701", "0900", "Nodule.", "VERIFIED", None)).status, 200);
    drop(service);
    as_it_was_before(data.path());
    let service = Service::start(data.path());
    assert_eq!(record_of(&service, STUDY)["reports"], json!([]));
    wait(Duration::from_secs(60), "the report to be found", || {
        record_of(&service, STUDY)["reports"].as_array().unwrap().len() == 1
    });
    assert_eq!(record_of(&service, STUDY)["reports"][0]["studyInstanceUids"], json!([STUDY]));
}
