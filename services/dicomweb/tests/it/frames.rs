//! Retrieve Frames, PS3.18 §10.4.1.1.6.

use http::Method;

use crate::app::TestApp;
use crate::objects::{EXPLICIT, RLE, frames, image, mask, pdf, rle};

#[tokio::test]
async fn frames_are_the_stored_pixels_in_every_spelling() {
    let app = TestApp::holding(&[image(1)]).await;
    let path = format!("{}/frames/1", image(1).path());
    for accept in [
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        r#"multipart/related; type="application/octet-stream"; transfer-syntax="*""#,
        r#"multipart/related; type="application/octet-stream""#,
        "*/*",
        "multipart/related;type=\"application/octet-stream\";transfer-syntax=1.2.840.10008.1.2.1",
    ] {
        let parts = app.get_as(&path, accept).await.expect(200).parts();
        assert_eq!(parts[0].body, image(1).frames[0], "{accept}");
        assert_eq!(parts[0].content_type, format!("application/octet-stream; transfer-syntax={EXPLICIT}"));
    }
    let alone = app.get_as(&path, "application/octet-stream").await.expect(200);
    assert_eq!(&alone.body[..], &image(1).frames[0][..]);
    assert_eq!((alone.header("content-length"), alone.header("accept-ranges")), ("64", "bytes"));
}

#[tokio::test]
async fn a_list_comes_in_its_own_order() {
    let app = TestApp::holding(&[frames(5)]).await;
    for list in ["4,2,2", "4%2C2%2C2"] {
        let parts = app.get(&format!("{}/frames/{list}", frames(5).path())).await.expect(200).parts();
        let bodies: Vec<_> = parts.into_iter().map(|part| part.body).collect();
        assert_eq!(bodies, [4, 2, 2].map(|n: usize| frames(5).frames[n - 1].clone()));
    }
    for (list, status) in [
        ("6", 404),
        ("1,6", 404),
        ("0", 404),
        ("1,0", 404),
        ("4294967296", 404),
        ("x", 400),
        ("1,,2", 400),
        ("-1", 400),
    ] {
        app.get(&format!("{}/frames/{list}", frames(5).path())).await.expect(status);
    }
    app.get_as(&format!("{}/frames/1,2", frames(5).path()), "application/octet-stream").await.expect(406);
    let app = TestApp::holding(&[pdf()]).await;
    app.get(&format!("{}/frames/1", pdf().path())).await.expect(404);
}

#[tokio::test]
async fn compressed_frames_go_out_as_stored_or_uncompressed_when_asked() {
    let app = TestApp::holding(&[rle()]).await;
    let path = format!("{}/frames/1", rle().path());
    let stored = app
        .get_as(&path, "multipart/related; type=application/octet-stream; transfer-syntax=*")
        .await
        .expect(200)
        .parts();
    assert_eq!(stored[0].content_type, format!("application/octet-stream; transfer-syntax={RLE}"));
    assert!(stored[0].body.starts_with(&rle().frames[0]));
    let named = app.get_as(&path, "image/dicom-rle").await.expect(200);
    assert_eq!(named.header("content-type"), format!("image/dicom-rle; transfer-syntax={RLE}"));
    let plain = app.get_as(&path, "application/octet-stream").await.expect(200);
    assert_eq!(&plain.body[..], &image(91).frames[0][..]);
    assert_eq!(plain.header("content-type"), format!("application/octet-stream; transfer-syntax={EXPLICIT}"));
    app.get_as(&path, "image/jpeg").await.expect(406);
}

#[tokio::test]
async fn a_range_of_a_frame_can_be_asked_for() {
    let app = TestApp::holding(&[image(1)]).await;
    let path = format!("{}/frames/1", image(1).path());
    let single = ("accept", "application/octet-stream");
    let part = app.ask(Method::GET, &path, &[single, ("range", "bytes=10-19")]).await.expect(206);
    assert_eq!(&part.body[..], &image(1).frames[0][10..20]);
    assert_eq!((part.header("content-range"), part.header("content-length")), ("bytes 10-19/64", "10"));
    let beyond = app.ask(Method::GET, &path, &[single, ("range", "bytes=64-")]).await.expect(416);
    assert_eq!(beyond.header("content-range"), "bytes */64");
    let tag = part.header("etag").to_owned();
    app.ask(Method::GET, &path, &[single, ("if-none-match", &tag)]).await.expect(304);
    app.ask(Method::GET, &path, &[single, ("range", "bytes=0-1"), ("if-range", "\"other\"")]).await.expect(200);
    let head = app.ask(Method::HEAD, &path, &[single]).await.expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), ("64", 0));
}

#[tokio::test]
async fn frames_of_bits_come_out_from_the_first_bit_on() {
    let mask = mask();
    let app = TestApp::holding(std::slice::from_ref(&mask)).await;
    for (at, frame) in mask.frames.iter().enumerate() {
        let path = format!("{}/frames/{}", mask.path(), at + 1);
        let body = app.get_as(&path, "application/octet-stream").await.expect(200).body;
        let packed = frame.chunks(8).map(|bits| bits.iter().rev().fold(0u8, |byte, bit| byte << 1 | bit));
        assert_eq!(body, packed.collect::<Vec<_>>(), "frame {}: nothing of its neighbour", at + 1);
    }
}

const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";
const HTJ2K: &str = "1.2.840.10008.1.2.4.201";
const HTJ2K_RPCL: &str = "1.2.840.10008.1.2.4.202";

/// The samples of a 16-bit grey frame, 8 columns and 4 rows.
pub(crate) async fn samples(frame: &[u8], syntax: &str) -> Vec<u8> {
    let us = |value: u16| serde_json::json!({"vr": "US", "Value": [value]});
    let header = serde_json::json!({
        "00280002": us(1), "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": us(4), "00280011": us(8),
        "00280100": us(16), "00280101": us(16), "00280102": us(15), "00280103": us(0),
    });
    let image = transcode::ImageDescription::from_json(header.as_object().unwrap(), syntax, 1).unwrap();
    let transcoder = crate::app::transcoder();
    transcoder.decode(&image, frame.to_vec().into()).await.unwrap().samples.to_vec()
}

#[tokio::test]
async fn frames_are_compressed_without_loss_for_who_takes_no_other_form() {
    if crate::app::codec_worker().is_none() {
        eprintln!("NOT TESTED: the codec worker is built with the tests of the workspace only");
        return;
    }
    let app = TestApp::holding(&[image(1), rle(), frames(3)]).await;
    let plain = format!("{}/frames/1", image(1).path());
    for (media_type, syntax) in [
        ("image/jls", JPEG_LS),
        ("image/dicom-rle", RLE),
        ("image/jp2", JPEG_2000),
        ("image/jphc", HTJ2K),
        ("image/jphc", HTJ2K_RPCL),
    ] {
        let named = format!("{media_type}; transfer-syntax={syntax}");
        let media_type = if syntax == HTJ2K_RPCL { &named } else { media_type };
        for accept in [media_type, &named] {
            let alone = app.get_as(&plain, accept).await.expect(200);
            assert_eq!(alone.header("content-type"), named);
            assert_eq!(samples(&alone.body, syntax).await, image(1).frames[0], "{accept}");
        }
        let parts = app.get_as(&plain, &format!("multipart/related; type={media_type}")).await.expect(200).parts();
        assert_eq!(parts[0].content_type, named);
        assert_eq!(samples(&parts[0].body, syntax).await, image(1).frames[0]);
    }
    // From another compressed form, and several of them in their order.
    let stored = app.get_as(&format!("{}/frames/1", rle().path()), "image/jls").await.expect(200);
    assert_eq!(samples(&stored.body, JPEG_LS).await, image(91).frames[0]);
    let many = format!("{}/frames/3,1", frames(3).path());
    let parts = app.get_as(&many, "multipart/related; type=image/jls").await.expect(200).parts();
    for (part, number) in parts.iter().zip([3, 1]) {
        assert_eq!(samples(&part.body, JPEG_LS).await, frames(3).frames[number - 1]);
    }
    app.get_as(&many, "image/jls").await.expect(406);
    // Of what is liked alike what costs less goes first, and what is lossy or not made here is no answer.
    let either = app.get_as(&plain, "image/jls, application/octet-stream").await.expect(200);
    assert_eq!(&either.body[..], &image(1).frames[0][..]);
    let better = app.get_as(&plain, "image/jls, application/octet-stream;q=0.5").await.expect(200);
    assert_eq!(samples(&better.body, JPEG_LS).await, image(1).frames[0]);
    for refused in ["image/jls; transfer-syntax=1.2.840.10008.1.2.4.81", "image/jp2; transfer-syntax=*", "image/jpeg"] {
        app.get_as(&plain, refused).await.expect(406);
    }
}

#[tokio::test]
async fn an_encoded_frame_has_a_tag_of_its_own() {
    let app = TestApp::holding(&[image(1)]).await;
    let path = format!("{}/frames/1", image(1).path());
    let encoded = app.get_as(&path, "image/dicom-rle").await.expect(200);
    let tag = encoded.header("etag").to_owned();
    let plain = app.get_as(&path, "application/octet-stream").await.expect(200);
    assert_ne!(plain.header("etag"), tag);
    app.ask(Method::GET, &path, &[("accept", "image/dicom-rle"), ("if-none-match", &tag)]).await.expect(304);
}
