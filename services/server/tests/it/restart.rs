//! `kill -9` at a moment of its own choosing: indexing goes on at the next start, nothing is doubled or lost.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use fixtures::simulators::dimse::DimseArchive;
use fixtures::{Province, ProvinceOptions, Region, Scale, plan, write};
use index_model::AeTitle;
use serde_json::{Value, json};

use crate::processes::wait;
use crate::service::Service;

fn province(folder: &Path) -> Province {
    let province = plan(&ProvinceOptions { seed: 11, scale: Scale::Small });
    write(&province, folder, &|_| {}).unwrap();
    province
}

fn definition(code: &str, region: &str, section: &str, address: Value) -> Value {
    let mut definition = json!({ "code": code, "name": code, "region": region, "protocol": section, "patientIdIssuer": region, "pollSeconds": 1 });
    definition[section] = address;
    definition
}

/// Every study with its counts, in the order of its identifier.
fn listed(service: &Service) -> Vec<(String, u64, u64)> {
    let rows = service.client.get("/dicom-web/studies?limit=1000").json();
    let text = |row: &Value, tag: &str| row[tag]["Value"][0].as_str().unwrap().to_owned();
    let number = |row: &Value, tag: &str| row[tag]["Value"][0].as_u64().unwrap();
    let mut rows: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(row, "0020000D"), number(row, "00201206"), number(row, "00201208")))
        .collect();
    rows.sort();
    rows
}

#[test]
fn indexing_goes_on_after_a_kill_and_nothing_is_doubled_or_lost() {
    let images = tempfile::tempdir().unwrap();
    let province = province(images.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let swodin = images.path().join(Region::Swodin.slug());
    let archive =
        DimseArchive::start("127.0.0.1:0".parse().unwrap(), AeTitle::parse("SWODIN").unwrap(), swodin, HashMap::new());
    let archive = runtime.block_on(archive).unwrap();
    let definitions = [
        definition("gtaw", "GTAW", "archive", json!({ "url": images.path().join(Region::GtaWest.slug()) })),
        definition(
            "swodin",
            "SWODIN",
            "dimse",
            json!({ "host": "127.0.0.1", "port": archive.addr.port(), "aeTitle": "SWODIN" }),
        ),
    ];
    let expected: Vec<(&str, u64)> = vec![
        ("gtaw", province.studies_of(Region::GtaWest).count() as u64),
        ("swodin", province.studies_of(Region::Swodin).count() as u64),
    ];

    let undisturbed = tempfile::tempdir().unwrap();
    let service = Service::start(undisturbed.path());
    definitions.iter().for_each(|definition| service.register(definition));
    expected.iter().for_each(|(code, studies)| service.wait_until_indexed(code, *studies));
    let right = listed(&service);
    drop(service);

    let data = tempfile::tempdir().unwrap();
    let mut service = Service::start(data.path());
    definitions.iter().for_each(|definition| service.register(definition));
    for moment in 1..=4u64 {
        // Whatever is being written is cut off: after a quarter, a half … of the objects of the folder.
        let quarter = right.iter().map(|(_, _, instances)| instances).sum::<u64>() / 10;
        wait(Duration::from_secs(60), "some instances", || {
            let counts = |code| service.repository(code)["counts"]["instances"].as_u64().unwrap();
            counts("gtaw") + counts("swodin") >= quarter * moment.min(3) / 2
        });
        service.kill();
        service = Service::start(data.path());
    }
    expected.iter().for_each(|(code, studies)| service.wait_until_indexed(code, *studies));
    wait(Duration::from_secs(60), "all instances", || listed(&service) == right);
    runtime.block_on(archive.stop());
}
