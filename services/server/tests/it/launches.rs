//! A portal's launch opens what it names, or lets the reader choose, and never opens somebody else's.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::identity::start;
use crate::object_reports::{sr, stow, value};
use crate::service::Service;

/// A study of its own with accession number A-1001 of this issuer.
fn examined(service: &Service, issuer: &str, patient: &str, name: &str) -> String {
    let study = format!("2.25.96{patient}");
    let mut object = sr(&format!("{study}.1"), "0900", "Rien.", "VERIFIED", None);
    let issued = json!({ "vr": "SQ", "Value": [{ "00400031": value("UT", issuer) }] });
    for (tag, element) in [
        ("00080050", value("SH", "A-1001")),
        ("00080051", issued),
        ("00080080", value("LO", &format!("Hospital of {issuer}"))),
        ("00100010", json!({ "vr": "PN", "Value": [{ "Alphabetic": name }] })),
        ("00100020", value("LO", patient)),
        ("00100021", value("LO", issuer)),
        ("00100030", value("DA", &format!("19{patient}0101"))),
        ("0020000D", value("UI", &study)),
        ("0020000E", value("UI", &format!("{study}.2"))),
    ] {
        object[tag] = element;
    }
    assert_eq!(stow(service, &object).status, 200);
    study
}

fn invoked(service: &Service, more: &str) -> Answer {
    service.client.get(&format!("/IHEInvokeImageDisplay?requestType=STUDY&accessionNumber=A-1001{more}"))
}

fn opened(service: &Service, more: &str) -> Value {
    let place = invoked(service, more).header("location");
    assert!(!place.contains("1001") && !place.contains("DOE"), "an address names nobody");
    service.client.get(&format!("/api/launches/{}", place.rsplit('/').next().unwrap())).json()
}

#[test]
fn an_accession_number_of_two_facilities_gives_a_choice_unless_the_issuer_or_the_patient_is_named() {
    let data = tempfile::tempdir().unwrap();
    let service = start(data.path());
    let jane = examined(&service, "NORTH", "70", "DOE^JANE");
    let richard = examined(&service, "SOUTH", "50", "ROE^RICHARD");

    let choice = opened(&service, "");
    assert_eq!((&choice["kind"], &choice["studyInstanceUids"]), (&json!("choose"), &json!([])), "opens neither");
    let mut offered: Vec<&Value> = choice["choices"].as_array().unwrap().iter().collect();
    offered.sort_by_key(|one| one["facility"].to_string());
    let told = |one: &Value| (one["facility"].clone(), one["studyInstanceUid"].clone(), one["studyDate"].clone());
    assert_eq!(told(offered[0]), (json!("Hospital of NORTH"), json!(jane), json!("20260110")));
    assert_eq!(told(offered[1]), (json!("Hospital of SOUTH"), json!(richard), json!("20260110")));
    let words = choice.to_string();
    assert!(!words.contains("DOE") && !words.contains("ROE"), "where and when, and not who: {words}");

    for (more, study) in
        [("%5E%5E%5ENORTH", &jane), ("%5E%5E%5ESOUTH", &richard), ("&patientID=50%5E%5E%5ESOUTH", &richard)]
    {
        let one = opened(&service, more);
        assert_eq!((&one["kind"], &one["studyInstanceUids"]), (&json!("study"), &json!([study])), "{more}");
    }
    assert_eq!(invoked(&service, "%5E%5E%5EWEST").status, 404, "nobody gave that number");
    assert_eq!(invoked(&service, "&patientID=99%5E%5E%5ENORTH").status, 404, "it is not that patient's");
}
