//! One operation on one association: asked, answered, and ended in good order even when the caller goes.

use std::sync::Arc;
use std::time::Duration;

use adapter_api::SourceError;
use bytes::Bytes;
use index_model::{AeTitle, DimseAddress, RepositoryCode};
use runtime::Ctx;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use super::error::of_association;
use crate::association::{Association, AssociationError, Proposal, ProposedContext};
use crate::identifier::{IDENTIFIER_BYTES, Identifier};
use crate::message::{Command, Operation, Outcome, Request, Response, StoreRequest};
use crate::options::DimseOptions;

/// One operation runs on each association, so its message id is always the same.
pub(super) const MESSAGE_ID: u16 = 1;
/// How long a peer is given to answer a C-CANCEL before the association is aborted.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// How a repository is reached, and how many associations it may have.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) code: RepositoryCode,
    pub(super) address: DimseAddress,
    pub(super) own_ae: AeTitle,
    pub(super) options: DimseOptions,
    slots: Arc<Semaphore>,
    /// Operations that are being cancelled after their caller has gone.
    endings: TaskTracker,
}

/// What comes while an operation runs.
#[derive(Debug)]
pub(super) enum Event {
    /// A response with its identifier.
    Response(Response, Option<Bytes>),
    /// A C-STORE-RQ of a C-GET; its data set is still to be read.
    Store(u8, StoreRequest),
}

/// An operation under way.
#[derive(Debug)]
pub(super) struct Exchange {
    link: Arc<Link>,
    association: Option<Association<TcpStream>>,
    permit: Option<OwnedSemaphorePermit>,
    operation: Operation,
    context: u8,
    heard: bool,
    running: bool,
}

impl Link {
    pub(super) fn new(
        code: RepositoryCode,
        address: DimseAddress,
        own_ae: AeTitle,
        options: DimseOptions,
        concurrency: u32,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(usize::try_from(concurrency.clamp(1, 64)).unwrap_or(1)));
        Self { code, address, own_ae, options, slots, endings: TaskTracker::new() }
    }

    /// Waits for a free slot.
    pub(super) async fn slot(&self, ctx: &Ctx) -> Result<Option<OwnedSemaphorePermit>, SourceError> {
        // The semaphore is never closed.
        Ok(ctx.run(Arc::clone(&self.slots).acquire_owned()).await?.ok())
    }

    pub(super) async fn associate(
        &self,
        contexts: Vec<ProposedContext>,
    ) -> Result<Association<TcpStream>, AssociationError> {
        let proposal = Proposal { calling: self.own_ae.clone(), called: self.address.ae_title.clone(), contexts };
        let limit = self.options.association;
        let mut association = Association::connect(&self.address.host, self.address.port, &proposal, limit).await?;
        association.set_patience(self.options.first_response);
        Ok(association)
    }

    pub(super) fn failure(&self, error: AssociationError) -> SourceError {
        of_association(&self.code, error)
    }

    pub(super) fn malformed(&self, rule: impl Into<String>) -> SourceError {
        SourceError::Malformed { repository: self.code.clone(), rule: rule.into() }
    }
}

impl Exchange {
    /// Opens an association with `contexts` and asks with `identifier` in the context of `sop_class`.
    pub(super) async fn start(
        link: &Arc<Link>,
        ctx: &Ctx,
        contexts: Vec<ProposedContext>,
        sop_class: &'static str,
        (operation, request): (Operation, Request),
        identifier: &Identifier,
    ) -> Result<Self, SourceError> {
        let permit = link.slot(ctx).await?;
        let mut association = ctx.run(link.associate(contexts)).await?.map_err(|error| link.failure(error))?;
        let Some(context) = association.context_for(sop_class).cloned() else {
            association.release().await;
            return Err(link.failure(AssociationError::NoContext));
        };
        let identifier = identifier.encode(&context.transfer_syntax);
        ctx.run(association.ask(context.id, request, Some(&identifier))).await?.map_err(|error| link.failure(error))?;
        Ok(Self {
            link: Arc::clone(link),
            association: Some(association),
            permit,
            operation,
            context: context.id,
            heard: false,
            running: true,
        })
    }

    /// Transfer syntax of the identifiers.
    pub(super) fn transfer_syntax(&self) -> &str {
        let context = self.association.as_ref().and_then(|association| association.context(self.context));
        context.map_or("", |context| &context.transfer_syntax)
    }

    /// The association, for the data set of an [`Event::Store`] and its answer.
    pub(super) fn association(&mut self) -> Result<&mut Association<TcpStream>, SourceError> {
        let closed = self.link.failure(AssociationError::Closed);
        self.association.as_mut().ok_or(closed)
    }

    /// The next event. After a final response the association is released.
    pub(super) async fn next(&mut self, ctx: &Ctx) -> Result<Event, SourceError> {
        let event = ctx.run(self.receive()).await?;
        match event {
            Ok(Event::Response(response, data)) => {
                if response.status.outcome() != Outcome::Pending {
                    self.running = false;
                    self.finish();
                }
                Ok(Event::Response(response, data))
            }
            Ok(store) => Ok(store),
            Err(error) => {
                // What comes after a broken message can't be understood, so there is nothing to cancel.
                self.running = false;
                if let (Some(association), false) = (self.association.take(), error.is_gone()) {
                    association.abort().await;
                }
                Err(self.link.failure(error))
            }
        }
    }

    async fn receive(&mut self) -> Result<Event, AssociationError> {
        let association = self.association.as_mut().ok_or(AssociationError::Closed)?;
        let (context, command) = association.receive().await?.ok_or(AssociationError::Released)?;
        if !std::mem::replace(&mut self.heard, true) {
            association.set_patience(self.link.options.inactivity);
        }
        match command {
            Command::Response(response)
                if response.operation == self.operation && response.message_id == MESSAGE_ID =>
            {
                let data = match response.has_data {
                    true => Some(association.data_set(context, IDENTIFIER_BYTES).await?),
                    false => None,
                };
                Ok(Event::Response(response, data))
            }
            Command::Request(Request::Store(store)) if self.operation == Operation::Get => {
                Ok(Event::Store(context, store))
            }
            _ => Err(AssociationError::Broken("a message that belongs to nothing that was asked (PS3.7 §9.1)")),
        }
    }

    /// Releases the association without making the caller wait for it.
    fn finish(&mut self) {
        self.leave(|association| association.release());
    }

    fn leave<F: Future<Output = ()> + Send + 'static>(&mut self, end: impl FnOnce(Association<TcpStream>) -> F) {
        if let Some(association) = self.association.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (permit, end) = (self.permit.take(), end(association));
            self.link.endings.spawn_on(
                async move {
                    end.await;
                    drop(permit);
                },
                &runtime,
            );
        }
    }
}

/// A caller that goes before the end has the operation cancelled, so that a C-MOVE does not go on for nobody.
impl Drop for Exchange {
    fn drop(&mut self) {
        let (context, running) = (self.context, self.running);
        self.leave(move |association| async move {
            if running {
                cancel(association, context).await;
            } else {
                association.abort().await;
            }
        });
    }
}

async fn cancel(mut association: Association<TcpStream>, context: u8) {
    association.set_patience(CANCEL_GRACE);
    let answered = async {
        association.ask(context, Request::Cancel { message_id: MESSAGE_ID }, None).await.ok()?;
        loop {
            match association.receive().await.ok()?? {
                (_, Command::Response(response)) if response.status.outcome() != Outcome::Pending => return Some(()),
                (context, command) if command.has_data() => association.skip_data_set(context, 1 << 20).await.ok()?,
                _ => {}
            }
        }
    };
    if tokio::time::timeout(CANCEL_GRACE, answered).await.ok().flatten().is_some() {
        association.release().await;
    } else {
        association.abort().await;
    }
}
