//! The two servers, started with state of their own and loaded with the same objects.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Corpus;

/// The service and its peer.
pub struct Servers {
    /// Root of the service's DICOMweb.
    pub ours: String,
    /// Root of Orthanc's DICOMweb.
    pub orthanc: String,
    children: Vec<Child>,
    _state: tempfile::TempDir,
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "nobody listens");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Starts both and stores the corpus in both, over STOW-RS.
pub fn start(corpus: &Corpus) -> Servers {
    let state = tempfile::tempdir().unwrap();
    let (http, dimse, mllp, peer, peer_dicom) = (free_port(), free_port(), free_port(), free_port(), free_port());
    let binary = root().join("target/release/dics");
    assert!(binary.is_file(), "target/release/dics is missing: run `make bench`, which builds it first");
    let ours = Command::new(binary)
        .arg("serve")
        .env("DICS__DATA_DIR", state.path().join("ours"))
        .env("DICS__HTTP__LISTEN", format!("127.0.0.1:{http}"))
        .env("DICS__DIMSE__LISTEN", format!("127.0.0.1:{dimse}"))
        .env("DICS__MLLP__LISTEN", format!("127.0.0.1:{mllp}"))
        .env("DICS__ACCESS__MODE", "development")
        .env("DICS__LOG", "error")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
    let configuration = json!({
        "HttpPort": peer, "DicomPort": peer_dicom, "StorageDirectory": state.path().join("orthanc"),
        "IndexDirectory": state.path().join("orthanc"), "Plugins": [plugin], "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
        "StorageCompression": false, "HttpThreadsCount": 50,
    });
    let file = state.path().join("orthanc.json");
    std::fs::write(&file, configuration.to_string()).unwrap();
    let orthanc = Command::new("Orthanc").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let orthanc = orthanc.expect("install Debian's orthanc and orthanc-dicomweb (make setup-test does)");
    let servers = Servers {
        ours: format!("http://127.0.0.1:{http}/dicom-web"),
        orthanc: format!("http://127.0.0.1:{peer}/dicom-web"),
        children: vec![ours, orthanc],
        _state: state,
    };
    wait_for(http);
    wait_for(peer);
    load(corpus, &servers);
    servers
}

fn load(corpus: &Corpus, servers: &Servers) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (who, base) in [("dics", &servers.ours), ("Orthanc", &servers.orthanc)] {
        let began = Instant::now();
        runtime.block_on(async {
            let client = reqwest::Client::new();
            for batch in corpus.objects.chunks(16) {
                let answer = client
                    .post(format!("{base}/studies"))
                    .header("content-type", "multipart/related; type=\"application/dicom\"; boundary=b")
                    .header("accept", "application/dicom+json")
                    .body(multipart(batch))
                    .send()
                    .await
                    .unwrap();
                let status = answer.status();
                let told = answer.text().await.unwrap_or_default();
                assert!(status.is_success(), "{who} did not store: {status}: {told}");
            }
        });
        println!("{who}: stored {} objects in {:.1} s", corpus.objects.len(), began.elapsed().as_secs_f32());
    }
    // Both have written down what they keep ready before anybody measures.
    std::thread::sleep(Duration::from_secs(5));
}

fn multipart(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for object in objects {
        body.extend_from_slice(b"--b\r\nContent-Type: application/dicom\r\n\r\n");
        body.extend_from_slice(object);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    body
}
