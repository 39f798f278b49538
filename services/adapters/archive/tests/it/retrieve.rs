use std::time::Duration;

use adapter_api::{ImagingSource, Part, Retrieve, SourceError};
use adapter_archive::ArchiveSource;
use futures::StreamExt;
use index_model::Uid;
use runtime::Ctx;

use crate::place::{bucket, object, options, source, write};

pub(crate) async fn retrieve(source: &ArchiveSource, key: Option<&str>) -> Result<usize, SourceError> {
    let uid = |text| Uid::parse(text).unwrap();
    let what = Retrieve {
        study_instance_uid: uid("1.2"),
        series_instance_uid: uid("1.3"),
        sop_instance_uid: Some(uid("1.4")),
        remote: key.map(str::to_owned),
    };
    let ctx = Ctx::within(Duration::from_secs(20));
    let parts: Vec<_> = source.retrieve(&ctx, &what).collect().await;
    match parts.into_iter().next().unwrap()? {
        Part::Object { object, remote } if remote.as_deref() == key => Ok(object.len()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_object_is_read_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a/1.dcm", &object(1));
    assert_eq!(retrieve(&source(folder.path(), options()), Some("a/1.dcm")).await.unwrap(), 200);
    let (_, bucket) = bucket(&["images/1", "other/1"]).await;
    assert_eq!(retrieve(&bucket, Some("images/1")).await.unwrap(), 200);
    assert!(matches!(retrieve(&bucket, Some("other/1")).await, Err(SourceError::NotFound { .. })));
}

#[tokio::test]
async fn a_key_never_leaves_the_archive() {
    let parent = tempfile::tempdir().unwrap();
    write(parent.path(), "secret.dcm", &object(1));
    write(parent.path(), "archive/1.dcm", &object(1));
    let source = source(&parent.path().join("archive"), options());
    let outside = parent.path().join("secret.dcm");
    for key in ["../secret.dcm", "./../secret.dcm", outside.to_str().unwrap(), "", "missing.dcm", "1.dcm/x"] {
        assert!(matches!(retrieve(&source, Some(key)).await, Err(SourceError::NotFound { .. })), "{key}");
    }
    assert!(matches!(retrieve(&source, None).await, Err(SourceError::NotFound { .. })));
}

#[tokio::test]
async fn what_is_no_longer_an_object_is_malformed() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "1.dcm", &[0; 500]);
    assert!(matches!(
        retrieve(&source(folder.path(), options()), Some("1.dcm")).await,
        Err(SourceError::Malformed { .. })
    ));
}

/// The steps in one line each.
async fn steps(source: &ArchiveSource) -> Vec<String> {
    let line =
        |step: adapter_api::TestStep| format!("{} {}: {}", if step.ok { "+" } else { "-" }, step.step, step.text);
    source.verify(&Ctx::within(Duration::from_secs(20))).await.into_iter().map(line).collect()
}

#[tokio::test]
async fn a_test_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let here = source(folder.path(), options());
    assert_eq!(steps(&here).await, ["+ list: it can be listed, and is empty"]);
    write(folder.path(), "a.txt", &[b'x'; 500]);
    assert!(steps(&here).await[1].starts_with("- read: none of them is a DICOM file"));
    write(folder.path(), "b.dcm", &object(1));
    assert_eq!(steps(&here).await[1], "+ read: 1 of 2 are, or hold, DICOM files");
    let nowhere = source("/nowhere/at/all".as_ref(), options());
    assert!(steps(&nowhere).await[0].starts_with("- list: the folder does not exist"));
}
