//! The sounds of names: what a fuzzy search looks up.

use std::collections::BTreeSet;

use index_model::StudyRecord;
use index_query::sound;

use crate::StoreError;
use crate::engine::{Link, Pools, Row, Sql, in_transaction};

/// Studies of one transaction when sounds are filled in.
const BATCH: u32 = 500;
/// Rows of one statement.
const CHUNK: usize = 400;
/// What `tally` calls the last study whose sounds were filled in after the fact.
const FILLED: &str = "studies before sounds";

/// `P` for the patient's name, `R` for the referring physician's, with each sound of it.
fn of(record: &StudyRecord) -> BTreeSet<(&'static str, String)> {
    let patient = sound::sounds(&record.patient.patient_name).into_iter().map(|sound| ("P", sound));
    let referring = sound::sounds(&record.referring_physician_name).into_iter().map(|sound| ("R", sound));
    patient.chain(referring).collect()
}

/// Writes the sounds of new studies.
pub(super) async fn insert(link: &mut Link, studies: &[(i64, &StudyRecord)]) -> Result<(), StoreError> {
    let of_one = |&(study_key, record): &(i64, _)| of(record).into_iter().map(move |sound| (sound, study_key));
    let wanted: Vec<_> = studies.iter().flat_map(of_one).collect();
    for chunk in wanted.chunks(CHUNK) {
        let mut sql = Sql::new("INSERT INTO study_sound (whose, sound, study_key) VALUES ");
        for (i, ((whose, sound), study_key)) in chunk.iter().enumerate() {
            sql.tuple(i == 0, [(*whose).into(), sound.as_str().into(), (*study_key).into()]);
        }
        link.later(sql).await?;
    }
    Ok(())
}

/// Writes those of a study that was known, when they are others.
pub(super) async fn renew(link: &mut Link, study_key: i64, record: &StudyRecord) -> Result<(), StoreError> {
    let sql = Sql::new("SELECT whose, sound FROM study_sound WHERE study_key = $1");
    let rows = link.rows(sql.arg(study_key)).await?;
    let written =
        rows.iter().map(|row: &Row| Ok((row.text(0)?, row.text(1)?))).collect::<Result<BTreeSet<_>, StoreError>>()?;
    let wanted = of(record);
    if written.len() == wanted.len()
        && wanted.iter().all(|(whose, sound)| written.contains(&((*whose).to_owned(), sound.clone())))
    {
        return Ok(());
    }
    link.run(Sql::new("DELETE FROM study_sound WHERE study_key = $1").arg(study_key)).await?;
    insert(link, &[(study_key, record)]).await
}

/// Writes the sounds of studies that were there before sounds were; a start that was interrupted goes on where it was.
pub(crate) async fn fill(pools: &Pools) -> Result<(), StoreError> {
    let mut filled = 0u64;
    loop {
        let done = in_transaction!(pools, |link| fill_some(&mut link))?;
        filled += done;
        if done == 0 {
            break;
        }
    }
    if filled > 0 {
        tracing::info!(studies = filled, "sounds of names filled in");
    }
    Ok(())
}

/// How many studies were looked at.
async fn fill_some(link: &mut Link) -> Result<u64, StoreError> {
    let tally = Sql::new("SELECT value FROM tally WHERE name = $1").arg(FILLED);
    let Some(last) = link.row(tally).await? else { return Ok(0) };
    let last = last.int(0)?;
    let sql = Sql::new("SELECT study_key, record FROM study WHERE study_key <= $1 ORDER BY study_key DESC LIMIT $2");
    let rows = link.rows(sql.arg(last).arg(BATCH)).await?;
    for row in &rows {
        renew(link, row.int(0)?, &row.json(1)?).await?;
    }
    let next = match rows.last() {
        Some(row) => Sql::new("UPDATE tally SET value = $1 WHERE name = $2").arg(row.int(0)? - 1).arg(FILLED),
        None => Sql::new("DELETE FROM tally WHERE name = $1").arg(FILLED),
    };
    link.run(next).await?;
    Ok(rows.len() as u64)
}
