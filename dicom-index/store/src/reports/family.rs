//! Which report a version belongs to.
//!
//! Messages share a filler order number, else an accession number. Objects share a chain: each names itself and those whose place it takes.
//! A message and an object are one report when one names the other's document, or when accession number and filler order number both agree
//! and nothing else could be meant. Where that is not sure both are shown, and neither is hidden.

use index_model::{ReportRecord, ReportStatus};

use super::{addenda, hold, rejected};
use crate::StoreError;
use crate::engine::{Link, Sql};
use crate::index::Work;
use crate::index::merge::agree;
use crate::index::patient::Placed;

/// Reports that one version may unite.
const MOST_UNITED: u32 = 64;

/// A report as it was before this version.
pub(super) struct Known {
    pub(super) report_key: i64,
    pub(super) public_id: String,
    pub(super) versions: u32,
    pub(super) shown: u32,
}

/// What messages of one report have in common; an object is found by its chain alone.
pub(super) fn name(report: &ReportRecord) -> String {
    if report.object.is_some() {
        return format!("document {}", report.message_control_id);
    }
    let order = report.filler_order_number.as_ref().map(|id| ("filler", id));
    let accession = report.accession_number.as_ref().map(|id| ("accession", id));
    match order.or(accession) {
        Some((kind, id)) => format!("{kind} {} {}", id.issuer, id.value.expose()),
        None => format!("message {}", report.message_control_id),
    }
}

/// The messages of one report: what they have in common and, where those numbers were another patient's before, whose they are now (else 0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) patient_key: i64,
}

/// The report that a version belongs to, of this person, and its family; reports that it shows to be one are made one.
pub(super) async fn find(
    work: &mut Work<'_>,
    repository_key: i64,
    report: &ReportRecord,
    placed: Placed,
) -> Result<(Option<Known>, Family), StoreError> {
    let person_key = placed.person_key;
    let (family, known) = of_family(work, repository_key, report, placed).await?;
    let mut keys = Vec::from_iter(known);
    for key in by_document(work, report, person_key).await? {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    for key in of_parent(work, repository_key, report, person_key).await? {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.is_empty() {
        keys.extend(counterpart(work, repository_key, report, person_key).await?);
    }
    let Some((&first, others)) = keys.split_first() else { return Ok((None, family)) };
    for other in others {
        absorb(work, first, *other).await?;
    }
    if report.object.is_none() {
        rename(work, first, repository_key, &family).await?;
    }
    Ok((Some(load(work.link, first).await?), family))
}

/// The report that messages with these numbers tell of, and its family. Numbers are used again, and mistyped: a report of
/// one patient is no version of another's, unless that one was withdrawn or nothing says that they are two.
async fn of_family(
    work: &mut Work<'_>,
    repository_key: i64,
    report: &ReportRecord,
    placed: Placed,
) -> Result<(Family, Option<i64>), StoreError> {
    let family = |patient_key| Family { name: name(report), patient_key };
    let sql = Sql::new(
        "SELECT report_key, family_patient, person_key, record FROM report WHERE repository_key = $1 AND family = $2 \
         AND family_patient IN (0, $3) ORDER BY family_patient DESC",
    );
    let rows = work.link.rows(sql.arg(repository_key).arg(name(report)).arg(placed.patient_key)).await?;
    let Some(row) = rows.first() else { return Ok((family(0), None)) };
    if row.int(1)? == placed.patient_key {
        return Ok((family(placed.patient_key), Some(row.int(0)?)));
    }
    let before: ReportRecord = row.json(3)?;
    let is_withdrawn = matches!(before.status, ReportStatus::EnteredInError | ReportStatus::Cancelled);
    if row.int(2)? != placed.person_key && !is_withdrawn && !agree(&before.patient, &report.patient) {
        tracing::warn!("a report came under the order number of another patient's");
        return Ok((family(placed.patient_key), None));
    }
    Ok((family(0), Some(row.int(0)?)))
}

async fn load(link: &mut Link, report_key: i64) -> Result<Known, StoreError> {
    let sql = Sql::new("SELECT public_id, versions, current_version FROM report WHERE report_key = $1").arg(report_key);
    let row = link.row(sql).await?.ok_or(StoreError::Corrupt { what: "report" })?;
    Ok(Known { report_key, public_id: row.text(0)?, versions: row.count(1)?, shown: row.count(2)? })
}

/// Reports of this person of which a version is, names or takes the place of a document that this one is or takes the place of.
async fn by_document(work: &mut Work<'_>, report: &ReportRecord, person_key: i64) -> Result<Vec<i64>, StoreError> {
    let own = name(report);
    let ids: Vec<&str> = ids(report).chain([own.as_str()]).collect();
    let mut sql = Sql::new(
        "SELECT DISTINCT o.report_key FROM report_document_id d JOIN report o ON o.report_key = d.report_key \
         WHERE ",
    );
    of_person(&mut sql, person_key)
        .push(" AND d.document_id IN (")
        .list(ids)
        .push(") ORDER BY o.report_key")
        .limit(MOST_UNITED);
    work.link.rows(sql).await?.iter().map(|row| row.int(0)).collect()
}

/// The report of this person that an addendum adds to.
async fn of_parent(
    work: &mut Work<'_>,
    repository_key: i64,
    report: &ReportRecord,
    person_key: i64,
) -> Result<Vec<i64>, StoreError> {
    let Some(parent) = addenda::parent(report) else { return Ok(Vec::new()) };
    let mut sql = Sql::new("SELECT o.report_key FROM report o WHERE o.repository_key = ");
    sql.bind(repository_key).push(" AND o.family = ").bind(parent).push(" AND ");
    of_person(&mut sql, person_key).push(" ORDER BY o.report_key").limit(2_u32);
    work.link.rows(sql).await?.iter().map(|row| row.int(0)).collect()
}

/// A report `o` of this person, or one that came under a number of theirs and moved on with its visit.
fn of_person(sql: &mut Sql, person_key: i64) -> &mut Sql {
    sql.push("(o.person_key = ").bind(person_key);
    sql.push(" OR o.move_key IS NOT NULL AND o.said_patient_key IN (SELECT patient_key FROM source_patient WHERE person_key = ");
    sql.bind(person_key).push("))")
}

fn ids(report: &ReportRecord) -> impl Iterator<Item = &str> {
    report.document_ids.iter().chain(&report.predecessor_ids).map(String::as_str).filter(|id| !id.is_empty()).take(128)
}

/// Of a message the one object, of an object the one message, that has the same accession number and filler order number.
async fn counterpart(
    work: &mut Work<'_>,
    repository_key: i64,
    report: &ReportRecord,
    person_key: i64,
) -> Result<Option<i64>, StoreError> {
    let (Some(accession), Some(filler)) = (&report.accession_number, &report.filler_order_number) else {
        return Ok(None);
    };
    let others = if report.object.is_some() { "NOT EXISTS" } else { "EXISTS" };
    let mut sql = Sql::new("SELECT o.report_key FROM report o WHERE o.accession_number = ");
    sql.bind(accession.value.expose().trim()).push(" AND o.accession_issuer = ").bind(accession.issuer.as_str());
    sql.push(" AND o.accession_number <> '' AND o.filler_number <> '' AND o.filler_number = ")
        .bind(filler.value.expose().trim());
    sql.push(" AND o.filler_issuer = ").bind(filler.issuer.as_str()).push(" AND ");
    of_person(&mut sql, person_key).push(" AND o.repository_key = ").bind(repository_key).push(" AND ").push(others);
    sql.push(" (SELECT 1 FROM report_version v WHERE v.report_key = o.report_key AND v.sop_instance_uid IS NOT NULL)")
        .limit(2_u32);
    let rows = work.link.rows(sql).await?;
    match rows.as_slice() {
        [one] => one.int(0).map(Some),
        _ => Ok(None),
    }
}

/// A report that messages tell of is found by them from now on.
async fn rename(work: &mut Work<'_>, report_key: i64, repository_key: i64, family: &Family) -> Result<(), StoreError> {
    let sql = Sql::new("SELECT repository_key FROM report WHERE report_key = $1 AND family LIKE 'document %'");
    let Some(row) = work.link.row(sql.arg(report_key)).await? else { return Ok(()) };
    let sql = Sql::new("UPDATE report SET family = $1, family_patient = $2, repository_key = $3 WHERE report_key = $4");
    work.link.run(sql.arg(family.name.as_str()).arg(family.patient_key).arg(repository_key).arg(report_key)).await?;
    for (key, by) in [(row.int(0)?, -1_i64), (repository_key, 1)] {
        let sql = Sql::new("UPDATE repository SET reports = reports + $1 WHERE repository_key = $2");
        work.link.run(sql.arg(by).arg(key)).await?;
    }
    Ok(())
}

/// One report turns out to be versions of another: all that it has goes there, its public id included.
async fn absorb(work: &mut Work<'_>, into: i64, other: i64) -> Result<(), StoreError> {
    let (into_known, other_known) = (load(work.link, into).await?, load(work.link, other).await?);
    for text in [
        "UPDATE report_version SET report_key = $1, version = version + $2 WHERE report_key = $3",
        "UPDATE report_document SET report_key = $1, version = version + $2 WHERE report_key = $3",
    ] {
        work.link.run(Sql::new(text).arg(into).arg(into_known.versions).arg(other)).await?;
    }
    for text in [
        "INSERT INTO report_study_uid (study_instance_uid, report_key) SELECT study_instance_uid, CAST($1 AS BIGINT) \
         FROM report_study_uid WHERE report_key = $2 ON CONFLICT DO NOTHING",
        "INSERT INTO report_document_id (document_id, report_key) SELECT document_id, CAST($1 AS BIGINT) \
         FROM report_document_id WHERE report_key = $2 ON CONFLICT DO NOTHING",
        "INSERT INTO report_ruling (report_key, study_instance_uid, linked, ruled_by, at_ms) \
         SELECT CAST($1 AS BIGINT), study_instance_uid, linked, ruled_by, at_ms FROM report_ruling WHERE report_key = $2 \
         ON CONFLICT DO NOTHING",
        "UPDATE report_alias SET report_key = $1 WHERE report_key = $2",
    ] {
        work.link.run(Sql::new(text).arg(into).arg(other)).await?;
    }
    let sql = Sql::new("INSERT INTO report_alias (public_id, report_key) VALUES ($1, $2)");
    work.link.run(sql.arg(other_known.public_id).arg(into)).await?;
    rejected::note_change(work, other).await?;
    hold::absorb(work.link, into, other).await?;
    let sql = Sql::new(
        "UPDATE repository SET reports = reports - 1 WHERE repository_key = (SELECT repository_key FROM report WHERE report_key = $1)",
    );
    work.link.run(sql.arg(other)).await?;
    for text in [
        "DELETE FROM report_link WHERE report_key = $1",
        "DELETE FROM report_study_uid WHERE report_key = $1",
        "DELETE FROM report_document_id WHERE report_key = $1",
        "DELETE FROM report_ruling WHERE report_key = $1",
        "DELETE FROM report WHERE report_key = $1",
    ] {
        work.link.run(Sql::new(text).arg(other)).await?;
    }
    let sql = Sql::new("UPDATE report SET versions = versions + $1 WHERE report_key = $2");
    work.link.run(sql.arg(other_known.versions).arg(into)).await.map(drop)
}

/// Keeps what a version is known by.
pub(super) async fn keep_ids(link: &mut Link, report_key: i64, report: &ReportRecord) -> Result<(), StoreError> {
    // An addendum is found by its own number and its parent's, whichever of them comes next.
    let parent = addenda::parent(report);
    let own = parent.is_some().then(|| name(report));
    for id in ids(report).chain(own.as_deref()).chain(parent.as_deref()) {
        let sql =
            Sql::new("INSERT INTO report_document_id (document_id, report_key) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        link.run(sql.arg(id).arg(report_key)).await?;
    }
    Ok(())
}
