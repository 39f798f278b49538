//! A repository's copies leave the index: what only it had goes, and what another has as well stays under that one.

use std::collections::BTreeSet;

use index_model::{RepositoryCode, Uid};

use super::work::Work;
use super::{move_series, series, study};
use crate::engine::{Link, Row, Sql, dialect, in_transaction};
use crate::{Store, StoreError, TakenOut};

/// Studies of one transaction.
const BATCH: u32 = 20;

impl Store {
    /// Takes some of the copies of a retired repository out; none when it has none left, or is registered again. Reports and patients
    /// stay.
    ///
    /// The objects named in the answer are to be deleted after this. Of a series that another repository has too nothing is deleted: an
    /// identical instance is kept once, whoever it came from.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn take_copies_out(&self, repository: &RepositoryCode, now_ms: i64) -> Result<TakenOut, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        in_transaction!(self.pools(), |link| take_out(&mut link, repository_key, now_ms))
    }
}

async fn take_out(link: &mut Link, repository_key: i64, now_ms: i64) -> Result<TakenOut, StoreError> {
    let sql = Sql::new(
        "SELECT s.study_instance_uid FROM study_copy c JOIN study s ON s.study_key = c.study_key \
         JOIN repository q ON q.repository_key = c.repository_key \
         WHERE c.repository_key = $1 AND q.retired_ms IS NOT NULL ORDER BY c.study_copy_key LIMIT $2",
    );
    let uids: BTreeSet<String> =
        link.rows(sql.arg(repository_key).arg(BATCH)).await?.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    dialect::hold(link, uids.iter().map(|uid| format!("study {uid}"))).await?;
    let (mut work, mut out) = (Work::new(link, now_ms), TakenOut::default());
    for uid in uids {
        let uid = Uid::parse(&uid).map_err(|_| StoreError::Corrupt { what: "study UID" })?;
        for study_key in study::with_copies_of(&mut work, &uid, repository_key).await? {
            series_of(&mut work, study_key, repository_key, &mut out).await?;
        }
        out.studies += study::take_out(&mut work, &uid, repository_key).await?;
    }
    work.finish().await?;
    Ok(out)
}

/// Takes out a repository's copies of the series of one union study.
pub(super) async fn series_of(
    work: &mut Work<'_>,
    study_key: i64,
    repository_key: i64,
    out: &mut TakenOut,
) -> Result<(), StoreError> {
    let sql = Sql::new(
        "SELECT r.series_key, coalesce(c.declared, 0), c.known, \
         (SELECT min(o.series_copy_key) FROM series_copy o WHERE o.series_key = r.series_key AND o.repository_key <> $1) \
         FROM series r JOIN series_copy c ON c.series_key = r.series_key AND c.repository_key = $1 \
         WHERE r.study_key = $2 LIMIT 100000",
    );
    for row in work.link.rows(sql.arg(repository_key).arg(study_key)).await? {
        let series_key = row.int(0)?;
        let delta = work.delta(repository_key);
        delta.series -= 1;
        delta.instances -= row.int(1)?.max(row.int(2)?);
        out.changed.push((study_key, series_key));
        match row.opt_int(3)? {
            None => delete(work, series_key, out).await?,
            Some(heir) => leave_to(work, series_key, repository_key, heir).await?,
        }
    }
    Ok(())
}

async fn delete(work: &mut Work<'_>, series_key: i64, out: &mut TakenOut) -> Result<(), StoreError> {
    let sql = Sql::new("SELECT object FROM held_instance WHERE series_key = $1 AND object IS NOT NULL LIMIT 1000000");
    let objects = work.link.rows(sql.arg(series_key)).await?;
    out.objects.extend(objects.iter().map(|row: &Row| row.text(0)).collect::<Result<Vec<_>, _>>()?);
    let sql = Sql::new("SELECT base_object FROM series WHERE series_key = $1").arg(series_key);
    if let Some(row) = work.link.row(sql).await? {
        out.manifests.extend(row.opt_text(0)?);
    }
    series::remove(work, series_key).await
}

/// What is held of a shared series is the other copy's from now on.
async fn leave_to(work: &mut Work<'_>, series_key: i64, repository_key: i64, heir: i64) -> Result<(), StoreError> {
    series::spell_out(work, series_key).await?;
    let sql = Sql::new("SELECT repository_key FROM series_copy WHERE series_copy_key = $1").arg(heir);
    let heir_key = work.link.number(sql).await?;
    for text in [
        "UPDATE held_instance SET repository_key = $1 WHERE series_key = $2 AND repository_key = $3",
        "UPDATE manifest_entry SET repository_key = $1 WHERE series_key = $2 AND repository_key = $3",
    ] {
        work.link.run(Sql::new(text).arg(heir_key).arg(series_key).arg(repository_key)).await?;
    }
    let sql = Sql::new("DELETE FROM series_copy WHERE series_key = $1 AND repository_key = $2");
    work.link.run(sql.arg(series_key).arg(repository_key)).await?;
    let sql = Sql::new("SELECT known, coalesce(declared, 0) FROM series_copy WHERE series_copy_key = $1").arg(heir);
    let before = work.link.row(sql).await?.ok_or(StoreError::Corrupt { what: "series copy" })?;
    let sql = Sql::new(
        "UPDATE series_copy SET \
         known = (SELECT count(DISTINCT sop_instance_uid) FROM held_instance h WHERE h.series_key = $1 AND h.repository_key = $2), \
         held = (SELECT count(DISTINCT sop_instance_uid) FROM held_instance h WHERE h.series_key = $1 \
                 AND h.repository_key = $2 AND h.object IS NOT NULL) WHERE series_copy_key = $3 RETURNING known",
    );
    let known = work.link.number(sql.arg(series_key).arg(heir_key).arg(heir)).await?;
    let (was, declared) = (before.int(0)?, before.int(1)?);
    work.delta(heir_key).instances += known.max(declared) - was.max(declared);
    move_series::recount(work, series_key).await
}
