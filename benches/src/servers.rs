//! The servers, started with state of their own and loaded with the same objects.

use std::net::{TcpListener, TcpStream};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::plain::{self, Nginx};
use crate::service::{Service, end, root};

/// The AE title that senders of C-STORE call themselves by.
pub const CALLING: &str = "BENCH";

/// The service and its peers.
pub struct Servers {
    service: Service,
    /// Orthanc: scheme, host and port.
    pub orthanc: String,
    /// Plain files.
    pub nginx: Nginx,
    /// Where Orthanc takes C-STORE.
    pub orthanc_dimse: u16,
    peers: Vec<Child>,
    _state: tempfile::TempDir,
}

impl Deref for Servers {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.peers.iter_mut().for_each(end);
    }
}

/// A port that nobody listens on, below those that the system gives to whoever connects somewhere.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16;
    let next = || 20_000 + first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
    std::iter::repeat_with(next).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

pub(crate) fn wait_for(port: u16) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "nobody listens");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Starts them, empty. `environment` is the service's.
pub fn start(environment: &[(&str, &str)]) -> Servers {
    let state = tempfile::tempdir().unwrap();
    let (peer, orthanc_dimse, plain) = (free_port(), free_port(), free_port());
    let orthanc = orthanc(state.path(), peer, orthanc_dimse);
    let (nginx, files) = plain::start(state.path().join("nginx"), plain);
    let servers = Servers {
        service: Service::start(environment),
        orthanc: format!("http://127.0.0.1:{peer}"),
        nginx,
        orthanc_dimse,
        peers: vec![orthanc, files],
        _state: state,
    };
    [peer, plain].into_iter().for_each(wait_for);
    servers
}

fn orthanc(state: &Path, http: u16, dimse: u16) -> Child {
    let plugins = Path::new("/usr/share/orthanc/plugins");
    let plugins: Vec<_> = ["libOrthancDicomWeb.so", "libOrthancGdcm.so"]
        .into_iter()
        .map(|name| plugins.join(name))
        .filter(|path| path.exists())
        .collect();
    let configuration = json!({
        "HttpPort": http, "DicomPort": dimse, "DicomAlwaysAllowStore": true, "DicomCheckCalledAet": false,
        "StorageDirectory": state.join("orthanc"), "IndexDirectory": state.join("orthanc"), "Plugins": plugins,
        "RemoteAccessAllowed": false, "AuthenticationEnabled": false, "StorageCompression": false, "HttpThreadsCount": 50,
        "KeepAlive": true, "TcpNoDelay": true, "LimitFindResults": 0,
    });
    let file = state.join("orthanc.json");
    std::fs::write(&file, configuration.to_string()).unwrap();
    let mut orthanc = Command::new("Orthanc");
    orthanc.arg(&file).env("LD_PRELOAD", stack(state));
    let orthanc = orthanc.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    orthanc.expect("install Debian's orthanc and orthanc-dicomweb (make bench does)")
}

/// A library that gives Orthanc's threads the stack that its decoders need.
fn stack(state: &Path) -> PathBuf {
    let (source, library) = (root().join("benches/src/stack.c"), state.join("stack.so"));
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(built.expect("install a C compiler (make bench does)").success(), "stack.c does not compile");
    library
}

/// How a batch of objects is stored: how many in one request, and how many requests at a time.
#[derive(Clone, Copy)]
pub struct Stow {
    /// Objects in one request.
    pub batch: usize,
    /// Requests at a time.
    pub callers: usize,
}

impl Servers {
    /// Stores the same objects in the service and in Orthanc.
    pub fn load(&self, objects: &[Vec<u8>]) {
        for server in [&self.ours, &self.orthanc] {
            self.stow(server, objects, Stow { batch: 16, callers: 2 });
        }
        // Both have written down what they keep ready before anybody measures.
        std::thread::sleep(Duration::from_secs(5));
    }

    /// Stores objects in one server, and gives how long that took.
    pub fn stow(&self, server: &str, objects: &[Vec<u8>], how: Stow) -> Duration {
        let bodies: Vec<Vec<u8>> = objects.chunks(how.batch).map(multipart).collect();
        let bodies = std::sync::Arc::new(std::sync::Mutex::new(bodies));
        let client = reqwest::Client::builder().tcp_nodelay(true).build().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let began = Instant::now();
        runtime.block_on(async {
            let callers = (0..how.callers).map(|_| {
                let (client, bodies, url) = (client.clone(), bodies.clone(), format!("{server}/dicom-web/studies"));
                tokio::spawn(async move {
                    while let Some(body) = { bodies.lock().unwrap().pop() } {
                        store(&client, &url, body).await;
                    }
                })
            });
            for caller in callers.collect::<Vec<_>>() {
                caller.await.unwrap();
            }
        });
        began.elapsed()
    }
}

async fn store(client: &reqwest::Client, url: &str, body: Vec<u8>) {
    let request = client
        .post(url)
        .header("content-type", "multipart/related; type=\"application/dicom\"; boundary=b")
        .header("accept", "application/dicom+json")
        .body(body);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let told = answer.text().await.unwrap_or_default();
    assert!(status.is_success(), "not stored: {status}: {told}");
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

/// What a server answers below its DICOMweb root.
pub(crate) fn get(server: &str, path: &str, accept: &str) -> Vec<u8> {
    ask(&format!("{server}/dicom-web{path}"), accept)
}

/// What is answered at a URL.
pub(crate) fn ask(url: &str, accept: &str) -> Vec<u8> {
    let request = reqwest::Client::new().get(url).header("accept", accept);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status(), answer.bytes().await.unwrap());
        let told = String::from_utf8_lossy(&body[..body.len().min(500)]);
        assert!(status.is_success(), "{url} answers {status} when asked for {accept}: {told}");
        body.into()
    })
}
