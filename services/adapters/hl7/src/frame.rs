//! MLLP framing: `0x0B` message `0x1C 0x0D`, found in whatever pieces the network brings.

use bytes::{Buf, Bytes, BytesMut};

const START: u8 = 0x0B;
/// What ends a message.
pub(crate) const END: [u8; 2] = [0x1C, 0x0D];
/// Bytes that may stand between two frames before the peer is taken for something else than an MLLP sender.
const BETWEEN_LIMIT: usize = 1024;

/// The peer does not speak MLLP, or too much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A message larger than the limit.
    #[error("a message is larger than the limit")]
    TooLarge,
    /// Bytes outside a frame.
    #[error("bytes outside a frame")]
    NotFramed,
}

/// Cuts a stream of bytes into messages. Holds at most one unfinished message of the limit and the last read.
#[derive(Debug)]
pub struct FrameReader {
    buffer: BytesMut,
    limit_bytes: usize,
    inside: bool,
    between: usize,
    searched: usize,
    abandoned: u64,
}

impl FrameReader {
    /// Refuses messages of more than `limit_bytes`.
    pub fn new(limit_bytes: usize) -> Self {
        Self { buffer: BytesMut::new(), limit_bytes, inside: false, between: 0, searched: 0, abandoned: 0 }
    }

    /// Where the network writes what it reads.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether a message has begun and not ended.
    pub fn is_inside(&self) -> bool {
        self.inside
    }

    /// Bytes of the unfinished message.
    pub(crate) fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// Messages whose sender began another one before their end.
    pub fn abandoned(&self) -> u64 {
        self.abandoned
    }

    /// The next whole message; `None` until more bytes come.
    ///
    /// # Errors
    /// [`FrameError`], after which the stream can't be used.
    pub fn next_frame(&mut self) -> Result<Option<Bytes>, FrameError> {
        if !self.inside && !self.find_start()? {
            return Ok(None);
        }
        let from = self.searched.saturating_sub(1);
        let end = self.buffer[from..].windows(2).position(|pair| pair == END).map(|at| from + at);
        let Some(end) = end else {
            self.searched = self.buffer.len();
            return if self.searched > self.limit_bytes { Err(FrameError::TooLarge) } else { Ok(None) };
        };
        if end > self.limit_bytes {
            return Err(FrameError::TooLarge);
        }
        let mut message = self.buffer.split_to(end).freeze();
        self.buffer.advance(END.len());
        (self.inside, self.searched) = (false, 0);
        // A start within a message: its sender gave up and began anew. Only the last beginning is whole.
        if let Some(restart) = message.iter().rposition(|byte| *byte == START) {
            self.abandoned += 1;
            message.advance(restart + 1);
        }
        Ok(Some(message))
    }

    fn find_start(&mut self) -> Result<bool, FrameError> {
        let start = self.buffer.iter().position(|byte| *byte == START);
        self.between += start.unwrap_or(self.buffer.len());
        if self.between > BETWEEN_LIMIT {
            return Err(FrameError::NotFramed);
        }
        match start {
            Some(at) => {
                self.buffer.advance(at + 1);
                (self.inside, self.between, self.searched) = (true, 0, 0);
                Ok(true)
            }
            None => {
                self.buffer.clear();
                Ok(false)
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{FrameError, FrameReader};
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut reader = FrameReader::new(64);
        let mut messages = Vec::new();
        for piece in pieces {
            reader.push(piece);
            while let Some(message) = reader.next_frame().unwrap() {
                messages.push(message.to_vec());
            }
        }
        messages
    }

    #[test]
    fn two_messages_in_one_packet_are_two_messages() {
        assert_eq!(read(&[b"\x0Bone\x1C\r\x0Btwo\x1C\r"]), [b"one".to_vec(), b"two".to_vec()]);
    }

    #[test]
    fn line_ends_between_frames_are_passed_over() {
        assert_eq!(read(&[b"\r\n\x0Bone\x1C\r\n\x0Btwo\x1C\r"]), [b"one".to_vec(), b"two".to_vec()]);
    }

    #[test]
    fn a_sender_that_begins_anew_is_heard_from_there() {
        assert_eq!(read(&[b"\x0Bhalf a mess", b"\x0Bwhole\x1C\r"]), [b"whole".to_vec()]);
    }

    #[test]
    fn a_message_over_the_limit_is_refused_before_its_end() {
        let mut reader = FrameReader::new(8);
        reader.push(b"\x0B123456789");
        assert_eq!(reader.next_frame(), Err(FrameError::TooLarge));
    }

    #[test]
    fn a_peer_of_another_protocol_is_refused() {
        let mut reader = FrameReader::new(64);
        reader.push(&[b'G'; 2000]);
        assert_eq!(reader.next_frame(), Err(FrameError::NotFramed));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(messages in proptest::collection::vec("[a-z|\r]{0,20}", 0..4), cut in 1usize..40) {
            let wire: Vec<u8> = messages.iter().flat_map(|m| [b"\x0B", m.as_bytes(), b"\x1C\r"].concat()).collect();
            let pieces: Vec<&[u8]> = wire.chunks(cut).collect();
            let expected: Vec<Vec<u8>> = messages.iter().map(|m| m.clone().into_bytes()).collect();
            prop_assert_eq!(read(&pieces), expected);
        }
    }
}
