//! The MLLP server: connections, their bounds and their end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use adapter_api::Inbox;
use bytes::Bytes;
use runtime::{Clock, CpuPool};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::acknowledge::Stamp;
use crate::frame::{END, FrameError, FrameReader};
use crate::header::Header;
use crate::receive::{answer, receive};
use crate::refusal::{ErrorCode, Location, Refusal};

/// Unfinished messages up to this size need no permit.
const SMALL_BYTES: usize = 256 * 1024;
const READ_BYTES: usize = 16 * 1024;
/// How long the rest of a message that is refused may pause, and how much of it is read.
const REST_PAUSE: Duration = Duration::from_secs(2);
const REST_BYTES: usize = 1 << 30;
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The bounds of a listener.
#[derive(Debug, Clone)]
pub struct MllpOptions {
    /// Largest message, in bytes.
    pub message_limit_bytes: usize,
    /// How long a connection may say nothing between messages.
    pub idle: Duration,
    /// How long a message may take from its first byte to its last, and an acknowledgement to be read.
    pub message: Duration,
    /// Connections at a time; further ones wait in the system's queue.
    pub connections: usize,
    /// Unfinished messages of more than 256 KiB at a time, over all connections.
    pub large_messages: usize,
    /// Dates the acknowledgements.
    pub clock: Clock,
    /// Where large messages are parsed; without one they are parsed where they arrive.
    pub cpu: Option<CpuPool>,
}

impl Default for MllpOptions {
    fn default() -> Self {
        Self {
            // A scanned report of many pages is a PDF of tens of megabytes, and a third more in base 64.
            message_limit_bytes: 64 << 20,
            idle: Duration::from_secs(30 * 60),
            message: Duration::from_secs(60),
            connections: 256,
            large_messages: 4,
            clock: Clock::system(),
            cpu: None,
        }
    }
}

/// The acceptor of a connection that begins now, so that a renewed certificate needs no restart.
pub type Tls = Arc<dyn Fn() -> TlsAcceptor + Send + Sync>;

/// Listens for HL7 v2 messages over MLLP.
pub struct MllpListener {
    listener: TcpListener,
    tls: Option<Tls>,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for MllpListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MllpListener").field("listener", &self.listener).field("tls", &self.tls.is_some()).finish()
    }
}

/// A connection, in the clear or within TLS.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

#[derive(Debug)]
struct Shared {
    inbox: Arc<dyn Inbox>,
    options: MllpOptions,
    large: Arc<Semaphore>,
    acknowledged: AtomicU64,
}

impl Shared {
    fn stamp(&self) -> Stamp {
        Stamp { now_ms: self.options.clock.now_ms(), number: self.acknowledged.fetch_add(1, Ordering::Relaxed) }
    }
}

impl MllpListener {
    /// Binds the address; port 0 takes any free one.
    ///
    /// # Errors
    /// When the address can't be bound.
    pub async fn bind(listen: SocketAddr, inbox: Arc<dyn Inbox>, options: MllpOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let large = Arc::new(Semaphore::new(options.large_messages.max(1)));
        let shared = Shared { inbox, options, large, acknowledged: AtomicU64::new(0) };
        Ok(Self { listener, tls: None, shared: Arc::new(shared) })
    }

    /// The same within TLS (IHE ATNA, secure node): whoever does not speak it is not heard.
    #[must_use]
    pub fn within(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `cancelled`. A message that is whole by then is still committed and acknowledged; an unfinished one is dropped, and
    /// its sender repeats it.
    pub async fn run(self, cancelled: CancellationToken) {
        let connections = TaskTracker::new();
        let slots = Arc::new(Semaphore::new(self.shared.options.connections.max(1)));
        loop {
            let next = async {
                let slot = Arc::clone(&slots).acquire_owned().await.ok();
                (slot, self.listener.accept().await)
            };
            let accepted = tokio::select! {
                () = cancelled.cancelled() => break,
                accepted = next => accepted,
            };
            match accepted {
                (Some(slot), Ok((stream, _))) => {
                    let (shared, cancelled) = (Arc::clone(&self.shared), cancelled.clone());
                    let acceptor = self.tls.as_ref().map(|tls| tls());
                    connections.spawn(async move {
                        let _slot = slot;
                        if let Some(stream) = secured(stream, acceptor, &cancelled).await {
                            Connection::new(stream, shared).serve(cancelled).await;
                        }
                    });
                }
                (_, Err(error)) => {
                    // Out of descriptors, or the peer has gone again: neither ends the listener.
                    tracing::warn!(error = %error, "an MLLP connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                (None, _) => break,
            }
        }
        connections.close();
        connections.wait().await;
    }
}

/// The connection as it is served; `None` when the handshake came to nothing.
async fn secured(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    cancelled: &CancellationToken,
) -> Option<Box<dyn Wire>> {
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else { return Some(Box::new(stream)) };
    tokio::select! {
        () = cancelled.cancelled() => None,
        shaken = timeout(HANDSHAKE, acceptor.accept(stream)) => match shaken {
            Ok(Ok(stream)) => Some(Box::new(stream)),
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "a TLS handshake over MLLP failed");
                None
            }
            Err(_) => {
                tracing::warn!("a TLS handshake over MLLP took too long");
                None
            }
        },
    }
}

/// Why a connection ends other than by its peer.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the connection broke")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("nothing came for too long")]
    Idle,
}

struct Connection {
    stream: Box<dyn Wire>,
    reader: FrameReader,
    shared: Arc<Shared>,
    large: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn new(stream: Box<dyn Wire>, shared: Arc<Shared>) -> Self {
        let reader = FrameReader::new(shared.options.message_limit_bytes);
        Self { stream, reader, shared, large: None }
    }

    async fn serve(mut self, cancelled: CancellationToken) {
        let mut messages = 0u64;
        let ended = loop {
            let next = tokio::select! {
                biased;
                next = self.next_message() => next,
                () = cancelled.cancelled() => break Ok(()),
            };
            let message = match next {
                Ok(Some(message)) => message,
                Ok(None) => break Ok(()),
                Err(ended) => break Err(ended),
            };
            messages += 1;
            let stamp = self.shared.stamp();
            let answers = receive(&self.shared.inbox, self.shared.options.cpu.as_ref(), message, stamp).await;
            self.large = None;
            if let Err(ended) = self.send(answers).await {
                break Err(ended);
            }
            if cancelled.is_cancelled() {
                break Ok(());
            }
        };
        if let Err(Ended::Frame(FrameError::TooLarge)) = ended {
            self.refuse_too_large().await;
        }
        let abandoned = self.reader.abandoned();
        match ended {
            Ok(()) => tracing::debug!(messages, abandoned, "an MLLP connection ended"),
            Err(reason) => tracing::warn!(messages, abandoned, reason = %reason, "an MLLP connection was ended"),
        }
    }

    async fn next_message(&mut self) -> Result<Option<Bytes>, Ended> {
        let idle_until = Instant::now() + self.shared.options.idle;
        let mut message_until = None;
        loop {
            if let Some(message) = self.reader.next_frame()? {
                return Ok(Some(message));
            }
            let until = if self.reader.is_inside() {
                *message_until.get_or_insert(Instant::now() + self.shared.options.message)
            } else {
                idle_until
            };
            if self.reader.pending() > SMALL_BYTES && self.large.is_none() {
                let permit = timeout_at(until, Arc::clone(&self.shared.large).acquire_owned()).await;
                self.large = permit.map_err(|_| Ended::Idle)?.ok();
            }
            let buffer = self.reader.buffer();
            buffer.reserve(READ_BYTES);
            let read = timeout_at(until, self.stream.read_buf(buffer)).await.map_err(|_| Ended::Idle)??;
            if read == 0 {
                return Ok(None);
            }
        }
    }

    async fn send(&mut self, answers: Vec<Vec<u8>>) -> Result<(), Ended> {
        for answer in answers {
            let framed = [b"\x0B".as_slice(), &answer, b"\x1C\r"].concat();
            let write = async {
                self.stream.write_all(&framed).await?;
                // TLS keeps what is written until it is told that this is all.
                self.stream.flush().await
            };
            timeout(self.shared.options.message, write).await.map_err(|_| Ended::Idle)??;
        }
        Ok(())
    }

    /// The rest of the message is read and thrown away, for who is still writing reads no answer; then the connection ends.
    async fn refuse_too_large(&mut self) {
        let header = Header::read(self.reader.buffer());
        self.reader.buffer().clear();
        self.large = None;
        let _ = timeout(self.shared.options.message, self.pass_over()).await;
        let text = "the message is larger than this service takes";
        let refusal = Refusal::reject(ErrorCode::ApplicationInternal, Location::segment("MSH"), text);
        let answers = answer(header.as_ref(), Err(refusal), self.shared.stamp());
        let _ = self.send(answers).await;
        let _ = self.stream.shutdown().await;
    }

    /// Reads to the end of the message, or until its sender pauses.
    async fn pass_over(&mut self) {
        let (mut rest, mut last, mut passed) = (vec![0; READ_BYTES], 0, 0);
        while passed < REST_BYTES {
            let Ok(Ok(read @ 1..)) = timeout(REST_PAUSE, self.stream.read(&mut rest)).await else { return };
            let run = &rest[..read];
            if (last, run[0]) == (END[0], END[1]) || run.windows(2).any(|pair| pair == END) {
                return;
            }
            (last, passed) = (run[read - 1], passed + read);
        }
    }
}
