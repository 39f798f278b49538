//! Repositories of very many studies, and how long a search takes beside them.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fixtures::simulators::roll::{Roll, serve_dicomweb, serve_dimse};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Between two searches: people read what they found.
const PAUSE: Duration = Duration::from_millis(20);

/// A simulated repository, on a thread of its own until it is dropped.
pub struct Region {
    /// As it is registered.
    pub definition: Value,
    _runtime: Runtime,
}

/// A repository that takes every connection and never answers.
pub struct Silent {
    /// As it is registered.
    pub definition: Value,
    _listener: std::net::TcpListener,
}

impl Region {
    /// One that is asked over DICOMweb.
    pub fn dicomweb(studies: usize, concurrency: usize) -> Self {
        let (runtime, address) = served(studies, serve_dicomweb);
        let address = json!({ "url": format!("http://{address}/dicom-web") });
        Self { definition: definition("web", "dicomweb", &address, concurrency), _runtime: runtime }
    }

    /// One that is asked over DIMSE.
    pub fn dimse(studies: usize, concurrency: usize) -> Self {
        let (runtime, address) = served(studies, serve_dimse);
        let address = json!({ "host": "127.0.0.1", "port": address.port(), "aeTitle": "ROLL", "retrieve": "get" });
        Self { definition: definition("find", "dimse", &address, concurrency), _runtime: runtime }
    }
}

impl Default for Silent {
    fn default() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/dicom-web", listener.local_addr().unwrap());
        Self { definition: definition("silent", "dicomweb", &json!({ "url": url }), 4), _listener: listener }
    }
}

fn served<F>(studies: usize, serve: impl FnOnce(TcpListener, Roll) -> F + Send + 'static) -> (Runtime, SocketAddr)
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let roll = Roll { studies, newest: chrono::Utc::now().date_naive() };
    runtime.spawn(serve(listener, roll));
    (runtime, address)
}

fn definition(code: &str, protocol: &str, address: &Value, concurrency: usize) -> Value {
    json!({
        "code": code, "name": code, "region": code.to_uppercase(), "protocol": protocol, "patientIdIssuer": code.to_uppercase(),
        "concurrency": concurrency, "pollSeconds": 3600, protocol: address,
    })
}

/// How long searches took.
pub struct Latency(Vec<Duration>);

impl Latency {
    /// In milliseconds, what so many of a hundred took at most.
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let at = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }

    /// How many there were.
    pub fn searches(&self) -> usize {
        self.0.len()
    }
}

/// Searches one after the other, with a pause between them, until `over`. Every answer must be one.
pub fn search_at_leisure(server: &str, paths: &[String], over: &AtomicBool) -> Latency {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = reqwest::Client::builder().tcp_nodelay(true).build().unwrap();
    let mut took = Vec::new();
    for path in paths.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let request = client.get(format!("{server}/dicom-web{path}")).header("accept", "application/dicom+json");
        let began = Instant::now();
        runtime.block_on(async {
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success(), "a search was answered {}", answer.status());
            answer.bytes().await.unwrap();
        });
        took.push(began.elapsed());
        std::thread::sleep(PAUSE);
    }
    took.sort_unstable();
    Latency(took)
}
