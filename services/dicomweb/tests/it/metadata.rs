//! Retrieve Metadata, PS3.18 §10.4.1.1.2.

use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
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
    let path = uri.strip_prefix("http://di.test/dicom-web").unwrap();
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
    // The series has been quiet for long, and is folded: of the codings that are liked alike, the one that lies there is taken.
    app.registry.clock().advance_ms(60_000);
    let folded = async {
        loop {
            let answer = app.ask(Method::GET, &path, &[("accept-encoding", "gzip, br, zstd")]).await.expect(200);
            if answer.header("content-encoding") == "gzip" {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let folded = tokio::time::timeout(Duration::from_secs(60), folded).await.expect("the series is folded");
    assert!(decoded("gzip", &folded.body) == plain.body);
    let elsewhere = [("accept-encoding", "gzip"), ("x-forwarded-host", "elsewhere.example")];
    let elsewhere = app.ask(Method::GET, &path, &elsewhere).await.expect(200);
    let text = String::from_utf8(decoded("gzip", &elsewhere.body)).unwrap();
    assert!(text.contains("http://elsewhere.example/dicom-web/") && !text.contains("di.test"));
    assert_ne!(elsewhere.header("etag"), folded.header("etag"));
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

/// The stored form is gzip; the others are made from it, and every one says the same.
#[tokio::test]
async fn every_coding_says_the_same_at_every_level() {
    let app = TestApp::holding(&[image(1), image(2), pdf()]).await;
    let series = format!("/studies/{STUDY}/series/{SERIES}");
    for path in [format!("/studies/{STUDY}"), series, image(2).path()] {
        let path = format!("{path}/metadata");
        let plain = app.get(&path).await.expect(200);
        assert_eq!(plain.header("content-length"), plain.body.len().to_string());
        for coding in ["gzip", "br", "zstd"] {
            let coded = app.ask(Method::GET, &path, &[("accept-encoding", coding)]).await.expect(200);
            assert_eq!(coded.header("content-encoding"), coding);
            assert_eq!(coded.header("vary"), "accept, accept-encoding");
            assert!(decoded(coding, &coded.body) == plain.body, "{coding} of {path}");
            assert_ne!(coded.header("etag"), plain.header("etag"));
            let held = [("accept-encoding", coding), ("if-none-match", coded.header("etag"))];
            app.ask(Method::GET, &path, &held).await.expect(304);
            let head = app.ask(Method::HEAD, &path, &held[..1]).await.expect(200);
            assert_eq!(head.header("content-length"), coded.body.len().to_string());
        }
    }
}

fn decoded(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        "gzip" => drop(GzDecoder::new(body).read_to_end(&mut out).unwrap()),
        "br" => drop(brotli::Decompressor::new(body, 4096).read_to_end(&mut out).unwrap()),
        _ => out = zstd::decode_all(body).unwrap(),
    }
    out
}

/// Behind a proxy, by whatever name the caller knows it: every form hands out addresses that lead back the same way.
#[tokio::test]
async fn bulk_data_uris_begin_as_the_caller_knows_the_service() {
    let app = TestApp::holding(&[image(1), image(2)]).await;
    let path = format!("/studies/{STUDY}/series/{SERIES}/metadata");
    let proxy =
        [("x-forwarded-host", "di.example"), ("x-forwarded-proto", "https"), ("x-forwarded-prefix", "/imaging")];
    let forwarded = [("forwarded", "proto=https;host=\"di.example:8443\"")];
    for (headers, origin) in [
        (&proxy[..], "https://di.example/imaging"),
        (&forwarded[..], "https://di.example:8443"),
        (&[], "http://di.test"),
    ] {
        let expected = format!("{origin}/dicom-web{}/bulkdata/7FE00010", image(2).path());
        for coding in ["identity", "gzip", "zstd"] {
            let headers = [headers, &[("accept-encoding", coding)]].concat();
            let answer = app.ask(Method::GET, &path, &headers).await.expect(200);
            let body = if coding == "identity" { answer.body.to_vec() } else { decoded(coding, &answer.body) };
            let rows: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(rows[1]["7FE00010"]["BulkDataURI"], expected, "{coding}");
        }
        let xml = [headers, &[("accept", "multipart/related; type=\"application/dicom+xml\"")]].concat();
        let part = app.ask(Method::GET, &path, &xml).await.expect(200).parts().remove(1);
        assert!(String::from_utf8(part.body).unwrap().contains(&format!("<BulkData uri=\"{expected}\"/>")));
    }
}

#[tokio::test]
async fn metadata_may_be_xml() {
    let app = TestApp::holding(&[image(1), image(2)]).await;
    let path = format!("/studies/{STUDY}/series/{SERIES}/metadata");
    let parts = app.get_as(&path, "multipart/related; type=\"application/dicom+xml\"").await.expect(200).parts();
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part.content_type == "application/dicom+xml" && part.body.starts_with(b"<?xml")));
    assert_eq!(first(&app.get(&path).await.json()[0], "00080060"), "CT");
    let one = app.get_as(&format!("{}/metadata", image(1).path()), "application/dicom+xml").await.expect(200);
    assert!(one.header("content-type") == "application/dicom+xml" && one.body.starts_with(b"<?xml"));
    app.get_as(&path, "application/dicom+xml").await.expect(406);
}
