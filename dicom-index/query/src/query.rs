//! A typed query.

use dicom_core::{Tag, VR};

/// The level of the query model that rows are wanted at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// One row for each study.
    Study,
    /// One row for each series.
    Series,
    /// One row for each instance.
    Instance,
}

/// An attribute of the data dictionary, or one inside a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Tags from the outermost sequence to the attribute itself; one for a top-level attribute.
    pub path: Vec<Tag>,
    /// Value representation of the last one.
    pub vr: VR,
}

impl Attribute {
    /// The attribute's own tag.
    pub fn tag(&self) -> Tag {
        self.path.last().copied().unwrap_or(Tag(0, 0))
    }
}

/// How a value must compare. Values are decoded Unicode text in DICOM form.
#[derive(Clone, PartialEq, Eq)]
pub enum Rule {
    /// Universal matching: the attribute is only to be returned.
    Universal,
    /// Single value matching.
    Equals(String),
    /// Wild card matching with `*` and `?`.
    Like(String),
    /// List of UID matching, or several values of one key of which one must be had.
    AnyOf(Vec<String>),
    /// Multiple value matching: each of these values must be had (PS3.4 §C.2.2.2.8).
    AllOf(Vec<String>),
    /// Range matching; an open end is `None`. Both ends belong to it.
    Range(Option<String>, Option<String>),
    /// Range matching of a date together with the time beside it.
    Span(Span),
    /// Fuzzy matching of a person name (PS3.18 §8.3.4.2).
    Fuzzy(String),
    /// Empty value matching.
    Empty,
}

/// From a moment to a moment: ranges of a date and of the time that belongs to it, taken together (PS3.4 §C.2.2.2.5).
///
/// A time counts at the end of the range that has a date; without one, there is no end.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    /// The time's tag, beside the date's.
    pub time: Tag,
    /// First and last day.
    pub days: (Option<String>, Option<String>),
    /// From which time of the first day, until which of the last.
    pub times: (Option<String>, Option<String>),
}

impl Span {
    /// The first day, and its first time when not the whole day counts.
    pub fn from(&self) -> Option<(&str, Option<&str>)> {
        self.days.0.as_deref().map(|day| (day, self.times.0.as_deref()))
    }

    /// The last day, and its last time when not the whole day counts.
    pub fn to(&self) -> Option<(&str, Option<&str>)> {
        self.days.1.as_deref().map(|day| (day, self.times.1.as_deref()))
    }
}

/// Values may identify a patient, so only the kind of rule is printed.
impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Universal => "Universal",
            Self::Equals(_) => "Equals",
            Self::Like(_) => "Like",
            Self::AnyOf(_) => "AnyOf",
            Self::AllOf(_) => "AllOf",
            Self::Range(..) => "Range",
            Self::Span(_) => "Span",
            Self::Fuzzy(_) => "Fuzzy",
            Self::Empty => "Empty",
        })
    }
}

/// One condition; all conditions of a query must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Of which attribute.
    pub attribute: Attribute,
    /// What must hold.
    pub rule: Rule,
}

/// Which attributes an answer has beyond those of its table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Include {
    /// `includefield=all`.
    pub all: bool,
    /// Named ones.
    pub attributes: Vec<Attribute>,
}

/// A window on the stable order of the matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most so many rows; with 0 only what remains is counted.
    pub limit: u32,
    /// After skipping so many.
    pub offset: u32,
}

impl Page {
    /// The first `limit` rows.
    pub const fn first(limit: u32) -> Self {
        Self { limit, offset: 0 }
    }
}

/// What is asked of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The level of the rows.
    pub level: Level,
    /// Conditions, the UIDs of the path included.
    pub matches: Vec<Match>,
    /// Attributes wanted beyond the table's.
    pub include: Include,
    /// Which part of the matches.
    pub page: Page,
    /// `fuzzymatching=true`: person names ask by [`Rule::Fuzzy`].
    pub fuzzy: bool,
}
