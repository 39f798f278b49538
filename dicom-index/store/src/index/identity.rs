//! Who is one person after the evidence changed: persons are the groups of source patients that evidence holds together.
//!
//! The evidence is a merge within one issuer, or a health number with birth date and name or sex. Persons are made of it anew each time, so
//! that taking evidence back leaves what was there before it, public ids included.

use std::collections::BTreeSet;

use index_model::{PatientRecord, Uid};

use super::merge::one_person;
use super::patient::{self, MAX_CHAIN};
use super::study::resettle;
use super::visits::{self, Touched};
use super::work::Work;
use crate::StoreError;
use crate::engine::{Row, Sql};

/// Source patients of the persons that are looked at together.
const MAX_MEMBERS: usize = 1_000;
/// Studies of one person that are put in order.
const MAX_STUDIES: u32 = 10_000;

/// A source patient of the persons in question.
struct Member {
    patient_key: i64,
    person_key: i64,
    home: Option<i64>,
    survivor_key: Option<i64>,
    record: PatientRecord,
}

/// Source patients that evidence holds together.
struct Group {
    members: Vec<usize>,
    person_key: i64,
}

/// Makes the persons of these source patients anew, and everything that is theirs follows.
pub(crate) async fn regroup(work: &mut Work<'_>, concerned: &[i64]) -> Result<(), StoreError> {
    let members = load(work, concerned).await?;
    let mut touched = Touched::default();
    for group in groups(work, &members).await? {
        let of_group = || group.members.iter().filter_map(|at| members.get(*at));
        let is_concerned = of_group().any(|member| concerned.contains(&member.patient_key));
        for member in of_group() {
            if !is_concerned && member.person_key == group.person_key {
                continue;
            }
            assign(work, &members, member, group.person_key).await?;
            touched.studies.extend(studies_of(work, member.patient_key).await?);
            touched.reports.extend(reports_of(work, member.patient_key).await?);
        }
    }
    let patients: Vec<i64> = members.iter().map(|member| member.patient_key).collect();
    visits::regrouped(work, &patients, &mut touched).await?;
    settle(work, touched.studies, touched.reports).await
}

/// Puts studies under their patients, and reports beside their studies.
pub(super) async fn settle(
    work: &mut Work<'_>,
    studies: BTreeSet<String>,
    reports: BTreeSet<i64>,
) -> Result<(), StoreError> {
    for uid in studies {
        resettle(work, &Uid::parse(&uid).map_err(|_| StoreError::Corrupt { what: "study UID" })?).await?;
    }
    for report_key in reports {
        crate::reports::link::relink(work, report_key).await?;
    }
    Ok(())
}

async fn load(work: &mut Work<'_>, concerned: &[i64]) -> Result<Vec<Member>, StoreError> {
    let mut sql = Sql::new(
        "SELECT patient_key, person_key, home_person_key, survivor_key, record FROM source_patient WHERE person_key IN \
         (SELECT person_key FROM source_patient WHERE patient_key IN (",
    );
    sql.list(concerned.iter().copied()).push(")) ORDER BY patient_key").limit(MAX_MEMBERS as u64 + 1);
    let rows = work.link.rows(sql).await?;
    if rows.len() > MAX_MEMBERS {
        return Err(StoreError::Conflict { what: "a person of more than 1,000 numbers" });
    }
    let member = |row: &Row| {
        Ok(Member {
            patient_key: row.int(0)?,
            person_key: row.int(1)?,
            home: row.opt_int(2)?,
            survivor_key: row.opt_int(3)?,
            record: row.json(4)?,
        })
    };
    rows.iter().map(member).collect()
}

/// Whether something says that two source patients are one.
fn are_one(a: &Member, b: &Member) -> bool {
    let is_merged = a.survivor_key == Some(b.patient_key) || b.survivor_key == Some(a.patient_key);
    let somebody = |member: &Member| member.record.health_number.is_some() && patient::is_somebody(&member.record);
    is_merged || (somebody(a) && somebody(b) && one_person(&a.record, &b.record))
}

/// The groups, each with the person that is the oldest of those that were made for its members.
async fn groups(work: &mut Work<'_>, members: &[Member]) -> Result<Vec<Group>, StoreError> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let touches = |group: &Vec<usize>| group.iter().filter_map(|at| members.get(*at)).any(|m| are_one(m, member));
        let (joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(touches);
        groups = apart;
        groups.push(joined.into_iter().flatten().chain([at]).collect());
    }
    let mut out = Vec::new();
    for group in groups {
        let of_group = || group.iter().filter_map(|at| members.get(*at));
        let person_key = match of_group().filter_map(|member| member.home).min() {
            Some(person_key) => person_key,
            None => give_home(work, of_group().map(|member| member.patient_key).min().unwrap_or_default()).await?,
        };
        out.push(Group { members: group, person_key });
    }
    Ok(out)
}

/// A person for a source patient who never was one alone.
async fn give_home(work: &mut Work<'_>, patient_key: i64) -> Result<i64, StoreError> {
    let person_key = patient::new_person(work).await?;
    let sql = Sql::new("UPDATE source_patient SET home_person_key = $1 WHERE patient_key = $2");
    work.link.run(sql.arg(person_key).arg(patient_key)).await?;
    Ok(person_key)
}

/// Gives a source patient their person, and what came under their number to the number that it goes by now.
async fn assign(work: &mut Work<'_>, members: &[Member], member: &Member, person_key: i64) -> Result<(), StoreError> {
    let (key, root) = (member.patient_key, root(members, member));
    let said = (root != key).then_some(key);
    let sql = Sql::new("UPDATE source_patient SET person_key = $1 WHERE patient_key = $2");
    work.link.run(sql.arg(person_key).arg(key)).await?;
    for text in [
        "UPDATE study_copy SET patient_key = $1, said_patient_key = $2 WHERE said_patient_key = $3 AND move_key IS NULL",
        "UPDATE study_copy SET patient_key = $1, said_patient_key = $2 WHERE patient_key = $3 AND said_patient_key IS NULL",
        "UPDATE imaging_order SET patient_key = $1, said_patient_key = $2 WHERE said_patient_key = $3 AND move_key IS NULL",
        "UPDATE imaging_order SET patient_key = $1, said_patient_key = $2 WHERE patient_key = $3 AND said_patient_key IS NULL",
    ] {
        work.link.run(Sql::new(text).arg(root).arg(said).arg(key)).await?;
    }
    for text in [
        "UPDATE report SET patient_key = $1, said_patient_key = $2, person_key = $3 \
         WHERE said_patient_key = $4 AND move_key IS NULL",
        "UPDATE report SET patient_key = $1, said_patient_key = $2, person_key = $3 \
         WHERE patient_key = $4 AND said_patient_key IS NULL",
    ] {
        work.link.run(Sql::new(text).arg(root).arg(said).arg(person_key).arg(key)).await?;
    }
    let moved = Sql::new("UPDATE report SET person_key = $1 WHERE patient_key = $2 AND move_key IS NOT NULL");
    work.link.run(moved.arg(person_key).arg(key)).await.map(drop)
}

/// The number that a merged one goes by.
fn root(members: &[Member], member: &Member) -> i64 {
    let mut at = member;
    for _ in 0..MAX_CHAIN {
        let Some(next) = at.survivor_key.and_then(|key| members.iter().find(|other| other.patient_key == key)) else {
            break;
        };
        at = next;
    }
    at.patient_key
}

async fn studies_of(work: &mut Work<'_>, patient_key: i64) -> Result<Vec<String>, StoreError> {
    let sql = Sql::new(
        "SELECT s.study_instance_uid FROM study_copy c JOIN study s ON s.study_key = c.study_key WHERE c.patient_key = $1 \
         UNION SELECT s.study_instance_uid FROM study_copy c JOIN study s ON s.study_key = c.study_key \
         WHERE c.said_patient_key = $1 LIMIT $2",
    );
    work.link.rows(sql.arg(patient_key).arg(MAX_STUDIES)).await?.iter().map(|row| row.text(0)).collect()
}

async fn reports_of(work: &mut Work<'_>, patient_key: i64) -> Result<Vec<i64>, StoreError> {
    let sql = Sql::new(
        "SELECT report_key FROM report WHERE patient_key = $1 UNION SELECT report_key FROM report \
         WHERE said_patient_key = $1 LIMIT $2",
    );
    crate::locate::keys(work.link, sql.arg(patient_key).arg(MAX_STUDIES)).await
}
