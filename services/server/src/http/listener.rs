//! Connections: HTTP/1.1 and HTTP/2, over TLS (by ALPN) or without (by prior knowledge), each with its bounds.
//!
//! A connection that is idle, that sends its header too slowly, or on which next to nothing moves while a request is under way, is
//! ended; so is everything a while after the service was asked to end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::answering::Answering;
use super::target;
use super::traffic::{Counted, Traffic};
use crate::app::occupied;
use crate::config::Http;
use crate::tls::Acceptor;

/// Protocols offered by ALPN, ours first.
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];
/// Header fields of one request.
const MOST_HEADERS: usize = 100;
/// All header fields of one request together.
const HEADER_BYTES: usize = 64 << 10;
/// The request line with them: room to read a target that is too long, so that it is told to be (RFC 9110 §15.5.15).
const HEAD_BYTES: usize = 128 << 10;
/// Requests at a time on one HTTP/2 connection. Viewers ask for a hundred frames at once.
const STREAMS: u32 = 250;

/// How long a connection may take for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// The TLS handshake, the first request, and each header.
    pub(crate) header: Duration,
    /// Nothing is under way.
    pub(crate) idle: Duration,
    /// A request is under way, and less than [`Patience::least_bytes`] move.
    pub(crate) stalled: Duration,
    /// See there.
    pub(crate) least_bytes: u64,
    /// How often this is looked at.
    pub(crate) look: Duration,
    /// An open connection may go on so long after the end was asked for.
    pub(crate) end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(20),
            idle: Duration::from_secs(75),
            stalled: Duration::from_secs(120),
            least_bytes: 1024,
            look: Duration::from_secs(5),
            end: Duration::from_secs(2),
        }
    }
}

/// A port that is taken, before anything is served on it.
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Acceptor>>,
    connections: Arc<Semaphore>,
    patience: Patience,
}

impl Listener {
    pub(crate) async fn bind(http: &Http) -> anyhow::Result<Self> {
        let tls = http.tls.as_ref().map(|tls| Acceptor::new(tls, PROTOCOLS)).transpose().context("http.tls")?;
        let listener = TcpListener::bind(http.listen).await.with_context(|| occupied("http", http.listen))?;
        let address = listener.local_addr()?;
        let connections = Arc::new(Semaphore::new(http.connections));
        Ok(Self { listener, address, tls: tls.map(Arc::new), connections, patience: Patience::default() })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then a little longer for what is under way.
    pub(crate) async fn run(self, router: Router, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        while let Some((stream, from, place)) = self.next(&stop).await {
            let (router, stop) = (router.clone(), stop.clone());
            let (tls, patience) = (self.tls.clone(), self.patience);
            tasks.spawn(async move {
                connection(stream, from, tls, router, patience, stop).await;
                drop(place);
            });
        }
        tasks.close();
        if tokio::time::timeout(self.patience.end, tasks.wait()).await.is_err() {
            tracing::info!("connections were broken off at the end");
        }
    }

    /// The next connection, once there is a place for it; `None` at the end.
    async fn next(&self, stop: &CancellationToken) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        loop {
            let accepted = async {
                let place = Arc::clone(&self.connections).acquire_owned().await.ok()?;
                Some((self.listener.accept().await, place))
            };
            let (accepted, place) = tokio::select! {
                () = stop.cancelled() => return None,
                accepted = accepted => accepted?,
            };
            match accepted {
                Ok((stream, from)) => return Some((stream, from, place)),
                // Out of files, or a peer that was gone before: neither ends the listener.
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    from: SocketAddr,
    tls: Option<Arc<Acceptor>>,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    // Small answers must not wait for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    let port = face::LocalPort(stream.local_addr().map_or(0, |address| address.port()));
    let traffic = Arc::new(Traffic::default());
    let stream = Counted::new(stream, Arc::clone(&traffic));
    let Some(tls) = tls else {
        return serve(stream, Peer { from, port, secure: false, router, traffic }, patience, stop).await;
    };
    let handshake = TlsAcceptor::from(tls.current()).accept(stream);
    match tokio::time::timeout(patience.header, handshake).await {
        Ok(Ok(stream)) => serve(stream, Peer { from, port, secure: true, router, traffic }, patience, stop).await,
        Ok(Err(error)) => tracing::debug!(error = %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

/// Who is at the other end.
struct Peer {
    from: SocketAddr,
    port: face::LocalPort,
    secure: bool,
    router: Router,
    traffic: Arc<Traffic>,
}

impl Peer {
    async fn answer(&self, request: hyper::Request<Incoming>) -> Result<http::Response<Answering>, Infallible> {
        let under_way = self.traffic.begin();
        let mut request: Request = request.map(Body::new);
        if let Some(uri) = target::normal(request.uri()) {
            *request.uri_mut() = uri;
        }
        request.extensions_mut().insert(ConnectInfo(self.from));
        request.extensions_mut().insert(self.port);
        if self.secure {
            request.extensions_mut().insert(face::Secure);
        }
        let mut response = self.router.clone().oneshot(request).await?;
        // No content has no length, of a HEAD request neither (RFC 9110 §8.6); the router gives it one.
        if response.status() == StatusCode::NO_CONTENT {
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        Ok(response.map(|body| Answering::new(body, under_way)))
    }
}

async fn serve<S>(stream: S, peer: Peer, patience: Patience, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = protocols(patience);
    let traffic = Arc::clone(&peer.traffic);
    let peer = Arc::new(peer);
    let service = hyper::service::service_fn(move |request| {
        let peer = Arc::clone(&peer);
        async move { peer.answer(request).await }
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        served = connection.as_mut() => {
            if let Err(error) = served {
                tracing::debug!(error = %error, "a connection ended with an error");
            }
            return;
        }
        ended = watch(&traffic, patience) => ended,
        () = stop.cancelled() => Ended::InPeace,
    };
    if let Ended::InPeace = ended {
        connection.as_mut().graceful_shutdown();
        // What is under way may go on, as long as it moves.
        tokio::select! {
            _ = connection.as_mut() => {}
            _ = watch(&traffic, patience) => {}
        }
    }
}

/// Bounds of both protocols.
fn protocols(patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Counts from the end of the last answer, so it bounds idleness too; the first header is watched by itself.
        .header_read_timeout(patience.idle)
        .max_headers(MOST_HEADERS)
        .max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES as u32)
        .max_pending_accept_reset_streams(20)
        .max_send_buf_size(256 << 10)
        // Uploads and frames of megabytes, on long lines.
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    builder
}

/// How a connection that is watched comes to its end.
enum Ended {
    /// Nothing is under way: no new request is taken.
    InPeace,
    /// Something is, and does not move.
    BrokenOff,
}

/// Waits until a connection has been idle, or has moved too little, for too long.
async fn watch(traffic: &Traffic, patience: Patience) -> Ended {
    let (mut begun, mut idle_since) = (traffic.begun(), Instant::now());
    let (mut bytes, mut moved_at) = (traffic.bytes(), Instant::now());
    loop {
        tokio::time::sleep(patience.look).await;
        if traffic.bytes() - bytes >= patience.least_bytes {
            (bytes, moved_at) = (traffic.bytes(), Instant::now());
        }
        if traffic.under_way() > 0 || traffic.begun() != begun {
            (begun, idle_since) = (traffic.begun(), Instant::now());
        }
        // Between two requests the clock of the next one begins anew.
        if traffic.under_way() == 0 {
            (bytes, moved_at) = (traffic.bytes(), Instant::now());
        }
        let idle = if begun == 0 { patience.header } else { patience.idle };
        if idle_since.elapsed() > idle {
            return Ended::InPeace;
        }
        if moved_at.elapsed() > patience.stalled {
            return Ended::BrokenOff;
        }
    }
}

#[cfg(test)]
mod tests;
