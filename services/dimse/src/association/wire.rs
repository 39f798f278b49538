//! Whole protocol data units to and from a byte stream, bounded in size and time.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::AssociationError;

/// Type and length before every PDU (PS3.8 §9.3).
const HEADER_BYTES: usize = 6;
/// A-ASSOCIATE PDUs with 128 contexts of many transfer syntaxes stay far below this.
const ASSOCIATE_BYTES: usize = 512 << 10;
/// The rest (reject, release, abort) has four bytes; some peers pad.
const SHORT_BYTES: usize = 1 << 10;
/// Reads ask for at least this much room, so that small PDUs come several at a time.
const READ_BYTES: usize = 64 << 10;

/// PDU types of PS3.8 §9.3.1.
pub(super) mod kind {
    pub(in crate::association) const ASSOCIATE_RQ: u8 = 1;
    pub(in crate::association) const ASSOCIATE_AC: u8 = 2;
    pub(in crate::association) const ASSOCIATE_RJ: u8 = 3;
    pub(in crate::association) const P_DATA: u8 = 4;
    pub(in crate::association) const RELEASE_RQ: u8 = 5;
    pub(in crate::association) const RELEASE_RP: u8 = 6;
    pub(in crate::association) const ABORT: u8 = 7;
}

/// One PDU, without its header.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) body: Bytes,
    /// Header and body as they came.
    pub(super) whole: Bytes,
}

/// A byte stream that carries PDUs.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    incoming: BytesMut,
    pub(super) outgoing: Vec<u8>,
    /// Largest P-DATA-TF that is read, in bytes.
    pub(super) largest: usize,
    /// How long one PDU may take to come or go.
    pub(super) patience: Duration,
    /// A write was given up half way: nothing that follows would be understood.
    torn: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S, largest: usize, patience: Duration) -> Self {
        Self { stream, incoming: BytesMut::new(), outgoing: Vec::new(), largest, patience, torn: false }
    }

    /// The next PDU. Dropping the future loses nothing that was read.
    pub(super) async fn read(&mut self) -> Result<Frame, AssociationError> {
        // A PDU that is here already needs no timer.
        if let Some(frame) = self.buffered()? {
            return Ok(frame);
        }
        let patience = self.patience;
        let whole = async {
            loop {
                self.more().await?;
                if let Some(frame) = self.buffered()? {
                    return Ok(frame);
                }
            }
        };
        tokio::time::timeout(patience, whole).await.unwrap_or(Err(AssociationError::Late(patience)))
    }

    /// The next PDU, whose first byte may take `lull` to come, and the rest what one PDU may take. Dropping the future loses nothing.
    pub(super) async fn read_after(&mut self, lull: Duration) -> Result<Frame, AssociationError> {
        if self.incoming.is_empty() {
            self.incoming.reserve(READ_BYTES);
            tokio::time::timeout(lull, self.more()).await.unwrap_or(Err(AssociationError::Late(lull)))?;
        }
        self.read().await
    }

    async fn more(&mut self) -> Result<(), AssociationError> {
        match self.stream.read_buf(&mut self.incoming).await.map_err(gone)? {
            0 => Err(AssociationError::Closed),
            _ => Ok(()),
        }
    }

    /// Cuts a PDU off what was read; makes room for the rest of one that is not complete.
    fn buffered(&mut self) -> Result<Option<Frame>, AssociationError> {
        let (Some(&kind), Some(length)) = (self.incoming.first(), self.incoming.get(2..HEADER_BYTES)) else {
            if self.incoming.first().is_some_and(|kind| !(1..=7).contains(kind)) {
                return Err(AssociationError::Broken("PDU type (PS3.8 §9.3.1)"));
            }
            self.incoming.reserve(READ_BYTES);
            return Ok(None);
        };
        let length = usize::try_from((&length[..]).get_u32()).unwrap_or(usize::MAX);
        let limit = match kind {
            kind::ASSOCIATE_RQ | kind::ASSOCIATE_AC => ASSOCIATE_BYTES,
            kind::P_DATA => self.largest,
            kind::ASSOCIATE_RJ..=kind::ABORT => SHORT_BYTES,
            _ => return Err(AssociationError::Broken("PDU type (PS3.8 §9.3.1)")),
        };
        if length > limit {
            return Err(AssociationError::Broken("PDU length beyond the maximum (PS3.8 §9.3.1)"));
        }
        let total = HEADER_BYTES + length;
        if self.incoming.len() < total {
            self.incoming.reserve((total - self.incoming.len()).max(READ_BYTES));
            return Ok(None);
        }
        let whole = self.incoming.split_to(total).freeze();
        Ok(Some(Frame { kind, body: whole.slice(HEADER_BYTES..), whole }))
    }

    /// Sends what `outgoing` holds.
    pub(super) async fn flush(&mut self) -> Result<(), AssociationError> {
        if std::mem::replace(&mut self.torn, true) {
            return Err(AssociationError::Closed);
        }
        let patience = self.patience;
        let sent = tokio::time::timeout(patience, async {
            self.stream.write_all(&self.outgoing).await?;
            self.stream.flush().await
        })
        .await;
        self.outgoing.clear();
        sent.map_err(|_| AssociationError::Late(patience))?.map_err(gone)?;
        self.torn = false;
        Ok(())
    }

    /// A-ABORT from the service user, whatever else was to be sent (PS3.8 §9.2.2, AA-1).
    pub(super) async fn abort(&mut self) {
        self.patience = Duration::from_millis(500);
        self.outgoing.clear();
        self.outgoing.extend_from_slice(&[kind::ABORT, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
        // The peer may be gone already.
        if self.flush().await.is_ok() {
            self.close(Duration::from_millis(200)).await;
        }
    }

    /// Ends our side, then waits a moment for the peer to end its own, so that our last PDU is not lost to a reset.
    pub(super) async fn close(&mut self, wait: Duration) {
        let quiet = async {
            if self.stream.shutdown().await.is_err() {
                return;
            }
            let mut rest = [0; 4096];
            while self.stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        };
        // A peer that does not close is left behind.
        let _ = tokio::time::timeout(wait, quiet).await;
    }
}

/// What a failed read or write means.
fn gone(error: std::io::Error) -> AssociationError {
    use std::io::ErrorKind as K;
    match error.kind() {
        K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof => AssociationError::Closed,
        _ => AssociationError::Io(error),
    }
}
