//! What every message has in common: a header that is taken, and text that decodes.

use std::borrow::Cow;

use index_model::RepositoryDefinition;

use crate::charset::Charset;
use crate::header::Header;
use crate::message::Message;
use crate::refusal::{ErrorCode, Location, Refusal};

/// The header of a message that the service takes.
pub(crate) fn header(bytes: &[u8]) -> Result<Header, Refusal> {
    let no_header = Refusal::reject(ErrorCode::SegmentSequence, Location::segment("MSH"), "the message has no header");
    let header = Header::read(bytes).ok_or(no_header)?;
    header.check()?;
    Ok(header)
}

/// The text of a message, and the character set that it was in. Bytes without a meaning in it refuse the message.
pub(crate) fn text<'b>(
    bytes: &'b [u8],
    header: &Header,
    definition: &RepositoryDefinition,
) -> Result<(Cow<'b, str>, Charset), Refusal> {
    let mut charset = header.charset(bytes, definition.character_set.as_deref())?;
    // No text of a person is UTF-8 by chance: read as it is declared, each accent would be two letters.
    if charset == Charset::Latin1 && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
        tracing::warn!(repository.code = %definition.code, "a message declares 8859/1 and is UTF-8: it is read as that, and its sender should say so (MSH-18)");
        charset = Charset::Utf8;
    }
    let undecodable = "a byte has no meaning in the declared character set";
    let undecodable = Refusal::error(ErrorCode::DataType, Location::field("MSH", 18), undecodable);
    Ok((charset.decode(bytes).ok_or(undecodable)?, charset))
}

/// The segments of a text.
pub(crate) fn message(text: &str, charset: Charset) -> Result<Message<'_>, Refusal> {
    let too_many = Refusal::error(ErrorCode::SegmentSequence, Location::segment("MSH"), "too many segments");
    Message::read(text, charset).ok_or(too_many)
}

/// The control id of one of several things that a message brings.
pub(crate) fn control_id(sent: &str, number: usize) -> String {
    if number == 0 { sent.to_owned() } else { format!("{sent}/{}", number + 1) }
}
