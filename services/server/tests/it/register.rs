//! An administrator registers a repository while the service runs.

use std::time::Duration;

use fixtures::{ProvinceOptions, Scale, instance_bytes, plan};
use serde_json::json;

use crate::processes::wait;
use crate::service::Service;

/// From the administrator's click to the study in the list. The usual pace of looks is 30 seconds.
const SHOWS_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn a_folder_that_was_filled_just_now_shows_in_search_within_seconds() {
    let (data, images) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let service = Service::start(data.path());
    let province = plan(&ProvinceOptions { seed: 5, scale: Scale::Small });
    let study = &province.studies[0];
    std::fs::write(images.path().join("1.dcm"), instance_bytes(study, &study.series[0], 0)).unwrap();
    service.register(&json!({
        "code": "fifth", "name": "Fifth", "region": "NEODIN", "protocol": "archive", "patientIdIssuer": "FIFTH",
        "archive": { "url": format!("file://{}", images.path().display()) }
    }));
    wait(SHOWS_WITHIN, "the study of the fifth repository", || service.client.get("/dicom-web/studies").status == 200);
}

#[test]
fn what_one_repository_sends_under_is_no_other_ones_and_its_time_zone_exists() {
    let data = tempfile::tempdir().unwrap();
    let service = crate::identity::start(data.path());
    let register = |more: serde_json::Value| {
        let mut definition = json!({ "code": "south", "name": "South", "region": "South", "protocol": "push",
            "patientIdIssuer": "SOUTH", "push": { "callingAeTitles": ["SOUTH"] } });
        definition.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        service.client.post("/api/admin/repositories", "application/json", definition.to_string().into_bytes())
    };
    for (more, field) in [
        (json!({ "push": { "callingAeTitles": ["SOUTH", "NORTH"] } }), "push.callingAeTitles"),
        (json!({ "hl7": { "sendingFacility": "0002, 0001" } }), "hl7.sendingFacility"),
        (json!({ "timeZone": "Mars/X" }), "timeZone"),
    ] {
        let answer = register(more);
        assert_eq!((answer.status, answer.json()["parameter"].as_str()), (400, Some(field)));
    }
    assert_eq!(register(json!({ "timeZone": "America/Winnipeg" })).status, 201);
}
