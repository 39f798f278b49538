//! Why a frame was not answered, told apart by what the caller does next.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Why a frame could not be decoded or rendered.
///
/// No message holds a value of the data set: attributes and rules are named, values are not.
#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
pub enum TranscodeError {
    /// No codec here reads this transfer syntax; the original bytes can still be served.
    #[error("transfer syntax {transfer_syntax} is not supported")]
    Unsupported {
        /// The transfer syntax UID.
        transfer_syntax: Cow<'static, str>,
    },

    /// The request asks for what can't be.
    #[error("{parameter}: {rule}")]
    Parameter {
        /// The parameter.
        parameter: Cow<'static, str>,
        /// What is wrong with it.
        rule: Cow<'static, str>,
    },

    /// The data set breaks a rule, or contradicts the pixel data.
    #[error("{attribute} {rule}")]
    Mismatch {
        /// The keyword of the attribute, or the part of a stream.
        attribute: Cow<'static, str>,
        /// The rule that is broken, as the end of a sentence that begins with the attribute.
        rule: Cow<'static, str>,
    },

    /// The codec gave up on the stream.
    #[error("the {codec} stream is damaged: {message}")]
    Codec {
        /// The codec's name.
        codec: Cow<'static, str>,
        /// What the codec said.
        message: Cow<'static, str>,
    },

    /// The codec did not finish within its time limit, and was ended.
    #[error("decoding took longer than its time limit")]
    TimedOut,

    /// As many frames are waiting as may wait. Try again later.
    #[error("too many frames are waiting to be decoded")]
    Overloaded,

    /// The codec's process could not be started, or ended while it decoded this frame.
    #[error("the codec worker failed")]
    #[serde(skip)]
    Worker(#[source] std::io::Error),
}

impl TranscodeError {
    /// A broken rule.
    pub(crate) fn mismatch(attribute: impl Into<Cow<'static, str>>, rule: impl Into<Cow<'static, str>>) -> Self {
        Self::Mismatch { attribute: attribute.into(), rule: rule.into() }
    }

    /// A parameter that can't be met.
    pub(crate) fn parameter(parameter: &'static str, rule: &'static str) -> Self {
        Self::Parameter { parameter: Cow::Borrowed(parameter), rule: Cow::Borrowed(rule) }
    }

    /// A damaged stream.
    pub(crate) fn codec(codec: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Codec { codec: Cow::Borrowed(codec), message: message.into() }
    }
}
