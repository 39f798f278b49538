//! One message: from bytes to committed reports or events of patients, and its acknowledgements.

use std::sync::Arc;

use adapter_api::{Inbox, PatientAnswer, ReportAnswer};
use bytes::Bytes;
use index_model::{OrderRecord, PatientEvent, ReportRecord, RepositoryCode};
use runtime::{CpuPool, time};

use crate::acknowledge::{self, Stamp};
use crate::header::Header;
use crate::{parse_adt, parse_orders, parse_oru};

use crate::refusal::{ErrorCode, Location, Refusal};

/// Messages larger than this are parsed on the CPU pool.
const INLINE_BYTES: usize = 64 * 1024;

/// Takes one message and gives the acknowledgements to send, in order. The inbox has committed before this returns.
pub(crate) async fn receive(
    inbox: &Arc<dyn Inbox>,
    cpu: Option<&CpuPool>,
    message: Bytes,
    stamp: Stamp,
) -> Vec<Vec<u8>> {
    let size_bytes = message.len();
    let header = Header::read(&message);
    let outcome = match &header {
        Some(header) => take(inbox, cpu, header, message).await,
        None => Err(Refusal::reject(ErrorCode::SegmentSequence, Location::segment("MSH"), "the message has no header")),
    };
    match &outcome {
        Ok(items) => tracing::debug!(size_bytes, items, "a message was accepted"),
        Err(refusal) => {
            tracing::warn!(size_bytes, code = refusal.code as u16, refusal = %refusal, "a message was refused")
        }
    }
    answer(header.as_ref(), outcome.map(|_| ()), stamp)
}

/// The acknowledgements of an outcome.
pub(crate) fn answer(header: Option<&Header>, outcome: Result<(), Refusal>, stamp: Stamp) -> Vec<Vec<u8>> {
    let codes = acknowledge::codes(header, outcome);
    codes.into_iter().map(|code| acknowledge::write(code, header, outcome, stamp)).collect()
}

async fn take(
    inbox: &Arc<dyn Inbox>,
    cpu: Option<&CpuPool>,
    header: &Header,
    message: Bytes,
) -> Result<usize, Refusal> {
    let definition = inbox.facility(&header.sending_facility).await.ok_or(NOT_AUTHORISED)?;
    if has_another(&message) {
        return Err(SEVERAL);
    }
    let code = definition.code.clone();
    if let Some(sent_ms) = time::instant_ms(&header.sent, time::zone(&definition.time_zone)) {
        inbox.sent(&code, sent_ms);
    }
    if header.message_code == "ADT" {
        let events = parse_adt(&message, &definition)?;
        let count = events.len();
        for event in events {
            commit_event(inbox, &code, event, &message).await?;
        }
        return Ok(count);
    }
    if header.message_code != "ORU" {
        let orders = parse_orders(&message, &definition)?;
        let count = orders.len();
        for order in orders {
            commit_order(inbox, &code, order, &message).await?;
        }
        return Ok(count);
    }
    let reports = match cpu {
        Some(cpu) if message.len() > INLINE_BYTES => {
            let message = message.clone();
            let parsed = cpu.run(move || parse_oru(&message, &definition)).await;
            parsed.unwrap_or(Err(UNAVAILABLE))?
        }
        _ => parse_oru(&message, &definition)?,
    };
    let count = reports.len();
    // The message is kept once, with the first of its reports.
    for (report, message) in reports.into_iter().zip(std::iter::once(&*message).chain(std::iter::repeat(&b""[..]))) {
        commit(inbox, &code, report, message).await?;
    }
    Ok(count)
}

/// Whether a second message stands in the block: its own acknowledgement would be missing, and with it the word that it was not taken.
fn has_another(message: &[u8]) -> bool {
    let Some(separator) = message.get(3) else { return false };
    message.windows(5).any(|at| matches!(at[0], b'\r' | b'\n') && at[1..4] == *b"MSH" && at[4] == *separator)
}

const SEVERAL: Refusal = Refusal::error(
    ErrorCode::SegmentSequence,
    Location::segment("MSH"),
    "a block holds one message, and this one holds another header: send each in a block of its own",
);
const NOT_AUTHORISED: Refusal =
    Refusal::reject(ErrorCode::UnknownKey, Location::field("MSH", 4), "this sending facility is not registered");
const UNAVAILABLE: Refusal = Refusal::reject(
    ErrorCode::ApplicationInternal,
    Location::segment("MSH"),
    "the service has no room or no database now: send it again later",
);
const REUSED: Refusal =
    Refusal::error(ErrorCode::DuplicateKey, Location::field("MSH", 10), "the control id was used for another message");

async fn commit_event(
    inbox: &Arc<dyn Inbox>,
    code: &RepositoryCode,
    event: PatientEvent,
    message: &[u8],
) -> Result<(), Refusal> {
    match inbox.accept_patient(code, event, message).await {
        PatientAnswer::Accepted => Ok(()),
        PatientAnswer::Refused { rule } => Err(Refusal::error(ErrorCode::UnknownKey, Location::field("PID", 3), rule)),
        PatientAnswer::DuplicateControlId => Err(REUSED),
        PatientAnswer::NotAuthorised => Err(NOT_AUTHORISED),
        PatientAnswer::OutOfResources => Err(UNAVAILABLE),
    }
}

async fn commit_order(
    inbox: &Arc<dyn Inbox>,
    code: &RepositoryCode,
    order: OrderRecord,
    message: &[u8],
) -> Result<(), Refusal> {
    answered(inbox.accept_order(code, order, message).await)
}

async fn commit(
    inbox: &Arc<dyn Inbox>,
    code: &RepositoryCode,
    report: ReportRecord,
    message: &[u8],
) -> Result<(), Refusal> {
    answered(inbox.accept_report(code, report, message).await)
}

fn answered(answer: ReportAnswer) -> Result<(), Refusal> {
    match answer {
        ReportAnswer::Accepted => Ok(()),
        ReportAnswer::DuplicateControlId => Err(REUSED),
        ReportAnswer::NotAuthorised => Err(NOT_AUTHORISED),
        ReportAnswer::OutOfResources => Err(UNAVAILABLE),
    }
}
