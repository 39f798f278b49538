//! Why a message is not taken, in the words of HL7 tables 0008 and 0357.

use std::fmt;

/// Who has to act: the sender's data, or its configuration (HL7 table 0008).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `AE` (`CE`): the content is wrong; to be corrected and sent again.
    Error,
    /// `AR` (`CR`): the message is refused as such, or the service can't take it now.
    Reject,
}

/// HL7 table 0357, message error condition codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum ErrorCode {
    /// Segments are missing or in the wrong order.
    SegmentSequence = 100,
    /// A required field is empty.
    RequiredFieldMissing = 101,
    /// A value is not of its data type.
    DataType = 102,
    /// A value is not in its table.
    TableValue = 103,
    /// This type of message is not taken.
    UnsupportedMessageType = 200,
    /// This event is not taken.
    UnsupportedEvent = 201,
    /// This processing id is not taken.
    UnsupportedProcessingId = 202,
    /// This version is not taken.
    UnsupportedVersion = 203,
    /// Nobody by this key is known.
    UnknownKey = 204,
    /// The key was used before.
    DuplicateKey = 205,
    /// The service can't take it now.
    ApplicationInternal = 207,
}

impl ErrorCode {
    /// The code and its text, as table 0357 has them.
    pub(crate) const fn printed(self) -> (u16, &'static str) {
        let text = match self {
            Self::SegmentSequence => "Segment sequence error",
            Self::RequiredFieldMissing => "Required field missing",
            Self::DataType => "Data type error",
            Self::TableValue => "Table value not found",
            Self::UnsupportedMessageType => "Unsupported message type",
            Self::UnsupportedEvent => "Unsupported event code",
            Self::UnsupportedProcessingId => "Unsupported processing id",
            Self::UnsupportedVersion => "Unsupported version id",
            Self::UnknownKey => "Unknown key identifier",
            Self::DuplicateKey => "Duplicate key identifier",
            Self::ApplicationInternal => "Application internal error",
        };
        (self as u16, text)
    }
}

/// Where in a message (data type ERL): segment, its occurrence, field, repetition and component, all from 1; 0 is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// Segment id.
    pub segment: &'static str,
    /// Which of the segments of that name.
    pub occurrence: usize,
    /// Field.
    pub field: usize,
    /// Repetition of the field.
    pub repetition: usize,
    /// Component of the repetition.
    pub component: usize,
}

impl Location {
    /// A field of the first segment of that name.
    pub(crate) const fn field(segment: &'static str, field: usize) -> Self {
        Self::field_of(segment, 1, field)
    }

    /// A field of one segment of that name.
    pub(crate) const fn field_of(segment: &'static str, occurrence: usize, field: usize) -> Self {
        Self { segment, occurrence, field, repetition: 1, component: 1 }
    }

    /// A whole segment.
    pub(crate) const fn segment(segment: &'static str) -> Self {
        Self { segment, occurrence: 1, field: 0, repetition: 0, component: 0 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.segment)?;
        let parts = [self.occurrence, self.field, self.repetition, self.component];
        parts.iter().take_while(|part| **part > 0).try_for_each(|part| write!(f, "^{part}"))
    }
}

/// A message that is not taken. Its text never repeats a value of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {text}")]
pub struct Refusal {
    /// `AE` or `AR`.
    pub level: Level,
    /// Table 0357.
    pub code: ErrorCode,
    /// Where.
    pub location: Location,
    /// The rule, in words for the sender's operator.
    pub text: &'static str,
}

impl Refusal {
    /// The sender's data are wrong.
    pub(crate) const fn error(code: ErrorCode, location: Location, text: &'static str) -> Self {
        Self { level: Level::Error, code, location, text }
    }

    /// The message is refused as such.
    pub(crate) const fn reject(code: ErrorCode, location: Location, text: &'static str) -> Self {
        Self { level: Level::Reject, code, location, text }
    }
}
