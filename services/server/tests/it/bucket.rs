//! A bucket of a real S3 server (Garage) as the service's own storage, and as an archive that is followed.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::json;

use crate::durable::objects::Key;
use crate::operations::{definition, dics};
use crate::processes::{Process, free_port, wait, wait_for_port};
use crate::service::Service;

/// For these tests alone.
const KEY_ID: &str = "GK000000000000000000000001";
const SECRET: &str = "0000000000000000000000000000000000000000000000000000000000000002";

/// A server with one bucket, gone when the test ends.
struct Garage {
    process: Process,
    folder: tempfile::TempDir,
    port: u16,
    endpoint: String,
    runtime: tokio::runtime::Runtime,
    bucket: Arc<dyn ObjectStore>,
}

impl Garage {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (rpc, api) = (free_port(), free_port());
        let place = folder.path().display();
        let config = format!(
            "metadata_dir = \"{place}/meta\"\ndata_dir = \"{place}/data\"\ndb_engine = \"sqlite\"\nreplication_factor = 1\n\
             rpc_bind_addr = \"127.0.0.1:{rpc}\"\nrpc_public_addr = \"127.0.0.1:{rpc}\"\nrpc_secret = \"{SECRET}\"\n\
             [s3_api]\ns3_region = \"garage\"\napi_bind_addr = \"127.0.0.1:{api}\"\nroot_domain = \".s3.localhost\"\n"
        );
        let file = folder.path().join("garage.toml");
        std::fs::write(&file, config).unwrap();
        let process = launch(folder.path(), api);
        let endpoint = format!("http://127.0.0.1:{api}");
        let builder = AmazonS3Builder::new().with_bucket_name("dics").with_region("garage").with_allow_http(true);
        let builder = builder.with_endpoint(&endpoint).with_access_key_id(KEY_ID).with_secret_access_key(SECRET);
        let bucket: Arc<dyn ObjectStore> = Arc::new(builder.build().unwrap());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let garage = Self { process, folder, port: api, endpoint, runtime, bucket };
        wait(Duration::from_secs(30), "the bucket to be there", || garage.try_put("ready", b"ready".to_vec()));
        garage
    }

    /// As when its machine fails.
    fn stop(&mut self) {
        self.process.kill();
    }

    fn start_again(&mut self) {
        self.process = launch(self.folder.path(), self.port);
    }

    fn try_put(&self, key: &str, bytes: Vec<u8>) -> bool {
        let path = object_store::path::Path::parse(key).unwrap();
        self.runtime.block_on(self.bucket.put(&path, bytes.into())).is_ok()
    }

    /// Keys below a prefix.
    fn keys(&self, prefix: &str) -> HashSet<String> {
        let listed = self.bucket.list(Some(&prefix.into())).map_ok(|meta| meta.location.to_string());
        self.runtime.block_on(listed.try_collect()).unwrap()
    }

    fn environment<'a>(&'a self, storage: &'a str, secret: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut all = vec![
            ("AWS_ENDPOINT", self.endpoint.as_str()),
            ("AWS_REGION", "garage"),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ];
        all.extend((!storage.is_empty()).then_some(("DICS__STORAGE__URL", storage)));
        all
    }
}

/// Runs it over what is in a folder.
fn launch(folder: &Path, port: u16) -> Process {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/garage");
    let mut command = Command::new(if tools.exists() { tools } else { "garage".into() });
    command.arg("-c").arg(folder.join("garage.toml")).args(["server", "--single-node", "--default-bucket"]);
    command.env("GARAGE_DEFAULT_ACCESS_KEY", KEY_ID).env("GARAGE_DEFAULT_SECRET_KEY", SECRET);
    command.env("GARAGE_DEFAULT_BUCKET", "dics").stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = Process::start(&mut command, "deploy/setup/install.sh test builds it");
    wait_for_port(port, "Garage", &mut process);
    process
}

fn key(study: u32, number: u32) -> Key {
    Key { sender: 1, study, number }
}

fn series(key: Key) -> String {
    format!("/dicom-web/studies/{}/series/{}", key.study_uid(), key.series_uid())
}

fn instances(service: &Service, key: Key) -> Vec<Vec<u8>> {
    let answer =
        service.client.get_as(&series(key), "multipart/related; type=\"application/dicom\"; transfer-syntax=*");
    if answer.status == 200 { answer.parts() } else { panic!("{}: {}", answer.status, answer.text()) }
}

#[test]
fn a_bucket_keeps_what_a_folder_keeps() {
    let garage = Garage::start();
    let data = tempfile::tempdir().unwrap();
    let environment = garage.environment("s3://dics/store", SECRET);
    let service = Service::start_with(data.path(), &environment);
    // Too large for the index; the second goes up in parts.
    let files = [key(1, 1).file(300), key(1, 2).file(20_000), key(1, 3).file(300)];
    assert_eq!(service.client.stow(&files).status, 200);
    assert_eq!(service.client.stow(&files[..1]).status, 200, "a repeat");
    let mut broken = key(2, 1).file(24);
    broken.truncate(broken.len() - 100);
    assert_eq!(service.client.stow(&[broken]).status, 409);
    assert_eq!(garage.keys("store/instances").len(), 3, "the repeat is not kept twice");
    assert_eq!(garage.keys("store/quarantine").len(), 1);
    wait(Duration::from_secs(20), "the manifest to be folded", || garage.keys("store/manifests").len() == 2);
    let found: HashSet<Vec<u8>> = instances(&service, key(1, 1)).into_iter().collect();
    assert!(found == files.iter().cloned().collect(), "byte by byte");
    let frame = format!("{}/instances/{}/frames/1", series(key(1, 3)), key(1, 3).sop_uid());
    let whole = service.client.get_as(&frame, "multipart/related; type=\"application/octet-stream\"");
    assert_eq!((whole.status, whole.parts()), (200, vec![files[2][files[2].len() - 300 * 64..].to_vec()]), "a range");
    let rejected = service.client.post(
        "/dicom-web/studies",
        "multipart/related; type=\"application/dicom+json\"; boundary=k",
        format!("--k\r\nContent-Type: application/dicom+json\r\n\r\n{}\r\n--k--\r\n", key(1, 1).rejection()).into(),
    );
    assert_eq!(rejected.status, 200);
    drop(service);
    let service = Service::start_with(data.path(), &environment);
    let found: HashSet<Vec<u8>> = instances(&service, key(1, 1)).into_iter().collect();
    assert!(found == files[1..].iter().cloned().collect(), "another process finds it, less what was rejected");
    assert_eq!(service.client.get(&format!("{}/metadata", series(key(1, 1)))).json().as_array().unwrap().len(), 2);
}

#[test]
fn a_storage_that_can_not_be_reached_is_told_in_words_at_the_start() {
    let garage = Garage::start();
    let wrong = "f".repeat(64);
    for (storage, secret) in [("s3://dics/store", wrong.as_str()), ("s3://another/store", SECRET)] {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_dics"));
        command.arg("serve").envs(garage.environment(storage, secret)).env("DICS__DATA_DIR", data.path());
        command.env("DICS__ACCESS__MODE", "development");
        for listener in ["HTTP", "DIMSE", "MLLP"] {
            command.env(format!("DICS__{listener}__LISTEN"), "127.0.0.1:0");
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(said.contains("storage.url can't be listed") && said.contains("AWS_SECRET_ACCESS_KEY"), "{said}");
        assert!(!said.contains(secret), "a secret is not told");
    }
}

#[test]
fn an_archive_over_a_bucket_is_walked_page_by_page_and_followed() {
    const STUDIES: u32 = 206;
    let garage = Garage::start();
    let odd = ["a b+c&d=é%20/ü #1?.dcm", "zz/~!@$^()[]{}',;.dcm"];
    for study in 1..=STUDIES {
        for number in 1..=5 {
            let name = match (study, number) {
                (1, 1..=2) => odd[number as usize - 1].to_owned(),
                _ => format!("{study:03}/{number}.dcm"),
            };
            assert!(garage.try_put(&format!("archive/{name}"), key(study, number).file(1)));
        }
    }
    assert!(garage.keys("archive").len() > 1_000, "more than one page of a listing");
    let data = tempfile::tempdir().unwrap();
    let service = Service::start_with(data.path(), &garage.environment("", SECRET));
    service.register(&definition("gtaw", "archive", json!({ "url": "s3://dics/archive" }), 1));
    service.wait_until_indexed("gtaw", u64::from(STUDIES));
    let counted = |count: u64| service.repository("gtaw")["counts"]["instances"] == count;
    wait(Duration::from_secs(30), "every instance", || counted(u64::from(STUDIES) * 5));
    let found: HashSet<Vec<u8>> = instances(&service, key(1, 1)).into_iter().collect();
    assert!(found == (1..=5).map(|number| key(1, number).file(1)).collect(), "odd names and all");
    // One more, and one that is another now.
    assert!(garage.try_put("archive/new/1.dcm", key(STUDIES + 1, 1).file(1)));
    assert!(garage.try_put("archive/100/1.dcm", key(100, 6).file(2)));
    wait(Duration::from_secs(30), "what is new and what changed", || counted(u64::from(STUDIES) * 5 + 2));
    assert!(instances(&service, key(STUDIES + 1, 1)) == [key(STUDIES + 1, 1).file(1)]);
    let tested = dics(&service, &["test", "gtaw"]);
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stdout));
    service.register(&definition("other", "archive", json!({ "url": "s3://another/archive" }), 86_400));
    let tested = dics(&service, &["test", "other"]);
    let said = String::from_utf8_lossy(&tested.stdout).into_owned();
    assert!(!tested.status.success() && said.contains("FAIL") && said.contains("bucket"), "{said}");
}

#[test]
fn an_event_of_the_bucket_is_followed_at_once_and_objects_are_held_against_their_checksums() {
    let garage = Garage::start();
    assert!(garage.try_put("archive/1/1.dcm", key(1, 1).file(1)));
    let data = tempfile::tempdir().unwrap();
    let service = Service::start_with(data.path(), &garage.environment("", SECRET));
    let address = json!({ "url": "s3://dics/archive", "checksum": "md5-etag" });
    service.register(&definition("gtaw", "archive", address, 86_400));
    service.wait_until_indexed("gtaw", 1);
    assert!(garage.try_put("archive/2 b/+1.dcm", key(2, 1).file(1)));
    let event = json!({ "Records": [{ "eventName": "ObjectCreated:Put", "s3": { "object": { "key": "archive/2+b/%2B1.dcm" } } }] });
    let told = service.client.post_json("/api/admin/repositories/gtaw/changed", &event);
    assert_eq!(told.status, 202, "{}", told.text());
    wait(Duration::from_secs(10), "what the event told of", || {
        service.client.get(&format!("{}/metadata", series(key(2, 1)))).status == 200
    });
    assert!(instances(&service, key(2, 1)) == [key(2, 1).file(1)]);
    assert!(garage.try_put("archive/3/1.dcm", key(3, 1).file(1)));
    assert!(dics(&service, &["look", "gtaw"]).status.success());
    service.wait_until_indexed("gtaw", 3);
}

/// What `dics repository test` says, and whether it is content.
fn tested(service: &Service, code: &str) -> (bool, String) {
    let output = dics(service, &["test", code]);
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn an_archive_over_a_bucket_that_goes_away_is_told_in_words_and_followed_again_when_it_is_back() {
    let mut garage = Garage::start();
    assert!(garage.try_put("archive/Sentinel/1.dcm", key(1, 1).file(1)));
    let data = tempfile::tempdir().unwrap();
    let service = Service::start_with(data.path(), &garage.environment("", SECRET));
    service.register(&definition("gtaw", "archive", json!({ "url": "s3://dics/archive" }), 1));
    service.wait_until_indexed("gtaw", 1);
    assert!(tested(&service, "gtaw").0);
    garage.stop();
    wait(Duration::from_secs(90), "it to be told as down", || service.repository("gtaw")["state"] == "unreachable");
    let told = service.repository("gtaw")["lastError"]["text"].as_str().unwrap().to_owned();
    let (is_well, said) = tested(&service, "gtaw");
    assert!(!is_well && said.contains("AWS_ENDPOINT") && said.contains(&garage.endpoint), "{said}");
    assert!(!told.contains("Sentinel") && !said.contains("Sentinel"), "a key may be somebody's name");
    assert_eq!(
        service.client.get("/dicom-web/studies").json().as_array().unwrap().len(),
        1,
        "it is known all the same"
    );
    let image = service.client.get(&series(key(1, 1)));
    assert!(matches!(image.status, 502..=504), "{}", image.status);
    garage.start_again();
    wait(Duration::from_secs(30), "the bucket to be writable", || garage.try_put("archive/new.dcm", key(2, 1).file(1)));
    let is_followed = || service.repository("gtaw")["counts"]["instances"] == 2;
    wait(Duration::from_secs(90), "what is new", is_followed);
    assert!(instances(&service, key(1, 1)) == [key(1, 1).file(1)]);
    assert_eq!(service.repository("gtaw")["state"], "following");
}

#[test]
fn an_archive_over_a_bucket_with_wrong_credentials_or_at_a_wrong_address_is_told_in_words() {
    let garage = Garage::start();
    assert!(garage.try_put("archive/1.dcm", key(1, 1).file(1)));
    let wrong = "f".repeat(64);
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let with_address = |address| {
        let known = garage.environment("", SECRET).into_iter().filter(|(name, _)| *name != "AWS_ENDPOINT");
        known.chain([("AWS_ENDPOINT", address)]).collect::<Vec<_>>()
    };
    for (environment, remedy) in
        [(garage.environment("", &wrong), "AWS_SECRET_ACCESS_KEY"), (with_address(nobody.as_str()), "AWS_ENDPOINT")]
    {
        let data = tempfile::tempdir().unwrap();
        let service = Service::start_with(data.path(), &environment);
        service.register(&definition("gtaw", "archive", json!({ "url": "s3://dics/archive" }), 86_400));
        let (is_well, said) = tested(&service, "gtaw");
        assert!(!is_well && said.contains("FAIL") && said.contains(remedy), "{said}");
        assert!(!said.contains(&wrong) && !said.contains(SECRET), "a secret is not told");
    }
}
