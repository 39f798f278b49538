//! Real peers: Orthanc over DICOMweb and over DIMSE, DCMTK's dcmqrscp over DIMSE, all loaded with real images.

mod dcmqrscp;
mod orthanc;
mod query_retrieve;
mod tls;

use std::collections::{BTreeMap, BTreeSet};

use fixtures::{ProvinceOptions, Scale};
use serde_json::{Value, json};

use crate::peers::dcmqrscp::Dcmqrscp;
use crate::peers::orthanc::Orthanc;
use crate::processes::wait;
use crate::service::Service;
use crate::sources::{Source, ct_head, pydicom};

fn definition(code: &str, section: &str, address: Value) -> Value {
    let mut definition = json!({
        "code": code, "name": code, "region": "TEST", "protocol": section, "patientIdIssuer": code.to_uppercase(),
        "pollSeconds": 1, "concurrency": 4,
    });
    definition[section] = address;
    definition
}

fn studies(sources: &[Source]) -> BTreeSet<&str> {
    sources.iter().map(|source| source.study.as_str()).collect()
}

#[test]
fn orthanc_over_dicomweb_serves_every_image() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let sources: Vec<Source> = ct_head().into_iter().chain(pydicom()).collect();
    let orthanc = Orthanc::start(service.dimse_port);
    let loaded = orthanc.load(&sources);
    service.register(&definition(
        "orthanc-web",
        "dicomweb",
        json!({ "url": format!("http://127.0.0.1:{}/dicom-web", orthanc.http_port) }),
    ));
    check(&service, "orthanc-web", &loaded);
    println!(
        "peer: Orthanc over DICOMweb held {} objects in {} studies; all were asked for",
        loaded.len(),
        studies_of(&loaded)
    );
}

#[test]
fn orthanc_that_asks_for_a_password_is_read_by_who_knows_it_and_refuses_who_does_not() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("right"), "Pässword-1\n").unwrap();
    std::fs::write(data.path().join("wrong"), "Password-2\n").unwrap();
    let service = Service::start_with(data.path(), &[("DICS__SECRETS", data.path().to_str().unwrap())]);
    let orthanc = Orthanc::start_for(service.dimse_port, &json!({ "dics": "Pässword-1" }));
    let sent = std::process::Command::new("storescu")
        .args(["-aec", "ORTHANC", "127.0.0.1", &orthanc.dicom_port.to_string()])
        .arg(&ct_head()[0].path)
        .status();
    assert!(sent.unwrap().success(), "install Debian's dcmtk (make setup-test does)");
    let address = |file: &str| {
        let basic = json!({ "user": "dics", "password": { "file": file } });
        json!({ "url": format!("http://127.0.0.1:{}/dicom-web", orthanc.http_port), "credentials": { "basic": basic } })
    };
    let definition = |file: &str| definition(file, "dicomweb", address(file));
    let tested = |file: &str| service.client.post_json("/api/admin/repositories/test", &definition(file)).json();
    assert_eq!(tested("right")["ok"], true);
    let said = tested("wrong").to_string();
    assert!(said.contains("the credentials are wrong (401)"), "{said}");

    service.register(&definition("right"));
    service.wait_until_indexed("right", 1);
    service.register(&definition("wrong"));
    wait(std::time::Duration::from_secs(20), "the refusal to be told", || {
        service.repository("wrong")["state"] == "refused"
    });
    let shown = service.client.get("/api/admin/repositories").text();
    let log = std::fs::read_to_string(data.path().join("log")).unwrap();
    for text in [&shown, &log] {
        assert!(!text.contains("ssword-1") && !text.contains("Password-2"), "a secret was told");
    }
    println!("peer: Orthanc with a password: read with the right one, told as refusing with the wrong one");
}

#[test]
fn orthanc_over_dimse_serves_every_image() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let sources: Vec<Source> = ct_head().into_iter().chain(pydicom()).collect();
    let orthanc = Orthanc::start(service.dimse_port);
    let loaded = orthanc.load(&sources);
    let address = json!({ "host": "127.0.0.1", "port": orthanc.dicom_port, "aeTitle": "ORTHANC", "retrieve": "move" });
    service.register(&definition("orthanc-dimse", "dimse", address));
    check(&service, "orthanc-dimse", &loaded);
    println!(
        "peer: Orthanc over DIMSE held {} objects in {} studies; all were asked for",
        loaded.len(),
        studies_of(&loaded)
    );
}

#[test]
fn orthanc_that_cuts_its_lists_off_is_indexed_whole() {
    let (data, images) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let service = Service::start(data.path());
    let province = fixtures::plan(&ProvinceOptions { seed: 7, scale: Scale::Small });
    fixtures::write(&province, images.path(), &|_| {}).unwrap();
    let studies = province.studies.iter().map(|study| &study.study_uid).collect::<BTreeSet<_>>().len() as u64;
    // Orthanc ends such a list with the status of success: nothing says that there is more.
    let orthanc = Orthanc::start_as(service.dimse_port, &json!({ "LimitFindResults": 5 }));
    assert!(studies > 15, "{studies} studies");
    orthanc.take(images.path());
    let address = json!({ "host": "127.0.0.1", "port": orthanc.dicom_port, "aeTitle": "ORTHANC", "retrieve": "move" });
    service.register(&definition("capped", "dimse", address));
    service.wait_until_indexed("capped", studies);
    println!("peer: Orthanc that lists 5 matches at the most held {studies} studies; all are listed");
}

#[test]
fn dcmqrscp_serves_every_image() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let uncompressed = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"];
    let plain = pydicom().into_iter().filter(|source| uncompressed.contains(&source.transfer_syntax.as_str()));
    let sources: Vec<Source> = ct_head().into_iter().chain(plain).collect();
    let dcmqrscp = Dcmqrscp::start(service.dimse_port);
    let loaded = dcmqrscp.load(&sources);
    let address = json!({ "host": "127.0.0.1", "port": dcmqrscp.port, "aeTitle": "QRSCP", "retrieve": "move" });
    service.register(&definition("dcmqrscp", "dimse", address));
    check(&service, "dcmqrscp", &loaded);
    println!(
        "peer: dcmqrscp over DIMSE held {} objects in {} studies; all were asked for",
        loaded.len(),
        studies_of(&loaded)
    );
}

#[test]
fn three_copies_of_a_study_are_one_study_with_three_locations() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let sources = ct_head();
    let (orthanc, dcmqrscp) = (Orthanc::start(service.dimse_port), Dcmqrscp::start(service.dimse_port));
    orthanc.load(&sources);
    dcmqrscp.load(&sources);
    service.register(&definition(
        "web",
        "dicomweb",
        json!({ "url": format!("http://127.0.0.1:{}/dicom-web", orthanc.http_port) }),
    ));
    service.register(&definition(
        "dimse",
        "dimse",
        json!({ "host": "127.0.0.1", "port": orthanc.dicom_port, "aeTitle": "ORTHANC" }),
    ));
    service.register(&definition(
        "qrscp",
        "dimse",
        json!({ "host": "127.0.0.1", "port": dcmqrscp.port, "aeTitle": "QRSCP" }),
    ));
    for code in ["web", "dimse", "qrscp"] {
        service.wait_until_indexed(code, studies(&sources).len() as u64);
    }
    let rows = service.client.get("/dicom-web/studies").json();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{} rows", rows.as_array().unwrap().len());
    assert_eq!(rows[0]["00201208"]["Value"][0], 108);
    assert_eq!(rows[0]["0040E011"]["Value"].as_array().or(rows[0]["00080054"]["Value"].as_array()).unwrap().len(), 3);
    println!("peer: Orthanc twice and dcmqrscp held the same study; it is listed once, with three locations");
}

/// What a peer took.
type Loaded<'a> = Vec<&'a Source>;

fn studies_of(loaded: &Loaded<'_>) -> usize {
    loaded.iter().map(|source| &source.study).collect::<BTreeSet<_>>().len()
}

/// Search, metadata, frame, rendered and whole series, for every series that the peer holds.
fn check(service: &Service, code: &str, loaded: &Loaded<'_>) {
    service.wait_until_indexed(code, studies_of(loaded) as u64);
    let mut by_series: BTreeMap<(&str, &str), Vec<&Source>> = BTreeMap::new();
    for source in loaded {
        by_series.entry((&source.study, &source.series)).or_default().push(source);
    }
    for ((study, series), sources) in by_series {
        let rows = service.client.get(&format!("/dicom-web/studies?StudyInstanceUID={study}")).json();
        assert_eq!(rows.as_array().unwrap().len(), 1, "a study is not found");
        check_series(service, &format!("/dicom-web/studies/{study}/series/{series}"), &sources);
    }
}

fn check_series(service: &Service, path: &str, sources: &[&Source]) {
    let name = sources[0].path.file_name().unwrap().to_string_lossy().into_owned();
    let metadata = service.client.get(&format!("{path}/metadata"));
    assert_eq!(metadata.status, 200, "{name}: metadata: {}", metadata.text());
    let metadata = metadata.json();
    let instances: BTreeSet<&str> =
        metadata.as_array().unwrap().iter().map(|one| one["00080018"]["Value"][0].as_str().unwrap()).collect();
    let expected: BTreeSet<&str> = sources.iter().map(|source| source.instance.as_str()).collect();
    assert_eq!(instances.len(), expected.len(), "{name}: instances in the metadata");
    assert!(instances == expected, "{name}: other instances in the metadata");
    let whole = service.client.get_as(path, "multipart/related; type=\"application/dicom\"; transfer-syntax=*");
    assert_eq!(whole.status, 200, "{name}: series: {}", whole.text());
    assert_eq!(whole.parts().len(), sources.len(), "{name}: objects in the series");
    for source in sources.iter().take(3) {
        check_image(service, &format!("{path}/instances/{}", source.instance), source);
    }
}

fn check_image(service: &Service, path: &str, source: &Source) {
    let name = source.path.file_name().unwrap().to_string_lossy().into_owned();
    let Ok(object) = dicom_object::open_file(&source.path) else { return };
    let Ok(pixels) = object.element(dicom_dictionary_std::tags::PIXEL_DATA) else { return };
    let frame = service
        .client
        .get_as(&format!("{path}/frames/1"), "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*");
    assert!(frame.status == 200 || (400..500).contains(&frame.status), "{name}: frame: status {}", frame.status);
    let little = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"].contains(&source.transfer_syntax.as_str());
    if let (true, Ok(bytes)) = (little && frame.status == 200, pixels.to_bytes()) {
        let part = &frame.parts()[0];
        assert!(bytes.starts_with(part) && !part.is_empty(), "{name}: the frame's bytes are not the file's");
    }
    let rendered = service.client.get_as(&format!("{path}/rendered"), "image/png");
    assert!(rendered.status < 500, "{name}: rendered: status {}", rendered.status);
    if rendered.status == 200 {
        let picture = image::load_from_memory(&rendered.body).unwrap();
        assert!(picture.width() > 0 && picture.height() > 0);
    }
    // What every reader must see, whatever the odd files of the set do.
    if ["CT_small.dcm", "MR_small.dcm"].contains(&name.as_str()) || source.path.parent().unwrap().ends_with("ct-head") {
        assert_eq!((frame.status, rendered.status), (200, 200), "{name}");
    }
}
