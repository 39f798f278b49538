//! Instances as data sets: table 10.6.3-5, and what their path does not name of series and study.
//!
//! A series has hundreds of them and each has a header of some kilobytes, so that what they share is written once, and of a header
//! only what is wanted is taken, as the text that it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use index_model::InstanceEntry;
use index_query::{Level, level_of};
use registry::{InstanceRow, with_origin};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::answer::{COMPLETED, availability, completed, locations, series_attributes, study_part, tags_of};
use super::row::Text;
use super::{Shown, Writer};

/// What an instance's answer takes from its header: table 10.6.3-5.
const INSTANCE_TAGS: [&str; 8] =
    ["00080016", "00080018", "00083002", "00200013", "00280008", "00280010", "00280011", "00280100"];

/// What the instances of one series in one answer are written from, beside the entry of each: two that are equal write an entry alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Instances {
    /// What all of them share: attributes by tag.
    shared: BTreeMap<String, String>,
    wanted: Wanted,
    /// Whether those that are not held here can be looked at now.
    is_available: bool,
    /// What their RetrieveURLs begin with.
    address: String,
    /// What bulk data URIs begin with.
    origin: String,
}

impl Instances {
    /// Those of this row's series that are as reachable.
    pub(crate) fn of_series(row: &InstanceRow, shown: Shown<'_>) -> Self {
        let (study, series) = (&row.study.study.study_instance_uid, &row.series.series.series_instance_uid);
        Self {
            shared: shared(row, shown),
            wanted: Wanted::of(shown),
            is_available: row.is_reachable,
            address: shown.base.instance(study.as_str(), series.as_str(), ""),
            origin: shown.base.origin().to_owned(),
        }
    }

    /// One of them.
    pub(crate) fn write(&self, entry: &InstanceEntry) -> Text {
        let takes = |tag: &str| {
            let is_new = !self.shared.contains_key(tag) || COMPLETED.contains(&tag);
            INSTANCE_TAGS.contains(&tag) || (is_new && self.wanted.has(tag))
        };
        let header = Taking(takes).deserialize(&mut serde_json::Deserializer::from_str(entry.metadata.get()));
        let mut attributes: BTreeMap<Cow<'_, str>, Cow<'_, str>> =
            self.shared.iter().map(|(tag, text)| (tag.as_str().into(), text.as_str().into())).collect();
        for (tag, text) in header.unwrap_or_default() {
            let known = self.shared.get(tag.as_ref()).filter(|_| COMPLETED.contains(&tag.as_ref()));
            let known = known.and_then(|known| serde_json::from_str(known).ok());
            let header = known.is_some().then(|| serde_json::from_str(text.get()).ok()).flatten();
            let text = match header {
                Some(header) => completed(&tag, known.as_ref(), &header).to_string().into(),
                None => with_origin(text.get(), &self.origin),
            };
            attributes.insert(tag, text);
        }
        let own = self.own(entry);
        attributes.extend(own.attributes().map(|(tag, text)| (tag.into(), text.into())));
        Text::of(&attributes)
    }

    /// What it takes in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let shared = self.shared.iter().map(|(tag, text)| tag.len() + text.len() + 2 * size_of::<String>());
        shared.sum::<usize>() + self.address.len() + self.origin.len() + size_of::<Self>()
    }

    /// What the registry says of an instance, whatever its header says.
    fn own(&self, entry: &InstanceEntry) -> Writer {
        let mut out = Writer::default();
        let instance = &entry.instance;
        let uid = instance.sop_instance_uid.as_str();
        out.text("00080016", "UI", Some(instance.sop_class_uid.as_str()));
        out.text("00080018", "UI", Some(uid));
        availability(&mut out, entry.object.is_some() || self.is_available);
        let syntax = Some(&instance.transfer_syntax_uid).filter(|uid| !uid.is_empty());
        out.text("00083002", "UI", syntax.map(String::as_str));
        out.text("00081190", "UR", Some(&format!("{}{uid}", self.address)));
        out
    }
}

/// Attributes that are wanted from headers beyond the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Wanted {
    /// `includefield=all`: of this level and below, since the path names what is above.
    All(Level),
    /// Those that were named or matched.
    Named(Vec<String>),
}

impl Wanted {
    fn of(shown: Shown<'_>) -> Self {
        match (shown.query.include.all, shown.with_study, shown.with_series) {
            (false, ..) => Self::Named(shown.wanted().flat_map(tags_of).collect()),
            (true, true, _) => Self::All(Level::Study),
            (true, false, true) => Self::All(Level::Series),
            (true, false, false) => Self::All(Level::Instance),
        }
    }

    fn has(&self, tag: &str) -> bool {
        match self {
            Self::All(above) => index_query::attribute(tag).is_some_and(|one| level_of(&one) >= *above),
            Self::Named(tags) => tags.iter().any(|one| one == tag),
        }
    }
}

/// What all instances of a series have in common.
fn shared(row: &InstanceRow, shown: Shown<'_>) -> BTreeMap<String, String> {
    let mut out = Writer::default();
    study_part(&mut out, &row.study, shown, shown.with_study);
    if shown.with_series {
        series_attributes(&mut out, &row.series);
    }
    locations(&mut out, &row.series.repositories, shown.registry);
    out.text("00080005", "CS", Some("ISO_IR 192"));
    out.text("0020000E", "UI", Some(row.series.series.series_instance_uid.as_str()));
    out.attributes().map(|(tag, text)| (tag.to_owned(), text.to_owned())).collect()
}

/// Takes those attributes of a header that a test says, each as its text; the others are only passed over.
struct Taking<F>(F);

/// The tag of an attribute.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, F: Fn(&str) -> bool> DeserializeSeed<'de> for Taking<F> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn deserialize<D: Deserializer<'de>>(self, header: D) -> Result<Self::Value, D::Error> {
        header.deserialize_map(self)
    }
}

impl<'de, F: Fn(&str) -> bool> Visitor<'de> for Taking<F> {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a DICOM JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut header: A) -> Result<Self::Value, A::Error> {
        let mut taken = Vec::new();
        while let Some(Key(tag)) = header.next_key()? {
            if self.0(&tag) {
                taken.push((tag, header.next_value()?));
            } else {
                header.next_value::<IgnoredAny>()?;
            }
        }
        Ok(taken)
    }
}
