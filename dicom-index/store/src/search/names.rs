//! Person names: components, groups and fuzzy matching (PS3.4 §C.2.2.2.1, PS3.18 §8.3.4.2).

use index_query::Rule;
use index_query::sound::{FuzzyWord, fuzzy_words};
use index_query::text::name_patterns;

use super::pattern::Pattern;
use crate::Engine;
use crate::engine::Sql;
use crate::engine::dialect::{TextColumn, has_pieces};

/// Where a name's groups and words are.
pub(super) struct Columns {
    pub(super) groups: &'static [&'static str],
    pub(super) words: &'static str,
    pub(super) text: TextColumn,
}

impl Columns {
    /// Whose sounds `study_sound` has for this name.
    const fn whose(&self) -> &'static str {
        match self.text {
            TextColumn::ReferringWords => "R",
            TextColumn::PatientWords | TextColumn::StudyDescription | TextColumn::InstitutionName => "P",
        }
    }
}

/// Writes ` AND …` for a rule on a name.
pub(super) fn write(sql: &mut Sql, engine: Engine, columns: &Columns, rule: &Rule) {
    match rule {
        Rule::Fuzzy(value) => {
            for word in fuzzy_words(value) {
                write_fuzzy(sql, engine, columns, word);
            }
        }
        Rule::Equals(value) | Rule::Like(value) => {
            let groups = groups(value);
            prefilter(sql, engine, columns, &groups);
            sql.push(" AND ");
            write_one(sql, columns, &groups);
        }
        Rule::AnyOf(values) => {
            sql.push(" AND (");
            for (i, value) in values.iter().enumerate() {
                sql.push(if i == 0 { "" } else { " OR " });
                write_one(sql, columns, &groups(value));
            }
            sql.push(")");
        }
        Rule::AllOf(values) => {
            for value in values {
                sql.push(" AND ");
                write_one(sql, columns, &groups(value));
            }
        }
        Rule::Empty => {
            sql.push(" AND ").push(columns.words).push(" = ''");
        }
        Rule::Universal | Rule::Range(..) | Rule::Span(_) => {}
    }
}

/// The groups of a query's name, each a pattern over a [closed group](index_query::text::closed_group).
fn groups(value: &str) -> Vec<Option<Pattern>> {
    name_patterns(value).into_iter().map(|pattern| pattern.map(Pattern::new)).collect()
}

fn write_one(sql: &mut Sql, columns: &Columns, groups: &[Option<Pattern>]) {
    match groups {
        // One group is looked for in all: who types a name does not say which group it is in.
        [Some(pattern)] => {
            sql.push("(");
            for (i, column) in columns.groups.iter().enumerate() {
                sql.push(if i == 0 { "" } else { " OR " });
                pattern.write(sql, column);
            }
            sql.push(")");
        }
        groups => {
            sql.push("(1 = 1");
            for (pattern, column) in groups.iter().zip(columns.groups) {
                if let Some(pattern) = pattern {
                    sql.push(" AND ");
                    pattern.write(sql, column);
                }
            }
            sql.push(")");
        }
    }
}

/// Where no group's beginning is given, the index over parts finds the few that are worth comparing.
fn prefilter(sql: &mut Sql, engine: Engine, columns: &Columns, groups: &[Option<Pattern>]) {
    if groups.iter().flatten().any(|pattern| !pattern.prefix().is_empty()) {
        return;
    }
    let pieces = |pattern: &Pattern| pattern.pieces().iter().map(|piece| piece.replace('^', " ")).collect::<Vec<_>>();
    let pieces: Vec<String> = groups.iter().flatten().flat_map(pieces).collect();
    has_pieces(sql, engine, columns.text, &pieces);
}

/// A word that begins like this one, found by its parts, or one that sounds like it, found by its sound.
fn write_fuzzy(sql: &mut Sql, engine: Engine, columns: &Columns, word: FuzzyWord) {
    let pattern = Pattern::new(word.pattern);
    if word.sounds.is_empty() {
        has_pieces(sql, engine, columns.text, &pattern.pieces());
        sql.push(" AND ");
        pattern.write(sql, columns.words);
        return;
    }
    sql.push(" AND s.study_key IN (SELECT s.study_key FROM study s WHERE 1 = 1");
    has_pieces(sql, engine, columns.text, &pattern.pieces());
    sql.push(" AND ");
    pattern.write(sql, columns.words);
    sql.push(" UNION SELECT x.study_key FROM study_sound x WHERE x.whose = ").bind(columns.whose());
    sql.push(" AND x.sound IN (").list(word.sounds).push("))");
}
