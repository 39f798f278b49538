//! Instances that were rejected (IHE RAD IOCM): they leave every study, whichever came first, the note or its instances.
//!
//! A note holds for every copy of an instance once its sender has a copy of the study; before, it waits. What is held of a rejected instance
//! is kept and given to nobody.

mod arrival;
mod expired;
mod of_reports;
pub(super) mod told;
mod withdraw;

use std::collections::BTreeSet;

use index_model::{KeyObject, KeyObjectPurpose, PatientRecord, RejectionReason, RepositoryCode};

pub(super) use self::arrival::{declared, held, settle};
use super::doubted;
use super::work::Work;
use crate::engine::{Link, Sql, dialect, in_transaction, json};
use crate::{Rejected, Store, StoreError};

/// Rows of one statement.
const CHUNK: usize = 100;
/// The reason in a row of `rejection` that no note made: the report that the object is was withdrawn.
pub(crate) const WITHDRAWN: &str = "report";

impl Store {
    /// Takes in a rejection note, and keeps the name of the object that it is. A repeat changes nothing. It holds by identifiers; that it names
    /// another patient than a study of them has is noted, and somebody is alerted.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn reject(
        &self,
        repository: &RepositoryCode,
        (note, patient): (&KeyObject, &PatientRecord),
        reason: RejectionReason,
        object: Option<&str>,
        now_ms: i64,
    ) -> Result<Rejected, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        let note = Note { repository_key, note, patient, reason, object };
        in_transaction!(self.pools(), |link| note.store(&mut link, now_ms))
    }

    /// Keeps a manifest, by the name of the object that it is; whether it is new.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn keep_manifest(
        &self,
        repository: &RepositoryCode,
        manifest: &KeyObject,
        object: Option<&str>,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        in_transaction!(self.pools(), |link| keep(&mut link, repository_key, (manifest, None), object, now_ms))
    }

    /// The instances that the series of a study are without.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rejected_of_series(&self, series_key: i64) -> Result<BTreeSet<String>, StoreError> {
        let sql = Sql::new(
            "SELECT DISTINCT x.sop_instance_uid FROM series r JOIN study s ON s.study_key = r.study_key \
             JOIN rejection x ON x.study_instance_uid = s.study_instance_uid WHERE r.series_key = $1 AND x.applied = 1 \
             LIMIT 1000000",
        );
        self.read().await?.rows(sql.arg(series_key)).await?.iter().map(|row| row.text(0)).collect()
    }
}

/// Keeps a key object selection; whether it is new.
async fn keep(
    link: &mut Link,
    repository_key: i64,
    (document, patient): (&KeyObject, Option<&PatientRecord>),
    object: Option<&str>,
    now_ms: i64,
) -> Result<bool, StoreError> {
    let purpose = match document.purpose {
        KeyObjectPurpose::Manifest => "manifest",
        KeyObjectPurpose::Rejection(reason) => reason.code(),
    };
    let sql = Sql::new(
        "INSERT INTO key_object (sop_instance_uid, purpose, repository_key, object, at_ms, patient) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT DO NOTHING",
    );
    let sql = sql.arg(document.sop_instance_uid.as_str()).arg(purpose).arg(repository_key).arg(object).arg(now_ms);
    let sql = sql.arg(patient.map(json).transpose()?);
    Ok(link.run(sql).await? > 0)
}

struct Note<'a> {
    repository_key: i64,
    note: &'a KeyObject,
    patient: &'a PatientRecord,
    reason: RejectionReason,
    object: Option<&'a str>,
}

impl Note<'_> {
    async fn store(&self, link: &mut Link, now_ms: i64) -> Result<Rejected, StoreError> {
        let studies = || self.note.studies.iter();
        dialect::hold(link, studies().map(|study| format!("study {}", study.study_instance_uid))).await?;
        let mut out = Rejected::default();
        if !keep(link, self.repository_key, (self.note, Some(self.patient)), self.object, now_ms).await? {
            out.is_repeat = true;
            return Ok(out);
        }
        self.insert(link, now_ms).await?;
        let mut work = Work::new(link, now_ms);
        for study in studies() {
            let uid = study.study_instance_uid.as_str();
            doubted::note_of(&mut work, &study.study_instance_uid, self.patient).await?;
            if has_copy(&mut work, uid, self.repository_key).await? {
                withdraw::apply(&mut work, uid, self.repository_key, &mut out).await?;
            } else {
                crate::reports::rejected::objects_rejected(&mut work, uid).await?;
                tracing::info!("a rejection note waits for its instances");
            }
        }
        work.finish().await?;
        Ok(out)
    }

    async fn insert(&self, link: &mut Link, now_ms: i64) -> Result<(), StoreError> {
        for study in &self.note.studies {
            let rejected: Vec<_> =
                study.series.iter().flat_map(|series| series.instances.iter().map(move |one| (series, one))).collect();
            for chunk in rejected.chunks(CHUNK) {
                let mut sql = Sql::new(
                    "INSERT INTO rejection (study_instance_uid, series_instance_uid, sop_instance_uid, repository_key, \
                     reason, note_uid, at_ms) VALUES ",
                );
                for (i, (series, (_, instance))) in chunk.iter().enumerate() {
                    let key = self.repository_key.into();
                    let uids = [&study.study_instance_uid, &series.series_instance_uid, instance];
                    let [study_uid, series_uid, instance_uid] = uids.map(|uid| uid.as_str().into());
                    let (reason, note) = (self.reason.code().into(), self.note.sop_instance_uid.as_str().into());
                    sql.tuple(i == 0, [study_uid, series_uid, instance_uid, key, reason, note, now_ms.into()]);
                }
                // A note stands over the withdrawal of a report: what it rejects does not come back with a correction.
                sql.push(
                    " ON CONFLICT (sop_instance_uid, study_instance_uid, repository_key) DO UPDATE SET \
                     reason = excluded.reason, note_uid = excluded.note_uid, at_ms = excluded.at_ms WHERE rejection.reason = ",
                )
                .bind(WITHDRAWN);
                link.run(sql).await?;
            }
        }
        Ok(())
    }
}

async fn has_copy(work: &mut Work<'_>, study_uid: &str, repository_key: i64) -> Result<bool, StoreError> {
    let sql = Sql::new(
        "SELECT 1 FROM study s JOIN study_copy c ON c.study_key = s.study_key AND c.repository_key = $1 \
         WHERE s.study_instance_uid = $2 LIMIT 1",
    );
    Ok(work.link.row(sql.arg(repository_key).arg(study_uid)).await?.is_some())
}
