//! DIMSE messages on an association: PS3.7.

mod command;
mod element;
mod parts;
mod status;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

pub use command::{Command, Operation, Request, Response, StoreRequest, Suboperations};
pub use parts::SendError;
pub use status::{Outcome, Status};

use crate::association::{Association, AssociationError};

/// Command sets are a few hundred bytes; error comments and attribute lists stay below this.
const COMMAND_BYTES: usize = 64 << 10;

/// A command set that can't be answered, and the rule it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BrokenCommand(pub &'static str);

impl From<BrokenCommand> for AssociationError {
    fn from(broken: BrokenCommand) -> Self {
        Self::Broken(broken.0)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Association<S> {
    /// The next command and its presentation context; `None` when the peer asked for release, which is answered.
    /// Its data set, if any, is still to be read. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`AssociationError`], `Broken` also for fragments out of order and for a context that was not agreed on.
    pub async fn receive(&mut self) -> Result<Option<(u8, Command)>, AssociationError> {
        self.next_command(None).await
    }

    /// As [`Association::receive`], for who has nothing under way: the peer may say nothing for `lull`, and goes on promptly once it begins.
    ///
    /// # Errors
    /// As [`Association::receive`].
    pub async fn receive_after(&mut self, lull: Duration) -> Result<Option<(u8, Command)>, AssociationError> {
        self.next_command(Some(lull)).await
    }

    async fn next_command(&mut self, lull: Option<Duration>) -> Result<Option<(u8, Command)>, AssociationError> {
        loop {
            let lull = lull.filter(|_| self.command.is_empty());
            let Some(fragment) = self.fragment(lull).await? else {
                if self.command.is_empty() {
                    return Ok(None);
                }
                return Err(AssociationError::Released);
            };
            if !fragment.command {
                return Err(AssociationError::Broken("a data set without its command (PS3.7 §9.3)"));
            }
            if self.context(fragment.context).is_none() {
                return Err(AssociationError::Broken("a presentation context that was not accepted (PS3.8 §9.3.5.1)"));
            }
            if self.command.len() + fragment.data.len() > COMMAND_BYTES {
                return Err(AssociationError::Broken("a command set beyond 64 KiB"));
            }
            self.command.extend_from_slice(&fragment.data);
            if fragment.last {
                let command = Command::parse(&self.command);
                self.command.clear();
                return Ok(Some((fragment.context, command?)));
            }
        }
    }

    /// The next fragment of a data set, and whether it is the last. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`AssociationError`], `Broken` for a command in its place or another context.
    pub async fn data_fragment(&mut self, context: u8) -> Result<(Bytes, bool), AssociationError> {
        let fragment = self.next_fragment().await?.ok_or(AssociationError::Released)?;
        if fragment.command || fragment.context != context {
            return Err(AssociationError::Broken("something else in the middle of a data set (PS3.8 annex E)"));
        }
        Ok((fragment.data, fragment.last))
    }

    /// A whole data set of at most `limit` bytes.
    ///
    /// # Errors
    /// [`AssociationError`], `Broken` beyond the limit.
    pub async fn data_set(&mut self, context: u8, limit: usize) -> Result<Bytes, AssociationError> {
        let (first, last) = self.data_fragment(context).await?;
        if last && first.len() <= limit {
            return Ok(first);
        }
        let mut whole = BytesMut::from(&first[..]);
        let mut last = last;
        while !last {
            let (part, was_last) = self.data_fragment(context).await?;
            last = was_last;
            if whole.len() + part.len() > limit {
                return Err(AssociationError::Broken("an identifier beyond the size that is read"));
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole.freeze())
    }

    /// Reads past a data set.
    ///
    /// # Errors
    /// [`AssociationError`], `Broken` beyond `limit` bytes.
    pub async fn skip_data_set(&mut self, context: u8, limit: u64) -> Result<(), AssociationError> {
        let mut skipped = 0;
        loop {
            let (part, last) = self.data_fragment(context).await?;
            skipped += part.len() as u64;
            if last {
                return Ok(());
            }
            if skipped > limit {
                return Err(AssociationError::Broken("a data set beyond the size that is read"));
            }
        }
    }

    /// Sends a command and its data set.
    ///
    /// # Errors
    /// [`AssociationError`] when the connection fails or the peer takes too long to read.
    pub async fn send(
        &mut self,
        context: u8,
        command: &Command,
        data_set: Option<&[u8]>,
    ) -> Result<(), AssociationError> {
        self.write_part(context, true, &command.encode()).await?;
        if let Some(data_set) = data_set {
            self.write_part(context, false, data_set).await?;
        }
        self.flush().await
    }

    /// Sends a request.
    ///
    /// # Errors
    /// As [`Association::send`].
    pub async fn ask(
        &mut self,
        context: u8,
        request: Request,
        data_set: Option<&[u8]>,
    ) -> Result<(), AssociationError> {
        self.send(context, &Command::Request(request), data_set).await
    }

    /// Sends a response.
    ///
    /// # Errors
    /// As [`Association::send`].
    pub async fn answer(
        &mut self,
        context: u8,
        response: Response,
        data_set: Option<&[u8]>,
    ) -> Result<(), AssociationError> {
        self.send(context, &Command::Response(response), data_set).await
    }

    /// The response to `message_id`; anything else breaks the protocol.
    ///
    /// # Errors
    /// [`AssociationError`].
    pub async fn response(
        &mut self,
        operation: Operation,
        message_id: u16,
    ) -> Result<(u8, Response), AssociationError> {
        match self.receive().await?.ok_or(AssociationError::Released)? {
            (context, Command::Response(response))
                if response.operation == operation && response.message_id == message_id =>
            {
                Ok((context, response))
            }
            _ => Err(AssociationError::Broken("an answer to something that was not asked (PS3.7 §9.3)")),
        }
    }
}
