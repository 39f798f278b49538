//! A data set between its text and its bytes.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

/// Why metadata are no instance: attribute and rule, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{attribute}: {rule}")]
pub struct Fault {
    /// Keyword or `(gggg,eeee)`; `metadata` for the whole.
    pub attribute: String,
    /// In words, to be read after the attribute.
    pub rule: &'static str,
}

impl Fault {
    pub(crate) fn whole(rule: &'static str) -> Self {
        Self { attribute: "metadata".into(), rule }
    }

    /// A fault of one attribute.
    pub fn of(tag: Tag, rule: &'static str) -> Self {
        let attribute = match StandardDataDictionary.by_tag(tag) {
            Some(entry) if tag.0.is_multiple_of(2) && tag.1 != 0 => entry.alias().to_owned(),
            _ => format!("({:04X},{:04X})", tag.0, tag.1),
        };
        Self { attribute, rule }
    }
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Bytes as Explicit VR Little Endian has them, not padded.
    Bytes(Vec<u8>),
    /// The items of a sequence.
    Items(Vec<DataSet>),
    /// Bulk data that are elsewhere, by their URI.
    Bulk(String),
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its tag.
    pub tag: Tag,
    /// Its value representation.
    pub vr: VR,
    /// Its value.
    pub value: Value,
}

/// The attributes of one level, in order, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataSet(Vec<Element>);

impl DataSet {
    /// What text said, put in order and made of one character set.
    ///
    /// # Errors
    /// An attribute that is there twice (PS3.5 §7.1): whose data they are is not for a parser to choose.
    pub(crate) fn of(mut elements: Vec<Element>) -> Result<Self, Fault> {
        elements.retain(|element| !is_not_stored(element.tag));
        elements.sort_by_key(|element| element.tag);
        if let Some(twice) = elements.windows(2).find(|pair| pair[0].tag == pair[1].tag) {
            return Err(Fault::of(twice[0].tag, "is there twice"));
        }
        // Text is Unicode now, whatever it was before (PS3.18 §F.2, PS3.3 C.12.1.1.2).
        for element in elements.iter_mut().filter(|element| element.tag == tags::SPECIFIC_CHARACTER_SET) {
            element.value = Value::Bytes(b"ISO_IR 192".to_vec());
        }
        Ok(Self(elements))
    }

    /// Its attributes.
    pub fn elements(&self) -> &[Element] {
        &self.0
    }

    /// The attribute of this tag.
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.0.binary_search_by_key(&tag, |element| element.tag).ok().map(|at| &self.0[at])
    }

    /// Puts an attribute in, in place of one that is there.
    pub fn put(&mut self, tag: Tag, vr: VR, value: Value) {
        let element = Element { tag, vr, value };
        match self.0.binary_search_by_key(&tag, |element| element.tag) {
            Ok(at) => self.0[at] = element,
            Err(at) => self.0.insert(at, element),
        }
    }

    /// The first value of a text attribute, without padding.
    pub fn text(&self, tag: Tag) -> Option<&str> {
        let Value::Bytes(bytes) = &self.get(tag)?.value else { return None };
        let text = std::str::from_utf8(bytes).ok()?.split('\\').next()?.trim_matches([' ', '\0']);
        Some(text).filter(|text| !text.is_empty())
    }

    /// The first value of an attribute of VR US.
    pub fn number(&self, tag: Tag) -> Option<u16> {
        let Value::Bytes(bytes) = &self.get(tag)?.value else { return None };
        bytes.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
    }

    /// Declares Unicode where text needs it, at the outermost level.
    pub(crate) fn declare_unicode(mut self) -> Self {
        if self.get(tags::SPECIFIC_CHARACTER_SET).is_none() && self.has_unicode() {
            self.put(tags::SPECIFIC_CHARACTER_SET, VR::CS, Value::Bytes(b"ISO_IR 192".to_vec()));
        }
        self
    }

    fn has_unicode(&self) -> bool {
        self.0.iter().any(|element| match &element.value {
            Value::Bytes(bytes) => is_text(element.vr) && !bytes.is_ascii(),
            Value::Items(items) => items.iter().any(Self::has_unicode),
            Value::Bulk(_) => is_text(element.vr),
        })
    }
}

/// Whether SpecificCharacterSet applies: PS3.5 §6.1.2.3.
fn is_text(vr: VR) -> bool {
    matches!(vr, VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT)
}

/// What metadata may carry and a stored data set does not: commands, file meta information, group lengths, and how it could be
/// retrieved from where it was before.
fn is_not_stored(tag: Tag) -> bool {
    tag.0 <= 0x0002 || tag.1 == 0 || tag.0 == 0xFFFE || tag == tags::AVAILABLE_TRANSFER_SYNTAX_UID
}

/// Eight hexadecimal digits.
pub(crate) fn parse_tag(text: &str) -> Option<Tag> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(text, 16).ok()?;
    Some(Tag((number >> 16) as u16, number as u16))
}

/// Representations that stand for each other between editions, and in what is written by hand: text that differs by its length or repertoire
/// only, numbers of one size, bytes.
const ALIKE: [&[VR]; 4] = [
    &[
        VR::AE,
        VR::AS,
        VR::CS,
        VR::DA,
        VR::DS,
        VR::DT,
        VR::IS,
        VR::LO,
        VR::LT,
        VR::SH,
        VR::ST,
        VR::TM,
        VR::UC,
        VR::UR,
        VR::UT,
    ],
    &[VR::US, VR::SS],
    &[VR::UL, VR::SL],
    &[VR::OB, VR::OW, VR::OD, VR::OF, VR::OL, VR::OV, VR::UN],
];

/// What an object is, whose, and how its pixels lie: these must be what they are called.
const MATTERS: [Tag; 26] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::MODALITY,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::PLANAR_CONFIGURATION,
    tags::NUMBER_OF_FRAMES,
    tags::ROWS,
    tags::COLUMNS,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::PIXEL_REPRESENTATION,
    tags::FRAME_INCREMENT_POINTER,
    tags::PIXEL_DATA,
];

/// Whether an attribute may have this representation: PS3.6 gives it, or one that stands for it. Rows in another could be read by nobody, and
/// a PatientID that is a name is another patient's; of what is none of these, senders may have their own opinion.
fn may_be(tag: Tag, vr: VR) -> bool {
    if !MATTERS.contains(&tag) {
        return true;
    }
    let alike = |one: VR| one == vr || ALIKE.iter().any(|set| set.contains(&one) && set.contains(&vr));
    match StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::vr) {
        _ if vr == VR::UN => true,
        None => true,
        Some(VirtualVr::Exact(one)) => alike(one),
        Some(VirtualVr::Xs) => alike(VR::US),
        Some(VirtualVr::Ox | VirtualVr::Px) => alike(VR::OW),
        Some(VirtualVr::Lt) => alike(VR::OW) || alike(VR::US),
        Some(_) => true,
    }
}

/// The value representation as given, else that of PS3.6.
pub(crate) fn vr_of(tag: Tag, given: Option<&str>) -> Result<VR, Fault> {
    let unknown = || Fault::of(tag, "has no valid value representation");
    if tag.group() % 2 == 1 && (0x0001..=0x000F).contains(&tag.element()) {
        return Err(Fault::of(tag, "is no private element (PS3.5 §7.8.1)"));
    }
    match given {
        Some(text) => {
            let vr = text.trim().parse().map_err(|_| unknown())?;
            if may_be(tag, vr) { Ok(vr) } else { Err(Fault::of(tag, "has another value representation in PS3.6")) }
        }
        None => match StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::vr) {
            Some(VirtualVr::Exact(vr)) => Ok(vr),
            Some(vr) => Ok(vr.relaxed()),
            None => Err(unknown()),
        },
    }
}
