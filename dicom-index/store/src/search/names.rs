//! Person names: components, groups and fuzzy matching (PS3.4 §C.2.2.2.1, PS3.18 §8.3.4.2).

use index_query::Rule;

use super::pattern::Pattern;
use crate::Engine;
use crate::engine::Sql;
use crate::engine::dialect::{TextColumn, has_pieces};
use index_query::text::{name_patterns, words};

/// Where a name's groups and words are.
pub(super) struct Columns {
    pub(super) groups: &'static [&'static str],
    pub(super) words: &'static str,
    pub(super) text: TextColumn,
}

/// Writes ` AND …` for a rule on a name; `false` when the rule makes no sense for a name.
pub(super) fn write(sql: &mut Sql, engine: Engine, columns: &Columns, rule: &Rule, fuzzy: bool) -> bool {
    match rule {
        Rule::Universal => {}
        Rule::Equals(value) | Rule::Like(value) if fuzzy => write_fuzzy(sql, engine, columns, value),
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
        Rule::Empty => {
            sql.push(" AND ").push(columns.words).push(" = ''");
        }
        Rule::Range(..) => return false,
    }
    true
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

/// Every word must be the beginning of some word of the name, in any order.
fn write_fuzzy(sql: &mut Sql, engine: Engine, columns: &Columns, value: &str) {
    let plain: String = value.chars().map(|c| if matches!(c, '*' | '?') { ' ' } else { c }).collect();
    let words: Vec<String> = words(&plain).split_whitespace().take(16).map(|word| format!(" {word}")).collect();
    has_pieces(sql, engine, columns.text, &words);
    for word in words {
        sql.push(" AND ");
        Pattern::new(format!("*{word}*")).write(sql, columns.words);
    }
}
