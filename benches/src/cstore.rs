//! C-STORE with DCMTK's storescu, and its storescp as a peer that keeps files and no index.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::servers::{CALLING, free_port, wait_for};

/// Objects as files in one folder for each association.
pub struct Sent {
    folders: tempfile::TempDir,
    associations: usize,
}

impl Sent {
    /// Lays objects out.
    pub fn new(objects: &[Vec<u8>], associations: usize) -> Self {
        let folders = tempfile::tempdir().unwrap();
        for (number, object) in objects.iter().enumerate() {
            let folder = folders.path().join((number % associations).to_string());
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{number}.dcm")), object).unwrap();
        }
        Self { folders, associations }
    }

    /// Sends them all, over as many associations as there are folders, and gives how long that took.
    pub fn to(&self, port: u16, called: &str) -> Duration {
        let began = Instant::now();
        let senders = (0..self.associations).map(|number| {
            let folder = self.folders.path().join(number.to_string());
            Command::new("storescu")
                .args(["-aet", CALLING, "-aec", called, "+sd", "127.0.0.1", &port.to_string()])
                .arg(folder)
                .stdout(Stdio::null())
                .spawn()
                .expect("install Debian's dcmtk (make bench does)")
        });
        for mut sender in senders.collect::<Vec<_>>() {
            assert!(sender.wait().unwrap().success(), "{called} did not take everything");
        }
        began.elapsed()
    }
}

/// DCMTK's storescp with a folder of its own.
pub struct Storescp {
    /// Where it takes C-STORE.
    pub port: u16,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Storescp {
    /// Starts it.
    pub fn start() -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let child = spawn(folder.path(), port);
        wait_for(port);
        Self { port, child, _folder: folder }
    }
}

fn spawn(folder: &Path, port: u16) -> Child {
    let mut command = Command::new("storescp");
    command.args(["--fork", "-od"]).arg(folder).arg(port.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("install Debian's dcmtk (make bench does)")
}

impl Drop for Storescp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
