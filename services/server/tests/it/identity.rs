//! Who is who, told over MLLP to the whole service: a merge, what comes late, and the merge taken back.

use fixtures::simulators::mllp::{SendOptions, send};
use serde_json::{Value, json};

use crate::service::Service;

pub(crate) fn message(kind: &str, control_id: &str, segments: &[&str]) -> Vec<u8> {
    let header =
        format!("MSH|^~\\&|HIS|0001|DICS|ON|20260110093000-0500||{kind}|{control_id}|P|2.5|||||CAN|UNICODE UTF-8");
    [&[header.as_str(), "EVN||20260110093000-0500"], segments].concat().join("\r").into_bytes()
}

/// A report on somebody's examination.
fn report(control_id: &str, patient: &str, filler: &str, status: &str) -> Vec<u8> {
    let obr = format!("OBR|1||{filler}|CT^CT HEAD||||||||||||||ACC{filler}|||||||{status}");
    message("ORU^R01^ORU_R01", control_id, &[patient, &obr, "OBX|1|TX|R||Words.||||||F"])
}

pub(crate) const JANE: &str = "PID|1||100^^^NORTH^MR||DOE^JANE||19700101|F";
pub(crate) const DOUBLE: &str = "PID|1||200^^^NORTH^MR||DOE^J||19710101|F";

/// How many messages were accepted, and which were refused.
pub(crate) fn tell(service: &Service, messages: &[Vec<u8>]) -> (usize, Vec<usize>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let receiver = std::net::SocketAddr::from(([127, 0, 0, 1], service.mllp_port));
    let sent = runtime.block_on(send(receiver, messages, &SendOptions::default(), &mut |_| {})).unwrap();
    (sent.accepted, sent.refused)
}

pub(crate) fn start(data: &std::path::Path) -> Service {
    let service = Service::start(data);
    service.register(&json!({
        "code": "north", "name": "North", "region": "North", "protocol": "push", "patientIdIssuer": "NORTH",
        "push": { "callingAeTitles": ["NORTH"] }, "hl7": { "sendingFacility": "0001", "accessionField": "OBR-18" },
    }));
    service
}

/// The record that a launch with this number opens.
pub(crate) fn record(service: &Service, id: &str) -> Value {
    let launch = service.client.get(&format!("/IHEInvokeImageDisplay?requestType=PATIENT&patientID={id}^^^NORTH"));
    let place = launch.header("location");
    let opened = service.client.get(&format!("/api/launches/{}", place.rsplit('/').next().unwrap())).json();
    service.client.get(&format!("/api/patients/{}", opened["patientKey"].as_str().unwrap())).json()
}

fn reports(record: &Value) -> usize {
    record["reports"].as_array().unwrap().len()
}

#[test]
fn a_merge_over_mllp_is_followed_and_taken_back() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    assert_eq!(tell(&service, &[report("R1", JANE, "F1", "F"), report("R2", DOUBLE, "F2", "F")]).0, 2);
    let before = [record(&service, "100"), record(&service, "200")];
    assert_eq!(before.each_ref().map(reports), [1, 1]);

    let merge = message("ADT^A40^ADT_A39", "E1", &[JANE, "MRG|200^^^NORTH^MR"]);
    assert_eq!(tell(&service, &[merge.clone(), merge]), (2, vec![]), "a repeat changes nothing");
    assert_eq!(tell(&service, &[report("R3", DOUBLE, "F3", "F")]).0, 1);
    assert_eq!(reports(&record(&service, "100")), 3, "what comes late under the old number is the survivor's");
    assert_eq!(record(&service, "200")["patientKey"], record(&service, "100")["patientKey"]);

    let reused = message("ADT^A40^ADT_A39", "E1", &[JANE, "MRG|300^^^NORTH^MR"]);
    assert_eq!(tell(&service, &[reused]), (0, vec![0]), "the control id was used for another message");
    let [told] =
        <[Value; 1]>::try_from(service.client.get("/api/admin/conflicts").json().as_array().unwrap().clone()).unwrap();
    let said = ["kind", "severity", "repository", "controlId"].map(|field| told[field].as_str().unwrap_or_default());
    assert_eq!((said, &told["messages"]), (["message", "warning", "north", "E1"], &json!(1)), "an operator is told");

    assert_eq!(tell(&service, &[message("ADT^A37^ADT_A37", "E2", &[JANE, DOUBLE])]).0, 1);
    assert_eq!([record(&service, "100"), record(&service, "200")].each_ref().map(reports), [1, 2]);
    let keys = |records: [Value; 2]| records.map(|record| record["patientKey"].clone());
    assert_eq!(keys([record(&service, "100"), record(&service, "200")]), keys(before));
    let trail = std::fs::read_dir(data.path().join("audit")).unwrap().flatten();
    let lines: String = trail.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect();
    assert!(lines.matches("\"identify\"").count() >= 3, "each step has its line in the audit trail");
}

#[test]
fn a_report_of_somebody_else_under_a_known_number_says_so_before_its_words() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let stranger = "PID|1||100^^^NORTH^MR||SMITH^RICHARD||19500505|M";
    assert_eq!(tell(&service, &[report("R1", JANE, "F1", "F"), report("R2", stranger, "F2", "F")]).0, 2);
    let record = record(&service, "100");
    let mut words = Vec::new();
    for line in record["reports"].as_array().unwrap() {
        let opened = service.client.get(&format!("/api/reports/{}", line["reportKey"].as_str().unwrap())).json();
        assert_eq!((&opened["title"], &opened["unconfirmed"]), (&line["title"], &line["unconfirmed"]));
        let text = opened["versions"][0]["text"].as_str().unwrap().to_owned();
        words.push((line["title"].as_str().unwrap().to_owned(), line["unconfirmed"].clone(), text));
    }
    words.sort_by_key(|(title, ..)| title.clone());
    assert_eq!(words[0], ("CT HEAD".to_owned(), json!(null), "Words.".to_owned()), "hers is as it was");
    let (title, unconfirmed, text) = &words[1];
    assert_eq!((title.as_str(), unconfirmed), ("[NOT CONFIRMED / NON CONFIRMÉ] CT HEAD", &json!("names-another")));
    let said = "NOT CONFIRMED: name and birth date in this report differ from this patient's.\nNON CONFIRMÉ : le nom";
    assert!(text.starts_with(said) && text.ends_with("\n\nWords."), "{text}");
}

#[test]
fn a_visit_filed_under_the_wrong_patient_moves_alone_and_what_is_of_no_visit_is_listed() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let of_visit = |control_id: &str, patient: &str, filler: &str, visit: &str| {
        let pv1 = format!("PV1|1|I{}{visit}", "|".repeat(17));
        let obr = format!("OBR|1||{filler}|CT^CT HEAD||||||||||||||ACC{filler}|||||||F");
        message("ORU^R01^ORU_R01", control_id, &[patient, &pv1, &obr, "OBX|1|TX|R||Words.||||||F"])
    };
    let told = [
        of_visit("R1", DOUBLE, "F1", "V1"),
        of_visit("R2", DOUBLE, "F2", "V2"),
        report("R3", DOUBLE, "F3", "F"),
        report("R4", JANE, "F4", "F"),
    ];
    assert_eq!(tell(&service, &told).0, 4);
    let count = || [record(&service, "100"), record(&service, "200")].each_ref().map(reports);
    assert_eq!(count(), [1, 3]);
    let moved = message("ADT^A45^ADT_A45", "E1", &[JANE, "MRG|200^^^NORTH^MR||||V1", "PV1|1|I"]);
    assert_eq!(tell(&service, &[moved.clone(), moved]), (2, vec![]), "a repeat changes nothing");
    assert_eq!(count(), [2, 2]);
    assert_eq!(tell(&service, &[of_visit("R5", DOUBLE, "F5", "V1")]).0, 1);
    assert_eq!(count(), [3, 2], "what comes late of the visit follows");
    let conflicts = service.client.get("/api/admin/conflicts").json();
    assert_eq!((&conflicts[0]["kind"], conflicts[0]["patients"].as_array().unwrap().len()), (&json!("visit"), 2));
    assert_eq!(conflicts[0]["leftBehind"]["reports"].as_array().unwrap().len(), 1, "the one that names no visit");

    let nameless = message("ADT^A45^ADT_A45", "E2", &[JANE, "MRG|200^^^NORTH^MR", "PV1|1|I"]);
    assert_eq!(tell(&service, &[nameless]), (0, vec![0]), "without a number nothing moves");
    let back = message("ADT^A45^ADT_A45", "E3", &[DOUBLE, "MRG|100^^^NORTH^MR||||V1", "PV1|1|I"]);
    assert_eq!(tell(&service, &[back]).0, 1);
    assert_eq!(count(), [1, 4]);
}

#[test]
fn a_shared_health_number_is_listed_as_a_conflict_and_links_nobody() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let mother = "PID|1||100^^^NORTH^MR~9876543217^AB^^^JHN^^^^CANON||DOE^JANE||19700101|F";
    let newborn = "PID|1||200^^^NORTH^MR~9876543217^AB^^^JHN^^^^CANON||DOE^BABY||20260101|M";
    assert_eq!(tell(&service, &[report("R1", mother, "F1", "F"), report("R2", newborn, "F2", "F")]).0, 2);
    assert_eq!([record(&service, "100"), record(&service, "200")].each_ref().map(reports), [1, 1]);
    let conflicts = service.client.get("/api/admin/conflicts").json();
    assert_eq!(conflicts[0]["kind"], "health-number");
    assert_eq!(conflicts[0]["patients"].as_array().unwrap().len(), 2);
}

#[test]
fn a_sender_rules_over_no_numbers_that_another_repository_keeps() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    service.register(&json!({
        "code": "south", "name": "South", "region": "South", "protocol": "push", "patientIdIssuer": "SOUTH",
        "push": { "callingAeTitles": ["SOUTH"] }, "hl7": { "sendingFacility": "0002" },
    }));
    let foreign = "PID|1||100^^^SOUTH^MR||ROE^MARY||19500101|F";
    let told = [
        message("ADT^A40^ADT_A39", "E1", &[foreign, "MRG|200^^^SOUTH^MR"]),
        message("ADT^A08^ADT_A01", "E2", &[foreign]),
        message("ADT^A08^ADT_A01", "E3", &["PID|1||100^^^HOSPITAL^MR||ROE^MARY||19500101|F"]),
        message("ADT^A40^ADT_A39", "E4", &[JANE, "MRG|200^^^NORTH^MR"]),
    ];
    assert_eq!(tell(&service, &told), (2, vec![0, 1]), "its own, and a hospital's that no repository keeps");
}

#[test]
fn the_words_of_a_withdrawn_report_are_not_given_out_and_come_back_with_its_correction() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let words = |status: &str| {
        let key = record(&service, "100")["reports"][0]["reportKey"].as_str().unwrap().to_owned();
        let report = service.client.get(&format!("/api/reports/{key}")).json();
        assert_eq!(report["status"], status);
        let versions = report["versions"].as_array().unwrap();
        versions.iter().filter(|version| version["text"] != "").count()
    };
    let later = |control_id: &str, minute: u32, status: &str, observation: &str| {
        let text = String::from_utf8(report(control_id, JANE, "F1", status)).unwrap();
        let text = text.replace("20260110093000-0500||ORU", &format!("2026011009{minute}00-0500||ORU"));
        text.replace("Words.||||||F", &format!("Words.||||||{observation}")).into_bytes()
    };
    assert_eq!(tell(&service, &[later("R1", 30, "F", "F")]).0, 1);
    assert_eq!(words("final"), 1);
    assert_eq!(tell(&service, &[later("R2", 31, "F", "W")]).0, 1);
    assert_eq!(words("entered-in-error"), 0, "neither version's");
    assert_eq!(tell(&service, &[later("R3", 30, "P", "P")]).0, 1);
    assert_eq!(words("entered-in-error"), 0, "a late preliminary brings nothing back");
    assert_eq!(tell(&service, &[later("R4", 32, "C", "C")]).0, 1);
    assert!(words("corrected") > 0);
    assert_eq!(tell(&service, &[later("R5", 33, "X", "X")]).0, 1);
    assert_eq!(words("cancelled"), 0);
}

#[test]
fn the_document_of_a_report_is_offered_until_the_report_is_withdrawn() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let obr = |status: &str| format!("OBR|1||F1|CT^CT HEAD||||||||||||||ACC1|||||||{status}");
    let pdf = "OBX|1|ED|PDF^Report||^application^pdf^Base64^JVBERi0xLjQK||||||F";
    let cda = "OBX|2|ED|CDA^Report||^text^xml^A^<ClinicalDocument><title>CT head</title></ClinicalDocument>||||||F";
    let broken = "OBX|1|ED|PDF^Report||^application^pdf^Base64^JVBERi0*||||||F";
    let told = [
        message("ORU^R01^ORU_R01", "R1", &[JANE, &obr("F"), pdf, cda]),
        message("ORU^R01^ORU_R01", "R2", &[JANE, &obr("F"), broken]),
    ];
    assert_eq!(tell(&service, &told), (1, vec![1]));
    let key = record(&service, "100")["reports"][0]["reportKey"].as_str().unwrap().to_owned();
    let report = service.client.get(&format!("/api/reports/{key}")).json();
    let version = &report["versions"][0];
    assert_eq!(version["text"], "CT head");
    let listed: Vec<_> = version["documents"].as_array().unwrap().iter().map(|one| &one["mediaType"]).collect();
    assert_eq!(listed, ["application/pdf", "application/xml"]);
    let address = |number: u32| format!("/api/reports/{key}/versions/1/documents/{number}");
    let document = service.client.get(&address(1));
    assert_eq!((document.status, document.body.as_slice()), (200, b"%PDF-1.4\n".as_slice()));
    assert_eq!(document.header("content-type"), "application/pdf");
    assert_eq!(document.header("cache-control"), "no-store");
    assert_eq!(document.header("x-content-type-options"), "nosniff");
    assert_eq!(service.client.get(&address(2)).header("content-disposition"), "attachment");
    assert_eq!(service.client.get(&address(3)).status, 404);
    assert_eq!(service.client.get(&address(0)).status, 404);

    let withdrawn = message("ORU^R01^ORU_R01", "R3", &[JANE, &obr("X"), "OBX|1|TX|R||||||||X"]);
    assert_eq!(tell(&service, &[withdrawn]).0, 1);
    assert_eq!(service.client.get(&address(1)).status, 404);
    let report = service.client.get(&format!("/api/reports/{key}")).json();
    assert!(report["versions"].as_array().unwrap().iter().all(|version| version["documents"] == json!([])));
}
