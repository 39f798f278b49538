use std::fs;

use adapter_api::{ImagingSource, SourceError};
use adapter_archive::{ArchiveOptions, ArchiveSource};
use futures::StreamExt;
use object_store::ObjectStoreExt;
use runtime::{Clock, Ctx};

use crate::place::{age, bucket, definition, now_ms, object, options, source, try_walk, walk, write};

#[tokio::test]
async fn a_walk_goes_in_the_order_of_keys_and_ends_with_a_mark() {
    let folder = tempfile::tempdir().unwrap();
    let keys = ["a-b/1.dcm", "a.dcm", "a/1.dcm", "a/b/c/2.dcm", "a/é.dcm", "a0.dcm", "z"];
    for key in keys.iter().rev() {
        write(folder.path(), key, &object(1));
    }
    let walked = walk(&source(folder.path(), options()), None).await;
    assert_eq!(walked.objects(), keys);
    assert_eq!(walked.keys.last().unwrap(), "*");
}

#[tokio::test]
async fn only_what_is_new_or_changed_comes_after_a_mark() {
    let folder = tempfile::tempdir().unwrap();
    let options = options();
    let source = source(folder.path(), options.clone());
    write(folder.path(), "a/1.dcm", &object(1));
    write(folder.path(), "a/2.dcm", &object(1));
    let first = walk(&source, None).await;
    options.clock.advance_ms(1);
    let second = walk(&source, first.end()).await;
    assert_eq!((first.objects().len(), second.keys), (2, vec!["*".to_owned()]));
    options.clock.advance_ms(1);
    write(folder.path(), "a/0.dcm", &object(1));
    write(folder.path(), "a/2.dcm", &[object(2), vec![0; 8]].concat());
    let third = walk(&source, second.marks.last().map(String::as_str)).await;
    assert_eq!(third.objects(), ["a/0.dcm", "a/2.dcm"]);
}

#[tokio::test]
async fn a_caller_that_lost_what_it_was_given_gets_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let options = options();
    let source = source(folder.path(), options.clone());
    let mark = walk(&source, None).await.marks.pop();
    write(folder.path(), "1.dcm", &object(1));
    assert_eq!(walk(&source, mark.as_deref()).await.objects(), ["1.dcm"]);
    options.clock.advance_ms(1);
    let again = walk(&source, mark.as_deref()).await;
    assert_eq!(again.objects(), ["1.dcm"], "it came back with the mark from before");
    assert_eq!(walk(&source, again.end()).await.objects(), [""; 0]);
}

#[tokio::test]
async fn a_walk_is_taken_up_at_its_marks_after_a_restart_too() {
    let folder = tempfile::tempdir().unwrap();
    let keys: Vec<String> = (0..250).map(|number| format!("{:02}/{number:03}.dcm", number / 20)).collect();
    keys.iter().for_each(|key| write(folder.path(), key, &object(1)));
    let begun = try_walk(&source(folder.path(), options()), None, 150).await.unwrap();
    assert_eq!(begun.keys[100], "*");
    let rest = walk(&source(folder.path(), options()), begun.end()).await;
    assert_eq!(rest.objects(), keys[100..].iter().map(String::as_str).collect::<Vec<_>>());
    let restarted = source(folder.path(), ArchiveOptions { overlap_ms: Some(0), ..options() });
    assert_eq!(walk(&restarted, rest.end()).await.objects().len(), 250, "the overlap of the walk before");
    let after = walk(&restarted, walk(&restarted, None).await.end()).await;
    assert_eq!(after.objects(), [""; 0]);
}

#[tokio::test]
async fn what_was_written_behind_a_walk_is_found_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    (0..150).for_each(|number| write(folder.path(), &format!("m{number:03}"), &object(1)));
    let options = options();
    let begun = try_walk(&source(folder.path(), options.clone()), None, 101).await.unwrap();
    write(folder.path(), "a-behind", &object(1));
    let source = source(folder.path(), options);
    let rest = walk(&source, begun.end()).await;
    assert!(!rest.objects().contains(&"a-behind"));
    assert!(walk(&source, rest.end()).await.objects().contains(&"a-behind"));
}

#[tokio::test]
async fn files_and_folders_that_are_moved_here_are_found_whatever_their_age() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(elsewhere.path(), "old.dcm", &object(1));
    write(elsewhere.path(), "study/old.dcm", &object(1));
    age(&elsewhere.path().join("old.dcm"));
    age(&elsewhere.path().join("study/old.dcm"));
    write(folder.path(), "before.dcm", &object(1));
    let source = source(folder.path(), ArchiveOptions { overlap_ms: Some(70_000), ..options() });
    let mark = walk(&source, None).await.marks.pop();
    fs::rename(elsewhere.path().join("old.dcm"), folder.path().join("old.dcm")).unwrap();
    fs::rename(elsewhere.path().join("study"), folder.path().join("study")).unwrap();
    assert_eq!(walk(&source, mark.as_deref()).await.objects(), ["old.dcm", "study/old.dcm"]);
}

#[tokio::test]
async fn what_may_still_be_written_is_left_for_the_next_walk() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed(now_ms() - 500);
    let source = source(folder.path(), ArchiveOptions { clock: clock.clone(), ..options() });
    write(folder.path(), "1.dcm", &object(1));
    let young = walk(&source, None).await;
    assert_eq!(young.objects(), [""; 0]);
    assert!(!young.unsettled, "the clock is behind: it says nothing about when the file will be at rest");
    clock.advance_ms(1000);
    let young = walk(&source, young.end()).await;
    assert_eq!((young.objects().len(), young.unsettled), (0, true), "worth another look soon");
    clock.advance_ms(60_000);
    let settled = walk(&source, young.end()).await;
    assert_eq!((settled.objects(), settled.unsettled), (vec!["1.dcm"], false));
}

#[tokio::test]
async fn what_is_no_object_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "readme.txt", &[b'x'; 5000]);
    write(folder.path(), "short", b"DICM");
    write(folder.path(), "DICOMDIR", &object(1));
    write(folder.path(), ".hidden.dcm", &object(1));
    write(folder.path(), "copy.dcm.part", &object(1));
    write(folder.path(), "large.dcm", &[object(1), vec![0; 5000]].concat());
    write(folder.path(), "good", &object(1));
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.path().join("broken.dcm")).unwrap();
    let source = source(folder.path(), ArchiveOptions { object_limit_bytes: 1000, ..options() });
    assert_eq!(walk(&source, None).await.objects(), ["good"]);
}

#[tokio::test]
async fn a_bucket_is_walked_below_its_prefix_and_taken_up_at_its_marks() {
    let keys: Vec<String> = (0..130).map(|number| format!("images/{number:03}")).collect();
    let mut all: Vec<&str> = keys.iter().map(String::as_str).collect();
    all.extend(["imagesother/1", "another"]);
    let (store, source) = bucket(&all).await;
    let begun = try_walk(&source, None, 101).await.unwrap();
    let rest = walk(&source, begun.end()).await;
    assert_eq!(rest.objects(), keys[100..].iter().map(String::as_str).collect::<Vec<_>>());
    let all = walk(&source, None).await;
    assert_eq!(all.objects().len(), 130);
    store.put(&"images/a/new".into(), object(1).into()).await.unwrap();
    assert_eq!(walk(&source, all.end()).await.objects(), ["images/a/new"]);
}

#[tokio::test]
async fn an_archive_that_is_not_there_is_not_an_empty_one() {
    let source = source("/nowhere/at/all".as_ref(), options());
    assert!(matches!(try_walk(&source, None, 9).await, Err(SourceError::Unavailable { .. })));
    let ctx = Ctx::within(std::time::Duration::from_secs(20));
    let mut names = source.names(&ctx);
    assert!(
        matches!(names.next().await, Some(Err(SourceError::Unavailable { .. }))),
        "a comparison finds nothing gone either"
    );
}

#[tokio::test]
async fn an_unreadable_mark_begins_at_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "1.dcm", &object(1));
    assert_eq!(walk(&source(folder.path(), options()), Some("yesterday")).await.objects(), ["1.dcm"]);
}

#[test]
fn addresses_are_paths_and_the_urls_of_folders_and_buckets() {
    let new = |url: &str, bucket: Vec<(String, String)>| {
        ArchiveSource::new(&definition(url), ArchiveOptions { bucket, ..options() })
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let settings = [("aws_region", "ca-central-1"), ("aws_endpoint", "http://127.0.0.1:9"), ("aws_allow_http", "true")];
    let settings: Vec<_> = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(new("/srv/images", Vec::new()), Ok(()));
    assert_eq!(new("file:///srv/images", Vec::new()), Ok(()));
    assert_eq!(new("s3://bucket/some/prefix", settings), Ok(()));
    for wrong in ["images", "http://host/images", ""] {
        assert!(new(wrong, Vec::new()).is_err(), "{wrong}");
    }
    assert!(new("s3://bucket", vec![("colour".into(), "red".into())]).is_err());
}
