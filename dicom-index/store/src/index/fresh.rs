//! Studies of one batch that nobody has told of before: a night of orders brings hundreds, and each of its own would cost a dozen
//! statements. What is not plainly new takes the way of [`study::place`](super::study::place).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::patient::{self, Placed};
use super::study::rows;
use super::work::Work;
use super::{StudyGroup, doubted, series};
use crate::StoreError;
use crate::engine::Sql;

/// UIDs of one statement.
const CHUNK: usize = 400;

/// A union study that was made, and its series in the order of their group.
pub(super) type Made = (i64, Vec<series::Known>);

/// Makes those of the groups' studies that are new, by the place of their group.
pub(super) async fn place(work: &mut Work<'_>, groups: &[StudyGroup]) -> Result<BTreeMap<usize, Made>, StoreError> {
    let fresh = unknown(work, groups).await?;
    // One alone costs the same either way.
    if fresh.len() < 2 {
        return Ok(BTreeMap::new());
    }
    let mut placed: Vec<(usize, &StudyGroup, Placed)> = Vec::with_capacity(fresh.len());
    let patients: Vec<_> = fresh.iter().map(|(_, group)| (group.repository_key, &group.record)).collect();
    for ((at, group), of) in fresh.iter().zip(patient::place_all(work, &patients).await?) {
        if of.is_stranger {
            doubted::note(work, of.patient_key, &group.record.study_instance_uid).await?;
        }
        // Who keeps this patient's demographics has told them: the study is shown with those. Or visits were moved: it may follow one.
        if !of.is_told && !of.has_moves {
            placed.push((*at, *group, of));
        }
    }
    let studies: Vec<_> = placed.iter().map(|(_, group, of)| (&group.record, *of)).collect();
    let keys = rows::insert(work, &studies).await?;
    let copies: Vec<_> =
        placed.iter().zip(&keys).map(|((_, group, of), study_key)| copy(group, *of, *study_key)).collect();
    rows::insert_copies(work, &copies).await?;
    for copy in &copies {
        work.delta(copy.repository_key).studies += 1;
    }
    crate::reports::link::studies_arrived(work, &keys).await?;
    let mut of_groups = Vec::new();
    for ((_, group, _), study_key) in placed.iter().zip(&keys) {
        let (study_key, repository_key) = (*study_key, group.repository_key);
        of_groups.extend(group.series.iter().map(|record| series::Fresh { study_key, repository_key, record }));
    }
    let mut series = series::insert(work, &of_groups).await?.into_iter();
    let mut made = BTreeMap::new();
    for ((at, group, _), study_key) in placed.iter().zip(keys) {
        made.insert(*at, (study_key, series.by_ref().take(group.series.len()).collect()));
    }
    Ok(made)
}

fn copy<'g>(group: &'g StudyGroup, placed: Placed, study_key: i64) -> rows::Copy<'g> {
    let (repository_key, record) = (group.repository_key, &group.record);
    // It is alone: the study's record is its own.
    rows::Copy { study_key, repository_key, placed, record, written: String::new() }
}

/// Groups whose study nobody has told of, nor another group of this batch.
async fn unknown<'g>(
    work: &mut Work<'_>,
    groups: &'g [StudyGroup],
) -> Result<Vec<(usize, &'g StudyGroup)>, StoreError> {
    let mut count: HashMap<&str, usize> = HashMap::with_capacity(groups.len());
    for group in groups {
        *count.entry(group.record.study_instance_uid.as_str()).or_default() += 1;
    }
    let is_only = |group: &StudyGroup| count.get(group.record.study_instance_uid.as_str()) == Some(&1);
    let mut fresh: Vec<_> = groups.iter().enumerate().filter(|(_, group)| is_only(group)).collect();
    if fresh.len() < 2 {
        return Ok(Vec::new());
    }
    let mut known = HashSet::new();
    for chunk in fresh.chunks(CHUNK) {
        let mut sql = Sql::new("SELECT study_instance_uid FROM study WHERE study_instance_uid IN (");
        sql.list(chunk.iter().map(|(_, group)| group.record.study_instance_uid.as_str())).push(")");
        for row in work.link.rows(sql).await? {
            known.insert(row.text(0)?);
        }
    }
    fresh.retain(|(_, group)| !known.contains(group.record.study_instance_uid.as_str()));
    Ok(fresh)
}
