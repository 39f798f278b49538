//! DICOM JSON that others wrote: search answers and metadata.

use dicom_core::Tag;
use index_model::{Finding, FrameIndex, InstanceEntry, InstanceRecord, PersonName, SeriesRecord, StudyRecord};
use serde_json::{Map, Value};

use crate::attributes::Attributes;
use crate::instance::{bulk_base, raw};
use crate::notes::Notes;
use crate::{Defaults, records, tags};

type Object = Map<String, Value>;

/// The study of one search answer or one instance's metadata.
///
/// # Errors
/// A finding when StudyInstanceUID is missing or not a UID.
pub fn study_record(object: &Object, defaults: &Defaults) -> Result<StudyRecord, Finding> {
    records::study(&Json(object), defaults, &mut Notes::default())
}

/// The series of one search answer or one instance's metadata.
///
/// # Errors
/// A finding when SeriesInstanceUID is missing or not a UID.
pub fn series_record(object: &Object) -> Result<SeriesRecord, Finding> {
    records::series(&Json(object), &mut Notes::default())
}

/// The manifest entry of an instance that is held elsewhere, from its metadata. Its frames are not known, and its bulk values are
/// retrieved from us, whoever wrote the metadata.
///
/// # Errors
/// A finding when one of its UIDs is missing or not a UID.
pub fn instance_from_json(object: &Object, defaults: &Defaults) -> Result<InstanceEntry, Finding> {
    let from = Json(object);
    let study = records::required_uid(&from, tags::STUDY_INSTANCE_UID)?;
    let series = records::required_uid(&from, tags::SERIES_INSTANCE_UID)?;
    let sop_instance_uid = records::required_uid(&from, tags::SOP_INSTANCE_UID)?;
    let sop_class_uid = records::required_uid(&from, tags::SOP_CLASS_UID)?;
    let mut metadata = object.clone();
    localise(&mut metadata, &bulk_base(&defaults.base_path, &study, &series, &sop_instance_uid));
    let has_pixels = ["7FE00010", "7FE00008", "7FE00009"].iter().any(|key| metadata.contains_key(*key));
    let declared = from.count(tags::NUMBER_OF_FRAMES);
    let rows = from.count(tags::ROWS).is_some();
    let instance = InstanceRecord {
        sop_instance_uid,
        sop_class_uid,
        transfer_syntax_uid: from
            .text(tags::AVAILABLE_TRANSFER_SYNTAX_UID)
            .or_else(|| from.text(tags::TRANSFER_SYNTAX_UID))
            .unwrap_or_default(),
        instance_number: from.integer(tags::INSTANCE_NUMBER),
        number_of_frames: declared.unwrap_or(u32::from(has_pixels || rows)),
    };
    Ok(InstanceEntry {
        instance,
        metadata: raw(Value::Object(metadata).to_string())?,
        frames: FrameIndex::None,
        size_bytes: 0,
        sha256: String::new(),
        object: None,
        remote: None,
    })
}

/// Makes metadata ours: Unicode, no group 0002 and group lengths, no empty `Value`, and bulk values at `base`.
fn localise(object: &mut Object, base: &str) {
    object.retain(|key, value| !key.starts_with("0002") && !key.ends_with("0000") && value.is_object());
    for (key, attribute) in object.iter_mut() {
        let Some(attribute) = attribute.as_object_mut() else { continue };
        if key == "00080005" {
            attribute.insert("Value".into(), Value::from(vec!["ISO_IR 192"]));
        }
        if attribute.contains_key("BulkDataURI") {
            attribute.insert("BulkDataURI".into(), format!("{base}/{key}").into());
        }
        let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        if attribute.get("Value").is_some_and(is_empty) {
            attribute.remove("Value");
        }
        let sequence = attribute.get("vr").and_then(Value::as_str) == Some("SQ");
        let Some(items) = attribute.get_mut("Value").filter(|_| sequence).and_then(Value::as_array_mut) else {
            continue;
        };
        // As deep as the JSON parser let through.
        for (index, item) in items.iter_mut().enumerate() {
            if let Some(item) = item.as_object_mut() {
                localise(item, &format!("{base}/{key}/{}", index + 1));
            }
        }
    }
}

/// One level of DICOM JSON.
pub(crate) struct Json<'a>(pub(crate) &'a Object);

impl<'a> Json<'a> {
    fn value(&self, tag: Tag) -> Option<&'a [Value]> {
        let key = format!("{:04X}{:04X}", tag.0, tag.1);
        let attribute = self.0.get(&key).or_else(|| self.0.get(&key.to_ascii_lowercase()))?;
        attribute.get("Value").and_then(Value::as_array).map(Vec::as_slice)
    }
}

/// A value as text: PN objects by their groups, numbers by their digits.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim_matches([' ', '\0']).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Object(_) => name_of(value).to_dicom(),
        _ => String::new(),
    }
}

fn name_of(value: &Value) -> PersonName {
    let group = |key| value.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    match value {
        Value::String(text) => PersonName::parse(text),
        _ => PersonName {
            alphabetic: group("Alphabetic"),
            ideographic: group("Ideographic"),
            phonetic: group("Phonetic"),
        },
    }
}

impl Attributes for Json<'_> {
    fn values(&self, tag: Tag) -> Option<Vec<String>> {
        Some(self.value(tag)?.iter().map(text_of).collect())
    }

    fn name(&self, tag: Tag) -> PersonName {
        self.value(tag).and_then(<[Value]>::first).map(name_of).unwrap_or_default()
    }

    fn items(&self, tag: Tag) -> Vec<Self> {
        self.value(tag).unwrap_or_default().iter().filter_map(Value::as_object).map(Json).collect()
    }
}
