//! DIMSE command sets: implicit VR little endian, group 0000, no sequences (PS3.7 §6.3.1).

use crate::header::{self, CUT};
use crate::{Encoding, Violation};

/// More than any command of PS3.7 needs, a list of attribute identifiers included.
const MOST_BYTES: usize = 64 * 1024;

/// Scans the command set of one DIMSE message.
///
/// # Errors
/// [`Violation`] when it is too long, leaves group 0000, or declares more than it holds.
pub fn scan_command_set(bytes: &[u8]) -> Result<(), Violation> {
    if bytes.len() > MOST_BYTES {
        return Err(Violation::file("is too long for a command set", 0));
    }
    let mut position = 0;
    while position < bytes.len() {
        let rest = &bytes[position..];
        let header = header::read(rest, Encoding::IMPLICIT_LE).map_err(|_| Violation::file(CUT, position))?;
        if header.tag.0 != 0 {
            return Err(Violation::of(header.tag, "does not belong in a command set", position));
        }
        if header.length as usize > rest.len() - header.size {
            return Err(Violation::of(header.tag, "is longer than the bytes that follow", position));
        }
        position += header.size + header.length as usize;
    }
    Ok(())
}
