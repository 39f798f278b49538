//! Leases: of the nodes on one database, one alone does a job.
//!
//! Times are the database's own. A holder renews its lease while it works; when it dies, the lease passes to whoever asks after it ran out.

use std::time::Duration;

use crate::engine::{Sql, dialect, in_transaction};
use crate::{Store, StoreError};

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

impl Store {
    /// Takes a lease that is free, has run out, or is this holder's; whether it is held now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_lease(&self, name: &str, holder: &str, lasts: Duration) -> Result<bool, StoreError> {
        let now = dialect::now_ms(self.engine());
        let sql = || {
            let mut sql = Sql::new("INSERT INTO lease (name, holder, until_ms) VALUES (");
            sql.bind(name).push(", ").bind(holder).push(", ").push(now).push(" + ").bind(milliseconds(lasts));
            sql.push(") ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms ");
            sql.push("WHERE lease.holder = excluded.holder OR lease.until_ms <= ").push(now);
            sql
        };
        in_transaction!(self.pools(), |link| async { link.run(sql()).await.map(|rows| rows > 0) })
    }

    /// Renews a lease; `false` when another holder has it meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn renew_lease(&self, name: &str, holder: &str, lasts: Duration) -> Result<bool, StoreError> {
        let now = dialect::now_ms(self.engine());
        let sql = || {
            let mut sql = Sql::new("UPDATE lease SET until_ms = ");
            sql.push(now).push(" + ").bind(milliseconds(lasts)).push(" WHERE name = ").bind(name);
            sql.push(" AND holder = ").bind(holder);
            sql
        };
        in_transaction!(self.pools(), |link| async { link.run(sql()).await.map(|rows| rows > 0) })
    }

    /// Gives a lease back before it runs out. That of another holder stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn give_lease_back(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        let sql = || Sql::new("DELETE FROM lease WHERE name = $1 AND holder = $2").arg(name).arg(holder);
        in_transaction!(self.pools(), |link| async { link.run(sql()).await.map(drop) })
    }
}
