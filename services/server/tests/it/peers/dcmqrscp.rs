//! DCMTK's image archive, loaded with DCMTK's own storescu.

use std::process::{Command, Stdio};

use crate::peers::Loaded;
use crate::processes::{Process, free_port, wait_for_port};
use crate::sources::Source;

const REMEDY: &str = "install Debian's dcmtk (make setup-test does)";

pub(crate) struct Dcmqrscp {
    _process: Process,
    _folder: tempfile::TempDir,
    pub(crate) port: u16,
}

impl Dcmqrscp {
    /// Starts one that knows our receiver.
    pub(crate) fn start(our_dimse_port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let store = folder.path().join("store");
        std::fs::create_dir(&store).unwrap();
        let configuration = format!(
            "NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\ndics = (DICS, 127.0.0.1, {our_dimse_port})\n\
             HostTable END\nVendorTable BEGIN\nVendorTable END\nAETable BEGIN\nQRSCP {} RW (2000, 1024mb) ANY\nAETable END\n",
            store.display()
        );
        let file = folder.path().join("dcmqrscp.cfg");
        std::fs::write(&file, configuration).unwrap();
        let mut command = Command::new("dcmqrscp");
        command.arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Process::start(&mut command, REMEDY);
        wait_for_port(port, "dcmqrscp", &mut process);
        Self { _process: process, _folder: folder, port }
    }

    /// Loads objects; gives those that it took.
    pub(crate) fn load<'a>(&self, sources: &'a [Source]) -> Loaded<'a> {
        let took = |source: &&Source| {
            let mut command = Command::new("storescu");
            command.args(["-aec", "QRSCP", "127.0.0.1", &self.port.to_string()]).arg(&source.path);
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap_or_else(|_| panic!("storescu: {REMEDY}"))
                .success()
        };
        let loaded: Vec<&Source> = sources.iter().filter(took).collect();
        assert!(loaded.len() >= 108, "dcmqrscp took {} of {} objects", loaded.len(), sources.len());
        loaded
    }
}
