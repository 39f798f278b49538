//! Retrieve Bulk Data and Pixel Data, PS3.18 §10.4.1.1.5 and §10.4.1.1.6.

use http::Method;

use crate::app::{Part, TestApp};
use crate::objects::{
    EXPLICIT, Object, PDF, SERIES, STUDY, big_endian_bytes, frames, image, implicit, pdf, rle, video,
};

const BYTES: &str = "multipart/related; type=\"application/octet-stream\"";

/// Where the parts are, and what they hold.
fn told(parts: Vec<Part>) -> Vec<(String, Vec<u8>)> {
    parts.into_iter().map(|part| (part.location, part.body)).collect()
}

fn uri(object: &crate::objects::Object) -> String {
    format!("http://di.test/dicom-web{}/bulkdata/7FE00010", object.path())
}

#[tokio::test]
async fn all_bulk_data_of_every_level_come_by_the_addresses_in_the_metadata() {
    let app = TestApp::holding(&[image(1), frames(3), pdf()]).await;
    let expected = vec![(uri(&image(1)), image(1).frames[0].clone()), (uri(&frames(3)), frames(3).frames.concat())];
    for path in [format!("/studies/{STUDY}"), format!("/studies/{STUDY}/series/{SERIES}")] {
        for end in ["/bulkdata", "/pixeldata", ""] {
            let answer = app.get_as(&format!("{path}{end}"), BYTES).await.expect(200);
            assert!(answer.header("content-type").starts_with(BYTES), "{path}{end}");
            assert_eq!(told(answer.parts()), expected, "{path}{end}");
        }
    }
    for end in ["/bulkdata", "/pixeldata", ""] {
        let one = app.get_as(&format!("{}{end}", frames(3).path()), BYTES).await.expect(200);
        assert_eq!(told(one.parts()), expected[1..], "{end}");
    }
    // Its only value is small enough to stand in the metadata.
    app.get_as(&format!("{}/bulkdata", pdf().path()), BYTES).await.expect(404);
    app.get_as(&format!("{}/pixeldata", pdf().path()), BYTES).await.expect(404);
    app.get_as(&format!("/studies/{STUDY}/series/1.2.3/bulkdata"), BYTES).await.expect(404);
}

#[tokio::test]
async fn a_search_gives_the_same_addresses() {
    let app = TestApp::holding(&[image(1)]).await;
    let rows = app.get(&format!("/studies/{STUDY}/instances?includefield=7FE00010")).await.expect(200).json();
    assert_eq!(rows[0]["7FE00010"]["BulkDataURI"], uri(&image(1)));
}

#[tokio::test]
async fn a_value_that_stands_in_the_metadata_can_be_had_alone_too() {
    let app = TestApp::holding(&[pdf()]).await;
    let value =
        app.get_as(&format!("{}/bulkdata/00420011", pdf().path()), "application/octet-stream").await.expect(200);
    assert_eq!(&value.body[..], PDF);
}

#[tokio::test]
async fn compressed_pixel_data_are_decoded_or_come_frame_by_frame() {
    let app = TestApp::holding(&[rle()]).await;
    for path in [format!("{}/bulkdata/7FE00010", rle().path()), format!("{}/pixeldata", rle().path())] {
        let decoded = app.get_as(&path, "application/octet-stream").await.expect(200);
        assert_eq!(&decoded.body[..], &image(91).frames[0][..]);
        assert_eq!(decoded.header("content-type"), format!("application/octet-stream; transfer-syntax={EXPLICIT}"));
        let part = app.get_as(&path, BYTES).await.expect(200).parts().remove(0);
        assert_eq!((part.location, part.body), (uri(&rle()), image(91).frames[0].clone()));
        let stored = app.get_as(&path, "multipart/related; type=\"image/dicom-rle\"").await.expect(200);
        assert!(stored.header("content-type").starts_with("multipart/related; type=\"image/dicom-rle\""));
        assert!(stored.parts()[0].body.starts_with(&rle().frames[0]));
        app.get_as(&path, "image/jpeg").await.expect(406);
    }
    let all = app.get_as(&format!("/studies/{STUDY}/bulkdata"), "multipart/related; type=\"image/dicom-rle\"").await;
    assert!(all.expect(200).parts()[0].body.starts_with(&rle().frames[0]));
    app.get_as(&format!("/studies/{STUDY}/bulkdata"), "multipart/related; type=\"image/jpeg\"").await.expect(406);
    app.get_as(&format!("/studies/{STUDY}/bulkdata"), "text/html").await.expect(406);
}

/// §8.5: what is left out is told before anything is sent.
#[tokio::test]
async fn what_has_no_acceptable_form_is_left_out_and_told() {
    let damaged = Object { frames: vec![vec![0; 70]], instance: format!("{SERIES}.96"), ..rle() };
    let app = TestApp::holding(&[image(1), rle(), video(), damaged, pdf()]).await;
    let rle = "multipart/related; type=\"image/dicom-rle\"";
    // What is stored otherwise is not encoded into it.
    let rle_alone = format!("{rle}; transfer-syntax=*");
    let nothing = "multipart/related; type=\"image/jpeg\"";
    let either = format!("{rle}, multipart/related; type=\"video/mp4\", {BYTES}");
    for level in [format!("/studies/{STUDY}"), format!("/studies/{STUDY}/series/{SERIES}")] {
        for end in ["/bulkdata", "/pixeldata"] {
            let path = format!("{level}{end}");
            for (accept, parts, left_out) in
                [(BYTES, 2, 2), (&*rle_alone, 2, 2), (rle, 3, 1), ("multipart/related; type=\"video/*\"", 1, 3)]
            {
                let some = app.get_as(&path, accept).await.expect(206);
                let warning = format!("{left_out} instances have bulk data of no acceptable form, which are left out.");
                assert!(some.header("warning").ends_with(&warning), "{path} {accept}: {}", some.header("warning"));
                assert_eq!(some.parts().len(), parts, "{path} {accept}");
            }
            for accept in [&either, "*/*", "multipart/related; type=\"*/*\"; transfer-syntax=*"] {
                let all = app.get_as(&path, accept).await.expect(200);
                assert_eq!((all.header("warning"), all.parts().len()), ("", 4), "{path} {accept}");
            }
            app.get_as(&path, nothing).await.expect(406);
        }
    }
    let one = format!("{}/bulkdata", video().path());
    app.get_as(&one, BYTES).await.expect(406);
    assert_eq!(app.get_as(&one, "*/*").await.expect(200).parts().len(), 1);
}

/// A frame that can't be decoded is told in the status of a short answer, wherever it stands.
#[tokio::test]
async fn a_late_frame_that_is_damaged_is_told_before_anything_is_sent() {
    let late = Object { frames: vec![rle().frames[0].clone(), vec![0; 70]], ..rle() };
    let app = TestApp::holding(std::slice::from_ref(&late)).await;
    for end in ["/bulkdata/7FE00010", "/pixeldata"] {
        let path = format!("{}{end}", late.path());
        app.get_as(&path, "application/octet-stream").await.expect(406);
        app.get_as(&path, BYTES).await.expect(406);
        assert_eq!(app.get_as(&path, "multipart/related; type=\"image/dicom-rle\"").await.expect(200).parts().len(), 2);
    }
    app.get_as(&format!("/studies/{STUDY}/pixeldata"), BYTES).await.expect(406);
    let explicit = format!("application/dicom; transfer-syntax={EXPLICIT}");
    app.get_as(&late.path(), &explicit).await.expect(406);
    app.get_as(&late.path(), &format!("multipart/related; type=\"application/dicom\"; transfer-syntax={EXPLICIT}"))
        .await
        .expect(406);
    let stored = app.get_as(&late.path(), "application/dicom").await.expect(200);
    assert_eq!(stored.body[..], late.to_bytes()[..], "who leaves it to us gets it as it came");
}

/// It can't be uncompressed, so that `*/*` means what it is.
#[tokio::test]
async fn a_video_goes_out_under_its_own_name_to_who_takes_anything() {
    let app = TestApp::holding(&[video()]).await;
    let named = "video/mp4; transfer-syntax=1.2.840.10008.1.2.4.102";
    for end in ["/bulkdata/7FE00010", "/pixeldata"] {
        let path = format!("{}{end}", video().path());
        for accept in ["*/*", "video/mp4", "video/*"] {
            let answer = app.get_as(&path, accept).await.expect(200);
            let (content_type, body) = match answer.header("content-type").starts_with("multipart") {
                true => answer.parts().into_iter().map(|part| (part.content_type, part.body)).next().unwrap(),
                false => (answer.header("content-type").to_owned(), answer.body.to_vec()),
            };
            assert_eq!(content_type, named, "{end} {accept}");
            assert!(body.starts_with(&video().frames[0]), "{end} {accept}");
        }
        app.get_as(&path, "application/octet-stream").await.expect(406);
    }
}

#[tokio::test]
async fn a_range_of_pixel_data_is_read_where_it_lies() {
    let app = TestApp::holding(&[frames(3), rle(), implicit()]).await;
    let whole = frames(3).frames.concat();
    let single = ("accept", "application/octet-stream");
    for (path, whole) in [
        (format!("{}/bulkdata/7FE00010", frames(3).path()), &whole),
        (format!("{}/pixeldata", implicit().path()), &image(92).frames[0]),
        (format!("{}/bulkdata/7FE00010", rle().path()), &image(91).frames[0]),
    ] {
        let all = app.ask(Method::GET, &path, &[single]).await.expect(200);
        assert_eq!((all.header("accept-ranges"), all.header("content-length")), ("bytes", &*whole.len().to_string()));
        assert_eq!(&all.body[..], &whole[..]);
        let part = app.ask(Method::GET, &path, &[single, ("range", "bytes=10-53")]).await.expect(206);
        assert_eq!(&part.body[..], &whole[10..54], "{path}");
        assert_eq!(part.header("content-range"), format!("bytes 10-53/{}", whole.len()));
        assert_eq!(part.header("content-length"), "44");
        app.ask(Method::GET, &path, &[single, ("range", "bytes=9999-")]).await.expect(416);
        app.ask(Method::GET, &path, &[single, ("if-none-match", all.header("etag"))]).await.expect(304);
    }
}

/// PS3.5 §8.1.1: a value of odd length is padded, and the padding is of the value.
#[tokio::test]
async fn native_pixel_data_come_as_the_whole_value() {
    let bytes = Object { syntax: EXPLICIT, ..big_endian_bytes() };
    let app = TestApp::holding(std::slice::from_ref(&bytes)).await;
    let padded = [bytes.frames.concat(), vec![0]].concat();
    for end in ["/bulkdata/7FE00010", "/pixeldata"] {
        let path = format!("{}{end}", bytes.path());
        assert_eq!(app.get_as(&path, "application/octet-stream").await.expect(200).body[..], padded[..]);
        assert_eq!(app.get_as(&path, BYTES).await.expect(200).parts()[0].body, padded);
    }
}

#[tokio::test]
async fn frames_of_a_bulk_value_have_addresses_below_it() {
    let app = TestApp::holding(&[frames(3)]).await;
    let path = format!("{}/bulkdata/7FE00010/frames/2", frames(3).path());
    let frame = app.get_as(&path, "application/octet-stream").await.expect(200);
    assert_eq!(&frame.body[..], &frames(3).frames[1][..]);
    app.get(&format!("{}/bulkdata/7FE00010/frames/4", frames(3).path())).await.expect(404);
    app.get(&format!("{}/bulkdata/00420011/frames/1", frames(3).path())).await.expect(404);
}

/// The same negotiation as for frames: of what is liked alike, what costs less; and who takes no other form gets what is made for it.
#[tokio::test]
async fn pixel_data_are_compressed_without_loss_for_who_takes_no_other_form() {
    if crate::app::codec_worker().is_none() {
        eprintln!("NOT TESTED: the codec worker is built with the tests of the workspace only");
        return;
    }
    let lossy = Object { syntax: "1.2.840.10008.1.2.4.50", instance: format!("{SERIES}.97"), ..rle() };
    let app = TestApp::holding(&[image(1), rle(), frames(3), lossy.clone()]).await;
    let syntax = "1.2.840.10008.1.2.4.80";
    let (named, related) = (format!("image/jls; transfer-syntax={syntax}"), "multipart/related; type=\"image/jls\"");
    for end in ["/bulkdata/7FE00010", "/pixeldata"] {
        for (object, stored) in [(image(1), &image(1).frames[0]), (rle(), &image(91).frames[0])] {
            let path = format!("{}{end}", object.path());
            let alone = app.get_as(&path, "image/jls").await.expect(200);
            assert_eq!(alone.header("content-type"), named, "{path}");
            assert_eq!(crate::frames::samples(&alone.body, syntax).await, *stored, "{path}");
            app.ask(Method::GET, &path, &[("accept", "image/jls"), ("if-none-match", alone.header("etag"))])
                .await
                .expect(304);
            let either = app.get_as(&path, "image/jls, application/octet-stream").await.expect(200);
            assert_eq!(either.body[..], stored[..], "{path}");
        }
        let path = format!("{}{end}", frames(3).path());
        let parts = app.get_as(&path, related).await.expect(200).parts();
        assert_eq!(parts.len(), 3, "{path}");
        for (number, part) in (1..).zip(&parts) {
            assert_eq!((&part.content_type, &part.location), (&named, &format!("{}/frames/{number}", uri(&frames(3)))));
            assert_eq!(crate::frames::samples(&part.body, syntax).await, frames(3).frames[number - 1], "{path}");
        }
        app.get_as(&path, "image/jls").await.expect(406);
        let lossy = format!("{}{end}", lossy.path());
        app.get_as(&lossy, "image/jls").await.expect(406);
        app.get_as(&path, "multipart/related; type=\"image/jls\"; transfer-syntax=1.2.840.10008.1.2.4.81")
            .await
            .expect(406);
    }
    for level in [format!("/studies/{STUDY}"), format!("/studies/{STUDY}/series/{SERIES}")] {
        let some = app.get_as(&format!("{level}/pixeldata"), related).await.expect(206);
        assert!(some.header("warning").contains(" 1 instances have bulk data of no acceptable form"), "the lossy one");
        assert_eq!(some.parts().len(), 5, "{level}");
    }
}
