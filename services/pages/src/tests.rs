use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use crate::{LEAST_BYTES, Pages, holds, send};

fn bytes(length: usize, of: u8) -> Bytes {
    (0..length).map(|at| (at % 251) as u8 ^ of).collect::<Vec<_>>().into()
}

#[test]
fn what_is_kept_is_the_same_and_its_room_comes_back() {
    let pages = Pages::new(1 << 20).unwrap();
    let kept = pages.keep(bytes(100_000, 1));
    assert!(kept == bytes(100_000, 1) && holds(&kept) && holds(&kept[5..90_000]));
    assert_eq!(pages.bytes(), 25 * 4096);
    let part = kept.slice(50_000..);
    drop(kept);
    assert!(part == bytes(100_000, 1)[50_000..], "somebody holds a part");
    assert_eq!(pages.bytes(), 25 * 4096);
    drop(part);
    assert_eq!(pages.bytes(), 0);
}

#[test]
fn what_is_short_or_finds_no_room_stays_where_it_is() {
    let pages = Pages::new(100_000).unwrap();
    let short = bytes(LEAST_BYTES - 1, 2);
    let at = short.as_ptr();
    assert!(pages.keep(short).as_ptr() == at && pages.bytes() == 0);
    let first = pages.keep(bytes(90_000, 3));
    let second = pages.keep(bytes(90_000, 4));
    assert!(holds(&first) && !holds(&second) && second == bytes(90_000, 4));
}

#[test]
fn bytes_elsewhere_are_not_sent() {
    let (socket, _other) = UnixStream::pair().unwrap();
    assert_eq!(send(&socket, &bytes(100_000, 5)).unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

/// Pages of a socket's are never written again: what is kept where others lay does not change what was sent of them.
#[test]
fn what_was_sent_arrives_though_it_was_given_up_and_its_place_taken() {
    let pages = Pages::new(100_000).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut reader, _) = listener.accept().unwrap();
    let kept = pages.keep(bytes(90_000, 6));
    let sent = send(&socket, &kept).unwrap();
    drop(kept);
    // Each round of places is gone through.
    for of in 7..30 {
        assert!(holds(&pages.keep(bytes(90_000, of))));
    }
    let mut came = vec![0; sent];
    reader.read_exact(&mut came).unwrap();
    assert!(came == bytes(90_000, 6)[..sent]);
}

#[test]
fn many_who_keep_and_read_at_once_see_their_own() {
    let (pages, failed) = (Pages::new(1 << 20).unwrap(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for of in 0..4 {
            let (pages, failed) = (pages.clone(), &failed);
            scope.spawn(move || {
                for round in 0..50 {
                    let length = LEAST_BYTES + (round * 977) % 150_000;
                    let kept = pages.keep(bytes(length, of));
                    let wrong = kept != bytes(length, of);
                    failed.fetch_or(wrong, Ordering::Relaxed);
                }
            });
        }
    });
    assert!(!failed.into_inner());
    assert_eq!(pages.bytes(), 0);
}

#[test]
fn a_peer_that_has_gone_is_an_error() {
    let pages = Pages::new(1 << 20).unwrap();
    let kept = pages.keep(bytes(500_000, 9));
    let (mut socket, other) = UnixStream::pair().unwrap();
    drop(other);
    assert!(socket.write(b"x").is_err());
    assert!(send(&socket, &kept).is_err());
}
