//! `ORM^O01`, `OMG^O19` and `OMI^O23` to requested procedures (RAD-2, RAD-3, RAD-4, RAD-13; the numbers of one examination).

use index_model::{OrderRecord, RepositoryDefinition, Uid, VisitNumbers};
use sha2::{Digest, Sha256};

use crate::content;
use crate::header::Header;
use crate::message::{Message, Segment};
use crate::patient;
use crate::refusal::{ErrorCode, Location, Refusal};
use crate::request::{accession_field, entity, title};
use runtime::time;

/// Requested procedures of one message that are taken.
const PROCEDURE_LIMIT: usize = 64;
/// HL7 table 0119: the order is withdrawn, or will not be done.
const CANCELS: &[&str] = &["CA", "OC", "CR", "DC", "OD", "DR", "RP", "UA"];
/// HL7 table 0119, messages that tell a status (ORC-5, table 0038).
const TELLS_STATUS: &[&str] = &["SC", "SR", "OK", "NA"];

/// One order: ORC, its request, and what schedules it.
struct Group<'m> {
    /// Which ORC of the message this is, from 1.
    occurrence: usize,
    orc: Segment<'m>,
    obr: Option<Segment<'m>>,
    ipcs: Vec<Segment<'m>>,
    zds: Option<Segment<'m>>,
}

/// The requested procedures of one message of orders, unframed and as received.
///
/// Records after the first carry the control id with `/2`, `/3`, … appended, so that each is a message of its own to the inbox.
///
/// # Errors
/// [`Refusal`] with the acknowledgement code, the location and the rule.
pub fn parse_orders(bytes: &[u8], definition: &RepositoryDefinition) -> Result<Vec<OrderRecord>, Refusal> {
    let header = content::header(bytes)?;
    let (text, charset) = content::text(bytes, &header, definition)?;
    let message = content::message(&text, charset)?;
    let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let missing = |segment, text| Refusal::error(ErrorCode::SegmentSequence, Location::segment(segment), text);
    let pid = message.segment("PID").ok_or(missing("PID", "the patient segment is missing"))?;
    let (patient, visit) = (patient::read(pid, definition)?, patient::visit(&message, definition));
    let groups = groups(&message);
    if groups.is_empty() {
        return Err(missing("ORC", "the order segment is missing"));
    }
    let mut orders = Vec::new();
    for group in &groups {
        for order in group.orders(&message, &header, definition)? {
            orders.push(OrderRecord {
                message_control_id: content::control_id(&header.control_id, orders.len()),
                message_sha256: sha256.clone(),
                patient: patient.clone(),
                visit: visit.clone(),
                ..order
            });
        }
    }
    match orders.len() {
        0..=PROCEDURE_LIMIT => Ok(orders),
        _ => Err(missing("ORC", "too many requested procedures")),
    }
}

/// Cuts the segments into orders. A further request under one ORC is an order of its own with the same numbers.
fn groups<'m>(message: &Message<'m>) -> Vec<Group<'m>> {
    let mut groups: Vec<Group<'m>> = Vec::new();
    let mut occurrence = 0;
    for segment in message.segments().iter().copied() {
        match (segment.name(), groups.last_mut()) {
            ("ORC", _) => {
                occurrence += 1;
                groups.push(Group { occurrence, orc: segment, obr: None, ipcs: Vec::new(), zds: None });
            }
            ("OBR", Some(group)) if group.obr.is_none() => group.obr = Some(segment),
            ("OBR", Some(group)) => {
                let orc = group.orc;
                groups.push(Group { occurrence, orc, obr: Some(segment), ipcs: Vec::new(), zds: None });
            }
            ("IPC", Some(group)) => group.ipcs.push(segment),
            ("ZDS", Some(group)) => group.zds = Some(segment),
            _ => {}
        }
    }
    groups
}

impl Group<'_> {
    /// The requested procedures: one for each that IPC names, else the order's own.
    fn orders(
        &self,
        message: &Message<'_>,
        header: &Header,
        definition: &RepositoryDefinition,
    ) -> Result<Vec<OrderRecord>, Refusal> {
        let whole = self.whole(message, header, definition)?;
        let mut orders: Vec<OrderRecord> = Vec::new();
        for ipc in &self.ipcs {
            let id = ipc.field(2).component(1).text();
            let uid = Uid::parse(&ipc.field(3).component(1).text()).ok();
            let order = OrderRecord {
                accession_number: entity(ipc.field(1), definition).or_else(|| whole.accession_number.clone()),
                study_instance_uid: uid.or_else(|| whole.study_instance_uid.clone()),
                requested_procedure_id: if id.is_empty() { whole.requested_procedure_id.clone() } else { id },
                ..whole.clone()
            };
            // Steps of one procedure name it again.
            if !orders.contains(&order) {
                orders.push(order);
            }
        }
        Ok(if orders.is_empty() { vec![whole] } else { orders })
    }

    fn whole(
        &self,
        message: &Message<'_>,
        header: &Header,
        definition: &RepositoryDefinition,
    ) -> Result<OrderRecord, Refusal> {
        let required = |field, text| {
            Err(Refusal::error(
                ErrorCode::RequiredFieldMissing,
                Location::field_of("ORC", self.occurrence, field),
                text,
            ))
        };
        let control = self.orc.field(1).text();
        if control.is_empty() {
            return required(1, "the order control code is missing");
        }
        let of_request = |field: usize| self.obr.and_then(|obr| entity(obr.field(field), definition));
        let number = |field: usize| entity(self.orc.field(field), definition).or_else(|| of_request(field));
        let (placer, filler) = (number(2), number(3));
        if placer.is_none() && filler.is_none() {
            return required(2, "the order has no number");
        }
        let zone = time::zone(&definition.time_zone);
        let instant = |segment: Option<Segment<'_>>, field: usize| {
            time::instant_ms(&segment?.field(field).component(1).text(), zone)
        };
        let text = |field: usize| self.obr.map_or(String::new(), |obr| obr.field(field).component(1).text());
        Ok(OrderRecord {
            message_control_id: header.control_id.clone(),
            message_sha256: String::new(),
            patient: index_model::PatientRecord::default(),
            visit: VisitNumbers::default(),
            placer_order_number: placer,
            filler_order_number: filler,
            accession_number: self.obr.and_then(|obr| entity(accession_field(obr, definition), definition)),
            study_instance_uid: self.zds.and_then(|zds| Uid::parse(&zds.field(1).component(1).text()).ok()),
            requested_procedure_id: text(19),
            title: self.obr.map_or(String::new(), |obr| title(obr.field(4))),
            is_cancelled: self.is_cancelled(&control),
            told_ms: instant(Some(self.orc), 9).or_else(|| instant(message.segment("MSH"), 7)),
        })
    }

    fn is_cancelled(&self, control: &str) -> bool {
        let status = self.orc.field(5).text();
        CANCELS.contains(&control) || (TELLS_STATUS.contains(&control) && matches!(status.as_str(), "CA" | "DC" | "RP"))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
