//! The servers, started with state of their own and loaded with the same objects.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::plain::{self, Nginx};

/// The AE title that senders of C-STORE call themselves by.
pub const CALLING: &str = "BENCH";

/// The service and its peers.
pub struct Servers {
    /// The service: scheme, host and port.
    pub ours: String,
    /// Orthanc: scheme, host and port.
    pub orthanc: String,
    /// Plain files.
    pub nginx: Nginx,
    /// Where the service takes C-STORE.
    pub our_dimse: u16,
    /// Where the service takes HL7 messages.
    pub our_mllp: u16,
    /// Where Orthanc takes C-STORE.
    pub orthanc_dimse: u16,
    children: Vec<Child>,
    state: tempfile::TempDir,
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            let _ = child.wait();
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
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
    let (http, dimse, mllp) = (free_port(), free_port(), free_port());
    let (peer, peer_dimse, plain) = (free_port(), free_port(), free_port());
    let binary = root().join("target/release/dics");
    assert!(binary.is_file(), "target/release/dics is missing: run `make bench`, which builds it first");
    let configuration = state.path().join("dics.toml");
    std::fs::write(&configuration, format!("[[dimse.peer]]\nae_title = {CALLING:?}\nmay = [\"store\"]\n")).unwrap();
    let ours = Command::new(binary)
        .arg("serve")
        .env("DICS_CONFIG", configuration)
        .env("DICS__DATA_DIR", state.path().join("ours"))
        .env("DICS__HTTP__LISTEN", format!("127.0.0.1:{http}"))
        .env("DICS__DIMSE__LISTEN", format!("127.0.0.1:{dimse}"))
        .env("DICS__MLLP__LISTEN", format!("127.0.0.1:{mllp}"))
        .env("DICS__ACCESS__MODE", "development")
        .env("DICS__LOG", "error")
        .envs(environment.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let orthanc = orthanc(state.path(), peer, peer_dimse);
    let (nginx, files) = plain::start(state.path().join("nginx"), plain);
    let servers = Servers {
        ours: format!("http://127.0.0.1:{http}"),
        orthanc: format!("http://127.0.0.1:{peer}"),
        nginx,
        our_dimse: dimse,
        our_mllp: mllp,
        orthanc_dimse: peer_dimse,
        children: vec![ours, orthanc, files],
        state,
    };
    [http, peer, plain].into_iter().for_each(wait_for);
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
    /// Memory that the service holds now, with its workers, in MiB.
    pub fn memory_mib(&self) -> u64 {
        let ours = self.children[0].id();
        let workers = std::fs::read_to_string(format!("/proc/{ours}/task/{ours}/children")).unwrap_or_default();
        let pids = std::iter::once(ours).chain(workers.split_whitespace().filter_map(|pid| pid.parse().ok()));
        pids.map(resident_kib).sum::<u64>() / 1024
    }

    /// Waits until the service has made HTJ2K forms of so many images.
    ///
    /// # Panics
    /// When they are not there within five minutes.
    pub fn wait_for_forms(&self, count: usize) {
        let began = Instant::now();
        while files_below(&self.state.path().join("ours"), "jhc") < count {
            assert!(began.elapsed() < Duration::from_secs(300), "no HTJ2K forms are made");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Registers a repository at the service.
    pub fn register(&self, definition: &serde_json::Value) {
        let url = format!("{}/api/admin/repositories", self.ours);
        let request =
            reqwest::Client::new().post(url).header("content-type", "application/json").body(definition.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(request.send()).unwrap().status();
        assert!(status.is_success(), "not registered: {status}");
    }

    /// What the service answers below its DICOMweb root.
    pub fn get(&self, path: &str, accept: &str) -> Vec<u8> {
        get(&self.ours, path, accept)
    }

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

/// Files of an extension, at any depth.
fn files_below(folder: &Path, extension: &str) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |path: PathBuf| match path.is_dir() {
        true => files_below(&path, extension),
        false => usize::from(path.extension().is_some_and(|found| found == extension)),
    };
    entries.flatten().map(|entry| count(entry.path())).sum()
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
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
    let request = reqwest::Client::new().get(format!("{server}/dicom-web{path}")).header("accept", accept);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status(), answer.bytes().await.unwrap());
        let told = String::from_utf8_lossy(&body[..body.len().min(500)]);
        assert!(status.is_success(), "{server} answers {status} when asked for {accept}: {told}");
        body.into()
    })
}
