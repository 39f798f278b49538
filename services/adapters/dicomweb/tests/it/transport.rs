use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adapter_api::ImagingSource;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures::stream;
use runtime::Ctx;

use crate::origin::{Origin, ctx, dicom_json, kind, uid};

async fn series(origin: &Origin) -> Result<usize, (&'static str, String)> {
    let found = origin.source().search_series(&ctx(), &uid("1.2.3")).await;
    found.map(|series| series.len()).map_err(|error| kind(&error))
}

#[tokio::test]
async fn every_status_is_told_apart_by_what_to_do_next() {
    let table = [
        (401, "refused"),
        (403, "refused"),
        (400, "refused"),
        (406, "refused"),
        (501, "refused"),
        (404, "not found"),
        (410, "not found"),
        (429, "unavailable"),
        (500, "unavailable"),
        (503, "unavailable"),
    ];
    for (status, expected) in table {
        let origin = Origin::start(move |_| async move { StatusCode::from_u16(status).unwrap() }).await;
        assert_eq!(series(&origin).await.unwrap_err().0, expected, "{status}");
    }
}

#[tokio::test]
async fn a_page_of_html_is_not_an_empty_answer() {
    for content_type in ["text/html; charset=utf-8", "application/dicom+json", "text/plain"] {
        let origin =
            Origin::start(move |_| async move { ([("content-type", content_type)], "<html>Please sign in</html>") })
                .await;
        assert_eq!(series(&origin).await.unwrap_err().0, "malformed", "{content_type}");
    }
    let origin = Origin::start(|_| async { ([("content-type", "text/plain")], "[]") }).await;
    assert_eq!(series(&origin).await.unwrap_err().0, "malformed");
}

#[tokio::test]
async fn nothing_found_is_an_answer_in_each_of_its_forms() {
    let origin = Origin::start(|_| async { StatusCode::NO_CONTENT }).await;
    assert_eq!(series(&origin).await, Ok(0));
    let origin = Origin::start(|_| async { dicom_json("[]") }).await;
    assert_eq!(series(&origin).await, Ok(0));
}

#[tokio::test]
async fn broken_json_is_malformed() {
    for body in ["[{]", "[{\"0020000E\":", "{\"a\"", "7", "[[]]"] {
        let origin = Origin::start(move |_| async move { dicom_json(body) }).await;
        assert_eq!(series(&origin).await.unwrap_err().0, "malformed", "{body}");
    }
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    let origin = Origin::start(|_| async {
        let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 8192])));
        ([("content-type", "application/dicom+json")], Body::from_stream(endless))
    })
    .await;
    let source = origin.source_with(|options| options.search_limit_bytes = 1 << 20);
    let error = source.search_series(&ctx(), &uid("1.2.3")).await.unwrap_err();
    assert_eq!(kind(&error), ("malformed", "the limit of 1048576 bytes for one answer".into()));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_unavailable() {
    let origin = Origin::start(|_| std::future::pending::<StatusCode>()).await;
    let short = |options: &mut adapter_dicomweb::DicomwebOptions| {
        (options.connect, options.first_byte) = (Duration::from_millis(30), Duration::from_millis(30));
    };
    let error = origin.source_with(short).search_series(&ctx(), &uid("1.2.3")).await.unwrap_err();
    assert_eq!(kind(&error).0, "unavailable");
    let error =
        origin.source().search_series(&Ctx::within(Duration::from_millis(30)), &uid("1.2.3")).await.unwrap_err();
    assert_eq!(kind(&error).0, "stopped");
}

#[tokio::test]
async fn a_server_that_stops_within_its_answer_is_unavailable() {
    let origin = Origin::start(|_| async {
        let begun = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"["))]);
        let body = futures::StreamExt::chain(begun, stream::pending());
        ([("content-type", "application/dicom+json")], Body::from_stream(body))
    })
    .await;
    let source = origin.source_with(|options| options.idle = Duration::from_millis(30));
    let error = source.search_series(&ctx(), &uid("1.2.3")).await.unwrap_err();
    assert_eq!(kind(&error).0, "unavailable");
}

#[tokio::test]
async fn a_closed_port_is_unavailable_and_the_error_names_no_address() {
    let source = crate::origin::source("http://127.0.0.1:9/dicom-web", |_| {});
    let error = source.search_series(&ctx(), &uid("1.2.777")).await.unwrap_err();
    let mut shown = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        shown.push_str(&inner.to_string());
        cause = inner.source();
    }
    assert_eq!(kind(&error).0, "unavailable");
    assert!(!shown.contains("1.2.777"), "{shown}");
}

#[tokio::test]
async fn redirects_are_followed_on_the_same_host_only() {
    let other = Origin::start(|_| async { dicom_json("[{}]") }).await;
    let elsewhere = format!("{}/studies/1.2.3/series", other.url);
    let origin = Origin::start(move |request: Request| {
        let elsewhere = elsewhere.clone();
        async move {
            match request.uri().path() {
                "/dicom-web/studies/1.2.3/series" => (StatusCode::FOUND, [("location", "/moved")]).into_response(),
                "/moved" => dicom_json(r#"[{"0020000E":{"vr":"UI","Value":["1.2"]}}]"#),
                _ => (StatusCode::FOUND, [("location", elsewhere)]).into_response(),
            }
        }
    })
    .await;
    let source = origin.source();
    assert_eq!(source.search_series(&ctx(), &uid("1.2.3")).await.unwrap().len(), 1);
    let error = source.search_series(&ctx(), &uid("1.2.4")).await.unwrap_err();
    assert_eq!(kind(&error).0, "refused");
    assert!(other.requests().is_empty(), "nobody else is asked");
}

#[tokio::test]
async fn no_more_requests_run_at_a_time_than_the_source_allows() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = (Arc::clone(&now), Arc::clone(&most));
    let origin = Origin::start(move |_| {
        let (now, most) = (Arc::clone(&counted.0), Arc::clone(&counted.1));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            dicom_json("[]")
        }
    })
    .await;
    let (source, ctx, study) = (origin.source(), ctx(), uid("1.2.3"));
    let all = futures::future::join_all((0..12).map(|_| source.search_series(&ctx, &study))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(origin.requests().len(), 12);
    assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
}
