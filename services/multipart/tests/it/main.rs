//! Bodies whole, cut and broken.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use multipart::{Event, Malformed, Reader};
use proptest::prelude::*;

/// Content type and body of each part, fed in pieces that end at `cuts`.
fn read(boundary: &str, body: &[u8], cuts: &[usize]) -> Result<Vec<(String, Vec<u8>)>, Malformed> {
    let mut reader = Reader::new(boundary)?;
    let (mut parts, mut from, mut whole) = (Vec::<(String, Vec<u8>)>::new(), 0, 0);
    for to in cuts.iter().copied().chain([body.len()]) {
        reader.feed(Bytes::copy_from_slice(&body[from..to]));
        from = to;
        while let Some(event) = reader.next()? {
            match event {
                Event::Begin(headers) => {
                    parts.push((headers.get("content-type").unwrap_or_default().into(), Vec::new()))
                }
                Event::Data(bytes) => parts.last_mut().unwrap().1.extend_from_slice(&bytes),
                Event::End => whole += 1,
                Event::Close => assert_eq!(whole, parts.len(), "each part ends before the body does"),
            }
        }
    }
    reader.finish()?;
    Ok(parts)
}

const TRICKY: &[u8] = b"preamble\r\n--b-1\r\nContent-Type: a/b\r\nX: y\r\n\r\nfirst\r\n--b\r\n-\r\n\r\r\n--b-\r\n--b-1c is content\r\n-- too\r\n--b-1 \t\r\n\r\nsecond\r\n\r\n--b-1--\r\nepilogue\r\n--b-1";

fn expected() -> Vec<(String, Vec<u8>)> {
    let first = b"first\r\n--b\r\n-\r\n\r\r\n--b-\r\n--b-1c is content\r\n-- too".to_vec();
    vec![("a/b".to_owned(), first), (String::new(), b"second\r\n".to_vec())]
}

#[test]
fn a_body_is_read_alike_wherever_it_is_cut() {
    for cut in 0..TRICKY.len() {
        assert_eq!(read("b-1", TRICKY, &[cut]).as_ref(), Ok(&expected()), "cut at {cut}");
    }
    let every: Vec<_> = (0..TRICKY.len()).collect();
    assert_eq!(read("b-1", TRICKY, &every), Ok(expected()));
}

#[test]
fn a_body_that_ends_early_is_never_taken_for_whole() {
    let end = memchr::memmem::find(TRICKY, b"--b-1--").unwrap() + "--b-1--".len();
    for length in 0..end {
        assert!(read("b-1", &TRICKY[..length], &[]).is_err(), "{length}");
    }
    assert!(read("b-1", &TRICKY[..end], &[]).is_ok());
}

#[test]
fn parts_may_be_empty_and_so_may_a_body() {
    let empty = (String::new(), Vec::new());
    assert_eq!(read("b", b"--b\r\n\r\n\r\n--b\r\n\r\nx\r\n--b--", &[]).unwrap(), [empty, (String::new(), vec![b'x'])]);
    assert_eq!(read("b", b"--b--", &[]).unwrap(), []);
}

#[test]
fn nothing_grows_without_bound() {
    let filler = vec![b'x'; 100_000];
    assert_eq!(read("b", &filler, &[]), Err(Malformed::NoDelimiter));
    assert_eq!(read("b", b"", &[]), Err(Malformed::NoDelimiter));
    assert_eq!(read("b", b"--bjunk\r\n\r\n", &[]), Err(Malformed::NoDelimiter));
    assert_eq!(read("b", &[b"--b\r\n".as_slice(), &filler].concat(), &[]), Err(Malformed::Headers));
    assert_eq!(read("b", b"--b\r\nno header\r\n\r\n", &[]), Err(Malformed::Headers));
    let padding = [b"--b".as_slice(), &[b' '; 100], b"\r\n\r\nx\r\n--b--"].concat();
    assert_eq!(read("b", &padding, &[]), Err(Malformed::NoDelimiter));
    for wrong in ["", "a\nb", "é", &"b".repeat(257)] {
        assert_eq!(Reader::new(wrong).unwrap_err(), Malformed::Boundary);
    }
    assert!(Reader::new(&"b".repeat(73)).is_ok(), "Orthanc's is longer than the 70 of RFC 2046");
}

proptest! {
    /// Whatever the parts hold, short of the boundary itself, and whatever the pieces are.
    #[test]
    fn what_is_written_is_read_again(
        bodies in prop::collection::vec(prop::collection::vec(prop::sample::select(b"\r\n-b1 x".to_vec()), 0..60), 1..4),
        mut cuts in prop::collection::vec(0usize..400, 0..8),
    ) {
        prop_assume!(bodies.iter().all(|body| memchr::memmem::find(&[b"\r\n", body.as_slice()].concat(), b"\r\n--b-1").is_none()));
        let mut text = Vec::new();
        for body in &bodies {
            text.extend_from_slice(b"\r\n--b-1\r\nContent-Type: t\r\n\r\n");
            text.extend_from_slice(body);
        }
        text.extend_from_slice(b"\r\n--b-1--\r\n");
        cuts.retain(|cut| *cut < text.len());
        cuts.sort_unstable();
        let parts = read("b-1", &text, &cuts).unwrap();
        prop_assert_eq!(parts, bodies.into_iter().map(|body| ("t".to_owned(), body)).collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_are_read_differently_in_pieces(
        bytes in prop::collection::vec(prop::sample::select(b"\r\n-b \t:x\xff".to_vec()), 0..300),
        mut cuts in prop::collection::vec(0usize..300, 0..8),
    ) {
        cuts.retain(|cut| *cut < bytes.len());
        cuts.sort_unstable();
        prop_assert_eq!(read("b", &bytes, &cuts), read("b", &bytes, &[]));
    }
}
