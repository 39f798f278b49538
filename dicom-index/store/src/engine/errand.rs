//! Statements that write and whose answer nobody waits for.
//!
//! SQLite's driver has a thread for each connection, and a statement is a change of threads there and another back. What only writes waits here,
//! and goes with the next statement that is waited for.

use super::statement::{Sql, Text, Value};

/// What waits at the most, lest a transaction of thousands of rows be held in memory.
const MOST_VALUES: usize = 4_000;

/// Statements in the order in which they were given.
#[derive(Default)]
pub(crate) struct Errand {
    text: String,
    args: Vec<Value>,
}

impl Errand {
    /// Adds a statement. Its placeholders lose their numbers, for several statements share one list of values.
    pub(super) fn add(&mut self, sql: Sql) {
        if !self.text.is_empty() {
            self.text.push_str("; ");
        }
        let mut numbers = Vec::with_capacity(sql.args.len());
        let mut pieces = sql.text.0.split('$');
        self.text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
            numbers.push(piece.strip_suffix(rest).and_then(|number| number.parse::<usize>().ok()).unwrap_or(0));
            self.text.push('?');
            self.text.push_str(rest);
        }
        if numbers.iter().copied().eq(1..=sql.args.len()) {
            self.args.extend(sql.args);
        } else {
            let value = |number: usize| sql.args.get(number.wrapping_sub(1)).cloned().unwrap_or(Value::Int(None));
            self.args.extend(numbers.into_iter().map(value));
        }
    }

    /// Whether it should go now.
    pub(super) fn is_long(&self) -> bool {
        self.args.len() > MOST_VALUES
    }

    /// All that waits, as one; nothing waits then.
    pub(super) fn take(&mut self) -> Option<Sql> {
        let Self { text, args } = std::mem::take(self);
        (!text.is_empty()).then(|| Sql { text: Text(text.into()), args })
    }

    /// All that waits, and this after it.
    pub(super) fn take_with(&mut self, sql: Sql) -> Sql {
        if self.text.is_empty() {
            return sql;
        }
        self.add(sql);
        let Self { text, args } = std::mem::take(self);
        Sql { text: Text(text.into()), args }
    }
}

#[cfg(test)]
mod tests {
    use super::{Errand, Sql};

    #[test]
    fn each_statement_keeps_its_own_values() {
        let mut errand = Errand::default();
        errand.add(Sql::new("UPDATE a SET b = $1 WHERE c = $2").arg(1_i64).arg(2_i64));
        errand.add(Sql::new("DELETE FROM d"));
        let sql = errand.take_with(Sql::new("SELECT e FROM f WHERE g = $2 OR h = $1 OR i = $2").arg(3_i64).arg(4_i64));
        assert_eq!(
            sql.text(),
            "UPDATE a SET b = ? WHERE c = ?; DELETE FROM d; SELECT e FROM f WHERE g = ? OR h = ? OR i = ?"
        );
        let expected: Vec<super::Value> = [1_i64, 2, 4, 3, 4].into_iter().map(Into::into).collect();
        assert!(sql.args == expected, "in the order of the placeholders");
        assert!(errand.take().is_none(), "nothing waits any more");
    }
}
