//! A disk that is full: everything of the service lies on a small file system of its own, in memory, and something else fills it.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::ledger::Ledger;
use super::objects::{Key, OVER_THE_WEB};
use super::traffic::Traffic;
use crate::processes::wait;
use crate::service::Service;

const SIZE: &str = "size=96m";

/// Makes the file system and becomes the service. Whoever is not root needs a user namespace to mount anything.
fn on_its_own_disk(data: &Path) -> Service {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let spaces = if is_root { "-m" } else { "-Urm" };
    let may = Command::new("unshare").args([spaces, "true"]).status();
    assert!(
        may.is_ok_and(|status| status.success()),
        "this machine lets nobody but root mount anything, so that a full disk can't be tried: \
         run as root, or allow user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)"
    );
    let script = format!("mount -t tmpfs -o {SIZE} dics \"$DICS__DATA_DIR\" && exec \"$0\" serve");
    let mut program = Command::new("unshare");
    program.args([spaces, "sh", "-c", &script, env!("CARGO_BIN_EXE_dics")]);
    let mut service = Service::launch(&mut program, data, &[]);
    service.wait_until_ready(data);
    service
}

/// Takes all the room that is left, to the last byte.
fn fill(ballast: &Path) {
    let mut file = std::fs::File::create(ballast).unwrap();
    for piece in [vec![0; 1 << 20], vec![0; 4096]] {
        while file.write_all(&piece).is_ok() {}
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_full_disk_is_told_to_senders_and_loses_nothing_while_searches_go_on() {
    let data = tempfile::tempdir().unwrap();
    let service = on_its_own_disk(data.path());
    // Where its disk is to be seen from here.
    let disk: PathBuf = format!("/proc/{}/root{}", service.id(), data.path().display()).into();
    let ledger = Arc::new(Ledger::default());
    let traffic = Traffic::start(&service, &ledger);
    let limit = Duration::from_secs(60);
    let more_than = |before: [usize; 4]| ledger.counts().iter().zip(before).all(|(now, before)| *now > before);
    wait(limit, "something of each kind to be acknowledged", || more_than([20, 0, 2, 1]));

    fill(&disk.join("ballast"));
    wait(limit, "every sender to be refused", || {
        ledger.entries().setbacks.values().filter(|times| **times > 5).count() == 3
    });
    let probe = Key { sender: OVER_THE_WEB, study: 1_000_000, number: 1 };
    let refused = service.client.stow(&[probe.file(1024)]);
    assert_eq!((refused.status, refused.header("retry-after").as_str()), (507, "30"), "{}", refused.text());
    let reason = &refused.json()["00081198"]["Value"][0];
    assert_eq!(reason["00081197"]["Value"][0], 0xA700);
    assert!(reason["00000902"]["Value"][0].as_str().unwrap().contains("no room"), "{reason}");
    let held = *ledger.entries().stored.iter().find(|key| key.number == 3).unwrap();
    assert_eq!(service.client.get("/dicom-web/studies?limit=5").status, 200, "what is here can be searched");
    let path = format!("/dicom-web/studies/{}/series/{}", held.study_uid(), held.series_uid());
    assert_eq!(service.client.get(&path).status, 200, "and seen");

    std::fs::remove_file(disk.join("ballast")).unwrap();
    let before = ledger.counts();
    wait(limit, "everything to go on by itself", || more_than(before));
    traffic.stop();
    ledger.holds_at(&service, &disk);
    // The disk ends with the process; what was on it is looked at by another one.
    let copied = tempfile::tempdir().unwrap();
    copy(&disk, copied.path());
    drop(service);
    ledger.holds_at(&Service::start(copied.path()), copied.path());
}
