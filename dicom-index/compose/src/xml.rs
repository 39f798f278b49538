//! The Native DICOM Model, PS3.19 §A.1: read event by event, with a stack of our own instead of recursion.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dicom_core::VR;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::data_set::{parse_tag, vr_of};
use crate::value::{self, Scalar};
use crate::{DataSet, Element, Fault, MOST_DEPTH, MOST_ELEMENTS, Tag, Value};

const NOT_XML: &str = "are not the Native DICOM Model (PS3.19 §A.1)";

/// Parts of a name, in the order of PS3.5 §6.2.1.1.
const COMPONENTS: [&str; 5] = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"];
const GROUPS: [&str; 3] = ["Alphabetic", "Ideographic", "Phonetic"];

/// Reads one instance.
///
/// # Errors
/// A fault that names the attribute where it is one's.
pub fn from_xml(text: &[u8]) -> Result<DataSet, Fault> {
    let text = std::str::from_utf8(text).map_err(|_| Fault::whole("are not in UTF-8"))?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut builder = Builder::default();
    loop {
        match reader.read_event().map_err(|_| Fault::whole(NOT_XML))? {
            Event::Start(start) => builder.start(&start)?,
            Event::End(end) => builder.end(end.local_name().as_ref())?,
            Event::Text(text) => builder.text.push_str(&text.decode().map_err(|_| Fault::whole(NOT_XML))?),
            Event::CData(data) => builder.text.push_str(&data.decode().map_err(|_| Fault::whole(NOT_XML))?),
            Event::GeneralRef(reference) => builder.reference(&reference)?,
            Event::DocType(_) => return Err(Fault::whole("have a document type, and entities are not expanded")),
            Event::Eof => return builder.finish(),
            _ => {}
        }
    }
}

/// An attribute whose end has not come.
struct Open {
    tag: Tag,
    vr: VR,
    values: Vec<(usize, String)>,
    items: Vec<DataSet>,
    binary: Option<String>,
    bulk: Option<String>,
}

#[derive(Default)]
struct Builder {
    /// Levels, the outermost first: each the elements so far.
    levels: Vec<Vec<Element>>,
    open: Vec<Open>,
    text: String,
    /// The value's number, where one is open.
    number: usize,
    name: [[String; 5]; 3],
    group: usize,
    elements: usize,
    done: Option<DataSet>,
}

/// The value of an XML attribute, whose name may be spelt with a capital as PS3.18 §B.23 does.
fn attribute(start: &BytesStart<'_>, wanted: &str) -> Result<Option<String>, Fault> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Fault::whole(NOT_XML))?;
        if attribute.key.local_name().as_ref().eq_ignore_ascii_case(wanted.as_bytes()) {
            let value =
                std::str::from_utf8(&attribute.value).ok().and_then(|value| quick_xml::escape::unescape(value).ok());
            return value.map(|value| Some(value.into_owned())).ok_or_else(|| Fault::whole(NOT_XML));
        }
    }
    Ok(None)
}

impl Builder {
    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        self.text.clear();
        match start.local_name().as_ref() {
            b"NativeDicomModel" if self.levels.is_empty() && self.done.is_none() => self.levels.push(Vec::new()),
            b"DicomAttribute" => self.start_attribute(start)?,
            b"Item" => {
                if self.open.len() > MOST_DEPTH {
                    return Err(Fault::whole("are nested too deeply"));
                }
                self.start_item(start)?;
                self.levels.push(Vec::new());
            }
            b"Value" => self.number = self.position(start)?,
            b"PersonName" => {
                self.number = self.position(start)?;
                self.name = Default::default();
            }
            b"BulkData" => {
                let open = self.open.last_mut().ok_or_else(|| Fault::whole(NOT_XML))?;
                // `uuid` names bulk data that only the application hosting interface of PS3.19 can fetch.
                let uri = attribute(start, "uri")?;
                open.bulk = Some(uri.ok_or_else(|| Fault::of(open.tag, "has bulk data without a uri"))?);
            }
            name => {
                if let Some(group) = GROUPS.iter().position(|known| known.as_bytes() == name) {
                    self.group = group;
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, more: usize) -> Result<(), Fault> {
        self.elements += more;
        if self.elements > MOST_ELEMENTS { Err(Fault::whole("have more attributes than are allowed")) } else { Ok(()) }
    }

    /// Items stand in the order of their numbers, counted from 1; those that are left out are empty ones, and take room too.
    fn start_item(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        let open = self.open.last().ok_or_else(|| Fault::whole(NOT_XML))?;
        let known = open.items.len();
        let number = match attribute(start, "number")? {
            None => known + 1,
            Some(number) => number
                .trim()
                .parse()
                .ok()
                .filter(|number| (1..=MOST_ELEMENTS).contains(number))
                .ok_or_else(|| Fault::of(open.tag, "has an item whose number is none"))?,
        };
        if number <= known {
            return Err(Fault::of(open.tag, "has items whose numbers do not ascend"));
        }
        let tag = open.tag;
        self.count(number - known)?;
        let open = self.open.last_mut().ok_or_else(|| Fault::of(tag, NOT_XML))?;
        open.items.resize_with(number - 1, DataSet::default);
        Ok(())
    }

    fn start_attribute(&mut self, start: &BytesStart<'_>) -> Result<(), Fault> {
        // An attribute stands in the model or in an item, never in another attribute.
        if self.levels.len() != self.open.len() + 1 {
            return Err(Fault::whole(NOT_XML));
        }
        self.count(1)?;
        let tag = attribute(start, "tag")?.as_deref().and_then(parse_tag);
        let mut tag = tag.ok_or_else(|| Fault::whole("have an attribute without a tag of eight digits"))?;
        // The block of a private attribute is given apart from its number (PS3.19 table A.1.5-2): ggggxxee and the private creator.
        if let Some(creator) = attribute(start, "privateCreator")? {
            tag = self.private(tag, &creator)?;
        }
        let vr = vr_of(tag, attribute(start, "vr")?.as_deref())?;
        self.open.push(Open { tag, vr, values: Vec::new(), items: Vec::new(), binary: None, bulk: None });
        Ok(())
    }

    /// The tag in the block that the creator reserved at this level (PS3.5 §7.8.1); of several, the one that is written.
    fn private(&self, tag: Tag, creator: &str) -> Result<Tag, Fault> {
        let reserved = |element: &&Element| {
            element.tag.0 == tag.0
                && (0x10..=0xFF).contains(&element.tag.1)
                && matches!(&element.value, Value::Bytes(bytes) if bytes.trim_ascii() == creator.trim().as_bytes())
        };
        let blocks = || self.levels.last().into_iter().flatten().filter(reserved);
        let written = blocks().find(|block| block.tag.1 == tag.1 >> 8);
        match written.or_else(|| blocks().next()) {
            Some(block) => Ok(Tag(tag.0, block.tag.1 << 8 | tag.1 & 0xFF)),
            // As it is written it would be somebody else's, or nobody's.
            None => Err(Fault::of(tag, "names a private creator that reserves no block before it")),
        }
    }

    /// The `number` of a value, counted from 1; the next one where it is not given.
    fn position(&self, start: &BytesStart<'_>) -> Result<usize, Fault> {
        let open = self.open.last().ok_or_else(|| Fault::whole(NOT_XML))?;
        match attribute(start, "number")? {
            None => Ok(open.values.last().map_or(1, |(last, _)| last + 1)),
            Some(number) => {
                let number = number.trim().parse().ok().filter(|number| (1..=MOST_ELEMENTS).contains(number));
                number.ok_or_else(|| Fault::of(open.tag, "has a value whose number is none"))
            }
        }
    }

    fn reference(&mut self, reference: &quick_xml::events::BytesRef<'_>) -> Result<(), Fault> {
        let broken = |_| Fault::whole(NOT_XML);
        if let Some(character) = reference.resolve_char_ref().map_err(broken)? {
            self.text.push(character);
            return Ok(());
        }
        let name = reference.decode().map_err(|_| Fault::whole(NOT_XML))?;
        let known = quick_xml::escape::resolve_xml_entity(&name);
        self.text.push_str(known.ok_or_else(|| Fault::whole("have an entity that XML does not know"))?);
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), Fault> {
        match name {
            b"NativeDicomModel" => {
                if let (Some(level), true) = (self.levels.pop(), self.levels.is_empty()) {
                    self.done = Some(DataSet::of(level)?);
                }
            }
            b"DicomAttribute" => self.end_attribute()?,
            b"Item" => {
                let (level, open) = (self.levels.pop(), self.open.last_mut());
                let (Some(level), Some(open)) = (level, open) else { return Err(Fault::whole(NOT_XML)) };
                open.items.push(DataSet::of(level)?);
            }
            b"Value" => {
                let value = std::mem::take(&mut self.text);
                self.value(value)?;
            }
            b"PersonName" => {
                let tag = self.open.last().ok_or_else(|| Fault::whole(NOT_XML))?.tag;
                if self.name.iter().flatten().any(|component| component.contains('^')) {
                    return Err(Fault::of(tag, "has a caret within a component of a name"));
                }
                let groups = self.name.each_ref().map(|group| group.join("^").trim_end_matches('^').to_owned());
                let name = value::person_name([&groups[0], &groups[1], &groups[2]]);
                self.value(name.map_err(|rule| Fault::of(tag, rule))?)?;
            }
            b"InlineBinary" => {
                let open = self.open.last_mut().ok_or_else(|| Fault::whole(NOT_XML))?;
                open.binary = Some(std::mem::take(&mut self.text));
            }
            name => {
                if let Some(component) = COMPONENTS.iter().position(|known| known.as_bytes() == name) {
                    self.name[self.group][component] = std::mem::take(&mut self.text).trim().to_owned();
                }
            }
        }
        Ok(())
    }

    fn value(&mut self, value: String) -> Result<(), Fault> {
        let number = self.number;
        let open = self.open.last_mut().ok_or_else(|| Fault::whole(NOT_XML))?;
        let last = open.values.last().map_or(0, |(last, _)| *last);
        if number <= last {
            return Err(Fault::of(open.tag, "has values whose numbers do not ascend"));
        }
        open.values.push((number, value));
        // Values that are left out are empty ones, and take room too.
        self.count(number - last)
    }

    fn end_attribute(&mut self) -> Result<(), Fault> {
        let open = self.open.pop().ok_or_else(|| Fault::whole(NOT_XML))?;
        let (tag, vr) = (open.tag, open.vr);
        let element = Element { tag, vr, value: content(open).map_err(|rule| Fault::of(tag, rule))? };
        self.levels.last_mut().ok_or_else(|| Fault::whole(NOT_XML))?.push(element);
        Ok(())
    }

    fn finish(self) -> Result<DataSet, Fault> {
        let whole = self.open.is_empty() && self.levels.is_empty();
        self.done.filter(|_| whole).map(DataSet::declare_unicode).ok_or_else(|| Fault::whole(NOT_XML))
    }
}

/// What an attribute holds, now that all of it is known.
fn content(open: Open) -> Result<Value, &'static str> {
    let Open { vr, values, items, binary, bulk, .. } = open;
    if vr == VR::SQ {
        let only = values.is_empty() && binary.is_none() && bulk.is_none();
        return if only { Ok(Value::Items(items)) } else { Err("is a sequence, and has something else than items") };
    }
    if !items.is_empty() {
        return Err("has items, and is no sequence");
    }
    match (binary, bulk) {
        (Some(_), Some(_)) => Err("has both InlineBinary and BulkData"),
        (Some(binary), None) => {
            let plain: String = binary.split_ascii_whitespace().collect();
            STANDARD.decode(plain).map(Value::Bytes).map_err(|_| "has an InlineBinary that is not base64")
        }
        (None, Some(uri)) => Ok(Value::Bulk(uri)),
        // PS3.18 §B.23 names bulk data in a Value.
        (None, None) if value::is_binary(vr) => match values.into_iter().next() {
            Some((_, uri)) => Ok(Value::Bulk(uri.trim().to_owned())),
            None => Ok(Value::Bytes(Vec::new())),
        },
        (None, None) => {
            let mut out = Vec::new();
            let mut next = 1;
            for (number, text) in &values {
                // Values left out are empty ones.
                for missing in next..*number {
                    value::push(&mut out, vr, Scalar::Null, missing == 1)?;
                }
                let scalar = if text.is_empty() { Scalar::Null } else { Scalar::Text(text) };
                value::push(&mut out, vr, scalar, *number == 1)?;
                next = number + 1;
            }
            Ok(Value::Bytes(out))
        }
    }
}
