//! Orthanc with its DICOMweb plugin, started by hand with a configuration of its own.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::client::Client;
use crate::peers::Loaded;
use crate::processes::{Process, free_port, wait_for_port};
use crate::sources::Source;

const REMEDY: &str = "install Debian's orthanc and orthanc-dicomweb (make setup-test does)";

pub(crate) struct Orthanc {
    _process: Process,
    _folder: tempfile::TempDir,
    pub(crate) http_port: u16,
    pub(crate) dicom_port: u16,
}

impl Orthanc {
    /// Starts one that knows our receiver, and asks nobody who they are.
    pub(crate) fn start(our_dimse_port: u16) -> Self {
        Self::start_as(our_dimse_port, &json!({}))
    }

    /// Starts one that serves these users alone, each with their password.
    pub(crate) fn start_for(our_dimse_port: u16, users: &Value) -> Self {
        Self::start_as(our_dimse_port, &json!({ "AuthenticationEnabled": true, "RegisteredUsers": users }))
    }

    /// Starts one that is configured otherwise in these points.
    pub(crate) fn start_as(our_dimse_port: u16, points: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (http_port, dicom_port) = (free_port(), free_port());
        let plugin = std::fs::read_dir("/usr/share/orthanc/plugins").ok().into_iter().flatten().flatten();
        let plugin = plugin.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("OrthancDicomWeb"));
        let plugin = plugin.unwrap_or_else(|| panic!("Orthanc's DICOMweb plugin is missing: {REMEDY}"));
        let mut configuration = json!({
            "Name": "Peer", "HttpPort": http_port, "DicomPort": dicom_port, "DicomAet": "ORTHANC",
            "StorageDirectory": folder.path().join("store"), "IndexDirectory": folder.path().join("store"),
            "Plugins": [plugin], "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
            "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true, "DicomAlwaysAllowMove": true,
            "DicomModalities": { "dics": ["DICS", "127.0.0.1", our_dimse_port] },
        });
        configuration.as_object_mut().unwrap().extend(points.as_object().unwrap().clone());
        let file = folder.path().join("orthanc.json");
        std::fs::write(&file, configuration.to_string()).unwrap();
        let mut command = Command::new(if std::path::Path::new("/usr/sbin/Orthanc").exists() {
            "/usr/sbin/Orthanc"
        } else {
            "Orthanc"
        });
        command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Process::start(&mut command, REMEDY);
        wait_for_port(http_port, "Orthanc", &mut process);
        wait_for_port(dicom_port, "Orthanc", &mut process);
        Self { _process: process, _folder: folder, http_port, dicom_port }
    }

    /// Loads every object below a folder; it must take them all.
    pub(crate) fn take(&self, folder: &std::path::Path) {
        let client = Client::new(format!("http://127.0.0.1:{}", self.http_port));
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "dcm") {
                    let sent = client.post("/instances", "application/dicom", std::fs::read(&path).unwrap());
                    assert_eq!(sent.status, 200, "Orthanc refuses an object");
                }
            }
        }
    }

    /// Loads objects; gives those that it took.
    pub(crate) fn load<'a>(&self, sources: &'a [Source]) -> Loaded<'a> {
        let client = Client::new(format!("http://127.0.0.1:{}", self.http_port));
        let took = |source: &&Source| {
            client.post("/instances", "application/dicom", std::fs::read(&source.path).unwrap()).status == 200
        };
        let loaded: Vec<&Source> = sources.iter().filter(took).collect();
        assert!(loaded.len() >= 108, "Orthanc took {} of {} objects", loaded.len(), sources.len());
        loaded
    }
}
