//! The words of a request that reports and orders share: numbers with their issuers, and the procedure.

use index_model::{IssuedId, Phi, RepositoryDefinition};

use crate::message::{Segment, Value};

/// The field that this source puts its accession numbers in.
pub(crate) fn accession_field<'m>(obr: Segment<'m>, definition: &RepositoryDefinition) -> Value<'m> {
    let configured = definition.hl7.as_ref().map(|source| source.accession_field.as_str());
    let number = configured.and_then(|name| name.trim().strip_prefix("OBR-")).and_then(|number| number.parse().ok());
    obr.field(number.unwrap_or(18))
}

/// An entity identifier (EI): number, namespace, universal id. Numbers of orders are issued like accession numbers; an alias of the
/// source is the source itself.
pub(crate) fn entity(field: Value<'_>, definition: &RepositoryDefinition) -> Option<IssuedId> {
    entity_of(&field.component(1).text(), &[2, 3].map(|component| field.component(component).text()), definition)
}

/// A number, and the names of its issuer of which the first that is given counts.
pub(crate) fn entity_of(value: &str, names: &[String], definition: &RepositoryDefinition) -> Option<IssuedId> {
    let named = names.iter().find(|name| !name.is_empty());
    let own = named.is_none_or(|name| definition.issuer_aliases.contains(name));
    let issuer = named.filter(|_| !own).map_or(definition.accession_issuer(), String::as_str).to_owned();
    (!value.is_empty()).then(|| IssuedId { issuer, value: Phi::new(value.to_owned()) })
}

/// The procedure in words: the text, else the alternate text, else the code.
pub(crate) fn title(procedure: Value<'_>) -> String {
    [2, 5, 1]
        .map(|component| procedure.component(component).text())
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}
