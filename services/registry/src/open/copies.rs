//! One examination that a site imported under identifiers of its own: in a record it stands beside its origin, and is told to be a copy of it.
//! Nothing is united, hidden or deleted by that.

use std::collections::HashMap;

use index_model::Uid;
use index_store::StudyRow;

use crate::{Registry, RegistryError};

/// Of which study of the same record one is a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOf {
    /// StudyInstanceUID of the origin.
    pub study_instance_uid: Uid,
    /// Whether the header says so (OriginalAttributesSequence, PS3.3 §C.12.1.1.9), or they are alike and every image of one was found to be an
    /// image of the other; else they are alike: of one moment, the same modalities and as many instances, and no repository has both.
    pub is_certain: bool,
}

impl Registry {
    /// Of which other study of their record studies are copies, by study key. What is alike is compared behind the caller, where that was not
    /// done yet: the next look tells.
    pub(crate) async fn copies_in(&self, record: &[StudyRow]) -> Result<HashMap<i64, CopyOf>, RegistryError> {
        let mut copies = HashMap::new();
        let mut alike = Vec::new();
        for study in record {
            let Some(of) = copy_of(study, record) else { continue };
            if let Some(origin) = origin_of(study, record).filter(|_| !of.is_certain) {
                alike.push((study, origin));
            }
            copies.insert(study.study_key, of);
        }
        let keys: Vec<i64> = alike.iter().map(|(study, _)| study.study_key).collect();
        let compared = self.0.store.compared_studies(&keys).await?;
        for (study, origin) in alike {
            let known = compared.get(&(study.study_key, origin.study_key));
            let known = known.filter(|known| known.as_of_ms == (study.updated_ms, origin.updated_ms));
            let Some(known) = known else {
                self.compare_behind(study, origin);
                continue;
            };
            if let Some(of) = copies.get_mut(&study.study_key) {
                of.is_certain = known.is_same;
            }
        }
        Ok(copies)
    }
}

/// Of which of the studies of its record a study is a copy. Of two that are alike the one that was known first is the origin.
fn copy_of(study: &StudyRow, record: &[StudyRow]) -> Option<CopyOf> {
    if let Some(original) = &study.study.original_study_uid {
        let is_here = record.iter().any(|other| other.study.study_instance_uid == *original);
        return is_here.then(|| CopyOf { study_instance_uid: original.clone(), is_certain: true });
    }
    let origin = origin_of(study, record)?;
    Some(CopyOf { study_instance_uid: origin.study.study_instance_uid.clone(), is_certain: false })
}

/// The first of the studies that one is alike.
fn origin_of<'a>(study: &StudyRow, record: &'a [StudyRow]) -> Option<&'a StudyRow> {
    let earlier = record.iter().filter(|other| other.study_key < study.study_key && are_alike(study, other));
    earlier.min_by_key(|other| other.study_key)
}

fn are_alike(a: &StudyRow, b: &StudyRow) -> bool {
    let moment = |row: &StudyRow| {
        // To the second: a time of hours and minutes alone is many studies' own.
        let time = row.study.study_time.as_deref().and_then(|time| time.get(..6))?.to_owned();
        Some((row.study.study_date.clone()?, time))
    };
    a.study.study_instance_uid != b.study.study_instance_uid
        && moment(a).is_some_and(|at| Some(at) == moment(b))
        && !a.modalities.is_empty()
        && a.modalities == b.modalities
        && a.number_of_instances > 0
        && a.number_of_instances == b.number_of_instances
        && !a.repositories.iter().any(|code| b.repositories.contains(code))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use index_model::{RepositoryCode, StudyRecord, Uid};
    use index_store::StudyRow;

    use super::{CopyOf, copy_of};

    fn row(study_key: i64, repository: &str, time: &str, instances: u32) -> StudyRow {
        let mut study = StudyRecord::new(Uid::parse(&format!("1.{study_key}")).unwrap());
        (study.study_date, study.study_time) = (Some("20260110".into()), Some(time.into()));
        StudyRow {
            study_key,
            patient_key: 1,
            person_key: 1,
            repositories: vec![RepositoryCode::parse(repository).unwrap()],
            removed: Vec::new(),
            regions: Vec::new(),
            study,
            modalities: vec!["CT".into()],
            number_of_series: 1,
            number_of_instances: instances,
            conflict: false,
            updated_ms: 0,
            listed_date: None,
        }
    }

    fn told(study: &StudyRow, record: &[StudyRow]) -> Option<(String, bool)> {
        copy_of(study, record)
            .map(|CopyOf { study_instance_uid, is_certain }| (study_instance_uid.to_string(), is_certain))
    }

    #[test]
    fn an_exam_that_is_alike_at_another_repository_may_be_a_copy_of_the_one_that_was_known_first() {
        let record = [row(1, "north", "101112", 3), row(2, "south", "101112.5", 3)];
        assert_eq!(told(&record[1], &record), Some(("1.1".into(), false)));
        assert_eq!(told(&record[0], &record), None, "it is the origin");
        for other in [
            row(2, "north", "101112", 3),
            row(2, "south", "101113", 3),
            row(2, "south", "1011", 3),
            row(2, "south", "101112", 4),
        ] {
            assert_eq!(told(&other, &[row(1, "north", "101112", 3), other.clone()]), None);
        }
        let mut same_minute = [row(1, "north", "1011", 3), row(2, "south", "1011", 3)];
        assert_eq!(told(&same_minute[1], &same_minute), None);
        same_minute[1].modalities = vec!["MR".into()];
        assert_eq!(told(&same_minute[1], &same_minute), None);
    }

    #[test]
    fn a_header_that_tells_the_identifier_of_before_is_believed() {
        let mut record = [row(1, "north", "101112", 3), row(2, "south", "090000", 9)];
        record[0].study.original_study_uid = Some(Uid::parse("1.2").unwrap());
        assert_eq!(told(&record[0], &record), Some(("1.2".into(), true)), "also where the copy was known first");
        record[0].study.original_study_uid = Some(Uid::parse("1.9").unwrap());
        assert_eq!(told(&record[0], &record), None, "the origin is not in the record");
    }
}
