//! A connection that can be made to break or to stall, whatever is spoken over it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// What is wrong with it. Bytes are counted anew on each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// Nothing.
    None,
    /// It is closed at once.
    Closed,
    /// It breaks after so many bytes of the answers.
    BreaksAnswers(usize),
    /// It breaks after so many bytes of what is asked or sent.
    BreaksQuestions(usize),
    /// No byte of an answer comes through, and the connection stays.
    Stalls,
}

#[derive(Debug)]
struct State {
    fault: WireFault,
    /// Ends the connections of the present fault.
    connections: CancellationToken,
}

/// A listener that passes on what it hears.
#[derive(Debug)]
pub struct Wire {
    /// Where it listens.
    pub addr: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: CancellationToken,
}

impl Wire {
    /// Passes on to `peer` what comes to a port of its own, of the loopback interface.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn to(peer: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (addr, stop) = (listener.local_addr()?, CancellationToken::new());
        let state = Arc::new(Mutex::new(State { fault: WireFault::None, connections: stop.child_token() }));
        let accepting = accept(listener, peer, Arc::clone(&state));
        let ended = stop.clone();
        tokio::spawn(async move { ended.run_until_cancelled(accepting).await });
        Ok(Self { addr, state, stop })
    }

    /// From now on this is wrong with it. Connections of before are closed.
    pub fn put(&self, fault: WireFault) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.connections.cancel();
        *state = State { fault, connections: self.stop.child_token() };
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(listener: TcpListener, peer: SocketAddr, state: Arc<Mutex<State>>) {
    while let Ok((near, _)) = listener.accept().await {
        let (fault, ended) = {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            (state.fault, state.connections.clone())
        };
        if fault != WireFault::Closed {
            tokio::spawn(async move { ended.run_until_cancelled(pass(near, peer, fault)).await });
        }
    }
}

async fn pass(near: TcpStream, peer: SocketAddr, fault: WireFault) {
    let Ok(far) = TcpStream::connect(peer).await else { return };
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    let (questions, answers) = match fault {
        WireFault::BreaksAnswers(bytes) => (usize::MAX, bytes),
        WireFault::BreaksQuestions(bytes) => (bytes, usize::MAX),
        WireFault::None | WireFault::Closed | WireFault::Stalls => (usize::MAX, usize::MAX),
    };
    let answered = async {
        if fault == WireFault::Stalls {
            std::future::pending::<()>().await;
        }
        copy(from_far, to_near, answers).await;
    };
    // Whichever ends first takes the other with it.
    tokio::select! {
        () = copy(from_near, to_far, questions) => {}
        () = answered => {}
    }
}

/// Passes on at most so many bytes.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut left: usize) {
    let mut bytes = [0; 4096];
    while let Ok(read) = from.read(&mut bytes).await {
        let passed = read.min(left);
        let Some(part) = bytes.get(..passed).filter(|part| !part.is_empty()) else { return };
        if to.write_all(part).await.is_err() || passed < read {
            return;
        }
        left -= passed;
    }
}
