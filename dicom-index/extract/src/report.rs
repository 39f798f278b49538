//! What the header of an instance says of the report that it is.

use index_model::{InstanceEntry, ReportObject, StudyRecord, Uid, form_of, is_report, is_report_title};

use crate::attributes::Attributes;
use crate::json::Json;
use crate::{Defaults, records, tags};

/// Documents that one takes the place of.
const MOST_PREDECESSORS: usize = 64;

/// The report that an instance is, by its SOP class and its title; `None` for any other instance. Of an encapsulated CDA document the code
/// within it may say so too: there `is_titled` tells whether the header does.
pub fn report_object(study: &StudyRecord, entry: &InstanceEntry, defaults: &Defaults) -> Option<ReportObject> {
    let class = entry.instance.sop_class_uid.as_str();
    let form = form_of(class)?;
    let header = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(entry.metadata.get()).ok()?;
    let header = Json(&header);
    let titles = header.items(tags::CONCEPT_NAME_CODE_SEQUENCE);
    let said = |tag| titles.first().and_then(|title| title.text(tag)).unwrap_or_default();
    let (scheme, code) = (said(tags::CODING_SCHEME_DESIGNATOR), said(tags::CODE_VALUE));
    let template =
        header.items(tags::CONTENT_TEMPLATE_SEQUENCE).first().and_then(|one| one.text(tags::TEMPLATE_IDENTIFIER));
    let is_titled = is_report_title(&scheme, &code);
    if form != index_model::ObjectForm::Cda && !is_report(class, (&scheme, &code), &template.unwrap_or_default()) {
        return None;
    }
    let flag = |tag, value: &str| header.text(tag).is_some_and(|said| said.eq_ignore_ascii_case(value));
    let requests = header.items(tags::REFERENCED_REQUEST_SEQUENCE);
    // Several requests are several orders: none of them is the number of this report.
    let request = requests.first().filter(|_| requests.len() == 1);
    let of_request = |read: &dyn Fn(&Json<'_>) -> Option<index_model::IssuedId>| request.and_then(read);
    let observer = header.items(tags::VERIFYING_OBSERVER_SEQUENCE);
    Some(ReportObject {
        form,
        title: header.text(tags::DOCUMENT_TITLE).unwrap_or_else(|| said(tags::CODE_MEANING)),
        is_titled,
        is_complete: !flag(tags::COMPLETION_FLAG, "PARTIAL"),
        is_verified: flag(tags::VERIFICATION_FLAG, "VERIFIED"),
        is_preliminary: flag(tags::PRELIMINARY_FLAG, "PRELIMINARY"),
        predecessors: predecessors(&header),
        accession_number: study
            .accession_number
            .clone()
            .or_else(|| of_request(&|item| records::accession_number(item, defaults))),
        filler_order_number: of_request(&|item| records::filler_order_number(item, defaults)),
        written: written(&header),
        interpreter: observer.first().map(|one| one.name(tags::VERIFYING_OBSERVER_NAME)).unwrap_or_default(),
    })
}

/// PredecessorDocumentsSequence > ReferencedSeriesSequence > ReferencedSOPSequence.
fn predecessors(header: &Json<'_>) -> Vec<Uid> {
    let studies = header.items(tags::PREDECESSOR_DOCUMENTS_SEQUENCE);
    let series = studies.iter().flat_map(|study| study.items(tags::REFERENCED_SERIES_SEQUENCE));
    let instances = series.flat_map(|series| series.items(tags::REFERENCED_SOP_SEQUENCE));
    let uids = instances.filter_map(|one| Uid::parse(&one.text(tags::REFERENCED_SOP_INSTANCE_UID)?).ok());
    uids.take(MOST_PREDECESSORS).collect()
}

fn written(header: &Json<'_>) -> Option<String> {
    let date = header.text(tags::CONTENT_DATE)?.replace('.', "");
    let time = header.text(tags::CONTENT_TIME).unwrap_or_default().replace(':', "");
    let offset = header.text(tags::TIMEZONE_OFFSET_FROM_UTC).filter(|offset| offset.len() == 5).unwrap_or_default();
    Some(format!("{date}{time}{offset}"))
}
