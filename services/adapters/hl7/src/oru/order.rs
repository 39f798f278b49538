//! OBR and ORC: what was asked for, when, and who reads it.

use index_model::{IssuedId, PersonName, RepositoryDefinition};

use super::Group;
use crate::message::Value;
use crate::patient::person_name;
use crate::refusal::{ErrorCode, Location, Refusal};
use crate::request::{accession_field, entity, title};
use runtime::time;

/// The numbers and times of one request.
pub(super) struct Order {
    pub(super) accession_number: Option<IssuedId>,
    pub(super) filler_order_number: Option<IssuedId>,
    pub(super) placer_order_number: Option<IssuedId>,
    pub(super) title: String,
    pub(super) observed_ms: Option<i64>,
    pub(super) status_changed_ms: Option<i64>,
    pub(super) interpreter: PersonName,
}

impl Order {
    /// Reads one request. OBR-22 orders the versions of a report, so that one that can't be read refuses the message.
    pub(super) fn read(group: &Group<'_>, definition: &RepositoryDefinition) -> Result<Self, Refusal> {
        let obr = group.obr;
        let zone = time::zone(&definition.time_zone);
        let instant = |field: usize| time::instant_ms(&obr.field(field).component(1).text(), zone);
        let changed = obr.field(22);
        let status_changed_ms = instant(22);
        if status_changed_ms.is_none() && !changed.is_empty() {
            let at = Location::field_of("OBR", group.occurrence, 22);
            return Err(Refusal::error(ErrorCode::DataType, at, "the time of the status change is not a time"));
        }
        let number = |field: usize| {
            let from_order = || group.orc.and_then(|orc| entity(orc.field(field), definition));
            entity(obr.field(field), definition).or_else(from_order)
        };
        Ok(Self {
            accession_number: entity(accession_field(obr, definition), definition),
            filler_order_number: number(3),
            placer_order_number: number(2),
            title: title(obr.field(4)),
            observed_ms: instant(7),
            status_changed_ms,
            interpreter: interpreter(obr.field(32)),
        })
    }
}

/// NDL: the name is within the first component (`id&family&given`); some senders write the components of XCN instead.
fn interpreter(field: Value<'_>) -> PersonName {
    let person = field.component(1);
    let alphabetic = if person.has_subcomponents() {
        person_name([2, 3, 4, 6, 5].map(|part| person.subcomponent(part)))
    } else if field.component(2).text().starts_with(|c: char| c.is_alphabetic()) {
        person_name([2, 3, 4, 6, 5].map(|part| field.component(part)))
    } else {
        String::new()
    };
    PersonName { alphabetic, ..PersonName::default() }
}
