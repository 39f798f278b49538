//! Store Transaction, PS3.18 §10.5.

use access::{Action, Subject};
use adapter_api::{Inbox, Sender, StoreAnswer};
use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::Request;
use index_model::RepositoryCode;

use crate::app::{TestApp, first, related};
use crate::objects::{Object, STUDY, image, rle};

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
    let answer = app.post("/studies", &related(&[large.clone(), image(2).to_bytes()])).await.expect(202);
    let failed = &answer.json()["0008119A"]["Value"][0];
    assert_eq!(first(failed, "00081197"), 0xA700.to_string());
    assert!(first(failed, "00000902").contains("1048576 bytes"), "the limit is named");
    assert_eq!(first(&answer.json()["00081199"]["Value"][0], "00081155"), image(2).instance);
    app.post("/studies", &related(&[large])).await.expect(413);
    assert_eq!(app.incoming(), 0);
}

#[tokio::test]
async fn a_request_has_bounds_that_are_named() {
    let options = dicomweb::Options { store_instances: 2, store_bytes: 5_000, ..dicomweb::Options::default() };
    let app = TestApp::start_with(options).await;
    let three: Vec<_> = (1..=3).map(|number| image(number).to_bytes()).collect();
    let answer = app.post("/studies", &related(&three)).await.expect(202);
    assert_eq!(answer.json()["00081199"]["Value"].as_array().unwrap().len(), 2);
    let answer = app.post("/studies", &related(&[vec![0; 6_000]])).await.expect(413);
    assert!(answer.json()["detail"].as_str().unwrap().contains("5000 bytes"));
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_ended() {
    let options =
        dicomweb::Options { store_patience: std::time::Duration::from_millis(20), ..dicomweb::Options::default() };
    let app = TestApp::start_with(options).await;
    let start = Bytes::from_static(b"--tests\r\nContent-Type: application/dicom\r\n\r\n");
    let stuck = stream::iter([Ok::<_, std::io::Error>(start)]).chain(stream::pending());
    let request = Request::post("/dicom-web/studies")
        .header("content-type", "multipart/related; type=\"application/dicom\"; boundary=tests")
        .body(Body::from_stream(stuck))
        .unwrap();
    app.send(request).await.expect(408);
    assert_eq!(app.incoming(), 0);
}

#[tokio::test]
async fn what_is_not_a_store_request_is_refused_before_it_is_read() {
    let app = TestApp::start().await;
    app.post_as("/studies", "multipart/form-data; boundary=tests", b"x").await.expect(415);
    app.post_as("/studies", "application/json", b"{}").await.expect(415);
    app.post_as("/studies", "application/dicom", b"").await.expect(400);
    app.post_as("/studies", "multipart/related; type=\"application/dicom\"", b"x").await.expect(400);
    let ask = |name: &str, value: &str| {
        Request::post("/dicom-web/studies")
            .header("content-type", "application/dicom")
            .header(name, value)
            .body(Body::from(image(1).to_bytes()))
            .unwrap()
    };
    let coded = app.send(ask("content-encoding", "gzip")).await.expect(415);
    assert_eq!(coded.header("accept-encoding"), "identity", "RFC 9110 §15.5.16");
    app.send(ask("accept", "text/html")).await.expect(406);
    app.send(ask("content-length", "99999999999999")).await.expect(413);
    app.send(ask("content-encoding", "identity")).await.expect(200);
}

#[tokio::test]
async fn what_is_refused_for_its_headers_waits_for_no_body() {
    let app = TestApp::start().await;
    for (name, value, status) in
        [("content-length", "99999999999999", 413), ("content-encoding", "gzip", 415), ("accept", "text/html", 406)]
    {
        let request = Request::post("/dicom-web/studies")
            .header("content-type", "application/dicom")
            .header(name, value)
            .body(Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()))
            .unwrap();
        let answer = tokio::time::timeout(std::time::Duration::from_secs(5), app.send(request)).await;
        answer.expect("an answer before the body").expect(status);
    }
}

#[tokio::test]
async fn the_first_of_one_identifier_stays() {
    let app = TestApp::holding(&[image(1)]).await;
    app.store(&[image(1)]).await.expect(200);
    let other = Object { patient: "Somebody^Else", ..image(1) };
    let answer = app.store(std::slice::from_ref(&other)).await.expect(409);
    let failed = &answer.json()["00081198"]["Value"][0];
    assert_eq!((first(failed, "00081155"), first(failed, "00081197")), (image(1).instance, 0x0111.to_string()));
    app.store(&[other, image(2)]).await.expect(202);
    let kept = app.get_as(&image(1).path(), "application/dicom; transfer-syntax=*").await.expect(200);
    assert_eq!(kept.body, image(1).to_bytes());
}

/// Who corrects a header and is told that it is stored would think that it is seen (PS3.18 table I.2-1, PS3.4 table B.2-1).
#[tokio::test]
async fn who_sends_another_header_of_a_stored_instance_is_told_that_it_stays() {
    let app = TestApp::holding(&[image(1)]).await;
    let mut other = image(1).to_bytes();
    let at = memchr::memmem::find(&other, b"Tremblay^Zo").unwrap();
    other[at..at + 11].copy_from_slice(b"TREMBLAY^ZO");
    for time in ["first", "again"] {
        let answer = app.post("/studies", &related(&[other.clone()])).await.expect(202);
        let told = answer.json();
        let stored = &told["00081199"]["Value"][0];
        assert_eq!(first(stored, "00081196"), 0xB006.to_string(), "{time}");
        assert!(first(stored, "00081190").ends_with(&image(1).path()), "{time}");
        let pushed = registry::Object::from(other.clone());
        let sender = Sender::Repository(RepositoryCode::parse("local").unwrap());
        assert_eq!(Inbox::store(&app.registry, &sender, pushed).await, StoreAnswer::OtherHeader, "{time}");
    }
    let kept = app.get_as(&image(1).path(), "application/dicom; transfer-syntax=*").await.expect(200);
    assert_eq!(kept.body, image(1).to_bytes());
}

/// By C-STORE as by STOW-RS: who is told that it is stored may delete what they have.
#[tokio::test]
async fn who_pushes_another_object_under_a_stored_identifier_is_told() {
    let app = TestApp::holding(&[image(1)]).await;
    let push = |object: &Object| {
        let object = registry::Object::from(object.to_bytes());
        let sender = Sender::Repository(RepositoryCode::parse("local").unwrap());
        let registry = app.registry.clone();
        async move { Inbox::store(&registry, &sender, object).await }
    };
    assert_eq!(push(&image(1)).await, StoreAnswer::Stored, "the same again");
    assert_eq!(push(&Object { patient: "Somebody^Else", ..image(1) }).await, StoreAnswer::Duplicate);
    assert_eq!(push(&image(2)).await, StoreAnswer::Stored);
    let kept = app.get_as(&image(1).path(), "application/dicom; transfer-syntax=*").await.expect(200);
    assert_eq!(kept.body, image(1).to_bytes());
    assert_eq!(app.stored_instances().await, 3, "what is not shown is held");
    // An administrator sees it, once for the same bytes.
    assert_eq!(push(&Object { patient: "Somebody^Else", ..image(1) }).await, StoreAnswer::Duplicate);
    let access = app.registry.access();
    let permit = access.permit(&access.service(), Action::Administer, Subject::Registry).await.unwrap();
    let aside = app.registry.quarantined(&permit, 10).await.unwrap();
    assert_eq!(aside.iter().map(|one| one.attribute.as_str()).collect::<Vec<_>>(), ["SOPInstanceUID"]);
}

#[tokio::test]
async fn what_is_no_storage_is_told_by_its_reason() {
    let app = TestApp::start().await;
    let replaced = |from: &str, to: &str| {
        let mut bytes = image(1).to_bytes();
        for at in memchr::memmem::find_iter(&bytes.clone(), from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        bytes
    };
    let worklist = replaced("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.2.2");
    let jpip = rle().to_bytes();
    let mut cut = image(2).to_bytes();
    cut.truncate(cut.len() - 20);
    let answer = app.post("/studies", &related(&[worklist, cut, jpip])).await.expect(202);
    let told = answer.json();
    let failed = told["00081198"]["Value"].as_array().unwrap();
    assert_eq!(first(&failed[0], "00081197"), 0x0122.to_string());
    assert_eq!(first(&failed[1], "00081155"), image(2).instance, "what is cut is named by its meta header");
    assert_eq!(first(&failed[1], "00081197"), 0xC000.to_string());
    assert_eq!(answer.header("location"), format!("http://di.test/dicom-web{}", rle().path()));
}

/// PS3.10 §7.1: the data set is what an object is, and original bytes are kept.
#[tokio::test]
async fn an_object_that_its_meta_header_misnames_is_what_its_data_set_says() {
    let app = TestApp::start().await;
    let right = image(1).to_bytes();
    let (own, other) = (image(1).instance, image(2).instance);
    let at = right.windows(own.len()).position(|window| window == own.as_bytes()).unwrap();
    let wrong = [&right[..at], other.as_bytes(), &right[at + own.len()..]].concat();
    let told = app.post("/studies", &related(&[wrong.clone(), image(3).to_bytes()])).await.expect(200).json();
    let stored = &told["00081199"]["Value"];
    assert_eq!((first(&stored[0], "00081155"), first(&stored[0], "00081196")), (own.clone(), 0xB007.to_string()));
    assert_eq!(first(&stored[1], "00081196"), "", "of the other nothing is to be said");
    assert!(told.get("00081198").is_none());
    app.get(&image(2).path()).await.expect(404);
    let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    let given = app.get_as(&image(1).path(), accept).await.expect(200).parts().remove(0).body;
    assert!(given == wrong, "byte by byte");
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
