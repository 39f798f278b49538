//! What an identifier asks for: its level, its keys, and whether they are those that the information model allows (PS3.4 §C.4.1, §C.4.2).

use std::collections::HashSet;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dimse::identifier::{Item, Level, QUERY_RETRIEVE_LEVEL, Received, vr_of};
use dimse::message::Status;
use index_model::Uid;
use index_query::{Match, Rule};

use crate::failure::Refusal;
use crate::model::{Extensions, Model};

/// Attributes of one identifier, those within sequences included.
const MOST_KEYS: usize = 512;

/// Attributes that say how to read the others.
const ABOUT: [Tag; 3] = [QUERY_RETRIEVE_LEVEL, tags::SPECIFIC_CHARACTER_SET, tags::QUERY_RETRIEVE_VIEW];

/// An attribute to be returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) tag: Tag,
    /// Within a sequence, what of its items; all of them when nothing is named.
    pub(crate) within: Option<Vec<Tag>>,
}

/// A query.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) model: Model,
    pub(crate) level: Level,
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) matches: Vec<Match>,
    /// A matching key was given that can't be matched.
    pub(crate) ignored: bool,
    /// How keys are read that can be read in two ways.
    pub(crate) extensions: Extensions,
}

impl Asked {
    /// Reads the identifier of a C-FIND.
    pub(crate) fn read(received: &Received, model: Model, extensions: Extensions) -> Result<Self, Refusal> {
        let root = received.root();
        let level = level(root, model)?;
        if !extensions.relational {
            above(root, model, level)?;
            below(root, level)?;
        }
        let mut asked = Self { model, level, wanted: Vec::new(), matches: Vec::new(), ignored: false, extensions };
        for (tag, is_sequence) in root.attributes() {
            if ABOUT.contains(&tag) || tag.element() == 0 {
                continue;
            }
            if is_sequence {
                asked.sequence(root, tag)?;
                continue;
            }
            asked.wanted.push(Wanted { tag, within: None });
            // Says in which zone the asker's times are; adjusting to it is not negotiated (PS3.4 §C.5.1.1).
            if tag != tags::TIMEZONE_OFFSET_FROM_UTC {
                asked.condition(&[tag], readable(root, tag)?)?;
            }
            asked.bounded()?;
        }
        Ok(asked)
    }

    /// The keys of a sequence are those of its first item (PS3.4 §C.2.2.2.6).
    fn sequence(&mut self, root: Item<'_>, tag: Tag) -> Result<(), Refusal> {
        let mut within = Vec::new();
        if let Some(item) = root.items(tag).next() {
            for (inner, is_sequence) in item.attributes().take(MOST_KEYS) {
                within.push(inner);
                if !is_sequence {
                    self.condition(&[tag, inner], readable(item, inner)?)?;
                }
            }
        }
        self.wanted.push(Wanted { tag, within: Some(within) });
        self.bounded()
    }

    fn bounded(&self) -> Result<(), Refusal> {
        let keys = self.wanted.iter().map(|wanted| 1 + wanted.within.as_ref().map_or(0, Vec::len)).sum::<usize>();
        if keys > MOST_KEYS {
            return Err(Refusal::new(Status::OUT_OF_RESOURCES, "an identifier of more than 512 keys"));
        }
        Ok(())
    }

    fn condition(&mut self, path: &[Tag], value: String) -> Result<(), Refusal> {
        let Some(last) = path.last() else { return Ok(()) };
        if index_query::is_universal(&value) {
            return Ok(());
        }
        if !is_matched(vr_of(*last)) {
            self.ignored = true;
            return Ok(());
        }
        let name: Vec<_> = path.iter().map(|tag| format!("{:04X}{:04X}", tag.group(), tag.element())).collect();
        // The level of a search is of no matter to how one key is read.
        let turned = |name: &str, on: bool| (name.to_owned(), on.to_string());
        let asked = [
            turned("fuzzymatching", self.extensions.fuzzy),
            turned("emptyvaluematching", self.extensions.empty),
            turned("multiplevaluematching", self.extensions.multiple),
            (name.join("."), value),
        ];
        let parsed = index_query::parse(index_query::Level::Study, &asked);
        let parsed = parsed.map_err(|error| {
            let comment = format!("{} {}", keyword(*last), error.reason);
            Refusal::of_element(Status::CANNOT_UNDERSTAND, *last, comment)
        })?;
        self.matches.extend(parsed.query.matches.into_iter().filter(|one| one.rule != Rule::Universal));
        Ok(())
    }
}

/// The value of a key, which must be text in the character sets that the identifier names: one that can't be read finds nobody, and that
/// would be taken for an answer (PS3.4 §C.4.1.1.3.1).
fn readable(item: Item<'_>, tag: Tag) -> Result<String, Refusal> {
    if item.is_unreadable(tag) {
        let comment = format!("{} is not in SpecificCharacterSet", keyword(tag));
        return Err(Refusal::of_element(Status::CANNOT_UNDERSTAND, tag, comment));
    }
    Ok(item.written(tag))
}

/// A retrieval: the unique keys of its level, and those above.
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) level: Level,
    /// PatientID with its issuer, where one is named.
    pub(crate) patient: Option<(String, Option<String>)>,
    pub(crate) studies: Vec<Uid>,
    pub(crate) series: Vec<Uid>,
    pub(crate) instances: Vec<Uid>,
}

/// UIDs of one list.
const MOST_UIDS: usize = 10_000;

impl Selected {
    /// Reads the identifier of a C-MOVE or C-GET. Other keys than unique ones don't narrow a retrieval and are not looked at.
    pub(crate) fn read(received: &Received, model: Model) -> Result<Self, Refusal> {
        let root = received.root();
        let level = level(root, model)?;
        above(root, model, level)?;
        below(root, level)?;
        let uids = |of: Level| match of {
            _ if of > level || !model.levels().contains(&of) => Ok(Vec::new()),
            _ => unique_uids(root, of.unique_key()),
        };
        let patient = match model {
            Model::StudyRoot => None,
            Model::PatientRoot => {
                single(root, Level::Patient)?;
                let issuer = root.text(tags::ISSUER_OF_PATIENT_ID);
                root.text(tags::PATIENT_ID).map(|id| (id, issuer))
            }
        };
        Ok(Self {
            level,
            patient,
            studies: uids(Level::Study)?,
            series: uids(Level::Series)?,
            instances: uids(Level::Instance)?,
        })
    }
}

fn unique_uids(root: Item<'_>, tag: Tag) -> Result<Vec<Uid>, Refusal> {
    let unfit =
        |rule: &str| Refusal::of_element(Status::DOES_NOT_MATCH_SOP_CLASS, tag, format!("{} {rule}", keyword(tag)));
    let texts = root.texts(tag);
    if texts.is_empty() {
        return Err(unfit("is missing (PS3.4 C.4.2.1.4)"));
    }
    if texts.len() > MOST_UIDS {
        return Err(unfit("has more values than are retrieved at once"));
    }
    let mut seen = HashSet::new();
    let uids = texts.iter().map(|text| Uid::parse(text).map_err(|_| unfit("is not a UID or a list of UIDs")));
    // What is named twice is one entity (PS3.4 §C.2.2.2.2): sent once, counted once.
    uids.filter(|uid| uid.as_ref().map_or(true, |uid| seen.insert(uid.clone()))).collect()
}

/// The level, which must be one of the model's.
fn level(root: Item<'_>, model: Model) -> Result<Level, Refusal> {
    let level = root.text(QUERY_RETRIEVE_LEVEL).and_then(|term| Level::of_term(&term));
    level.filter(|level| model.levels().contains(level)).ok_or_else(|| {
        let comment = "QueryRetrieveLevel is missing or none of this information model";
        Refusal::of_element(Status::DOES_NOT_MATCH_SOP_CLASS, QUERY_RETRIEVE_LEVEL, comment)
    })
}

/// Above the level each unique key names one entity (PS3.4 §C.4.1.2.2.1, §C.4.2.2.1).
fn above(root: Item<'_>, model: Model, level: Level) -> Result<(), Refusal> {
    model.levels().iter().filter(|above| **above < level).try_for_each(|above| single(root, *above))
}

fn single(root: Item<'_>, level: Level) -> Result<(), Refusal> {
    let tag = level.unique_key();
    let value = root.written(tag);
    let is_uid = level == Level::Patient || Uid::parse(&value).is_ok();
    if value.is_empty() || value.contains(['*', '?', '\\']) || !is_uid {
        let comment = format!("{} must have one value here", keyword(tag));
        return Err(Refusal::of_element(Status::DOES_NOT_MATCH_SOP_CLASS, tag, comment));
    }
    Ok(())
}

/// Below the level no unique key is given (PS3.4 §C.4.1.2.2.1, §C.4.2.2.1).
fn below(root: Item<'_>, level: Level) -> Result<(), Refusal> {
    let below = Level::ALL.into_iter().filter(|below| *below > level).map(Level::unique_key);
    let mut given = below.filter(|tag| root.text(*tag).is_some());
    match given.next() {
        Some(tag) => {
            let comment = format!("{} is below the level of this request", keyword(tag));
            Err(Refusal::of_element(Status::DOES_NOT_MATCH_SOP_CLASS, tag, comment))
        }
        None => Ok(()),
    }
}

/// The keyword of PS3.6, else the tag.
fn keyword(tag: Tag) -> String {
    use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
    let entry = dicom_dictionary_std::StandardDataDictionary.by_tag(tag);
    entry.map_or_else(|| format!("({:04X},{:04X})", tag.group(), tag.element()), |entry| entry.alias().to_owned())
}

/// Values of these are not text and not whole numbers, and nobody looks for them.
const fn is_matched(vr: VR) -> bool {
    use VR::{AT, FD, FL, OB, OD, OF, OL, OV, OW, SQ, SV, UN, UV};
    !matches!(vr, AT | FD | FL | OB | OD | OF | OL | OV | OW | SQ | SV | UN | UV)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use dicom_dictionary_std::{tags, uids};
    use dimse::identifier::{Identifier, Level, Received};
    use index_query::Rule;

    use super::Asked;
    use crate::model::{Extensions, Model};

    fn rules(extensions: Extensions) -> Vec<Rule> {
        let wanted = Identifier::new(Level::Study).key(tags::ACCESSION_NUMBER, "\"\"");
        let wanted = wanted.key(tags::MODALITIES_IN_STUDY, "CT\\US");
        let bytes = wanted.encode(uids::EXPLICIT_VR_LITTLE_ENDIAN).into();
        let received = Received::scan(bytes, uids::EXPLICIT_VR_LITTLE_ENDIAN, None).unwrap();
        let asked = Asked::read(&received, Model::StudyRoot, extensions).ok().unwrap();
        asked.matches.into_iter().map(|one| one.rule).collect()
    }

    #[test]
    fn two_quotes_and_several_values_are_read_as_was_negotiated() {
        let values = || vec!["CT".to_owned(), "US".to_owned()];
        assert_eq!(rules(Extensions::default()), [Rule::Equals("\"\"".into()), Rule::AnyOf(values())]);
        let all = Extensions { empty: true, multiple: true, ..Extensions::default() };
        assert_eq!(rules(all), [Rule::Empty, Rule::AllOf(values())]);
    }
}
