//! Signatures; bodies follow.
#![expect(clippy::unused_async, unused_variables, reason = "bodies follow")]

use index_model::{
    Finding, ReportRecord, RepositoryCode, RepositoryDefinition, SeriesRecord, StudyRecord, Uid,
};
use index_query::Query;

use crate::*;

type Answer<T> = Result<T, StoreError>;

const LATER: StoreError = StoreError::Unknown { what: "method" };

/// The registry's database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store;

#[expect(missing_docs, reason = "bodies follow")]
impl Store {
    pub async fn open(url: &str) -> Answer<Self> { Err(LATER) }
    pub async fn close(&self) {}
    pub fn engine(&self) -> Engine { Engine::Sqlite }
    pub async fn put_repository(&self, definition: &RepositoryDefinition, now_ms: i64) -> Answer<()> { Err(LATER) }
    pub async fn insert_repository(&self, definition: &RepositoryDefinition, now_ms: i64) -> Answer<bool> { Err(LATER) }
    pub async fn repositories(&self) -> Answer<Vec<RepositoryRow>> { Err(LATER) }
    pub async fn set_paused(&self, code: &RepositoryCode, paused: bool) -> Answer<()> { Err(LATER) }
    pub async fn note_contact(&self, code: &RepositoryCode, at_ms: i64, error: Option<&str>) -> Answer<()> { Err(LATER) }
    pub async fn save_sync(&self, code: &RepositoryCode, sync: &SyncState) -> Answer<()> { Err(LATER) }
    pub async fn index_study(&self, repository: &RepositoryCode, study: &StudyRecord, series: &[SeriesRecord], now_ms: i64) -> Answer<Indexed> { Err(LATER) }
    pub async fn index_instances(&self, batch: &[NewInstance], now_ms: i64) -> Answer<Vec<InstanceIndexed>> { Err(LATER) }
    pub async fn search_studies(&self, query: &Query, filter: &SearchFilter) -> Answer<Found<StudyRow>> { Err(LATER) }
    pub async fn search_series(&self, query: &Query, filter: &SearchFilter) -> Answer<Found<SeriesRow>> { Err(LATER) }
    /// The series that instances of this query lie in (at most 1000; `remaining` tells of more). `unsupported` are the keys that the
    /// caller must still apply to the manifests' headers. The query's page is not looked at.
    pub async fn instances_scope(&self, query: &Query, filter: &SearchFilter) -> Answer<Found<SeriesRow>> { Err(LATER) }
    pub async fn study_by_key(&self, study_key: i64) -> Answer<Option<StudyRow>> { Err(LATER) }
    pub async fn studies_by_uid(&self, uid: &Uid, filter: &SearchFilter) -> Answer<Vec<StudyRow>> { Err(LATER) }
    pub async fn series_of_study(&self, study_key: i64) -> Answer<Vec<SeriesRow>> { Err(LATER) }
    pub async fn series_by_uid(&self, study_uid: &Uid, series_uid: &Uid) -> Answer<Vec<SeriesRow>> { Err(LATER) }
    pub async fn series_by_key(&self, series_key: i64) -> Answer<Option<SeriesRow>> { Err(LATER) }
    pub async fn series_of_instance(&self, sop: &Uid) -> Answer<Vec<i64>> { Err(LATER) }
    pub async fn copies_of_series(&self, series_key: i64) -> Answer<Vec<SeriesCopy>> { Err(LATER) }
    pub async fn pending_entries(&self, series_key: i64) -> Answer<Vec<PendingEntry>> { Err(LATER) }
    pub async fn manifest_state(&self, series_key: i64) -> Answer<Option<ManifestState>> { Err(LATER) }
    #[expect(clippy::too_many_arguments, reason = "bodies follow")]
    pub async fn fold_manifest(&self, series_key: i64, from_version: i64, object: &str, last_entry_key: i64, state: ManifestPhase, instances: u32, now_ms: i64) -> Answer<bool> { Err(LATER) }
    pub async fn series_to_fold(&self, quiet_before_ms: i64, limit: u32) -> Answer<Vec<i64>> { Err(LATER) }
    pub async fn person(&self, person_key: i64) -> Answer<Option<PersonRow>> { Err(LATER) }
    pub async fn person_by_id(&self, public_id: &str) -> Answer<Option<PersonRow>> { Err(LATER) }
    pub async fn studies_of_person(&self, person_key: i64, filter: &SearchFilter) -> Answer<Vec<StudyRow>> { Err(LATER) }
    pub async fn persons_by_patient_id(&self, issuer: Option<&str>, id: &str) -> Answer<Vec<PersonRow>> { Err(LATER) }
    pub async fn studies_by_accession(&self, issuer: Option<&str>, accession: &str) -> Answer<Vec<StudyRow>> { Err(LATER) }
    pub async fn store_report(&self, repository: &RepositoryCode, report: &ReportRecord, raw: &[u8], now_ms: i64) -> Answer<ReportStored> { Err(LATER) }
    pub async fn report(&self, public_id: &str) -> Answer<Option<ReportRow>> { Err(LATER) }
    pub async fn reports_of_person(&self, person_key: i64) -> Answer<Vec<ReportRow>> { Err(LATER) }
    pub async fn reports_of_study(&self, study_key: i64) -> Answer<Vec<ReportRow>> { Err(LATER) }
    pub async fn quarantine(&self, repository: &RepositoryCode, finding: &Finding, size_bytes: u64, object: Option<&str>, now_ms: i64) -> Answer<i64> { Err(LATER) }
    pub async fn quarantined(&self, limit: u32) -> Answer<Vec<QuarantineRow>> { Err(LATER) }
    pub async fn changes_after(&self, seq: i64, limit: u32) -> Answer<Vec<Change>> { Err(LATER) }
}
