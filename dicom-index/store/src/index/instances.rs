//! Instances that are held or whose headers are known.

use std::collections::{BTreeMap, HashMap};

use super::series;
use super::work::Work;
use crate::engine::Sql;
use crate::{InstanceIndexed, Likeness, NewInstance, Outcome, StoreError};

/// Rows of one statement.
const CHUNK: usize = 400;

/// An instance with the place of its study, series and repository.
pub(super) struct Placed<'a> {
    pub(super) new: &'a NewInstance,
    pub(super) study_key: i64,
    pub(super) is_disputed: bool,
    pub(super) series: series::Known,
    pub(super) repository_key: i64,
}

/// A row of `held_instance`; without a key while it is not written yet.
struct Held {
    instance_key: Option<i64>,
    repository_key: i64,
    sha256: String,
    object: Option<String>,
    shown: bool,
    /// The size of an object that was fetched, of the instance that is shown.
    fetched_bytes: Option<i64>,
    /// What it is to the instance that is shown, where it stands beside that one.
    likeness: Likeness,
    /// One that is written already, and stands beside the one that is shown, is another than it was.
    is_changed: bool,
}

/// What an instance is to what is known of it.
struct Decision {
    outcome: Outcome,
    superseded_object: Option<String>,
    /// It stands beside the one that is shown, and was not compared with it yet.
    to_compare: bool,
    /// It shows what the one that is shown does, under another header, as was found before.
    is_reworded: bool,
}

impl Decision {
    const fn of(outcome: Outcome) -> Self {
        let to_compare = matches!(outcome, Outcome::Conflict);
        Self { outcome, superseded_object: None, to_compare, is_reworded: false }
    }
}

/// By how much a series, and one repository's copy of it, grows.
#[derive(Default)]
struct Growth {
    study_key: i64,
    known: i64,
    held: i64,
    copies: BTreeMap<i64, CopyGrowth>,
    last_entry_key: i64,
    entries: i64,
    fetched_bytes: i64,
}

#[derive(Default)]
struct CopyGrowth {
    known: i64,
    held: i64,
    before: i64,
    declared: i64,
}

type Rows = HashMap<(i64, String), Vec<Held>>;

/// Writes the instances of a batch whose series are in place.
pub(super) async fn write(work: &mut Work<'_>, batch: &[Placed<'_>]) -> Result<Vec<InstanceIndexed>, StoreError> {
    let mut rows = load(work, batch).await?;
    let mut growth: BTreeMap<i64, Growth> = BTreeMap::new();
    let mut out = Vec::with_capacity(batch.len());
    let mut entries: Vec<&Placed<'_>> = Vec::new();
    let (mut upgrades, mut pinned): (Vec<(i64, &Placed<'_>)>, Vec<i64>) = Default::default();
    for placed in batch {
        let series_key = placed.series.series_key;
        let known = rows.entry((series_key, placed.new.entry.instance.sop_instance_uid.as_str().into())).or_default();
        let before = fetched_bytes(known);
        let Decision { outcome, superseded_object, to_compare, is_reworded } = decide(known, placed);
        // What is sent to us is kept, also when the same was fetched before: its sender may have it no more.
        if let Some(key) = kept(known, placed) {
            pinned.push(key);
        }
        let grown =
            growth.entry(series_key).or_insert_with(|| Growth { study_key: placed.study_key, ..Growth::default() });
        grow(grown, placed, outcome);
        grown.fetched_bytes += fetched_bytes(known) - before;
        if matches!(outcome, Outcome::New | Outcome::Upgraded) {
            entries.push(placed);
        }
        if outcome == Outcome::Upgraded
            && let Some(key) = known.iter().find_map(|row| row.instance_key.filter(|_| row.shown))
        {
            upgrades.push((key, placed));
        }
        out.push(InstanceIndexed {
            study_key: placed.study_key,
            series_key,
            outcome,
            superseded_object,
            to_compare,
            is_reworded,
            is_disputed: placed.is_disputed,
            withdrawn: Vec::new(),
        });
    }
    insert_rows(work, &rows).await?;
    for (instance_key, placed) in upgrades {
        upgrade(work, instance_key, placed).await?;
    }
    keep_beside(work, &rows).await?;
    pin(work, &pinned).await?;
    append(work, &entries, &mut growth).await?;
    book(work, &growth).await?;
    Ok(out)
}

async fn load(work: &mut Work<'_>, batch: &[Placed<'_>]) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    // A series of this transaction has none yet.
    let older: Vec<_> = batch.iter().filter(|placed| !placed.series.is_new).collect();
    for chunk in older.chunks(CHUNK) {
        let mut sql = Sql::new(
            "SELECT series_key, sop_instance_uid, instance_key, repository_key, sha256, object, shown, fetched_bytes, likeness FROM held_instance \
             WHERE sop_instance_uid IN (",
        );
        sql.list(chunk.iter().map(|placed| placed.new.entry.instance.sop_instance_uid.as_str()));
        for row in work
            .link
            .rows({
                sql.push(") ORDER BY instance_key");
                sql
            })
            .await?
        {
            rows.entry((row.int(0)?, row.text(1)?)).or_default().push(Held {
                instance_key: Some(row.int(2)?),
                repository_key: row.int(3)?,
                sha256: row.text(4)?,
                object: row.opt_text(5)?,
                shown: row.flag(6)?,
                fetched_bytes: row.opt_int(7)?,
                likeness: Likeness::from_code(&row.text(8)?),
                is_changed: false,
            });
        }
    }
    Ok(rows)
}

/// What an instance is to what is known of it, which is brought up to date.
fn decide(known: &mut Vec<Held>, placed: &Placed<'_>) -> Decision {
    let entry = &placed.new.entry;
    if known.is_empty() {
        known.push(Held::of(placed, true));
        return Decision::of(Outcome::New);
    }
    let same = known.iter().position(|held| !held.sha256.is_empty() && held.sha256 == entry.sha256);
    if entry.object.is_none() {
        // A header, where one is known already. Only of a file that was read where it lies it is known whether it is the same.
        if same.is_some() || entry.sha256.is_empty() || known.iter().any(|held| held.sha256.is_empty()) {
            return Decision::of(Outcome::Repeat);
        }
        known.push(Held::of(placed, false));
        return Decision::of(Outcome::Conflict);
    }
    if let Some(decision) = same.and_then(|at| again(known, at, placed)) {
        return decision;
    }
    let Some(shown) = known.iter_mut().find(|held| held.shown) else {
        known.push(Held::of(placed, true));
        return Decision::of(Outcome::New);
    };
    if shown.object.is_some() {
        known.push(Held::of(placed, false));
        return Decision::of(Outcome::Conflict);
    }
    let now = Held { instance_key: shown.instance_key, ..Held::of(placed, true) };
    let was = std::mem::replace(shown, now);
    let is_other = was.repository_key != placed.repository_key && was.sha256 != entry.sha256;
    let mut superseded_object = None;
    match same.and_then(|at| known.get_mut(at)).filter(|same| !same.shown) {
        // They are the same: each takes the other's place.
        Some(same) => {
            superseded_object = same.object.take();
            (same.sha256, same.repository_key, same.is_changed) = (was.sha256, was.repository_key, true);
        }
        // What was here of another repository, and is not at hand now, was not these bytes: that is not forgotten.
        None if is_other && !was.sha256.is_empty() => {
            known.push(Held { instance_key: None, shown: false, likeness: Likeness::Away, ..was });
        }
        None => {}
    }
    Decision { superseded_object, ..Decision::of(Outcome::Upgraded) }
}

/// What bytes are that were known before: nothing new, unless they stand beside the instance that is shown, which is no less so when they
/// come again. `None` where they are to be shown: the instance that is has no bytes, and these are the same.
fn again(known: &mut [Held], at: usize, placed: &Placed<'_>) -> Option<Decision> {
    let entry = &placed.new.entry;
    let is_bare = known.iter().any(|held| held.shown && held.object.is_none());
    let same = known.get_mut(at)?;
    let is_repeat = same.shown || same.likeness == Likeness::Same;
    if is_repeat && is_bare {
        return None;
    }
    if same.object.is_none() && !is_repeat {
        same.object.clone_from(&entry.object);
        same.repository_key = placed.repository_key;
        (same.is_changed, same.likeness) = (true, Likeness::Unknown);
        return Some(Decision::of(Outcome::Conflict));
    }
    Some(Decision {
        outcome: if is_repeat { Outcome::Repeat } else { Outcome::Conflict },
        superseded_object: entry.object.clone().filter(|object| same.object.as_ref() != Some(object)),
        to_compare: !is_repeat && same.likeness == Likeness::Unknown,
        is_reworded: is_repeat && !same.shown,
    })
}

impl Held {
    fn of(placed: &Placed<'_>, shown: bool) -> Self {
        let entry = &placed.new.entry;
        Self {
            instance_key: None,
            repository_key: placed.repository_key,
            sha256: entry.sha256.clone(),
            object: entry.object.clone(),
            shown,
            fetched_bytes: size_if_fetched(placed).filter(|_| shown),
            likeness: Likeness::Unknown,
            is_changed: false,
        }
    }
}

/// The size of what can be fetched again.
fn size_if_fetched(placed: &Placed<'_>) -> Option<i64> {
    let entry = &placed.new.entry;
    (placed.new.fetched && entry.object.is_some()).then(|| i64::try_from(entry.size_bytes).unwrap_or(i64::MAX))
}

fn fetched_bytes(known: &[Held]) -> i64 {
    known.iter().filter_map(|held| held.fetched_bytes).sum()
}

/// Notes that what was fetched before was now sent to us; its key, where it has one.
fn kept(known: &mut [Held], placed: &Placed<'_>) -> Option<i64> {
    let entry = &placed.new.entry;
    if placed.new.fetched || entry.object.is_none() {
        return None;
    }
    let same = known.iter_mut().find(|held| held.sha256 == entry.sha256 && held.fetched_bytes.is_some())?;
    same.fetched_bytes = None;
    same.instance_key
}

async fn pin(work: &mut Work<'_>, pinned: &[i64]) -> Result<(), StoreError> {
    for chunk in pinned.chunks(CHUNK) {
        let mut sql = Sql::new("UPDATE held_instance SET fetched_bytes = NULL WHERE instance_key IN (");
        sql.list(chunk.iter().copied()).push(")");
        work.link.later(sql).await?;
    }
    Ok(())
}

fn grow(grown: &mut Growth, placed: &Placed<'_>, outcome: Outcome) {
    let held = i64::from(placed.new.entry.object.is_some());
    let (known, held) = match outcome {
        Outcome::New => (1, held),
        Outcome::Upgraded => (0, held),
        Outcome::Repeat | Outcome::Conflict | Outcome::Rejected => return,
    };
    grown.known += known;
    grown.held += held;
    let copy = grown.copies.entry(placed.repository_key).or_insert_with(|| {
        let copy = placed.series.copy(placed.repository_key);
        CopyGrowth {
            before: copy.map_or(0, |copy| copy.known.into()),
            declared: copy.and_then(|copy| copy.declared).unwrap_or(0).into(),
            ..CopyGrowth::default()
        }
    });
    copy.known += known;
    copy.held += held;
}

async fn insert_rows(work: &mut Work<'_>, rows: &Rows) -> Result<(), StoreError> {
    let fresh: Vec<_> = rows
        .iter()
        .flat_map(|((series_key, uid), rows)| rows.iter().map(move |row| (*series_key, uid, row)))
        .filter(|(.., row)| row.instance_key.is_none())
        .collect();
    for chunk in fresh.chunks(CHUNK) {
        let mut sql = Sql::new(
            "INSERT INTO held_instance (series_key, repository_key, sop_instance_uid, sha256, object, shown, fetched_bytes, beside_ms, likeness) VALUES ",
        );
        for (i, (series_key, uid, row)) in chunk.iter().enumerate() {
            let object = row.object.as_deref();
            let key = (*series_key).into();
            let uid = uid.as_str().into();
            let sha256 = row.sha256.as_str().into();
            let fetched = row.fetched_bytes.into();
            let beside = (!row.shown).then_some(work.now_ms).into();
            let (shown, likeness) = (row.shown.into(), row.likeness.code().into());
            sql.tuple(
                i == 0,
                [key, row.repository_key.into(), uid, sha256, object.into(), shown, fetched, beside, likeness],
            );
        }
        work.link.later(sql).await?;
    }
    Ok(())
}

/// Writes what stands beside the instances that are shown and is another than it was.
async fn keep_beside(work: &mut Work<'_>, rows: &Rows) -> Result<(), StoreError> {
    for row in rows.values().flatten().filter(|row| row.is_changed) {
        let Some(instance_key) = row.instance_key else { continue };
        let sql = Sql::new(
            "UPDATE held_instance SET sha256 = $1, object = $2, repository_key = $3, likeness = $4 WHERE instance_key = $5",
        );
        let sql = sql.arg(row.sha256.as_str()).arg(row.object.as_deref()).arg(row.repository_key);
        work.link.later(sql.arg(row.likeness.code()).arg(instance_key)).await?;
    }
    Ok(())
}

async fn upgrade(work: &mut Work<'_>, instance_key: i64, placed: &Placed<'_>) -> Result<(), StoreError> {
    let sql = Sql::new(
        "UPDATE held_instance SET repository_key = $1, sha256 = $2, object = $3, fetched_bytes = $4 WHERE instance_key = $5",
    );
    let entry = &placed.new.entry;
    let sql = sql.arg(placed.repository_key).arg(entry.sha256.as_str()).arg(entry.object.as_deref());
    work.link.later(sql.arg(size_if_fetched(placed)).arg(instance_key)).await
}

/// Appends manifest entries, in the batch's order.
async fn append(
    work: &mut Work<'_>,
    entries: &[&Placed<'_>],
    growth: &mut BTreeMap<i64, Growth>,
) -> Result<(), StoreError> {
    for chunk in entries.chunks(CHUNK) {
        let mut sql = Sql::new("INSERT INTO manifest_entry (series_key, repository_key, entry) VALUES ");
        for (i, placed) in chunk.iter().enumerate() {
            let entry = serde_json::to_vec(&*placed.new.entry);
            let entry = entry.map_err(|_| StoreError::Conflict { what: "an entry that can't be written" })?;
            sql.tuple(i == 0, [placed.series.series_key.into(), placed.repository_key.into(), entry.into()]);
        }
        sql.push(" RETURNING entry_key, series_key");
        for row in work.link.rows(sql).await? {
            if let Some(grown) = growth.get_mut(&row.int(1)?) {
                grown.last_entry_key = grown.last_entry_key.max(row.int(0)?);
                grown.entries += 1;
            }
        }
    }
    Ok(())
}

/// Books what series and their copies have grown by.
async fn book(work: &mut Work<'_>, growth: &BTreeMap<i64, Growth>) -> Result<(), StoreError> {
    for (series_key, grown) in growth.iter().filter(|(_, grown)| grown.fetched_bytes != 0) {
        let sql = Sql::new(
            "UPDATE series SET fetched_bytes = fetched_bytes + $1, used_ms = CASE WHEN used_ms < $2 THEN $2 ELSE used_ms END \
             WHERE series_key = $3",
        );
        work.link.later(sql.arg(grown.fetched_bytes).arg(work.now_ms).arg(*series_key)).await?;
    }
    let grown: Vec<_> = growth.iter().filter(|(_, grown)| grown.entries > 0).collect();
    for chunk in grown.chunks(CHUNK) {
        let mut sql = Sql::new(
            "UPDATE series SET known = known + v.column2, held = held + v.column3, pending = pending + v.column4, \
             last_entry_key = v.column5, number_of_instances = CASE WHEN known + v.column2 > declared \
             THEN known + v.column2 ELSE declared END, \
             manifest_phase = CASE WHEN manifest_phase = 'none' THEN 'partial' ELSE manifest_phase END, last_arrival_ms = ",
        );
        sql.bind(work.now_ms).push(" FROM (VALUES ");
        for (i, (series_key, grown)) in chunk.iter().enumerate() {
            let counts = [grown.known, grown.held, grown.entries, grown.last_entry_key].map(Into::into);
            let [known, held, entries, last] = counts;
            sql.tuple(i == 0, [(**series_key).into(), known, held, entries, last]);
        }
        sql.push(") AS v WHERE series_key = v.column1");
        work.link.later(sql).await?;
    }
    let copies: Vec<_> = grown
        .iter()
        .flat_map(|(series_key, grown)| grown.copies.iter().map(move |copy| (**series_key, copy)))
        .collect();
    for chunk in copies.chunks(CHUNK) {
        let mut sql =
            Sql::new("UPDATE series_copy SET known = known + v.column3, held = held + v.column4 FROM (VALUES ");
        for (i, (series_key, (repository_key, copy))) in chunk.iter().enumerate() {
            let row = [*series_key, **repository_key, copy.known, copy.held];
            sql.tuple(i == 0, row.map(Into::into));
        }
        sql.push(") AS v WHERE series_key = v.column1 AND repository_key = v.column2");
        work.link.later(sql).await?;
    }
    for (_, (repository_key, copy)) in copies {
        let after = copy.before + copy.known;
        work.delta(*repository_key).instances += after.max(copy.declared) - copy.before.max(copy.declared);
    }
    for (_, grown) in grown {
        work.changed(grown.study_key);
    }
    Ok(())
}
