//! How studies, series and instances become known.
//!
//! Each call is one transaction and may be repeated: what is known already changes nothing and writes nothing.

pub(crate) mod doubted;
mod fresh;
pub(crate) mod identity;
mod instances;
mod listed;
pub(crate) mod merge;
mod move_series;
mod other_ids;
pub(crate) mod patient;
mod rejections;
mod requests;
mod series;
pub(crate) mod sounds;
mod study;
mod take_out;
pub(crate) mod test_patients;
pub(crate) mod undated;
pub(crate) mod visits;
mod work;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use index_model::{PatientRecord, RepositoryCode, SeriesRecord, StudyRecord};

pub use self::listed::ToldBefore;
pub(crate) use self::rejections::WITHDRAWN;
pub(crate) use self::work::Work;
use crate::engine::{Link, dialect, in_transaction};
use crate::{Indexed, InstanceIndexed, NewInstance, Store, StoreError};

/// How something became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A repository declared the whole of it.
    Declared,
    /// One instance's header mentions it.
    Held,
}

/// Series of one study, beyond which a declaration is refused.
const MAX_SERIES: usize = 20_000;
/// Studies of one batch.
const MAX_STUDIES: usize = 1_000;
/// Instances of one batch.
const MAX_BATCH: usize = 5_000;

impl Store {
    /// Takes in a study that a pulled repository told of, with its series.
    ///
    /// Makes or updates the copy, the union study, the series, the source patient and the person. Counts are what was declared,
    /// or what is known where that is more. A series that is not named again stays.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Conflict`] with more than 20,000 series;
    /// [`StoreError::Unavailable`].
    pub async fn index_study(
        &self,
        repository: &RepositoryCode,
        study: &StudyRecord,
        series: &[SeriesRecord],
        now_ms: i64,
    ) -> Result<Indexed, StoreError> {
        if series.len() > MAX_SERIES {
            return Err(StoreError::Conflict { what: "a study of more than 20,000 series" });
        }
        let repository_key = self.repository_key(repository).await?;
        in_transaction!(self.pools(), |link| index_study(&mut link, repository_key, study, series, now_ms))
    }

    /// Takes in several studies as [`index_study`](Self::index_study) does, in one transaction: a back-fill waits for the disk once
    /// for each batch instead of once for each study. At most 1,000; the answer has the order of the batch.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Conflict`] when the batch is too large;
    /// [`StoreError::Unavailable`].
    pub async fn index_studies(
        &self,
        repository: &RepositoryCode,
        batch: &[(StudyRecord, Vec<SeriesRecord>)],
        now_ms: i64,
    ) -> Result<Vec<Indexed>, StoreError> {
        if batch.len() > MAX_STUDIES || batch.iter().any(|(_, series)| series.len() > MAX_SERIES) {
            return Err(StoreError::Conflict { what: "a batch of more than 1,000 studies" });
        }
        let repository_key = self.repository_key(repository).await?;
        in_transaction!(self.pools(), |link| index_studies(&mut link, repository_key, batch, now_ms))
    }

    /// Takes in instances that are now held, or whose headers are now known; at most 5,000 in one transaction.
    ///
    /// Studies and series are made or filled as the instances say. An entry is appended to a manifest for [`Outcome::New`] and
    /// [`Outcome::Upgraded`](crate::Outcome::Upgraded) alone. The answer has the order of the batch.
    ///
    /// [`Outcome::New`]: crate::Outcome::New
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Conflict`] when the batch is too large;
    /// [`StoreError::Unavailable`].
    pub async fn index_instances(
        &self,
        batch: &[NewInstance],
        now_ms: i64,
    ) -> Result<Vec<InstanceIndexed>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        if batch.len() > MAX_BATCH {
            return Err(StoreError::Conflict { what: "a batch of more than 5,000 instances" });
        }
        let mut repository_keys = BTreeMap::new();
        for new in batch {
            if !repository_keys.contains_key(&new.repository) {
                repository_keys.insert(new.repository.clone(), self.repository_key(&new.repository).await?);
            }
        }
        in_transaction!(self.pools(), |link| index_instances(&mut link, &repository_keys, batch, now_ms))
    }
}

async fn index_studies(
    link: &mut Link,
    repository_key: i64,
    batch: &[(StudyRecord, Vec<SeriesRecord>)],
    now_ms: i64,
) -> Result<Vec<Indexed>, StoreError> {
    dialect::hold(link, batch.iter().flat_map(|(study, _)| names_to_hold(study))).await?;
    let mut work = Work::new(link, now_ms);
    let mut out = Vec::with_capacity(batch.len());
    for (study, series) in batch {
        out.push(declare(&mut work, repository_key, (study, series), &[]).await?);
    }
    work.finish().await?;
    Ok(out)
}

async fn index_study(
    link: &mut Link,
    repository_key: i64,
    study: &StudyRecord,
    series: &[SeriesRecord],
    now_ms: i64,
) -> Result<Indexed, StoreError> {
    dialect::hold(link, names_to_hold(study)).await?;
    let mut work = Work::new(link, now_ms);
    let indexed = declare(&mut work, repository_key, (study, series), &[]).await?;
    let changed = work.finish().await?;
    Ok(Indexed { changed, ..indexed })
}

async fn declare(
    work: &mut Work<'_>,
    repository_key: i64,
    (study, series): (&StudyRecord, &[SeriesRecord]),
    listed: study::Listed<'_>,
) -> Result<Indexed, StoreError> {
    let before = work.writes;
    let Some((said, series)) = rejections::declared(work, repository_key, study, series).await? else {
        rejections::told::remember(work, repository_key, study, true).await?;
        return Ok(Indexed { study_key: 0, series_keys: Vec::new(), withdrawn: Vec::new(), changed: false });
    };
    let study_key = study::place_listed(work, repository_key, &said, Manner::Declared, listed).await?.study_key;
    let placed = series::place(work, study_key, repository_key, &series, Manner::Declared).await?;
    let series_keys = placed.iter().map(|series| series.series_key).collect();
    let mut withdrawn = Vec::new();
    if matches!(said, Cow::Owned(_)) {
        withdrawn = rejections::settle(work, &[(study.study_instance_uid.as_str(), repository_key)].into()).await?;
        rejections::told::remember(work, repository_key, study, false).await?;
    }
    Ok(Indexed { study_key, series_keys, withdrawn, changed: work.writes > before })
}

/// The instances of one study that say the same of their patient, and its record filled from all of them.
struct StudyGroup {
    repository_key: i64,
    record: StudyRecord,
    patient: PatientRecord,
    series: Vec<SeriesRecord>,
    members: Vec<usize>,
}

async fn index_instances(
    link: &mut Link,
    repository_keys: &BTreeMap<RepositoryCode, i64>,
    batch: &[NewInstance],
    now_ms: i64,
) -> Result<Vec<InstanceIndexed>, StoreError> {
    dialect::hold(link, batch.iter().flat_map(|new| names_to_hold(&new.study))).await?;
    let mut rejected = rejections::held(link, repository_keys, batch, now_ms).await?;
    let mut work = Work::new(link, now_ms);
    let before: Vec<&NewInstance> = rejected.keys().filter_map(|at| batch.get(*at)).collect();
    doubted::rejected_before(&mut work, repository_keys, &before).await?;
    let mut placed: Vec<Option<instances::Placed<'_>>> = batch.iter().map(|_| None).collect();
    let groups = groups(repository_keys, batch, &rejected)?;
    let mut fresh = fresh::place(&mut work, &groups).await?;
    for (at, group) in groups.into_iter().enumerate() {
        let repository_key = group.repository_key;
        let (study::Place { study_key, is_disputed }, series) = match fresh.remove(&at) {
            Some((study_key, series)) => (study::Place { study_key, is_disputed: false }, series),
            None => {
                let place = study::place(&mut work, repository_key, &group.record, Manner::Held).await?;
                let study_key = place.study_key;
                let series = series::place(&mut work, study_key, repository_key, &group.series, Manner::Held).await?;
                (place, series)
            }
        };
        for member in group.members {
            let Some(new) = batch.get(member) else { continue };
            let same = |record: &SeriesRecord| record.series_instance_uid == new.series.series_instance_uid;
            let place = group.series.iter().position(same).and_then(|place| series.get(place));
            let series = place.cloned().ok_or(StoreError::Corrupt { what: "series" })?;
            if let Some(slot) = placed.get_mut(member) {
                *slot = Some(instances::Placed { new, study_key, is_disputed, series, repository_key });
            }
        }
    }
    let placed: Vec<instances::Placed<'_>> = placed.into_iter().flatten().collect();
    let mut indexed = instances::write(&mut work, &placed).await?.into_iter();
    drop(placed);
    let sent = batch.iter().filter_map(|new| {
        Some((new.study.study_instance_uid.as_str(), repository_keys.get(&new.repository).copied()?))
    });
    let withdrawn = rejections::settle(&mut work, &sent.collect()).await?;
    work.finish().await?;
    let missing = StoreError::Corrupt { what: "batch" };
    let one = |at: usize| rejected.remove(&at).or_else(|| indexed.next());
    let mut out = (0..batch.len()).map(one).collect::<Option<Vec<_>>>().ok_or(missing)?;
    crate::small::keep(link, batch, &out).await?;
    if let Some(first) = out.first_mut() {
        first.withdrawn = withdrawn;
    }
    Ok(out)
}

/// Sorts what is not rejected of a batch by study and patient, so that each is looked up once.
fn groups(
    repository_keys: &BTreeMap<RepositoryCode, i64>,
    batch: &[NewInstance],
    rejected: &HashMap<usize, InstanceIndexed>,
) -> Result<Vec<StudyGroup>, StoreError> {
    let mut groups: Vec<StudyGroup> = Vec::new();
    for (member, new) in batch.iter().enumerate().filter(|(member, _)| !rejected.contains_key(member)) {
        let repository_key =
            repository_keys.get(&new.repository).copied().ok_or(StoreError::Unknown { what: "repository" })?;
        let same = |group: &&mut StudyGroup| {
            group.repository_key == repository_key
                && group.record.study_instance_uid == new.study.study_instance_uid
                && group.patient == new.study.patient
        };
        let group = match groups.iter_mut().find(same) {
            Some(group) => group,
            None => {
                let (record, patient) = (new.study.clone(), new.study.patient.clone());
                let group = StudyGroup { repository_key, record, patient, series: Vec::new(), members: Vec::new() };
                groups.push(group);
                groups.last_mut().ok_or(StoreError::Corrupt { what: "batch" })?
            }
        };
        merge::fill_study(&mut group.record, &new.study);
        match group.series.iter_mut().find(|series| series.series_instance_uid == new.series.series_instance_uid) {
            Some(series) => merge::fill_series(series, &new.series),
            None => group.series.push(new.series.clone()),
        }
        group.members.push(member);
    }
    Ok(groups)
}

/// What two nodes must not make at once: this study, this patient, this health number.
fn names_to_hold(study: &StudyRecord) -> Vec<String> {
    let mut names = vec![format!("study {}", study.study_instance_uid)];
    names.extend(patient_names(&study.patient));
    names
}

/// The same for a patient alone.
pub(crate) fn patient_names(patient: &PatientRecord) -> Vec<String> {
    let id = patient.patient_id.as_ref().map(|id| format!("patient {} {}", id.issuer, id.value.expose()));
    let number = patient.health_number.as_ref().map(|number| format!("health number {}", number.number.expose()));
    id.into_iter().chain(number).collect()
}
