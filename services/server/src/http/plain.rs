//! Connections without TLS: what lies in a file of memory is handed to the socket there, not copied ([`pages`]).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A plain connection.
#[derive(Debug)]
pub(crate) struct Plain(pub(crate) TcpStream);

impl Plain {
    /// Writes as soon as the socket takes something.
    fn poll_with(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_io(Interest::WRITABLE, || write(&self.0)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    /// The header of an answer and what else is before it go out with the first of the pages, in one piece.
    fn poll_send(&self, cx: &mut Context<'_>, before: &[IoSlice<'_>], kept: &[u8]) -> Poll<io::Result<usize>> {
        let length = before.iter().map(|buf| buf.len()).sum();
        if length == 0 {
            return self.poll_with(cx, |socket| pages::send(socket, kept));
        }
        let more = |socket: &TcpStream| SockRef::from(socket).send_vectored_with_flags(before, libc::MSG_MORE);
        let sent = ready!(self.poll_with(cx, more))?;
        if sent < length {
            return Poll::Ready(Ok(sent));
        }
        // What fails here fails again when it is all that is left, and is told then.
        let kept = self.0.try_io(Interest::WRITABLE, || pages::send(&self.0, kept)).unwrap_or(0);
        Poll::Ready(Ok(sent + kept))
    }
}

impl AsyncRead for Plain {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Plain {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if pages::holds(buf) {
            return self.poll_send(cx, &[], buf);
        }
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let kept = bufs.iter().position(|buf| pages::holds(buf));
        if let Some((before, [kept, ..])) = kept.map(|at| bufs.split_at(at)) {
            return self.poll_send(cx, before, kept);
        }
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Plain;
    use axum::body::Bytes;
    use hyper::body::Buf;
    use pages::Pages;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    fn bytes(length: usize, of: u8) -> Bytes {
        (0..length).map(|at| (at % 251) as u8 ^ of).collect::<Vec<_>>().into()
    }

    async fn pair() -> (Plain, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Plain(near), listener.accept().await.unwrap().0)
    }

    /// Heads, kept bytes and others in every order, far more than a socket takes at once, to somebody who reads slowly.
    #[tokio::test]
    async fn what_is_kept_and_what_is_not_arrives_in_order() {
        let pages = Pages::new(16 << 20).unwrap();
        let (mut near, mut far) = pair().await;
        let kept = |of| pages.keep(bytes(700_000 + usize::from(of), of));
        let all: Vec<Bytes> = (0..24)
            .map(|of| match of % 4 {
                0 => bytes(300, of),
                1 => kept(of),
                2 => kept(of).slice(100_000..),
                _ => bytes(500_000, of),
            })
            .collect();
        let expected = all.concat();
        let sending = tokio::spawn(async move {
            let mut whole: Box<dyn Buf + Send> = Box::new(Bytes::new());
            for piece in all {
                whole = Box::new(whole.chain(piece));
            }
            near.write_all_buf(&mut whole).await.unwrap();
            near.shutdown().await.unwrap();
        });
        let (mut came, mut buffer) = (Vec::new(), vec![0; 100_000]);
        loop {
            let read = far.read(&mut buffer).await.unwrap();
            if read == 0 {
                break;
            }
            came.extend_from_slice(&buffer[..read]);
            if came.len() % 7 == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        sending.await.unwrap();
        assert!(came == expected);
    }

    #[tokio::test]
    async fn who_has_gone_is_an_error_and_does_not_hang() {
        let pages = Pages::new(16 << 20).unwrap();
        let (mut near, far) = pair().await;
        let kept = pages.keep(bytes(8 << 20, 3));
        drop(far);
        let sent = tokio::time::timeout(Duration::from_secs(5), near.write_all(&kept)).await.unwrap();
        assert!(sent.is_err());
    }
}
