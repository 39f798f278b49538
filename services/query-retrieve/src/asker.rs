//! Who asked for a retrieval: told of its progress, and listened to for C-CANCEL while something goes on.

use std::pin::pin;

use dimse::Connection;
use dimse::association::{Association, AssociationError};
use dimse::message::Operation;
use index_model::AeTitle;

use crate::QueryRetrieve;
use crate::failure::Refusal;
use crate::progress::Progress;

/// The association of a C-MOVE or C-GET, until its final response.
pub(crate) struct Asker<'a> {
    pub(crate) face: &'a QueryRetrieve,
    pub(crate) association: &'a mut Association<Connection>,
    pub(crate) context: u8,
    pub(crate) operation: Operation,
    pub(crate) message_id: u16,
    pub(crate) ae_title: &'a AeTitle,
    pub(crate) progress: Progress,
    /// The caller has asked to cancel: the object under way is the last.
    pub(crate) cancelled: bool,
}

impl Asker<'_> {
    /// Does `work`; `None` when it was given up for a C-CANCEL. The caller hears of us meanwhile.
    pub(crate) async fn unless_cancelled<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>, AssociationError> {
        let mut work = pin!(work);
        while !self.cancelled {
            let step = tokio::time::timeout(self.face.options.heartbeat, &mut work);
            match self.association.until_cancelled(self.message_id, step).await? {
                Some(Ok(done)) => return Ok(Some(done)),
                Some(Err(_)) => self.pending().await?,
                None => self.cancelled = true,
            }
        }
        Ok(None)
    }

    /// Does `work` to its end, as one does with an object that is half sent; a C-CANCEL is noted for afterwards.
    pub(crate) async fn finishing<T>(&mut self, work: impl Future<Output = T>) -> Result<T, AssociationError> {
        let mut work = pin!(work);
        match self.unless_cancelled(&mut work).await? {
            Some(done) => Ok(done),
            None => Ok(work.await),
        }
    }

    /// A pending response with the counts (PS3.4 §C.4.2.1.6).
    pub(crate) async fn pending(&mut self) -> Result<(), AssociationError> {
        let pending = self.progress.pending(self.operation, self.message_id);
        self.association.answer(self.context, pending, None).await
    }

    /// The final response of a retrieval that was carried out.
    pub(crate) async fn finish(self) -> Result<(), AssociationError> {
        let (last, failed) = self.progress.last(self.operation, self.message_id, self.cancelled);
        let syntax = self.association.context(self.context).map(|context| context.transfer_syntax.clone());
        let failed = failed.map(|failed| failed.encode(&syntax.unwrap_or_default()));
        let sent = self.progress.sent();
        tracing::info!(ae_title = %self.ae_title, operation = ?self.operation, sent, status = format!("{:04X}", last.status.0), "a retrieval ended");
        self.association.answer(self.context, last, failed.as_deref()).await
    }

    /// The final response of one that was not.
    pub(crate) async fn refuse(self, refusal: Refusal) -> Result<(), AssociationError> {
        self.association.answer(self.context, refusal.response(self.operation, self.message_id), None).await
    }
}
