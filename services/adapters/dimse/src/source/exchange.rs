//! One operation on one association: asked, answered, and ended in good order even when the caller goes.

use std::sync::Arc;
use std::time::Duration;

use adapter_api::SourceError;
use bytes::Bytes;
use dimse::association::{Association, AssociationError, Prompt, ProposedContext};
use dimse::identifier::{IDENTIFIER_BYTES, Identifier};
use dimse::message::{Command, Operation, Outcome, Request, Response, StoreRequest};
use runtime::Ctx;
use tokio::sync::OwnedSemaphorePermit;

use super::link::Link;

/// One operation at a time runs on each association, so its message id is always the same.
pub(super) const MESSAGE_ID: u16 = 1;
/// How long a peer is given to answer a C-CANCEL before the association is aborted.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// What is asked, and on what kind of association.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) contexts: Vec<ProposedContext>,
    /// The one of the contexts that the question is asked in.
    pub(super) sop_class: &'static str,
    pub(super) operation: Operation,
    pub(super) request: Request,
    pub(super) identifier: Identifier,
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
    association: Option<Association<Prompt>>,
    permit: Option<OwnedSemaphorePermit>,
    operation: Operation,
    context: u8,
    /// To be asked again when a kept association turns out to be gone; `None` once an answer has begun.
    again: Option<Question>,
    heard: bool,
    running: bool,
}

impl Exchange {
    /// Asks on an association of its own; a C-FIND on a kept one, if there is one.
    pub(super) async fn start(link: &Arc<Link>, ctx: &Ctx, question: Question) -> Result<Self, SourceError> {
        let permit = link.slot(ctx).await?;
        let kept = if question.operation == Operation::Find { link.kept() } else { None };
        let mut exchange = Self {
            link: Arc::clone(link),
            association: kept,
            permit,
            operation: question.operation,
            context: 0,
            again: None,
            heard: false,
            running: false,
        };
        let reused = exchange.association.is_some();
        match ctx.run(exchange.ask(&question)).await? {
            Ok(()) => exchange.again = reused.then_some(question),
            Err(error) if reused && error.is_gone() => exchange.ask_anew(ctx, &question).await?,
            Err(error) => return Err(link.failure(error)),
        }
        Ok(exchange)
    }

    async fn ask_anew(&mut self, ctx: &Ctx, question: &Question) -> Result<(), SourceError> {
        self.association = None;
        let asked = ctx.run(self.ask(question)).await?;
        asked.map_err(|error| self.link.failure(error))
    }

    async fn ask(&mut self, question: &Question) -> Result<(), AssociationError> {
        let mut association = match self.association.take() {
            Some(kept) => kept,
            None => self.link.associate(question.contexts.clone()).await?,
        };
        association.set_patience(self.link.options.first_response);
        let Some(context) = association.context_for(question.sop_class).cloned() else {
            association.release().await;
            return Err(AssociationError::NoContext);
        };
        let identifier = question.identifier.encode(&context.transfer_syntax);
        association.ask(context.id, question.request.clone(), Some(&identifier)).await?;
        self.association = Some(association);
        self.context = context.id;
        self.running = true;
        Ok(())
    }

    /// Transfer syntax of the identifiers.
    pub(super) fn transfer_syntax(&self) -> &str {
        let context = self.association.as_ref().and_then(|association| association.context(self.context));
        context.map_or("", |context| &context.transfer_syntax)
    }

    /// The association, for the data set of an [`Event::Store`] and its answer.
    pub(super) fn association(&mut self) -> Result<&mut Association<Prompt>, SourceError> {
        let closed = self.link.failure(AssociationError::Closed);
        self.association.as_mut().ok_or(closed)
    }

    /// The next event. After a final response the association is kept or released.
    pub(super) async fn next(&mut self, ctx: &Ctx) -> Result<Event, SourceError> {
        loop {
            let event = ctx.run(self.receive()).await?;
            match event {
                Ok(Event::Response(response, data)) => {
                    if response.status.outcome() != Outcome::Pending {
                        self.running = false;
                        self.finish();
                    }
                    return Ok(Event::Response(response, data));
                }
                Ok(store) => return Ok(store),
                Err(error) => {
                    self.running = false;
                    match self.again.take() {
                        Some(question) if error.is_gone() && !self.heard => self.ask_anew(ctx, &question).await?,
                        _ => {
                            // What comes after a broken message can't be understood, so there is nothing to cancel.
                            self.leave(|association| association.abort());
                            return Err(self.link.failure(error));
                        }
                    }
                }
            }
        }
    }

    async fn receive(&mut self) -> Result<Event, AssociationError> {
        let association = self.association.as_mut().ok_or(AssociationError::Closed)?;
        let (context, command) = loop {
            match association.receive().await {
                // Pending responses are optional: an archive that is delivering is not idle.
                Err(AssociationError::Late(_)) if self.operation == Operation::Move && self.link.is_delivering() => {
                    association.set_patience(self.link.options.inactivity);
                }
                received => break received?.ok_or(AssociationError::Released)?,
            }
        };
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

    /// Gives the association back without making the caller wait for it.
    fn finish(&mut self) {
        if self.operation == Operation::Find {
            if let Some(association) = self.association.take() {
                self.link.keep(association);
            }
            self.permit = None;
        } else {
            self.leave(|association| association.release());
        }
    }

    fn leave<F: Future<Output = ()> + Send + 'static>(&mut self, end: impl FnOnce(Association<Prompt>) -> F) {
        if let Some(association) = self.association.take() {
            let (permit, end) = (self.permit.take(), end(association));
            self.link.finish_later(async move {
                end.await;
                drop(permit);
            });
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

async fn cancel(mut association: Association<Prompt>, context: u8) {
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
