//! A stream that acknowledges what it has read before it waits for more.
//!
//! A storage user sends a data set in several small writes and waits for the answer before it sends the next. Many leave Nagle's algorithm on,
//! so that the last write waits for the acknowledgement of the one before, and the receiver's kernel puts that off for up to 40 ms because it
//! may have something to send along. With DCMTK's `storescu` that was 5 to 50 ms for each object, whatever its size.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection on which the peer is never kept waiting for an acknowledgement.
#[derive(Debug)]
pub struct Prompt(Stream);

#[derive(Debug)]
enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Prompt {
    /// Wraps a connection.
    ///
    /// # Errors
    /// When the socket refuses its options.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        // Our answers are small too, and are written whole.
        stream.set_nodelay(true)?;
        Ok(Self(Stream::Clear(stream)))
    }

    /// Wraps a connection over TLS, to a peer that we called on.
    pub(super) fn over_tls(stream: TlsStream<TcpStream>) -> Self {
        Self(Stream::Tls(Box::new(stream)))
    }

    /// The kernel forgets this setting when it sees fit, so it is made before every wait.
    #[cfg(target_os = "linux")]
    fn acknowledge(&self) {
        // Where it fails, the peer waits as it would have without.
        let _ = socket2::SockRef::from(self.0.socket()).set_tcp_quickack(true);
    }

    #[cfg(not(target_os = "linux"))]
    fn acknowledge(&self) {}
}

impl Stream {
    #[cfg(target_os = "linux")]
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Clear(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

/// Does the same on either stream.
macro_rules! on {
    ($prompt:expr, $stream:ident => $does:expr) => {
        match &mut $prompt.0 {
            Stream::Clear($stream) => {
                let $stream = Pin::new($stream);
                $does
            }
            Stream::Tls($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $does
            }
        }
    };
}

impl AsyncRead for Prompt {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = on!(self, stream => stream.poll_read(cx, buf));
        if read.is_pending() {
            self.acknowledge();
        }
        read
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => stream.poll_shutdown(cx))
    }
}
