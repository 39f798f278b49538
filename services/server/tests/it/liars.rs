//! A repository that is down, lying or broken never stops the service or another repository, and is named.

use std::collections::HashMap;

use fixtures::simulators::{dicomweb, dimse};
use fixtures::{ProvinceOptions, Region, Scale, plan, write};
use index_model::AeTitle;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::processes::wait;
use crate::service::Service;

const SERIES: &str = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";

struct Liars {
    _images: tempfile::TempDir,
    _data: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    neodin: dicomweb::Running,
    service: Service,
}

/// A DICOMweb repository whose manners change, beside a folder that behaves.
fn liars() -> Liars {
    let (images, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let province = plan(&ProvinceOptions { seed: 5, scale: Scale::Small });
    write(&province, images.path(), &|_| {}).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = images.path().join(Region::Neodin.slug());
    let neodin = dicomweb::DicomwebOrigin::start("127.0.0.1:0".parse().unwrap(), &folder);
    let neodin = runtime.block_on(neodin).unwrap();
    let service = Service::start(data.path());
    service.register(&definition("neodin", "dicomweb", json!({ "url": neodin.url() })));
    service.register(&definition("gtaw", "archive", json!({ "url": images.path().join(Region::GtaWest.slug()) })));
    service.wait_until_indexed("neodin", province.studies_of(Region::Neodin).count() as u64);
    service.wait_until_indexed("gtaw", province.studies_of(Region::GtaWest).count() as u64);
    Liars { _images: images, _data: data, runtime, neodin, service }
}

fn definition(code: &str, section: &str, address: Value) -> Value {
    let mut definition = json!({ "code": code, "name": code, "region": "TEST", "protocol": section, "patientIdIssuer": code, "pollSeconds": 1 });
    definition[section] = address;
    definition
}

/// The path of a series that this repository holds.
fn series_of(service: &Service, code: &str) -> String {
    let rows = service.client.get(&format!("/dicom-web/series?RetrieveAETitle={code}")).json();
    let rows = rows.as_array().unwrap();
    let row = rows.iter().max_by_key(|row| row["00201209"]["Value"][0].as_u64()).unwrap();
    let text = |tag: &str| row[tag]["Value"][0].as_str().unwrap().to_owned();
    format!("/dicom-web/studies/{}/series/{}", text("0020000D"), text("0020000E"))
}

/// An error that says whose fault it is.
fn names(answer: &Answer, code: &str) {
    assert!([502, 503].contains(&answer.status), "status {}", answer.status);
    assert!(answer.text().contains(code), "{}", answer.text());
    assert!(answer.header("content-type").starts_with("application/problem+json"));
}

#[test]
fn what_a_liar_says_is_an_error_and_comes_right_when_it_mends() {
    let Liars { neodin, service, runtime, _images, _data } = liars();
    let path = series_of(&service, "neodin");
    for manners in [dicomweb::Manners::Html, dicomweb::Manners::Empty, dicomweb::Manners::Unavailable] {
        neodin.behave(manners);
        names(&service.client.get(&format!("{path}/metadata")), "neodin");
        let healthy = series_of(&service, "gtaw");
        assert_eq!(service.client.get_as(&healthy, SERIES).status, 200);
    }
    let search = service.client.get("/dicom-web/studies");
    assert_eq!(search.status, 200);
    wait(std::time::Duration::from_secs(20), "a warning that names the repository", || {
        service.client.get("/dicom-web/studies").header("warning").contains("neodin")
    });
    assert_eq!(service.repository("neodin")["state"], "unreachable");
    neodin.behave(dicomweb::Manners::Good);
    wait(std::time::Duration::from_secs(60), "the repository to be asked again", || {
        service.client.get_as(&path, SERIES).status == 200
    });
    runtime.block_on(neodin.stop());
}

#[test]
fn a_truncated_series_is_never_shown_as_whole() {
    let Liars { neodin, service, runtime, _images, _data } = liars();
    let path = series_of(&service, "neodin");
    let metadata = service.client.get(&format!("{path}/metadata")).json();
    neodin.behave(dicomweb::Manners::Truncated);
    let instance = metadata[0]["00080018"]["Value"][0].as_str().unwrap();
    names(&service.client.get(&format!("{path}/instances/{instance}/frames/1")), "neodin");
    neodin.behave(dicomweb::Manners::Good);
    wait(std::time::Duration::from_secs(60), "the whole series", || {
        let whole = service.client.get_as(&path, SERIES);
        whole.status == 200 && whole.parts().len() == metadata.as_array().unwrap().len()
    });
    runtime.block_on(neodin.stop());
}

#[test]
fn an_archive_that_gives_some_of_its_images_is_held_to_its_account() {
    let (images, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let province = plan(&ProvinceOptions { seed: 5, scale: Scale::Small });
    write(&province, images.path(), &|_| {}).unwrap();
    let service = Service::start(data.path());
    let receiver = std::net::SocketAddr::from(([127, 0, 0, 1], service.dimse_port));
    let destinations = HashMap::from([(AeTitle::parse("DICS").unwrap(), receiver)]);
    let folder = images.path().join(Region::Swodin.slug());
    let archive = dimse::DimseArchive::new(AeTitle::parse("SWODIN").unwrap(), folder, destinations);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let archive = archive.behaving(dimse::Manners::OnlySomeSilently(1)).listen("127.0.0.1:0".parse().unwrap());
    let archive = runtime.block_on(archive).unwrap();
    let address = json!({ "host": "127.0.0.1", "port": archive.addr.port(), "aeTitle": "SWODIN" });
    service.register(&definition("swodin", "dimse", address));
    service.wait_until_indexed("swodin", province.studies_of(Region::Swodin).count() as u64);
    let rows = service.client.get("/dicom-web/series?Modality=CT").json();
    let row = rows.as_array().unwrap().iter().find(|row| row["00201209"]["Value"][0].as_u64() > Some(1)).unwrap();
    let text = |tag: &str| row[tag]["Value"][0].as_str().unwrap().to_owned();
    let path = format!("/dicom-web/studies/{}/series/{}", text("0020000D"), text("0020000E"));
    let whole = service.client.get_as(&path, SERIES);
    assert!(
        whole.status != 200 || !whole.header("warning").is_empty(),
        "a part was given for the whole without a word"
    );
    runtime.block_on(archive.stop());
}
