//! SQLite's connections that read, and the time after which each gives up.
//!
//! The driver's own pool would change threads three times more for each read: once to set the time, once to ask a file whether it is still
//! there, and once to give the connection back. A search of a patient's studies is two statements.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::StoreError;

/// Connections that read at the same time.
const READERS: u32 = 4;
/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(15);
/// Steps of SQLite's machine between two looks at the clock; some milliseconds.
const STEPS: i32 = 100_000;

/// Connections that read.
#[derive(Debug)]
pub(crate) struct Readers {
    began: Instant,
    /// As many as there are connections: who has a turn finds one that is free.
    turns: Arc<Semaphore>,
    connections: RwLock<Vec<Arc<Mutex<Reader>>>>,
}

#[derive(Debug)]
struct Reader {
    connection: SqliteConnection,
    /// When a statement is interrupted: milliseconds since the beginning.
    until_ms: Arc<AtomicU64>,
    /// Whether a statement was begun whose end nobody has seen.
    is_busy: bool,
}

impl Readers {
    pub(super) async fn open(options: &SqliteConnectOptions) -> Result<Self, StoreError> {
        let began = Instant::now();
        let mut connections = Vec::new();
        for _ in 0..READERS {
            connections.push(Arc::new(Mutex::new(Reader::open(options, began).await?)));
        }
        let turns = Arc::new(Semaphore::new(connections.len()));
        Ok(Self { began, turns, connections: RwLock::new(connections) })
    }

    /// A connection, whose statements are interrupted when `limit` is over.
    pub(super) async fn acquire(&self, limit: Duration) -> Result<Reading, StoreError> {
        let turn = tokio::time::timeout(ACQUIRE, Arc::clone(&self.turns).acquire_owned());
        let turn = turn.await.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let mut reader = self.free().ok_or(sqlx::Error::PoolClosed)?;
        if reader.is_busy {
            // Whoever asked has gone, and the statement was told to end.
            reader.connection.ping().await?;
            reader.is_busy = false;
        }
        let until = self.began.elapsed().saturating_add(limit);
        reader.until_ms.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(Reading { reader, _turn: turn })
    }

    fn free(&self) -> Option<OwnedMutexGuard<Reader>> {
        let connections = self.connections.read().unwrap_or_else(PoisonError::into_inner);
        connections.iter().find_map(|one| Arc::clone(one).try_lock_owned().ok())
    }

    /// Waits for those that read, and closes all connections.
    pub(super) async fn close(&self) {
        let everybody = self.turns.acquire_many(READERS).await;
        self.turns.close();
        drop(everybody);
        let all = std::mem::take(&mut *self.connections.write().unwrap_or_else(PoisonError::into_inner));
        for reader in all.into_iter().filter_map(Arc::into_inner) {
            if let Err(error) = reader.into_inner().connection.close().await {
                tracing::debug!(error = %StoreError::from(error), "a connection could not be closed");
            }
        }
    }
}

impl Reader {
    async fn open(options: &SqliteConnectOptions, began: Instant) -> Result<Self, StoreError> {
        let mut connection = options.connect().await?;
        let until_ms = Arc::new(AtomicU64::new(u64::MAX));
        let until = Arc::clone(&until_ms);
        let is_in_time = move || began.elapsed().as_millis() < u128::from(until.load(Ordering::Relaxed));
        connection.lock_handle().await?.set_progress_handler(STEPS, is_in_time);
        Ok(Self { connection, until_ms, is_busy: false })
    }
}

/// A connection while somebody reads by it.
#[derive(Debug)]
pub(crate) struct Reading {
    // Dropped before the turn, so that who gets that finds it free.
    reader: OwnedMutexGuard<Reader>,
    _turn: OwnedSemaphorePermit,
}

impl Reading {
    /// For one statement. Who goes away before it has [`ended`](Self::ended) leaves the connection busy with it.
    pub(super) fn begin(&mut self) -> &mut SqliteConnection {
        self.reader.is_busy = true;
        &mut self.reader.connection
    }

    /// The statement has ended.
    pub(super) fn ended(&mut self) {
        self.reader.is_busy = false;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if self.reader.is_busy {
            self.reader.until_ms.store(0, Ordering::Relaxed);
        }
    }
}
