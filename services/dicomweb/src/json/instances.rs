//! Instances as data sets: table 10.6.3-5, and what their path does not name of series and study.
//!
//! A series has hundreds of them and each has a header of some kilobytes, so that what they share is written once, and of a header
//! only what is wanted is taken, as the text that it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use index_query::{Level, level_of};
use registry::{InstanceRow, SeriesRow, with_origin};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::answer::{COMPLETED, availability, completed, locations, series_attributes, study_part, tags_of};
use super::row::Text;
use super::{Shown, Writer};

/// What an instance's answer takes from its header: table 10.6.3-5.
const INSTANCE_TAGS: [&str; 8] =
    ["00080016", "00080018", "00083002", "00200013", "00280008", "00280010", "00280011", "00280100"];

/// Writes the instances of an answer, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Instances {
    /// The series of the instance before, and what all its instances share: attributes by tag.
    series: Option<(Arc<SeriesRow>, BTreeMap<String, String>)>,
    wanted: Option<Wanted>,
}

impl Instances {
    /// The next instance.
    pub(crate) fn next(&mut self, row: &InstanceRow, shown: Shown<'_>) -> Text {
        let wanted = self.wanted.get_or_insert_with(|| Wanted::of(shown));
        let known = self.series.take().filter(|(series, _)| Arc::ptr_eq(series, &row.series));
        let (_, shared) = self.series.insert(known.unwrap_or_else(|| (Arc::clone(&row.series), shared(row, shown))));
        let takes = |tag: &str| {
            let is_new = !shared.contains_key(tag) || COMPLETED.contains(&tag);
            INSTANCE_TAGS.contains(&tag) || (is_new && wanted.has(tag))
        };
        let header = Taking(takes).deserialize(&mut serde_json::Deserializer::from_str(row.entry.metadata.get()));
        let mut attributes: BTreeMap<Cow<'_, str>, Cow<'_, str>> =
            shared.iter().map(|(tag, text)| (tag.as_str().into(), text.as_str().into())).collect();
        for (tag, text) in header.unwrap_or_default() {
            let known = shared.get(tag.as_ref()).filter(|_| COMPLETED.contains(&tag.as_ref()));
            let known = known.and_then(|known| serde_json::from_str(known).ok());
            let header = known.is_some().then(|| serde_json::from_str(text.get()).ok()).flatten();
            let text = match header {
                Some(header) => completed(&tag, known.as_ref(), &header).to_string().into(),
                None => with_origin(text.get(), shown.base.origin()),
            };
            attributes.insert(tag, text);
        }
        attributes.extend(texts(own(row, shown)).map(|(tag, text)| (tag.into(), text.into())));
        Text::of(&attributes)
    }
}

/// Attributes that are wanted from headers beyond the table.
#[derive(Debug)]
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
    texts(out).collect()
}

/// What the registry says of an instance, whatever its header says.
fn own(row: &InstanceRow, shown: Shown<'_>) -> Writer {
    let mut out = Writer::default();
    let entry = &row.entry.instance;
    let (study, series) = (&row.study.study.study_instance_uid, &row.series.series.series_instance_uid);
    out.text("00080016", "UI", Some(entry.sop_class_uid.as_str()));
    out.text("00080018", "UI", Some(entry.sop_instance_uid.as_str()));
    availability(&mut out, row.entry.object.is_some() || shown.registry.is_available(&row.study));
    out.text("00083002", "UI", Some(&entry.transfer_syntax_uid).filter(|uid| !uid.is_empty()).map(String::as_str));
    let url = shown.base.instance(study.as_str(), series.as_str(), entry.sop_instance_uid.as_str());
    out.text("00081190", "UR", Some(&url));
    out
}

fn texts(attributes: Writer) -> impl Iterator<Item = (String, String)> {
    attributes.0.into_iter().map(|(tag, attribute)| (tag, attribute.to_string()))
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
