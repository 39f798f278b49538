//! URI Service, PS3.18 chapter 9.

use crate::app::TestApp;
use crate::objects::{STUDY, frames, image, report, rle, state};

fn query(object: &crate::objects::Object, rest: &str) -> String {
    format!(
        "?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}{rest}",
        object.study, object.series, object.instance
    )
}

#[tokio::test]
async fn an_object_or_a_picture_is_named_by_parameters() {
    let app = TestApp::holding(&[image(1), frames(3), report()]).await;
    let object = app.get(&query(&image(1), "&contentType=application%2Fdicom")).await.expect(200);
    assert!(object.body[..] == image(1).to_bytes()[..] && object.header("content-type") == "application/dicom");
    let picture = app.get(&query(&image(1), "")).await.expect(200);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    let png =
        query(&frames(3), "&contentType=image/png&frameNumber=2&windowCenter=100&windowWidth=50&rows=16&columns=16");
    let png = app.get(&png).await.expect(200);
    assert!(png.body.starts_with(b"\x89PNG"));
    let html = app.get(&query(&report(), "&contentType=text/html")).await.expect(200);
    assert!(html.header("content-type").starts_with("text/html"));
}

/// PS3.18 §9.4.2.4 and §8.7.3.5.2.
#[tokio::test]
async fn an_object_comes_in_explicit_little_endian_unless_another_syntax_is_named() {
    let app = TestApp::holding(&[rle()]).await;
    let of = |rest: &str| query(&rle(), &format!("&contentType=application%2Fdicom{rest}"));
    let answer = app.get(&of("")).await.expect(200);
    assert!(answer.body[..] == image(91).to_bytes()[..] && answer.header("content-type") == "application/dicom");
    let stored = app.get(&of("&transferSyntax=1.2.840.10008.1.2.5")).await.expect(200);
    assert!(stored.body[..] == rle().to_bytes()[..] && stored.header("content-type") == "application/dicom");
    app.ask(http::Method::GET, &of(""), &[("if-none-match", answer.header("etag"))]).await.expect(304);
    app.get(&of("&transferSyntax=1.2.840.10008.1.2.4.81")).await.expect(406);
    let app = TestApp::holding(&[image(1)]).await;
    let of = |syntax: &str| query(&image(1), &format!("&contentType=application%2Fdicom&transferSyntax={syntax}"));
    let encoded = app.get(&of("1.2.840.10008.1.2.5")).await.expect(200);
    assert!(encoded.body.windows(20).any(|at| at == b"1.2.840.10008.1.2.5\0"));
    assert_ne!(encoded.header("etag"), app.get(&of("1.2.840.10008.1.2.1")).await.expect(200).header("etag"));
}

#[tokio::test]
async fn text_is_answered_in_utf_8_or_not_at_all() {
    let app = TestApp::holding(&[report()]).await;
    app.get(&query(&report(), "&contentType=text/html&charset=ISO-8859-1")).await.expect(406);
    app.get(&query(&report(), "&contentType=text/html&charset=ISO-8859-1,UTF-8")).await.expect(200);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = TestApp::holding(&[image(1), frames(3)]).await;
    for (query, status) in [
        ("?requestType=OTHER".to_owned(), 400),
        ("?requestType=WADO&studyUID=1.2".to_owned(), 400),
        (format!("?requestType=WADO&studyUID={STUDY}&seriesUID=x&objectUID=1.2"), 400),
        (query(&image(1), "&anonymize=yes"), 400),
        (query(&image(1), "&windowCenter=1"), 400),
        (query(&image(1), "&frameNumber=0"), 400),
        (query(&image(1), "&frameNumber=1"), 400),
        (query(&frames(3), "&frameNumber=4"), 400),
        (query(&frames(3), "&frameNumber=1&frameNumber=2"), 400),
        (query(&frames(3), "&frameNumber=3"), 200),
        (format!("?studyUID={STUDY}&seriesUID=1.2&objectUID=1.2"), 400),
        (query(&image(1), "&contentType=application/dicom&transferSyntax=x"), 400),
        (query(&frames(3), "&contentType=application/dicom&frameNumber=2"), 400),
        (query(&frames(3), "&contentType=application/dicom&rows=16&windowCenter=1&windowWidth=2"), 200),
        (query(&image(1), "&annotation=patient&imageAnnotation=patient"), 400),
        (query(&image(1), "&imageAnnotation=all"), 400),
        (query(&image(1), "&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2"), 406),
        (query(&image(7), ""), 404),
        (query(&image(1), "&contentType=text/css"), 406),
        (query(&image(1), "&region=0,0,2,1"), 400),
        (query(&image(1), "&region=0,0,0.5,0.5"), 200),
        (query(&image(1), "&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.4.81"), 406),
    ] {
        app.get(&query).await.expect(status);
    }
}

/// Editions of the standard have two names for it.
#[tokio::test]
async fn an_image_is_annotated_by_either_name_of_the_parameter() {
    let app = TestApp::holding(&[image(1)]).await;
    let of = |rest: &'static str| query(&image(1), &format!("&contentType=image/png&rows=256&columns=256{rest}"));
    let plain = app.get(&of("")).await.expect(200).body;
    let annotated = app.get(&of("&annotation=patient")).await.expect(200).body;
    assert_ne!(plain, annotated);
    assert_eq!(app.get(&of("&imageAnnotation=patient")).await.expect(200).body, annotated);
    assert_eq!(app.get(&of("&imageannotation=patient,technique")).await.expect(200).status, 200);
}

#[tokio::test]
async fn an_image_is_shown_with_a_presentation_state() {
    let app = TestApp::holding(&[image(1), image(2), state()]).await;
    let with =
        format!("&contentType=image/png&presentationSeriesUID={}&presentationUID={}", state().series, state().instance);
    let shown = app.get(&query(&image(1), &with)).await.expect(200);
    let rendered = app.get_as(&format!("{}/rendered", state().path()), "image/png").await.expect(200);
    assert!(shown.body == rendered.body);
    let itself = app.get(&query(&state(), "&contentType=image/png")).await.expect(200);
    assert!(itself.body == rendered.body);
    for (path, parameter) in [
        (query(&image(2), &with), "presentationUID"),
        (query(&image(1), &format!("{with}&windowCenter=1&windowWidth=5")), "windowCenter"),
        (query(&image(1), &format!("{with}&region=0,0,0.5,0.5")), "region"),
        (query(&image(1), "&presentationUID=1.2"), "presentationSeriesUID"),
    ] {
        assert_eq!(app.get(&path).await.expect(400).json()["parameter"], parameter);
    }
}
