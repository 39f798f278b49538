//! A typed query.

use std::num::NonZeroU32;

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
    /// List of UID matching, or several values of one key.
    AnyOf(Vec<String>),
    /// Range matching; an open end is `None`. Both ends belong to it.
    Range(Option<String>, Option<String>),
    /// Empty value matching.
    Empty,
}

/// Values may identify a patient, so only the kind of rule is printed.
impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Universal => "Universal",
            Self::Equals(_) => "Equals",
            Self::Like(_) => "Like",
            Self::AnyOf(_) => "AnyOf",
            Self::Range(..) => "Range",
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
    /// At most so many rows.
    pub limit: NonZeroU32,
    /// After skipping so many.
    pub offset: u32,
}

impl Page {
    /// The first `limit` rows; a limit of 0 counts as 1.
    pub fn first(limit: u32) -> Self {
        Self { limit: NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN), offset: 0 }
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
    /// `fuzzymatching=true`: person names match by words that begin alike, in any order.
    pub fuzzy: bool,
}
