//! Reports: versions by message, the one that is shown, and the studies they are about.

pub(crate) mod link;
pub(crate) mod orders;
mod read;
mod ruling;
mod versions;

use index_model::{ReportRecord, ReportStatus, RepositoryCode};

use self::versions::Version;
use crate::engine::{Link, Sql, dialect, in_transaction, json};
use crate::index::patient::{self, Placed};
use crate::index::{Work, patient_names};
use crate::{ReportStored, Store, StoreError, messages};

impl Store {
    /// Takes in a report message: as a version of the report that it belongs to, or as a new one.
    ///
    /// Versions share a filler order number, else an accession number, of one repository. When this returns, the message is on disk.
    /// The report is linked to the studies that its evidence names, strongest first, and to those that arrive later.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn store_report(
        &self,
        repository: &RepositoryCode,
        report: &ReportRecord,
        raw: &[u8],
        now_ms: i64,
    ) -> Result<ReportStored, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        let message = Message { repository_key, report, raw, now_ms };
        in_transaction!(self.pools(), |link| message.store(&mut link))
    }
}

struct Message<'a> {
    repository_key: i64,
    report: &'a ReportRecord,
    raw: &'a [u8],
    now_ms: i64,
}

/// A report as it was before this message.
struct Known {
    report_key: i64,
    public_id: String,
    versions: u32,
    shown: u32,
}

impl Message<'_> {
    async fn store(&self, link: &mut Link) -> Result<ReportStored, StoreError> {
        let family = self.family();
        let mut names = patient_names(&self.report.patient);
        names.push(format!("report {} {family}", self.repository_key));
        names.push(format!("message {} {}", self.repository_key, self.report.message_control_id));
        dialect::hold(link, names).await?;
        let report = self.report;
        if let Some(earlier) = messages::earlier(link, self.repository_key, &report.message_control_id).await? {
            let is_same = earlier.is_same(&report.message_sha256);
            let report_key = earlier.report_key.unwrap_or(-1);
            return Ok(if is_same { ReportStored::Repeat { report_key } } else { ReportStored::ControlIdReused });
        }
        let mut work = Work::new(link, self.now_ms);
        let alone = format!("report {family}");
        let placed = patient::place(&mut work, self.repository_key, &self.report.patient, &alone).await?;
        let known = match self.known(work.link, &family).await? {
            Some(known) => known,
            None => self.insert(work.link, &family, placed).await?,
        };
        let version = known.versions + 1;
        self.insert_version(work.link, known.report_key, version).await?;
        let versions = versions::load(work.link, known.report_key).await?;
        let shown = versions::shown(&versions).map_or(version, |shown| shown.version);
        self.update(work.link, &known, version, shown, placed).await?;
        link::relink(&mut work, known.report_key).await?;
        work.finish().await?;
        let (report_key, public_id) = (known.report_key, known.public_id);
        Ok(ReportStored::Stored { report_key, public_id, version, current: shown == version })
    }

    /// What the versions of one report have in common: the filler order number, else the accession number, else nothing.
    fn family(&self) -> String {
        let report = self.report;
        let order = report.filler_order_number.as_ref().map(|id| ("filler", id));
        let accession = report.accession_number.as_ref().map(|id| ("accession", id));
        match order.or(accession) {
            Some((kind, id)) => format!("{kind} {} {}", id.issuer, id.value.expose()),
            None => format!("message {}", report.message_control_id),
        }
    }

    async fn known(&self, link: &mut Link, family: &str) -> Result<Option<Known>, StoreError> {
        let sql = Sql::new(
            "SELECT report_key, public_id, versions, current_version FROM report WHERE repository_key = $1 AND family = $2",
        );
        let row = link.row(sql.arg(self.repository_key).arg(family)).await?;
        row.map(|row| {
            let (versions, shown) = (row.count(2)?, row.count(3)?);
            Ok(Known { report_key: row.int(0)?, public_id: row.text(1)?, versions, shown })
        })
        .transpose()
    }

    async fn insert(&self, link: &mut Link, family: &str, placed: Placed) -> Result<Known, StoreError> {
        let public_id = uuid::Uuid::new_v4().to_string();
        let mut sql = Sql::new(
            "INSERT INTO report (public_id, repository_key, family, person_key, patient_key, accession_number, \
             accession_issuer, filler_number, filler_issuer, placer_number, placer_issuer, status, current_version, versions, \
             received_ms, record, said_patient_key) VALUES (",
        );
        sql.bind(public_id.as_str()).push(", ").bind(self.repository_key).push(", ").bind(family).push(", ");
        sql.list([placed.person_key, placed.patient_key]).push(", ").list(self.order_columns()).push(", ");
        sql.bind(self.report.status.code()).push(", 0, 0, ").bind(self.now_ms).push(", ").bind(json(self.report)?);
        sql.push(", ").bind(placed.said_key).push(") RETURNING report_key");
        let report_key = link.number(sql).await?;
        let sql = Sql::new("UPDATE repository SET reports = reports + 1 WHERE repository_key = $1");
        link.run(sql.arg(self.repository_key)).await?;
        Ok(Known { report_key, public_id, versions: 0, shown: 0 })
    }

    /// Accession number, filler and placer order number, each with its issuer.
    fn order_columns(&self) -> [&str; 6] {
        let report = self.report;
        let numbers = [&report.accession_number, &report.filler_order_number, &report.placer_order_number];
        let [accession, filler, placer] =
            numbers.map(|id| id.as_ref().map_or(["", ""], |id| [id.value.expose().trim(), id.issuer.as_str()]));
        [accession[0], accession[1], filler[0], filler[1], placer[0], placer[1]]
    }

    async fn insert_version(&self, link: &mut Link, report_key: i64, version: u32) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO report_version (report_key, version, repository_key, message_control_id, message_sha256, \
             received_ms, record, raw) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        );
        let report = self.report;
        let sql = sql.arg(report_key).arg(version).arg(self.repository_key).arg(report.message_control_id.as_str());
        let sql = sql.arg(report.message_sha256.as_str()).arg(self.now_ms).arg(json(report)?).arg(self.raw.to_vec());
        link.run(sql).await?;
        for (document, number) in report.documents.iter().zip(1_i64..) {
            let sql =
                Sql::new("INSERT INTO report_document (report_key, version, number, content) VALUES ($1, $2, $3, $4)");
            let content = document.content.expose().to_vec();
            link.run(sql.arg(report_key).arg(version).arg(number).arg(content)).await?;
        }
        for uid in report.study_instance_uids.iter().take(64) {
            let sql = Sql::new(
                "INSERT INTO report_study_uid (study_instance_uid, report_key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            );
            link.run(sql.arg(uid.as_str()).arg(report_key)).await?;
        }
        Ok(())
    }

    /// Books the version, and shows it when it is the one to be shown.
    async fn update(
        &self,
        link: &mut Link,
        known: &Known,
        version: u32,
        shown: u32,
        placed: Placed,
    ) -> Result<(), StoreError> {
        if shown != version {
            debug_assert_eq!(shown, known.shown, "an older version never becomes the one shown");
            let sql = Sql::new("UPDATE report SET versions = $1 WHERE report_key = $2");
            return link.run(sql.arg(version).arg(known.report_key)).await.map(drop);
        }
        let sql = Sql::new(
            "UPDATE report SET versions = $1, current_version = $1, status = $2, person_key = $3, patient_key = $4, \
             accession_number = $5, accession_issuer = $6, filler_number = $7, filler_issuer = $8, placer_number = $9, \
             placer_issuer = $10, received_ms = $11, record = $12, said_patient_key = $13 WHERE report_key = $14",
        );
        let sql = sql.arg(version).arg(self.report.status.code()).arg(placed.person_key).arg(placed.patient_key);
        let sql = self.order_columns().into_iter().fold(sql, Sql::arg).arg(self.now_ms);
        link.run(sql.arg(json(self.report)?).arg(placed.said_key).arg(known.report_key)).await.map(drop)
    }
}

/// Whether a status is of a verified report or takes one back: such a version is never hidden by an unverified one.
const fn is_settled(status: ReportStatus) -> bool {
    use ReportStatus as S;
    match status {
        S::Final | S::Amended | S::Corrected | S::Appended | S::Cancelled | S::EnteredInError => true,
        S::Registered | S::Partial | S::Preliminary => false,
    }
}

impl Version {
    /// By which versions are ordered: settled after unsettled, then by when they were issued, then by arrival.
    fn rank(&self) -> (bool, i64, u32) {
        (is_settled(self.status), self.issued_ms.unwrap_or(self.received_ms), self.version)
    }
}
