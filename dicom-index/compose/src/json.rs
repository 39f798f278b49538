//! The DICOM JSON Model, PS3.18 Annex F. Values are read from the text as they stand, so that no tree of them is ever built.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::data_set::{parse_tag, vr_of};
use crate::value::{self, Scalar};
use crate::{DataSet, Element, Fault, MOST_DEPTH, MOST_ELEMENTS, Tag, Value};

/// Why JSON can't be read at all.
const NOT_JSON: &str = "are not the DICOM JSON model (PS3.18 Annex F)";

/// Attributes of one level: PS3.6 knows some 5,000.
const MOST_PER_LEVEL: usize = 100_000;

/// The texts of the instances that an array of metadata has (PS3.18 §F.2.1); one object alone counts as an array of it.
///
/// # Errors
/// A fault when it is neither, or has more than `most`.
pub fn from_json(text: &[u8], most: usize) -> Result<Vec<&RawValue>, Fault> {
    let broken = || Fault::whole(NOT_JSON);
    let text = std::str::from_utf8(text).map_err(|_| Fault::whole("are not in UTF-8 (PS3.18 §F.2)"))?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') {
        return Ok(vec![serde_json::from_str(text).map_err(|_| broken())?]);
    }
    let mut instances = Vec::new();
    each(text, broken, |instance| {
        if instances.len() >= most {
            return Err(Fault::whole("are of more instances than are allowed"));
        }
        instances.push(instance);
        Ok(())
    })?;
    Ok(instances)
}

/// What an instance calls itself: SOPClassUID and SOPInstanceUID, where they can be read though the rest can't.
pub fn names(instance: &RawValue) -> (Option<String>, Option<String>) {
    let level: Level<'_> = serde_json::from_str(instance.get()).unwrap_or_default();
    let named = |tag: Tag| {
        let key = format!("{:04X}{:04X}", tag.0, tag.1);
        let (_, attribute) = level.0.iter().find(|(found, _)| found.eq_ignore_ascii_case(&key))?;
        let [uid]: [String; 1] = serde_json::from_str(attribute.value?.get()).ok()?;
        Some(uid)
    };
    (named(tags::SOP_CLASS_UID), named(tags::SOP_INSTANCE_UID))
}

impl DataSet {
    /// Reads one instance of [`from_json`].
    ///
    /// # Errors
    /// A fault that names the attribute.
    pub fn from_json(instance: &RawValue) -> Result<Self, Fault> {
        let mut left = MOST_ELEMENTS;
        Ok(level(instance, 0, &mut left)?.declare_unicode())
    }
}

/// One level. Recursion is as deep as [`MOST_DEPTH`].
fn level(text: &RawValue, depth: usize, left: &mut usize) -> Result<DataSet, Fault> {
    let Level(attributes) = serde_json::from_str(text.get()).map_err(|_| Fault::whole(NOT_JSON))?;
    *left = left.checked_sub(attributes.len()).ok_or_else(|| Fault::whole("have more attributes than are allowed"))?;
    let mut elements = Vec::with_capacity(attributes.len());
    for (key, attribute) in attributes {
        let tag = parse_tag(&key).ok_or_else(|| Fault::whole("have a key that is no tag of eight digits"))?;
        elements.push(element(tag, &attribute, depth, left)?);
    }
    DataSet::of(elements)
}

fn element(tag: Tag, attribute: &Attribute<'_>, depth: usize, left: &mut usize) -> Result<Element, Fault> {
    let vr = vr_of(tag, attribute.vr.as_deref())?;
    let fault = |rule| Fault::of(tag, rule);
    let given = usize::from(attribute.value.is_some())
        + usize::from(attribute.inline_binary.is_some())
        + usize::from(attribute.bulk_data_uri.is_some());
    if given > 1 {
        return Err(fault("has more than one of Value, InlineBinary and BulkDataURI (PS3.18 §F.2.2)"));
    }
    let value = match (&attribute.value, &attribute.inline_binary, &attribute.bulk_data_uri) {
        (_, Some(_), _) | (_, _, Some(_)) if vr == VR::SQ => return Err(fault("is a sequence, and has no items")),
        (_, Some(binary), _) => {
            let bytes = STANDARD.decode(binary.as_bytes());
            Value::Bytes(bytes.map_err(|_| fault("has an InlineBinary that is not base64"))?)
        }
        (_, _, Some(uri)) => Value::Bulk(uri.clone().into_owned()),
        (Some(values), ..) if vr == VR::SQ => items(tag, values, depth, left)?,
        (Some(values), ..) => Value::Bytes(bytes(tag, vr, values)?),
        (None, ..) if vr == VR::SQ => Value::Items(Vec::new()),
        (None, ..) => Value::Bytes(Vec::new()),
    };
    Ok(Element { tag, vr, value })
}

fn items(tag: Tag, values: &RawValue, depth: usize, left: &mut usize) -> Result<Value, Fault> {
    if depth >= MOST_DEPTH {
        return Err(Fault::of(tag, "is nested too deeply"));
    }
    let mut items = Vec::new();
    each(
        values.get(),
        || Fault::of(tag, "has no array of items"),
        |item| {
            *left = left.checked_sub(1).ok_or_else(|| Fault::whole("have more items than are allowed"))?;
            items.push(if item.get() == "null" { DataSet::default() } else { level(item, depth + 1, left)? });
            Ok(())
        },
    )?;
    Ok(Value::Items(items))
}

fn bytes(tag: Tag, vr: VR, values: &RawValue) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let mut first = true;
    each(
        values.get(),
        || Fault::of(tag, "has a Value that is no array"),
        |value| {
            let pushed = push(&mut out, vr, value.get(), std::mem::take(&mut first));
            pushed.map_err(|rule| Fault::of(tag, rule))
        },
    )?;
    Ok(out)
}

fn push(out: &mut Vec<u8>, vr: VR, token: &str, first: bool) -> Result<(), &'static str> {
    match token.as_bytes().first() {
        Some(b'n') => value::push(out, vr, Scalar::Null, first),
        Some(b'"') => {
            let Text(text) = serde_json::from_str(token).map_err(|_| "has a value that is no text")?;
            // A name as one string is how older clients write it: its groups are in it.
            value::push(out, vr, Scalar::Text(&text), first)
        }
        Some(b'{') if vr == VR::PN => {
            let name: Name<'_> = serde_json::from_str(token).map_err(|_| "has a name that is no component groups")?;
            let groups = [name.alphabetic, name.ideographic, name.phonetic].map(Option::unwrap_or_default);
            let name = value::person_name([&groups[0], &groups[1], &groups[2]])?;
            value::push(out, vr, Scalar::Text(&name), first)
        }
        Some(b'-' | b'0'..=b'9') => value::push(out, vr, Scalar::Number(token), first),
        _ => Err("has a value of the wrong kind"),
    }
}

/// One attribute's object: PS3.18 §F.2.2.
#[derive(Debug, Default, serde::Deserialize)]
struct Attribute<'a> {
    #[serde(borrow, default)]
    vr: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "Value")]
    value: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "InlineBinary")]
    inline_binary: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "BulkDataURI")]
    bulk_data_uri: Option<Cow<'a, str>>,
}

/// A person's name.
#[derive(Debug, Default, serde::Deserialize)]
struct Name<'a> {
    #[serde(borrow, default, rename = "Alphabetic")]
    alphabetic: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "Ideographic")]
    ideographic: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "Phonetic")]
    phonetic: Option<Cow<'a, str>>,
}

/// Text, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An array, its members handed on one by one and unread; a fault ends it.
struct Each<F>(F);

/// Hands the members of an array on.
///
/// # Errors
/// What `each` says against one, or `otherwise` when there is no array.
fn each<'a>(
    array: &'a str,
    otherwise: impl Fn() -> Fault,
    mut each: impl FnMut(&'a RawValue) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_str(array);
    let read = Each(|member| each(member).map_err(|found| fault = Some(found)).is_ok()).deserialize(&mut deserializer);
    let read = read.and_then(|()| deserializer.end());
    match (fault, read) {
        (Some(fault), _) => Err(fault),
        (None, Err(_)) => Err(otherwise()),
        (None, Ok(())) => Ok(()),
    }
}

/// An object, its members' values unread.
#[derive(Default)]
struct Level<'a>(Vec<(Cow<'a, str>, Attribute<'a>)>);

impl<'de, F: FnMut(&'de RawValue) -> bool> DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue) -> bool> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some(member) = members.next_element()? {
            if !(self.0)(member) {
                return Err(A::Error::custom("a member is wrong"));
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Level<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Attributes;
        impl<'de> Visitor<'de> for Attributes {
            type Value = Level<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Level<'de>, A::Error> {
                let mut level = Vec::new();
                while let Some(Text(key)) = members.next_key()? {
                    if level.len() >= MOST_PER_LEVEL {
                        return Err(A::Error::custom("more attributes than are allowed"));
                    }
                    level.push((key, members.next_value()?));
                }
                Ok(Level(level))
            }
        }
        deserializer.deserialize_map(Attributes)
    }
}
