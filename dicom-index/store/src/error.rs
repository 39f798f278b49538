//! Why the store gave no answer.

use std::fmt;

/// Why the store gave no answer, told apart by what the caller does next. No text of it holds a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database could not be reached or could not do it now: try again later, acknowledge nothing.
    #[error("the registry's database is unavailable")]
    Unavailable(#[source] Fault),
    /// A row can't be read back: a person must look.
    #[error("the registry's database holds an unreadable {what}")]
    Corrupt {
        /// Table or column.
        what: &'static str,
    },
    /// The caller's state is stale or contradicts what is there.
    #[error("conflict: {what}")]
    Conflict {
        /// What contradicts.
        what: &'static str,
    },
    /// What was named is not there.
    #[error("unknown {what}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
    },
    /// The address of the database can't be used.
    #[error("the database's address is wrong: {what}")]
    Address {
        /// The rule that it breaks.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether the database has no room to write.
    pub fn is_full(&self) -> bool {
        // SQLITE_FULL and SQLITE_IOERR_SHMSIZE; PostgreSQL's disk_full.
        matches!(self, Self::Unavailable(fault) if matches!(fault.code(), Some("13" | "4874" | "53100")))
    }

    /// Whether the database is away or on its way up or down, as opposed to a statement that it refused.
    pub fn is_outage(&self) -> bool {
        let Self::Unavailable(fault) = self else { return false };
        match fault.code() {
            None => true,
            // Connection exceptions, insufficient resources, operator intervention.
            Some(code) => ["08", "53", "57P"].iter().any(|class| code.len() == 5 && code.starts_with(class)),
        }
    }

    /// Whether the same transaction may succeed when it is tried again at once.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(fault) if fault.is_passing())
    }
}

/// A failure of the database without the values that its own message may repeat.
#[derive(Debug)]
pub struct Fault {
    kind: &'static str,
    code: Option<String>,
}

impl Fault {
    /// The SQLSTATE or SQLite result code, when the database gave one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether the same transaction may succeed when it is tried again at once: a deadlock, a serialization failure, or a row that
    /// another transaction inserted meanwhile.
    fn is_passing(&self) -> bool {
        matches!(self.code(), Some("40001" | "40P01" | "23505" | "5" | "6" | "517"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} (code {code})", self.kind),
            None => f.write_str(self.kind),
        }
    }
}

impl std::error::Error for Fault {}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let kind = match &error {
            sqlx::Error::Database(cause) => {
                let code = cause.code().map(|code| code.into_owned());
                return Self::Unavailable(Fault { kind: "the database refused a statement", code });
            }
            sqlx::Error::Io(_) => "connection lost",
            sqlx::Error::Tls(_) => "no secure connection",
            sqlx::Error::PoolTimedOut => "no connection became free in time",
            sqlx::Error::PoolClosed => "the store is closed",
            sqlx::Error::Protocol(_) => "protocol broken",
            sqlx::Error::Configuration(_) => "configuration",
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                return Self::Corrupt { what: "column" };
            }
            _ => "failure inside the driver",
        };
        Self::Unavailable(Fault { kind, code: None })
    }
}
