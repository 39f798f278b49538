//! Why an association could not be made, or ended early.

use std::io;
use std::time::Duration;

/// Why an association could not be made, or ended early. Its text names no patient: of what the peer sent, it tells only the rule.
#[derive(Debug, thiserror::Error)]
pub enum AssociationError {
    /// No connection to the host and port.
    #[error("could not connect")]
    Connect(#[source] io::Error),
    /// No TLS: the peer speaks none, or one of the two does not trust the other.
    #[error("TLS could not be agreed on")]
    Tls(#[source] io::Error),
    /// A-ASSOCIATE-RJ.
    #[error("association rejected: {0}")]
    Rejected(Rejection),
    /// A-ASSOCIATE-AC that accepts none of the presentation contexts.
    #[error("no presentation context accepted")]
    NoContext,
    /// A-ABORT from the peer.
    #[error("association aborted by the peer (source {source_code}, reason {reason_code})")]
    Aborted {
        /// PS3.8 table 9-26, source.
        source_code: u8,
        /// PS3.8 table 9-26, reason.
        reason_code: u8,
    },
    /// The connection ended without A-RELEASE or A-ABORT.
    #[error("connection closed by the peer")]
    Closed,
    /// The peer asked for release in the middle of an operation.
    #[error("released by the peer before the operation was over")]
    Released,
    /// Nothing, or too little, came or went in this time.
    #[error("the peer did not answer within {} s", .0.as_secs_f32())]
    Late(Duration),
    /// It was idle for longest of all when there was no place for another.
    #[error("idle, and its place was given to another")]
    GivenUp,
    /// We are shutting down.
    #[error("ended by our own shutdown")]
    Stopping,
    /// What was to be sent could not be read to its end, and half a message stands on the wire.
    #[error("an object could not be read to its end")]
    Unread,
    /// The peer broke this rule.
    #[error("the peer broke the protocol: {0}")]
    Broken(&'static str),
    /// What the operating system says.
    #[error("connection failed")]
    Io(#[source] io::Error),
}

impl AssociationError {
    /// Whether the connection was given up by the other side, so that a fresh one may do better.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Closed | Self::Io(_) | Self::Aborted { .. } | Self::Released)
    }
}

/// An A-ASSOCIATE-RJ: PS3.8 §9.3.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    /// Rejected-transient rather than rejected-permanent.
    pub transient: bool,
    /// 1 service user, 2 service provider (ACSE), 3 service provider (presentation).
    pub source: u8,
    /// Reason, by source.
    pub reason: u8,
}

impl Rejection {
    /// The calling AE title is not known here.
    pub const CALLING_AE_TITLE: Self = Self { transient: false, source: 1, reason: 3 };
    /// The called AE title is not ours.
    pub const CALLED_AE_TITLE: Self = Self { transient: false, source: 1, reason: 7 };
    /// The application context name is not DICOM's.
    pub const APPLICATION_CONTEXT: Self = Self { transient: false, source: 1, reason: 2 };
    /// Not protocol version 1.
    pub const PROTOCOL_VERSION: Self = Self { transient: false, source: 2, reason: 2 };
    /// No reason given, by the service provider.
    pub const PROVIDER_NO_REASON: Self = Self { transient: false, source: 2, reason: 1 };
    /// Too many associations; later there may be room.
    pub const CONGESTION: Self = Self { transient: true, source: 3, reason: 1 };
    /// Too many associations of this peer.
    pub const LOCAL_LIMIT: Self = Self { transient: true, source: 3, reason: 2 };
    /// Refused without a word.
    pub const NO_REASON: Self = Self { transient: false, source: 1, reason: 1 };
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.source, self.reason) {
            (1, 2) => "application context name not supported",
            (1, 3) => "calling AE title not recognised",
            (1, 7) => "called AE title not recognised",
            (2, 2) => "protocol version not supported",
            (3, 1) => "temporary congestion",
            (3, 2) => "local limit exceeded",
            _ => "no reason given",
        })?;
        f.write_str(if self.transient { " (transient)" } else { " (permanent)" })
    }
}
