//! What a key object selection document refers to, from its header.

use std::collections::HashSet;

use dicom_core::Tag;
use index_guard::attribute_name;
use index_model::{
    AeTitle, Finding, InstanceEntry, KeyObject, KeyObjectPurpose, ReferencedSeries, ReferencedStudy, Uid,
};

use crate::attributes::Attributes;
use crate::json::Json;
use crate::{records, tags};

/// Key Object Selection Document Storage.
const KEY_OBJECT_SELECTION: &str = "1.2.840.10008.5.1.4.1.1.88.59";
/// Instances of one document that are read.
const MOST_INSTANCES: usize = 200_000;
/// Content items within content items that are followed.
const MOST_NESTED: usize = 40;

/// The document that an instance is, where it is a rejection note or a manifest; `None` for any other instance. A rejection note speaks of
/// its own study alone (IHE RAD TF-2 §4.66.4.1.2, PS3.3 §A.35.4: one note in each study).
///
/// # Errors
/// A finding when it is one and doesn't say of what, or is a rejection note and speaks of other studies only.
pub fn key_object(entry: &InstanceEntry) -> Result<Option<KeyObject>, Finding> {
    if entry.instance.sop_class_uid.as_str() != KEY_OBJECT_SELECTION {
        return Ok(None);
    }
    let Ok(header) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(entry.metadata.get()) else {
        return Ok(None);
    };
    let header = Json(&header);
    let titles = header.items(tags::CONCEPT_NAME_CODE_SEQUENCE);
    let title = titles.first().filter(|title| title.text(tags::CODING_SCHEME_DESIGNATOR).as_deref() == Some("DCM"));
    let purpose = title.and_then(|title| KeyObjectPurpose::from_code(&title.text(tags::CODE_VALUE)?));
    let Some(purpose) = purpose else { return Ok(None) };
    let mut selected = HashSet::new();
    content(&header, 0, &mut selected);
    let mut studies = Vec::new();
    let mut count = 0;
    for item in header.items(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE) {
        studies.push(study(&item, &selected, &mut count)?);
    }
    studies.retain(|study| study.series.iter().any(|series| !series.instances.is_empty()));
    if studies.is_empty() {
        return Err(wrong(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, "refers to nothing"));
    }
    if matches!(purpose, KeyObjectPurpose::Rejection(_)) {
        // What lies in other studies, perhaps a stranger's, is for the notes of those to reject.
        let own = records::required_uid(&header, tags::STUDY_INSTANCE_UID)?;
        studies.retain(|study| study.study_instance_uid == own);
        if studies.is_empty() {
            return Err(wrong(
                tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
                "of a rejection note refers to the note's own study",
            ));
        }
    }
    Ok(Some(KeyObject { sop_instance_uid: entry.instance.sop_instance_uid.clone(), purpose, studies }))
}

fn wrong(tag: Tag, rule: &str) -> Finding {
    Finding::quarantine(attribute_name(tag), rule)
}

/// The instances that the content tree selects.
fn content(level: &Json<'_>, depth: usize, selected: &mut HashSet<String>) {
    for item in level.items(tags::CONTENT_SEQUENCE) {
        let referenced = item.items(tags::REFERENCED_SOP_SEQUENCE);
        selected.extend(referenced.iter().filter_map(|one| one.text(tags::REFERENCED_SOP_INSTANCE_UID)));
        if depth < MOST_NESTED && selected.len() < MOST_INSTANCES {
            content(&item, depth + 1, selected);
        }
    }
}

fn study(item: &Json<'_>, selected: &HashSet<String>, count: &mut usize) -> Result<ReferencedStudy, Finding> {
    let study_instance_uid = records::required_uid(item, tags::STUDY_INSTANCE_UID)?;
    let mut series = Vec::new();
    for item in item.items(tags::REFERENCED_SERIES_SEQUENCE) {
        let mut instances = Vec::new();
        for item in item.items(tags::REFERENCED_SOP_SEQUENCE) {
            let class = records::required_uid(&item, tags::REFERENCED_SOP_CLASS_UID)?;
            let instance = records::required_uid(&item, tags::REFERENCED_SOP_INSTANCE_UID)?;
            // Evidence may be wider than what was selected; a document that selects nothing means all of it.
            if selected.is_empty() || selected.contains(instance.as_str()) {
                instances.push((class, instance));
            }
        }
        *count += instances.len();
        if *count > MOST_INSTANCES {
            return Err(wrong(tags::REFERENCED_SOP_SEQUENCE, "has too many items"));
        }
        series.push(ReferencedSeries {
            series_instance_uid: records::required_uid(&item, tags::SERIES_INSTANCE_UID)?,
            retrieve_ae_title: item.text(tags::RETRIEVE_AE_TITLE).and_then(|title| AeTitle::parse(&title).ok()),
            retrieve_location_uid: item.text(tags::RETRIEVE_LOCATION_UID).and_then(|uid| Uid::parse(&uid).ok()),
            retrieve_url: item.text(tags::RETRIEVE_URL),
            instances,
        });
    }
    Ok(ReferencedStudy { study_instance_uid, series })
}
