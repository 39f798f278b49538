//! Visits and accounts that were moved from one patient to another (ADT A45, A44).
//!
//! A move is one fact: what carries this number of this issuer, and came under that patient, is another's. It holds for what comes later
//! too. What follows a move keeps the patient that it named and the move itself, so that taking the move back leaves what was there
//! before it. What carries no number stays where it is, and so does what orders of two visits claim.

use std::collections::{BTreeMap, BTreeSet};

use index_model::{IssuedId, VisitKind};

use super::patient::{MAX_CHAIN, Placed};
use super::work::Work;
use crate::StoreError;
use crate::engine::{Row, Sql};

/// Rows of one kind that one visit or account has.
const MOST_ROWS: u32 = 10_000;
/// Moves of one patient, or of what one row carries, that are looked at.
const MOST_MOVES: u32 = 200;

/// What is known by visits: a table, its key, and the view that tells the numbers of a row.
struct Kept {
    table: &'static str,
    key: &'static str,
    view: &'static str,
    /// Set beside the patient.
    also: &'static str,
}

const STUDIES: Kept = Kept { table: "study_copy", key: "study_copy_key", view: "study_copy_visit", also: "" };
const REPORTS: Kept = Kept {
    table: "report",
    key: "report_key",
    view: "report_visit",
    also: ", person_key = (SELECT person_key FROM source_patient p WHERE p.patient_key = $1)",
};
const ORDERS: Kept = Kept { table: "imaging_order", key: "order_key", view: "imaging_order_visit", also: "" };

/// A visit or an account.
type Number = (String, String, String);

/// What was moved, or went back.
#[derive(Default)]
pub(super) struct Touched {
    pub(super) studies: BTreeSet<String>,
    pub(super) reports: BTreeSet<i64>,
}

/// A row as it is, and whose it should be.
struct Change {
    key: i64,
    patient_key: i64,
    said_key: i64,
    move_key: Option<i64>,
}

/// A move, as a message tells of it.
pub(crate) struct Told<'a> {
    pub(crate) kind: VisitKind,
    pub(crate) number: &'a IssuedId,
    pub(crate) from_key: i64,
    pub(crate) to_key: i64,
    pub(crate) event_key: i64,
}

/// Notes a move, and everything that carries the number follows. A move back takes the one before it back.
pub(crate) async fn tell(work: &mut Work<'_>, told: &Told<'_>) -> Result<(), StoreError> {
    let number = told.number.value.expose().trim();
    let (kind, issuer) = (told.kind.code(), told.number.issuer.as_str());
    let before = Sql::new(
        "UPDATE visit_move SET undone_ms = $1 WHERE kind = $2 AND number = $3 AND issuer = $4 AND undone_ms IS NULL \
         AND from_key IN ($5, $6)",
    );
    let before = before.arg(work.now_ms).arg(kind).arg(number).arg(issuer).arg(told.from_key).arg(told.to_key);
    work.link.run(before).await?;
    let sql = Sql::new(
        "INSERT INTO visit_move (kind, number, issuer, from_key, to_key, event_key, at_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let sql = sql.arg(kind).arg(number).arg(issuer).arg(told.from_key).arg(told.to_key);
    work.link.run(sql.arg(told.event_key).arg(work.now_ms)).await?;
    let mut touched = Touched::default();
    settle(work, &(kind.to_owned(), number.to_owned(), issuer.to_owned()), &mut touched).await?;
    touched.finish(work).await
}

/// What came under a patient of whom visits were moved goes where those are.
pub(crate) async fn follow(work: &mut Work<'_>, placed: Placed) -> Result<(), StoreError> {
    if !placed.has_moves {
        return Ok(());
    }
    let mut touched = Touched::default();
    let sql = Sql::new(
        "SELECT DISTINCT v.kind, v.number, v.issuer FROM visit_move v JOIN source_patient p ON p.patient_key = v.from_key \
         WHERE p.person_key = (SELECT person_key FROM source_patient WHERE patient_key = $1) AND v.undone_ms IS NULL LIMIT $2",
    );
    for number in numbers(work, sql.arg(placed.said_key.unwrap_or(placed.patient_key)).arg(MOST_MOVES)).await? {
        settle(work, &number, &mut touched).await?;
    }
    touched.finish(work).await
}

/// After patients became others: what follows moves from or to them is placed anew.
pub(super) async fn regrouped(work: &mut Work<'_>, patients: &[i64], touched: &mut Touched) -> Result<(), StoreError> {
    let mut sql =
        Sql::new("SELECT DISTINCT kind, number, issuer FROM visit_move WHERE undone_ms IS NULL AND (from_key IN (");
    sql.list(patients.iter().copied()).push(") OR to_key IN (").list(patients.iter().copied());
    sql.push("))").limit(MOST_MOVES);
    for number in numbers(work, sql).await? {
        settle(work, &number, touched).await?;
    }
    Ok(())
}

async fn numbers(work: &mut Work<'_>, sql: Sql) -> Result<Vec<Number>, StoreError> {
    let number = |row: &Row| Ok((row.text(0)?, row.text(1)?, row.text(2)?));
    work.link.rows(sql).await?.iter().map(number).collect()
}

impl Touched {
    /// Puts what was moved in order: studies under their patients, reports beside their studies.
    async fn finish(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        super::identity::settle(work, self.studies, self.reports).await
    }
}

/// Places every row that carries the number, or followed a move of it.
///
/// All of them are decided upon before any is changed: what an order says of a study depends on both being of one patient.
async fn settle(work: &mut Work<'_>, number: &Number, touched: &mut Touched) -> Result<(), StoreError> {
    let mut roots = BTreeMap::new();
    let mut changes = Vec::new();
    for kept in [&STUDIES, &REPORTS, &ORDERS] {
        changes.push((kept, wanted(work, kept, number, &mut roots).await?));
    }
    for (kept, rows) in changes {
        for row in rows {
            row.write(work, kept).await?;
            match kept.table {
                "study_copy" => touched.studies.extend(uid_of(work, row.key).await?),
                "report" => drop(touched.reports.insert(row.key)),
                _ => touched.reports.extend(crate::reports::orders::reports(work, &[row.key]).await?),
            }
        }
    }
    Ok(())
}

async fn uid_of(work: &mut Work<'_>, copy_key: i64) -> Result<Option<String>, StoreError> {
    let sql = Sql::new(
        "SELECT s.study_instance_uid FROM study_copy c JOIN study s ON s.study_key = c.study_key WHERE c.study_copy_key = $1",
    );
    work.link.row(sql.arg(copy_key)).await?.map(|row| row.text(0)).transpose()
}

/// The rows that are not where they should be.
async fn wanted(
    work: &mut Work<'_>,
    kept: &Kept,
    (kind, number, issuer): &Number,
    roots: &mut BTreeMap<i64, i64>,
) -> Result<Vec<Change>, StoreError> {
    let (table, key, view) = (kept.table, kept.key, kept.view);
    let mut sql = Sql::new("SELECT r.");
    sql.push(key).push(", r.patient_key, coalesce(r.said_patient_key, r.patient_key), r.move_key FROM ").push(table);
    sql.push(" r WHERE r.").push(key).push(" IN (SELECT w.").push(key).push(" FROM ").push(view);
    sql.push(" w WHERE w.kind = ").bind(kind.as_str()).push(" AND w.number = ").bind(number.as_str());
    sql.push(" AND w.issuer = ").bind(issuer.as_str()).push(" UNION SELECT t.").push(key).push(" FROM ").push(table);
    sql.push(" t JOIN visit_move v ON v.move_key = t.move_key WHERE v.kind = ").bind(kind.as_str());
    sql.push(" AND v.number = ").bind(number.as_str()).push(" AND v.issuer = ").bind(issuer.as_str());
    sql.push(")").limit(MOST_ROWS);
    let mut changes = Vec::new();
    for row in work.link.rows(sql).await? {
        let (key, patient_key, said_key, move_key) = (row.int(0)?, row.int(1)?, row.int(2)?, row.opt_int(3)?);
        let moves = moves_of(work, kept, key).await?;
        let (to, by) = resolve(work, said_key, &moves, roots).await?;
        if (to, by) != (patient_key, move_key) {
            changes.push(Change { key, patient_key: to, said_key, move_key: by });
        }
    }
    Ok(changes)
}

/// A move in force: its key, from whom and to whom; the latest first.
type Move = (i64, i64, i64);

/// The moves of what a row carries: its own numbers, and those that its orders agree about.
async fn moves_of(work: &mut Work<'_>, kept: &Kept, key: i64) -> Result<Vec<Move>, StoreError> {
    let mut sql = Sql::new("SELECT w.kind, w.number, w.issuer, CAST(min(w.by_order) AS BIGINT) FROM ");
    sql.push(kept.view).push(" w WHERE w.").push(kept.key).push(" = ").bind(key);
    sql.push(" GROUP BY w.kind, w.number, w.issuer").limit(MOST_MOVES);
    let mut carried: Vec<(Number, bool)> = Vec::new();
    for row in work.link.rows(sql).await? {
        carried.push(((row.text(0)?, row.text(1)?, row.text(2)?), row.int(3)? == 1));
    }
    let claims = |kind: &str| carried.iter().filter(|((of, ..), by_order)| *by_order && of == kind).count();
    let claims = [claims("visit"), claims("account")];
    let mut moves = Vec::new();
    for ((kind, number, issuer), by_order) in &carried {
        if *by_order && claims[usize::from(kind == "account")] > 1 {
            continue;
        }
        let sql = Sql::new(
            "SELECT move_key, from_key, to_key FROM visit_move WHERE kind = $1 AND number = $2 AND issuer = $3 \
             AND undone_ms IS NULL LIMIT $4",
        );
        let sql = sql.arg(kind.as_str()).arg(number.as_str()).arg(issuer.as_str()).arg(MOST_MOVES);
        for row in work.link.rows(sql).await? {
            moves.push((row.int(0)?, row.int(1)?, row.int(2)?));
        }
    }
    moves.sort_unstable_by(|a, b| b.cmp(a));
    Ok(moves)
}

/// Whose something is that named a patient, by the numbers that merged ones go by and the moves of what it carries; and the last of these.
async fn resolve(
    work: &mut Work<'_>,
    said_key: i64,
    moves: &[Move],
    roots: &mut BTreeMap<i64, i64>,
) -> Result<(i64, Option<i64>), StoreError> {
    let (mut at, mut by) = (root(work, said_key, roots).await?, None);
    let mut left: Vec<Move> = moves.to_vec();
    'next: loop {
        for (place, (move_key, from_key, to_key)) in left.iter().copied().enumerate() {
            if root(work, from_key, roots).await? == at {
                (at, by) = (root(work, to_key, roots).await?, Some(move_key));
                left.remove(place);
                continue 'next;
            }
        }
        return Ok((at, by));
    }
}

/// The number that a merged one goes by.
async fn root(work: &mut Work<'_>, patient_key: i64, roots: &mut BTreeMap<i64, i64>) -> Result<i64, StoreError> {
    if let Some(root) = roots.get(&patient_key) {
        return Ok(*root);
    }
    let mut at = patient_key;
    for _ in 0..MAX_CHAIN {
        let sql = Sql::new("SELECT survivor_key FROM source_patient WHERE patient_key = $1").arg(at);
        match work.link.row(sql).await?.map(|row| row.opt_int(0)).transpose()?.flatten() {
            Some(next) => at = next,
            None => break,
        }
    }
    roots.insert(patient_key, at);
    Ok(at)
}

impl Change {
    async fn write(&self, work: &mut Work<'_>, kept: &Kept) -> Result<(), StoreError> {
        let said = (self.said_key != self.patient_key).then_some(self.said_key);
        let mut sql = Sql::new("UPDATE ");
        sql.push(kept.table).push(" SET patient_key = $1, said_patient_key = $2, move_key = $3").push(kept.also);
        sql.push(" WHERE ").push(kept.key).push(" = $4");
        work.link.run(sql.arg(self.patient_key).arg(said).arg(self.move_key).arg(self.key)).await.map(drop)
    }
}
