//! Reports that arrive as DICOM objects stand beside the images like those that come as messages, and are one with these where that is sure.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::identity::{JANE, message, start, tell};
use crate::service::Service;

pub(crate) const BASIC_TEXT_SR: &str = "1.2.840.10008.5.1.4.1.1.88.11";
const ENCAPSULATED_PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";
const DOSE_SR: &str = "1.2.840.10008.5.1.4.1.1.88.67";
pub(crate) const STUDY: &str = "2.25.9001";

pub(crate) fn value(vr: &str, value: &str) -> Value {
    json!({ "vr": vr, "Value": [value] })
}

fn sequence(items: Vec<Value>) -> Value {
    json!({ "vr": "SQ", "Value": items })
}

fn code(value: &str, scheme: &str, meaning: &str) -> Value {
    sequence(vec![json!({ "00080100": { "vr": "SH", "Value": [value] }, "00080102": { "vr": "SH", "Value": [scheme] },
        "00080104": { "vr": "LO", "Value": [meaning] } })])
}

/// A document of Jane's study, with these attributes besides.
pub(crate) fn document(class: &str, sop: &str, time: &str, more: Value) -> Value {
    let mut header = json!({
        "00080016": value("UI", class), "00080018": value("UI", sop), "00080023": value("DA", "20260110"),
        "00080033": value("TM", time), "00080060": value("CS", "SR"), "0020000D": value("UI", STUDY),
        "0020000E": value("UI", "2.25.9002"), "00020010": value("UI", "1.2.840.10008.1.2.1"),
        "00080050": value("SH", "ACCF1"), "00080020": value("DA", "20260110"),
        "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "DOE^JANE" }] }, "00100020": value("LO", "100"),
        "00100021": value("LO", "NORTH"), "00100030": value("DA", "19700101"), "00100040": value("CS", "F"),
    });
    header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    header
}

/// A structured report in French; `predecessor` is the document whose place it takes.
pub(crate) fn sr(sop: &str, time: &str, words: &str, verification: &str, predecessor: Option<&str>) -> Value {
    let text = json!({ "0040A010": value("CS", "CONTAINS"), "0040A040": value("CS", "TEXT"),
        "0040A043": code("121071", "DCM", "Constatation"), "0040A160": value("UT", words) });
    let section = json!({ "0040A010": value("CS", "CONTAINS"), "0040A040": value("CS", "CONTAINER"),
        "0040A043": code("59776-5", "LN", "Constatations"), "0040A050": value("CS", "SEPARATE"), "0040A730": sequence(vec![text]) });
    let language = json!({ "0040A010": value("CS", "HAS CONCEPT MOD"), "0040A040": value("CS", "CODE"),
        "0040A043": code("121049", "DCM", "Language"), "0040A168": code("fr-CA", "RFC5646", "Français") });
    let mut more = json!({ "0040A040": value("CS", "CONTAINER"), "0040A043": code("18748-4", "LN", "Rapport d'imagerie"),
        "0040A491": value("CS", "COMPLETE"), "0040A493": value("CS", verification), "0040A730": sequence(vec![language, section]),
        "0040A370": sequence(vec![json!({ "00080050": value("SH", "ACCF1"), "00402017": value("LO", "F1") })]) });
    if let Some(sop) = predecessor {
        let instance = json!({ "00081150": value("UI", BASIC_TEXT_SR), "00081155": value("UI", sop) });
        let series = json!({ "0020000E": value("UI", "2.25.9002"), "00081199": sequence(vec![instance]) });
        more["0040A360"] =
            sequence(vec![json!({ "0020000D": value("UI", STUDY), "00081115": sequence(vec![series]) })]);
    }
    document(BASIC_TEXT_SR, sop, time, more)
}

/// Stored as the repository's own: its application entity has no web address, so the metadata come by STOW-RS to the local repository.
pub(crate) fn stow(service: &Service, document: &Value) -> Answer {
    let body = format!("--k\r\nContent-Type: application/dicom+json\r\n\r\n[{document}]\r\n--k--\r\n");
    let kind = "multipart/related; type=\"application/dicom+json\"; boundary=k";
    service.client.post("/dicom-web/studies", kind, body.into_bytes())
}

/// The reports of the study's patient, each with its versions.
fn reports(service: &Service) -> Vec<Value> {
    let patient = service.client.get(&format!("/api/studies/{STUDY}")).json();
    let record = service.client.get(&format!("/api/patients/{}", patient["patientKey"].as_str().unwrap())).json();
    let keys =
        record["reports"].as_array().unwrap().iter().map(|report| report["reportKey"].as_str().unwrap().to_owned());
    keys.map(|key| service.client.get(&format!("/api/reports/{key}")).json()).collect()
}

fn words(report: &Value) -> String {
    let current = report["versions"].as_array().unwrap().iter().find(|version| version["current"] == true).unwrap();
    current["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_structured_report_is_shown_with_its_versions_and_in_its_language() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let first = sr("2.25.9101", "0900", "Aucune lésion à l’étage supérieur.", "UNVERIFIED", None);
    assert_eq!(stow(&service, &first).status, 200);
    assert_eq!(stow(&service, &first).status, 200, "a repeat is no version");
    let found = reports(&service);
    assert_eq!((found.len(), found[0]["status"].as_str()), (1, Some("preliminary")));
    assert_eq!(words(&found[0]), "Constatations\nAucune lésion à l’étage supérieur.");
    assert_eq!(found[0]["versions"][0]["language"], "fr");
    assert_eq!(found[0]["versions"][0]["object"]["sopInstanceUid"], "2.25.9101", "the object is there to be opened");
    assert_eq!(found[0]["studyInstanceUids"], json!([STUDY]));
    let object = format!("/dicom-web/studies/{STUDY}/series/2.25.9002/instances/2.25.9101/metadata");
    assert_eq!(service.client.get(&object).status, 200);
    // The third takes the place of the second, which is still to come.
    assert_eq!(stow(&service, &sr("2.25.9103", "1100", "Corrigé.", "VERIFIED", Some("2.25.9102"))).status, 200);
    assert_eq!(reports(&service).len(), 2, "nothing says yet that they are one");
    assert_eq!(stow(&service, &sr("2.25.9102", "1000", "Définitif.", "VERIFIED", Some("2.25.9101"))).status, 200);
    let found = reports(&service);
    assert_eq!((found.len(), found[0]["versions"].as_array().unwrap().len()), (1, 3));
    assert_eq!((found[0]["status"].as_str(), words(&found[0]).as_str()), (Some("amended"), "Constatations\nCorrigé."));
}

#[test]
fn documents_are_reports_by_their_title_and_doses_are_not() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let pdf = |sop: &str, title: Value| {
        let inline = json!({ "vr": "OB", "InlineBinary": "JVBERi0xLjcgYm9keQA=" });
        document(
            ENCAPSULATED_PDF,
            sop,
            "0900",
            json!({ "0040A043": title, "00420010": value("ST", "Compte rendu"),
            "00420011": inline, "00420012": value("LO", "application/pdf"), "0040A493": value("CS", "VERIFIED") }),
        )
    };
    let dose = document(
        DOSE_SR,
        "2.25.9201",
        "0900",
        json!({ "0040A043": code("113701", "DCM", "X-Ray Radiation Dose Report") }),
    );
    let consent = pdf("2.25.9202", code("59284-0", "LN", "Consent Document"));
    for object in [dose, consent, pdf("2.25.9203", code("18748-4", "LN", "Diagnostic Imaging Report"))] {
        assert_eq!(stow(&service, &object).status, 200);
    }
    let found = reports(&service);
    assert_eq!((found.len(), found[0]["status"].as_str()), (1, Some("final")));
    let documents = &found[0]["versions"][0]["documents"];
    assert_eq!(
        (documents[0]["mediaType"].as_str(), documents[0]["title"].as_str()),
        (Some("application/pdf"), Some("Compte rendu"))
    );
    let key = found[0]["reportKey"].as_str().unwrap();
    let body = service.client.get(&format!("/api/reports/{key}/versions/1/documents/1")).body;
    assert_eq!(body, b"%PDF-1.7 body");
    let instances = service.client.get(&format!("/dicom-web/studies/{STUDY}/instances")).json();
    assert_eq!(instances.as_array().unwrap().len(), 3, "all of them are objects as well");
}

#[test]
fn a_rejected_object_withdraws_its_report() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    assert_eq!(stow(&service, &sr("2.25.9301", "0900", "Secret.", "VERIFIED", None)).status, 200);
    let instance = json!({ "00081150": value("UI", BASIC_TEXT_SR), "00081155": value("UI", "2.25.9301") });
    let series = json!({ "0020000E": value("UI", "2.25.9002"), "00081199": sequence(vec![instance]) });
    let evidence = sequence(vec![json!({ "0020000D": value("UI", STUDY), "00081115": sequence(vec![series]) })]);
    let key = reports(&service)[0]["reportKey"].as_str().unwrap().to_owned();
    let note = document(
        "1.2.840.10008.5.1.4.1.1.88.59",
        "2.25.9302",
        "1000",
        json!({ "0040A040": value("CS", "CONTAINER"),
        "0040A043": code("113037", "DCM", "Rejected for Patient Safety Reasons"), "0040A375": evidence }),
    );
    assert_eq!(stow(&service, &note).status, 200);
    let report = service.client.get(&format!("/api/reports/{key}"));
    assert_eq!(report.json()["status"], "entered-in-error");
    assert!(!String::from_utf8_lossy(&report.body).contains("Secret"), "its words are given to nobody");
    assert_eq!(stow(&service, &sr("2.25.9301", "0900", "Secret.", "VERIFIED", None)).status, 202);
    assert!(!String::from_utf8_lossy(&service.client.get(&format!("/api/reports/{key}")).body).contains("Secret"));
}

#[test]
fn a_message_that_names_the_object_is_its_report_and_no_second_one() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    assert_eq!(stow(&service, &sr("2.25.9401", "0900", "Premier.", "UNVERIFIED", None)).status, 200);
    let obr = "OBR|1||F1|CT^CT HEAD||||||||||||||ACCF1|||||||F";
    let named = "OBX|1|HD|^SR Instance UID||2.25.9401||||||F";
    let last = message("ORU^R01^ORU_R01", "M1", &[JANE, obr, named, "OBX|2|TX|R||Definitif.||||||F"]);
    assert_eq!(tell(&service, &[last]).0, 1);
    let found = reports(&service);
    assert_eq!((found.len(), words(&found[0]).as_str()), (1, "Definitif."));
    assert_eq!(found[0]["versions"].as_array().unwrap().len(), 2, "both are kept");
    // Another one that nothing ties to it is shown beside it.
    assert_eq!(stow(&service, &sr("2.25.9402", "0900", "Autre.", "VERIFIED", None)).status, 200);
    assert_eq!(reports(&service).len(), 2);
}
