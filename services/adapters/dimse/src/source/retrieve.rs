//! C-MOVE to our own receiver, or C-GET on the same association (PS3.4 §C.4.2, §C.4.3).

use std::collections::HashSet;
use std::sync::Arc;

use adapter_api::{Part, Retrieve, SourceError};
use dicom_dictionary_std::tags;
use dimse::association::ProposedContext;
use dimse::identifier::{Identifier, Level};
use dimse::message::{Operation, Outcome, Request, Response, Status, StoreRequest, Suboperations};
use dimse::uids::{
    OBJECT_TRANSFER_SYNTAXES, PLAIN_TRANSFER_SYNTAXES, STUDY_ROOT_GET, STUDY_ROOT_MOVE, usual_storage_classes,
};
use index_model::{RetrieveBy, Uid};
use runtime::Ctx;

use super::error::of_status;
use super::exchange::{Event, Exchange, MESSAGE_ID, Question};
use super::link::Link;
use crate::deliveries::Beat;
use crate::intake::{Intake, receive_object};

/// What is known of a series before its objects are asked for.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// SOP classes to negotiate; empty when nobody told.
    pub(super) classes: HashSet<Uid>,
    /// How many instances there should be.
    pub(super) instances: Option<u32>,
}

/// A retrieval under way.
#[derive(Debug)]
pub(super) struct Retrieval {
    link: Arc<Link>,
    exchange: Exchange,
    wanted: Option<Uid>,
    expected: Option<u32>,
    counts: Suboperations,
    /// Pending responses since the last progress.
    idle: u32,
    /// Objects that came on this association.
    received: u32,
    over: bool,
}

impl Retrieval {
    pub(super) async fn start(
        link: &Arc<Link>,
        ctx: &Ctx,
        what: &Retrieve,
        expected: Expected,
    ) -> Result<Self, SourceError> {
        let get = link.address.retrieve == RetrieveBy::Get;
        let sop_class = if get { STUDY_ROOT_GET } else { STUDY_ROOT_MOVE };
        let class = link.uid(sop_class)?;
        let mut contexts = vec![ProposedContext::scu(sop_class, &PLAIN_TRANSFER_SYNTAXES)];
        let (operation, request) = if get {
            contexts.extend(storage_contexts(&expected.classes));
            (Operation::Get, Request::Get { message_id: MESSAGE_ID, sop_class: class })
        } else {
            let destination = link.own_ae.clone();
            (Operation::Move, Request::Move { message_id: MESSAGE_ID, sop_class: class, destination })
        };
        let question = Question { contexts, sop_class, operation, request, identifier: identifier(what) };
        let exchange = Exchange::start(link, ctx, question).await?;
        Ok(Self {
            link: Arc::clone(link),
            exchange,
            wanted: what.sop_instance_uid.clone(),
            expected: expected.instances,
            counts: Suboperations::default(),
            idle: 0,
            received: 0,
            over: false,
        })
    }

    /// The next part, `None` after the last.
    pub(super) async fn next(&mut self, ctx: &Ctx) -> Result<Option<Part>, SourceError> {
        // Until an object says otherwise; so every other way out is the last.
        if std::mem::replace(&mut self.over, true) {
            return Ok(None);
        }
        loop {
            match self.exchange.next(ctx).await? {
                Event::Store(context, request) => {
                    if let Some(part) = self.receive(ctx, context, &request).await? {
                        self.over = false;
                        return Ok(Some(part));
                    }
                }
                Event::Response(response, _) if response.status.outcome() == Outcome::Pending => {
                    self.pending(&response)?
                }
                Event::Response(response, _) => return self.finished(&response),
            }
        }
    }

    async fn receive(&mut self, ctx: &Ctx, context: u8, request: &StoreRequest) -> Result<Option<Part>, SourceError> {
        let link = Arc::clone(&self.link);
        let intake = Intake {
            source: &link.address.ae_title,
            spool_folder: &link.options.spool_folder,
            limit_bytes: link.options.object_bytes,
            beat: &Beat::new(),
        };
        let association = self.exchange.association()?;
        let work = async {
            let object = receive_object(association, context, request, intake).await?;
            let status = object.as_ref().map_or_else(|status| *status, |_| Status::SUCCESS);
            let answer = Response {
                sop_class: Some(request.sop_class.clone()),
                sop_instance: Some(request.sop_instance.clone()),
                ..Response::to(Operation::Store, request.message_id, status)
            };
            association.answer(context, answer, None).await?;
            Ok(object)
        };
        let object = ctx.run(work).await?.map_err(|error| link.failure(error))?;
        if self.wanted.as_ref().is_some_and(|wanted| *wanted != request.sop_instance) {
            return Err(link.malformed("C-GET brought another instance than was asked for"));
        }
        // A failed one is counted by the peer as we answered it.
        let Ok(object) = object else { return Ok(None) };
        self.idle = 0;
        self.received = self.received.saturating_add(1);
        Ok(Some(Part::Object { object, remote: None }))
    }

    fn pending(&mut self, response: &Response) -> Result<(), SourceError> {
        let counts = told(self.counts, response.suboperations);
        self.idle = if counts == self.counts { self.idle + 1 } else { 0 };
        self.counts = counts;
        if self.idle > self.link.options.most_idle_responses {
            return Err(self.link.malformed("endless pending responses without progress"));
        }
        Ok(())
    }

    /// What the final response comes to. Less than everything is never taken for everything.
    fn finished(&mut self, response: &Response) -> Result<Option<Part>, SourceError> {
        let operation = match self.link.address.retrieve {
            RetrieveBy::Move => "C-MOVE",
            RetrieveBy::Get => "C-GET",
        };
        if !matches!(response.status.outcome(), Outcome::Success | Outcome::Warning) {
            return Err(of_status(&self.link.code, operation, response.status));
        }
        let counts = told(self.counts, response.suboperations);
        let completed = u32::from(counts.completed.unwrap_or(0)) + u32::from(counts.warning.unwrap_or(0));
        let failed = u32::from(counts.failed.unwrap_or(0));
        match self.link.address.retrieve {
            RetrieveBy::Move => Ok(Some(Part::Delivered { completed, failed })),
            RetrieveBy::Get => self.account_for(counts.completed.map(|_| completed), failed, response.status),
        }
    }

    /// Compares what came by C-GET with what the peer says of it and with what it had promised.
    fn account_for(&self, completed: Option<u32>, failed: u32, status: Status) -> Result<Option<Part>, SourceError> {
        let received = self.received;
        if failed > 0 {
            return Ok(Some(Part::Delivered { completed: 0, failed }));
        }
        if completed.is_some_and(|completed| completed > received) {
            return Err(self.link.malformed("C-GET reports more completed sub-operations than objects came"));
        }
        let missing = self.expected.map_or(0, |expected| expected.saturating_sub(received));
        if missing > 0 || status == Status::SOME_FAILED {
            return Ok(Some(Part::Delivered { completed: 0, failed: missing.max(1) }));
        }
        Ok(None)
    }
}

/// Counts as last told: a response that leaves one out does not take it back.
fn told(before: Suboperations, now: Suboperations) -> Suboperations {
    Suboperations {
        remaining: now.remaining.or(before.remaining),
        completed: now.completed.or(before.completed),
        failed: now.failed.or(before.failed),
        warning: now.warning.or(before.warning),
    }
}

fn identifier(what: &Retrieve) -> Identifier {
    let level = if what.sop_instance_uid.is_some() { Level::Instance } else { Level::Series };
    let identifier = Identifier::new(level)
        .key(tags::STUDY_INSTANCE_UID, what.study_instance_uid.as_str())
        .key(tags::SERIES_INSTANCE_UID, what.series_instance_uid.as_str());
    match &what.sop_instance_uid {
        Some(instance) => identifier.key(tags::SOP_INSTANCE_UID, instance.as_str()),
        None => identifier,
    }
}

/// Contexts beside the one for C-GET itself.
const STORAGE_CONTEXTS: usize = 127;

/// Storage contexts for C-GET. A peer agrees on one transfer syntax for each context, so the fewer classes there are, the more contexts
/// each gets: with few enough, one for every syntax, and objects come as they are stored.
fn storage_contexts(classes: &HashSet<Uid>) -> Vec<ProposedContext> {
    let known: Vec<String> = if classes.is_empty() || classes.len() > STORAGE_CONTEXTS {
        usual_storage_classes().collect()
    } else {
        classes.iter().map(|class| class.as_str().to_owned()).collect()
    };
    let each = (STORAGE_CONTEXTS / known.len().max(1)).clamp(1, OBJECT_TRANSFER_SYNTAXES.len());
    // Explicit and implicit are parted last: every archive can turn one into the other, but not every one can decompress.
    let [explicit, implicit, compressed @ ..] = OBJECT_TRANSFER_SYNTAXES;
    let by_need: Vec<&str> = compressed.into_iter().chain([implicit]).collect();
    let (alone, together) = by_need.split_at(each - 1);
    let last: Vec<&str> = std::iter::once(explicit).chain(together.iter().rev().copied()).collect();
    let of_class = |class: &String| {
        let alone = alone.iter().map(|syntax| ProposedContext::scp(class, &[syntax]));
        alone.chain([ProposedContext::scp(class, &last)]).collect::<Vec<_>>()
    };
    known.iter().flat_map(of_class).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::HashSet;

    use super::storage_contexts;
    use dimse::uids::OBJECT_TRANSFER_SYNTAXES;
    use index_model::Uid;

    #[test]
    fn contexts_never_exceed_what_one_association_holds_and_cover_every_syntax() {
        for classes in 0..140 {
            let known: HashSet<_> =
                (0..classes).map(|n| Uid::parse(&format!("1.2.840.10008.5.1.4.1.1.{n}")).unwrap()).collect();
            let contexts = storage_contexts(&known);
            assert!((1..=127).contains(&contexts.len()), "{classes}");
            for class in &known {
                let of_class = contexts.iter().filter(|context| context.abstract_syntax == class.as_str());
                let syntaxes: HashSet<_> = of_class.flat_map(|context| context.transfer_syntaxes.clone()).collect();
                assert!(classes > 127 || syntaxes.len() == OBJECT_TRANSFER_SYNTAXES.len(), "{classes}");
            }
        }
    }
}
