//! Retrieve Rendered and Retrieve Thumbnail, PS3.18 §10.4.1.1.3 and §10.4.1.1.4.

use http::Method;

use crate::app::{Answer, TestApp, related};
use crate::objects::{
    Object, PDF, SERIES, STUDY, big_endian_bytes, cda, frames, image, mask, pdf, plan, report, rle, state,
    state_of_frames,
};

/// Width, height and 8-bit pixels of a PNG image.
fn png(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

fn png_size(answer: &Answer) -> (u32, u32) {
    assert_eq!(answer.header("content-type"), "image/png");
    let (width, height, _) = png(&answer.body);
    (width, height)
}

fn rendered(object: &Object) -> String {
    format!("{}/rendered", object.path())
}

#[tokio::test]
async fn an_image_is_rendered_in_the_form_and_size_that_is_wanted() {
    let app = TestApp::holding(&[image(1)]).await;
    let path = rendered(&image(1));
    let jpeg = app.get_as(&path, "image/jpeg").await.expect(200);
    assert!(jpeg.header("content-type") == "image/jpeg" && jpeg.body.starts_with(&[0xff, 0xd8, 0xff]));
    assert!(app.get(&path).await.expect(200).body == jpeg.body, "JPEG is the default");
    assert!(app.get_as(&path, "image/gif").await.expect(200).body.starts_with(b"GIF89a"));
    assert_eq!(png_size(&app.get_as(&path, "image/png").await.expect(200)), (8, 4));
    assert_eq!(png_size(&app.get_as(&format!("{path}?viewport=16%2C16"), "image/png").await.expect(200)), (16, 8));
    let window = format!("{path}?window=40,400,linear&quality=50&annotation=patient&iccprofile=no");
    app.get_as(&window, "image/png").await.expect(200);
    let parts = app.get_as(&path, "multipart/related; type=\"image/png\"").await.expect(200).parts();
    assert_eq!(parts.iter().map(|part| part.content_type.as_str()).collect::<Vec<_>>(), ["image/png"]);
    app.get_as(&path, "image/webp").await.expect(406);
}

/// Frames that don't begin at a byte or a word of their own: PS3.5 §8.1.1 and §8.2.
#[tokio::test]
async fn frames_that_share_bytes_or_words_are_rendered_each_as_it_is() {
    let (mask, bytes) = (mask(), big_endian_bytes());
    let app = TestApp::holding(&[mask.clone(), bytes.clone()]).await;
    for (object, window, white) in [(&mask, "1,1,linear-exact", 255), (&bytes, "127.5,255,linear-exact", 1)] {
        for (at, frame) in object.frames.iter().enumerate() {
            let path = format!("{}/frames/{}/rendered?window={window}", object.path(), at + 1);
            let (_, _, pixels) = png(&app.get_as(&path, "image/png").await.expect(200).body);
            let expected: Vec<u8> = frame.iter().map(|sample| sample * white).collect();
            // A window of width 1 around 1 begins at one half.
            let shown = |pixel: &u8| if white == 255 { u8::from(*pixel > 100) * 255 } else { *pixel };
            assert_eq!(pixels.iter().map(shown).collect::<Vec<_>>(), expected, "frame {}", at + 1);
        }
        app.get_as(&rendered(object), "image/gif").await.expect(200);
    }
}

#[tokio::test]
async fn a_region_may_leave_values_out_and_be_turned_round() {
    let app = TestApp::holding(&[image(1)]).await;
    let pixels = |query: &str| {
        let path = format!("{}?window=112,225,linear-exact&{query}", rendered(&image(1)));
        let app = &app;
        async move { png(&app.get_as(&path, "image/png").await.expect(200).body) }
    };
    let (_, _, whole) = pixels("").await;
    let (width, height, cut) = pixels("viewport=4,2,,,4,2").await;
    assert_eq!((width, height, &cut[..]), (4, 2, &[&whole[..4], &whole[8..12]].concat()[..]));
    let (_, _, right) = pixels("viewport=4,2,4,2").await;
    assert_eq!(right, [&whole[20..24], &whole[28..32]].concat());
    let (_, _, mirrored) = pixels("viewport=8,4,0,0,-8,4").await;
    assert!(mirrored[..8].iter().eq(whole[..8].iter().rev()));
    app.get(&format!("{}?viewport=4,4,100,100,5,5", rendered(&image(1)))).await.expect(400);
}

#[tokio::test]
async fn what_was_rendered_is_not_sent_twice_and_needs_no_body_for_its_head() {
    let app = TestApp::holding(&[image(1)]).await;
    let path = rendered(&image(1));
    let first = app.get(&path).await.expect(200);
    let tag = first.header("etag").to_owned();
    assert!(!tag.is_empty());
    app.ask(Method::GET, &path, &[("if-none-match", &tag)]).await.expect(304);
    assert_ne!(app.get(&format!("{path}?window=40,50,linear")).await.expect(200).header("etag"), tag);
    let head = app.ask(Method::HEAD, &path, &[]).await.expect(200);
    assert!(head.body.is_empty() && head.header("content-length") == first.body.len().to_string());
}

#[tokio::test]
async fn a_profile_goes_with_the_picture_when_it_is_asked_for() {
    let app = TestApp::holding(&[image(1)]).await;
    let holds = |body: &[u8], what: &[u8]| body.windows(what.len()).any(|window| window == what);
    for (accept, chunk) in [("image/jpeg", &b"ICC_PROFILE"[..]), ("image/png", b"iCCP")] {
        for (value, wanted) in
            [("", false), ("?iccprofile=no", false), ("?iccprofile=yes", true), ("?iccprofile=rommrgb", true)]
        {
            let answer = app.get_as(&format!("{}{value}", rendered(&image(1))), accept).await.expect(200);
            assert_eq!(holds(&answer.body, chunk), wanted, "{accept} {value}");
        }
    }
    let gif = app.get_as(&format!("{}?iccprofile=yes", rendered(&image(1))), "image/gif").await.expect(400);
    assert_eq!(gif.json()["parameter"], "iccprofile");
}

#[tokio::test]
async fn annotations_are_burnt_in() {
    let app = TestApp::holding(&[image(1)]).await;
    let pixels = |query: &str| {
        let path = format!("{}?viewport=600,300&window=5000,1,linear{query}", rendered(&image(1)));
        let app = &app;
        async move { png(&app.get_as(&path, "image/png").await.expect(200).body).2 }
    };
    assert!(pixels("").await.iter().all(|&pixel| pixel == 0), "nothing is written unasked");
    let lit = |pixels: &[u8], rows: std::ops::Range<usize>| {
        pixels[rows.start * 600..rows.end * 600].iter().filter(|&&pixel| pixel > 150).count()
    };
    let patient = pixels("&annotation=patient").await;
    assert!(lit(&patient, 0..75) > 50 && lit(&patient, 80..300) == 0);
    let both = pixels("&annotation=patient,technique").await;
    assert!(lit(&both, 0..75) > 50 && lit(&both, 80..220) == 0 && lit(&both, 225..300) > 50);
}

#[tokio::test]
async fn frames_are_rendered_one_by_one() {
    let app = TestApp::holding(&[frames(3)]).await;
    let path = rendered(&frames(3));
    for accept in ["image/gif", "*/*"] {
        let animation = app.get_as(&path, accept).await.expect(200);
        assert_eq!(animation.header("content-type"), "image/gif");
        let mut decoder = gif::Decoder::new(animation.body.as_ref()).unwrap();
        let mut count = 0;
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            assert_eq!((frame.width, frame.height, frame.delay), (8, 4, 10));
            count += 1;
        }
        assert_eq!(count, 3);
    }
    assert_eq!(app.get_as(&path, "image/jpeg").await.expect(200).header("content-type"), "image/jpeg");
    let parts = app.get_as(&path, "multipart/related; type=\"image/png\"").await.expect(200).parts();
    assert_eq!(parts.len(), 3);
    let frames_of = |list: &str| format!("{}/frames/{list}/rendered", frames(3).path());
    assert_eq!(png_size(&app.get_as(&frames_of("2"), "image/png").await.expect(200)), (8, 4));
    app.get_as(&frames_of("1,3"), "image/png").await.expect(406);
    assert_eq!(app.get(&frames_of("1,3")).await.expect(200).parts().len(), 2);
    let either = "image/png, multipart/related; type=\"image/png\";q=0.5";
    let several = app.get_as(&frames_of("1,3"), either).await.expect(200);
    assert_eq!(several.parts().iter().filter(|part| part.content_type == "image/png").count(), 2);
    assert!(app.get_as(&frames_of("1,3"), "image/gif").await.expect(200).body.starts_with(b"GIF89a"));
    app.get(&frames_of("4")).await.expect(404);
    app.get_as(&frames_of("1,4"), "image/gif").await.expect(404);
    app.get_as(&frames_of("1,4"), "multipart/related; type=\"image/png\"").await.expect(404);
}

/// Nothing is missing without a word, and one that is damaged keeps no other from being seen.
#[tokio::test]
async fn what_is_damaged_in_a_series_is_told_in_its_place() {
    let damaged = Object { frames: vec![vec![0; 70]], ..rle() };
    let app = TestApp::holding(&[image(1), damaged.clone(), image(92)]).await;
    app.get_as(&rendered(&damaged), "image/png").await.expect(406);
    let series = format!("/studies/{STUDY}/series/{SERIES}/rendered");
    let parts = app.get_as(&series, "multipart/related; type=\"image/png\"").await.expect(200).parts();
    let sizes: Vec<_> = parts.iter().map(|part| (png(&part.body).0, png(&part.body).1)).collect();
    assert_eq!(sizes, [(8, 4), (512, 512), (8, 4)]);
    assert!(parts[1].location.contains(&damaged.instance) && png(&parts[1].body).2.contains(&255));
}

/// An image without Rows is there, and has no picture: 406, and the others of its series are sent.
#[tokio::test]
async fn an_image_whose_frames_cannot_be_located_keeps_no_other_back() {
    let mut broken = image(2).to_bytes();
    let rows = b"\x28\x00\x10\x00US\x02\x00";
    let at = memchr::memmem::find(&broken, rows).unwrap() + rows.len();
    broken[at..at + 2].fill(0);
    let app = TestApp::start().await;
    app.post("/studies", &related(&[image(1).to_bytes(), broken, image(3).to_bytes()])).await.expect(200);
    for path in [format!("{}/rendered", image(2).path()), format!("{}/frames/1/rendered", image(2).path())] {
        app.get_as(&path, "image/png").await.expect(406);
    }
    app.get_as(&format!("{}/frames/1", image(2).path()), "application/octet-stream").await.expect(406);
    app.get_as(&format!("{}/frames/2", image(2).path()), "application/octet-stream").await.expect(404);
    for path in [format!("/studies/{STUDY}"), format!("/studies/{STUDY}/series/{SERIES}")] {
        let shown = app.get_as(&format!("{path}/rendered"), "multipart/related; type=\"image/png\"").await.expect(200);
        let sizes: Vec<_> = shown.parts().iter().map(|part| (png(&part.body).0, png(&part.body).1)).collect();
        assert_eq!(sizes, [(8, 4), (512, 512), (8, 4)]);
        app.get_as(&format!("{path}/thumbnail"), "image/png").await.expect(200);
    }
}

#[tokio::test]
async fn a_study_or_series_is_all_of_its_instances_or_one_picture_that_stands_for_them() {
    let app = TestApp::holding(&[image(1), image(2), report(), state()]).await;
    let (study, series) = (format!("/studies/{STUDY}/rendered"), format!("/studies/{STUDY}/series/{SERIES}/rendered"));
    for path in [&study, &series] {
        assert_eq!(app.get_as(path, "image/jpeg").await.expect(200).header("content-type"), "image/jpeg");
    }
    let types = |answer: &Answer| answer.parts().into_iter().map(|part| part.content_type).collect::<Vec<_>>();
    let all = app.get_as(&series, "multipart/related; type=\"image/png\"").await.expect(200);
    assert_eq!(types(&all), ["image/png", "image/png"]);
    let mut everything = types(&app.get_as(&study, "*/*").await.expect(200));
    everything.sort();
    assert_eq!(everything, ["image/jpeg", "image/jpeg", "image/jpeg", "text/html; charset=utf-8"]);
    let some = app.get_as(&study, "multipart/related; type=\"image/jpeg\"").await.expect(206);
    assert_eq!(types(&some).len(), 3);
    assert!(some.header("warning").contains("1 instances have no representation"), "{}", some.header("warning"));
    assert!(app.get_as(&study, "text/html").await.expect(200).header("content-type").starts_with("text/html"));
    app.get_as(&series, "multipart/related; type=\"video/mp4\"").await.expect(406);
    app.get_as(&series, "text/html").await.expect(406);
}

#[tokio::test]
async fn a_presentation_state_shows_the_images_that_it_refers_to() {
    let app = TestApp::holding(&[image(1), frames(3), state(), state_of_frames()]).await;
    let shown = app.get_as(&rendered(&state()), "image/png").await.expect(200);
    let (width, height, pixels) = png(&shown.body);
    // Values rise from the upper left; the state turns the image round, and what is 100 or more is white.
    let expected: Vec<u8> = (0..32u32).rev().map(|at| if at * 7 + 1 >= 100 { 255 } else { 0 }).collect();
    assert_eq!((width, height, pixels), (8, 4, expected));
    app.get_as(&rendered(&state_of_frames()), "image/png").await.expect(406);
    let in_parts = "multipart/related; type=\"image/png\"";
    let parts = app.get_as(&rendered(&state_of_frames()), in_parts).await.expect(200).parts();
    assert_eq!(parts.len(), 2);
    assert!(png(&parts[0].body).2 != png(&parts[1].body).2);
    for (query, parameter) in [("window=40,400,linear", "window"), ("viewport=8,8,0,0,4,4", "viewport")] {
        let answer = app.get(&format!("{}?{query}", rendered(&state()))).await.expect(400);
        assert_eq!(answer.json()["parameter"], parameter);
    }
    let alone = TestApp::holding(&[state()]).await;
    alone.get(&rendered(&state())).await.expect(406);
}

#[tokio::test]
async fn thumbnails_are_small_at_every_level() {
    let app = TestApp::holding(&[frames(3)]).await;
    let instance = frames(3).path();
    for path in [
        format!("/studies/{STUDY}"),
        format!("/studies/{STUDY}/series/{SERIES}"),
        instance.clone(),
        format!("{instance}/frames/2"),
    ] {
        let thumbnail = app.get_as(&format!("{path}/thumbnail?viewport=128%2C128"), "image/png").await.expect(200);
        assert_eq!(png_size(&thumbnail), (128, 64), "{path}");
        assert_eq!(app.get(&format!("{path}/thumbnail")).await.expect(200).header("content-type"), "image/jpeg");
        let part = app.get_as(&format!("{path}/thumbnail"), "multipart/related; type=\"image/png\"").await.expect(200);
        assert_eq!(part.parts()[0].content_type, "image/png");
        for wrong in ["64", "64,64,0,0,4,4", "0,64", "1.5,2"] {
            let answer = app.get(&format!("{path}/thumbnail?viewport={wrong}")).await.expect(400);
            assert_eq!(answer.json()["parameter"], "viewport");
        }
    }
    app.get(&format!("{instance}/frames/4/thumbnail")).await.expect(404);
}

#[tokio::test]
async fn what_has_no_picture_has_a_thumbnail_that_tells_its_kind() {
    for object in [pdf(), cda(), report(), plan(), state()] {
        let app = TestApp::holding(std::slice::from_ref(&object)).await;
        for path in [object.path(), format!("/studies/{STUDY}/series/{}", object.series), format!("/studies/{STUDY}")] {
            let thumbnail = app.get_as(&format!("{path}/thumbnail?viewport=100,80"), "image/png").await.expect(200);
            let (width, height, pixels) = png(&thumbnail.body);
            let sheet = pixels.iter().filter(|&&pixel| pixel == 208).count();
            assert!((width, height) == (100, 80) && sheet > 1_000 && pixels.contains(&0), "{path}");
        }
        app.get(&format!("{}/frames/1/thumbnail", object.path())).await.expect(406);
    }
}

#[tokio::test]
async fn reports_read_in_every_form_of_text() {
    let app = TestApp::holding(&[report()]).await;
    let path = rendered(&report());
    let text = |answer: &Answer| String::from_utf8(answer.body.to_vec()).unwrap();
    for accept in ["text/html", "*/*", "text/*"] {
        let page = app.get_as(&path, accept).await.expect(200);
        assert!(page.header("content-type") == "text/html; charset=utf-8");
        assert!(page.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert!(text(&page).contains("<h1>Chest report</h1>") && text(&page).contains("Clear lungs &lt;b&gt;"));
    }
    let plain = app.get_as(&path, "text/plain").await.expect(200);
    assert!(text(&plain).contains("Finding: Clear lungs <b>") && text(&plain).contains("Length: 12.50 mm"));
    let xml = app.get_as(&path, "text/xml").await.expect(200);
    assert!(xml.header("content-type") == "text/xml; charset=utf-8" && text(&xml).starts_with("<?xml"));
    let pdf = app.get_as(&path, "application/pdf").await.expect(200);
    assert!(pdf.header("content-type") == "application/pdf" && pdf.body.starts_with(b"%PDF-1."));
    let parts = app.get_as(&path, "multipart/related; type=\"text/html\"").await.expect(200).parts();
    assert_eq!(parts.len(), 1);
    for accept in ["image/jpeg", "text/rtf"] {
        app.get_as(&path, accept).await.expect(406);
    }
}

/// §8.3.3.2, §8.8.1.
#[tokio::test]
async fn reports_are_answered_in_utf_8_or_not_at_all() {
    let app = TestApp::holding(&[report()]).await;
    let path = rendered(&report());
    for (query, header, status) in [
        ("?charset=ISO-8859-1", "", 406),
        ("?charset=ISO-8859-1,utf-8", "", 200),
        ("", "iso-8859-1", 406),
        ("", "iso-8859-1, utf-8;q=0.5", 200),
        ("?charset=UTF-8", "iso-8859-1", 200),
    ] {
        let headers = [("accept", "text/html"), ("accept-charset", header)];
        let headers = if header.is_empty() { &headers[..1] } else { &headers };
        app.ask(Method::GET, &format!("{path}{query}"), headers).await.expect(status);
    }
}

#[tokio::test]
async fn who_takes_no_utf_8_is_told_that_reports_are_left_out() {
    let app = TestApp::holding(&[image(1), report()]).await;
    let path = format!("/studies/{STUDY}/rendered");
    assert_eq!(app.get(&format!("{path}?charset=utf-8")).await.expect(200).parts().len(), 2);
    let some = app.get(&format!("{path}?charset=ISO-8859-1")).await.expect(206);
    assert_eq!((some.parts().len(), &*some.parts()[0].content_type), (1, "image/jpeg"));
    assert!(some.header("warning").contains("1 instances have no representation"));
    app.get(&format!("{path}?charset=utf-8&charset=utf-8")).await.expect(400);
    let series = format!("/studies/{STUDY}/series/{}/rendered?charset=ISO-8859-1", report().series);
    app.get(&series).await.expect(406);
}

#[tokio::test]
async fn documents_and_reports_read_as_what_they_are() {
    let app = TestApp::holding(&[pdf(), cda()]).await;
    for accept in ["application/pdf", "*/*", "text/html, application/pdf"] {
        let document = app.get_as(&rendered(&pdf()), accept).await.expect(200);
        assert_eq!((document.header("content-type"), &document.body[..]), ("application/pdf", PDF), "{accept}");
    }
    let page = app.get_as(&rendered(&pdf()), "text/html").await.expect(200);
    assert!(String::from_utf8(page.body.to_vec()).unwrap().contains("?accept=application%2Fpdf"));
    app.get_as(&rendered(&pdf()), "image/jpeg").await.expect(406);
    let stored = app.get_as(&rendered(&cda()), "text/xml").await.expect(200);
    assert!(stored.header("content-type") == "text/xml" && stored.body.ends_with(b"</ClinicalDocument>"));
    assert!(stored.header("content-security-policy").starts_with("sandbox"));
    let page = app.get_as(&rendered(&cda()), "*/*").await.expect(200);
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(page.contains("<h2>Findings</h2>") && !page.contains("<script"), "{page}");
    let plain = app.get_as(&rendered(&cda()), "text/plain").await.expect(200);
    assert!(plain.body.starts_with(b"CT\n\nFindings\nClear"));
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let app = TestApp::holding(&[image(1), plan()]).await;
    for (query, parameter) in [
        ("viewport=1", "viewport"),
        ("window=40,400", "window"),
        ("quality=0", "quality"),
        ("iccprofile=x", "iccprofile"),
        ("annotation=", "annotation"),
        ("annotation=everything", "annotation"),
    ] {
        let answer = app.get(&format!("{}?{query}", rendered(&image(1)))).await.expect(400);
        assert_eq!(answer.json()["parameter"], parameter);
        app.get(&format!("/studies/{STUDY}/rendered?{query}")).await.expect(400);
    }
    app.get(&rendered(&plan())).await.expect(406);
}
