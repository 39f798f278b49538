//! A report that shares no number with its study finds it through the order; and an operator has the last word.

use std::time::Duration;

use fixtures::{ProvinceOptions, Scale, instance_bytes, plan};
use serde_json::{Value, json};

use crate::identity::{JANE, message, record, start, tell};
use crate::operations::{definition, operated};
use crate::processes::wait;
use crate::service::Service;

#[test]
fn an_order_ties_a_report_to_a_study_and_an_operator_parts_them() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let province = plan(&ProvinceOptions { seed: 3, scale: Scale::Small });
    let study = &province.studies[0];
    assert_eq!(service.client.stow(&[instance_bytes(study, &study.series[0], 0)]).status, 200);
    let obr = |accession: &str| format!("OBR|1|P1||CT^CT HEAD||||||||||||||{accession}|||||||F");
    let report = message("ORU^R01^ORU_R01", "R1", &[JANE, &obr(""), "OBX|1|TX|R||Words.||||||F"]);
    assert_eq!(tell(&service, &[report]).0, 1);
    let linked = || record(&service, "100")["reports"][0].clone();
    assert_eq!(linked()["evidence"], "none");

    // The order is Jane's; the study, which it names, is not.
    let order = |control_id: &str, code: &str, uid: &str| {
        message("ORM^O01^ORM_O01", control_id, &[JANE, &format!("ORC|{code}|P1"), &obr("A1"), &format!("ZDS|{uid}")])
    };
    let unnumbered = message("ORM^O01^ORM_O01", "O9", &[JANE, "ORC|NW"]);
    let told = [order("O1", "NW", &study.study_uid), order("O1", "NW", &study.study_uid), unnumbered];
    assert_eq!(tell(&service, &told), (2, vec![2]));
    assert_eq!(linked()["studyInstanceUids"], Value::Array(Vec::new()), "never across patients");

    let key = linked()["reportKey"].as_str().unwrap().to_owned();
    let ruling = |uid: &str| format!("/api/admin/reports/{key}/studies/{uid}");
    assert_eq!(service.client.put(&ruling(&study.study_uid)).status, 409);
    assert_eq!(service.client.put(&ruling("1.2.3")).status, 404);
    assert_eq!(service.client.put(&ruling("nonsense")).status, 400);
    assert_eq!(service.client.delete(&ruling(&study.study_uid)).status, 204);
    let trail = std::fs::read_dir(data.path().join("audit")).unwrap().flatten();
    let lines: String = trail.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect();
    assert!(lines.contains("\"administer\"") && lines.contains(&key), "each ruling has its line in the audit trail");
}

#[test]
fn a_document_that_its_repository_has_is_a_report_before_anybody_opens_it() {
    let operated = operated(1);
    let study = &operated.province.studies[0];
    let document = study.series.iter().find(|series| series.modality == "SR").unwrap();
    std::fs::write(operated.images.path().join("report.dcm"), instance_bytes(study, document, 0)).unwrap();
    let service = Service::start_with(operated.data.path(), &[("DICS__PREFETCH__REPORTS_SECONDS", "1")]);
    service.register(&definition("neodin", "dicomweb", json!({ "url": operated.origin.url() }), 3600));
    service.wait_until_indexed("neodin", 1);
    let patient = service.client.get(&format!("/api/studies/{}", study.study_uid)).json();
    let record = format!("/api/patients/{}", patient["patientKey"].as_str().unwrap());
    let reports = || service.client.get(&record).json()["reports"].as_array().unwrap().len();
    wait(Duration::from_secs(20), "the report", || reports() == 1);
    // The next looks find nothing to do, and images wait for somebody who looks at them.
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(operated.origin.objects_sent(), 1);
}

#[test]
fn an_order_brings_the_priors_of_its_patient_here_and_one_that_is_cancelled_brings_nothing() {
    let operated = operated(6);
    let service = Service::start(operated.data.path());
    let mut registered = definition("neodin", "dicomweb", json!({ "url": operated.origin.url() }), 3600);
    registered["hl7"] = json!({ "sendingFacility": "0001", "accessionField": "OBR-18" });
    service.register(&registered);
    service.wait_until_indexed("neodin", 6);
    let rows = service.client.get("/dicom-web/studies?includefield=00100021").json();
    let value = |row: &Value, tag: &str| row[tag]["Value"][0].as_str().unwrap_or_default().to_owned();
    let number = |row: &Value| (value(row, "00100020"), value(row, "00100021"));
    let of = |patient: &(String, String)| rows.as_array().unwrap().iter().filter(|row| number(row) == *patient).count();
    let (one, other) = {
        let mut all: Vec<_> = rows.as_array().unwrap().iter().map(number).collect();
        all.dedup();
        (all[0].clone(), all.into_iter().rev().find(|patient| *patient != number(&rows[0])).unwrap())
    };
    let order = |control_id: &str, code: &str, patient: &(String, String)| {
        let pid = format!("PID|1||{}^^^{}^MR||DOE^JANE||19700101|F", patient.0, patient.1);
        let (orc, obr) = (format!("ORC|{code}|{control_id}"), format!("OBR|1|{control_id}||CT^CT HEAD"));
        message("ORM^O01^ORM_O01", control_id, &[&pid, &orc, &obr])
    };
    assert_eq!(operated.origin.objects_sent(), 0, "nothing was asked for yet");
    let scheduled = order("O2", "NW", &one);
    assert_eq!(tell(&service, &[order("O1", "CA", &other), scheduled.clone(), scheduled]).0, 3);
    // Orders are seen to one after the other: what the cancelled one brought would be here before.
    let expected = of(&one).min(3);
    wait(Duration::from_secs(20), "the priors", || operated.origin.objects_sent() >= expected);
    assert_eq!(tell(&service, &[order("O3", "NW", &other)]).0, 1);
    let both = expected + of(&other).min(3);
    wait(Duration::from_secs(20), "the other's priors", || operated.origin.objects_sent() >= both);
    assert_eq!(operated.origin.objects_sent(), both, "each image was fetched once");
    let trail = std::fs::read_dir(operated.data.path().join("audit")).unwrap().flatten();
    let lines: String = trail.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect();
    assert!(lines.contains("\"prefetch\""), "it is the service's own act, and has its lines");
}
