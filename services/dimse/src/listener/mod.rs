//! One AE title at one or more ports: who is admitted, which contexts are accepted, and which service gets a message.

mod arrivals;
mod limits;
mod session;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use index_model::AeTitle;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::association::Prompt;
use crate::service::{Connection, Service};
use arrivals::{Arrival, Arrivals};
use limits::Limits;

/// What a listener bears.
#[derive(Debug, Clone)]
pub struct ListenerOptions {
    /// Associations at a time, all peers together.
    pub associations: usize,
    /// Associations at a time of one calling AE title, so that one peer can't take them all.
    pub associations_each: usize,
    /// A new connection may take so long to ask for its association, its TLS handshake included.
    pub association: Duration,
    /// One PDU may take so long to come or go; then the association is aborted.
    pub idle: Duration,
    /// Between two requests a peer may say nothing for so long. One that was silent for longer than `idle` makes room where there is none.
    pub lull: Duration,
    /// On shutdown, how long a request that is being served may take to be answered.
    pub grace: Duration,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            associations: 64,
            associations_each: 32,
            association: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            lull: Duration::from_mins(5),
            grace: Duration::from_secs(10),
        }
    }
}

/// Listens for associations with our AE title, and hands each message to the service of its SOP class.
#[derive(Debug)]
pub struct Listener {
    ports: Vec<Port>,
    shared: Arc<Shared>,
}

/// One address that is listened on.
struct Port {
    listener: TcpListener,
    local: SocketAddr,
    tls: Option<Tls>,
}

/// Gives what the next connection is accepted with, so that a renewed certificate needs no restart.
pub type Tls = Arc<dyn Fn() -> TlsAcceptor + Send + Sync>;

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Port").field("local", &self.local).field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

/// What all associations need.
#[derive(Debug)]
struct Shared {
    own_ae: AeTitle,
    services: Vec<Arc<dyn Service>>,
    options: ListenerOptions,
    limits: Limits,
    arrivals: Arrivals,
}

impl Listener {
    /// Listens on `listen`; nothing is accepted before [`Listener::run`]. Where two services could have a SOP class, the first has it.
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn bind(
        listen: SocketAddr,
        own_ae: AeTitle,
        services: Vec<Arc<dyn Service>>,
        options: ListenerOptions,
    ) -> io::Result<Self> {
        let limits = Limits::new(options.associations, options.associations_each);
        let arrivals = Arrivals::new(options.associations);
        let shared = Arc::new(Shared { own_ae, services, options, limits, arrivals });
        let mut this = Self { ports: Vec::new(), shared };
        this.add(listen, None).await?;
        Ok(this)
    }

    /// Listens on a further address with TLS (PS3.15 §B.12); services, admission and limits are the same. Tells where.
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn add_tls(&mut self, listen: SocketAddr, tls: Tls) -> io::Result<SocketAddr> {
        self.add(listen, Some(tls)).await
    }

    async fn add(&mut self, listen: SocketAddr, tls: Option<Tls>) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(listen).await?;
        let local = listener.local_addr()?;
        self.ports.push(Port { listener, local, tls });
        Ok(local)
    }

    /// Where it listens first; tells the port when port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.ports[0].local
    }

    /// Serves until `stop`; then takes no new association, lets requests under way come to their answer, and returns.
    pub async fn run(self, stop: CancellationToken) {
        let sessions = TaskTracker::new();
        let ports: FuturesUnordered<_> =
            self.ports.iter().map(|port| accept(port, &self.shared, &sessions, &stop)).collect();
        ports.collect::<()>().await;
        drop(self.ports);
        sessions.close();
        if tokio::time::timeout(self.shared.options.grace + Duration::from_secs(2), sessions.wait()).await.is_err() {
            tracing::warn!("associations were left open at shutdown");
        }
    }
}

/// Accepts connections until the end.
async fn accept(port: &Port, shared: &Arc<Shared>, sessions: &TaskTracker, stop: &CancellationToken) {
    loop {
        let (stream, from) = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = port.listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: wait for some to be given back.
                    tracing::warn!(error = %error.kind(), "no connection could be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let from = from.ip().to_canonical();
        let Some(Arrival { place, hearing }) = shared.arrivals.next(from).await else {
            tracing::warn!("more connections than are served; one was closed unheard");
            continue;
        };
        let (shared, stop, tls) = (Arc::clone(shared), stop.clone(), port.tls.clone());
        sessions.spawn(async move {
            let asked = async {
                let connection = connection(stream, tls, shared.options.association).await?;
                session::asked(connection, &shared.options).await
            };
            let invitation = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                () = hearing.given_up() => {
                    tracing::info!("a connection that said nothing made room for another");
                    None
                }
                invitation = asked => invitation,
            };
            drop(hearing);
            if let Some(invitation) = invitation {
                session::serve(invitation, from, &shared, &stop).await;
            }
            drop(place);
        });
    }
}

/// The stream that PDUs come over.
async fn connection(stream: TcpStream, tls: Option<Tls>, limit: Duration) -> Option<Connection> {
    let stream = Prompt::new(stream).ok()?;
    let Some(tls) = tls else { return Some(Box::new(stream)) };
    match tokio::time::timeout(limit, tls().accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            // Rustls says what is wrong with the handshake, nothing of who it was.
            tracing::info!(error = %error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::info!("a TLS handshake took too long");
            None
        }
    }
}
