//! Workstations: DCMTK's command line tools and pynetdicom query and retrieve over DIMSE.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use dimse::part10;

use crate::processes::{Process, fetch, free_port, wait_for_port};
use crate::service::Service;
use crate::sources::{Source, ct_head, pydicom};

pub(super) const DCMTK: &str = "install Debian's dcmtk (make setup-test does)";

/// Runs a tool to its end; gives all it printed.
pub(super) fn run(tool: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(tool).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} can't be started ({error}): {DCMTK}"));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

pub(super) fn succeeds(tool: &str, arguments: &[&str]) -> String {
    let (ok, said) = run(tool, arguments);
    assert!(ok, "{tool} {arguments:?}: {said}");
    said
}

/// A service that knows the destination MOVED at this port, with more configuration.
pub(super) fn service(data: &Path, destination: (&str, u16), more: &str) -> Service {
    let (title, port) = destination;
    let file = data.join("dics.toml");
    let peer = format!("[[dimse.peer]]\nae_title = \"{title}\"\nhost = \"127.0.0.1\"\nport = {port}\n{more}");
    std::fs::write(&file, peer).unwrap();
    Service::start_with(data, &[("DICS_CONFIG", file.to_str().unwrap())])
}

/// Data sets in a folder by SOPInstanceUID, with their transfer syntax.
pub(super) fn data_sets(folder: &Path) -> BTreeMap<String, (String, Vec<u8>)> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| data_set(&path)).collect()
}

fn data_set(path: &Path) -> (String, (String, Vec<u8>)) {
    let bytes = std::fs::read(path).unwrap();
    let (meta, start) = part10::split(&bytes).unwrap();
    (meta.sop_instance.as_str().to_owned(), (meta.transfer_syntax, bytes[start..].to_vec()))
}

pub(super) fn of_sources(sources: &[Source]) -> BTreeMap<String, (String, Vec<u8>)> {
    sources.iter().map(|source| data_set(&source.path)).collect()
}

#[test]
fn dcmtks_tools_store_find_get_and_move() {
    let data = tempfile::tempdir().unwrap();
    let destination = free_port();
    let service = service(data.path(), ("MOVED", destination), "");
    let port = service.dimse_port.to_string();
    let to = ["-aec", "DICS", "127.0.0.1", &port];
    let sources = ct_head();
    let (study, series) = (format!("0020,000D={}", sources[0].study), format!("0020,000E={}", sources[0].series));
    let level = |level: &str| format!("0008,0052={level}");

    succeeds("echoscu", &to);
    let (ok, said) = run("echoscu", &["-aec", "NOBODY", "127.0.0.1", &port]);
    assert!(!ok && said.contains("Called AE Title Not Recognized"), "{said}");
    let folder = sources[0].path.parent().unwrap().to_str().unwrap();
    succeeds("storescu", &[&to[..], &["+sd", "+r", folder]].concat());

    let find = |model: &str, keys: &[&str]| {
        let keys: Vec<&str> = keys.iter().flat_map(|key| ["-k", key]).collect();
        let said = succeeds("findscu", &[&["-v", model][..], &to, &keys].concat());
        said.matches("(Pending)").count()
    };
    let patient = format!("0010,0020={}", patient_id(&service));
    for (model, keys, expected) in [
        ("-S", vec![level("STUDY"), "0020,000D".into()], 1),
        ("-S", vec![level("SERIES"), study.clone(), "0008,0060=CT".into()], 1),
        ("-S", vec![level("IMAGE"), study.clone(), series.clone(), "0020,0013".into()], 108),
        ("-P", vec![level("PATIENT"), "0010,0010=*".into(), "0010,0020".into()], 1),
        ("-P", vec![level("STUDY"), patient.clone(), "0008,0020".into()], 1),
        ("-P", vec![level("IMAGE"), patient.clone(), study.clone(), series.clone(), "0008,0018".into()], 108),
    ] {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(find(model, &keys), expected, "{model} {}", keys[0]);
    }

    let stored = of_sources(&sources);
    let got = tempfile::tempdir().unwrap();
    let ask = ["-k", &level("STUDY"), "-k", &study];
    succeeds("getscu", &[&["-S"][..], &to, &["-od", got.path().to_str().unwrap()], &ask].concat());
    assert!(data_sets(got.path()) == stored, "getscu got something else than was stored");

    let moved = tempfile::tempdir().unwrap();
    let mut storescp = Command::new("storescp");
    storescp.args(["-aet", "MOVED", "-od"]).arg(moved.path()).arg(destination.to_string());
    let mut process = Process::start(storescp.stdout(Stdio::null()).stderr(Stdio::null()), DCMTK);
    wait_for_port(destination, "storescp", &mut process);
    succeeds("movescu", &[&["-S", "-aem", "MOVED"][..], &to, &ask].concat());
    assert!(data_sets(moved.path()) == stored, "movescu moved something else than was stored");
    let (_, said) = run("movescu", &[&["-S", "-aem", "NOBODY"][..], &to, &ask].concat());
    assert!(said.contains("MoveDestinationUnknown") || said.contains("0xa801"), "{said}");
    println!("peer: DCMTK stored, got and moved {} objects each", stored.len());
}

fn patient_id(service: &Service) -> String {
    let rows = service.client.get("/dicom-web/studies").json();
    rows[0]["00100020"]["Value"][0].as_str().unwrap().to_owned()
}

/// A compressed object for tools that propose uncompressed syntaxes alone.
#[test]
fn dcmtks_getscu_gets_compressed_objects_decoded() {
    let data = tempfile::tempdir().unwrap();
    let service = service(data.path(), ("MOVED", free_port()), "");
    let port = service.dimse_port.to_string();
    let all = pydicom();
    let compressed = all.iter().find(|source| source.path.ends_with("examples_jpeg2k.dcm")).unwrap();
    let original = std::fs::read(&compressed.path).unwrap();
    assert_eq!(service.client.stow(&[original]).status, 200);
    let (level, study) = ("0008,0052=STUDY", format!("0020,000D={}", compressed.study));
    let get = || {
        let folder = tempfile::tempdir().unwrap();
        let ask = ["-S", "-aec", "DICS", "-od", folder.path().to_str().unwrap(), "-k", level, "-k", &study];
        succeeds("getscu", &[&ask[..], &["127.0.0.1", &port]].concat());
        data_sets(folder.path()).remove(&compressed.instance).unwrap()
    };
    let (syntax, data_set) = get();
    assert_eq!(syntax, "1.2.840.10008.1.2.1");
    // 480 by 640 pixels of three samples, and their headers.
    assert!(data_set.len() > 921_600, "{} bytes", data_set.len());
    println!("peer: getscu got a JPEG 2000 object decoded");
}

#[test]
fn pynetdicom_stores_finds_gets_and_moves() {
    fetch("fetch.py", &["pydicom-3.0.2", "pynetdicom-3.0.4"]);
    let data = tempfile::tempdir().unwrap();
    let own_port = free_port();
    let service = service(data.path(), ("PYMOVE", own_port), "");
    let files = [
        "CT_small.dcm",
        "MR_small_RLE.dcm",
        "693_J2KI.dcm",
        "examples_overlay.dcm",
        "examples_palette.dcm",
        "liver_1frame.dcm",
        "rtplan.dcm",
        "SC_rgb_jpeg_gdcm.dcm",
        "waveform_ecg.dcm",
    ];
    let told = python("pynetdicom_scu.py", &service, own_port, &files);
    for count in ["stored", "found", "got", "moved"] {
        assert_eq!(told[count], told["files"], "{count}: {told}");
    }
    println!("peer: pynetdicom: {told}");
}

#[test]
fn pynetdicom_is_committed_to_what_is_durable_on_its_association_and_on_one_of_ours() {
    fetch("fetch.py", &["pydicom-3.0.2", "pynetdicom-3.0.4"]);
    let data = tempfile::tempdir().unwrap();
    let own_port = free_port();
    let service = service(data.path(), ("PYMOVE", own_port), "may = [\"store\"]\n");
    let told =
        python("pynetdicom_commitment.py", &service, own_port, &["CT_small.dcm", "rtplan.dcm", "liver_1frame.dcm"]);
    assert_eq!((&told["committed"], &told["called"]), (&told["stored"], &told["stored"]));
    println!("peer: pynetdicom asked for storage commitment: {told}");
}

/// Runs a script of pynetdicom on files of the pydicom set; what its last line says.
fn python(script: &str, service: &Service, own_port: u16, files: &[&str]) -> serde_json::Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-data");
    let mut command = Command::new("python3");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script));
    command.args([service.dimse_port.to_string(), own_port.to_string()]);
    command.args(files.iter().map(|file| root.join("pydicom-3.0.2/pydicom/data/test_files").join(file)));
    let path = std::env::join_paths([root.join("pydicom-3.0.2"), root.join("pynetdicom-3.0.4")]).unwrap();
    let output = command.env("PYTHONPATH", path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}
