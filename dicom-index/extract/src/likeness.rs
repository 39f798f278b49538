//! Whether two objects of one SOPInstanceUID are one instance, of which somebody wrote the header anew, or two.
//!
//! A header is rewritten wherever an object is passed on: identifiers of the receiver, another character set, what was empty is filled. What
//! an instance shows stays. Of an image that is its pixels and what they mean: their arrangement, where they lie, what their values stand
//! for. Of anything else it is all that does not tell of patient, order, or who stored it.

use index_model::{FrameIndex, InstanceEntry, PersonName, StudyRecord, fold};
use serde_json::{Map, Value};

use crate::bulk::{PathStep, bulk_value};

/// What two objects of one SOPInstanceUID are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// One instance.
    Same,
    /// Two.
    Different,
    /// One, if their pixels are the same once they are decoded.
    Undecoded,
}

/// One of them, read.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its study, and whose it is.
    pub study: &'a StudyRecord,
    /// Its header and frames.
    pub entry: &'a InstanceEntry,
    /// Its bytes.
    pub bytes: &'a [u8],
}

type Header = Map<String, Value>;

/// PixelData, FloatPixelData, DoubleFloatPixelData.
const PIXELS: [u32; 3] = [0x7FE0_0010, 0x7FE0_0008, 0x7FE0_0009];
/// How samples are arranged (PS3.3 §C.7.6.3): they are as they are, and a decoder may put them otherwise.
const ARRANGEMENT: [u32; 4] = [0x0028_0004, 0x0028_0006, 0x0028_0100, 0x0028_0102];
/// What else decides what is seen: numbers of samples, frames, rows and columns, bits, signs, values, sizes, places, sides.
const MEANING: [u32; 24] = [
    0x0028_0002,
    0x0028_0008,
    0x0028_0010,
    0x0028_0011,
    0x0028_0101,
    0x0028_0103,
    0x0028_1052,
    0x0028_1053,
    0x0028_1101,
    0x0028_1102,
    0x0028_1103,
    0x0028_1201,
    0x0028_1202,
    0x0028_1203,
    0x0028_3000,
    0x0028_0030,
    0x0018_1164,
    0x0020_0020,
    0x0020_0032,
    0x0020_0037,
    0x0020_0060,
    0x0020_0062,
    0x5200_9229,
    0x5200_9230,
];
/// How deep sequences are looked into.
const DEEPEST: usize = 64;

/// Compares two objects of one SOPInstanceUID.
pub fn likeness(a: &Side<'_>, b: &Side<'_>) -> Likeness {
    let (Some(x), Some(y)) = (header(a), header(b)) else { return Likeness::Different };
    if a.entry.instance.sop_class_uid != b.entry.instance.sop_class_uid || !is_one_patient(a.study, b.study) {
        return Likeness::Different;
    }
    let pixels = |header: &Header| PIXELS.into_iter().find(|tag| header.contains_key(&name(*tag)));
    match (pixels(&x), pixels(&y)) {
        (None, None) => is_one(is_same_content((a, &x), (b, &y))),
        (Some(tag), Some(other)) if tag == other => images((a, &x), (b, &y), tag),
        _ => Likeness::Different,
    }
}

/// AvailableTransferSyntaxUID: told of an object, and not by it.
const AVAILABLE: u32 = 0x0008_3002;

/// Whether two headers say the same, however samples are arranged: another transfer syntax alone is no other header.
pub fn is_same_header(a: &InstanceEntry, b: &InstanceEntry) -> bool {
    let read = |entry: &InstanceEntry| -> Option<Header> {
        let mut header: Header = serde_json::from_str(entry.metadata.get()).ok()?;
        let apart = |tag: u32| tag == AVAILABLE || PIXELS.contains(&tag) || ARRANGEMENT.contains(&tag);
        // Somebody's private attributes have no representation in Implicit VR Little Endian.
        let is_told = |name: &str| u32::from_str_radix(name, 16).is_ok_and(|tag| (tag >> 16) % 2 == 0 && !apart(tag));
        header.retain(|name, _| is_told(name));
        Some(header)
    };
    let (Some(a), Some(b)) = (read(a), read(b)) else { return false };
    let said = |value: &Value| (value.get("Value").cloned(), value.get("InlineBinary").cloned());
    a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| said(value) == said(other)))
}

const fn is_one(same: bool) -> Likeness {
    if same { Likeness::Same } else { Likeness::Different }
}

fn header(side: &Side<'_>) -> Option<Header> {
    serde_json::from_str(side.entry.metadata.get()).ok()
}

fn name(tag: u32) -> String {
    format!("{tag:08X}")
}

/// Whether nothing that both tell of their patient differs.
fn is_one_patient(a: &StudyRecord, b: &StudyRecord) -> bool {
    let (a, b) = (&a.patient, &b.patient);
    let differ = |a: Option<String>, b: Option<String>| a.zip(b).is_some_and(|(a, b)| a != b);
    let ids = a.patient_id.as_ref().zip(b.patient_id.as_ref());
    let ids_differ = ids.is_some_and(|(a, b)| a.issuer == b.issuer && a.value != b.value);
    let dates = [a, b].map(|patient| patient.patient_birth_date.as_ref().map(|date| date.expose().clone()));
    let [date, other_date] = dates;
    !ids_differ
        && !differ(family_and_given(&a.patient_name), family_and_given(&b.patient_name))
        && !differ(date, other_date)
        && !differ(a.patient_sex.clone(), b.patient_sex.clone())
}

fn family_and_given(name: &PersonName) -> Option<String> {
    let folded = fold(&name.alphabetic);
    let parts: Vec<&str> = folded.split('^').take(2).map(str::trim).collect();
    let text = parts.join("^");
    (!text.trim_matches('^').is_empty()).then_some(text)
}

fn images((a, x): (&Side<'_>, &Header), (b, y): (&Side<'_>, &Header), tag: u32) -> Likeness {
    // What one of them leaves out is no contradiction.
    let is_same = |tag: &u32| match (x.get(&name(*tag)), y.get(&name(*tag))) {
        (Some(left), Some(right)) => is_same_value((a, left), (b, right), &mut vec![PathStep::Attribute(*tag)]),
        _ => true,
    };
    if !MEANING.iter().all(is_same) || a.entry.frames.count() != b.entry.frames.count() {
        return Likeness::Different;
    }
    let is_plain = |side: &Side<'_>| !matches!(side.entry.frames, FrameIndex::Encapsulated(_));
    let of_one_syntax = a.entry.instance.transfer_syntax_uid == b.entry.instance.transfer_syntax_uid;
    let are_comparable = of_one_syntax || (is_plain(a) && is_plain(b));
    if !are_comparable {
        return Likeness::Undecoded;
    }
    is_one(ARRANGEMENT.iter().all(is_same) && is_same_bulk(a, b, &[PathStep::Attribute(tag)]))
}

/// Whether all is the same that does not tell of patient, order or who stored it.
fn is_same_content((a, x): (&Side<'_>, &Header), (b, y): (&Side<'_>, &Header)) -> bool {
    let of = |header: &Header| -> Vec<u32> {
        let tags = header.keys().filter_map(|name| u32::from_str_radix(name, 16).ok());
        tags.filter(|tag| is_content(*tag)).collect()
    };
    of(x) == of(y)
        && of(x).into_iter().all(|tag| match (x.get(&name(tag)), y.get(&name(tag))) {
            (Some(left), Some(right)) => is_same_value((a, left), (b, right), &mut vec![PathStep::Attribute(tag)]),
            _ => false,
        })
}

/// Whether an attribute is content: not of the patient, the visit, the order, the equipment, the storage or somebody's private group.
const fn is_content(tag: u32) -> bool {
    let (group, element) = (tag >> 16, tag & 0xFFFF);
    match group {
        0x0008 => matches!(element, 0x0016 | 0x1115 | 0x1140 | 0x1199),
        0x0020 => !matches!(element, 0x0010 | 0x0011 | 0x1200..=0x1209 | 0x4000),
        0x0040 => element >= 0xA000 && !matches!(element, 0xA370 | 0xA075 | 0xA078..=0xA088),
        0x0002 | 0x0004 | 0x0010 | 0x0012 | 0x0018 | 0x0032 | 0x0038 | 0x0088 | 0x0400 | 0xFFFA | 0xFFFC => false,
        _ => group % 2 == 0,
    }
}

/// Whether two attributes of DICOM JSON have one value; what is elsewhere is read there.
fn is_same_value((a, x): (&Side<'_>, &Value), (b, y): (&Side<'_>, &Value), path: &mut Vec<PathStep>) -> bool {
    if x.get("BulkDataURI").is_some() || y.get("BulkDataURI").is_some() {
        return is_same_bulk(a, b, path);
    }
    let items = |value: &'_ Value| value.get("Value").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_sequence = x.get("vr").and_then(Value::as_str) == Some("SQ");
    if !is_sequence {
        return x.get("Value") == y.get("Value") && x.get("InlineBinary") == y.get("InlineBinary");
    }
    let (left, right) = (items(x), items(y));
    path.len() < DEEPEST
        && left.len() == right.len()
        && left.iter().zip(&right).zip(1..).all(|((left, right), number)| {
            path.push(PathStep::Item(number));
            let same = is_same_item((a, left), (b, right), path);
            path.pop();
            same
        })
}

fn is_same_item((a, x): (&Side<'_>, &Value), (b, y): (&Side<'_>, &Value), path: &mut Vec<PathStep>) -> bool {
    let (Some(left), Some(right)) = (x.as_object(), y.as_object()) else { return x == y };
    left.len() == right.len()
        && left.iter().all(|(name, value)| {
            let (Some(other), Ok(tag)) = (right.get(name), u32::from_str_radix(name, 16)) else { return false };
            path.push(PathStep::Attribute(tag));
            let same = is_same_value((a, value), (b, other), path);
            path.pop();
            same
        })
}

/// Whether a value is the same but for what pads it.
fn is_same_bulk(a: &Side<'_>, b: &Side<'_>, path: &[PathStep]) -> bool {
    let (Some(left), Some(right)) = (bulk_value(a.bytes, path), bulk_value(b.bytes, path)) else { return false };
    let (short, long) = if left.len() <= right.len() { (&left, &right) } else { (&right, &left) };
    long.len() - short.len() <= 1
        && long.starts_with(short)
        && long.get(short.len()).is_none_or(|padding| matches!(padding, 0 | b' '))
}
