//! HEAD, validators and preconditions on every retrieval: RFC 9110 §9.3.2 and §13, PS3.18 §8.4.

use http::Method;

use crate::app::TestApp;
use crate::objects::{SERIES, STUDY, frames, image};

const DICOM: &str = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";

/// Resources with a form of each that has a validator.
fn resources() -> Vec<(String, &'static str)> {
    let (study, series) = (format!("/studies/{STUDY}"), format!("/studies/{STUDY}/series/{SERIES}"));
    let instance = frames(3).path();
    vec![
        (study.clone(), DICOM),
        (series.clone(), DICOM),
        (instance.clone(), DICOM),
        (instance.clone(), "application/dicom"),
        (format!("{study}/metadata"), "application/dicom+json"),
        (format!("{series}/metadata"), "application/dicom+json"),
        (format!("{series}/metadata"), "multipart/related; type=\"application/dicom+xml\""),
        (format!("{instance}/metadata"), "application/dicom+json"),
        (format!("{instance}/frames/2"), "application/octet-stream"),
        (format!("{instance}/frames/2"), "multipart/related; type=\"application/octet-stream\""),
        (format!("{instance}/bulkdata/7FE00010"), "application/octet-stream"),
        (format!("{instance}/pixeldata"), "application/octet-stream"),
        (format!("{instance}/rendered"), "image/jpeg"),
    ]
}

#[tokio::test]
async fn who_holds_an_answer_is_not_sent_it_again() {
    let app = TestApp::holding(&[image(1), frames(3)]).await;
    for (path, accept) in resources() {
        let first = app.get_as(&path, accept).await.expect(200);
        let tag = first.header("etag");
        assert!(tag.ends_with('"'), "{path} as {accept} has no tag");
        let held = app.ask(Method::GET, &path, &[("accept", accept), ("if-none-match", tag)]).await.expect(304);
        assert_eq!((held.body.len(), held.header("etag")), (0, tag), "{path}");
        assert_eq!(held.header("cache-control"), "private, no-cache");
        app.ask(Method::GET, &path, &[("accept", accept), ("if-none-match", "\"other\"")]).await.expect(200);
        app.ask(Method::GET, &path, &[("accept", accept), ("if-match", "\"other\"")]).await.expect(412);
        if !tag.starts_with("W/") {
            app.ask(Method::GET, &path, &[("accept", accept), ("if-match", tag)]).await.expect(200);
        }
    }
}

#[tokio::test]
async fn head_says_what_get_would() {
    let app = TestApp::holding(&[image(1), frames(3)]).await;
    for (path, accept) in resources() {
        let get = app.get_as(&path, accept).await.expect(200);
        let head = app.ask(Method::HEAD, &path, &[("accept", accept)]).await.expect(200);
        assert!(head.body.is_empty(), "{path}");
        let kind =
            |answer: &crate::app::Answer| answer.header("content-type").split("boundary").next().unwrap().to_owned();
        assert_eq!(kind(&head), kind(&get), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
        if !get.header("content-length").is_empty() {
            assert_eq!(get.header("content-length"), get.body.len().to_string(), "{path} as {accept}");
        }
        if !head.header("content-length").is_empty() {
            assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path} as {accept}");
        }
    }
    // A range is for GET alone (RFC 9110 §14.2).
    for end in ["/frames/1", "/pixeldata", "/bulkdata/7FE00010"] {
        let ask = [("accept", "application/octet-stream"), ("range", "bytes=0-3")];
        let head = app.ask(Method::HEAD, &format!("{}{end}", image(1).path()), &ask).await.expect(200);
        assert_eq!((head.header("content-length"), head.header("content-range")), ("64", ""), "{end}");
    }
    app.ask(Method::HEAD, "/studies/1.2.3", &[]).await.expect(404);
    app.ask(Method::HEAD, &format!("{}/frames/9", frames(3).path()), &[]).await.expect(404);
}

#[tokio::test]
async fn what_changes_has_another_tag() {
    let app = TestApp::holding(&[image(1)]).await;
    let series = format!("/studies/{STUDY}/series/{SERIES}");
    let before = app.get_as(&series, DICOM).await.expect(200).header("etag").to_owned();
    app.store(&[image(2)]).await.expect(200);
    let after = app.ask(Method::GET, &series, &[("accept", DICOM), ("if-none-match", &before)]).await.expect(200);
    assert_eq!(after.parts().len(), 2);
}
