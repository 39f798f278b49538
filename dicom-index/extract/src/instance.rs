//! One object, from bytes to records.

use std::fmt::Write as _;

use index_guard::{Limits, Structure, Violation, scan_file};
use index_model::{Finding, InstanceEntry, InstanceRecord, Uid};
use index_text::Repertoire;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::attributes::{Attributes, Header};
use crate::notes::{Notes, quarantine};
use crate::{Defaults, Extracted, frames, json, part10_header, records, tags};

/// Sequences within sequences. Each is three levels of JSON, and JSON parsers commonly stop at 128; structured reports have some 20.
const MOST_DEPTH: usize = 40;

/// Reads one object: a Part 10 file, or what passes for one.
///
/// # Errors
/// A finding of severity quarantine when the object can't be indexed: its structure is broken, it has no UIDs, it contradicts itself,
/// or its pixels are not all there.
pub fn extract(bytes: &[u8], defaults: &Defaults) -> Result<Extracted, Finding> {
    let structure = scan_file(bytes, &Limits { depth: MOST_DEPTH, ..Limits::default() })
        .map_err(|Violation { attribute, rule, .. }| Finding::quarantine(attribute, rule))?;
    let mut notes = Notes::default();
    structure.remarks.iter().for_each(|remark| notes.note_named(&remark.attribute, remark.rule));

    let header = Header::new(structure.data_set(bytes), default_repertoire(defaults));
    if header.set.find(tags::DIRECTORY_RECORD_SEQUENCE).is_some() {
        return Err(quarantine(tags::DIRECTORY_RECORD_SEQUENCE, "makes this a directory of media, not an instance"));
    }
    let sop_class_uid = records::required_uid(&header, tags::SOP_CLASS_UID)?;
    let sop_instance_uid = records::required_uid(&header, tags::SOP_INSTANCE_UID)?;
    let study = records::study(&header, defaults, &mut notes)?;
    let series = records::series(&header, &mut notes)?;
    let (frames, number_of_frames) = frames::index(&structure, header, structure.source(bytes), &mut notes)?;

    let (study_uid, series_uid) = (&study.study_instance_uid, &series.series_instance_uid);
    let target = json::Target {
        bulk_base: bulk_base(&defaults.base_path, study_uid, series_uid, &sop_instance_uid),
        transfer_syntax_uid: &structure.transfer_syntax_uid,
    };
    let metadata = raw(json::write(header, &target, &mut notes)?)?;
    let (misnamed, part10) = part10_of(&structure, bytes, &sop_class_uid, &sop_instance_uid, &mut notes);
    let data_set_length = bytes.len() - structure.data_set_offset;
    let stored_length = part10.as_ref().map_or(bytes.len(), Vec::len);
    let frames = frames::moved(frames, structure.data_set_offset, stored_length - data_set_length);
    let instance = InstanceRecord {
        sop_instance_uid,
        sop_class_uid,
        instance_number: header.integer(tags::INSTANCE_NUMBER),
        number_of_frames,
        transfer_syntax_uid: structure.transfer_syntax_uid.clone(),
    };
    let data_set = &bytes[structure.data_set_offset..];
    let (size_bytes, sha256) = (stored_length as u64, sha256(&structure.transfer_syntax_uid, data_set));
    let entry = InstanceEntry { instance, metadata, frames, size_bytes, sha256, object: None, remote: None };
    Ok(Extracted { study, series, entry, findings: notes.into_findings(), misnamed, part10 })
}

/// Where the bulk values of an instance are retrieved.
pub(crate) fn bulk_base(base_path: &str, study: &Uid, series: &Uid, instance: &Uid) -> String {
    format!("{base_path}/studies/{study}/series/{series}/instances/{instance}/bulkdata")
}

/// JSON that is kept as text.
///
/// # Errors
/// A finding when it is not JSON, which would be our own mistake: better one object aside than a manifest that can't be read.
pub(crate) fn raw(json: String) -> Result<Box<RawValue>, Finding> {
    RawValue::from_string(json).map_err(|_| Finding::quarantine("file", "has a header that can't be written as JSON"))
}

fn default_repertoire(defaults: &Defaults) -> Repertoire {
    defaults.character_set.as_deref().and_then(Repertoire::parse).unwrap_or(Repertoire::Default)
}

/// The object with a meta header, when it came without one; and whether the one that it came with is of another instance or class (PS3.10
/// §7.1). The data set is what the object is, and its bytes are kept as they came.
fn part10_of(
    structure: &Structure,
    bytes: &[u8],
    sop_class_uid: &Uid,
    sop_instance_uid: &Uid,
    notes: &mut Notes,
) -> (bool, Option<Vec<u8>>) {
    let meta = Header::new(structure.meta(bytes), Repertoire::Default);
    let mut is_other = |tag, own: &Uid, rule| {
        let is_other = meta.text(tag).is_some_and(|named| named != own.as_str());
        if is_other {
            notes.note(tag, rule);
        }
        is_other
    };
    let of_class = is_other(tags::MEDIA_STORAGE_SOP_CLASS_UID, sop_class_uid, "is not the SOPClassUID");
    let of_instance = is_other(tags::MEDIA_STORAGE_SOP_INSTANCE_UID, sop_instance_uid, "is not the SOPInstanceUID");
    let misnamed = of_class || of_instance;
    if structure.part10 {
        return (misnamed, None);
    }
    let source = meta.text(tags::SOURCE_APPLICATION_ENTITY_TITLE);
    let uid = structure.transfer_syntax_uid.as_str();
    let mut file = part10_header(sop_class_uid.as_str(), sop_instance_uid.as_str(), uid, source.as_deref());
    file.extend_from_slice(&bytes[structure.data_set_offset..]);
    (misnamed, Some(file))
}

/// SHA-256 in hex of a data set and how it is written. What a sender's software puts into the meta header is no part of the instance.
fn sha256(transfer_syntax_uid: &str, data_set: &[u8]) -> String {
    let digest = Sha256::new().chain_update(transfer_syntax_uid).chain_update([0]).chain_update(data_set).finalize();
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
