//! Programs that a test starts and surely ends.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A program that ends with its owner.
pub(crate) struct Process(Child);

impl Process {
    /// Starts it; the remedy is told when it is not installed.
    pub(crate) fn start(command: &mut Command, remedy: &str) -> Self {
        let name = command.get_program().to_owned();
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) => panic!("{} can't be started ({error}): {remedy}", name.display()),
        }
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// The moment of a power failure.
    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nobody listens on, and that nobody else looks at now: each process has ports of its own, and gives each once. Not one that the
/// system gives to whoever connects somewhere: between this look and the start of a service, another test's client might be given it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id() % 750 * 16;
    let next = || 20_000 + ((first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000) as u16;
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(next).find(is_free).unwrap()
}

/// Waits until somebody listens.
pub(crate) fn wait_for_port(port: u16, who: &str, process: &mut Process) {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    wait(Duration::from_secs(30), &format!("{who} to listen"), || {
        assert!(!process.has_ended(), "{who} ended at its start");
        TcpStream::connect(address).is_ok()
    });
}

/// Looks again and again until it is so.
pub(crate) fn wait(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < limit, "waited {limit:?} for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs one of the scripts that fetch test data.
pub(crate) fn fetch(script: &str, arguments: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output =
        Command::new("python3").arg(root.join("fixtures/files").join(script)).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "test data can't be fetched; is there a network? {said}");
}
