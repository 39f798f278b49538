//! All that a repository lists of one StudyInstanceUID, asked for it alone: a study of one patient or, where its identifiers are muddled, of several.

use std::collections::BTreeSet;

use index_model::{PatientRecord, RepositoryCode, SeriesRecord, StudyRecord};

use super::rejections::told as told_beside;
use super::work::Work;
use super::{declare, names_to_hold, study};
use crate::engine::{Link, Sql, dialect, in_transaction};
use crate::{Indexed, Store, StoreError};

/// Patients of one study identifier that one repository may list.
const MAX_PATIENTS: usize = 64;
/// Copies of one identifier that are looked at.
const MOST_COPIES: u32 = 1000;

impl Store {
    /// What a repository told of a study before, beside what it tells now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn told_before(&self, repository: &RepositoryCode, said: &StudyRecord) -> Result<ToldBefore, StoreError> {
        let (uid, code) = (said.study_instance_uid.as_str(), repository.as_str());
        let mut sql = told(uid, code);
        sql.limit(MOST_COPIES);
        let mut link = self.read().await?;
        let rows = link.rows(sql).await?;
        let (mut studies, mut out) = (BTreeSet::new(), ToldBefore::default());
        let (mut is_told, mut all_but_counts) = (false, false);
        for row in &rows {
            studies.insert(row.int(0)?);
            let before = row.json::<StudyRecord>(1)?;
            is_told |= study::same_patient(&before.patient, &said.patient);
            let is_alike = is_as_before(&before, said);
            all_but_counts |= is_alike;
            out.as_now |= is_alike && counts(said).is_some() && counts(&before) == counts(said);
            out.removed |= row.opt_int(2)?.is_some();
        }
        out.has_copy = !rows.is_empty();
        out.of_others = out.has_copy && (!is_told || studies.len() > 1);
        if let Some(counts) = counts(said).filter(|_| !out.as_now && (all_but_counts || !out.has_copy)) {
            let beside = link.row(told_beside::of_study(uid, code, counts)).await?;
            out.as_now = beside.as_ref().map(told_beside::is_gone).transpose()? == Some(!out.has_copy);
        }
        Ok(out)
    }

    /// Takes in every match that a repository has for one StudyInstanceUID, as [`index_study`](Self::index_study) does one: each patient has a copy.
    /// Who takes the place of a patient listed before has that one's copy; a patient who is listed no more has none, unless instances
    /// are known that say so themselves.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Conflict`] with more than 64 patients, or more than one identifier;
    /// [`StoreError::Unavailable`].
    pub async fn index_listed(
        &self,
        repository: &RepositoryCode,
        matches: &[StudyRecord],
        series: &[SeriesRecord],
        now_ms: i64,
    ) -> Result<Vec<Indexed>, StoreError> {
        if matches.len() > MAX_PATIENTS || series.len() > super::MAX_SERIES {
            return Err(StoreError::Conflict { what: "a study of more than 64 patients or 20,000 series" });
        }
        let mut others = matches.iter().zip(matches.iter().skip(1));
        if others.any(|(a, b)| a.study_instance_uid != b.study_instance_uid) {
            return Err(StoreError::Conflict { what: "matches of several study identifiers" });
        }
        let repository_key = self.repository_key(repository).await?;
        in_transaction!(self.pools(), |link| index_listed(&mut link, repository_key, matches, series, now_ms))
    }
}

/// What a repository told of a study, by copy. SQLite takes the tables as they are written here: by itself it begins with all copies of the
/// repository.
fn told(study_instance_uid: &str, repository: &str) -> Sql {
    let sql = Sql::new(
        "SELECT c.study_key, CASE WHEN c.record = '' THEN s.record ELSE c.record END, c.removed_ms \
         FROM study s CROSS JOIN study_copy c CROSS JOIN repository q WHERE c.study_key = s.study_key \
         AND q.repository_key = c.repository_key AND s.study_instance_uid = $1 AND q.code = $2",
    );
    sql.arg(study_instance_uid).arg(repository)
}

/// What a repository told of one study before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToldBefore {
    /// That it has the study: a copy is registered.
    pub has_copy: bool,
    /// That it has it no more: a copy is marked as gone at the source.
    pub removed: bool,
    /// That it is another patient's than now, or several patients': its list is to be asked for this identifier alone, and
    /// [`Store::index_listed`] takes in the whole answer.
    pub of_others: bool,
    /// The same as now, whatever others tell of its patient or have of it, and whatever was rejected of it since.
    pub as_now: bool,
}

/// How many series and instances a list of studies tells of.
fn counts(study: &StudyRecord) -> Option<(u32, u32)> {
    study.number_of_study_related_series.zip(study.number_of_study_related_instances)
}

/// Whether a copy is as its repository lists it, as far as a list of studies tells; its [`counts`] apart.
fn is_as_before(before: &StudyRecord, said: &StudyRecord) -> bool {
    before.study_date == said.study_date
        && before.study_description == said.study_description
        && before.patient.patient_id == said.patient.patient_id
        && before.patient.patient_name == said.patient.patient_name
        && before.patient.patient_birth_date == said.patient.patient_birth_date
}

async fn index_listed(
    link: &mut Link,
    repository_key: i64,
    matches: &[StudyRecord],
    series: &[SeriesRecord],
    now_ms: i64,
) -> Result<Vec<Indexed>, StoreError> {
    let Some(first) = matches.first() else { return Ok(Vec::new()) };
    dialect::hold(link, matches.iter().flat_map(names_to_hold)).await?;
    let mut work = Work::new(link, now_ms);
    let listed: Vec<&PatientRecord> = matches.iter().map(|study| &study.patient).collect();
    let mut out = Vec::with_capacity(matches.len());
    for study in matches {
        out.push(declare(&mut work, repository_key, (study, series), &listed).await?);
    }
    study::keep_listed(&mut work, &first.study_instance_uid, repository_key, &listed).await?;
    let changed = work.finish().await?;
    out.iter_mut().for_each(|indexed| indexed.changed |= changed);
    Ok(out)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::told;
    use crate::engine::dialect;
    use crate::{Engine, Store};

    #[tokio::test]
    async fn what_was_told_of_a_study_is_looked_for_by_the_study() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", folder.path().join("a.sqlite").display())).await.unwrap();
        let sql = dialect::explain(Engine::Sqlite, told("1.2", "north"), 10);
        let rows = store.read().await.unwrap().rows(sql).await.unwrap();
        let plan: Vec<_> = rows.iter().map(|row| dialect::explained(Engine::Sqlite, row).unwrap()).collect();
        assert!(plan[0].contains("study_by_uid") && plan[1].contains("study_copy_of_study"), "{plan:?}");
    }
}
