//! Store Transaction, PS3.18 §10.5.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::Request;

use crate::app::{TestApp, first, related};
use crate::objects::{STUDY, image, rle};

#[tokio::test]
async fn what_is_stored_is_told_with_its_address() {
    let app = TestApp::start().await;
    let answer = app.store(&[image(1), image(2)]).await.expect(200);
    let told = answer.json();
    assert_eq!(first(&told, "00081190"), format!("http://di.test/dicom-web/studies/{STUDY}"));
    let stored = told["00081199"]["Value"].as_array().unwrap();
    assert_eq!(stored.len(), 2);
    assert_eq!(first(&stored[0], "00081155"), image(1).instance);
    assert_eq!(first(&stored[1], "00081190"), format!("http://di.test/dicom-web{}", image(2).path()));
    assert!(told.get("00081198").is_none());
}

#[tokio::test]
async fn a_body_may_arrive_in_any_pieces() {
    let app = TestApp::start().await;
    let body = related(&[image(1).to_bytes(), rle().to_bytes()]);
    for size in [1, 7, 64, 1000] {
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            body.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let request = Request::post("/dicom-web/studies")
            .header("content-type", "multipart/related;type=application/dicom;boundary=\"tests\"")
            .body(Body::from_stream(stream::iter(pieces)))
            .unwrap();
        let answer = app.send(request).await.expect(200);
        assert_eq!(answer.json()["00081199"]["Value"].as_array().unwrap().len(), 2);
    }
    let answer = app.get(&format!("/studies/{STUDY}/instances")).await.expect(200);
    assert_eq!(answer.json().as_array().unwrap().len(), 2, "a repeat adds nothing");
}

#[tokio::test]
async fn each_part_has_its_own_outcome() {
    let app = TestApp::start().await;
    let answer = app.post("/studies", &related(&[image(1).to_bytes(), b"no object at all".to_vec()])).await.expect(202);
    let told = answer.json();
    assert_eq!(told["00081199"]["Value"].as_array().unwrap().len(), 1);
    assert_eq!(first(&told["0008119A"]["Value"][0], "00081197"), 0xC000.to_string());
    app.post("/studies", &related(&[b"no object at all".to_vec()])).await.expect(409);
}

#[tokio::test]
async fn an_object_of_another_study_is_not_taken() {
    let app = TestApp::start().await;
    let answer = app.post("/studies/1.2.3", &related(&[image(1).to_bytes()])).await.expect(409);
    let failed = &answer.json()["00081198"]["Value"][0];
    assert_eq!((first(failed, "00081155"), first(failed, "00081197")), (image(1).instance, 0xA900.to_string()));
    app.get(&format!("/studies/{STUDY}/series")).await.expect(204);
    app.post(&format!("/studies/{STUDY}"), &related(&[image(1).to_bytes()])).await.expect(200);
}

#[tokio::test]
async fn an_object_that_is_too_large_fails_alone() {
    let app = TestApp::start().await;
    let mut large = image(1).to_bytes();
    large.resize(2 << 20, 0);
    let answer = app.post("/studies", &related(&[large, image(2).to_bytes()])).await.expect(202);
    assert_eq!(first(&answer.json()["0008119A"]["Value"][0], "00081197"), 0xA700.to_string());
    assert_eq!(first(&answer.json()["00081199"]["Value"][0], "00081155"), image(2).instance);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_never_a_success() {
    let app = TestApp::start().await;
    let whole = related(&[image(1).to_bytes(), image(2).to_bytes()]);
    let answer = app.post("/studies", &whole[..whole.len() - 300]).await.expect(202);
    assert_eq!(answer.json()["00081199"]["Value"].as_array().unwrap().len(), 1);
    app.post("/studies", &whole[..100]).await.expect(400);
    app.post("/studies", b"").await.expect(400);
    app.post("/studies", b"--tests--\r\n").await.expect(400);
}

#[tokio::test]
async fn the_answer_may_be_xml_and_one_object_may_come_alone() {
    let app = TestApp::start().await;
    let request = Request::post("/dicom-web/studies")
        .header("content-type", "application/dicom")
        .header("accept", "application/dicom+xml")
        .body(Body::from(image(1).to_bytes()))
        .unwrap();
    let answer = app.send(request).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/dicom+xml");
    let xml = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(xml.contains("keyword=\"ReferencedSOPSequence\"") && xml.contains(&image(1).instance));
}
