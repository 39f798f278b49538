//! Objects compressed without loss for who names a transfer syntax that they are not stored in: PS3.18 §8.7.3.5.

use crate::app::{TestApp, codec_worker, related};
use crate::objects::{EXPLICIT, Object, RLE, SERIES, STUDY, frames, image, mask, pdf, rle};

const DICOM: &str = "multipart/related; type=\"application/dicom\"";
const LOSSLESS: [&str; 5] =
    [RLE, "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202"];

fn no_worker() -> bool {
    let absent = codec_worker().is_none();
    if absent {
        eprintln!("NOT TESTED: the codec worker is built with the tests of the workspace only");
    }
    absent
}

/// The object as it comes out in Explicit VR Little Endian of a service that holds it alone, in the form in which it is sent here.
async fn back(object: &Object, sent: &[u8]) -> Vec<u8> {
    let app = TestApp::start().await;
    app.post("/studies", &related(&[sent.to_vec()])).await.expect(200);
    let explicit = format!("application/dicom; transfer-syntax={EXPLICIT}");
    app.get_as(&object.path(), &explicit).await.expect(200).body.to_vec()
}

#[tokio::test]
async fn an_object_is_encoded_without_loss_for_who_names_the_syntax() {
    if no_worker() {
        return;
    }
    let app = TestApp::holding(&[image(1), frames(3), rle()]).await;
    for syntax in LOSSLESS {
        let accept = format!("{DICOM}; transfer-syntax={syntax}");
        let parts = app.get_as(&format!("/studies/{STUDY}/series/{SERIES}"), &accept).await.expect(200).parts();
        assert_eq!(parts.len(), 3);
        for part in &parts {
            assert_eq!(part.content_type, format!("application/dicom; transfer-syntax={syntax}"));
        }
        for (object, plain) in [(image(1), image(1)), (frames(3), frames(3)), (rle(), image(91))] {
            let part = parts.iter().find(|part| part.location.ends_with(&object.instance)).unwrap();
            assert!(back(&object, &part.body).await == plain.to_bytes(), "{syntax} of {}", object.number);
        }
        let alone = app.get_as(&image(1).path(), &format!("application/dicom; transfer-syntax={syntax}")).await;
        let alone = alone.expect(200);
        assert!(parts.iter().any(|part| part.body[..] == alone.body[..]));
        assert_eq!(alone.header("content-length"), alone.body.len().to_string());
        let again = [("accept", "application/dicom; transfer-syntax=*"), ("if-none-match", alone.header("etag"))];
        app.ask(http::Method::GET, &image(1).path(), &again).await.expect(200);
    }
}

#[tokio::test]
async fn what_has_no_pixels_is_sent_beside_them_as_it_is() {
    let app = TestApp::holding(&[image(1), pdf()]).await;
    let accept = format!("{DICOM}; transfer-syntax={RLE}");
    let parts = app.get_as(&format!("/studies/{STUDY}"), &accept).await.expect(200).parts();
    assert_eq!(parts.iter().filter(|part| part.content_type.ends_with(RLE)).count(), 1);
    assert!(parts.iter().any(|part| part.body == pdf().to_bytes()));
    app.get_as(&pdf().path(), &accept).await.expect(406);
}

#[tokio::test]
async fn what_a_syntax_can_not_hold_is_406_in_words() {
    let app = TestApp::holding(&[image(1), mask()]).await;
    let accept = format!("{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.80");
    for path in [mask().path(), format!("/studies/{STUDY}")] {
        let refused = app.get_as(&path, &accept).await.expect(406);
        assert!(String::from_utf8_lossy(&refused.body).contains("1.2.840.10008.1.2.4.80"));
    }
    // Another form that the caller takes is looked for first.
    let either = app.get_as(&mask().path(), &format!("{accept}, {DICOM};q=0.5")).await.expect(200).parts();
    assert!(either[0].body == mask().to_bytes());
    // What is made of several syntaxes that nobody encodes is refused as before.
    for other in ["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.203"] {
        app.get_as(&image(1).path(), &format!("{DICOM}; transfer-syntax={other}")).await.expect(406);
    }
}
