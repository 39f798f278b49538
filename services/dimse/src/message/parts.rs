//! Long operations: data sets that are sent as they are read, and C-CANCEL that comes meanwhile.

use std::io;
use std::pin::pin;

use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Command, Request};
use crate::association::{Association, AssociationError};

/// Why a data set that is read elsewhere was not sent wholly. Half a message stands on the wire then: the association is to be aborted.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The association ended.
    #[error("the association ended")]
    Association(#[from] AssociationError),
    /// What was to be sent can't be read further.
    #[error("the data set can't be read")]
    Source(#[source] io::Error),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Association<S> {
    /// Sends a command and a data set that comes in parts, of which one is in memory at a time.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_parts(
        &mut self,
        context: u8,
        command: &Command,
        parts: impl Stream<Item = io::Result<Bytes>>,
    ) -> Result<(), SendError> {
        self.write_part(context, true, &command.encode()).await?;
        let mut parts = pin!(parts);
        // One part behind, so that the last is known as such: a fragment without bytes confuses some peers.
        let mut held = Bytes::new();
        while let Some(part) = parts.next().await {
            let part = part.map_err(SendError::Source)?;
            if part.is_empty() {
                continue;
            }
            if !held.is_empty() {
                self.write_piece(context, false, &held, false).await?;
            }
            held = part;
        }
        self.write_piece(context, false, &held, true).await?;
        self.flush().await?;
        Ok(())
    }

    /// Whether the peer has asked to cancel `message_id`; does not wait.
    ///
    /// # Errors
    /// As [`Association::until_cancelled`].
    pub fn is_cancelled(&mut self, message_id: u16) -> Result<bool, AssociationError> {
        loop {
            match self.receive().now_or_never() {
                None => return Ok(false),
                Some(received) => {
                    if is_cancel(received, message_id)? {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Does `work` unless the peer cancels `message_id` first; `None` when it did.
    ///
    /// # Errors
    /// [`AssociationError`] when the association ends meanwhile, or the peer asks for something else before it has its answer.
    pub async fn until_cancelled<T>(
        &mut self,
        message_id: u16,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>, AssociationError> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(Some(done)),
                received = self.receive() => if is_cancel(received, message_id)? {
                    return Ok(None);
                },
            }
        }
    }
}

type Received = Result<Option<(u8, Command)>, AssociationError>;

fn is_cancel(received: Received, of: u16) -> Result<bool, AssociationError> {
    match received {
        // A peer that waits for its answer has nothing to say.
        Err(AssociationError::Late(_)) => Ok(false),
        Err(error) => Err(error),
        Ok(None) => Err(AssociationError::Released),
        Ok(Some((_, Command::Request(Request::Cancel { message_id })))) => Ok(message_id == of),
        Ok(Some(_)) => Err(AssociationError::Broken("a message before the last one was answered (PS3.7 §D.3.3.3)")),
    }
}
