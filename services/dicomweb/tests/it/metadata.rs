//! Retrieve Metadata, PS3.18 §10.4.1.1.2.

use std::io::Read;

use http::Method;

use crate::app::{TestApp, first};
use crate::objects::{SERIES, STUDY, image, pdf};

#[tokio::test]
async fn every_instance_is_described_at_every_level() {
    let app = TestApp::holding(&[image(2), image(1), pdf()]).await;
    let series = app.get(&format!("/studies/{STUDY}/series/{SERIES}/metadata")).await.expect(200);
    assert_eq!(series.column("00200013"), ["1", "2"]);
    assert_eq!(series.column("00100010"), ["Tremblay^Zoé", "Tremblay^Zoé"]);
    let study = app.get(&format!("/studies/{STUDY}/metadata")).await.expect(200);
    assert_eq!(study.json().as_array().unwrap().len(), 3);
    let instance = app.get(&format!("{}/metadata", image(2).path())).await.expect(200);
    assert_eq!(instance.column("00080018"), [image(2).instance]);
    app.get(&format!("{}.9/metadata", image(2).path())).await.expect(404);
}

#[tokio::test]
async fn bulk_data_are_named_by_an_address_that_answers() {
    let app = TestApp::holding(&[image(1), pdf()]).await;
    let rows = app.get(&format!("{}/metadata", image(1).path())).await.expect(200).json();
    let uri = rows[0]["7FE00010"]["BulkDataURI"].as_str().unwrap();
    let path = uri.strip_prefix("/dicom-web").unwrap();
    let pixels = app.get_as(path, "application/octet-stream").await.expect(200);
    assert_eq!(&pixels.body[..], &image(1).frames[0][..]);
    let parts = app.get_as(path, "multipart/related; type=\"application/octet-stream\"").await.expect(200).parts();
    assert_eq!(parts[0].body, image(1).frames[0]);
    let part =
        app.ask(Method::GET, path, &[("accept", "application/octet-stream"), ("range", "bytes=2-5")]).await.expect(206);
    assert_eq!(&part.body[..], &image(1).frames[0][2..6]);
    app.get(&format!("{}/bulkdata/00990099", image(1).path())).await.expect(404);
    app.get(&format!("{}/bulkdata/xyz", image(1).path())).await.expect(400);
}

#[tokio::test]
async fn a_folded_series_is_sent_compressed_as_it_is_kept() {
    let app = TestApp::holding(&[image(1), image(2)]).await;
    let path = format!("/studies/{STUDY}/series/{SERIES}/metadata");
    let plain = app.get(&path).await.expect(200);
    let gzip = app.ask(Method::GET, &path, &[("accept-encoding", "gzip, br")]).await.expect(200);
    let unpacked = match gzip.header("content-encoding") {
        "gzip" => {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut text).unwrap();
            text
        }
        _ => gzip.body.to_vec(),
    };
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&unpacked).unwrap(), plain.json());
}

#[tokio::test]
async fn metadata_that_are_held_already_are_not_sent_again() {
    let app = TestApp::holding(&[image(1)]).await;
    let path = format!("{}/metadata", image(1).path());
    let tag = app.get(&path).await.expect(200).header("etag").to_owned();
    assert!(tag.starts_with('"'));
    let again = app.ask(Method::GET, &path, &[("if-none-match", &tag)]).await.expect(304);
    assert!(again.body.is_empty());
    app.store(&[image(2)]).await.expect(200);
    let series = format!("/studies/{STUDY}/series/{SERIES}/metadata");
    let before = app.get(&series).await.expect(200).header("etag").to_owned();
    app.store(&[image(3)]).await.expect(200);
    let changed = app.ask(Method::GET, &series, &[("if-none-match", &before)]).await.expect(200);
    assert_eq!(changed.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn metadata_may_be_xml() {
    let app = TestApp::holding(&[image(1), image(2)]).await;
    let path = format!("/studies/{STUDY}/series/{SERIES}/metadata");
    let parts = app.get_as(&path, "multipart/related; type=\"application/dicom+xml\"").await.expect(200).parts();
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part.content_type == "application/dicom+xml" && part.body.starts_with(b"<?xml")));
    assert_eq!(first(&app.get(&path).await.json()[0], "00080060"), "CT");
}
