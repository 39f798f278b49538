//! Whether what is asked for by C-MOVE would be sent to us (PS3.4 §C.4.2.1.5): asked for a study that nobody has, so that nothing comes.

use std::sync::Arc;

use adapter_api::{SourceError, TestStep};
use dicom_dictionary_std::tags;
use dimse::association::ProposedContext;
use dimse::identifier::{Identifier, Level};
use dimse::message::{Operation, Outcome, Request, Status};
use dimse::uids::{PLAIN_TRANSFER_SYNTAXES, STUDY_ROOT_MOVE};
use runtime::Ctx;

use super::super::exchange::{Event, Exchange, MESSAGE_ID, Question};
use super::super::link::Link;
use super::{bad, chain, good};

pub(super) async fn step(link: &Arc<Link>, ctx: &Ctx) -> TestStep {
    match ask(link, ctx).await {
        Ok(status) => told(link, status),
        Err(error) => bad("retrieve", chain(&error)),
    }
}

async fn ask(link: &Arc<Link>, ctx: &Ctx) -> Result<Status, SourceError> {
    let nobodys = format!("2.25.{}", link.options.clock.now_ms());
    let question = Question {
        contexts: vec![ProposedContext::scu(STUDY_ROOT_MOVE, &PLAIN_TRANSFER_SYNTAXES)],
        sop_class: STUDY_ROOT_MOVE,
        operation: Operation::Move,
        request: Request::Move {
            message_id: MESSAGE_ID,
            sop_class: link.uid(STUDY_ROOT_MOVE)?,
            destination: link.own_ae.clone(),
        },
        identifier: Identifier::new(Level::Study).key(tags::STUDY_INSTANCE_UID, &nobodys),
    };
    let mut exchange = Exchange::start(link, ctx, question).await?;
    for _ in 0..=link.options.most_idle_responses {
        match exchange.next(ctx).await? {
            Event::Response(response, _) if response.status.outcome() == Outcome::Pending => {}
            Event::Response(response, _) => return Ok(response.status),
            Event::Store(..) => return Err(link.malformed("C-STORE in answer to C-MOVE")),
        }
    }
    Err(link.malformed("endless pending responses without progress"))
}

fn told(link: &Link, status: Status) -> TestStep {
    let own = &link.own_ae;
    match status {
        Status::MOVE_DESTINATION_UNKNOWN => bad(
            "retrieve",
            format!(
                "C-MOVE: {status}: the archive has no address for our AE title, and can send us nothing. Register {own} there as a move \
                 destination, with the host of this service and the port of [dimse] listen"
            ),
        ),
        Status::NOT_AUTHORISED | Status::SOP_CLASS_NOT_SUPPORTED | Status::UNRECOGNISED_OPERATION => {
            bad("retrieve", format!("C-MOVE to {own}: {status}: allow retrieval for our AE title there"))
        }
        _ if matches!(status.outcome(), Outcome::Success | Outcome::Warning) => good(
            "retrieve",
            format!("C-MOVE to {own} is accepted; a study that nobody has was asked for, and nothing sent"),
        ),
        // Some say that there is no such study by a failure.
        _ => good(
            "retrieve",
            format!(
                "C-MOVE to {own}: {status}, for a study that nobody has; if no images come, look whether {own} is known there as a move destination"
            ),
        ),
    }
}
