//! Samples that don't lie in the lowest bits of their containers, compressed: PS3.5 §8.1.1, §8.2.

use std::path::Path;
use std::process::Command;

use charls::InterleaveMode;
use transcode::{ImageDescription, RenderOptions, RenderedMedia};

use crate::encoders;
use crate::support::*;

/// 12 bits of 16, signed or not.
fn shapes() -> [Shape; 2] {
    [grey(16, 12), grey(16, 12).signed()]
}

/// What lies beside the samples is said to be an old overlay: without that, what is above them would be theirs.
fn describe(shape: &Shape, high_bit: u16, transfer_syntax_uid: &str) -> ImageDescription {
    let mut metadata = shape.metadata();
    metadata["00280102"]["Value"][0] = high_bit.into();
    metadata.insert("60000100".into(), serde_json::json!({"vr": "US", "Value": [16]}));
    ImageDescription::from_json(&metadata, transfer_syntax_uid, 1).unwrap()
}

/// The samples in containers that have them up to `high_bit`, and something else in every other bit.
fn containers(shape: &Shape, high_bit: u16) -> Vec<u16> {
    let low = high_bit + 1 - shape.stored;
    let mask = ((1_u16 << shape.stored) - 1) << low;
    let beside = |at: usize| (at as u16).wrapping_mul(40_503) & !mask;
    shape.values().iter().enumerate().map(|(at, &value)| ((value as u16) << low & mask) | beside(at)).collect()
}

fn bytes(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// What each encoder makes of 16-bit words.
fn whole_containers(shape: &Shape, words: &[u16]) -> Vec<(&'static str, Vec<u8>)> {
    let whole = Shape { stored: 16, signed: false, ..*shape };
    let values: Vec<i32> = words.iter().copied().map(i32::from).collect();
    let as_signed: Vec<i32> = words.iter().map(|&word| i32::from(word as i16)).collect();
    vec![
        (JPEG_LOSSLESS, encoders::jpeg_of(&whole, true, &values)),
        (JPEG_LS, encoders::jpeg_ls_of(&whole, InterleaveMode::None, &values)),
        (JPEG_2000, encoders::jpeg_2000_of(&whole, false, &values)),
        (JPEG_2000, encoders::jpeg_2000_of(&whole, true, &as_signed)),
    ]
}

/// What each encoder makes of the samples alone.
fn samples_alone(shape: &Shape) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (JPEG_LOSSLESS, encoders::jpeg(shape, true)),
        (JPEG_LS, encoders::jpeg_ls(shape, InterleaveMode::None)),
        (JPEG_2000, encoders::jpeg_2000(shape, false)),
        (JPEG_2000, encoders::jpeg_2000(shape, true)),
    ]
}

#[tokio::test]
async fn samples_come_out_right_whether_a_stream_holds_containers_or_samples_alone() {
    let transcoder = transcoder();
    for shape in shapes() {
        let samples = shape.bytes(&shape.values());
        for high_bit in [11, 13, 15] {
            let words = containers(&shape, high_bit);
            for (syntax, stream) in whole_containers(&shape, &words) {
                // A signed stream has spread the sign of its own highest bit: that of the sample only where this is the highest.
                let image = describe(&shape, high_bit, syntax);
                let is_signed_stream = syntax == JPEG_2000 && stream[42] & 0x80 != 0;
                if is_signed_stream && shape.signed && high_bit == 11 {
                    continue;
                }
                let decoded = transcoder.decode(&image, stream.into()).await.unwrap();
                assert!(decoded.samples == samples, "{syntax} of containers, {high_bit}, signed {}", shape.signed);
                assert_eq!(decoded.bits_stored, 12);
            }
            for (syntax, stream) in samples_alone(&shape) {
                let decoded = transcoder.decode(&describe(&shape, high_bit, syntax), stream.into()).await.unwrap();
                assert!(decoded.samples == samples, "{syntax} of samples, {high_bit}, signed {}", shape.signed);
            }
        }
    }
}

#[tokio::test]
async fn uncompressed_samples_lie_where_the_attributes_say_and_rle_holds_the_same() {
    let transcoder = transcoder();
    for shape in shapes() {
        for high_bit in [13, 15] {
            let words = containers(&shape, high_bit);
            let alone: Vec<u16> =
                shape.values().iter().map(|&value| ((value as u16) & 0x0FFF) << (high_bit - 11)).collect();
            let streams = whole_containers(&shape, &words).into_iter().map(|stream| (stream, &words));
            let streams = streams.chain(samples_alone(&shape).into_iter().map(|stream| (stream, &alone)));
            for ((syntax, stream), expected) in streams {
                let image = describe(&shape, high_bit, syntax);
                let native = transcoder.to_explicit_little_endian(&image, stream.clone().into()).await.unwrap();
                let mask = if expected == &alone { 0x0FFF << (high_bit - 11) } else { u16::MAX };
                let got = native.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]) & mask);
                assert!(got.eq(expected.iter().copied()), "{syntax}, {high_bit}, signed {}", shape.signed);
                let rle = transcoder.encode(&image, stream.into(), RLE).await.unwrap();
                let again = transcoder.decode(&describe(&shape, high_bit, RLE), rle).await.unwrap();
                assert!(again.samples == shape.bytes(&shape.values()), "{syntax} by RLE, {high_bit}");
            }
        }
    }
}

/// Old overlays and rubbish beside the sample (PS3.5 §8.1.1) leave no mark on the picture.
#[tokio::test]
async fn a_picture_is_the_same_wherever_its_samples_lie_and_whatever_is_beside_them() {
    let transcoder = transcoder();
    let options = RenderOptions { media: RenderedMedia::Png, ..RenderOptions::default() };
    for shape in shapes() {
        let plain = shape.bytes(&shape.values());
        let expected = transcoder.render(&shape.describe(EXPLICIT_LE), plain.into(), &options).await.unwrap().bytes;
        for high_bit in [11, 12, 15] {
            let words = containers(&shape, high_bit);
            let native = bytes(&words);
            let mut forms = vec![(EXPLICIT_LE, native.clone())];
            let rle = transcoder.encode(&describe(&shape, high_bit, EXPLICIT_LE), native.into(), RLE).await.unwrap();
            forms.push((RLE, rle.to_vec()));
            forms.extend(whole_containers(&shape, &words).into_iter().take(3));
            for (syntax, frame) in forms {
                let image = describe(&shape, high_bit, syntax);
                let picture = transcoder.render(&image, frame.into(), &options).await.unwrap().bytes;
                assert!(picture == expected, "{syntax}, {high_bit}, signed {}", shape.signed);
            }
        }
    }
}

/// A stream deeper than Bits Stored holds what the header says, or is refused: cut to Bits Stored, 4096 would be 0.
#[tokio::test]
async fn a_sample_that_needs_more_bits_than_are_stored_is_refused_in_every_syntax() {
    let transcoder = transcoder();
    let shape = grey(16, 12);
    let mut values = shape.values();
    for (largest, is_right) in [(4095, true), (4096, false), (65_535, false)] {
        values[7] = largest;
        let words: Vec<u16> = values.iter().map(|&value| value as u16).collect();
        for (syntax, stream) in whole_containers(&shape, &words).into_iter().take(3) {
            let decoded = transcoder.decode(&shape.describe(syntax), stream.into()).await;
            match decoded {
                Ok(decoded) => assert!(is_right && decoded.samples == shape.bytes(&values), "{syntax} of {largest}"),
                Err(error) => {
                    assert!(!is_right && error.to_string().starts_with("BitsStored"), "{syntax} of {largest}: {error}");
                }
            }
        }
        let whole = Shape { stored: 16, ..shape };
        let image = whole.describe(EXPLICIT_LE);
        let stream = transcoder.encode(&image, whole.bytes(&values).into(), HTJ2K_LOSSLESS).await.unwrap();
        assert_eq!(transcoder.decode(&shape.describe(HTJ2K_LOSSLESS), stream).await.is_ok(), is_right, "{largest}");
    }
}

/// DCMTK compresses whole containers and leaves High Bit as it was.
#[tokio::test]
async fn what_dcmtk_compresses_from_the_highest_bits_is_decoded_to_the_samples() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, packed) = (folder.path().join("plain.dcm"), folder.path().join("packed.dcm"));
    for shape in shapes() {
        std::fs::write(&plain, part_10(&shape, 15)).unwrap();
        for (program, option, syntax) in [("dcmcjpls", "+pr", JPEG_LS), ("dcmcjpeg", "+e1", JPEG_LOSSLESS)] {
            let told = Command::new(program).arg(option).args([&plain, &packed]).output();
            let told = told.expect("install DCMTK (`make tools`, or `apt-get install dcmtk`)");
            assert!(told.status.success(), "{program}: {}", String::from_utf8_lossy(&told.stderr));
            let decoded = transcoder().decode(&describe(&shape, 15, syntax), fragment(&packed).into()).await.unwrap();
            assert!(decoded.samples == shape.bytes(&shape.values()), "{program}, signed {}", shape.signed);
        }
    }
}

/// The last fragment of a file with one frame.
fn fragment(file: &Path) -> Vec<u8> {
    let whole = std::fs::read(file).unwrap();
    let start = whole.windows(4).position(|four| four == [0xE0, 0x7F, 0x10, 0x00]).unwrap() + 12;
    let length = |at: usize| u32::from_le_bytes(whole[at + 4..at + 8].try_into().unwrap()) as usize;
    let table = start + 8 + length(start);
    whole[table + 8..table + 8 + length(table)].to_vec()
}

/// A file of this shape, its samples up to `high_bit` of their containers.
fn part_10(shape: &Shape, high_bit: u16) -> Vec<u8> {
    let element = |group: u16, element: u16, vr: &str, value: &[u8]| {
        let mut out = [group.to_le_bytes(), element.to_le_bytes()].concat();
        out.extend(vr.bytes());
        match vr {
            "OB" | "OW" => out.extend([vec![0, 0], (value.len() as u32).to_le_bytes().to_vec()].concat()),
            _ => out.extend((value.len() as u16).to_le_bytes()),
        }
        out.extend(value);
        out
    };
    let class = b"1.2.840.10008.5.1.4.1.1.7\0";
    let words: Vec<u16> = shape.values().iter().map(|&value| (value as u16) << (high_bit + 1 - shape.stored)).collect();
    let mut meta = element(2, 1, "OB", &[0, 1]);
    for (number, uid) in
        [(2, class.as_slice()), (3, b"1.2.3.4\0"), (0x10, b"1.2.840.10008.1.2.1\0"), (0x12, b"1.2.3\0")]
    {
        meta.extend(element(2, number, "UI", uid));
    }
    let mut out =
        [vec![0; 128], b"DICM".to_vec(), element(2, 0, "UL", &(meta.len() as u32).to_le_bytes()), meta].concat();
    for (group, number, uid) in
        [(8, 0x16, class.as_slice()), (8, 0x18, b"1.2.3.4\0"), (0x20, 13, b"1.2.3.5\0"), (0x20, 14, b"1.2.3.6\0")]
    {
        out.extend(element(group, number, "UI", uid));
    }
    out.extend(element(0x28, 2, "US", &[1, 0]));
    out.extend(element(0x28, 4, "CS", b"MONOCHROME2 "));
    let numbers = [(0x10, shape.rows), (0x11, shape.columns), (0x100, 16), (0x101, shape.stored), (0x102, high_bit)];
    for (number, value) in numbers.into_iter().chain([(0x103, u16::from(shape.signed))]) {
        out.extend(element(0x28, number, "US", &value.to_le_bytes()));
    }
    out.extend(element(0x7FE0, 0x10, "OW", &bytes(&words)));
    out
}
