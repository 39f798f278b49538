//! From keys and UIDs to rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use index_model::{RepositoryCode, SeriesRecord, StudyRecord, Uid};

use crate::engine::{Link, Row, Sql};
use crate::manifests::phase;
use crate::search::Scope;
use crate::{Manifest, SearchFilter, SeriesCopy, SeriesRow, Store, StoreError, StudyRow};

/// Rows of one statement.
const CHUNK: usize = 400;
/// Union studies of one UID or accession number, beyond which something is wrong.
const MAX_TWINS: u32 = 1_000;
/// Series of one study in one answer.
const MAX_SERIES: u32 = 20_000;

impl Store {
    /// A study by its key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn study_by_key(&self, study_key: i64) -> Result<Option<StudyRow>, StoreError> {
        Ok(studies(&mut self.read().await?, &[study_key], &SearchFilter::default()).await?.pop())
    }

    /// The union studies with this StudyInstanceUID that the filter lets through; more than one when copies belong to different
    /// patients.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn studies_by_uid(&self, uid: &Uid, filter: &SearchFilter) -> Result<Vec<StudyRow>, StoreError> {
        let mut sql = Sql::new("SELECT s.study_key FROM study s WHERE s.study_instance_uid = ");
        sql.bind(uid.as_str());
        let mut link = self.read().await?;
        Scope::of(&mut link, filter).await?.write(&mut sql);
        sql.push(" ORDER BY s.study_key").limit(MAX_TWINS);
        let keys = keys(&mut link, sql).await?;
        studies(&mut link, &keys, filter).await
    }

    /// Studies that a copy says have this accession number; of any issuer when none is given.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn studies_by_accession(
        &self,
        issuer: Option<&str>,
        accession: &str,
    ) -> Result<Vec<StudyRow>, StoreError> {
        if accession.trim().is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("SELECT DISTINCT study_key FROM study_copy WHERE accession_number = ");
        sql.bind(accession.trim());
        if let Some(issuer) = issuer {
            sql.push(" AND accession_issuer = ").bind(issuer);
        }
        // The index has a condition, which a planner must find in the statement.
        sql.push(" AND accession_number <> '' ORDER BY study_key").limit(MAX_TWINS);
        let mut link = self.read().await?;
        let keys = keys(&mut link, sql).await?;
        studies(&mut link, &keys, &SearchFilter::default()).await
    }

    /// The series of a study, by number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn series_of_study(&self, study_key: i64) -> Result<Vec<SeriesRow>, StoreError> {
        let mut sql = Sql::new(
            "SELECT series_key FROM series WHERE study_key = $1 \
             ORDER BY series_number IS NULL, series_number, series_instance_uid",
        )
        .arg(study_key);
        sql.limit(MAX_SERIES);
        let mut link = self.read().await?;
        let keys = keys(&mut link, sql).await?;
        series(&mut link, &keys, &SearchFilter::default()).await
    }

    /// The series with these UIDs; more than one when studies of different patients share them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn series_by_uid(&self, study_uid: &Uid, series_uid: &Uid) -> Result<Vec<SeriesRow>, StoreError> {
        let mut sql = Sql::new(
            "SELECT r.series_key FROM series r JOIN study s ON s.study_key = r.study_key \
             WHERE r.series_instance_uid = $1 AND s.study_instance_uid = $2 ORDER BY r.series_key",
        )
        .arg(series_uid.as_str())
        .arg(study_uid.as_str());
        sql.limit(MAX_TWINS);
        let mut link = self.read().await?;
        let keys = keys(&mut link, sql).await?;
        series(&mut link, &keys, &SearchFilter::default()).await
    }

    /// A series by its key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn series_by_key(&self, series_key: i64) -> Result<Option<SeriesRow>, StoreError> {
        Ok(series(&mut self.read().await?, &[series_key], &SearchFilter::default()).await?.pop())
    }

    /// The series that an instance, held or known, lies in.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn series_of_instance(&self, sop: &Uid) -> Result<Vec<i64>, StoreError> {
        let mut sql =
            Sql::new("SELECT DISTINCT series_key FROM held_instance WHERE sop_instance_uid = $1 ORDER BY series_key")
                .arg(sop.as_str());
        sql.limit(MAX_TWINS);
        keys(&mut self.read().await?, sql).await
    }

    /// Who has a series: those whose instances we hold first, then by first sight. Who no longer holds the study is left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn copies_of_series(&self, series_key: i64) -> Result<Vec<SeriesCopy>, StoreError> {
        let sql = Sql::new(
            "SELECT q.code, c.declared, c.known, c.held FROM series_copy c \
             JOIN repository q ON q.repository_key = c.repository_key WHERE c.series_key = $1 AND NOT EXISTS \
             (SELECT 1 FROM series r JOIN study_copy x ON x.study_key = r.study_key WHERE r.series_key = c.series_key \
             AND x.repository_key = c.repository_key AND x.removed_ms IS NOT NULL) \
             ORDER BY c.held > 0 DESC, c.series_copy_key LIMIT 1000",
        );
        let copy = |row: &Row| {
            let (declared, number_of_instances) = counted(row, 1)?;
            Ok(SeriesCopy { repository: code(&row.text(0)?)?, declared, number_of_instances, held: row.count(3)? })
        };
        self.read().await?.rows(sql.arg(series_key)).await?.iter().map(copy).collect()
    }
}

pub(crate) fn code(text: &str) -> Result<RepositoryCode, StoreError> {
    RepositoryCode::parse(text).map_err(|_| StoreError::Corrupt { what: "repository code" })
}

/// The first column of all rows.
pub(crate) async fn keys(link: &mut Link, sql: Sql) -> Result<Vec<i64>, StoreError> {
    link.rows(sql).await?.iter().map(|row| row.int(0)).collect()
}

/// Studies in the order of their keys here; those that are gone meanwhile are left out.
pub(crate) async fn studies(link: &mut Link, keys: &[i64], filter: &SearchFilter) -> Result<Vec<StudyRow>, StoreError> {
    let mut found: HashMap<i64, (StudyRow, Vec<Holder>)> = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(CHUNK) {
        // With their copies, of which most studies have one: a statement costs more than a record that is read twice.
        let mut sql = Sql::new(
            "SELECT s.study_key, s.patient_key, s.person_key, s.record, s.modalities, s.number_of_series, s.number_of_instances, \
             s.conflict, s.updated_ms, CASE WHEN s.study_date = '' THEN (SELECT u.listed_date FROM undated_study u \
             WHERE u.study_key = s.study_key) END, c.study_copy_key, q.code, q.region, c.removed_ms FROM study s \
             LEFT JOIN study_copy c ON c.study_key = s.study_key LEFT JOIN repository q ON q.repository_key = c.repository_key \
             WHERE s.study_key IN (",
        );
        sql.list(chunk.iter().copied()).push(")");
        for row in link.rows(sql).await? {
            let holder = Holder::of(&row, 10, filter)?;
            match found.entry(row.int(0)?) {
                Entry::Occupied(mut known) => known.get_mut().1.extend(holder),
                Entry::Vacant(new) => {
                    new.insert((study(&row)?, holder.into_iter().collect()));
                }
            }
        }
    }
    Ok(keys.iter().filter_map(|key| found.remove(key)).map(|(study, holders)| held_by(study, holders)).collect())
}

/// Who has a copy.
struct Holder {
    copy_key: i64,
    code: RepositoryCode,
    region: String,
    is_removed: bool,
}

impl Holder {
    /// From the columns after `at`: the copy's key, code, region, and when it was removed. `None` where there is no copy, or a hidden one.
    fn of(row: &Row, at: usize, filter: &SearchFilter) -> Result<Option<Self>, StoreError> {
        let Some(copy_key) = row.opt_int(at)? else { return Ok(None) };
        let region = row.text(at + 2)?;
        if filter.regions.as_ref().is_some_and(|regions| !regions.contains(&region)) {
            return Ok(None);
        }
        let is_removed = row.opt_int(at + 3)?.is_some();
        Ok(Some(Self { copy_key, code: code(&row.text(at + 1)?)?, region, is_removed }))
    }
}

/// A study with who holds it, in the order in which they first told of it.
fn held_by(mut study: StudyRow, mut holders: Vec<Holder>) -> StudyRow {
    holders.sort_unstable_by_key(|holder| holder.copy_key);
    for Holder { code, region, is_removed, .. } in holders {
        if is_removed {
            study.removed.push(code.clone());
        }
        if !study.repositories.contains(&code) {
            study.repositories.push(code);
        }
        if !study.regions.contains(&region) {
            study.regions.push(region);
        }
    }
    study
}

fn study(row: &Row) -> Result<StudyRow, StoreError> {
    let study: StudyRecord = row.json(3)?;
    let modalities = row.text(4)?;
    Ok(StudyRow {
        study_key: row.int(0)?,
        patient_key: row.int(1)?,
        person_key: row.int(2)?,
        repositories: Vec::new(),
        removed: Vec::new(),
        regions: Vec::new(),
        study,
        modalities: modalities.split('|').filter(|modality| !modality.is_empty()).map(str::to_owned).collect(),
        number_of_series: row.count(5)?,
        number_of_instances: row.count(6)?,
        conflict: row.flag(7)?,
        updated_ms: row.int(8)?,
        listed_date: row.opt_text(9)?,
    })
}

/// Series in the order of their keys here, each with its study.
pub(crate) async fn series(link: &mut Link, keys: &[i64], filter: &SearchFilter) -> Result<Vec<SeriesRow>, StoreError> {
    let mut found: HashMap<i64, SeriesRow> = HashMap::with_capacity(keys.len());
    let mut holders: HashMap<i64, Vec<(Holder, Option<u32>)>> = HashMap::new();
    let mut rows = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(CHUNK) {
        let mut sql = Sql::new(
            "SELECT r.series_key, r.study_key, r.record, r.number_of_instances, r.held, r.manifest_version, r.manifest_phase, \
             c.series_copy_key, q.code, q.region, CAST(NULL AS BIGINT), c.declared, c.known FROM series r \
             LEFT JOIN series_copy c ON c.series_key = r.series_key LEFT JOIN repository q ON q.repository_key = c.repository_key \
             WHERE r.series_key IN (",
        );
        sql.list(chunk.iter().copied()).push(")");
        for row in link.rows(sql).await? {
            let holder = match Holder::of(&row, 7, filter)? {
                Some(holder) => Some((holder, counted(&row, 11)?.1)),
                None => None,
            };
            match holders.entry(row.int(0)?) {
                Entry::Occupied(mut known) => known.get_mut().extend(holder),
                Entry::Vacant(new) => {
                    new.insert(holder.into_iter().collect());
                    rows.push(row);
                }
            }
        }
    }
    let mut study_keys: Vec<i64> = rows.iter().map(|row| row.int(1)).collect::<Result<_, _>>()?;
    study_keys.sort_unstable();
    study_keys.dedup();
    let studies: HashMap<i64, Arc<StudyRow>> =
        studies(link, &study_keys, filter).await?.into_iter().map(|study| (study.study_key, Arc::new(study))).collect();
    for row in &rows {
        let Some(study) = studies.get(&row.int(1)?) else { continue };
        let mut holders = holders.remove(&row.int(0)?).unwrap_or_default();
        holders.sort_unstable_by_key(|(holder, _)| holder.copy_key);
        let mut series = series_row(row, Arc::clone(study))?;
        for (Holder { code, .. }, instances) in holders {
            if instances.is_some_and(|instances| instances < series.number_of_instances) {
                series.partial.push(code.clone());
            }
            series.repositories.push(code);
        }
        found.insert(series.series_key, series);
    }
    Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
}

/// What a repository declares of a series, from the columns `declared` and `known` at `at`; and how many instances its copy has, as far
/// as anybody said.
fn counted(row: &Row, at: usize) -> Result<(Option<u32>, Option<u32>), StoreError> {
    let declared = row.opt_int(at)?.map(|count| u32::try_from(count).unwrap_or(0));
    let known = row.count(at + 1)?;
    Ok((declared, declared.map(|count| count.max(known)).or((known > 0).then_some(known))))
}

fn series_row(row: &Row, study: Arc<StudyRow>) -> Result<SeriesRow, StoreError> {
    let series: SeriesRecord = row.json(2)?;
    Ok(SeriesRow {
        study,
        series_key: row.int(0)?,
        series,
        repositories: Vec::new(),
        partial: Vec::new(),
        number_of_instances: row.count(3)?,
        held: row.count(4)?,
        manifest: Manifest { version: row.int(5)?, state: phase(&row.text(6)?)? },
    })
}
