//! The simulated repository that pushes.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use adapter_api::StoreAnswer;
use fixtures::simulators::dimse::{PushTo, send_folder};
use tokio_util::sync::CancellationToken;

use crate::corpus::{SERIES, SLICES, STUDY, ae, write};
use crate::inbox::{Options, Receiver, receiver};

fn files(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    write(folder.path());
    let series = folder.path().join(STUDY).join(SERIES);
    let mut files: Vec<_> = std::fs::read_dir(series).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn to(receiver: &Receiver) -> PushTo {
    let retry_after = Duration::from_millis(5);
    PushTo { address: receiver.addr, calling: ae("PACS"), called: ae("DICS"), retry_after }
}

#[tokio::test]
async fn what_was_put_off_is_sent_again() {
    let receiver = receiver(StoreAnswer::OutOfResources, Options::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let files = files(&folder);
    let recovers = |progress: fixtures::simulators::dimse::PushProgress| {
        if progress.setbacks == 2 {
            *receiver.inbox.answer.lock().unwrap() = StoreAnswer::Stored;
        }
    };
    let mut done = HashSet::new();
    let end = send_folder(&to(&receiver), &files, &mut done, &CancellationToken::new(), recovers).await;
    assert_eq!((end.stored, end.refused, end.setbacks, done.len()), (SLICES, 0, 2, SLICES));
}

#[tokio::test]
async fn a_push_that_was_stopped_goes_on_where_it_was() {
    let receiver = receiver(StoreAnswer::Stored, Options::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let files = files(&folder);
    let (stop, mut done) = (CancellationToken::new(), HashSet::new());
    let halfway = |progress: fixtures::simulators::dimse::PushProgress| {
        if progress.stored == 5 {
            stop.cancel();
        }
    };
    let first = send_folder(&to(&receiver), &files, &mut done, &stop, halfway).await;
    assert!((5..SLICES).contains(&first.stored), "{first:?}");
    let second = send_folder(&to(&receiver), &files, &mut done, &CancellationToken::new(), |_| {}).await;
    assert_eq!((second.stored, done.len()), (SLICES, SLICES));
}

#[tokio::test]
async fn what_is_refused_for_good_is_counted_and_not_sent_again() {
    let receiver = receiver(StoreAnswer::NotAuthorised, Options::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let files = files(&folder);
    let end = send_folder(&to(&receiver), &files, &mut HashSet::new(), &CancellationToken::new(), |_| {}).await;
    assert_eq!((end.stored, end.refused, end.setbacks), (0, SLICES, 0));
}
