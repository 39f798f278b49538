//! A clinician searches: answered from the registry alone, whatever the regions do.

mod classes;
mod headers;
mod instances;

use std::collections::HashMap;
use std::slice;
use std::sync::Arc;

use access::Permit;
use index_model::{InstanceEntry, IssuedId, RepositoryCode, Uid};
use index_query::{Attribute, Match, Query, Rule, Tag};
use index_store::{Found, PatientRow, SearchFilter, SeriesRow, StudyRow};

pub use self::headers::{Header, MOST_DESCRIBED, MOST_EXAMINED};
use crate::intake::manifest_document::ELSEWHERE;
use crate::open::search_filter;
use crate::repositories::directory::Entry;
use crate::{Registry, RegistryError};

/// RetrieveLocationUID.
const RETRIEVE_LOCATION_UID: Tag = Tag(0x0040, 0xE011);
const PATIENT_ID: Tag = Tag(0x0010, 0x0020);
const STUDY_INSTANCE_UID: Tag = Tag(0x0020, 0x000D);
/// OtherPatientIDsSequence.
const OTHER_PATIENT_IDS: Tag = Tag(0x0010, 0x1002);
/// IssuerOfPatientID.
const ISSUER_OF_PATIENT_ID: Tag = Tag(0x0010, 0x0021);
/// UniversalEntityID, of IssuerOfPatientIDQualifiersSequence.
const UNIVERSAL_ENTITY_ID: [Tag; 2] = [Tag(0x0010, 0x0024), Tag(0x0040, 0x0032)];

/// Keys that name one patient, study, series or instance.
const IDENTIFIERS: [&[Tag]; 5] = [
    &[Tag(0x0010, 0x0020)],
    &[OTHER_PATIENT_IDS, Tag(0x0010, 0x0020)],
    &[Tag(0x0020, 0x000D)],
    &[Tag(0x0020, 0x000E)],
    &[Tag(0x0008, 0x0018)],
];

/// What was found, and what may be missing from it.
#[derive(Debug)]
pub struct Answer<T> {
    /// In the stable order.
    pub rows: Vec<T>,
    /// Matches after this page.
    pub remaining: u64,
    /// Studies, 1,000 at most, that match but for the date that was asked for: they have none.
    pub undated: u64,
    /// Matching keys that were not applied.
    pub unsupported: Vec<Attribute>,
    /// For each row in order the header of one of its instances, where attributes were asked for that only headers have.
    pub headers: Vec<Option<Arc<Header>>>,
    /// Rows that got none, because the answer is too long.
    pub undescribed: usize,
    /// Series whose headers are not known yet, and were not asked for because there are too many.
    pub unread: usize,
    /// Repositories that do not answer: what is new there may not be known here.
    pub missing: Vec<Missing>,
}

impl<T> Answer<T> {
    fn of(rows: Vec<T>, remaining: u64, missing: Vec<Missing>) -> Self {
        Self {
            rows,
            remaining,
            undated: 0,
            unsupported: Vec::new(),
            headers: Vec::new(),
            undescribed: 0,
            unread: 0,
            missing,
        }
    }

    fn found(found: Found<T>, missing: Vec<Missing>) -> Self {
        let Found { rows, remaining, undated, unsupported } = found;
        Self { undated, unsupported, ..Self::of(rows, remaining, missing) }
    }
}

/// A repository that does not answer now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Which one.
    pub repository: RepositoryCode,
    /// What people call it.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Since when, Unix milliseconds.
    pub since_ms: Option<i64>,
}

/// One instance that was found.
#[derive(Debug, Clone)]
pub struct InstanceRow {
    /// Its study.
    pub study: Arc<StudyRow>,
    /// Its series.
    pub series: Arc<SeriesRow>,
    /// What the manifest says of it.
    pub entry: Arc<InstanceEntry>,
    /// Whether a repository that has it answers; what is held here needs none.
    pub is_reachable: bool,
}

/// Below a study that patients who are not the same have one each of, nothing is listed unless the patient is named: whoever lists series by
/// the study's identifier alone would show one patient's images as another's.
pub(super) fn of_one_patient<'a>(
    query: &Query,
    mut studies: impl Iterator<Item = &'a Arc<StudyRow>>,
) -> Result<(), RegistryError> {
    let is_named = |tag: Tag| {
        let named = |one: &Match| one.attribute.path == [tag] && matches!(one.rule, Rule::Equals(_));
        query.matches.iter().any(named)
    };
    let is_disputed = is_named(STUDY_INSTANCE_UID) && !is_named(PATIENT_ID) && studies.any(|study| study.conflict);
    if is_disputed { Err(RegistryError::Ambiguous { choices: 2 }) } else { Ok(()) }
}

impl Registry {
    /// Search at the patient level (PS3.4 §C.6.1): one row for each PatientID of an issuer.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn search_patients(&self, permit: &Permit, query: &Query) -> Result<Answer<PatientRow>, RegistryError> {
        let found = self.0.store.search_patients(&self.by_code(query), &self.filter_of(permit, query)).await?;
        Ok(Answer::found(found, self.missing()))
    }

    /// Search for Studies (PS3.18 §10.6).
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn search_studies(&self, permit: &Permit, query: &Query) -> Result<Answer<StudyRow>, RegistryError> {
        let (query, filter) = (&self.by_code(query), self.filter_of(permit, query));
        let found = self.0.store.search_studies(query, &filter).await?;
        let found = self.examine_studies(query, &filter, found).await?;
        let mut answer = Answer::found(found, self.missing());
        self.describe_studies(query, &mut answer).await?;
        Ok(answer)
    }

    /// Search for Series (PS3.18 §10.6).
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn search_series(&self, permit: &Permit, query: &Query) -> Result<Answer<SeriesRow>, RegistryError> {
        let (query, filter) = (&self.by_code(query), self.filter_of(permit, query));
        let found = self.0.store.search_series(query, &filter).await?;
        of_one_patient(query, found.rows.iter().map(|row| &row.study))?;
        let found = self.examine_series(permit, query, &filter, found).await?;
        let mut answer = Answer::found(found, self.missing());
        self.describe_series(query, &mut answer).await?;
        Ok(answer)
    }

    /// Which identifiers these persons have, at all issuers that the caller may know of (OtherPatientIDsSequence). Persons are linked
    /// by exact evidence only.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn identifiers(
        &self,
        permit: &Permit,
        person_keys: &[i64],
    ) -> Result<HashMap<i64, Vec<IssuedId>>, RegistryError> {
        Ok(self.0.store.identifiers_of_persons(person_keys, &search_filter(permit)).await?)
    }

    /// RetrieveLocationUID (0040,E011) of a repository.
    pub fn location_uid(&self, code: &RepositoryCode) -> Option<String> {
        self.0.directory.definition(code).map(|definition| definition.location_uid())
    }

    /// What a search lets through: no studies of test patients, unless the identifier of a patient, study, series or instance is asked for.
    pub(crate) fn filter_of(&self, permit: &Permit, query: &Query) -> SearchFilter {
        let names_one = query.matches.iter().any(|one| {
            let is_identifier = IDENTIFIERS.contains(&one.attribute.path.as_slice());
            is_identifier && matches!(one.rule, Rule::Equals(_) | Rule::AnyOf(_))
        });
        SearchFilter { without_tests: !self.0.limits.shows_tests && !names_one, ..search_filter(permit) }
    }

    /// The same query with repositories named by their codes and issuers by their names, as the index knows them.
    fn by_code(&self, query: &Query) -> Query {
        let mut query = query.clone();
        self.name_issuers(&mut query);
        let entries = self.0.directory.all();
        let code = |uid: &mut String| {
            if let Some(entry) = entries.iter().find(|entry| entry.definition.location_uid() == *uid) {
                *uid = entry.definition.code.to_string();
            }
        };
        for one in query.matches.iter_mut().filter(|one| one.attribute.path == [RETRIEVE_LOCATION_UID]) {
            match &mut one.rule {
                Rule::Equals(uid) => code(uid),
                Rule::AnyOf(uids) => uids.iter_mut().for_each(code),
                Rule::Universal
                | Rule::Like(_)
                | Rule::AllOf(_)
                | Rule::Range(..)
                | Rule::Span(_)
                | Rule::Fuzzy(_)
                | Rule::Empty => {}
            }
        }
        query
    }

    /// Objects name an issuer by whatever name its repository has for it: each stands for the one that the index knows too.
    fn name_issuers(&self, query: &mut Query) {
        let entries = self.0.directory.all();
        let is_issuer = |path: &[Tag]| {
            let path = path.strip_prefix(&[OTHER_PATIENT_IDS]).unwrap_or(path);
            path == [ISSUER_OF_PATIENT_ID] || path == UNIVERSAL_ENTITY_ID
        };
        for one in query.matches.iter_mut().filter(|one| is_issuer(&one.attribute.path)) {
            let Rule::Equals(said) = &one.rule else { continue };
            let mut names = vec![said.clone()];
            for entry in &entries {
                let known = entry.definition.issuer(said);
                if !names.iter().any(|name| name == known) {
                    names.push(known.to_owned());
                }
            }
            if names.len() > 1 {
                one.rule = Rule::AnyOf(names);
            }
        }
    }

    /// Every repository that does not answer now.
    pub fn missing(&self) -> Vec<Missing> {
        self.0
            .directory
            .codes()
            .iter()
            .filter_map(|code| self.missing_of(code).filter(|one| one.since_ms.is_some()))
            .collect()
    }

    fn missing_of(&self, code: &RepositoryCode) -> Option<Missing> {
        let entry = self.0.directory.entry(code)?;
        Some(Missing {
            repository: code.clone(),
            name: entry.definition.name.clone(),
            region: entry.definition.region.clone(),
            since_ms: entry.health.down_since_ms(),
        })
    }

    /// Whether a study's images can be looked at now: held here, or its repository answers and has them still; and nobody else has a study of
    /// its identifier, which would then open neither.
    pub fn is_available(&self, study: &StudyRow) -> bool {
        !study.conflict && self.reaches(&study.repositories, &study.removed)
    }

    /// The same of all instances of one series, which are held here, or in a repository that answers and has them all, or in several of
    /// which none is away: its study may be elsewhere too.
    pub fn is_series_available(&self, row: &SeriesRow) -> bool {
        let study = &row.study;
        let is_gone = study.repositories.iter().all(|code| study.removed.contains(code));
        let is_held = row.held > 0 && row.held >= row.number_of_instances && !is_gone;
        !study.conflict && (is_held || self.reaches_all(row))
    }

    fn reaches_all(&self, row: &SeriesRow) -> bool {
        let removed = &row.study.removed;
        let whole = row.repositories.iter().filter(|code| !row.partial.contains(code));
        let whole: Vec<_> = whole.cloned().collect();
        let has_one = || row.repositories.iter().any(|code| self.reaches(slice::from_ref(code), removed));
        let all =
            || row.repositories.iter().all(|code| removed.contains(code) || self.reaches(slice::from_ref(code), &[]));
        self.reaches(&whole, removed) || (has_one() && all())
    }

    /// Whether this repository has what it had of a series, and answers.
    pub(super) fn reaches_by(&self, row: &SeriesRow, from: &RepositoryCode) -> bool {
        !row.study.conflict && self.reaches(slice::from_ref(from), &row.study.removed)
    }

    /// Whether one of these repositories has what it had, and answers.
    fn reaches(&self, repositories: &[RepositoryCode], removed: &[RepositoryCode]) -> bool {
        repositories.iter().filter(|code| !removed.contains(code) && code.as_str() != ELSEWHERE).any(|code| {
            // What was pushed to us stays when its repository is taken out.
            let is_down = |entry: &Entry| entry.source.is_some() && entry.health.down_since_ms().is_some();
            self.0.directory.entry(code).is_none_or(|entry| !is_down(&entry))
        })
    }

    /// The series that an instance is in, for services that name it alone.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] when no such instance is known.
    pub async fn series_of_instance(&self, instance: &Uid) -> Result<SeriesRow, RegistryError> {
        let keys = self.0.store.series_of_instance(instance).await?;
        let key = keys.first().ok_or(RegistryError::NotFound)?;
        self.0.store.series_by_key(*key).await?.ok_or(RegistryError::NotFound)
    }
}
