//! Reading: bytes in as they arrive, parts out as they complete. At most one header block and one delimiter is kept back.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;

/// Text before the first delimiter is skipped up to this.
const MOST_PREAMBLE_BYTES: usize = 64 << 10;
/// Headers of one part.
const MOST_HEADER_BYTES: usize = 16 << 10;
/// RFC 2046 §5.1.1 allows 70; Orthanc sends 73.
const MOST_BOUNDARY_BYTES: usize = 256;

/// The body is not `multipart/related` as its headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// The `boundary` parameter is absent or breaks its grammar.
    #[error("the boundary parameter must have 1 to 256 printable characters (RFC 2046 §5.1.1)")]
    Boundary,
    /// No delimiter came.
    #[error("no delimiter line begins the body")]
    NoDelimiter,
    /// A delimiter line goes on with something else.
    #[error("a delimiter line has more than the boundary")]
    DelimiterLine,
    /// Headers go on and on, or are not text.
    #[error("the headers of a part are too long or not text")]
    Headers,
    /// The closing delimiter did not come.
    #[error("the closing delimiter is absent, the body is cut short")]
    CutShort,
}

/// What comes out, in order: for each part one `Begin`, any number of `Data`, one `End`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A part's headers: names in lower case.
    Begin(Vec<(String, String)>),
    /// Bytes of the part.
    Data(Bytes),
    /// The part is complete.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    Line,
    Headers,
    Body,
    Epilogue,
}

/// Takes a body apart. [`feed`](Self::feed) a chunk, then take [`next`](Self::next) until it is empty.
#[derive(Debug)]
pub(crate) struct Reader {
    finder: Finder<'static>,
    buffer: Bytes,
    state: State,
    skipped: usize,
}

impl Reader {
    /// A reader for a body of this boundary.
    ///
    /// # Errors
    /// [`Malformed::Boundary`].
    pub(crate) fn new(boundary: &str) -> Result<Self, Malformed> {
        let fits =
            (1..=MOST_BOUNDARY_BYTES).contains(&boundary.len()) && boundary.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !fits {
            return Err(Malformed::Boundary);
        }
        let delimiter = format!("\r\n--{boundary}");
        let finder = Finder::new(delimiter.as_bytes()).into_owned();
        // The first delimiter has no line end before it; we lend it one.
        Ok(Self { finder, buffer: Bytes::from_static(b"\r\n"), state: State::Preamble, skipped: 0 })
    }

    /// Takes the next bytes of the body.
    pub(crate) fn feed(&mut self, chunk: Bytes) {
        if self.buffer.is_empty() {
            self.buffer = chunk;
            return;
        }
        let mut joined = BytesMut::with_capacity(self.buffer.len() + chunk.len());
        joined.extend_from_slice(&self.buffer);
        joined.extend_from_slice(&chunk);
        self.buffer = joined.freeze();
    }

    /// The next event; `None` until more is fed.
    ///
    /// # Errors
    /// [`Malformed`]; the reader is of no use afterwards.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, Malformed> {
        loop {
            let step = match self.state {
                State::Preamble => self.preamble()?,
                State::Line => self.line()?,
                State::Headers => return self.headers(),
                State::Body => return Ok(self.body()),
                State::Epilogue => {
                    self.buffer.clear();
                    return Ok(None);
                }
            };
            if !step {
                return Ok(None);
            }
        }
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// [`Malformed::CutShort`] before the closing delimiter; [`Malformed::NoDelimiter`] when there was none at all.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        match self.state {
            State::Epilogue => Ok(()),
            State::Preamble => Err(Malformed::NoDelimiter),
            State::Line | State::Headers | State::Body => Err(Malformed::CutShort),
        }
    }

    fn preamble(&mut self) -> Result<bool, Malformed> {
        if let Some(at) = self.finder.find(&self.buffer) {
            self.buffer.advance(at + self.finder.needle().len());
            self.state = State::Line;
            return Ok(true);
        }
        let skip = self.buffer.len() - self.kept_back();
        self.skipped += skip;
        if self.skipped > MOST_PREAMBLE_BYTES {
            return Err(Malformed::NoDelimiter);
        }
        self.buffer.advance(skip);
        Ok(false)
    }

    /// The rest of a delimiter line: `--` closes, else spaces and a line end, which is left for the headers.
    fn line(&mut self) -> Result<bool, Malformed> {
        let blank = self.buffer.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if self.buffer.starts_with(b"--") {
            self.state = State::Epilogue;
            return Ok(true);
        }
        let rest = &self.buffer[blank..];
        if rest.len() < 2 && blank < MOST_HEADER_BYTES && (b"\r\n".starts_with(rest) || (blank == 0 && rest == b"-")) {
            return Ok(false);
        }
        if !rest.starts_with(b"\r\n") {
            return Err(Malformed::DelimiterLine);
        }
        self.buffer.advance(blank);
        self.state = State::Headers;
        Ok(true)
    }

    fn headers(&mut self) -> Result<Option<Event>, Malformed> {
        match memchr::memmem::find(&self.buffer[..self.buffer.len().min(MOST_HEADER_BYTES)], b"\r\n\r\n") {
            Some(at) => {
                let block = self.buffer.split_to(at + 4);
                let text = std::str::from_utf8(&block[..at]).map_err(|_| Malformed::Headers)?;
                self.state = State::Body;
                Ok(Some(Event::Begin(parse_headers(text))))
            }
            None if self.buffer.len() >= MOST_HEADER_BYTES => Err(Malformed::Headers),
            None => Ok(None),
        }
    }

    fn body(&mut self) -> Option<Event> {
        let (data, ends) = match self.finder.find(&self.buffer) {
            Some(at) => (at, true),
            None => (self.buffer.len() - self.kept_back(), false),
        };
        if data > 0 {
            return Some(Event::Data(self.buffer.split_to(data)));
        }
        if !ends {
            return None;
        }
        self.buffer.advance(self.finder.needle().len());
        self.state = State::Line;
        Some(Event::End)
    }

    /// How many bytes at the end may be the beginning of a delimiter.
    fn kept_back(&self) -> usize {
        let needle = self.finder.needle();
        let tail = &self.buffer[self.buffer.len().saturating_sub(needle.len() - 1)..];
        // A delimiter begins with the only CR that it has.
        memchr::memchr_iter(b'\r', tail)
            .map(|at| &tail[at..])
            .find(|rest| needle.starts_with(rest))
            .map_or(0, <[u8]>::len)
    }
}

fn parse_headers(text: &str) -> Vec<(String, String)> {
    let lines = text.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Event, Malformed, Reader};

    /// Content types and bodies of the parts, fed in pieces that end at `cuts`.
    fn read(body: &[u8], cuts: &[usize]) -> Result<Vec<(String, Vec<u8>)>, Malformed> {
        let mut reader = Reader::new("b-1")?;
        let (mut parts, mut from) = (Vec::new(), 0);
        for &to in cuts.iter().chain([&body.len()]) {
            reader.feed(Bytes::copy_from_slice(&body[from..to]));
            from = to;
            while let Some(event) = reader.next()? {
                match event {
                    Event::Begin(headers) => parts.push((headers.first().cloned().unwrap_or_default().1, Vec::new())),
                    Event::Data(bytes) => parts.last_mut().unwrap().1.extend_from_slice(&bytes),
                    Event::End => parts.last_mut().unwrap().0.push('.'),
                }
            }
        }
        reader.finish()?;
        Ok(parts)
    }

    const TRICKY: &[u8] = b"--b-1\r\nContent-Type: a/b\r\nX: y\r\n\r\nfirst\r\n--b\r\n-\r\n\r\r\n--b-\r\n--b-1 \t\r\n\r\nsecond\r\n\r\n--b-1--\r\nafterwards";

    #[test]
    fn a_body_is_read_alike_wherever_it_is_cut() {
        let expected = vec![
            ("a/b.".to_owned(), b"first\r\n--b\r\n-\r\n\r\r\n--b-".to_vec()),
            (".".to_owned(), b"second\r\n".to_vec()),
        ];
        for cut in 0..TRICKY.len() {
            assert_eq!(read(TRICKY, &[cut]).as_ref(), Ok(&expected), "cut at {cut}");
        }
        let every: Vec<_> = (0..TRICKY.len()).collect();
        assert_eq!(read(TRICKY, &every), Ok(expected));
    }

    #[test]
    fn a_body_that_ends_early_is_never_taken_for_whole() {
        let end = TRICKY.len() - "--\r\nafterwards".len();
        for length in 0..end {
            assert!(read(&TRICKY[..length], &[]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_preamble_is_skipped_and_bounded() {
        assert_eq!(read(b"hello\r\n--b-1\r\n\r\nx\r\n--b-1--", &[]).unwrap(), [(".".to_owned(), b"x".to_vec())]);
        assert_eq!(read(&vec![b'x'; 1 << 20], &[]), Err(Malformed::NoDelimiter));
        assert_eq!(read(b"", &[]), Err(Malformed::NoDelimiter));
        assert_eq!(read(b"--b-1junk\r\n\r\n", &[]), Err(Malformed::DelimiterLine));
        let headers = [b"--b-1\r\n".as_slice(), &[b'x'; 40_000]].concat();
        assert_eq!(read(&headers, &[]), Err(Malformed::Headers));
        assert!(
            Reader::new("").is_err()
                && Reader::new("a\nb").is_err()
                && Reader::new(&"b".repeat(257)).is_err()
                && Reader::new(&"b".repeat(73)).is_ok()
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            bodies in prop::collection::vec(prop::collection::vec(prop::sample::select(b"\r\n-b1 x".to_vec()), 0..60), 1..4),
            mut cuts in prop::collection::vec(0usize..400, 0..8),
        ) {
            prop_assume!(bodies.iter().all(|body| memchr::memmem::find(&[b"\r\n", body.as_slice()].concat(), b"\r\n--b-1").is_none()));
            let mut text = Vec::new();
            for body in &bodies {
                text.extend_from_slice(b"\r\n--b-1\r\nContent-Type: t\r\n\r\n");
                text.extend_from_slice(body);
            }
            text.extend_from_slice(b"\r\n--b-1--\r\n");
            cuts.retain(|cut| *cut < text.len());
            cuts.sort_unstable();
            let parts = read(&text, &cuts).unwrap();
            prop_assert_eq!(parts, bodies.into_iter().map(|body| ("t.".to_owned(), body)).collect::<Vec<_>>());
        }
    }
}
