//! Bytes in as they arrive, parts out as they complete.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;

use crate::{Headers, Malformed};

/// Text before the first delimiter is skipped up to this.
const MOST_PREAMBLE_BYTES: usize = 64 << 10;
/// Headers of one part.
const MOST_HEADER_BYTES: usize = 16 << 10;
/// White space between a boundary and its line end.
const MOST_PADDING_BYTES: usize = 64;
/// RFC 2046 §5.1.1 allows 70; Orthanc sends 73.
const MOST_BOUNDARY_BYTES: usize = 256;

/// What comes out, in order: for each part one `Begin`, any number of `Data`, one `End`; last of all `Close`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A part begins.
    Begin(Headers),
    /// Bytes of the part.
    Data(Bytes),
    /// The part is complete.
    End,
    /// The closing delimiter: nothing after it counts.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    /// After something that looks like a delimiter: `--`, or white space and a line end.
    Delimiter {
        after_part: bool,
    },
    Headers,
    Body,
    Closing,
    Closed,
}

/// Takes a body apart. [`feed`](Self::feed) a piece, then take [`next`](Self::next) until it is empty.
#[derive(Debug)]
pub struct Reader {
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
    pub fn new(boundary: &str) -> Result<Self, Malformed> {
        let fits =
            (1..=MOST_BOUNDARY_BYTES).contains(&boundary.len()) && boundary.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !fits {
            return Err(Malformed::Boundary);
        }
        let finder = Finder::new(format!("\r\n--{boundary}").as_bytes()).into_owned();
        // The first delimiter has no line end before it; we lend it one.
        Ok(Self { finder, buffer: Bytes::from_static(b"\r\n"), state: State::Preamble, skipped: 0 })
    }

    /// Takes the next bytes of the body.
    pub fn feed(&mut self, piece: Bytes) {
        if self.state == State::Closed {
            return;
        }
        if self.buffer.is_empty() {
            self.buffer = piece;
            return;
        }
        let mut joined = BytesMut::with_capacity(self.buffer.len() + piece.len());
        joined.extend_from_slice(&self.buffer);
        joined.extend_from_slice(&piece);
        self.buffer = joined.freeze();
    }

    /// The next event; `None` until more is fed, and for ever after [`Event::Close`].
    ///
    /// # Errors
    /// [`Malformed`]; the reader is of no use afterwards.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not be fed in between")]
    pub fn next(&mut self) -> Result<Option<Event>, Malformed> {
        loop {
            let went_on = match self.state {
                State::Preamble => self.preamble()?,
                State::Delimiter { after_part } => match self.delimiter(after_part)? {
                    Step::Event(event) => return Ok(Some(event)),
                    Step::On => true,
                    Step::Starved => false,
                },
                State::Headers => return self.headers(),
                State::Body => match self.body() {
                    Step::Event(event) => return Ok(Some(event)),
                    Step::On => true,
                    Step::Starved => false,
                },
                State::Closing => {
                    self.state = State::Closed;
                    self.buffer.clear();
                    return Ok(Some(Event::Close));
                }
                State::Closed => false,
            };
            if !went_on {
                return Ok(None);
            }
        }
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// [`Malformed::CutShort`] before the closing delimiter; [`Malformed::NoDelimiter`] when there was none at all.
    pub fn finish(self) -> Result<(), Malformed> {
        match self.state {
            State::Closing | State::Closed => Ok(()),
            State::Preamble => Err(Malformed::NoDelimiter),
            State::Delimiter { .. } | State::Headers | State::Body => Err(Malformed::CutShort),
        }
    }

    fn preamble(&mut self) -> Result<bool, Malformed> {
        let found = self.finder.find(&self.buffer);
        let skip = found.unwrap_or_else(|| self.buffer.len() - self.kept_back());
        self.skipped += skip;
        if self.skipped > MOST_PREAMBLE_BYTES {
            return Err(Malformed::NoDelimiter);
        }
        self.buffer.advance(skip);
        if found.is_some() {
            self.state = State::Delimiter { after_part: false };
        }
        Ok(found.is_some())
    }

    /// The buffer begins with the delimiter; whether it is one shows only behind it.
    fn delimiter(&mut self, after_part: bool) -> Result<Step, Malformed> {
        let length = self.finder.needle().len();
        let behind = &self.buffer[length..];
        let padding = behind.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let rest = &behind[padding..];
        let closes = behind.starts_with(b"--");
        let ends = rest.starts_with(b"\r\n");
        let undecided = behind == b"-" || matches!(rest, b"" | b"\r");
        if padding > MOST_PADDING_BYTES || !(closes || ends || undecided) {
            return self.longer_line(after_part);
        }
        if undecided {
            return Ok(Step::Starved);
        }
        // The line end stays: the blank line after the headers is then found even when there are no headers.
        self.buffer.advance(length + padding);
        self.state = if closes { State::Closing } else { State::Headers };
        Ok(if after_part { Step::Event(Event::End) } else { Step::On })
    }

    /// A line that begins like the delimiter and goes on: content of the part, but nothing that a body can begin with.
    fn longer_line(&mut self, after_part: bool) -> Result<Step, Malformed> {
        if !after_part {
            return Err(Malformed::NoDelimiter);
        }
        self.state = State::Body;
        let length = self.finder.needle().len();
        Ok(Step::Event(Event::Data(self.buffer.split_to(length))))
    }

    fn headers(&mut self) -> Result<Option<Event>, Malformed> {
        let Some(at) = memchr::memmem::find(&self.buffer[..self.buffer.len().min(MOST_HEADER_BYTES)], b"\r\n\r\n")
        else {
            return if self.buffer.len() >= MOST_HEADER_BYTES { Err(Malformed::Headers) } else { Ok(None) };
        };
        let headers = Headers::parse(&self.buffer[..at])?;
        self.buffer.advance(at + 4);
        self.state = State::Body;
        Ok(Some(Event::Begin(headers)))
    }

    fn body(&mut self) -> Step {
        let (sure, delimiter) = match self.finder.find(&self.buffer) {
            Some(at) => (at, true),
            None => (self.buffer.len() - self.kept_back(), false),
        };
        if sure > 0 {
            return Step::Event(Event::Data(self.buffer.split_to(sure)));
        }
        if !delimiter {
            return Step::Starved;
        }
        self.state = State::Delimiter { after_part: true };
        Step::On
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

enum Step {
    Event(Event),
    On,
    Starved,
}
