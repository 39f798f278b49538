//! PostgreSQL's connections for reading, and whether the server answers at all.
//!
//! The driver's pool waits for a connection as long for a server that is away as for one whose connections are all in use, and for a
//! statement on a machine that vanished it waits for ever. Whoever reads here and waits for long has the server asked beside: only one
//! that answers is worth more waiting.

use std::pin::Pin;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgPool, Postgres};
use tokio::sync::Mutex;

/// A wait for a connection that needs no reason.
const FOR_A_CONNECTION: Duration = Duration::from_secs(1);
/// A statement that needs no reason.
pub(super) const FOR_A_STATEMENT: Duration = Duration::from_secs(2);
/// How long the server may take to say that it is there.
const TO_ANSWER: Duration = Duration::from_secs(2);
/// How long what it said, or that it said nothing, is believed; all who wait ask once in that time.
const BELIEVED: Duration = Duration::from_secs(1);

/// A server of which many read.
#[derive(Debug)]
pub(crate) struct Server {
    pub(super) pool: PgPool,
    options: PgConnectOptions,
    /// When it was last asked, and whether it answered.
    asked: Mutex<Option<(Instant, bool)>>,
}

impl Server {
    pub(super) fn new(pool: PgPool, options: PgConnectOptions) -> Self {
        Self { pool, options: options.disable_statement_logging(), asked: Mutex::new(None) }
    }

    /// A connection for reading.
    pub(super) async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        self.while_it_answers(FOR_A_CONNECTION, self.pool.acquire()).await
    }

    /// Waits, for longer than `patience` only while the server answers. What asks beside is large and seldom needed: no part of every
    /// future that reads.
    pub(super) fn while_it_answers<'a, T: Send + 'a>(
        &'a self,
        patience: Duration,
        waiting: impl Future<Output = Result<T, sqlx::Error>> + Send + 'a,
    ) -> Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'a>> {
        Box::pin(self.wait(patience, waiting))
    }

    async fn wait<T>(
        &self,
        patience: Duration,
        waiting: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        let mut waiting = std::pin::pin!(waiting);
        loop {
            if let Ok(done) = tokio::time::timeout(patience, &mut waiting).await {
                return done;
            }
            let is_there = tokio::select! {
                done = &mut waiting => return done,
                is_there = self.answers() => is_there,
            };
            if !is_there {
                let away = std::io::Error::new(std::io::ErrorKind::TimedOut, "the server does not answer");
                return Err(sqlx::Error::Io(away));
            }
        }
    }

    /// Whether it answers, on a connection of its own, now or a moment ago.
    async fn answers(&self) -> bool {
        let mut asked = self.asked.lock().await;
        if let Some((at, answer)) = *asked
            && at.elapsed() < BELIEVED
        {
            return answer;
        }
        let answer = match tokio::time::timeout(TO_ANSWER, self.options.connect()).await {
            Ok(Ok(connection)) => {
                // Nobody waits for its leave.
                drop(tokio::spawn(tokio::time::timeout(TO_ANSWER, connection.close())));
                true
            }
            // That there are too many connections is an answer; that it is starting or stopping is none.
            Ok(Err(sqlx::Error::Database(refusal))) => refusal.code().is_none_or(|code| !code.starts_with("57P")),
            Ok(Err(_)) | Err(_) => false,
        };
        *asked = Some((Instant::now(), answer));
        answer
    }
}
