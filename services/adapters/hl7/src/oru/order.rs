//! OBR and ORC: what was asked for, when, and who reads it.

use index_model::{IssuedId, PersonName, RepositoryDefinition};

use super::Group;
use crate::message::Value;
use crate::patient::person_name;
use crate::refusal::{ErrorCode, Location, Refusal};
use crate::request::{accession_field, entity, entity_of, title};
use runtime::time;

/// The numbers and times of one request.
pub(super) struct Order {
    pub(super) accession_number: Option<IssuedId>,
    pub(super) filler_order_number: Option<IssuedId>,
    pub(super) placer_order_number: Option<IssuedId>,
    /// Of the report that it adds to, where that is another.
    pub(super) parent_order_number: Option<IssuedId>,
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
        let filler_order_number = number(3);
        let orc_parent = || group.orc.and_then(|orc| parent(orc.field(8), definition));
        let parent = parent(obr.field(29), definition).or_else(orc_parent);
        Ok(Self {
            accession_number: entity(accession_field(obr, definition), definition),
            parent_order_number: parent.filter(|parent| filler_order_number.as_ref().is_some_and(|own| own != parent)),
            filler_order_number,
            placer_order_number: number(2),
            title: title(obr.field(4)),
            observed_ms: instant(7),
            status_changed_ms,
            interpreter: interpreter(obr.field(32)),
        })
    }
}

/// EIP: the second component is the filler's number, whose parts are subcomponents.
fn parent(field: Value<'_>, definition: &RepositoryDefinition) -> Option<IssuedId> {
    let filler = field.component(2);
    let parts = [1, 2, 3].map(|part| filler.subcomponent(part).text());
    entity_of(&parts[0], parts.get(1..).unwrap_or_default(), definition)
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
