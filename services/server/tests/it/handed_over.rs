//! A repository changes hands: another operator, another region, another address, even another protocol. What was given out of it before goes on
//! to lead to the same studies, reports and people.

use std::time::Duration;

use fixtures::simulators::dicomweb::{DicomwebOrigin, Manners};
use fixtures::simulators::dimse::DimseArchive;
use index_model::AeTitle;
use serde_json::{Value, json};

use crate::identity::{JANE, message, tell};
use crate::operations::{definition, dics, operated};
use crate::processes::wait;
use crate::service::Service;

/// Of an answer, who and what it is about; where it is may have changed.
fn essence(answer: &Value, found: &mut Vec<String>) {
    const ABOUT: [&str; 7] = ["kind", "patientKey", "reportKey", "studyInstanceUids", "status", "text", "0020000E"];
    match answer {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            if ABOUT.contains(&name.as_str()) {
                found.push(format!("{name} {value}"));
            }
            essence(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| essence(item, found)),
        _ => {}
    }
}

/// What somebody may have written down, and what it leads to.
fn leads_to(service: &Service, addresses: &[String]) -> Vec<Vec<String>> {
    let led = |address: &String| {
        let answer = service.client.get(address);
        assert_eq!(answer.status, 200, "{address}: {}", answer.text());
        let mut found = Vec::new();
        essence(&answer.json(), &mut found);
        assert!(!found.is_empty(), "{address}");
        found
    };
    addresses.iter().map(led).collect()
}

fn launch(service: &Service, query: &str) -> String {
    let place = service.client.get(&format!("/IHEInvokeImageDisplay?{query}")).header("location");
    format!("/api/launches/{}", place.rsplit('/').next().unwrap())
}

fn rows(service: &Service) -> Vec<Value> {
    service.client.get("/dicom-web/studies").json().as_array().unwrap().clone()
}

/// Writes a definition as an operator has it.
fn written(folder: &std::path::Path, definition: &Value) -> String {
    let file = folder.join("definition.toml");
    std::fs::write(&file, toml::to_string(definition).unwrap()).unwrap();
    file.display().to_string()
}

#[test]
fn another_operator_region_and_address_break_no_link_that_was_given_out() {
    let operated = operated(3);
    let uid = |study: usize| operated.province.studies[study].study_uid.clone();
    let service = Service::start(operated.data.path());
    let defined = |section: &str, address: Value| {
        let mut defined = definition("neodin", section, address, 1);
        defined["patientIdIssuer"] = json!("NORTH");
        defined["hl7"] = json!({ "sendingFacility": "0001" });
        defined
    };
    service.register(&defined("dicomweb", json!({ "url": operated.origin.url() })));
    service.wait_until_indexed("neodin", 3);
    let obr = "OBR|1||F1|CT^CT HEAD||||||||||||||ACC1|||||||F";
    let report = message("ORU^R01^ORU_R01", "R1", &[JANE, obr, "OBX|1|TX|R||Words.||||||F"]);
    assert_eq!(tell(&service, &[report]).0, 1);

    let person = launch(&service, "requestType=PATIENT&patientID=100^^^NORTH");
    let patient = service.client.get(&person).json()["patientKey"].as_str().unwrap().to_owned();
    let record = format!("/api/patients/{patient}");
    let report = service.client.get(&record).json()["reports"][0]["reportKey"].as_str().unwrap().to_owned();
    let mut addresses = vec![person, record, format!("/api/reports/{report}")];
    addresses.push(launch(&service, &format!("requestType=STUDY&studyUID={}", uid(0))));
    addresses.extend((0..3).map(|study| format!("/dicom-web/studies/{}/series", uid(study))));
    let before = leads_to(&service, &addresses);
    let given_out: Vec<Value> = rows(&service).iter().map(|row| row["00081190"].clone()).collect();
    let images = |study: usize| {
        let whole = service.client.get(&format!("/dicom-web/studies/{}", uid(study)));
        (whole.status, whole.parts().len())
    };
    assert_eq!(images(0), (200, 1), "one study is brought here before");

    // The server moves, and is somebody else's.
    let moved =
        operated.runtime.block_on(DicomwebOrigin::start("127.0.0.1:0".parse().unwrap(), operated.images.path()));
    let moved = moved.unwrap();
    operated.origin.behave(Manners::Unavailable);
    let mut new = defined("dicomweb", json!({ "url": moved.url() }));
    (new["name"], new["region"]) = (json!("One operator for all"), json!("ONTARIO"));
    let again = dics(&service, &["add", &written(operated.data.path(), &new)]);
    assert!(!again.status.success(), "a code that is taken is not taken over by accident");
    assert_eq!(service.repository("neodin")["region"], "TEST");
    let changed = dics(&service, &["change", &written(operated.data.path(), &new)]);
    assert!(changed.status.success(), "{}", String::from_utf8_lossy(&changed.stderr));
    assert_eq!(service.repository("neodin")["region"], "ONTARIO");
    assert_eq!(images(1), (200, 1), "what was not brought here before comes from the new address");
    let follows = || service.repository("neodin")["state"] == "following";
    wait(Duration::from_secs(20), "the new address to be followed", follows);
    assert_eq!(leads_to(&service, &addresses), before);

    // And then it speaks another protocol, under a title of its own.
    let address = "127.0.0.1:0".parse().unwrap();
    let archive =
        DimseArchive::start(address, AeTitle::parse("OCINET").unwrap(), operated.images.path().into(), [].into());
    let archive = operated.runtime.block_on(archive).unwrap();
    moved.behave(Manners::Unavailable);
    let dimse = json!({ "host": "127.0.0.1", "port": archive.addr.port(), "aeTitle": "OCINET", "retrieve": "get" });
    let other = written(operated.data.path(), &defined("dimse", dimse));
    assert!(dics(&service, &["change", &other]).status.success());
    assert_eq!(images(2), (200, 1), "and from another protocol");
    assert_eq!(leads_to(&service, &addresses), before);
    let found = rows(&service);
    assert_eq!(
        found.iter().map(|row| row["00081190"].clone()).collect::<Vec<_>>(),
        given_out,
        "and nothing is doubled"
    );
    assert!(found.iter().all(|row| row["00080054"]["Value"] == json!(["neodin"])));

    let nobody = written(
        operated.data.path(),
        &json!({ "code": "nobody", "name": "N", "region": "N", "protocol": "archive",
        "patientIdIssuer": "N", "archive": { "url": "/nowhere" } }),
    );
    let nobody = dics(&service, &["change", &nobody]);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no repository of this code"));
    let another = service.client.put_json("/api/admin/repositories/other", &new);
    assert_eq!(another.status, 400, "a code is for ever");
    drop(service);
    let service = Service::start(operated.data.path());
    assert_eq!(leads_to(&service, &addresses[1..3]), before[1..3], "after a restart too");
    operated.runtime.block_on(archive.stop());
}
