//! Where frames lie: the bytes of each span are the frame's.

use index_model::FrameIndex;

use crate::build::{DEFLATED, EXPLICIT_BE, EXPLICIT_LE, Form, IMPLICIT_LE, JPEG, deflate, part10};
use crate::{notes, read, refused};

const LE: Form = Form::Explicit;
const RLE: &str = "1.2.840.10008.1.2.5";
const MPEG4: &str = "1.2.840.10008.1.2.4.102";

/// The bytes of every frame, each as its fragments joined, out of what is stored.
fn frames(bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<String>) {
    let found = read(bytes).unwrap();
    let stored = found.part10.as_deref().unwrap_or(bytes);
    let frame = |number| {
        let spans = found.entry.frames.spans(number).unwrap();
        spans.iter().flat_map(|s| stored[s.offset as usize..][..s.length as usize].to_vec()).collect()
    };
    ((1..=found.entry.frames.count()).map(frame).collect(), notes(&found))
}

fn encapsulated(uid: &str, frames: u32, more: Vec<u8>, table: &[u32], fragments: &[&[u8]]) -> Vec<u8> {
    part10(uid, &[LE.image_header(frames), more, LE.encapsulated(table, fragments)].concat())
}

const A1: &[u8] = b"\xFF\xD8\xFF\xE0A1";
const A2: &[u8] = b"A2";
const B1: &[u8] = b"\xFF\xD8\xFF\xE0B1";
const B2: &[u8] = b"B2";

fn grouped() -> Vec<Vec<u8>> {
    vec![[A1, A2].concat(), [B1, B2].concat()]
}

#[test]
fn native_frames_follow_each_other() {
    let expected = vec![vec![1; 16], vec![2; 16], vec![3; 16]];
    for (uid, form) in [(IMPLICIT_LE, Form::Implicit), (EXPLICIT_LE, LE), (EXPLICIT_BE, Form::BigEndian)] {
        assert_eq!(frames(&part10(uid, &form.image(3))), (expected.clone(), vec![]));
        // Without a meta header, offsets are those of the file that is to be stored.
        assert_eq!(frames(&form.image(3)).0, expected);
    }
}

#[test]
fn a_stored_object_has_a_right_meta_header() {
    let found = read(&LE.image(1)).unwrap();
    let stored = found.part10.unwrap();
    assert_eq!(found.entry.size_bytes, stored.len() as u64);
    let again = read(&stored).unwrap();
    assert!(again.part10.is_none() && again.findings.is_empty());
    assert_eq!(again.entry.frames, found.entry.frames);
    assert_eq!(again.entry.metadata.get(), found.entry.metadata.get());
}

#[test]
fn more_frames_than_bytes_are_refused_and_padding_is_not() {
    let rule = "PixelData holds fewer bytes than Rows \u{d7} Columns \u{d7} SamplesPerPixel \u{d7} BitsAllocated \u{d7} NumberOfFrames say";
    let with =
        |pixels: &[u8]| part10(EXPLICIT_LE, &[LE.image_header(2), LE.element(0x7FE0_0010, "OW", pixels)].concat());
    assert_eq!(refused(&with(&[0; 30])), rule);
    assert_eq!(notes(&read(&with(&[0; 33])).unwrap()), [""; 0]);
    // A block of zeros behind the last frame, or of what is no whole row, moves none of them.
    for block in [vec![0; 8], (1..=6).collect()] {
        let block = read(&with(&[vec![7; 32], block].concat())).unwrap();
        assert_eq!((notes(&block).len(), block.entry.frames.count()), (0, 2));
    }
    let long = read(&with(&[vec![7; 32], vec![0; 18]].concat())).unwrap();
    assert_eq!(notes(&long), ["PixelData holds more bytes than its frames need"]);
    assert_eq!(long.entry.frames.count(), 2);
    let many = [LE.image_header(u32::MAX), LE.element(0x7FE0_0010, "OW", [0; 16])].concat();
    assert_eq!(refused(&part10(EXPLICIT_LE, &many)), rule);
}

/// 2 frames of 4 × 4 pixels of 8 bits; by the length, they would be of 5 columns or rows, more than 2, or of 16 bits.
#[test]
fn pixels_longer_by_whole_columns_rows_or_frames_are_not_cut_by_a_header_that_is_wrong() {
    let rule = "PixelData is longer than Rows, Columns, SamplesPerPixel, BitsAllocated and NumberOfFrames say, by whole rows, columns or frames: one of them is wrong";
    for length in [40, 48, 64, 96] {
        let pixels = LE.element(0x7FE0_0010, "OW", (0..length).collect::<Vec<u8>>());
        let found = read(&part10(EXPLICIT_LE, &[LE.image_header(2), pixels].concat())).unwrap();
        assert_eq!(notes(&found), [rule], "{length}");
        assert_eq!((found.entry.frames.count(), found.entry.instance.number_of_frames), (0, 2), "{length}");
    }
    let blank =
        read(&part10(EXPLICIT_LE, &[LE.image_header(2), LE.element(0x7FE0_0010, "OW", [0; 48])].concat())).unwrap();
    assert_eq!(
        (notes(&blank), blank.entry.frames.count()),
        (vec![rule.to_owned()], 0),
        "a frame more is one, whatever is in it"
    );
}

/// A decoder would show the first of two code streams and leave the other out.
#[test]
fn a_frame_of_two_code_streams_is_none() {
    let rule = "PixelData holds more frames than NumberOfFrames says, which are not told apart";
    let one_of_two = encapsulated(JPEG, 1, vec![], &[], &[A1, B1]);
    for bytes in [
        &one_of_two,
        &encapsulated(JPEG, 1, vec![], &[0], &[A1, A2, B1]),
        &encapsulated(JPEG, 2, vec![], &[0, 28], &[A1, A1, B1]),
    ] {
        let found = read(bytes).unwrap();
        assert_eq!((notes(&found), found.entry.frames.count()), (vec![rule.to_owned()], 0));
    }
    let video = frames(&encapsulated(MPEG4, 1, vec![], &[], &[A1, B1])).0;
    assert_eq!(video, [[A1, B1].concat()]);
}

/// A number that can't be read hides no frame.
#[test]
fn frames_are_counted_where_their_number_is_none() {
    let wrong = |header: Vec<u8>, uid, pixels: Vec<u8>| {
        let number = LE.element(0x0028_0008, "IS", "3 ");
        let at = header.windows(number.len()).position(|bytes| bytes == number).unwrap();
        let wrong = [&header[..at], &LE.element(0x0028_0008, "IS", "3A"), &header[at + number.len()..]].concat();
        part10(uid, &[wrong, pixels].concat())
    };
    let note = "NumberOfFrames is not a number; frames were counted in the pixel data".to_owned();
    let native = wrong(LE.image_header(3), EXPLICIT_LE, LE.element(0x7FE0_0010, "OW", [7; 48]));
    assert_eq!(frames(&native), (vec![vec![7; 16]; 3], vec![note.clone()]));
    let fragments: [&[u8]; 4] = [A1, A2, B1, B2];
    for table in [&[][..], &[0, 24]] {
        let two = wrong(LE.image_header(3), JPEG, LE.encapsulated(table, &fragments));
        assert_eq!(frames(&two), (grouped(), vec![note.clone()]));
    }
    let rle = wrong(LE.image_header(3), RLE, LE.encapsulated(&[], &[b"r1", b"r2"]));
    assert_eq!(frames(&rle).0, [b"r1", b"r2"]);
}

#[test]
fn bits_and_half_sampled_colours_are_counted_as_they_are_stored() {
    let header = |bits: u16, samples: u16, photometric: &str| {
        [
            LE.identity(),
            LE.us(0x0028_0002, samples),
            LE.element(0x0028_0004, "CS", photometric),
            LE.element(0x0028_0008, "IS", "2"),
            LE.us(0x0028_0010, 5),
            LE.us(0x0028_0011, 5),
            LE.us(0x0028_0100, bits),
        ]
        .concat()
    };
    let index = |header: Vec<u8>, pixels: usize| {
        let bytes = part10(EXPLICIT_LE, &[header, LE.element(0x7FE0_0010, "OW", vec![0; pixels])].concat());
        match read(&bytes).unwrap().entry.frames {
            FrameIndex::Native { frame_bits, count, .. } => (frame_bits, count),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(index(header(1, 1, "MONOCHROME2"), 8), (25, 2));
    assert_eq!(index(header(8, 3, "YBR_FULL_422"), 100), (400, 2));
    assert_eq!(index(header(8, 3, "YBR_FULL_422"), 150), (600, 2), "all of its samples are there");
    assert_eq!(index(header(8, 3, "RGB"), 150), (600, 2));
    assert_eq!(index(header(16, 1, "MONOCHROME2"), 100), (400, 2));
}

#[test]
fn fragments_are_grouped_by_the_basic_offset_table() {
    let bytes = encapsulated(JPEG, 2, vec![], &[0, 24], &[A1, A2, B1, B2]);
    assert_eq!(frames(&bytes), (grouped(), vec![]));
}

#[test]
fn frames_have_the_lengths_of_the_extended_offset_table() {
    let numbers = |values: [u64; 2]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
    let tables = |offsets, lengths| {
        [LE.element(0x7FE0_0001, "OV", numbers(offsets)), LE.element(0x7FE0_0002, "OV", numbers(lengths))].concat()
    };
    let right = encapsulated(JPEG, 2, tables([0, 14], [5, 6]), &[], &[A1, B1]);
    assert_eq!(frames(&right), (vec![A1[..5].to_vec(), B1.to_vec()], vec![]));
    for wrong in [
        tables([0, 13], [6, 6]),
        tables([0, 14], [6, 7]),
        tables([0, u64::MAX], [6, 6]),
        tables([14, 0], [6, 6]),
        tables([0, 0], [6, 6]),
        tables([0, 14], [6, 3]),
    ] {
        let (found, told) = frames(&encapsulated(JPEG, 2, wrong, &[], &[A1, B1]));
        assert_eq!(found, [A1, B1]);
        assert_eq!(told, ["ExtendedOffsetTable does not point to the frames; they were found without it"]);
    }
}

#[test]
fn without_a_table_frames_are_told_by_count_or_by_their_first_bytes() {
    assert_eq!(frames(&encapsulated(JPEG, 1, vec![], &[], &[A1, A2])).0, [[A1, A2].concat()]);
    assert_eq!(frames(&encapsulated(JPEG, 2, vec![], &[], &[A1, B1])).0, [A1, B1]);
    assert_eq!(frames(&encapsulated(JPEG, 2, vec![], &[], &[A1, A2, B1, B2])).0, grouped());
    let (j2k1, j2k2) = (b"\xFF\x4F\xFF\x51A1", b"\xFF\x4F\xFF\x51B1");
    let bytes = encapsulated("1.2.840.10008.1.2.4.90", 2, vec![], &[], &[j2k1, A2, j2k2]);
    assert_eq!(frames(&bytes).0, [[j2k1.as_slice(), A2].concat(), j2k2.to_vec()]);
}

#[test]
fn a_wrong_table_is_noted_and_the_frames_are_found_without_it() {
    for table in [&[0, 26][..], &[24, 0], &[0], &[0, 0], &[0, u32::MAX], &[0, 24, 38]] {
        let (found, told) = frames(&encapsulated(JPEG, 2, vec![], table, &[A1, A2, B1, B2]));
        assert_eq!(found, grouped());
        assert_eq!(told, ["PixelData has an offset table that does not point to the frames"]);
    }
}

#[test]
fn fragments_that_make_no_frames_are_refused() {
    let rule = |uid, frames, fragments: &[&[u8]]| refused(&encapsulated(uid, frames, vec![], &[], fragments));
    assert_eq!(rule(JPEG, 3, &[A1, B1]), "PixelData has fewer fragments than NumberOfFrames says");
    assert_eq!(
        rule(JPEG, 2, &[A2, A2, B2]),
        "PixelData has no offset table, and its fragments do not tell where frames begin"
    );
    assert_eq!(rule(JPEG, 1, &[]), "PixelData has no fragments");
    assert_eq!(rule(RLE, 1, &[A2, B2]), "PixelData has not one RLE fragment for each frame");
    assert_eq!(rule(EXPLICIT_LE, 1, &[A1]), "PixelData is encapsulated, though its transfer syntax is not");
    let native = part10(JPEG, &LE.image(1));
    assert_eq!(refused(&native), "PixelData is not encapsulated, though its transfer syntax is");
}

#[test]
fn video_is_one_stream_whatever_its_number_of_frames() {
    let bytes = encapsulated(MPEG4, 300, vec![], &[], &[A2, B2]);
    assert_eq!(frames(&bytes).0, [[A2, B2].concat()]);
    assert_eq!(read(&bytes).unwrap().entry.instance.number_of_frames, 300);
}

#[test]
fn frames_of_a_deflated_object_are_counted() {
    let found = read(&part10(DEFLATED, &deflate(&LE.image(3)))).unwrap();
    assert_eq!(found.entry.frames, FrameIndex::Deflated { count: 3 });
}

#[test]
fn an_object_without_pixels_has_no_frames() {
    let found = read(&part10(EXPLICIT_LE, &LE.identity())).unwrap();
    assert_eq!((found.entry.frames.count(), found.entry.instance.number_of_frames), (0, 0));
}
