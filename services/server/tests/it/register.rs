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

#[test]
fn a_region_that_no_other_repository_has_is_told_with_those_that_are_known() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let of = |code: &str, region: &str| {
        json!({ "code": code, "name": code, "region": region, "protocol": "push", "patientIdIssuer": code,
            "push": { "callingAeTitles": [code] } })
    };
    let register = |code: &str, region: &str| {
        service.client.post_json("/api/admin/repositories", &of(code, region)).json()["newRegionBeside"].clone()
    };
    assert!(register("north", "NORTH").is_null(), "the first");
    assert_eq!(register("east", "EATS"), json!(["NORTH"]));
    assert!(register("e2", "NORTH").is_null());
    let change = |region: &str| service.client.put_json("/api/admin/repositories/e2", &of("e2", region)).json();
    assert_eq!(change("EAST")["newRegionBeside"], json!(["EATS", "NORTH"]));
    assert!(change("EATS")["newRegionBeside"].is_null());

    let definition = data.path().join("west.toml");
    let text = "code = \"west\"\nname = \"West\"\nregion = \"WETS\"\nprotocol = \"push\"\npatientIdIssuer = \"WEST\"\n\
        [push]\ncallingAeTitles = [\"WEST\"]\n";
    std::fs::write(&definition, text).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dics"));
    command.args(["repository", "add"]).arg(&definition).env("DICS__DATA_DIR", data.path());
    let out = command.env("DICS__HTTP__LISTEN", service.client.address()).output().unwrap();
    let told = String::from_utf8([out.stdout, out.stderr].concat()).unwrap();
    assert!(told.contains("No other repository is of region WETS: is it new, or one of EATS, NORTH?"), "{told}");
}

#[test]
fn every_definition_in_deploy_is_registered_as_it_lies() {
    let data = tempfile::tempdir().unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/regions");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 4, "one of each kind");
    // Nothing listens there: they are written into the registry of a service that does not run, and nobody is asked.
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for file in files {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dics"));
        command.args(["repository", "add"]).arg(&file).env("DICS__DATA_DIR", data.path());
        let out = command.env("DICS__HTTP__LISTEN", nowhere.to_string()).output().unwrap();
        let told = String::from_utf8([out.stdout, out.stderr].concat()).unwrap();
        assert!(out.status.success() && told.contains("is registered"), "{}: {told}", file.display());
    }
}
