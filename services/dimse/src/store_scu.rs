//! Storing to a peer: C-STORE as its user.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use index_model::{AeTitle, Uid};

use crate::association::{Address, Association, AssociationError, Context, Prompt, Proposal, ProposedContext};
use crate::message::{Command, Operation, Request, SendError, Status, StoreRequest};
use crate::part10::{self, Meta, NotPart10};

/// Why an object could not be offered to the peer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The association ended.
    #[error("the association ended")]
    Association(#[from] AssociationError),
    /// The bytes are no Part 10 file.
    #[error("the object can't be sent")]
    NotPart10(#[from] NotPart10),
    /// The peer did not agree on the object's class and transfer syntax.
    #[error("no presentation context for the object's class and transfer syntax")]
    NoContext,
}

/// An association on which objects are stored, as they are: nothing is transcoded.
#[derive(Debug)]
pub struct StoreScu {
    association: Association<Prompt>,
    message_id: u16,
}

impl StoreScu {
    /// Opens an association for objects of these classes and transfer syntaxes; of more than 128 pairs the rest is left out.
    ///
    /// # Errors
    /// [`AssociationError`].
    pub async fn open(
        address: impl Into<Address>,
        calling: AeTitle,
        called: AeTitle,
        objects: impl IntoIterator<Item = Meta>,
        limit: Duration,
    ) -> Result<Self, AssociationError> {
        let pairs: BTreeSet<_> =
            objects.into_iter().map(|meta| (meta.sop_class.as_str().to_owned(), meta.transfer_syntax)).collect();
        let context = |(class, syntax): &(String, String)| ProposedContext::scu(class, &[syntax]);
        let contexts = pairs.iter().take(crate::association::MOST_CONTEXTS).map(context).collect();
        Self::propose(address, Proposal { calling, called, contexts }, limit).await
    }

    /// Opens an association with contexts of the caller's choice.
    ///
    /// # Errors
    /// [`AssociationError`].
    pub async fn propose(
        address: impl Into<Address>,
        proposal: Proposal,
        limit: Duration,
    ) -> Result<Self, AssociationError> {
        let association = Association::connect(&address.into(), &proposal, limit).await?;
        Ok(Self { association, message_id: 0 })
    }

    /// The contexts that the peer accepted.
    pub fn contexts(&self) -> &[Context] {
        self.association.contexts()
    }

    /// Stores one object whose data set comes in parts, in one of [`StoreScu::contexts`], and waits for the answer.
    ///
    /// # Errors
    /// [`SendError`], after which nothing more can be stored here.
    pub async fn store_parts(
        &mut self,
        context: u8,
        (sop_class, sop_instance): (Uid, Uid),
        parts: impl Stream<Item = io::Result<Bytes>>,
        originator: Option<(AeTitle, u16)>,
    ) -> Result<Status, SendError> {
        let message_id = self.next_message();
        let request = Request::Store(StoreRequest { message_id, sop_class, sop_instance, originator });
        self.association.send_parts(context, &Command::Request(request), parts).await?;
        let (_, response) = self.association.response(Operation::Store, message_id).await?;
        Ok(response.status)
    }

    fn next_message(&mut self) -> u16 {
        self.message_id = self.message_id.wrapping_add(1).max(1);
        self.message_id
    }

    /// How long one PDU may take.
    pub fn set_patience(&mut self, patience: Duration) {
        self.association.set_patience(patience);
    }

    /// Stores one Part 10 object and waits for the answer. `originator` names the C-MOVE behind it.
    ///
    /// # Errors
    /// [`StoreError`]; after `Association` nothing more can be stored here.
    pub async fn store(&mut self, object: &[u8], originator: Option<(AeTitle, u16)>) -> Result<Status, StoreError> {
        let (meta, start) = part10::split(object)?;
        let fits = |context: &&crate::association::Context| {
            *context.abstract_syntax == *meta.sop_class.as_str() && *context.transfer_syntax == *meta.transfer_syntax
        };
        let context = self.association.contexts().iter().find(fits).ok_or(StoreError::NoContext)?.id;
        let message_id = self.next_message();
        let Meta { sop_class, sop_instance, .. } = meta;
        let request = Request::Store(StoreRequest { message_id, sop_class, sop_instance, originator });
        self.association.ask(context, request, object.get(start..)).await?;
        let (_, response) = self.association.response(Operation::Store, message_id).await?;
        Ok(response.status)
    }

    /// Ends the association in good order.
    pub async fn release(self) {
        self.association.release().await;
    }

    /// Ends the association at once.
    pub async fn abort(self) {
        self.association.abort().await;
    }
}
