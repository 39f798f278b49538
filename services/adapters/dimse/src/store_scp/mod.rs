//! The storage receiver: Verification and Storage as SCP (PS3.4 annexes A and B).

mod limits;
mod session;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adapter_api::Inbox;
use index_model::AeTitle;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::association::Prompt;
use crate::deliveries::Deliveries;
use limits::Limits;

/// What the receiver bears.
#[derive(Debug, Clone)]
pub struct StoreScpOptions {
    /// Associations at a time, all peers together.
    pub associations: usize,
    /// Associations at a time of one calling AE title, so that one peer can't take them all.
    pub associations_each: usize,
    /// A new connection may take so long to ask for its association.
    pub association: Duration,
    /// One PDU may take so long to come or go; then the association is aborted.
    pub idle: Duration,
    /// Largest object, in bytes.
    pub object_bytes: u64,
    /// Where objects too large for memory lie on their way in. It exists.
    pub spool_folder: PathBuf,
    /// On shutdown, how long an object that is being received may take to be received.
    pub grace: Duration,
    /// Told of every part of an object that comes; the sources whose C-MOVE ends here share it.
    pub deliveries: Deliveries,
}

impl Default for StoreScpOptions {
    fn default() -> Self {
        Self {
            associations: 64,
            associations_each: 32,
            association: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            object_bytes: 8 << 30,
            spool_folder: std::env::temp_dir(),
            grace: Duration::from_secs(10),
            deliveries: Deliveries::default(),
        }
    }
}

/// Listens for storage users. What they store goes to the inbox, and is answered when the inbox has it safe.
#[derive(Debug)]
pub struct StoreScp {
    listener: TcpListener,
    local: SocketAddr,
    shared: Arc<Shared>,
}

/// What all associations need.
#[derive(Debug)]
struct Shared {
    own_ae: AeTitle,
    inbox: Arc<dyn Inbox>,
    options: StoreScpOptions,
    limits: Limits,
}

impl StoreScp {
    /// Listens on `listen`; nothing is accepted before [`StoreScp::run`].
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn bind(
        listen: SocketAddr,
        own_ae: AeTitle,
        inbox: Arc<dyn Inbox>,
        options: StoreScpOptions,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let local = listener.local_addr()?;
        let limits = Limits::new(options.associations, options.associations_each);
        Ok(Self { listener, local, shared: Arc::new(Shared { own_ae, inbox, options, limits }) })
    }

    /// Where it listens; tells the port when port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Serves until `stop`; then takes no new association, lets objects under way come to their answer, and returns.
    pub async fn run(self, stop: CancellationToken) {
        let sessions = TaskTracker::new();
        loop {
            let stream = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        // Out of file descriptors, mostly: wait for some to be given back.
                        tracing::warn!(error = %error.kind(), "no connection could be accepted");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let Some(connection) = self.shared.limits.connection() else {
                tracing::warn!("more connections than are served; one was closed unheard");
                continue;
            };
            let (shared, stop) = (Arc::clone(&self.shared), stop.clone());
            sessions.spawn(async move {
                serve(stream, &shared, &stop).await;
                drop(connection);
            });
        }
        drop(self.listener);
        sessions.close();
        if tokio::time::timeout(self.shared.options.grace + Duration::from_secs(2), sessions.wait()).await.is_err() {
            tracing::warn!("associations were left open at shutdown");
        }
    }
}

/// One connection. TLS, when it comes, wraps the stream here; a session is served over any stream.
async fn serve(stream: TcpStream, shared: &Shared, stop: &CancellationToken) {
    if let Ok(stream) = Prompt::new(stream) {
        session::serve(stream, shared, stop).await;
    }
}
