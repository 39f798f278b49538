//! The message header, read before anything is known of the message's character set.

use crate::charset::Charset;
use crate::message::{Message, Syntax};
use crate::refusal::{ErrorCode, Location, Refusal};

/// MSH segments longer than this are not read.
const HEADER_LIMIT: usize = 8 * 1024;
/// The longest control id that is echoed; version 2.7 allows 199 characters.
const CONTROL_ID_LIMIT: usize = 199;

/// The types of messages that are taken, and their events.
const TAKEN: &[(&str, &[&str])] = &[
    ("ORU", &["R01"]),
    ("ORM", &["O01"]),
    ("OMG", &["O19"]),
    ("OMI", &["O23"]),
    ("ADT", &["A01", "A04", "A05", "A08", "A28", "A31", "A37", "A40", "A43", "A44", "A45", "A47"]),
];

/// MSH, each byte as the character of the same number, so that what is echoed is what was sent.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) syntax: Syntax,
    /// MSH-3 to MSH-6, as sent.
    pub(crate) addresses: [String; 4],
    /// MSH-4.1.
    pub(crate) sending_facility: String,
    /// MSH-7.1.
    pub(crate) sent: String,
    /// MSH-9.1.
    pub(crate) message_code: String,
    /// MSH-9.2.
    pub(crate) trigger_event: String,
    /// MSH-10.
    pub(crate) control_id: String,
    /// MSH-11.1.
    pub(crate) processing_id: String,
    /// MSH-12.1.
    pub(crate) version: String,
    /// MSH-15.
    pub(crate) accept_acknowledgement: String,
    /// MSH-16.
    pub(crate) application_acknowledgement: String,
    /// MSH-18, first repetition.
    pub(crate) character_set: String,
}

impl Header {
    /// Reads the header; `None` when the bytes don't begin with one.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
        let end = bytes.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
        let line: String = bytes.get(..end.min(HEADER_LIMIT))?.iter().map(|b| char::from(*b)).collect();
        let message = Message::read(&line, Charset::Ascii)?;
        let msh = message.segment("MSH")?;
        let text = |field: usize| msh.field(field).component(1).text();
        let raw = |field: usize| msh.field(field).raw().to_owned();
        Some(Self {
            syntax: Syntax::read(&line, Charset::Ascii)?,
            addresses: [raw(3), raw(4), raw(5), raw(6)],
            sending_facility: text(4),
            sent: text(7),
            message_code: text(9),
            trigger_event: msh.field(9).component(2).text(),
            control_id: msh.field(10).raw().trim().to_owned(),
            processing_id: text(11),
            version: text(12),
            accept_acknowledgement: text(15),
            application_acknowledgement: text(16),
            character_set: text(18),
        })
    }

    /// Whether this is a message that the service takes: type, event, processing id, version and control id.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let missing =
            |field, text| Err(Refusal::error(ErrorCode::RequiredFieldMissing, Location::field("MSH", field), text));
        let reject = |code, field, text| Err(Refusal::reject(code, Location::field("MSH", field), text));
        let Some((_, events)) = TAKEN.iter().find(|(code, _)| *code == self.message_code) else {
            return reject(ErrorCode::UnsupportedMessageType, 9, "this type of message is not taken");
        };
        if !events.contains(&self.trigger_event.as_str()) {
            return reject(ErrorCode::UnsupportedEvent, 9, "this event is not taken");
        }
        if self.processing_id != "P" {
            return reject(ErrorCode::UnsupportedProcessingId, 11, "only production messages are taken");
        }
        let minor = self.version.strip_prefix("2.").and_then(|rest| rest.split('.').next());
        if !matches!(minor, Some("1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9")) {
            return reject(ErrorCode::UnsupportedVersion, 12, "versions 2.1 to 2.9 are taken");
        }
        match self.control_id.len() {
            0 => missing(10, "the message control id is missing"),
            1..=CONTROL_ID_LIMIT => Ok(()),
            _ => Err(Refusal::error(ErrorCode::DataType, Location::field("MSH", 10), "the control id is too long")),
        }
    }

    /// Decodes a message: the set that it declares, else the source's, else UTF-8 where it fits and ISO 8859-1 where it does not.
    pub(crate) fn charset(&self, bytes: &[u8], source_default: Option<&str>) -> Result<Charset, Refusal> {
        if !self.character_set.is_empty() {
            let unknown = "the character set is not supported";
            return Charset::by_hl7_name(&self.character_set).ok_or(Refusal::error(
                ErrorCode::TableValue,
                Location::field("MSH", 18),
                unknown,
            ));
        }
        Ok(source_default.and_then(Charset::by_source_name).unwrap_or_else(|| {
            let guess = Charset::guess(bytes);
            if guess == Charset::Latin1 {
                tracing::warn!("a message declares no character set and is not UTF-8: taken for ISO 8859-1");
            }
            guess
        }))
    }
}
