//! The adapter and the simulated archive against DCMTK, which shares no code with them.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use adapter_api::{ImagingSource, Part, StoreAnswer, StudyFilter};
use adapter_dimse::{DimseOptions, DimseSource};
use dimse::message::Status;
use dimse::{StoreScu, part10};
use fixtures::simulators::dimse::Manners;
use futures::TryStreamExt;
use index_model::RetrieveBy;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::archive::{data_sets, series, studies};
use crate::corpus::{SERIES, SLICES, STUDY, ae, archive, ctx, definition, slice, uid, write};
use crate::inbox::{Options, Receiver, receiver};

/// Runs a tool to its end: whether it succeeded, and all it printed.
async fn run(tool: &str, arguments: &[&str]) -> (bool, String) {
    let output =
        command(tool).args(arguments).output().await.unwrap_or_else(|error| panic!("{tool}: {error}; {REMEDY}"));
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

const REMEDY: &str = "install DCMTK (`make tools`, or `apt-get install dcmtk`)";

fn command(tool: &str) -> Command {
    let mut command = Command::new(tool);
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

/// DCMTK's archive with the French study in it, which moves to our receiver.
struct Dcmqrscp {
    port: u16,
    _process: Child,
    _folder: tempfile::TempDir,
}

async fn dcmqrscp(destination: &Receiver) -> Dcmqrscp {
    let folder = tempfile::tempdir().unwrap();
    let storage = folder.path().join("storage");
    std::fs::create_dir(&storage).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let configuration = format!(
        "MaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\ndics = (DICS, 127.0.0.1, {})\nHostTable END\n\
         VendorTable BEGIN\nVendorTable END\nAETable BEGIN\nPACS {} RW (200, 1024mb) ANY\nAETable END\n",
        destination.addr.port(),
        storage.display()
    );
    let file = folder.path().join("dcmqrscp.cfg");
    std::fs::write(&file, configuration).unwrap();
    let process = command("dcmqrscp")
        .args(["--config"])
        .arg(&file)
        .arg(port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("dcmqrscp: {error}; {REMEDY}"));
    let listening = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), listening).await.unwrap();
    let files: Vec<_> = (1..=SLICES).map(slice).collect();
    let metas = files.iter().map(|file| part10::split(file).unwrap().0);
    let limit = Duration::from_secs(10);
    let mut scu = StoreScu::open(("127.0.0.1", port), ae("DICS"), ae("PACS"), metas, limit).await.unwrap();
    for file in &files {
        assert_eq!(scu.store(file, None).await.unwrap(), Status::SUCCESS);
    }
    scu.release().await;
    Dcmqrscp { port, _process: process, _folder: folder }
}

#[tokio::test]
async fn dcmqrscp_is_searched_and_retrieved_from() {
    let to = receiver(StoreAnswer::Stored, Options::default()).await;
    let pacs = dcmqrscp(&to).await;
    let source =
        |retrieve| DimseSource::new(definition(pacs.port, retrieve), ae("DICS"), DimseOptions::default()).unwrap();
    let (by_move, by_get) = (source(RetrieveBy::Move), source(RetrieveBy::Get));

    let steps = by_get.verify(&ctx()).await;
    assert!(steps.iter().all(|step| step.ok), "{steps:?}");
    let found = studies(&by_move, &StudyFilter::default()).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].patient.patient_name.alphabetic, "Lefèbvre^Renée");
    assert_eq!(by_move.search_series(&ctx(), &uid(STUDY)).await.unwrap().len(), 1);
    assert_eq!(by_move.search_instances(&ctx(), &uid(STUDY), &uid(SERIES)).await.unwrap().len(), SLICES);

    let sent: Vec<_> = (1..=SLICES).map(slice).collect();
    let sent = data_sets(sent.iter().map(Vec::as_slice));
    let got: Vec<Part> = by_get.retrieve(&ctx(), &series(STUDY, SERIES)).try_collect().await.unwrap();
    let objects: Vec<_> = got
        .iter()
        .filter_map(|part| if let Part::Object { object, .. } = part { Some(&object[..]) } else { None })
        .collect();
    assert_eq!(objects.len(), got.len());
    assert_eq!(data_sets(objects), sent);

    let moved: Vec<Part> = by_move.retrieve(&ctx(), &series(STUDY, SERIES)).try_collect().await.unwrap();
    assert!(matches!(moved[..], [Part::Delivered { completed: 12, failed: 0 }]), "{moved:?}");
    assert_eq!(data_sets(to.objects().iter().map(Vec::as_slice)), sent);
}

#[tokio::test]
async fn echoscu_and_storescu_are_served_when_they_are_known() {
    let to = receiver(StoreAnswer::Stored, Options::default()).await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let (port, path) = (to.addr.port().to_string(), folder.path().to_str().unwrap());
    let (ok, text) = run("echoscu", &["-aec", "DICS", "127.0.0.1", &port]).await;
    assert!(ok, "{text}");
    let (ok, text) =
        run("storescu", &["-aec", "DICS", "+sd", "+r", "127.0.0.1", &port, &format!("{path}/{STUDY}")]).await;
    assert!(ok, "{text}");
    let compressed = format!("{path}/{}", crate::corpus::OTHER_STUDY);
    let (ok, text) = run("storescu", &["-aec", "DICS", "-xs", "+sd", "+r", "127.0.0.1", &port, &compressed]).await;
    assert!(ok, "{text}");
    assert_eq!(to.count(), SLICES + 2);

    let (ok, text) =
        run("storescu", &["-aet", "STRANGER", "-aec", "DICS", "+sd", "+r", "127.0.0.1", &port, path]).await;
    assert!(!ok && text.contains("Calling AE Title Not Recognized"), "{text}");
    let (ok, text) = run("echoscu", &["-aec", "NOBODY", "127.0.0.1", &port]).await;
    assert!(!ok && text.contains("Called AE Title Not Recognized"), "{text}");
}

#[tokio::test]
async fn the_simulated_archive_serves_dcmtk() {
    let to = receiver(StoreAnswer::Stored, Options::default()).await;
    let archive = archive(Manners::Good).await;
    archive.running.set_destination(ae("DICS"), to.addr);
    let port = archive.running.addr.port().to_string();
    let peer = ["-aet", "DICS", "-aec", "PACS", "127.0.0.1", &port];
    let level = |level: &str| format!("0008,0052={level}");
    let (study, series, range) =
        (format!("0020,000D={STUDY}"), format!("0020,000E={SERIES}"), "0008,0020=20240101-20240201");

    let asked = ["-S", "-k", &level("STUDY"), "-k", range, "-k", "0010,0010=lef*", "-k", "0020,1208"];
    let (ok, text) = run("findscu", &[&["-v"], &peer[..], &asked].concat()).await;
    assert!(ok && text.contains("[12]") && !text.contains("20240315"), "{text}");
    let selected = ["-S", "-k", &level("SERIES"), "-k", &study, "-k", &series];
    let (ok, text) = run("movescu", &[&peer[..], &["-aem", "DICS"], &selected].concat()).await;
    assert!(ok, "{text}");
    assert_eq!(to.count(), SLICES);
    let folder = tempfile::tempdir().unwrap();
    let (ok, text) = run("getscu", &[&peer[..], &["-od", path(folder.path())], &selected].concat()).await;
    assert!(ok, "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), SLICES);
}

fn path(folder: &Path) -> &str {
    folder.to_str().unwrap()
}
