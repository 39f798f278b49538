//! Reports: versions by message, the one that is shown, and the studies they are about.

mod addenda;
mod doubt;
mod family;
mod hold;
pub(crate) mod link;
pub(crate) mod orders;
pub(crate) mod read;
pub(crate) mod rejected;
mod ruling;
mod versions;
mod whose;

use index_model::{ReportRecord, ReportStatus, RepositoryCode, VisitNumbers};

use self::family::{Family, Known};
use self::versions::Version;
use crate::engine::{Link, Sql, dialect, in_transaction, json};
use crate::index::patient::{self, Placed};
use crate::index::{Work, patient_names, visits};
use crate::{NewReport, ReportStored, Store, StoreError, messages};

impl Store {
    /// Takes in a report: as a version of the report that it belongs to, or as a new one.
    ///
    /// When this returns, it is on disk. It is linked to the studies that its evidence names, strongest first, and to those that arrive
    /// later. Which versions are of one report is told in [`family`].
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
        let new = NewReport { repository: repository.clone(), report: report.clone(), raw: raw.into() };
        let stored = self.store_reports(std::slice::from_ref(&new), now_ms).await?;
        stored.into_iter().next().ok_or(StoreError::Corrupt { what: "batch" })
    }

    /// Takes in several reports as [`store_report`](Self::store_report) does, one after the other, in one transaction: all of them or none.
    /// At most 1,000; the answer has the order of the batch.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Conflict`] when the batch is too large;
    /// [`StoreError::Unavailable`].
    pub async fn store_reports(&self, batch: &[NewReport], now_ms: i64) -> Result<Vec<ReportStored>, StoreError> {
        if batch.len() > MOST_REPORTS {
            return Err(StoreError::Conflict { what: "a batch of more than 1,000 reports" });
        }
        let mut messages = Vec::with_capacity(batch.len());
        for new in batch {
            let repository_key = self.repository_key(&new.repository).await?;
            messages.push(Message { repository_key, report: &new.report, raw: &new.raw, now_ms });
        }
        in_transaction!(self.pools(), |link| store_all(&mut link, &messages))
    }
}

/// Reports of one batch.
const MOST_REPORTS: usize = 1_000;

async fn store_all(link: &mut Link, messages: &[Message<'_>]) -> Result<Vec<ReportStored>, StoreError> {
    dialect::hold(link, messages.iter().flat_map(Message::names)).await?;
    let mut stored = Vec::with_capacity(messages.len());
    for message in messages {
        stored.push(message.store(link).await?);
    }
    Ok(stored)
}

struct Message<'a> {
    repository_key: i64,
    report: &'a ReportRecord,
    raw: &'a [u8],
    now_ms: i64,
}

impl Message<'_> {
    /// What two nodes must not make at once.
    fn names(&self) -> Vec<String> {
        let report = self.report;
        let mut names = patient_names(&report.patient);
        names.push(format!("report {} {}", self.repository_key, family::name(report)));
        names.push(format!("message {} {}", self.repository_key, report.message_control_id));
        let numbers =
            report.accession_number.iter().map(|id| format!("reports of {} {}", id.issuer, id.value.expose()));
        names.extend(numbers);
        names.extend(report.document_ids.iter().chain(&report.predecessor_ids).map(|id| format!("document {id}")));
        names
    }

    async fn store(&self, link: &mut Link) -> Result<ReportStored, StoreError> {
        let report = self.report;
        if let Some(stored) = self.earlier(link).await? {
            return Ok(stored);
        }
        let mut work = Work::new(link, self.now_ms);
        let alone = format!("report {}", family::name(report));
        let placed = patient::place_of_message(&mut work, self.repository_key, &report.patient, &alone).await?;
        let (known, family) = family::find(&mut work, self.repository_key, report, placed).await?;
        let known = match known {
            Some(known) => {
                rejected::lock(work.link, known.report_key).await?;
                known
            }
            None => self.insert(work.link, &family, placed).await?,
        };
        let version = known.versions + 1;
        self.insert_version(work.link, known.report_key, version).await?;
        let versions = versions::load(work.link, known.report_key).await?;
        let shown = versions::shown(&versions).map_or(version, |shown| shown.version);
        self.update(work.link, &known, version, shown, placed).await?;
        versions::note_amended(work.link, known.report_key, &versions).await?;
        visits::follow(&mut work, placed).await?;
        link::relink(&mut work, known.report_key).await?;
        work.finish().await?;
        let (report_key, public_id) = (known.report_key, known.public_id);
        Ok(ReportStored::Stored { report_key, public_id, version, current: shown == version })
    }

    /// What became of it when it was here before. An object is the same by its SOPInstanceUID, whichever repository it comes from.
    async fn earlier(&self, link: &mut Link) -> Result<Option<ReportStored>, StoreError> {
        let report = self.report;
        if report.object.is_some() {
            let sql = Sql::new(
                "SELECT v.report_key FROM report_version v JOIN report o ON o.report_key = v.report_key \
                 WHERE v.sop_instance_uid = $1 ORDER BY v.report_key LIMIT 1",
            );
            let row = link.row(sql.arg(report.message_control_id.as_str())).await?;
            return row.map(|row| Ok(ReportStored::Repeat { report_key: row.int(0)? })).transpose();
        }
        let arriving = messages::Arriving {
            repository_key: self.repository_key,
            control_id: &report.message_control_id,
            sha256: &report.message_sha256,
            now_ms: self.now_ms,
        };
        let earlier = messages::earlier(link, &arriving).await?;
        Ok(earlier.map(|earlier| {
            let report_key = earlier.report_key.unwrap_or(-1);
            if earlier.is_same { ReportStored::Repeat { report_key } } else { ReportStored::ControlIdReused }
        }))
    }

    async fn insert(&self, link: &mut Link, family: &Family, placed: Placed) -> Result<Known, StoreError> {
        let public_id = uuid::Uuid::new_v4().to_string();
        let mut sql = Sql::new(
            "INSERT INTO report (public_id, repository_key, family, person_key, patient_key, accession_number, \
             accession_issuer, filler_number, filler_issuer, placer_number, placer_issuer, status, current_version, versions, \
             received_ms, record, said_patient_key, visit_number, visit_issuer, account_number, account_issuer, family_patient) VALUES (",
        );
        sql.bind(public_id.as_str())
            .push(", ")
            .bind(self.repository_key)
            .push(", ")
            .bind(family.name.as_str())
            .push(", ");
        sql.list([placed.person_key, placed.patient_key]).push(", ").list(order_columns(self.report)).push(", ");
        sql.bind(self.report.status.code()).push(", 0, 0, ").bind(self.now_ms).push(", ").bind(json(self.report)?);
        sql.push(", ").bind(placed.said_key).push(", ").list(visit_columns(&self.report.visit));
        sql.push(", ").bind(family.patient_key).push(") RETURNING report_key");
        let report_key = link.number(sql).await?;
        let sql = Sql::new("UPDATE repository SET reports = reports + 1 WHERE repository_key = $1");
        link.run(sql.arg(self.repository_key)).await?;
        Ok(Known { report_key, public_id, versions: 0, shown: 0 })
    }

    async fn insert_version(&self, link: &mut Link, report_key: i64, version: u32) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO report_version (report_key, version, repository_key, message_control_id, message_sha256, \
             received_ms, record, raw, sop_instance_uid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        );
        let report = self.report;
        let object = report.object.as_ref().map(|object| object.sop_instance_uid.as_str());
        let sql = sql.arg(report_key).arg(version).arg(self.repository_key).arg(report.message_control_id.as_str());
        let sql = sql.arg(report.message_sha256.as_str()).arg(self.now_ms).arg(json(report)?).arg(self.raw.to_vec());
        link.run(sql.arg(object)).await?;
        family::keep_ids(link, report_key, report).await?;
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
            let sql = Sql::new("UPDATE report SET versions = $1 WHERE report_key = $2");
            link.run(sql.arg(version).arg(known.report_key)).await?;
            // Another than before is shown when reports turned out to be one.
            if shown != known.shown {
                rejected::show(link, known.report_key).await?;
            }
            return addenda::note(link, known.report_key, self.report).await;
        }
        let sql = Sql::new(
            "UPDATE report SET versions = $1, current_version = $1, status = $2, person_key = $3, patient_key = $4, \
             accession_number = $5, accession_issuer = $6, filler_number = $7, filler_issuer = $8, placer_number = $9, \
             placer_issuer = $10, received_ms = $11, record = $12, said_patient_key = $13, move_key = NULL \
             WHERE report_key = $14",
        );
        let sql = sql.arg(version).arg(self.report.status.code()).arg(placed.person_key).arg(placed.patient_key);
        let sql = order_columns(self.report).into_iter().fold(sql, Sql::arg).arg(self.now_ms);
        link.run(sql.arg(json(self.report)?).arg(placed.said_key).arg(known.report_key)).await?;
        addenda::note(link, known.report_key, self.report).await?;
        self.keep_visit(link, known.report_key).await
    }

    /// A version that tells no visit takes none away.
    async fn keep_visit(&self, link: &mut Link, report_key: i64) -> Result<(), StoreError> {
        let [visit, visit_issuer, account, account_issuer] = visit_columns(&self.report.visit);
        if !visit.is_empty() {
            let sql = Sql::new("UPDATE report SET visit_number = $1, visit_issuer = $2 WHERE report_key = $3");
            link.run(sql.arg(visit).arg(visit_issuer).arg(report_key)).await?;
        }
        if !account.is_empty() {
            let sql = Sql::new("UPDATE report SET account_number = $1, account_issuer = $2 WHERE report_key = $3");
            link.run(sql.arg(account).arg(account_issuer).arg(report_key)).await?;
        }
        Ok(())
    }
}

/// Accession number, filler and placer order number, each with its issuer.
fn order_columns(report: &ReportRecord) -> [&str; 6] {
    let numbers = [&report.accession_number, &report.filler_order_number, &report.placer_order_number];
    let [accession, filler, placer] =
        numbers.map(|id| id.as_ref().map_or(["", ""], |id| [id.value.expose().trim(), id.issuer.as_str()]));
    [accession[0], accession[1], filler[0], filler[1], placer[0], placer[1]]
}

/// Visit and account number, each with its issuer.
pub(crate) fn visit_columns(numbers: &VisitNumbers) -> [&str; 4] {
    let [visit, account] = [&numbers.visit, &numbers.account]
        .map(|id| id.as_ref().map_or(["", ""], |id| [id.value.expose().trim(), id.issuer.as_str()]));
    [visit[0], visit[1], account[0], account[1]]
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
    /// By which versions are ordered: settled after unsettled, then by when they were issued, then by arrival. Nothing is issued after it
    /// arrived: where a source's clock is ahead, arrival counts, or a correction would wait until the clock's error is past.
    fn rank(&self) -> (bool, i64, u32) {
        let issued_ms = self.issued_ms.unwrap_or(self.received_ms).min(self.received_ms);
        (is_settled(self.status), issued_ms, self.version)
    }
}
