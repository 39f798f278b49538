//! Manifests (KO with DCM 113030: XDS-I.b, MADO) by whatever way they come: a push over DIMSE, a file in an archive.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fixtures::simulators::dimse::{PushTo, send_folder};
use index_model::AeTitle;
use serde_json::{Value, json};

use crate::key_objects::{count, document, stow};
use crate::operations::definition;
use crate::processes::wait;
use crate::service::Service;

/// The same as MADO has it: whose the number is, all numbers, and each accession number in the requests.
fn mado(mut manifest: Value) -> Value {
    let sequence = |item: Value| json!({ "vr": "SQ", "Value": [item] });
    let text = |vr: &str, value: &str| json!({ "vr": vr, "Value": [value] });
    let issuer = || sequence(json!({ "00400032": text("UT", "1.2.3.9"), "00400033": text("CS", "ISO") }));
    let request = |accession: &str| json!({ "0020000D": manifest["0020000D"], "00080050": text("SH", accession), "00080051": issuer() });
    let requests = json!({ "vr": "SQ", "Value": [request("A-1"), request("A-2")] });
    manifest["0040A370"] = requests;
    manifest["00080050"] = json!({ "vr": "SH" });
    manifest["00100024"] = issuer();
    manifest["00101002"] = sequence(json!({ "00100020": text("LO", "K1"), "00100024": issuer() }));
    manifest["00080201"] = text("SH", "-0500");
    manifest
}

/// A manifest of a study of so many images.
fn manifest(number: u32, study: &str, images: u32) -> Value {
    let sops = (1..=images).map(|at| format!("{study}.1.{at}")).collect();
    document(number, "113030", study, &[(&format!("{study}.1"), sops)], &json!({}))
}

/// The manifests as files: another service writes them.
fn files(manifests: &[Value], folder: &Path) -> Vec<PathBuf> {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    for manifest in manifests {
        assert_eq!(stow(&service, manifest).status, 200);
    }
    drop(service);
    let folders = std::fs::read_dir(data.path().join("objects/instances")).unwrap();
    let inside = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    let copy = |(at, file): (usize, std::io::Result<std::fs::DirEntry>)| {
        let to = folder.join(format!("{at}.dcm"));
        std::fs::copy(file.unwrap().path(), &to).unwrap();
        to
    };
    inside.enumerate().map(copy).collect()
}

fn images(service: &Service, study: &str) -> Option<u64> {
    let found = service.client.get(&format!("/dicom-web/studies?StudyInstanceUID={study}"));
    (found.status == 200).then(|| found.json()[0]["00201208"]["Value"][0].as_u64().unwrap())
}

#[test]
fn a_manifest_that_is_pushed_or_lies_in_an_archive_makes_its_study_known() {
    for way in ["pushed", "in an archive"] {
        let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = files(&[manifest(1, "1.2.826.1", 2), mado(manifest(2, "1.2.826.2", 3))], folder.path());
        assert_eq!(files.len(), 2);
        let service = Service::start(data.path());
        if way == "pushed" {
            service.register(&definition("north", "push", json!({ "callingAeTitles": ["NORTH"] }), 30));
            let (calling, called) = (AeTitle::parse("NORTH").unwrap(), AeTitle::parse("DICS").unwrap());
            let address = SocketAddr::from(([127, 0, 0, 1], service.dimse_port));
            let to = PushTo { address, calling, called, retry_after: Duration::from_millis(100) };
            let (mut done, stop) = (HashSet::new(), tokio_util::sync::CancellationToken::new());
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(send_folder(&to, &files, &mut done, &stop, |_| {}));
            assert_eq!(done.len(), 2);
        } else {
            service.register(&definition("north", "archive", json!({ "url": folder.path() }), 1));
        }
        wait(Duration::from_secs(20), way, || images(&service, "1.2.826.2").is_some());
        wait(Duration::from_secs(20), way, || images(&service, "1.2.826.1").is_some());
        assert_eq!(images(&service, "1.2.826.1"), Some(2), "{way}");
        assert_eq!(images(&service, "1.2.826.2"), Some(3), "{way}");
        assert_eq!(count(&service, "/dicom-web/series?Modality=KO"), 0, "{way}: a manifest is no series of a study");
    }
}

#[test]
fn a_study_that_grew_is_as_its_latest_manifest_lists_it_though_an_older_one_comes_late() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    for (number, listed, known) in [(1, 2, 2), (2, 5, 5), (3, 3, 5)] {
        assert_eq!(stow(&service, &manifest(number, "1.2.826.1", listed)).status, 200);
        assert_eq!(images(&service, "1.2.826.1"), Some(known));
    }
}
