//! What parent and worker say to each other: a length-prefixed header in JSON, then bytes.
//!
//! ```text
//! u32 header length | u64 payload length | header | payload      (little endian)
//! ```

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::TranscodeError;
use crate::codec::{Job, Outcome};

/// What is done to a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Task {
    /// From the compressed frame to its samples.
    Decode,
    /// From the samples to a compressed frame, without loss.
    Encode,
}

/// Asks for one frame; the payload is what the task begins with.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) task: Task,
    pub(super) job: Job,
    pub(super) time_limit_ms: u64,
}

/// Answers one request; the payload is what the task ends with, or empty. Encoding finds nothing out.
pub(super) type Answer = Result<Option<Outcome>, TranscodeError>;

pub(super) const PREFIX_BYTES: usize = 12;
pub(super) const MAX_HEADER_BYTES: usize = 64 << 10;

/// The prefix and header of a message.
pub(super) fn head<T: Serialize>(header: &T, payload_bytes: usize) -> io::Result<Vec<u8>> {
    let mut out = vec![0; PREFIX_BYTES];
    serde_json::to_writer(&mut out, header)?;
    let header_bytes = (out.len() - PREFIX_BYTES) as u32;
    out[..4].copy_from_slice(&header_bytes.to_le_bytes());
    out[4..PREFIX_BYTES].copy_from_slice(&(payload_bytes as u64).to_le_bytes());
    Ok(out)
}

/// The lengths of header and payload.
pub(super) fn lengths(prefix: [u8; PREFIX_BYTES]) -> io::Result<(usize, u64)> {
    let [h0, h1, h2, h3, p0, p1, p2, p3, p4, p5, p6, p7] = prefix;
    let header = u32::from_le_bytes([h0, h1, h2, h3]) as usize;
    let payload = u64::from_le_bytes([p0, p1, p2, p3, p4, p5, p6, p7]);
    if header > MAX_HEADER_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the header of a message is too long"));
    }
    Ok((header, payload))
}

/// Reads a message; `None` when the other side has closed.
pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<Option<T>> {
    let mut prefix = [0; PREFIX_BYTES];
    match from.read_exact(&mut prefix) {
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let (header_bytes, payload_bytes) = lengths(prefix)?;
    let mut header = vec![0; header_bytes];
    from.read_exact(&mut header)?;
    let header = serde_json::from_slice(&header)?;
    let payload_bytes = usize::try_from(payload_bytes).map_err(|_| io::ErrorKind::OutOfMemory)?;
    payload.clear();
    payload.try_reserve_exact(payload_bytes).map_err(|_| io::ErrorKind::OutOfMemory)?;
    from.take(payload_bytes as u64).read_to_end(payload)?;
    if payload.len() < payload_bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(header))
}

/// Writes a message.
pub(super) fn write<T: Serialize>(to: &mut impl Write, header: &T, payload: &[u8]) -> io::Result<()> {
    to.write_all(&head(header, payload.len())?)?;
    to.write_all(payload)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let mut pipe = Vec::new();
        write(&mut pipe, &vec![1, 2, 3], b"payload").unwrap();
        let mut payload = Vec::new();
        let header: Option<Vec<u32>> = read(&mut pipe.as_slice(), &mut payload).unwrap();
        assert_eq!((header, payload.as_slice()), (Some(vec![1, 2, 3]), &b"payload"[..]));
        assert!(read::<Vec<u32>>(&mut &pipe[..0], &mut payload).unwrap().is_none());
        assert!(read::<Vec<u32>>(&mut &pipe[..pipe.len() - 1], &mut payload).is_err());
    }

    #[test]
    fn a_header_that_is_too_long_is_refused_before_it_is_read() {
        assert!(lengths([0xFF; PREFIX_BYTES]).is_err());
    }
}
