#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::{Event, Multipart, MultipartError};

/// The parts of a body that comes in pieces, or why there are none.
fn read(boundary: &str, pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, MultipartError> {
    let mut parser = Multipart::new(boundary)?;
    let mut pieces = pieces.iter();
    let (mut whole, mut part) = (Vec::new(), Vec::new());
    loop {
        match parser.next_event()? {
            Event::Starved => match pieces.next() {
                Some(piece) => parser.push(piece),
                None => return parser.end().map(|()| whole),
            },
            Event::Part(_) => part.clear(),
            Event::Data(bytes) => part.extend_from_slice(&bytes),
            Event::PartEnd => whole.push(std::mem::take(&mut part)),
            Event::End => return Ok(whole),
        }
    }
}

const BODY: &[u8] = b"preamble\r\n--b\r\nContent-Type: application/dicom\r\nX: y\r\n\r\nfirst\r\n--bc is content\r\n-- and this\r\n--b \t\r\n\r\nsecond\r\n\r\n--b--\r\nepilogue --b";

#[test]
fn a_body_is_the_same_wherever_it_is_cut() {
    let expected = [b"first\r\n--bc is content\r\n-- and this".to_vec(), b"second\r\n".to_vec()];
    for at in 0..=BODY.len() {
        let (one, two) = BODY.split_at(at);
        assert_eq!(read("b", &[one, two]).unwrap(), expected, "cut at {at}");
    }
    for size in 1..20 {
        let pieces: Vec<&[u8]> = BODY.chunks(size).collect();
        assert_eq!(read("b", &pieces).unwrap(), expected, "pieces of {size}");
    }
}

#[test]
fn a_body_cut_short_anywhere_before_its_end_is_truncated() {
    let end = BODY.windows(5).position(|window| window == b"--b--").unwrap() + 5;
    for at in 0..end {
        assert_eq!(read("b", &[&BODY[..at]]), Err(MultipartError::Truncated), "cut at {at}");
    }
    assert!(read("b", &[&BODY[..end]]).is_ok());
}

#[test]
fn the_first_boundary_needs_no_line_before_it_and_parts_may_be_empty() {
    assert_eq!(read("b", &[b"--b\r\n\r\n\r\n--b\r\n\r\nx\r\n--b--"]).unwrap(), [b"".to_vec(), b"x".to_vec()]);
    assert_eq!(read("b", &[b"--b--"]).unwrap(), [b""; 0]);
}

#[test]
fn a_part_says_what_it_is() {
    let mut parser = Multipart::new("b").unwrap();
    parser.push(b"--b\r\ncontent-TYPE: application/dicom; transfer-syntax=1.2\r\n\r\n");
    assert_eq!(parser.next_event(), Ok(Event::Part(Some("application/dicom; transfer-syntax=1.2".into()))));
}

#[test]
fn nothing_grows_without_bound() {
    let filler = vec![b'x'; 100_000];
    assert_eq!(read("b", &[&filler]), Err(MultipartError::NoPart));
    assert_eq!(read("b", &[b"--b\r\n", &filler]), Err(MultipartError::Headers));
    assert_eq!(read("b", &[b"--b\r\nno header\r\n\r\n"]), Err(MultipartError::Headers));
    assert_eq!(Multipart::new("").unwrap_err(), MultipartError::Boundary);
    assert_eq!(Multipart::new(&"b".repeat(71)).unwrap_err(), MultipartError::Boundary);
}

proptest! {
    /// Whatever the parts hold, short of the boundary itself, and whatever the pieces are.
    #[test]
    fn what_is_written_is_read_again(parts in proptest::collection::vec("[\r\n\\-bx]{0,40}", 0..5), size in 1usize..64) {
        let boundary = "bbbbbb--x";
        let mut wire = Vec::new();
        for part in &parts {
            wire.extend_from_slice(format!("--{boundary}\r\nContent-Type: application/dicom\r\n\r\n{part}\r\n").as_bytes());
        }
        wire.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        prop_assume!(!parts.iter().any(|part| format!("\r\n{part}").contains(&format!("\r\n--{boundary}"))));
        let pieces: Vec<&[u8]> = wire.chunks(size).collect();
        let expected: Vec<Vec<u8>> = parts.iter().map(|part| part.clone().into_bytes()).collect();
        prop_assert_eq!(read(boundary, &pieces).unwrap(), expected);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b'b'), any::<u8>()], 0..300), size in 1usize..50) {
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        let _ = read("b", &pieces);
    }
}
