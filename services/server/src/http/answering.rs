//! The body of an answer, in as few pieces as it can be written in.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use hyper::body::Buf;

use super::traffic::UnderWay;

/// A body during which its request is under way, in as few pieces as it can be written in.
///
/// A frame in one part is its delimiter, its bytes and the closing delimiter. Each piece given alone is a write of its own as soon as one
/// before it is large, and wakes the client once more.
pub(crate) struct Answering {
    body: Body,
    /// What came after a large piece and is large itself, or no data.
    next: Option<Result<Frame<Bytes>, axum::Error>>,
    ended: bool,
    _under_way: UnderWay,
}

impl Answering {
    pub(crate) fn new(body: Body, under_way: UnderWay) -> Self {
        Self { body, next: None, ended: false, _under_way: under_way }
    }

    /// The body's next frame.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.next.take() {
            Some(next) => Poll::Ready(Some(next)),
            None if self.ended => Poll::Ready(None),
            None => Pin::new(&mut self.body).poll_frame(cx),
        }
    }
}

impl HttpBody for Answering {
    type Data = Pieces;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut pieces = Pieces::default();
        while pieces.has_room() {
            let frame = match self.poll_body(cx) {
                Poll::Pending if pieces.is_empty() => return Poll::Pending,
                Poll::Pending => break,
                Poll::Ready(None) => {
                    self.ended = true;
                    break;
                }
                Poll::Ready(Some(frame)) => frame,
            };
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) if pieces.takes(&data) => pieces.push(data),
                Ok(Ok(data)) => {
                    self.next = Some(Ok(Frame::data(data)));
                    break;
                }
                Ok(Err(frame)) if pieces.is_empty() => {
                    let Ok(trailers) = frame.into_trailers() else { continue };
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Err(error) if pieces.is_empty() => return Poll::Ready(Some(Err(error))),
                Ok(Err(frame)) => {
                    self.next = Some(Ok(frame));
                    break;
                }
                Err(error) => {
                    self.next = Some(Err(error));
                    break;
                }
            }
        }
        Poll::Ready((!pieces.is_empty()).then(|| Ok(Frame::data(pieces))))
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none() && (self.ended || self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.next {
            None => self.body.size_hint(),
            Some(_) => SizeHint::new(),
        }
    }
}

/// Pieces that are written at once at the most.
const PIECES: usize = 4;
/// What is not larger joins what is before it.
const SMALL_BYTES: usize = 4 << 10;

/// Pieces of a body that are written at once.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pieces: [Bytes; PIECES],
    count: usize,
}

impl Pieces {
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn has_room(&self) -> bool {
        self.count < PIECES
    }

    /// Whether this goes with what is here: two large pieces would be held in memory at a time.
    fn takes(&self, data: &Bytes) -> bool {
        data.len() <= SMALL_BYTES || self.remaining() <= SMALL_BYTES
    }

    fn push(&mut self, data: Bytes) {
        // What is empty would be the end of the body.
        if let Some(place) = self.pieces.get_mut(self.count).filter(|_| !data.is_empty()) {
            *place = data;
            self.count += 1;
        }
    }
}

impl Buf for Pieces {
    fn remaining(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.iter().find(|piece| !piece.is_empty()).map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, to: &mut [io::IoSlice<'a>]) -> usize {
        let pieces = self.pieces.iter().filter(|piece| !piece.is_empty());
        to.iter_mut().zip(pieces).map(|(to, piece)| *to = io::IoSlice::new(piece)).count()
    }

    fn advance(&mut self, mut count: usize) {
        for piece in &mut self.pieces {
            let here = count.min(piece.len());
            piece.advance(here);
            count -= here;
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use futures::{StreamExt, stream};

    use super::*;
    use crate::http::traffic::Traffic;

    const LARGE: usize = 1 << 20;

    fn answering(pieces: Vec<io::Result<Bytes>>) -> Answering {
        Answering::new(Body::from_stream(stream::iter(pieces)), Arc::new(Traffic::default()).begin())
    }

    fn bytes(length: usize) -> io::Result<Bytes> {
        Ok(vec![b'x'; length].into())
    }

    async fn next(body: &mut Answering) -> Option<Result<Frame<Pieces>, axum::Error>> {
        poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
    }

    /// The sizes of what is written at once.
    async fn written(mut body: Answering) -> Vec<usize> {
        let mut sizes = Vec::new();
        while let Some(frame) = next(&mut body).await {
            match frame {
                Ok(frame) => sizes.push(frame.into_data().unwrap().remaining()),
                Err(_) => sizes.push(0),
            }
        }
        assert!(body.is_end_stream());
        sizes
    }

    #[tokio::test]
    async fn small_pieces_go_with_the_large_one_beside_them() {
        let one = || vec![bytes(100), bytes(LARGE), bytes(40)];
        assert_eq!(written(answering(one())).await, [LARGE + 140]);
        let two = one().into_iter().chain([bytes(LARGE), bytes(40)]).collect();
        assert_eq!(written(answering(two)).await, [LARGE + 140, LARGE + 40]);
        let many = (0..9).map(|_| bytes(10)).collect();
        assert_eq!(written(answering(many)).await, [40, 40, 10]);
        assert_eq!(written(answering(vec![bytes(0), bytes(7), bytes(0)])).await, [7]);
        assert_eq!(written(answering(Vec::new())).await, [0; 0]);
    }

    #[tokio::test]
    async fn what_came_before_a_failure_goes_out_before_it() {
        let broken = vec![bytes(100), Err(io::Error::other("broken off"))];
        assert_eq!(written(answering(broken)).await, [100, 0]);
    }

    #[tokio::test]
    async fn nothing_that_is_there_waits_for_what_is_not() {
        let endless = stream::iter([bytes(10)]).chain(stream::pending());
        let traffic = Arc::new(Traffic::default());
        let mut body = Answering::new(Body::from_stream(endless), traffic.begin());
        assert_eq!(next(&mut body).await.unwrap().unwrap().into_data().unwrap().remaining(), 10);
        assert!(!body.is_end_stream() && traffic.under_way() == 1);
        drop(body);
        assert_eq!(traffic.under_way(), 0);
    }

    #[test]
    fn pieces_are_read_in_their_order() {
        let mut pieces = Pieces::default();
        ["ab", "", "cde", "f"].iter().for_each(|text| pieces.push(Bytes::from_static(text.as_bytes())));
        let mut slices = [io::IoSlice::new(&[]); 8];
        assert_eq!(pieces.chunks_vectored(&mut slices), 3);
        assert_eq!(slices.iter().map(|slice| slice.len()).collect::<Vec<_>>(), [2, 3, 1, 0, 0, 0, 0, 0]);
        pieces.advance(3);
        assert_eq!((pieces.chunk(), pieces.remaining()), (&b"de"[..], 3));
        assert_eq!(pieces.copy_to_bytes(3), "def");
        assert_eq!((pieces.chunk(), pieces.remaining()), (&b""[..], 0));
    }
}
