//! An association over any byte stream: PS3.8, with the PDU codec of `dicom-ul`.
//!
//! `dicom-ul`'s own association types decide on a calling AE title synchronously, copy each fragment twice, apply the P-DATA limit to
//! A-ASSOCIATE PDUs and print what the peer sent in their errors. Here admission can wait for a database, data set fragments are slices of
//! what was read, every PDU has a bound in size and time, and an error names the rule only. A TLS stream fits where a TCP stream does.

mod accept;
mod address;
mod error;
mod prompt;
mod request;
mod wire;

use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite};

pub use accept::{Answer, Invitation, Proposed};
pub use address::Address;
pub use error::{AssociationError, Rejection};
pub use prompt::Prompt;
pub use request::{MOST_CONTEXTS, Proposal, ProposedContext};

use wire::{Wire, kind};

/// Our implementation class (PS3.7 §D.3.3.2).
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.242529592574500193123943950497118013958";
/// Our implementation version (PS3.7 §D.3.3.2).
pub const IMPLEMENTATION_VERSION_NAME: &str = "DICS_0_1";
/// The one application context of DICOM (PS3.7 §A.2.1).
const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// Largest P-DATA-TF that we ask for, in bytes: 256 KiB less the header.
pub const OWN_MAX_PDU: u32 = (256 << 10) - 6;
/// Fragments that we send are not larger than this even where the peer sets no limit.
const LARGEST_SENT: usize = 256 << 10;
/// PS3.8 sets no minimum; below this a peer would only keep us busy with headers.
const SMALLEST_MAX_PDU: usize = 128;
/// Length, context and control header before every presentation data value (PS3.8 §9.3.5.1).
const PDV_HEADER_BYTES: usize = 6;

/// Which sides of a service the requestor of an association plays (PS3.7 §D.3.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// The requestor uses the acceptor's service.
    pub scu: bool,
    /// The requestor provides the service: the acceptor stores to it (C-GET).
    pub scp: bool,
}

impl Roles {
    /// What holds where nothing is negotiated.
    pub const DEFAULT: Self = Self { scu: true, scp: false };
}

/// An accepted presentation context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Odd, 1 to 255.
    pub id: u8,
    /// Mostly a SOP class.
    pub abstract_syntax: Box<str>,
    /// The one that was agreed on.
    pub transfer_syntax: Box<str>,
    /// The requestor's part in it.
    pub roles: Roles,
}

/// A presentation data value: a part of a command or data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Its presentation context.
    pub context: u8,
    /// Of a command set rather than of a data set.
    pub command: bool,
    /// Nothing more of this command set or data set follows.
    pub last: bool,
    /// Its bytes.
    pub data: Bytes,
}

/// An established association.
#[derive(Debug)]
pub struct Association<S> {
    wire: Wire<S>,
    contexts: Vec<Context>,
    /// SOP classes with what extended negotiation came to (PS3.7 §D.3.3.5).
    extended: Vec<(Box<str>, Vec<u8>)>,
    peer_max_pdu: usize,
    /// Presentation data values of the last P-DATA-TF that were not handed on yet.
    values: Bytes,
    /// Command fragments until the last has come.
    pub(crate) command: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Association<S> {
    fn established(wire: Wire<S>, contexts: Vec<Context>, peer_max_pdu: u32) -> Result<Self, AssociationError> {
        let peer_max_pdu = match usize::try_from(peer_max_pdu).unwrap_or(usize::MAX) {
            0 => LARGEST_SENT,
            1..SMALLEST_MAX_PDU => return Err(AssociationError::Broken("maximum length below 128 bytes (PS3.8 §D.1)")),
            length => length.min(LARGEST_SENT),
        };
        Ok(Self { wire, contexts, extended: Vec::new(), peer_max_pdu, values: Bytes::new(), command: Vec::new() })
    }

    /// The accepted contexts.
    pub fn contexts(&self) -> &[Context] {
        &self.contexts
    }

    /// The accepted context with this id.
    pub fn context(&self, id: u8) -> Option<&Context> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// The first accepted context for this abstract syntax.
    pub fn context_for(&self, abstract_syntax: &str) -> Option<&Context> {
        self.contexts.iter().find(|context| &*context.abstract_syntax == abstract_syntax)
    }

    /// What extended negotiation of this SOP class came to; empty when there was none.
    pub fn extended(&self, sop_class: &str) -> &[u8] {
        self.extended.iter().find(|(class, _)| **class == *sop_class).map_or(&[], |(_, agreed)| agreed)
    }

    /// From now on, one PDU may take so long to come or go.
    pub fn set_patience(&mut self, patience: Duration) {
        self.wire.patience = patience;
    }

    /// The next fragment; `None` when the peer asked for release, which is answered here. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`AssociationError`] when the peer aborts, vanishes, is late, or breaks PS3.8.
    pub async fn next_fragment(&mut self) -> Result<Option<Fragment>, AssociationError> {
        self.fragment(None).await
    }

    /// As [`Association::next_fragment`], of which the first byte may take `lull` to come.
    pub(crate) async fn fragment(&mut self, lull: Option<Duration>) -> Result<Option<Fragment>, AssociationError> {
        while self.values.is_empty() {
            let frame = match lull {
                Some(lull) => self.wire.read_after(lull).await?,
                None => self.wire.read().await?,
            };
            match frame.kind {
                kind::P_DATA => self.values = frame.body,
                kind::RELEASE_RQ => {
                    self.wire.outgoing.extend_from_slice(&[kind::RELEASE_RP, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
                    self.wire.flush().await?;
                    return Ok(None);
                }
                kind::ABORT => return Err(aborted(&frame.body)),
                _ => return Err(AssociationError::Broken("unexpected PDU on an open association (PS3.8 §9.2)")),
            }
        }
        cut_value(&mut self.values).map(Some)
    }

    /// Appends one whole command or data set to what will be sent, in fragments that the peer can take.
    pub(crate) async fn write_part(&mut self, context: u8, command: bool, part: &[u8]) -> Result<(), AssociationError> {
        self.write_piece(context, command, part, true).await
    }

    /// Appends a piece of a command or data set; `last` when nothing more of it follows.
    pub(crate) async fn write_piece(
        &mut self,
        context: u8,
        command: bool,
        piece: &[u8],
        last: bool,
    ) -> Result<(), AssociationError> {
        let room = self.peer_max_pdu - PDV_HEADER_BYTES;
        let mut rest = piece;
        loop {
            let (now, later) = rest.split_at(rest.len().min(room));
            let ends = last && later.is_empty();
            self.wire.outgoing.extend_from_slice(&pdv_header(context, command, ends, now.len()));
            self.wire.outgoing.extend_from_slice(now);
            rest = later;
            if self.wire.outgoing.len() >= LARGEST_SENT {
                self.wire.flush().await?;
            }
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Sends what was appended.
    pub(crate) async fn flush(&mut self) -> Result<(), AssociationError> {
        self.wire.flush().await
    }

    /// Ends the association in good order: A-RELEASE-RQ, A-RELEASE-RP. Whatever the peer does, it is over afterwards.
    pub async fn release(mut self) {
        self.wire.patience = self.wire.patience.min(Duration::from_secs(5));
        self.wire.outgoing.extend_from_slice(&[kind::RELEASE_RQ, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
        if self.wire.flush().await.is_err() {
            return;
        }
        // Late data of the peer may come before its answer; a bounded number of PDUs is skipped.
        for _ in 0..16 {
            match self.wire.read().await {
                Ok(frame) if frame.kind == kind::P_DATA => {}
                Ok(frame) if frame.kind == kind::RELEASE_RQ => {
                    // Release collision (PS3.8 §9.2.3): answer and wait for theirs.
                    self.wire.outgoing.extend_from_slice(&[kind::RELEASE_RP, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
                    if self.wire.flush().await.is_err() {
                        return;
                    }
                }
                _ => break,
            }
        }
        self.wire.close(Duration::from_millis(100)).await;
    }

    /// After the peer's release was answered: waits a moment for it to close the connection.
    pub async fn closed(mut self) {
        self.wire.close(Duration::from_secs(1)).await;
    }

    /// Ends the association at once: A-ABORT from the service user.
    pub async fn abort(mut self) {
        self.wire.abort().await;
    }
}

fn aborted(body: &[u8]) -> AssociationError {
    let at = |index: usize| body.get(index).copied().unwrap_or(0);
    AssociationError::Aborted { source_code: at(2), reason_code: at(3) }
}

fn pdv_header(context: u8, command: bool, last: bool, length: usize) -> [u8; 12] {
    // `length` is at most LARGEST_SENT.
    let value = u32::try_from(length + 2).unwrap_or(u32::MAX);
    let [v0, v1, v2, v3] = value.to_be_bytes();
    let [p0, p1, p2, p3] = (value + 4).to_be_bytes();
    [kind::P_DATA, 0, p0, p1, p2, p3, v0, v1, v2, v3, context, u8::from(command) | (u8::from(last) << 1)]
}

fn cut_value(values: &mut Bytes) -> Result<Fragment, AssociationError> {
    const RULE: AssociationError = AssociationError::Broken("presentation data value length (PS3.8 §9.3.5.1)");
    if values.len() < PDV_HEADER_BYTES {
        return Err(RULE);
    }
    let length = usize::try_from(values.get_u32()).unwrap_or(usize::MAX);
    if length < 2 || length > values.len() {
        return Err(RULE);
    }
    let context = values.get_u8();
    let control = values.get_u8();
    Ok(Fragment { context, command: control & 1 != 0, last: control & 2 != 0, data: values.split_to(length - 2) })
}
