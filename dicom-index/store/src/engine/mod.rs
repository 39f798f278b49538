//! The two engines behind one small interface: a statement with its values goes in, rows come out.
//!
//! What the engines do differently is in this folder and nowhere else.

pub(crate) mod dialect;
mod errand;
mod migrate;
mod open;
mod readers;
mod server;
mod statement;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

use self::errand::Errand;
pub(crate) use self::open::Pools;
use self::readers::Reading;
use self::server::{FOR_A_STATEMENT, Server};
pub(crate) use self::statement::{Row, Sql, Value, json};
use crate::{Engine, StoreError};

/// How often a transaction that lost against another is tried again.
pub(crate) const RETRIES: u32 = 8;

/// How long one caller may keep a connection busy reading.
const READING: Duration = Duration::from_secs(30);

/// A connection: one that reads, or one within a transaction.
pub(crate) enum Link {
    SqliteRead(Reading),
    SqliteWrite(Transaction<'static, Sqlite>, Errand),
    PostgresRead(PoolConnection<Postgres>, Arc<Server>),
    PostgresWrite(Transaction<'static, Postgres>),
}

/// A statement under way. The drivers' futures are large and deep: none is a part of every future above it.
pub(crate) type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

enum Target<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Pools {
    /// A connection for reading. Each statement sees what was committed when it began.
    pub(crate) async fn read(&self) -> Result<Link, StoreError> {
        self.read_for(READING).await
    }

    /// The same, for a time after which SQLite gives up. PostgreSQL has its own, see [`open`].
    async fn read_for(&self, limit: Duration) -> Result<Link, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Link::SqliteRead(readers.acquire(limit).await?),
            Self::Postgres(server) => Link::PostgresRead(server.acquire().await?, Arc::clone(server)),
        })
    }

    /// A transaction that may write. On SQLite there is one at a time; the others wait for it.
    pub(crate) async fn begin(&self) -> Result<Link, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                Link::SqliteWrite(writer.begin_with("BEGIN IMMEDIATE").await?, Errand::default())
            }
            Self::Postgres(server) => Link::PostgresWrite(server.pool.begin().await?),
        })
    }
}

impl Link {
    /// Which engine it leads to.
    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::SqliteRead(_) | Self::SqliteWrite(..) => Engine::Sqlite,
            Self::PostgresRead(..) | Self::PostgresWrite(_) => Engine::Postgres,
        }
    }

    fn target(&mut self) -> Target<'_> {
        match self {
            Self::SqliteRead(held) => Target::Sqlite(held.begin()),
            Self::SqliteWrite(held, _) => Target::Sqlite(held),
            Self::PostgresRead(held, _) => Target::Postgres(held),
            Self::PostgresWrite(held) => Target::Postgres(held),
        }
    }

    /// A statement has ended.
    fn ended(&mut self) {
        if let Self::SqliteRead(held) = self {
            held.ended();
        }
    }

    /// All rows of a statement, which has a limit of its own.
    pub(crate) fn rows(&mut self, sql: Sql) -> Asking<'_, Vec<Row>> {
        Box::pin(self.ask(sql))
    }

    async fn ask(&mut self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        let Sql { text, args } = match self {
            // What waits gives no rows.
            Self::SqliteWrite(_, errand) => errand.take_with(sql),
            _ => sql,
        };
        if let Self::PostgresRead(held, server) = self {
            let asking = sqlx::query_with(text, statement::postgres(args)?).fetch_all(&mut **held);
            let rows = server.while_it_answers(FOR_A_STATEMENT, asking).await;
            if matches!(rows, Err(sqlx::Error::Io(_))) {
                // Nobody knows what is still on its way by it.
                held.close_on_drop();
            }
            return Ok(rows?.into_iter().map(Row::Postgres).collect());
        }
        Ok(match self.target() {
            Target::Sqlite(connection) => {
                let rows = sqlx::query_with(text, statement::sqlite(args)?).fetch_all(connection).await;
                self.ended();
                rows?.into_iter().map(Row::Sqlite).collect()
            }
            Target::Postgres(connection) => {
                let rows = sqlx::query_with(text, statement::postgres(args)?).fetch_all(connection).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first row.
    pub(crate) async fn row(&mut self, sql: Sql) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql).await?.into_iter().next())
    }

    /// The first column of the only row, a number.
    pub(crate) async fn number(&mut self, sql: Sql) -> Result<i64, StoreError> {
        self.row(sql).await?.ok_or(StoreError::Corrupt { what: "answer without rows" })?.int(0)
    }

    /// Runs a statement; the number of rows that it wrote.
    pub(crate) fn run(&mut self, sql: Sql) -> Asking<'_, u64> {
        Box::pin(self.write(sql))
    }

    /// Runs a statement before the next one that is waited for, whose error is its error; at the latest when the transaction ends. It gives no
    /// rows, and nobody asks how many it wrote.
    pub(crate) async fn later(&mut self, sql: Sql) -> Result<(), StoreError> {
        let Self::SqliteWrite(_, errand) = self else { return self.run(sql).await.map(drop) };
        errand.add(sql);
        if errand.is_long() { self.send_waiting().await } else { Ok(()) }
    }

    /// Runs what waits for the next statement.
    async fn send_waiting(&mut self) -> Result<(), StoreError> {
        if let Self::SqliteWrite(transaction, errand) = self
            && let Some(Sql { text, args }) = errand.take()
        {
            sqlx::query_with(text, statement::sqlite(args)?).execute(&mut **transaction).await?;
        }
        Ok(())
    }

    async fn write(&mut self, sql: Sql) -> Result<u64, StoreError> {
        // By itself: the driver adds up what all statements of one errand wrote.
        self.send_waiting().await?;
        let Sql { text, args } = sql;
        Ok(match self.target() {
            Target::Sqlite(connection) => {
                let done = sqlx::query_with(text, statement::sqlite(args)?).execute(connection).await;
                self.ended();
                done?.rows_affected()
            }
            Target::Postgres(connection) => {
                sqlx::query_with(text, statement::postgres(args)?).execute(connection).await?.rows_affected()
            }
        })
    }

    /// Ends a transaction; when this returns, what it wrote is on disk.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.send_waiting().await?;
        match self {
            Self::SqliteWrite(transaction, _) => transaction.commit().await?,
            Self::PostgresWrite(transaction) => transaction.commit().await?,
            Self::SqliteRead(_) | Self::PostgresRead(..) => {}
        }
        Ok(())
    }
}

/// Runs `$body`, which yields a `Result`, in a transaction; again from the start when it lost against another one.
macro_rules! in_transaction {
    ($pools:expr, |$link:ident| $body:expr) => {{
        let mut attempt = 0;
        loop {
            let mut $link = $pools.begin().await?;
            let lost = match $body.await {
                Ok(value) => match $link.commit().await {
                    Ok(()) => break Ok(value),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            attempt += 1;
            if attempt > $crate::engine::RETRIES || !lost.is_passing() {
                break Err(lost);
            }
            tracing::debug!(attempt, "transaction tried again");
        }
    }};
}
pub(crate) use in_transaction;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use super::{Pools, Sql};

    const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

    async fn pools(folder: &tempfile::TempDir) -> Pools {
        Pools::open(&format!("sqlite://{}", folder.path().join("a.sqlite").display())).await.unwrap()
    }

    #[tokio::test]
    async fn a_reader_that_takes_too_long_is_interrupted() {
        let folder = tempfile::tempdir().unwrap();
        let pools = pools(&folder).await;
        let mut link = pools.read_for(Duration::ZERO).await.unwrap();
        assert!(link.number(Sql::new(ENDLESS)).await.is_err());
        drop(link);
        let mut link = pools.read().await.unwrap();
        assert_eq!(link.number(Sql::new("SELECT 1")).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn what_waits_runs_before_what_is_waited_for_and_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let pools = pools(&folder).await;
        let person =
            |name: &str| Sql::new("INSERT INTO person (public_id, created_ms) VALUES ($2, $1)").arg(1_i64).arg(name);
        let count = || Sql::new("SELECT count(*) FROM person");
        let mut link = pools.begin().await.unwrap();
        link.later(person("a")).await.unwrap();
        link.later(person("b")).await.unwrap();
        assert_eq!(link.number(count()).await.unwrap(), 2, "it sees what waited");
        link.later(person("c")).await.unwrap();
        let renamed = Sql::new("UPDATE person SET public_id = $1 WHERE public_id = $2").arg("d").arg("c");
        assert_eq!(link.run(renamed).await.unwrap(), 1, "what waited is not counted");
        link.later(person("e")).await.unwrap();
        link.commit().await.unwrap();
        let mut link = pools.begin().await.unwrap();
        link.later(person("e")).await.unwrap();
        assert!(link.commit().await.is_err(), "an error is told at the end at the latest");
        assert_eq!(pools.read().await.unwrap().number(count()).await.unwrap(), 4, "and nothing of it remains");
    }

    #[tokio::test]
    async fn a_statement_whose_asker_has_gone_ends_and_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let pools = pools(&folder).await;
        for _ in 0..9 {
            let mut link = pools.read().await.unwrap();
            assert_eq!(link.number(Sql::new("SELECT 1")).await.unwrap(), 1);
            // It has begun, and whoever asked for it goes.
            assert!(asked_once(link.number(Sql::new(ENDLESS))).await.is_none());
        }
    }

    /// What a future answers when it is asked once.
    async fn asked_once<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|context| match future.as_mut().poll(context) {
            std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }
}
