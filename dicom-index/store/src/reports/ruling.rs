//! What an operator rules of a report and a study: it stands over all other evidence, but for whose they are.

use index_model::{ReportRecord, Uid};

use super::link::{self, Subject};
use crate::engine::{Link, Sql, dialect, in_transaction};
use crate::index::Work;
use crate::{Ruled, Store, StoreError};

impl Store {
    /// Ties a report to a study by an operator's ruling, or parts them. It also holds when the study comes again; a later ruling takes its
    /// place.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rule_report(
        &self,
        public_id: &str,
        study: &Uid,
        linked: bool,
        ruled_by: &str,
        now_ms: i64,
    ) -> Result<Ruled, StoreError> {
        let ruling = Ruling { public_id, study, linked, ruled_by };
        in_transaction!(self.pools(), |link| ruling.store(&mut link, now_ms))
    }
}

struct Ruling<'a> {
    public_id: &'a str,
    study: &'a Uid,
    linked: bool,
    ruled_by: &'a str,
}

impl Ruling<'_> {
    async fn store(&self, link: &mut Link, now_ms: i64) -> Result<Ruled, StoreError> {
        dialect::hold(link, [format!("ruling {}", self.public_id)]).await?;
        let sql =
            Sql::new("SELECT report_key, person_key, record FROM report WHERE public_id = $1").arg(self.public_id);
        let Some(row) = link.row(sql).await? else { return Ok(Ruled::NoSuchReport) };
        let (report_key, record) = (row.int(0)?, row.json::<ReportRecord>(2)?);
        let subject = Subject::new(row.int(1)?, &record.patient);
        let sql = Sql::new("SELECT person_key, record FROM study WHERE study_instance_uid = $1 LIMIT 1000");
        let studies = link.rows(sql.arg(self.study.as_str())).await?;
        if studies.is_empty() {
            return Ok(Ruled::NoSuchStudy);
        }
        let mut is_theirs = false;
        for study in &studies {
            is_theirs |= subject.fits(study.int(0)?, &study.json(1)?);
        }
        if self.linked && !is_theirs {
            return Ok(Ruled::OtherPatient);
        }
        let sql = Sql::new(
            "INSERT INTO report_ruling (report_key, study_instance_uid, linked, ruled_by, at_ms) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (report_key, study_instance_uid) DO UPDATE SET linked = excluded.linked, \
             ruled_by = excluded.ruled_by, at_ms = excluded.at_ms",
        );
        let sql = sql.arg(report_key).arg(self.study.as_str()).arg(self.linked).arg(self.ruled_by).arg(now_ms);
        link.run(sql).await?;
        let mut work = Work::new(link, now_ms);
        link::relink(&mut work, report_key).await?;
        work.finish().await?;
        Ok(Ruled::Done)
    }
}
