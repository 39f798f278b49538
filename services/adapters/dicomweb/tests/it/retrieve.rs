use std::convert::Infallible;

use adapter_api::{ImagingSource, Part, Retrieve};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};

use crate::origin::{Origin, ctx, kind, uid};

/// Bytes that begin as a DICOM file does.
fn object(size: usize, fill: u8) -> Vec<u8> {
    let mut bytes = vec![fill; size.max(132)];
    bytes[128..132].copy_from_slice(b"DICM");
    bytes
}

fn part(bytes: &[u8]) -> Vec<u8> {
    [b"--xyz\r\nContent-Type: application/dicom\r\n\r\n".as_slice(), bytes, b"\r\n"].concat()
}

fn multipart(body: impl Into<Body>) -> Response {
    ([("content-type", r#"multipart/related; type="application/dicom"; boundary=xyz"#)], body.into()).into_response()
}

fn what(instance: Option<&str>) -> Retrieve {
    Retrieve {
        study_instance_uid: uid("1.2.3"),
        series_instance_uid: uid("1.2.4"),
        sop_instance_uid: instance.map(uid),
        remote: None,
    }
}

/// Sizes of the objects that came, and the error after them.
async fn retrieved(origin: &Origin, limit_bytes: u64) -> (Vec<usize>, Option<(&'static str, String)>) {
    let (source, ctx, what) =
        (origin.source_with(|options| options.object_limit_bytes = limit_bytes), ctx(), what(None));
    let mut parts = source.retrieve(&ctx, &what);
    let mut sizes = Vec::new();
    while let Some(part) = parts.next().await {
        match part {
            Ok(Part::Object { object, remote: None }) => sizes.push(object.len()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => return (sizes, Some(kind(&error))),
        }
    }
    (sizes, None)
}

#[tokio::test]
async fn a_series_comes_object_by_object_large_ones_through_a_file() {
    let origin = Origin::start(|_| async {
        multipart(
            [part(&object(200, 1)), part(&object(20 << 20, 2)), part(&object(300, 3)), b"--xyz--".to_vec()].concat(),
        )
    })
    .await;
    let (source, ctx, what) = (origin.source(), ctx(), what(None));
    let parts: Vec<_> = source.retrieve(&ctx, &what).collect().await;
    let objects: Vec<_> = parts
        .into_iter()
        .map(|part| match part.unwrap() {
            Part::Object { object, .. } => object,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(objects.iter().map(|object| object.len()).collect::<Vec<_>>(), [200, 20 << 20, 300]);
    assert_eq!(&objects[1][..], &object(20 << 20, 2)[..]);
    assert!(objects[1].path().is_some() && objects[0].path().is_none());
}

#[tokio::test]
async fn one_instance_is_asked_for_as_it_is_stored() {
    let origin = Origin::start(|request: Request| async move {
        let accept = request.headers()["accept"].to_str().unwrap().to_owned();
        if !accept.contains("transfer-syntax=*") {
            return StatusCode::BAD_REQUEST.into_response();
        }
        ([("content-type", "application/dicom")], object(500, 0)).into_response()
    })
    .await;
    let (source, ctx, what) = (origin.source(), ctx(), what(Some("1.2.5")));
    let parts: Vec<_> = source.retrieve(&ctx, &what).collect().await;
    assert!(matches!(&parts[..], [Ok(Part::Object { object, .. })] if object.len() == 500));
    assert_eq!(origin.requests(), ["/dicom-web/studies/1.2.3/series/1.2.4/instances/1.2.5"]);
}

#[tokio::test]
async fn a_server_that_knows_no_wildcard_is_asked_without() {
    let origin = Origin::start(|request: Request| async move {
        if request.headers()["accept"].to_str().unwrap().contains('*') {
            return StatusCode::NOT_ACCEPTABLE.into_response();
        }
        multipart([part(&object(200, 1)), b"--xyz--".to_vec()].concat())
    })
    .await;
    assert_eq!(retrieved(&origin, 1000).await, (vec![200], None));
}

#[tokio::test]
async fn a_body_that_is_cut_gives_its_whole_objects_and_then_an_error() {
    let whole = [part(&object(200, 1)), part(&object(300, 2)), b"--xyz--".to_vec()].concat();
    for (cut, objects) in [(100, 0), (300, 1), (whole.len() - 100, 1), (whole.len() - 2, 1), (whole.len(), 2)] {
        let body = whole[..cut].to_vec();
        let origin = Origin::start(move |_| {
            let body = body.clone();
            async move { multipart(body) }
        })
        .await;
        let (sizes, error) = retrieved(&origin, 1000).await;
        assert_eq!(sizes.len(), objects, "cut at {cut}");
        let truncated =
            ("malformed", "the closing delimiter is absent, the body is cut short (RFC 2046 §5.1.1)".into());
        assert_eq!(error, (cut < whole.len()).then_some(truncated));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_within_an_object_is_unavailable() {
    let origin = Origin::start(|_| async {
        let begun = Bytes::from(part(&object(400, 1))[..200].to_vec());
        let body = stream::iter([Ok(begun), Err(std::io::Error::other("gone"))]);
        multipart(Body::from_stream(body))
    })
    .await;
    let (sizes, error) = retrieved(&origin, 1000).await;
    assert_eq!((sizes.len(), error.unwrap().0), (0, "unavailable"));
}

#[tokio::test]
async fn an_endless_object_ends_at_the_limit() {
    let origin = Origin::start(|_| async {
        let begun = stream::iter([Bytes::from(part(&object(200, 1))[..200].to_vec())]);
        let endless = begun.chain(stream::repeat(Bytes::from_static(&[7; 8192]))).map(Ok::<_, Infallible>);
        multipart(Body::from_stream(endless))
    })
    .await;
    let (sizes, error) = retrieved(&origin, 1 << 20).await;
    assert_eq!((sizes.len(), error.unwrap()), (0, ("malformed", "the limit of 1048576 bytes for one object".into())));
}

#[tokio::test]
async fn what_is_no_object_is_refused() {
    let answers: [fn() -> Response; 6] = [
        || ([("content-type", "text/html")], "<html>").into_response(),
        || ([("content-type", "application/json")], "[]").into_response(),
        || ([("content-type", "multipart/related")], "--xyz--").into_response(),
        || multipart([part(b"no DICOM at all"), b"--xyz--".to_vec()].concat()),
        || multipart("--xyz\r\nContent-Type: text/html\r\n\r\n<html>\r\n--xyz--"),
        || ([("content-type", "application/dicom"), ("content-encoding", "gzip")], object(200, 0)).into_response(),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let origin = Origin::start(move |_| async move { answer() }).await;
        let (sizes, error) = retrieved(&origin, 1000).await;
        assert_eq!((sizes.len(), error.unwrap().0), (0, "malformed"), "answer {number}");
    }
}

#[tokio::test]
async fn what_the_server_does_not_hold_is_not_found() {
    let origin = Origin::start(|_| async { StatusCode::NOT_FOUND }).await;
    assert_eq!(retrieved(&origin, 1000).await, (vec![], Some(("not found", String::new()))));
}
