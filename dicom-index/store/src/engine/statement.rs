//! Statements, their values and their rows.

use std::borrow::Cow;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Row as _, SqlSafeStr, SqlStr};

use crate::StoreError;

/// A value of a statement. Its kind matters where it is NULL, because PostgreSQL types its parameters.
#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(Some(number.into()))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<Option<u32>> for Value {
    fn from(number: Option<u32>) -> Self {
        Self::Int(number.map(Into::into))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(Some(flag.into()))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// The text of a statement. Values are never part of it.
pub(crate) struct Text(pub(super) Cow<'static, str>);

impl SqlSafeStr for Text {
    fn into_sql_str(self) -> SqlStr {
        match self.0 {
            Cow::Borrowed(text) => text.into_sql_str(),
            // Pieces are `&'static str`, see `Sql::push`; only the numbers of placeholders, and of rows, are made.
            Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
        }
    }
}

/// A statement being written: text from the source code, values as `$1`, `$2` and so on.
pub(crate) struct Sql {
    pub(crate) text: Text,
    pub(crate) args: Vec<Value>,
}

impl Sql {
    /// Starts with this text; its placeholders are filled by [`arg`](Self::arg) in order.
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text: Text(Cow::Borrowed(text)), args: Vec::new() }
    }

    /// Adds the value of the next placeholder that is in the text already.
    pub(crate) fn arg(mut self, value: impl Into<Value>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Adds text.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.0.to_mut().push_str(text);
        self
    }

    /// Adds a placeholder with its value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.args.push(value.into());
        let number = self.args.len();
        let text = self.text.0.to_mut();
        text.push('$');
        text.push_str(&number.to_string());
        self
    }

    /// Adds ` LIMIT ` and this number as text. SQLite plans a statement anew at each use whose limit is a placeholder, for its planner looks
    /// at the number.
    pub(crate) fn limit(&mut self, rows: impl Into<u64>) -> &mut Self {
        let text = self.text.0.to_mut();
        text.push_str(" LIMIT ");
        text.push_str(&rows.into().to_string());
        self
    }

    /// Adds placeholders with their values, separated by commas; NULL, which nothing is equal to, when there are none.
    pub(crate) fn list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        let before = self.args.len();
        for value in values {
            if self.args.len() > before {
                self.push(", ");
            }
            self.bind(value);
        }
        if self.args.len() == before { self.push("NULL") } else { self }
    }

    /// Adds `(…)`, a row of values.
    pub(crate) fn tuple<const N: usize>(&mut self, first: bool, values: [Value; N]) -> &mut Self {
        self.push(if first { "(" } else { ", (" }).list(values).push(")")
    }

    /// Puts text before what is there.
    pub(crate) fn before(mut self, text: &'static str) -> Self {
        self.text.0.to_mut().insert_str(0, text);
        self
    }

    /// The text so far.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text.0
    }
}

/// PostgreSQL's text can't hold NUL, and no value of ours needs it.
fn without_nul(text: Option<String>) -> Option<String> {
    text.map(|text| if text.contains('\0') { text.replace('\0', "") } else { text })
}

fn refused(_: sqlx::error::BoxDynError) -> StoreError {
    StoreError::Conflict { what: "a value does not fit its column" }
}

pub(super) fn sqlite(args: Vec<Value>) -> Result<SqliteArguments, StoreError> {
    let mut out = SqliteArguments::default();
    for value in args {
        match value {
            Value::Text(text) => out.add(without_nul(text)),
            Value::Int(number) => out.add(number),
            Value::Bytes(bytes) => out.add(bytes),
        }
        .map_err(refused)?;
    }
    Ok(out)
}

pub(super) fn postgres(args: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut out = PgArguments::default();
    for value in args {
        match value {
            Value::Text(text) => out.add(without_nul(text)),
            Value::Int(number) => out.add(number),
            Value::Bytes(bytes) => out.add(bytes),
        }
        .map_err(refused)?;
    }
    Ok(out)
}

/// A row of either engine.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($name:ident, $type:ty) => {
        pub(crate) fn $name(&self, index: usize) -> Result<$type, StoreError> {
            Ok(match self {
                Self::Sqlite(row) => row.try_get(index)?,
                Self::Postgres(row) => row.try_get(index)?,
            })
        }
    };
}

/// Columns by their place, from 0.
impl Row {
    column!(text, String);
    column!(opt_text, Option<String>);
    column!(int, i64);
    column!(opt_int, Option<i64>);
    column!(bytes, Vec<u8>);

    /// A count; what is negative or too large counts as damage.
    pub(crate) fn count(&self, index: usize) -> Result<u32, StoreError> {
        u32::try_from(self.int(index)?).map_err(|_| StoreError::Corrupt { what: "count" })
    }

    /// A flag.
    pub(crate) fn flag(&self, index: usize) -> Result<bool, StoreError> {
        Ok(self.int(index)? != 0)
    }

    /// A JSON column.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, index: usize) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(index)?).map_err(|_| StoreError::Corrupt { what: "record" })
    }
}

/// A record as its JSON column, without what it does not say.
pub(crate) fn json(record: &impl serde::Serialize) -> Result<String, StoreError> {
    let unwritable = |_| StoreError::Conflict { what: "a record that can't be written" };
    let mut value = serde_json::to_value(record).map_err(unwritable)?;
    drop_nulls(&mut value);
    serde_json::to_string(&value).map_err(unwritable)
}

/// Records are a few levels deep; their types bound this.
fn drop_nulls(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Sql;

    #[test]
    fn a_limit_is_no_placeholder() {
        let mut sql = Sql::new("SELECT a FROM b WHERE c = $1").arg(7_i64);
        sql.limit(20_u32).push(" OFFSET ").bind(40_i64);
        assert_eq!((sql.text(), sql.args.len()), ("SELECT a FROM b WHERE c = $1 LIMIT 20 OFFSET $2", 2));
    }
}
