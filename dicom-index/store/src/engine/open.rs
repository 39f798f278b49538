//! Connections: how many there are, and how they are set.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlitePool};

use super::migrate::migrate;
use super::readers::Readers;
use super::server::Server;
use crate::{Engine, StoreError};

const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a caller waits for a connection; who reads gives up sooner when the server is away ([`Server`]).
const ACQUIRE: Duration = Duration::from_secs(15);
/// How long SQLite waits for another process.
const BUSY: Duration = Duration::from_secs(10);

/// The connections of one database.
#[derive(Debug)]
pub(crate) enum Pools {
    /// SQLite lets one connection write; giving it a pool of one makes the others wait in order instead of in a busy loop.
    Sqlite { writer: SqlitePool, readers: Readers },
    /// PostgreSQL's connections are all alike.
    Postgres(Arc<Server>),
}

impl Pools {
    /// Connects and migrates.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("sqlite:") {
            open_sqlite(url).await
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url).await
        } else {
            Err(StoreError::Address { what: "it begins with sqlite: or postgres:" })
        }
    }

    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Waits for running statements and closes all connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(server) => server.pool.close().await,
        }
    }
}

async fn open_sqlite(url: &str) -> Result<Pools, StoreError> {
    let wrong = |_| StoreError::Address { what: "sqlite:// and a path" };
    let options = SqliteConnectOptions::from_str(url)
        .map_err(wrong)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With NORMAL a power cut could take back what was acknowledged.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(256)
        // LIKE compares as PostgreSQL's does; what is to be folded is folded before.
        .pragma("case_sensitive_like", "ON")
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-16384")
        .pragma("mmap_size", "1073741824")
        .pragma("wal_autocheckpoint", "4000");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .acquire_timeout(ACQUIRE)
        // A full disk makes SQLite roll back by itself; then the driver's own rollback fails, and it believes itself within a transaction
        // for ever. The ping waits for that rollback; such a connection gives way to a new one.
        .before_acquire(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        // A file does not hang up.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone().optimize_on_close(true, 1000))
        .await?;
    migrate(Engine::Sqlite, &writer).await?;
    let readers = Readers::open(&options.pragma("query_only", "ON")).await?;
    Ok(Pools::Sqlite { writer, readers })
}

async fn open_postgres(url: &str) -> Result<Pools, StoreError> {
    let wrong = |_| StoreError::Address { what: "postgres://user@host/database" };
    let options = PgConnectOptions::from_str(url).map_err(wrong)?.application_name("dics").options([
        ("statement_timeout", "30000"),
        ("idle_in_transaction_session_timeout", "60000"),
        // A search's values decide its plan, and plans are made in less time than a wrong one costs.
        ("plan_cache_mode", "force_custom_plan"),
        ("jit", "off"),
        ("synchronous_commit", "on"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        .connect_with(options.clone())
        .await?;
    migrate(Engine::Postgres, &pool).await?;
    Ok(Pools::Postgres(Arc::new(Server::new(pool, options))))
}
