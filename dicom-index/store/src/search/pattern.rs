//! Wild cards as SQL patterns.

use crate::engine::Sql;
use crate::engine::dialect::like_literal;

/// Above every character that text can have, so that `prefix..prefix + LAST` is all that begins with `prefix`.
const LAST: char = '\u{10FFFF}';

/// A value with `*` and `?`, folded or not, taken apart once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: String,
}

impl Pattern {
    pub(crate) const fn new(text: String) -> Self {
        Self { text }
    }

    /// What comes before the first wild card.
    pub(crate) fn prefix(&self) -> &str {
        self.text.split(['*', '?']).next().unwrap_or_default()
    }

    /// Whether it is a beginning and one `*`.
    fn is_prefix_only(&self) -> bool {
        self.text.strip_suffix('*').is_some_and(|prefix| !prefix.contains(['*', '?']))
    }

    /// Whether everything matches.
    pub(crate) fn is_universal(&self) -> bool {
        self.text.chars().all(|c| c == '*')
    }

    /// The parts between wild cards.
    pub(crate) fn pieces(&self) -> Vec<String> {
        self.text.split(['*', '?']).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
    }

    fn like(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + 4);
        for c in self.text.chars() {
            match c {
                '*' if out.ends_with('%') && !out.ends_with("\\%") => {}
                '*' => out.push('%'),
                '?' => out.push('_'),
                c => out.push_str(&like_literal(c.encode_utf8(&mut [0; 4]))),
            }
        }
        out
    }

    /// Writes the condition on a column: a range that an index serves, and what the range can't tell.
    pub(crate) fn write(&self, sql: &mut Sql, column: &'static str) {
        if self.is_universal() {
            sql.push(column).push(" <> ''");
            return;
        }
        let prefix = self.prefix();
        sql.push("(");
        if !prefix.is_empty() {
            sql.push(column).push(" >= ").bind(prefix).push(" AND ");
            sql.push(column).push(" < ").bind(format!("{prefix}{LAST}"));
        }
        if !self.is_prefix_only() {
            sql.push(if prefix.is_empty() { "" } else { " AND " }).push(column).push(" LIKE ").bind(self.like());
            sql.push(" ESCAPE '\\'");
        }
        sql.push(")");
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn wild_cards_become_sql_and_what_looks_like_sql_does_not() {
        let like = |text: &str| Pattern::new(text.into()).like();
        assert_eq!(like("a*b?c"), "a%b_c");
        assert_eq!(like("**a**"), "%a%");
        assert_eq!(like("50%_\\*"), "50\\%\\_\\\\%");
        assert_eq!(like("%*"), "\\%%");
    }
}
