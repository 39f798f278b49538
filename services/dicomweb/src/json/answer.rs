//! Rows as data sets: tables 10.6.3-3, 10.6.3-4 and 10.6.3-5, what Ontario adds to them, and `includefield`.

use std::collections::HashMap;

use index_model::{IssuedId, RepositoryCode, RequestAttributes};
use index_query::{Attribute, Level, Query, Tag, level_of};
use registry::{Header, Registry, SeriesRow, StudyRow};
use serde_json::Value;

use super::Writer;
use crate::dictionary;
use crate::request::Base;

/// What of an answer does not stand in its row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// The identifiers of each person, when they are wanted.
    pub(crate) identifiers: &'a HashMap<i64, Vec<IssuedId>>,
    /// Who knows the repositories.
    pub(crate) registry: &'a Registry,
    /// Our address.
    pub(crate) base: &'a Base,
    /// What was asked.
    pub(crate) query: &'a Query,
    /// The path named no study: its attributes come with every row.
    pub(crate) with_study: bool,
    /// The path named no series: its attributes come with every row.
    pub(crate) with_series: bool,
}

impl Shown<'_> {
    /// Attributes that are wanted beyond the table: those of `includefield`, and those that were matched (§10.6.3.3).
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Attribute> {
        wanted(self.query)
    }

    /// Adds what is wanted of the levels from `above` to `level` and stands only in a header.
    fn add_from(&self, out: &mut Writer, header: Option<&Header>, above: Level, level: Level) {
        let Some(header) = header else { return };
        let is_between = |attribute: &Attribute| (above..=level).contains(&level_of(attribute));
        if self.query.include.all {
            for (tag, attribute) in header {
                if index_query::attribute(tag).is_some_and(|attribute| is_between(&attribute)) {
                    add(out, tag, attribute);
                }
            }
            return;
        }
        for attribute in self.wanted().filter(|attribute| is_between(attribute)) {
            for tag in tags_of(attribute) {
                if let Some(value) = header.get(&tag) {
                    add(out, &tag, value);
                }
            }
        }
    }
}

/// Adds what a header has, unless the row knows better.
fn add(out: &mut Writer, tag: &str, header: &Value) {
    let known = out.get(tag);
    if known.is_some() && !COMPLETED.contains(&tag) {
        return;
    }
    let known = known.and_then(|known| serde_json::from_str(known).ok());
    out.written(tag, &completed(tag, known.as_ref(), header).to_string());
}

fn wanted(query: &Query) -> impl Iterator<Item = &Attribute> {
    query.include.attributes.iter().chain(query.matches.iter().map(|one| &one.attribute))
}

/// Whether rows say which identifiers their person has: OtherPatientIDsSequence is wanted.
pub(crate) fn shows_identifiers(query: &Query) -> bool {
    query.include.all || wanted(query).any(|attribute| attribute.path.first() == Some(&OTHER_PATIENT_IDS))
}

/// OtherPatientIDsSequence.
const OTHER_PATIENT_IDS: Tag = Tag(0x0010, 0x1002);
const OTHER_IDS: &str = "00101002";
/// RequestAttributesSequence.
const REQUESTS: &str = "00400275";
/// Sequences of which rows know a part: of RequestAttributesSequence what its table has of all instances, of OtherPatientIDsSequence what
/// was linked.
pub(super) const COMPLETED: [&str; 2] = [REQUESTS, OTHER_IDS];

/// What a header has, and of those sequences the items that the registry knows beside.
pub(super) fn completed(tag: &str, known: Option<&Value>, header: &Value) -> Value {
    let items = |attribute: &Value| attribute.get("Value").and_then(Value::as_array).cloned().unwrap_or_default();
    let named_by = match tag {
        OTHER_IDS => ["00100020", "00100021"],
        REQUESTS => ["00400009", "00401001"],
        _ => return header.clone(),
    };
    let known = known.map(items).unwrap_or_default();
    if known.is_empty() {
        return header.clone();
    }
    let id = |item: &Value| named_by.map(|tag| item.pointer(&format!("/{tag}/Value/0")).cloned());
    let mut all = items(header);
    let new = known.into_iter().filter(|known| !all.iter().any(|one| id(one) == id(known)));
    let new: Vec<Value> = new.collect();
    all.extend(new);
    serde_json::json!({ "vr": "SQ", "Value": all })
}

/// An attribute, and of a private one its creator too (§10.6.3.3, PS3.5 §7.8.1).
pub(super) fn tags_of(attribute: &Attribute) -> impl Iterator<Item = String> {
    let tag = attribute.path.first().copied().unwrap_or(Tag(0, 0));
    let creator = (tag.group() % 2 == 1 && tag.element() >= 0x1000).then(|| Tag(tag.group(), tag.element() >> 8));
    std::iter::once(tag).chain(creator).map(dictionary::digits)
}

/// InstanceAvailability (0008,0056): whether it can be looked at now.
pub(super) fn availability(out: &mut Writer, available: bool) {
    out.text("00080056", "CS", Some(if available { "ONLINE" } else { "UNAVAILABLE" }));
}

/// Who holds it: RetrieveAETitle (0008,0054) and RetrieveLocationUID (0040,E011), one value for each repository.
pub(super) fn locations(out: &mut Writer, repositories: &[RepositoryCode], registry: &Registry) {
    out.texts("00080054", "AE", repositories.iter().map(RepositoryCode::as_str));
    let uids: Vec<_> = repositories.iter().filter_map(|code| registry.location_uid(code)).collect();
    out.texts("0040E011", "UI", uids.iter().map(String::as_str));
}

/// A study.
pub(crate) fn study(row: &StudyRow, header: Option<&Header>, shown: Shown<'_>) -> Writer {
    let mut out = Writer::default();
    study_attributes(&mut out, row, shown);
    shown.add_from(&mut out, header, Level::Study, Level::Study);
    let study = row.study.study_instance_uid.as_str();
    locations(&mut out, &row.repositories, shown.registry);
    availability(&mut out, shown.registry.is_available(row));
    // What can't be retrieved has no address (table 10.6.3-3).
    if !row.conflict {
        out.text("00081190", "UR", Some(&shown.base.study(study)));
    }
    out
}

fn study_attributes(out: &mut Writer, row: &StudyRow, shown: Shown<'_>) {
    let study = &row.study;
    out.text("00080005", "CS", Some("ISO_IR 192"));
    out.text("00080020", "DA", study.study_date.as_deref());
    out.text("00080030", "TM", study.study_time.as_deref());
    out.text("00080050", "SH", study.accession_number.as_ref().map(|id| id.value.expose().as_str()));
    out.items("00080051", study.accession_number.iter().map(issuer));
    out.texts("00080061", "CS", row.modalities.iter().map(String::as_str));
    out.text("00080080", "LO", study.institution_name.as_deref());
    out.name("00080090", &study.referring_physician_name);
    out.known("00080201", "SH", study.timezone_offset_from_utc.as_deref());
    out.text("00081030", "LO", study.study_description.as_deref());
    patient_attributes(out, row);
    if let Some(identifiers) = shown.identifiers.get(&row.person_key) {
        out.items(OTHER_IDS, identifiers.iter().map(identifier));
    }
    out.text("0020000D", "UI", Some(study.study_instance_uid.as_str()));
    out.text("00200010", "SH", study.study_id.as_ref().map(|id| id.expose().as_str()));
    out.number("00201206", "IS", Some(row.number_of_series.into()));
    out.number("00201208", "IS", Some(row.number_of_instances.into()));
}

fn patient_attributes(out: &mut Writer, row: &StudyRow) {
    let patient = &row.study.patient;
    out.name("00100010", &patient.patient_name);
    out.texts("00100020", "LO", patient.patient_id.iter().flat_map(|id| id.value.expose().split('\\')));
    out.text("00100021", "LO", patient.patient_id.as_ref().map(|id| id.issuer.as_str()));
    let universal = patient.patient_id.iter().filter(|id| is_oid(&id.issuer)).map(issuer);
    out.items("00100024", universal);
    out.text("00100030", "DA", patient.patient_birth_date.as_ref().map(|date| date.expose().as_str()));
    out.text("00100040", "CS", patient.patient_sex.as_deref());
}

/// Who issued an identifier: PS3.3 table 10-17 (hierarchic designator), without the type 3 attributes.
fn issuer(id: &IssuedId) -> Writer {
    let mut out = Writer::default();
    if is_oid(&id.issuer) {
        out.text("00400032", "UT", Some(&id.issuer));
        out.text("00400033", "CS", Some("ISO"));
    } else {
        out.text("00400031", "UT", Some(&id.issuer));
    }
    out
}

/// An identifier of a patient with its issuer: an item of OtherPatientIDsSequence (PS3.3 §C.7.1.1).
fn identifier(id: &IssuedId) -> Writer {
    let mut out = Writer::default();
    out.text("00100020", "LO", Some(id.value.expose()));
    out.text("00100021", "LO", Some(&id.issuer));
    out.text("00100022", "CS", Some("TEXT"));
    if is_oid(&id.issuer) {
        out.items("00100024", [issuer(id)]);
    }
    out
}

fn is_oid(issuer: &str) -> bool {
    issuer.contains('.') && index_model::Uid::parse(issuer).is_ok()
}

/// A series.
pub(crate) fn series(row: &SeriesRow, header: Option<&Header>, shown: Shown<'_>) -> Writer {
    let mut out = Writer::default();
    study_part(&mut out, &row.study, shown, shown.with_study);
    series_attributes(&mut out, row);
    let above = if shown.query.include.all && !shown.with_study { Level::Series } else { Level::Study };
    shown.add_from(&mut out, header, above, Level::Series);
    let study = row.study.study.study_instance_uid.as_str();
    locations(&mut out, &row.repositories, shown.registry);
    availability(&mut out, shown.registry.is_series_available(row));
    // What can't be retrieved has no address (table 10.6.3-3).
    if !row.study.conflict {
        out.text("00081190", "UR", Some(&shown.base.series(study, row.series.series_instance_uid.as_str())));
    }
    out
}

/// All attributes of the study, or those that were asked for by name.
pub(super) fn study_part(out: &mut Writer, study: &StudyRow, shown: Shown<'_>, all: bool) {
    if all {
        return study_attributes(out, study, shown);
    }
    let mut whole = Writer::default();
    study_attributes(&mut whole, study, shown);
    let named = shown.wanted().flat_map(tags_of);
    let own = ["00080005", "00080201", "0020000D"].map(str::to_owned);
    for tag in named.chain(own) {
        if let Some(attribute) = whole.get(&tag) {
            out.written(&tag, attribute);
        }
    }
}

pub(super) fn series_attributes(out: &mut Writer, row: &SeriesRow) {
    let series = &row.series;
    out.text("00080060", "CS", series.modality.as_deref());
    out.known("0008103E", "LO", series.series_description.as_deref());
    out.known("00180015", "CS", series.body_part_examined.as_deref());
    out.text("0020000E", "UI", Some(series.series_instance_uid.as_str()));
    out.number("00200011", "IS", series.series_number);
    out.number("00201209", "IS", Some(row.number_of_instances.into()));
    out.known("00400244", "DA", series.performed_procedure_step_start_date.as_deref());
    out.known("00400245", "TM", series.performed_procedure_step_start_time.as_deref());
    let requests: Vec<_> = series.requests().iter().map(request).collect();
    if !requests.is_empty() {
        out.items(REQUESTS, requests);
    }
}

/// An item of RequestAttributesSequence: what table 10.6.3-4 has of it.
fn request(request: &RequestAttributes) -> Writer {
    let mut item = Writer::default();
    item.text("00400009", "SH", request.scheduled_procedure_step_id.as_deref());
    item.text("00401001", "SH", request.requested_procedure_id.as_deref());
    item
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::completed;

    fn identifiers(ids: &[(&str, &str)]) -> Value {
        let item = |(id, issuer): &(&str, &str)| json!({"00100020": {"vr": "LO", "Value": [id]}, "00100021": {"vr": "LO", "Value": [issuer]}});
        json!({ "vr": "SQ", "Value": ids.iter().map(item).collect::<Vec<_>>() })
    }

    #[test]
    fn other_identifiers_are_those_of_the_object_and_what_the_registry_knows_beside() {
        let header = identifiers(&[("7", "X"), ("8", "X")]);
        let known = identifiers(&[("8", "X"), ("7", "Y")]);
        assert_eq!(completed("00101002", Some(&known), &header), identifiers(&[("7", "X"), ("8", "X"), ("7", "Y")]));
        assert_eq!(completed("00101002", None, &header), header);
        assert_eq!(completed("00081032", Some(&known), &header), header, "of other sequences the header knows all");
    }

    #[test]
    fn requests_are_those_of_the_header_and_of_other_instances_of_the_series() {
        let item = |step: &str, more: bool| {
            let mut item = json!({"00400009": {"vr": "SH", "Value": [step]}, "00401001": {"vr": "SH", "Value": ["P"]}});
            if more {
                item["00400007"] = json!({"vr": "LO", "Value": ["HEAD"]});
            }
            item
        };
        let header = json!({"vr": "SQ", "Value": [item("S1", true)]});
        let known = json!({"vr": "SQ", "Value": [item("S1", false), item("S2", false)]});
        let all = json!({"vr": "SQ", "Value": [item("S1", true), item("S2", false)]});
        assert_eq!(completed("00400275", Some(&known), &header), all);
    }
}
