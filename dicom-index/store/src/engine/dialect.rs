//! Where the two engines need different words.

use super::{Link, Row, Sql};
use crate::{Engine, StoreError};

/// Text columns of `study` that can be searched by any part of three letters or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextColumn {
    PatientWords,
    ReferringWords,
    StudyDescription,
    InstitutionName,
}

/// Holds `names` for this transaction, so that two nodes do not make the same study, patient or person at once.
///
/// SQLite has one writer and needs nothing. `names` are hashed; taking them in order keeps transactions from waiting for each other
/// in a circle.
pub(crate) async fn hold(link: &mut Link, names: impl IntoIterator<Item = String>) -> Result<(), StoreError> {
    if link.engine() == Engine::Sqlite {
        return Ok(());
    }
    let mut hashes: Vec<i64> = names.into_iter().map(|name| fnv(name.as_bytes())).collect();
    hashes.sort_unstable();
    hashes.dedup();
    for chunk in hashes.chunks(100) {
        // Arguments of a SELECT list are evaluated from left to right.
        let mut sql = Sql::new("SELECT 1");
        for hash in chunk {
            sql.push(", pg_advisory_xact_lock(").bind(*hash).push(")");
        }
        link.run(sql).await?;
    }
    Ok(())
}

/// Makes the rest of this transaction the only one that moves the change feed, so that its numbers are committed in their order.
pub(crate) async fn hold_feed(link: &mut Link) -> Result<(), StoreError> {
    hold(link, ["change feed".to_owned()]).await
}

/// The time by the database's own clock, in Unix milliseconds: nodes' clocks disagree, and a lease must not be lost by that.
pub(crate) const fn now_ms(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
        Engine::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

/// FNV-1a. Only its being the same on all nodes matters.
fn fnv(bytes: &[u8]) -> i64 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash.cast_signed()
}

/// A condition on alias `s` that holds for every study whose column has all `pieces`, and for few others.
///
/// Pieces shorter than three characters are of no use to either engine's index; without a longer one nothing is written.
pub(crate) fn has_pieces(sql: &mut Sql, engine: Engine, column: TextColumn, pieces: &[String]) {
    let useful: Vec<&String> = pieces.iter().filter(|piece| piece.chars().count() >= 3).collect();
    if useful.is_empty() {
        return;
    }
    if engine == Engine::Sqlite {
        let phrase = |piece: &&String| format!("{{{}}} : \"{}\"", fts_column(column), piece.replace('"', "\"\""));
        let query: Vec<String> = useful.iter().map(phrase).collect();
        sql.push(" AND s.study_key IN (SELECT rowid FROM study_text WHERE study_text MATCH ");
        sql.bind(query.join(" AND ")).push(")");
        return;
    }
    for piece in useful {
        sql.push(match column {
            TextColumn::PatientWords => " AND s.patient_words LIKE ",
            TextColumn::ReferringWords => " AND s.referring_words LIKE ",
            TextColumn::StudyDescription => " AND s.study_description LIKE ",
            TextColumn::InstitutionName => " AND s.institution_name LIKE ",
        });
        sql.bind(format!("%{}%", like_literal(piece)));
    }
}

const fn fts_column(column: TextColumn) -> &'static str {
    match column {
        TextColumn::PatientWords => "patient_words",
        TextColumn::ReferringWords => "referring_words",
        TextColumn::StudyDescription => "study_description",
        TextColumn::InstitutionName => "institution_name",
    }
}

/// Text in a LIKE pattern with `\` as its escape.
pub(crate) fn like_literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Asks for the plan of a statement.
pub(crate) fn explain(engine: Engine, sql: Sql, limit: u32) -> Sql {
    let mut sql = sql;
    sql.limit(limit);
    sql.before(if engine == Engine::Sqlite { "EXPLAIN QUERY PLAN " } else { "EXPLAIN " })
}

/// One line of a plan.
pub(crate) fn explained(engine: Engine, row: &Row) -> Result<String, StoreError> {
    row.text(if engine == Engine::Sqlite { 3 } else { 0 })
}
