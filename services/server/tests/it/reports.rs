//! Reports arrive beside the images, whichever came first; and nobody's name is in a log, a metric or an error.

use fixtures::simulators::mllp::{SendOptions, send};
use fixtures::{ProvinceOptions, Region, Scale, instance_bytes, plan, report_messages};
use serde_json::{Value, json};

use crate::processes::wait;
use crate::service::Service;

#[test]
fn reports_stand_beside_the_images_and_nobodys_name_is_in_the_log() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let province = plan(&ProvinceOptions { seed: 3, scale: Scale::Small });
    let region = Region::Hdirs;
    let facilities: Vec<&str> = region.facilities().iter().map(|facility| facility.number).collect();
    service.register(&json!({
        "code": "local", "name": "HDIRS", "region": "HDIRS", "protocol": "push", "patientIdIssuer": region.code(),
        "issuerAliases": [region.oid(), region.system_oid()], "push": { "callingAeTitles": ["HDIRS"] },
        "hl7": { "sendingFacility": facilities.join(","), "accessionField": "OBR-18" },
    }));
    // Half of the images come before the reports, half after them.
    let studies: Vec<_> = province.studies_of(region).collect();
    let (before, after) = studies.split_at(studies.len() / 2);
    let store = |studies: &[&fixtures::StudyPlan]| {
        for study in studies {
            let objects: Vec<_> = study.series.iter().map(|series| instance_bytes(study, series, 0)).collect();
            assert_eq!(service.client.stow(&objects).status, 200);
        }
    };
    store(before);
    let messages: Vec<_> = report_messages(&province, region).into_iter().map(|message| message.bytes).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let receiver = std::net::SocketAddr::from(([127, 0, 0, 1], service.mllp_port));
    let sent = runtime.block_on(send(receiver, &messages, &SendOptions::default(), &mut |_| {})).unwrap();
    assert_eq!((sent.accepted, sent.refused.len()), (messages.len(), 0));
    // The whole feed again, as after an outage: nothing doubles.
    let again = runtime.block_on(send(receiver, &messages, &SendOptions::default(), &mut |_| {})).unwrap();
    assert_eq!(again.accepted, messages.len());
    store(after);

    // What comes as an object is a report beside them: nothing in it says which message it is one with.
    let objects = studies.iter().flat_map(|study| &study.series).filter(|series| series.modality == "SR").count();
    let expected = objects + province.reports.iter().filter(|report| report.region == region).count();
    wait(std::time::Duration::from_secs(20), "every report", || {
        service.repository("local")["counts"]["reports"] == expected
    });
    let mut linked = 0;
    for study in &studies {
        linked += reports_of(&service, &study.study_uid)
            .iter()
            .filter(|report| report["status"] != "entered-in-error")
            .count();
    }
    assert!(linked >= studies.len() / 2, "{linked} reports stand beside {} studies", studies.len());
    assert_silent(&service, &province, data.path());
}

fn reports_of(service: &Service, study: &str) -> Vec<Value> {
    let patient = service.client.get(&format!("/api/studies/{study}")).json();
    let record = service.client.get(&format!("/api/patients/{}", patient["patientKey"].as_str().unwrap())).json();
    let reports = record["reports"].as_array().unwrap().clone();
    for report in &reports {
        let whole = service.client.get(&format!("/api/reports/{}", report["reportKey"].as_str().unwrap())).json();
        let current: Vec<_> =
            whole["versions"].as_array().unwrap().iter().filter(|version| version["current"] == true).collect();
        assert_eq!(current.len(), 1);
        let is_withdrawn = matches!(report["status"].as_str(), Some("entered-in-error" | "cancelled"));
        assert_eq!(current[0]["text"].as_str().unwrap().is_empty(), is_withdrawn);
    }
    let about = |report: &Value| report["studyInstanceUids"].as_array().unwrap().iter().any(|uid| uid == study);
    reports.into_iter().filter(about).collect()
}

/// The log was written at its most talkative; metrics and error bodies are asked for here.
fn assert_silent(service: &Service, province: &fixtures::Province, data: &std::path::Path) {
    let mut said = std::fs::read_to_string(data.join("log")).unwrap();
    said.push_str(&service.client.get("/metrics").text());
    let family = |name: &str| name.split(['^', '=']).next().unwrap_or_default().to_owned();
    let someone = family(&province.patients[0].name.alphabetic);
    said.push_str(&service.client.get(&format!("/dicom-web/studies?PatientName={someone}&StudyDate=x")).text());
    said.push_str(&service.client.get(&format!("/dicom-web/studies/{someone}")).text());
    for study in &province.studies {
        assert!(!said.contains(&study.study_uid), "a StudyInstanceUID is in a log, a metric or an error");
        assert!(!said.contains(&study.accession), "an accession number is in a log, a metric or an error");
    }
    for patient in &province.patients {
        let name = family(&patient.name.alphabetic);
        assert!(name.len() < 4 || !said.contains(&name), "a name is in a log, a metric or an error");
        let card = patient.health_card.as_ref().map(|card| card.number.to_string());
        assert!(card.is_none_or(|card| !said.contains(&card)), "a health number is in a log, a metric or an error");
    }
}
