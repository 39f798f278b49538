//! States as JSON, and the pixels that they make of a small image.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Presentation;
use crate::{
    DecodedFrame, ImageDescription, PhotometricInterpretation, RenderOptions, RenderedMedia, TranscodeError, Viewport,
    render_decoded,
};

const WIDTH: usize = 40;
const HEIGHT: usize = 20;

/// An image of 40 columns and 20 rows, 8 bits: each pixel is its column times 2 plus its row.
fn header() -> Map<String, Value> {
    let us = |value: usize| json!({"vr": "US", "Value": [value]});
    let header = json!({
        "00080018": {"vr": "UI", "Value": ["1.2.3"]},
        "00280002": us(1), "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        "00280010": us(HEIGHT), "00280011": us(WIDTH), "00280100": us(8), "00280101": us(8), "00280103": us(0),
        // The image's own window and polarity, which no state uses.
        "00281050": {"vr": "DS", "Value": [10]}, "00281051": {"vr": "DS", "Value": [4]},
    });
    header.as_object().unwrap().clone()
}

fn stored(x: usize, y: usize) -> u8 {
    (x * 2 + y) as u8
}

fn frame(image: &ImageDescription) -> DecodedFrame {
    let samples: Vec<u8> = (0..WIDTH * HEIGHT).map(|at| stored(at % WIDTH, at / WIDTH)).collect();
    DecodedFrame {
        samples: samples.into(),
        rows: HEIGHT as u16,
        columns: WIDTH as u16,
        samples_per_pixel: 1,
        format: image.sample_format(),
        bits_stored: 8,
        photometric_interpretation: PhotometricInterpretation::Monochrome2,
    }
}

/// A grayscale state with these attributes on top of nothing.
fn state(more: Value) -> Map<String, Value> {
    let mut state = json!({"00080016": {"vr": "UI", "Value": [super::GRAYSCALE]}}).as_object().unwrap().clone();
    state.extend(more.as_object().unwrap().clone());
    state
}

/// A picture: width, channels, and its pixels.
struct Picture(usize, usize, Vec<u8>);

impl Picture {
    fn at(&self, x: usize, y: usize) -> &[u8] {
        let at = (y * self.0 + x) * self.1;
        &self.2[at..at + self.1]
    }
}

fn shown_in(state: Value, viewport: Option<Viewport>) -> Result<Picture, TranscodeError> {
    let header = header();
    let mut image = ImageDescription::from_json(&header, "1.2.840.10008.1.2.1", 1).unwrap();
    image.presentation = Some(Arc::new(Presentation::from_json(&self::state(state), &header, 1)?));
    let options = RenderOptions { media: RenderedMedia::Png, viewport, ..RenderOptions::default() };
    let rendered = render_decoded(&image, &frame(&image), &options)?;
    let mut reader = png::Decoder::new(std::io::Cursor::new(&rendered.bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    Ok(Picture(info.width as usize, info.color_type.samples(), pixels))
}

fn shown(state: Value) -> Picture {
    shown_in(state, None).unwrap()
}

fn sequence(items: Value) -> Value {
    json!({"vr": "SQ", "Value": items})
}

fn numbers(values: Value) -> Value {
    json!({"vr": "DS", "Value": values})
}

fn text(value: &str) -> Value {
    json!({"vr": "CS", "Value": [value]})
}

#[test]
fn nothing_but_the_state_transforms_grey() {
    let picture = shown(json!({}));
    assert_eq!(picture.at(30, 10), [70], "the identity over all that 8 bits hold");
    let picture = shown(json!({"20500020": text("INVERSE")}));
    assert_eq!(picture.at(30, 10), [185]);
    let window =
        json!({"00283110": sequence(json!([{"00281050": numbers(json!([50])), "00281051": numbers(json!([20]))}]))});
    let picture = shown(window);
    assert_eq!((picture.at(5, 5), picture.at(35, 19)), (&[0][..], &[255][..]));
    let slope = json!({"00281053": numbers(json!([2])), "00281052": numbers(json!([10])), "00283110": sequence(json!([
        {"00281050": numbers(json!([127.5])), "00281051": numbers(json!([255])), "00281056": text("LINEAR_EXACT")},
    ]))});
    assert_eq!(shown(slope).at(30, 10), [150]);
}

#[test]
fn a_window_is_for_the_images_that_it_names() {
    let other = json!([{"00081155": text("9.9")}]);
    let ours = json!([{"00081155": text("1.2.3"), "00081160": numbers(json!([1]))}]);
    let item = |images: &Value, center: u32| json!({"00081140": sequence(images.clone()), "00281050": numbers(json!([center])), "00281051": numbers(json!([1]))});
    let picture = shown(json!({"00283110": sequence(json!([item(&other, 200), item(&ours, 40)]))}));
    assert_eq!((picture.at(10, 0), picture.at(30, 0)), (&[0][..], &[255][..]));
}

#[test]
fn a_presentation_table_spans_the_whole_range() {
    let table = json!({"00283002": numbers(json!([2, 0, 8])), "00283006": numbers(json!([255, 0]))});
    let picture = shown(json!({"20500010": sequence(json!([table]))}));
    assert_eq!((picture.at(0, 0), picture.at(39, 19)), (&[255][..], &[255][..]));
    let broken = json!({"20500010": sequence(json!([{}]))});
    assert!(shown_in(broken, None).is_err());
}

#[test]
fn the_image_is_turned_and_then_flipped() {
    for (rotation, flip, upper_left, upper_right) in [
        (0, "N", (0, 0), (39, 0)),
        (90, "N", (0, 19), (0, 0)),
        (180, "N", (39, 19), (0, 19)),
        (270, "N", (39, 0), (39, 19)),
        (0, "Y", (39, 0), (0, 0)),
        (90, "Y", (0, 0), (0, 19)),
    ] {
        let picture = shown(json!({"00700042": numbers(json!([rotation])), "00700041": text(flip)}));
        let width = if rotation % 180 == 0 { 40 } else { 20 };
        assert_eq!(picture.0, width, "{rotation} {flip}");
        assert_eq!(picture.at(0, 0), [stored(upper_left.0, upper_left.1)], "{rotation} {flip}");
        assert_eq!(picture.at(width - 1, 0), [stored(upper_right.0, upper_right.1)], "{rotation} {flip}");
    }
    assert!(shown_in(json!({"00700042": numbers(json!([45]))}), None).is_err());
}

fn area(first: [i32; 2], last: [i32; 2], more: Value) -> Value {
    let mut item =
        json!({"00700052": numbers(json!(first)), "00700053": numbers(json!(last)), "00700100": text("SCALE TO FIT")});
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"0070005A": sequence(json!([item]))})
}

#[test]
fn the_displayed_area_is_cut_out_and_may_hang_over() {
    let picture = shown(area([11, 6], [20, 10], json!({})));
    assert_eq!((picture.0, picture.2.len()), (10, 50));
    assert_eq!((picture.at(0, 0), picture.at(9, 4)), (&[stored(10, 5)][..], &[stored(19, 9)][..]));
    let picture = shown(area([-1, 1], [4, 4], json!({})));
    assert_eq!((picture.at(0, 0), picture.at(1, 3), picture.at(2, 3)), (&[0][..], &[0][..], &[stored(0, 3)][..]));
    let magnified = json!({"00700100": text("MAGNIFY"), "00700103": numbers(json!([3]))});
    assert_eq!(shown(area([1, 1], [40, 20], magnified)).0, 120);
    let volume = json!({"00480301": text("VOLUME")});
    assert_eq!(shown(area([11, 6], [20, 10], volume)).2.len(), 50, "an image that is no tile is its own matrix");
    let flat = json!({"00700101": numbers(json!([2, 1]))});
    assert_eq!(shown(area([1, 1], [40, 20], flat)).2.len(), 40 * 40);
    let viewport = Some(Viewport { width: 100, height: 100, source: None });
    assert_eq!(shown_in(area([1, 1], [40, 20], json!({})), viewport).unwrap().2.len(), 100 * 50);
    for broken in [area([1, 1], [900_000, 900_000], json!({})), json!({"0070005A": sequence(json!([{}]))})] {
        assert!(shown_in(broken, None).is_err());
    }
}

#[test]
fn a_shutter_covers_what_is_outside_each_shape() {
    let rectangle = json!({
        "00181600": text("RECTANGULAR"), "00181602": numbers(json!([10])), "00181604": numbers(json!([30])),
        "00181606": numbers(json!([5])), "00181608": numbers(json!([15])), "00181622": numbers(json!([65535])),
    });
    let picture = shown(rectangle);
    assert_eq!(
        (picture.at(8, 10), picture.at(9, 10), picture.at(30, 10)),
        (&[255][..], &[stored(9, 10)][..], &[255][..])
    );
    assert_eq!(
        (picture.at(20, 3), picture.at(20, 4), picture.at(20, 15)),
        (&[255][..], &[stored(20, 4)][..], &[255][..])
    );
    let circle = json!({
        "00181600": text("CIRCULAR"), "00181610": numbers(json!([11, 21])), "00181612": numbers(json!([5])),
    });
    let picture = shown(circle);
    assert_eq!((picture.at(20, 10), picture.at(25, 10), picture.at(26, 10)), (&[50][..], &[60][..], &[0][..]));
    let polygon = json!({"00181600": text("POLYGONAL"), "00181620": numbers(json!([1, 1, 1, 21, 20, 1]))});
    let picture = shown(polygon);
    assert_eq!((picture.at(2, 2), picture.at(30, 15)), (&[stored(2, 2)][..], &[0][..]));
    // All of 20 rows and 40 columns, corner by corner: what is on the outline is open, as with a rectangle.
    let whole = json!({"00181600": text("POLYGONAL"), "00181620": numbers(json!([1, 1, 1, 40, 20, 40, 20, 1]))});
    assert!(shown(whole).2 == shown(json!({})).2);
    let bitmap = json!({
        "00181600": text("BITMAP"), "00181623": numbers(json!([0x6000])), "60000010": numbers(json!([1])),
        "60000011": numbers(json!([8])), "60000050": numbers(json!([1, 1])),
        "60003000": {"vr": "OW", "InlineBinary": "BQA="}, "00181622": numbers(json!([65535])),
    });
    let picture = shown(bitmap);
    assert_eq!(picture.2[..4], [255, stored(1, 0), 255, stored(3, 0)]);
    assert!(shown_in(json!({"00181600": text("CIRCULAR")}), None).is_err());
}

fn layer(order: i32, name: &str, grey: u32) -> Value {
    json!({"00700002": text(name), "00700062": numbers(json!([order])), "00700066": numbers(json!([grey]))})
}

fn annotated(layer_name: &str, graphics: Value, texts: Value) -> Value {
    json!({"00700002": text(layer_name), "00700009": sequence(graphics), "00700008": sequence(texts)})
}

fn graphic(kind: &str, units: &str, filled: &str, data: Value) -> Value {
    json!({"00700023": text(kind), "00700005": text(units), "00700024": text(filled), "00700022": numbers(data)})
}

#[test]
fn graphics_lie_where_their_units_say_in_the_order_of_their_layers() {
    let square = json!([10, 5, 20, 5, 20, 10, 10, 10, 10, 5]);
    let state = json!({
        "00700060": sequence(json!([layer(2, "TOP", 65535), layer(1, "LOW", 0x8080)])),
        "00700001": sequence(json!([
            annotated("TOP", json!([graphic("POLYLINE", "DISPLAY", "N", json!([0.0, 0.375, 1.0, 0.375]))]), json!([])),
            annotated("LOW", json!([graphic("POLYLINE", "PIXEL", "Y", square)]), json!([])),
        ])),
    });
    let picture = shown(state.clone());
    assert_eq!((picture.at(15, 6), picture.at(15, 9)), (&[0x80][..], &[0x80][..]));
    assert_eq!((picture.at(15, 7), picture.at(30, 7)), (&[255][..], &[255][..]), "the upper layer covers the lower");
    assert_eq!(picture.at(30, 10), [stored(30, 10)]);
    let mut turned = state;
    turned["00700042"] = numbers(json!([90]));
    let picture = shown(turned);
    // A quarter clockwise: what was at column 15, row 9 is now at column 20 - 1 - 9, row 15; DISPLAY is of the turned picture.
    assert_eq!(picture.at(10, 12), [0x80]);
    assert!(picture.at(3, 15)[0] > stored(15, 16) + 90, "half of the line is on each side of the pixels' border");
}

#[test]
fn round_and_smooth_outlines_pass_through_their_points() {
    let drawn = |kind: &str, data: Value| {
        let graphics = json!([graphic(kind, "PIXEL", "N", data)]);
        shown(json!({
            "00700060": sequence(json!([layer(1, "A", 65535)])), "00700001": sequence(json!([annotated("A", graphics, json!([]))])),
        }))
    };
    let circle = drawn("CIRCLE", json!([20.5, 10.5, 25.5, 10.5]));
    assert_eq!((circle.at(25, 10), circle.at(15, 10), circle.at(20, 15)), (&[255][..], &[255][..], &[255][..]));
    assert_eq!(circle.at(20, 10), [50]);
    let ellipse = drawn("ELLIPSE", json!([5.5, 10.5, 35.5, 10.5, 20.5, 6.5, 20.5, 14.5]));
    assert_eq!((ellipse.at(5, 10), ellipse.at(35, 10), ellipse.at(20, 6)), (&[255][..], &[255][..], &[255][..]));
    let curve = drawn("INTERPOLATED", json!([5.5, 5.5, 20.5, 15.5, 35.5, 5.5]));
    assert_eq!((curve.at(5, 5), curve.at(20, 15), curve.at(35, 5)), (&[255][..], &[255][..], &[255][..]));
    let point = drawn("POINT", json!([10.5, 10.5]));
    assert_eq!((point.at(10, 10), point.at(15, 10)), (&[255][..], &[40][..]));
}

#[test]
fn text_is_drawn_in_its_box() {
    let words = json!([{
        "00700006": text("WWWW"), "00700003": text("PIXEL"), "00700010": numbers(json!([2, 4])), "00700011": numbers(json!([38, 16])),
    }]);
    let state = json!({
        "00700060": sequence(json!([layer(1, "A", 65535)])), "00700001": sequence(json!([annotated("A", json!([]), words)])),
    });
    let viewport = Some(Viewport { width: 400, height: 200, source: None });
    let picture = shown_in(state, viewport).unwrap();
    let bright = |from: usize, to: usize| (from..to).any(|y| (0..400).any(|x| picture.at(x, y)[0] == 255));
    assert!(bright(40, 160) && !bright(0, 36) && !bright(164, 200));
    let nowhere = json!([annotated("A", json!([]), json!([{"00700006": text("x")}]))]);
    let layers = sequence(json!([layer(1, "A", 1)]));
    assert!(shown_in(json!({"00700060": layers, "00700001": sequence(nowhere)}), None).is_err());
}

#[test]
fn an_overlay_is_drawn_where_the_state_activates_it() {
    let overlay = json!({
        "00700060": sequence(json!([layer(1, "OV", 65535)])), "60001001": text("OV"),
        "60000010": numbers(json!([1])), "60000011": numbers(json!([8])), "60000050": numbers(json!([3, 5])),
        "60003000": {"vr": "OW", "InlineBinary": "BQA="},
    });
    let picture = shown(overlay.clone());
    assert_eq!((picture.at(4, 2), picture.at(5, 2), picture.at(6, 2)), (&[255][..], &[12][..], &[255][..]));
    let mut colour = overlay.clone();
    colour["00700060"]["Value"][0]["00700401"] = numbers(json!([35_000, 53_000, 50_000]));
    let picture = shown(colour);
    assert_eq!(picture.1, 3);
    assert!(picture.at(4, 2)[0] > 200 && picture.at(4, 2)[2] < 100, "{:?}", picture.at(4, 2));
    let mut nameless = overlay;
    nameless["60001001"] = text("OTHER");
    assert!(shown_in(nameless, None).is_err());
}

#[test]
fn what_is_not_applied_is_refused() {
    for class in ["1.2.840.10008.5.1.4.1.1.11.4", "1.2.840.10008.5.1.4.1.1.11.5", super::COLOR] {
        assert!(shown_in(json!({"00080016": text(class)}), None).is_err(), "{class}");
    }
    let points: Vec<_> = (0..60_000).collect();
    let graphics = json!([graphic("POLYLINE", "PIXEL", "N", json!(points))]);
    for broken in [
        json!({"00700060": sequence(json!([layer(1, "A", 1)])), "00700001": sequence(json!([annotated("A", graphics, json!([]))]))}),
        json!({"00700001": sequence(json!([annotated("A", json!([]), json!([]))]))}),
        json!({"20500020": text("SIDEWAYS")}),
        json!({"00286100": sequence(json!([{"00286101": text("AVG_SUB")}]))}),
    ] {
        assert!(shown_in(broken, None).is_err());
    }
}

#[test]
fn a_state_that_says_one_thing_in_two_ways_is_refused() {
    let window = |center: u32| json!({"00281050": numbers(json!([center])), "00281051": numbers(json!([20]))});
    let table = json!([{"00283002": numbers(json!([2, 0, 8])), "00283006": numbers(json!([0, 255]))}]);
    let mut both = window(50);
    both["00283010"] = sequence(table.clone());
    let mut two = window(50);
    two["00281050"] = numbers(json!([50, 60]));
    let ours = sequence(json!([{"00081155": text("1.2.3")}]));
    let whole = area([1, 1], [40, 20], json!({}))["0070005A"]["Value"][0].clone();
    for broken in [
        json!({"00283110": sequence(json!([window(50), window(60)]))}),
        json!({"00283110": sequence(json!([both]))}),
        json!({"00283110": sequence(json!([two]))}),
        json!({"0070005A": sequence(json!([whole, whole]))}),
        json!({"20500010": sequence(table.clone()), "20500020": text("IDENTITY")}),
        json!({"00283000": sequence(table), "00281053": numbers(json!([2])), "00281052": numbers(json!([0]))}),
    ] {
        assert!(shown_in(broken.clone(), None).is_err(), "{broken}");
    }
    // Items for other images are none of this one's.
    let mut other = window(60);
    other["00081140"] = sequence(json!([{"00081155": text("9.9")}]));
    let mut own = window(50);
    own["00081140"] = ours;
    assert!(shown_in(json!({"00283110": sequence(json!([other, own]))}), None).is_ok());
}

/// PS3.3 §C.10.5.1.3.1: simple graphics stand for a compound one, and share its number.
#[test]
fn a_compound_graphic_is_drawn_by_the_simple_ones_that_stand_for_it_or_the_state_is_refused() {
    let state = |simple: Value| {
        let mut line = graphic("POLYLINE", "PIXEL", "N", json!([0, 10, 40, 10]));
        line["00700226"] = simple;
        let compound = json!({"00700226": numbers(json!([7])), "00700294": text("RULER")});
        let mut item = annotated("A", json!([line]), json!([]));
        item["00700209"] = sequence(json!([compound]));
        json!({"00700060": sequence(json!([layer(1, "A", 65535)])), "00700001": sequence(json!([item]))})
    };
    assert!(shown_in(state(numbers(json!([7]))), None).is_ok());
    let refused = shown_in(state(numbers(json!([8]))), None).err().unwrap();
    assert!(refused.to_string().starts_with("CompoundGraphicSequence"), "{refused}");
}

/// Most pictures go a quick way to JPEG, pixels to stream. An overlay is on those too.
#[test]
fn what_an_image_has_over_it_is_on_every_form_of_its_picture() {
    let mut header = header();
    header.extend(plane("6000", "G", [255, 255]).as_object().unwrap().clone());
    let picture = |header: &Map<String, Value>| {
        let image = ImageDescription::from_json(header, "1.2.840.10008.1.2.1", 1).unwrap();
        render_decoded(&image, &frame(&image), &RenderOptions::default()).unwrap().bytes
    };
    let with = picture(&header);
    header.remove("60003000");
    assert!(with != picture(&header));
}

/// Grey of an image by itself, from 0 to 255 as stored.
fn by_itself(more: Value, frame_number: u32) -> Result<Picture, TranscodeError> {
    let mut header = header();
    let exact = json!({"00281050": numbers(json!([127.5])), "00281051": numbers(json!([255])), "00281056": text("LINEAR_EXACT")});
    header.extend(exact.as_object().unwrap().clone());
    header.extend(more.as_object().unwrap().clone());
    let image = ImageDescription::from_json(&header, "1.2.840.10008.1.2.1", frame_number).unwrap();
    let options = RenderOptions { media: RenderedMedia::Png, ..RenderOptions::default() };
    let rendered = render_decoded(&image, &frame(&image), &options)?;
    let mut reader = png::Decoder::new(std::io::Cursor::new(&rendered.bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    Ok(Picture(info.width as usize, info.color_type.samples(), pixels))
}

fn plane(group: &str, kind: &str, bits: [u8; 2]) -> Value {
    let tag = |element: &str| format!("{group}{element}");
    json!({
        tag("0010"): numbers(json!([1])), tag("0011"): numbers(json!([8])), tag("0040"): text(kind),
        tag("0050"): numbers(json!([3, 5])), tag("0100"): numbers(json!([1])),
        tag("3000"): {"vr": "OW", "InlineBinary": base64_of(bits)},
    })
}

/// PS3.3 §C.9.2 and §C.7.6.11, where no state says what is shown.
#[test]
fn an_image_by_itself_is_shown_with_its_graphic_overlays_and_its_shutter() {
    let plain = by_itself(json!({}), 1).unwrap();
    assert_eq!((plain.1, plain.at(4, 2)), (1, &[stored(4, 2)][..]));
    let graphics = by_itself(plane("6002", "G", [5, 0]), 1).unwrap();
    assert_eq!((graphics.at(4, 2), graphics.at(5, 2), graphics.at(6, 2)), (&[255][..], &[12][..], &[255][..]));
    let region = by_itself(plane("6002", "R", [5, 0]), 1).unwrap();
    assert!(region.2 == plain.2, "a region would hide what it is about");
    let mut within = plane("6002", "G", [5, 0]);
    within["60020100"] = numbers(json!([16]));
    within["60020102"] = numbers(json!([12]));
    assert!(by_itself(within, 1).unwrap().2 == plain.2, "planes within the pixels are retired");
    let mut short = plane("6002", "G", [5, 0]);
    short["60020010"] = numbers(json!([9]));
    let refused = by_itself(short, 1).err().unwrap();
    assert!(refused.to_string().starts_with("OverlayData"), "{refused}");

    let edges = |left: u32, right: u32| {
        json!({
            "00181600": text("RECTANGULAR"), "00181602": numbers(json!([left])), "00181604": numbers(json!([right])),
            "00181606": numbers(json!([1])), "00181608": numbers(json!([20])), "00181622": numbers(json!([65535])),
        })
    };
    let shut = by_itself(edges(10, 30), 1).unwrap();
    assert_eq!([8, 9, 29, 30].map(|x| shut.at(x, 10)[0]), [255, stored(9, 10), stored(29, 10), 255]);
    let group = json!({"00280008": numbers(json!([2])), "52009230": sequence(json!([
        {}, {"00189472": sequence(json!([edges(10, 30)]))},
    ]))});
    assert!(by_itself(group.clone(), 2).unwrap().2 == shut.2);
    assert!(by_itself(group, 1).unwrap().2 == plain.2);
}

/// Nobody would know otherwise that there is more to see than was to be seen.
#[test]
fn a_shutter_that_is_not_applied_is_said_on_the_picture() {
    let plain = by_itself(json!({}), 1).unwrap();
    let covering_all = json!({
        "00181600": text("RECTANGULAR"), "00181602": numbers(json!([0])), "00181604": numbers(json!([0])),
        "00181606": numbers(json!([1])), "00181608": numbers(json!([20])),
    });
    for shutter in [covering_all, json!({"00181600": text("CIRCULAR")})] {
        let picture = by_itself(shutter.clone(), 1).unwrap();
        let (above, below) = (..WIDTH * 5, WIDTH * 5..);
        assert!(picture.2[above] == plain.2[above], "{shutter}: what is under it is seen");
        assert!(picture.2[below.clone()] != plain.2[below.clone()], "{shutter}: and it is said");
        let jpeg = |shutter: &Value| {
            let mut header = header();
            header["00281051"] = numbers(json!([500]));
            header.extend(shutter.as_object().unwrap().clone());
            let image = ImageDescription::from_json(&header, "1.2.840.10008.1.2.1", 1).unwrap();
            render_decoded(&image, &frame(&image), &RenderOptions::default()).unwrap().bytes
        };
        assert!(jpeg(&shutter) != jpeg(&json!({})), "{shutter}: also by the quick way to JPEG");
    }
}

/// PS3.3 §C.8.16.2.1.1.1: below the first value of the palette grey, from there on colour.
#[test]
fn the_highest_values_of_a_grey_image_have_the_colours_of_its_supplemental_palette() {
    let table = |values: [u8; 2]| json!({"vr": "OW", "InlineBinary": base64_of(values)});
    let descriptor = numbers(json!([2, 60, 8]));
    let palette = json!({
        "00281101": descriptor, "00281102": descriptor, "00281103": descriptor,
        "00281201": table([1, 250]), "00281202": table([2, 100]), "00281203": table([3, 0]),
    });
    let with = |more: Value| {
        let mut palette = palette.clone();
        palette.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        by_itself(palette, 1)
    };
    let coloured = with(json!({"00089205": text("COLOR")})).unwrap();
    assert_eq!(coloured.1, 3);
    assert_eq!([coloured.at(29, 1), coloured.at(30, 0)], [[59; 3].as_slice(), &[1, 2, 3]]);
    assert_eq!([coloured.at(30, 1), coloured.at(39, 19)], [[250, 100, 0]; 2]);
    let of_frame = json!({"00089205": text("MIXED"), "52009229": sequence(json!([
        {"00189226": sequence(json!([{"00089205": text("COLOR")}]))},
    ]))});
    assert!(with(of_frame).unwrap().2 == coloured.2);
    assert_eq!(with(json!({"00089205": text("MONOCHROME")})).unwrap().1, 1);
    assert!(
        with(json!({"00089205": text("COLOR"), "00281203": table([3, 0]), "00281103": numbers(json!([4, 60, 8]))}))
            .is_err()
    );
}

/// PS3.3 §C.7.6.23: its colours come of several tables that are blended; in grey it would be another picture.
#[test]
fn what_has_an_enhanced_palette_is_refused() {
    let enhanced = json!({"0028140B": sequence(json!([{"00281101": numbers(json!([2, 60, 8]))}]))});
    let refused = by_itself(enhanced, 1).err().unwrap().to_string();
    assert!(refused.contains("EnhancedPaletteColorLookupTableSequence"), "{refused}");
    assert!(by_itself(json!({}), 1).is_ok());
}

/// PS3.4 §N.2.5: the Modality LUT of fluoroscopy is not for display.
#[test]
fn a_modality_table_of_fluoroscopy_is_left_alone() {
    let table = sequence(json!([{"00283002": numbers(json!([256, 0, 8])), "00283006": numbers(json!(vec![0; 256]))}]));
    let shown = |class: &str| by_itself(json!({"00080016": text(class), "00283000": table}), 1).unwrap();
    assert_eq!(shown("1.2.840.10008.5.1.4.1.1.12.1").at(30, 10), [70]);
    assert_eq!(shown("1.2.840.10008.5.1.4.1.1.12.2").at(30, 10), [70]);
    assert_eq!(shown("1.2.840.10008.5.1.4.1.1.1").at(30, 10), [0]);
}

#[test]
fn a_pseudo_color_state_gives_each_level_a_colour() {
    let table = |values: [u8; 2]| json!({"vr": "OW", "InlineBinary": base64_of(values)});
    let state = json!({
        "00080016": text(super::PSEUDO_COLOR), "00281101": numbers(json!([2, 0, 8])), "00281102": numbers(json!([2, 0, 8])),
        "00281103": numbers(json!([2, 0, 8])), "00281201": table([1, 250]), "00281202": table([2, 100]), "00281203": table([3, 0]),
        "00283110": sequence(json!([{"00281050": numbers(json!([40])), "00281051": numbers(json!([1]))}])),
    });
    let picture = shown(state);
    assert_eq!((picture.1, picture.at(0, 0), picture.at(39, 0)), (3, &[1, 2, 3][..], &[250, 100, 0][..]));
}

fn base64_of(bytes: [u8; 2]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn references_are_listed_in_their_order() {
    let state = json!({"00081115": sequence(json!([
        {"0020000E": text("1.2"), "00081140": sequence(json!([
            {"00081155": text("1.2.3")}, {"00081155": text("1.2.4"), "00081160": numbers(json!([2, 5]))},
        ]))},
    ]))});
    let references = Presentation::references(state.as_object().unwrap());
    let read: Vec<_> = references.iter().map(|image| (image.sop_instance_uid.as_str(), image.frames.clone())).collect();
    assert_eq!(read, [("1.2.3", vec![]), ("1.2.4", vec![2, 5])]);
    assert_eq!(references[0].series_instance_uid, "1.2");
}
