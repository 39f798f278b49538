#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::VoiWindow;

/// One row of 16-bit samples and the description of it.
fn image(signed: bool, values: &[i32]) -> (ImageDescription, DecodedFrame) {
    let metadata = json!({
        "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        "00280010": {"vr": "US", "Value": [1]}, "00280011": {"vr": "US", "Value": [values.len()]},
        "00280100": {"vr": "US", "Value": [16]}, "00280101": {"vr": "US", "Value": [16]},
        "00280103": {"vr": "US", "Value": [u8::from(signed)]},
    });
    let image = ImageDescription::from_json(metadata.as_object().unwrap(), "1.2.840.10008.1.2.1", 1).unwrap();
    let frame = DecodedFrame {
        samples: values.iter().flat_map(|&value| (value as u16).to_le_bytes()).collect::<Vec<_>>().into(),
        rows: 1,
        columns: values.len() as u16,
        samples_per_pixel: 1,
        format: image.sample_format(),
        bits_stored: 16,
        photometric_interpretation: image.photometric_interpretation,
    };
    (image, frame)
}

fn window(center: f64, width: f64, function: WindowFunction) -> Option<Window> {
    Some(Window { center, width, function })
}

/// The pseudo-code of PS3.3 §C.11.2.1.2.1 and §C.11.2.1.3, to the letter.
fn by_the_standard(window: Window, x: f64) -> f64 {
    let (c, w) = (window.center, window.width);
    match window.function {
        WindowFunction::Linear if x <= c - 0.5 - (w - 1.0) / 2.0 => 0.0,
        WindowFunction::Linear if x > c - 0.5 + (w - 1.0) / 2.0 => 255.0,
        WindowFunction::Linear => ((x - (c - 0.5)) / (w - 1.0) + 0.5) * 255.0,
        WindowFunction::LinearExact if x <= c - w / 2.0 => 0.0,
        WindowFunction::LinearExact if x > c + w / 2.0 => 255.0,
        WindowFunction::LinearExact => ((x - c) / w + 0.5) * 255.0,
        WindowFunction::Sigmoid => 255.0 / (1.0 + (-4.0 * (x - c) / w).exp()),
    }
}

#[test]
fn every_window_is_the_one_of_the_standard() {
    let values: Vec<i32> = (-32_768..32_768).step_by(7).collect();
    let (mut image, frame) = image(true, &values);
    for (slope, intercept) in [(1.0, 0.0), (1.0, -1024.0), (0.37, 12.5), (-2.5, 100.0), (0.001, 0.0)] {
        image.rescale = Some((slope, intercept));
        for (center, width) in
            [(40.0, 400.0), (0.0, 1.0), (0.5, 2.0), (-600.0, 1500.0), (0.0, 65_536.0), (1e6, 3e6), (0.5, 0.2)]
        {
            for function in [WindowFunction::Linear, WindowFunction::LinearExact, WindowFunction::Sigmoid] {
                if function == WindowFunction::Linear && width < 1.0 {
                    continue;
                }
                let asked = Window { center, width, function };
                let shown = render(&image, &frame, Some(asked)).unwrap();
                for (&value, &grey) in values.iter().zip(&shown) {
                    let exact = by_the_standard(asked, f64::from(value) * slope + intercept);
                    let off = (f64::from(grey) - exact).abs();
                    assert!(off < 0.55, "{asked:?} slope {slope}: {value} is {grey}, not {exact}");
                }
            }
        }
    }
}

#[test]
fn the_asked_window_goes_before_the_first_window_before_the_table_before_the_range() {
    let (mut image, frame) = image(false, &[0, 100, 200, 4000]);
    assert_eq!(render(&image, &frame, None).unwrap(), [0, 6, 13, 255]);
    image.voi_lut = Some(Ok(LookupTable { first: 0, entries: (0..=200).rev().collect(), bits: 8 }));
    assert_eq!(render(&image, &frame, None).unwrap(), [200, 100, 0, 0]);
    let first = VoiWindow { center: 100.0, width: 200.0, explanation: None, function: WindowFunction::LinearExact };
    image.windows = vec![first];
    assert_eq!(render(&image, &frame, None).unwrap(), [0, 128, 255, 255]);
    let asked = window(200.0, 400.0, WindowFunction::LinearExact);
    assert_eq!(render(&image, &frame, asked).unwrap(), [0, 64, 128, 255]);
}

#[test]
fn padding_does_not_count_for_the_range() {
    let (mut image, frame) = image(true, &[-2000, -1999, 0, 100]);
    image.pixel_padding = Some(crate::PixelPadding { first: -2000.0, last: -1999.0 });
    assert_eq!(render(&image, &frame, None).unwrap(), [0, 0, 0, 255]);
}

#[test]
fn monochrome1_and_an_inverse_presentation_are_one_inversion() {
    let (mut image, mut frame) = image(false, &[0, 255]);
    let asked = window(127.5, 255.0, WindowFunction::LinearExact);
    assert_eq!(render(&image, &frame, asked).unwrap(), [0, 255]);
    image.inverse = true;
    assert_eq!(render(&image, &frame, asked).unwrap(), [255, 0]);
    frame.photometric_interpretation = PhotometricInterpretation::Monochrome1;
    assert_eq!(render(&image, &frame, asked).unwrap(), [255, 0]);
    image.inverse = false;
    assert_eq!(render(&image, &frame, asked).unwrap(), [255, 0]);
}

#[test]
fn a_modality_table_comes_before_the_window() {
    let (mut image, frame) = image(false, &[0, 1, 2, 9]);
    image.modality_lut = Some(Ok(LookupTable { first: 1, entries: vec![0, 1000].into(), bits: 16 }));
    image.rescale = Some((5.0, 5.0));
    let asked = window(500.0, 1000.0, WindowFunction::LinearExact);
    assert_eq!(render(&image, &frame, asked).unwrap(), [0, 0, 255, 255]);
}

#[test]
fn a_blank_image_and_numbers_that_are_none_can_be_shown() {
    let (image, mut frame) = image(false, &[7, 7]);
    assert_eq!(render(&image, &frame, None).unwrap().len(), 2);
    frame.format = SampleFormat::F32;
    let values = [f32::NAN, f32::INFINITY, -1.0, 1.0];
    frame.samples = Bytes::from(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
    frame.columns = 4;
    assert_eq!(render(&image, &frame, None).unwrap(), [0, 255, 0, 255]);
}

#[test]
fn a_window_without_width_is_refused() {
    let (image, frame) = image(false, &[1]);
    for (width, function) in [
        (0.9, WindowFunction::Linear),
        (0.0, WindowFunction::LinearExact),
        (-4.0, WindowFunction::Sigmoid),
        (f64::NAN, WindowFunction::Linear),
        (f64::INFINITY, WindowFunction::LinearExact),
    ] {
        assert!(render(&image, &frame, window(1.0, width, function)).is_err(), "{width} {function:?}");
    }
}
