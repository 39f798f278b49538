//! Retrieve Instances, PS3.18 §10.4.1.1.1.

use http::Method;

use crate::app::TestApp;
use crate::objects::{EXPLICIT, RLE, SERIES, STUDY, image, implicit, pdf, rle};

const DICOM: &str = "multipart/related; type=\"application/dicom\"";

#[tokio::test]
async fn objects_come_back_byte_for_byte() {
    let app = TestApp::holding(&[image(1), image(2), rle(), pdf()]).await;
    let study = app.get_as(&format!("/studies/{STUDY}"), &format!("{DICOM}; transfer-syntax=*")).await.expect(200);
    let mut bodies: Vec<_> = study.parts().into_iter().map(|part| part.body).collect();
    let mut expected: Vec<_> = [image(1), image(2), rle(), pdf()].iter().map(|object| object.to_bytes()).collect();
    bodies.sort();
    expected.sort();
    assert!(bodies == expected);
    let series = app.get_as(&format!("/studies/{STUDY}/series/{SERIES}"), DICOM).await.expect(200).parts();
    assert_eq!(series.len(), 3);
    assert_eq!(series[0].content_type, format!("application/dicom; transfer-syntax={EXPLICIT}"));
    let one = app.get(&image(2).path()).await.expect(200).parts();
    assert!(one.len() == 1 && one[0].body == image(2).to_bytes());
}

/// PS3.18 §8.7.3.4: what does not say its transfer syntax is wanted in Explicit VR Little Endian.
#[tokio::test]
async fn who_names_no_transfer_syntax_gets_explicit_little_endian() {
    let app = TestApp::holding(&[rle(), implicit()]).await;
    for accept in [DICOM, "*/*", "multipart/related", ""] {
        let part = app.get_as(&rle().path(), accept).await.expect(200).parts().remove(0);
        assert_eq!(part.content_type, format!("application/dicom; transfer-syntax={EXPLICIT}"), "{accept}");
        assert!(part.body == image(91).to_bytes(), "{accept}");
    }
    let alone = app.get_as(&rle().path(), "application/dicom").await.expect(200);
    assert!(alone.body[..] == image(91).to_bytes()[..]);
}

/// The private attribute of the test image in UN: nobody tells its value representation in implicit VR (PS3.5 §6.2.2).
fn private_as_unknown(explicit: &[u8]) -> Vec<u8> {
    let known = b"\x09\x00\x01\x10LO\x02\x00p1";
    let at = memchr::memmem::find(explicit, known).unwrap();
    [&explicit[..at], b"\x09\x00\x01\x10UN\0\0\x02\0\0\0p1", &explicit[at + known.len()..]].concat()
}

/// PS3.18 §8.7.3: implicit VR is never used on the web, not even where every transfer syntax would do.
#[tokio::test]
async fn implicit_objects_go_out_as_explicit_ones() {
    let app = TestApp::holding(&[implicit()]).await;
    for accept in [format!("{DICOM}; transfer-syntax=*"), "*/*".to_owned()] {
        let part = app.get_as(&implicit().path(), &accept).await.expect(200).parts().remove(0);
        assert_eq!(part.content_type, format!("application/dicom; transfer-syntax={EXPLICIT}"));
        assert!(part.body == private_as_unknown(&image(92).to_bytes()));
    }
    app.get_as(&implicit().path(), &format!("{DICOM}; transfer-syntax=1.2.840.10008.1.2")).await.expect(406);
}

#[tokio::test]
async fn the_length_of_what_goes_out_as_it_lies_is_told() {
    let app = TestApp::holding(&[image(1), image(2), rle()]).await;
    for path in [format!("/studies/{STUDY}"), format!("/studies/{STUDY}/series/{SERIES}"), rle().path()] {
        let answer = app.get_as(&path, &format!("{DICOM}; transfer-syntax=*")).await.expect(200);
        assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{path}");
        assert!(answer.parts()[0].location.starts_with("http://di.test/dicom-web/studies/"));
    }
}

/// PS3.18 §8.7.8.2.
#[tokio::test]
async fn the_transfer_syntax_may_stand_beside_the_accept_parameter() {
    let app = TestApp::holding(&[rle()]).await;
    let of = |query: &str| format!("{}?accept=application%2Fdicom{query}", rle().path());
    let stored = app.get_as(&of("&transferSyntax=*"), "text/html").await.expect(200);
    assert!(stored.body[..] == rle().to_bytes()[..]);
    app.get_as(&of("&transferSyntax=1.2.840.10008.1.2.4.81"), "text/html").await.expect(406);
    app.get_as(&of("&transferSyntax=JPEG"), "text/html").await.expect(400);
    let beside_header = format!("{}?transferSyntax=*", rle().path());
    assert!(app.get_as(&beside_header, "application/dicom").await.expect(200).body[..] == rle().to_bytes()[..]);
    assert!(app.get_as(&of(""), "text/html").await.expect(200).body[..] == image(91).to_bytes()[..]);
}

#[tokio::test]
async fn one_instance_may_come_alone() {
    let app = TestApp::holding(&[image(1)]).await;
    let alone = app.get_as(&image(1).path(), "application/dicom; transfer-syntax=*").await.expect(200);
    assert!(alone.body[..] == image(1).to_bytes()[..]);
    assert_eq!(alone.header("content-length"), image(1).to_bytes().len().to_string());
    let head = app.ask(Method::HEAD, &image(1).path(), &[("accept", "application/dicom")]).await.expect(200);
    assert!(head.body.is_empty());
    app.ask(Method::GET, &image(1).path(), &[("accept", "application/dicom"), ("if-none-match", alone.header("etag"))])
        .await
        .expect(304);
    app.get_as(&format!("/studies/{STUDY}"), "application/dicom").await.expect(406);
}

#[tokio::test]
async fn the_transfer_syntax_is_what_is_stored_or_406() {
    let app = TestApp::holding(&[image(1), rle()]).await;
    app.get_as(&rle().path(), &format!("{DICOM}; transfer-syntax={RLE}")).await.expect(200);
    app.get_as(&rle().path(), &format!("{DICOM}; transfer-syntax=\"{RLE}\"")).await.expect(200);
    app.get_as(&image(1).path(), &format!("{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.81")).await.expect(406);
    app.get_as(&image(1).path(), &format!("{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.81, {DICOM};q=0.5"))
        .await
        .expect(200);
    app.get_as(&format!("/studies/{STUDY}"), "image/jpeg").await.expect(406);
    let by_parameter = format!("{}?accept=application%2Fdicom", image(1).path());
    assert_eq!(
        app.get_as(&by_parameter, "image/png").await.expect(200).header("content-type"),
        format!("application/dicom; transfer-syntax={EXPLICIT}")
    );
}

#[tokio::test]
async fn a_compressed_object_is_decoded_for_who_asks_for_explicit_little_endian() {
    let app = TestApp::holding(&[image(1), rle()]).await;
    let explicit = format!("{DICOM}; transfer-syntax={EXPLICIT}");
    let parts = app.get_as(&rle().path(), &explicit).await.expect(200).parts();
    assert_eq!(parts[0].content_type, format!("application/dicom; transfer-syntax={EXPLICIT}"));
    assert!(parts[0].body == image(91).to_bytes());
    let series = app.get_as(&format!("/studies/{STUDY}/series/{SERIES}"), &explicit).await.expect(200).parts();
    assert!(series.len() == 2 && series.iter().all(|part| part.content_type.ends_with(EXPLICIT)));
    let alone = app.get_as(&rle().path(), &format!("application/dicom; transfer-syntax={EXPLICIT}")).await.expect(200);
    assert!(alone.body[..] == image(91).to_bytes()[..]);
}

/// Also of what is rewritten the length is known once it is opened: nobody has to wait for a last chunk to know that it is whole.
#[tokio::test]
async fn one_instance_in_parts_says_its_length_in_whatever_form_it_goes_out() {
    let app = TestApp::holding(&[rle(), implicit()]).await;
    for object in [rle(), implicit()] {
        for syntax in ["*", EXPLICIT] {
            let accept = format!("{DICOM}; transfer-syntax={syntax}");
            let answer = app.get_as(&object.path(), &accept).await.expect(200);
            assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{syntax}");
            assert_eq!(answer.parts().len(), 1);
        }
    }
}
