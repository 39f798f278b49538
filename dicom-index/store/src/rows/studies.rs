//! What searches take and give.

use std::sync::Arc;

use index_model::{RepositoryCode, SeriesRecord, StudyRecord, Uid};
use index_query::Attribute;

use super::Manifest;

/// What a caller may see. `None` means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// Only studies with a copy in one of these regions.
    pub regions: Option<Vec<String>>,
    /// Only studies of these persons.
    pub person_keys: Option<Vec<i64>>,
    /// None of test patients.
    pub without_tests: bool,
}

/// One page of matches.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// In the stable order: study date and time descending, those without by the best known day, then by UID.
    pub rows: Vec<T>,
    /// Matches after this page.
    pub remaining: u64,
    /// Studies, 1,000 at most, that match but for the date that was asked for: they have none.
    pub undated: u64,
    /// Matching keys that were ignored, because no column has them.
    pub unsupported: Vec<Attribute>,
}

/// A union study.
#[derive(Debug, Clone)]
pub struct StudyRow {
    /// Our key.
    pub study_key: i64,
    /// The source patient of its first copy.
    pub patient_key: i64,
    /// The person of its first copy.
    pub person_key: i64,
    /// Who has copies, first seen first; only those in the filter's regions.
    pub repositories: Vec<RepositoryCode>,
    /// Those of them that say they no longer hold theirs.
    pub removed: Vec<RepositoryCode>,
    /// Their regions, without repeats.
    pub regions: Vec<String>,
    /// The copies' records merged: the first copy's values, gaps filled from the next.
    pub study: StudyRecord,
    /// The day under which a study without StudyDate is listed, `YYYYMMDD`: of its objects, its report, or its arrival.
    pub listed_date: Option<String>,
    /// Modalities of its series, sorted.
    pub modalities: Vec<String>,
    /// Series, over all copies.
    pub number_of_series: u32,
    /// Distinct instances, over all copies.
    pub number_of_instances: u32,
    /// Another patient's study has the same StudyInstanceUID.
    pub conflict: bool,
    /// Last change, Unix milliseconds.
    pub updated_ms: i64,
}

/// A series of a union study.
#[derive(Debug, Clone)]
pub struct SeriesRow {
    /// Its study.
    pub study: Arc<StudyRow>,
    /// Our key.
    pub series_key: i64,
    /// The copies' records merged.
    pub series: SeriesRecord,
    /// Who has copies, first seen first.
    pub repositories: Vec<RepositoryCode>,
    /// Who of them is known to have fewer instances than there are.
    pub partial: Vec<RepositoryCode>,
    /// Distinct instances: the most that a copy declares, or those known if they are more.
    pub number_of_instances: u32,
    /// Distinct instances whose bytes we hold.
    pub held: u32,
    /// What is known below it.
    pub manifest: Manifest,
}

/// One repository's copy of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesCopy {
    /// Who has it.
    pub repository: RepositoryCode,
    /// What it declares, or what is known from it where that is more.
    pub number_of_instances: Option<u32>,
    /// What it declares, and no more than that.
    pub declared: Option<u32>,
    /// How many of its instances we hold.
    pub held: u32,
}

/// A series of documents that is known and not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documents {
    /// Our key.
    pub series_key: i64,
    /// Its study.
    pub study_instance_uid: Uid,
    /// The series.
    pub series_instance_uid: Uid,
    /// How many there are.
    pub instances: u32,
}
