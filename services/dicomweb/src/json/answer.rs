//! Rows as data sets: tables 10.6.3-3, 10.6.3-4 and 10.6.3-5, what Ontario adds to them, and `includefield`.

use index_model::{IssuedId, RepositoryCode};
use index_query::Include;
use registry::{InstanceRow, Registry, SeriesRow, StudyRow};

use super::value::{DataSet, Writer};
use crate::dictionary;
use crate::request::Base;

/// What of an answer does not stand in its row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// Who knows the repositories.
    pub(crate) registry: &'a Registry,
    /// Our address.
    pub(crate) base: &'a Base,
    /// What was asked for beyond the table.
    pub(crate) include: &'a Include,
    /// The path named no study: its attributes come with every row.
    pub(crate) with_study: bool,
    /// The path named no series: its attributes come with every row.
    pub(crate) with_series: bool,
}

/// InstanceAvailability (0008,0056): whether it can be looked at now.
fn availability(out: &mut Writer, available: bool) {
    out.text("00080056", "CS", Some(if available { "ONLINE" } else { "UNAVAILABLE" }));
}

/// Who holds it: RetrieveAETitle (0008,0054) and RetrieveLocationUID (0040,E011), one value for each repository.
fn locations(out: &mut Writer, repositories: &[RepositoryCode], registry: &Registry) {
    out.texts("00080054", "AE", repositories.iter().map(RepositoryCode::as_str));
    let uids: Vec<_> = repositories.iter().filter_map(|code| registry.location_uid(code)).collect();
    out.texts("0040E011", "UI", uids.iter().map(String::as_str));
}

/// A study.
pub(crate) fn study(row: &StudyRow, shown: Shown<'_>) -> DataSet {
    let mut out = Writer::default();
    study_attributes(&mut out, row);
    let study = row.study.study_instance_uid.as_str();
    locations(&mut out, &row.repositories, shown.registry);
    availability(&mut out, shown.registry.is_available(row));
    out.text("00081190", "UR", Some(&shown.base.study(study)));
    out.0
}

fn study_attributes(out: &mut Writer, row: &StudyRow) {
    let study = &row.study;
    out.text("00080005", "CS", Some("ISO_IR 192"));
    out.text("00080020", "DA", study.study_date.as_deref());
    out.text("00080030", "TM", study.study_time.as_deref());
    out.text("00080050", "SH", study.accession_number.as_ref().map(|id| id.value.expose().as_str()));
    out.items("00080051", study.accession_number.iter().map(issuer).collect());
    out.texts("00080061", "CS", row.modalities.iter().map(String::as_str));
    out.text("00080080", "LO", study.institution_name.as_deref());
    out.name("00080090", &study.referring_physician_name);
    out.text("00080201", "SH", study.timezone_offset_from_utc.as_deref());
    out.text("00081030", "LO", study.study_description.as_deref());
    patient_attributes(out, row);
    out.text("0020000D", "UI", Some(study.study_instance_uid.as_str()));
    out.text("00200010", "SH", study.study_id.as_ref().map(|id| id.expose().as_str()));
    out.number("00201206", "IS", Some(row.number_of_series.into()));
    out.number("00201208", "IS", Some(row.number_of_instances.into()));
}

fn patient_attributes(out: &mut Writer, row: &StudyRow) {
    let patient = &row.study.patient;
    out.name("00100010", &patient.patient_name);
    out.text("00100020", "LO", patient.patient_id.as_ref().map(|id| id.value.expose().as_str()));
    out.text("00100021", "LO", patient.patient_id.as_ref().map(|id| id.issuer.as_str()));
    let universal = patient.patient_id.iter().filter(|id| is_oid(&id.issuer)).map(issuer);
    out.items("00100024", universal.collect());
    out.text("00100030", "DA", patient.patient_birth_date.as_ref().map(|date| date.expose().as_str()));
    out.text("00100040", "CS", patient.patient_sex.as_deref());
}

/// Who issued an identifier: PS3.3 table 10-17 (hierarchic designator), without the type 3 attributes.
fn issuer(id: &IssuedId) -> DataSet {
    let mut out = Writer::default();
    if is_oid(&id.issuer) {
        out.text("00400032", "UT", Some(&id.issuer));
        out.text("00400033", "CS", Some("ISO"));
    } else {
        out.text("00400031", "UT", Some(&id.issuer));
    }
    out.0
}

fn is_oid(issuer: &str) -> bool {
    issuer.contains('.') && index_model::Uid::parse(issuer).is_ok()
}

/// A series.
pub(crate) fn series(row: &SeriesRow, shown: Shown<'_>) -> DataSet {
    let mut out = Writer::default();
    study_part(&mut out, &row.study, shown, shown.with_study);
    series_attributes(&mut out, row);
    let study = row.study.study.study_instance_uid.as_str();
    locations(&mut out, &row.repositories, shown.registry);
    availability(&mut out, shown.registry.is_available(&row.study));
    out.text("00081190", "UR", Some(&shown.base.series(study, row.series.series_instance_uid.as_str())));
    out.0
}

/// All attributes of the study, or those that were asked for by name.
fn study_part(out: &mut Writer, study: &StudyRow, shown: Shown<'_>, all: bool) {
    let mut whole = Writer::default();
    study_attributes(&mut whole, study);
    if all || shown.include.all {
        out.0.append(&mut whole.0);
        return;
    }
    let named = shown.include.attributes.iter().map(|attribute| dictionary::digits(attribute.path[0]));
    let own = ["00080005", "00080201", "0020000D"].map(str::to_owned);
    for tag in named.chain(own) {
        if let Some(attribute) = whole.0.remove(&tag) {
            out.0.insert(tag, attribute);
        }
    }
}

fn series_attributes(out: &mut Writer, row: &SeriesRow) {
    let series = &row.series;
    out.text("00080060", "CS", series.modality.as_deref());
    out.text("0008103E", "LO", series.series_description.as_deref());
    out.text("00180015", "CS", series.body_part_examined.as_deref());
    out.text("0020000E", "UI", Some(series.series_instance_uid.as_str()));
    out.number("00200011", "IS", series.series_number);
    out.number("00201209", "IS", Some(row.number_of_instances.into()));
    out.text("00400244", "DA", series.performed_procedure_step_start_date.as_deref());
    out.text("00400245", "TM", series.performed_procedure_step_start_time.as_deref());
    let request = (series.scheduled_procedure_step_id.as_deref(), series.requested_procedure_id.as_deref());
    if request != (None, None) {
        let mut item = Writer::default();
        item.text("00400009", "SH", request.0);
        item.text("00401001", "SH", request.1);
        out.items("00400275", vec![item.0]);
    }
}

/// What an instance's answer takes from its header: table 10.6.3-5.
const INSTANCE_TAGS: [&str; 8] =
    ["00080016", "00080018", "00083002", "00200013", "00280008", "00280010", "00280011", "00280100"];

/// An instance.
pub(crate) fn instance(row: &InstanceRow, shown: Shown<'_>) -> DataSet {
    let mut out = Writer::default();
    study_part(&mut out, &row.study, shown, shown.with_study);
    if shown.with_series {
        series_attributes(&mut out, &row.series);
    }
    let header: DataSet = serde_json::from_str(row.entry.metadata.get()).unwrap_or_default();
    from_header(&mut out, header, shown.include);
    let entry = &row.entry.instance;
    let (study, series) = (&row.study.study.study_instance_uid, &row.series.series.series_instance_uid);
    out.text("00080005", "CS", Some("ISO_IR 192"));
    out.text("00080016", "UI", Some(entry.sop_class_uid.as_str()));
    out.text("00080018", "UI", Some(entry.sop_instance_uid.as_str()));
    locations(&mut out, &row.series.repositories, shown.registry);
    availability(&mut out, row.entry.object.is_some() || shown.registry.is_available(&row.study));
    out.text("00083002", "UI", Some(&entry.transfer_syntax_uid).filter(|uid| !uid.is_empty()).map(String::as_str));
    let url = shown.base.instance(study.as_str(), series.as_str(), entry.sop_instance_uid.as_str());
    out.text("00081190", "UR", Some(&url));
    out.text("0020000E", "UI", Some(series.as_str()));
    out.0
}

fn from_header(out: &mut Writer, mut header: DataSet, include: &Include) {
    if include.all {
        out.0.append(&mut header);
        return;
    }
    let named = include.attributes.iter().map(|attribute| dictionary::digits(attribute.path[0]));
    for tag in named.chain(INSTANCE_TAGS.map(str::to_owned)) {
        if let Some(attribute) = header.remove(&tag) {
            out.0.insert(tag, attribute);
        }
    }
}
