//! `ORU^R01` to report records.

mod body;
mod document;
mod order;
mod status;

use index_model::{Demographic, Phi, ReportRecord, ReportStatus, RepositoryDefinition};
use sha2::{Digest, Sha256};

use crate::content;
use crate::header::Header;
use crate::language;
use crate::message::{Message, Segment};
use crate::patient;
use crate::refusal::{ErrorCode, Location, Refusal};
use body::Body;
use order::Order;
use runtime::time;

/// OBR groups in one message that are taken; combined examinations have two or three.
const GROUP_LIMIT: usize = 64;

/// One report: its request and the segments that follow it.
struct Group<'m> {
    /// Which OBR of the message this is, from 1.
    occurrence: usize,
    obr: Segment<'m>,
    orc: Option<Segment<'m>>,
    rest: Vec<Segment<'m>>,
    /// OBX of the message before those of this group.
    observations_before: usize,
}

/// The report records of one `ORU^R01` message, unframed and as received: one for each OBR group.
///
/// Records after the first carry the control id with `/2`, `/3`, … appended, so that each is a message of its own to the inbox. A group
/// without text of its own that comes before one with text is a further examination in the same report, and gets that text.
///
/// # Errors
/// [`Refusal`] with the acknowledgement code, the location and the rule: the header first, then the character set, then the content.
pub fn parse_oru(bytes: &[u8], definition: &RepositoryDefinition) -> Result<Vec<ReportRecord>, Refusal> {
    let header = content::header(bytes)?;
    let (text, charset) = content::text(bytes, &header, definition)?;
    let message = content::message(&text, charset)?;
    let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    records(&message, &header, &sha256, definition)
}

fn records(
    message: &Message<'_>,
    header: &Header,
    sha256: &str,
    definition: &RepositoryDefinition,
) -> Result<Vec<ReportRecord>, Refusal> {
    let missing = |segment, text| Refusal::error(ErrorCode::SegmentSequence, Location::segment(segment), text);
    let pid = message.segment("PID").ok_or(missing("PID", "the patient segment is missing"))?;
    let mut patient = patient::read(pid, definition)?;
    // A report from somebody who knows of no card takes nobody's card away.
    patient.deleted.retain(|deleted| *deleted != Demographic::HealthNumber);
    let visit = patient::visit(message, definition);
    let groups = groups(message)?;
    if groups.is_empty() {
        return Err(missing("OBR", "the request segment is missing"));
    }
    let read = |group: &Group<'_>| body::read(&group.rest, group.observations_before);
    let bodies = share(groups.iter().map(read).collect::<Result<_, _>>()?);
    let msh = message.segment("MSH").ok_or(missing("MSH", "the message has no header"))?;
    let sent_ms = time::instant_ms(&msh.field(7).component(1).text(), time::zone(&definition.time_zone));
    let told = [msh.field(19), pid.field(15)].map(|field| language::of_code(&field.component(1).text()));
    let told = told.into_iter().find(|code| !code.is_empty()).unwrap_or_default();
    let record = |(number, (group, body)): (usize, (&Group<'_>, Body))| {
        let status = status::of_report(group, &body)?;
        need_text(status, &body)?;
        let order = Order::read(group, definition)?;
        let guess = language::of_text(&body.text);
        Ok(ReportRecord {
            message_control_id: content::control_id(&header.control_id, number),
            message_sha256: sha256.to_owned(),
            patient: patient.clone(),
            study_instance_uids: body.study_instance_uids,
            accession_number: order.accession_number,
            filler_order_number: order.filler_order_number,
            placer_order_number: order.placer_order_number,
            visit: visit.clone(),
            document_ids: body.document_ids,
            predecessor_ids: body.replaces,
            parent_order_number: order.parent_order_number,
            object: None,
            status,
            title: order.title,
            text: Phi::new(body.text),
            documents: body.documents,
            language: if guess.is_empty() { told } else { guess }.to_owned(),
            observed_ms: order.observed_ms,
            issued_ms: order.status_changed_ms.or(sent_ms),
            interpreter: order.interpreter,
        })
    };
    groups.iter().zip(bodies).enumerate().map(record).collect()
}

/// Cuts the segments into OBR groups. What stands before the first OBR and is not its ORC belongs to none.
fn groups<'m>(message: &Message<'m>) -> Result<Vec<Group<'m>>, Refusal> {
    let mut groups: Vec<Group<'m>> = Vec::new();
    let mut orc = None;
    let mut observations_before = 0;
    for segment in message.segments() {
        match segment.name() {
            "ORC" => orc = Some(*segment),
            "OBR" => {
                let occurrence = groups.len() + 1;
                let (obr, orc) = (*segment, orc.take());
                groups.push(Group { occurrence, obr, orc, rest: Vec::new(), observations_before });
            }
            name => {
                observations_before += usize::from(name == "OBX");
                groups.last_mut().into_iter().for_each(|group| group.rest.push(*segment));
            }
        }
    }
    let crowded = Refusal::error(ErrorCode::SegmentSequence, Location::segment("OBR"), "too many request segments");
    if groups.len() > GROUP_LIMIT { Err(crowded) } else { Ok(groups) }
}

/// Gives the text of a combined report to the requests before it that have no observation of their own.
fn share(mut bodies: Vec<Body>) -> Vec<Body> {
    for index in (0..bodies.len().saturating_sub(1)).rev() {
        let (before, after) = bodies.split_at_mut(index + 1);
        if let (Some(empty), Some(next)) = (before.last_mut(), after.first())
            && empty.observations == 0
        {
            empty.text = next.text.clone();
            empty.documents.clone_from(&next.documents);
            empty.document_ids.clone_from(&next.document_ids);
            empty.replaces.clone_from(&next.replaces);
            empty.statuses.clone_from(&next.statuses);
            empty.observations = next.observations;
        }
    }
    bodies
}

/// A report that says something needs words; one that is announced or withdrawn does not.
fn need_text(status: ReportStatus, body: &Body) -> Result<(), Refusal> {
    use ReportStatus as S;
    let silent = matches!(status, S::Registered | S::Cancelled | S::EnteredInError);
    if silent || !body.text.is_empty() || !body.documents.is_empty() {
        return Ok(());
    }
    Err(Refusal::error(ErrorCode::RequiredFieldMissing, Location::field("OBX", 5), "the report has no text"))
}

#[cfg(test)]
mod tests;
