//! Multipart bodies (RFC 2046 §5.1, as PS3.18 §8.6 uses them), taken apart as they arrive.
//!
//! The parser holds no more than one read, one set of headers and one boundary; a part's bytes leave as slices of what came in. It ends
//! well only at the closing boundary: a body that stops before is [`MultipartError::Truncated`], so that half an object is never
//! taken for a whole one.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;

/// Bytes before the first boundary.
const PREAMBLE_LIMIT: usize = 16 * 1024;
/// Headers of one part.
const HEADERS_LIMIT: usize = 8 * 1024;
/// White space between a boundary and its line end.
const PADDING_LIMIT: usize = 64;

/// A body that breaks the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// 1 to 70 characters (RFC 2046 §5.1.1).
    #[error("RFC 2046 §5.1.1: the boundary is not usable")]
    Boundary,
    /// No boundary where the first should be.
    #[error("RFC 2046 §5.1.1: no part begins")]
    NoPart,
    /// A part's headers are too long or not headers.
    #[error("RFC 2046 §5.1: the headers of a part")]
    Headers,
    /// The body ended before its closing boundary.
    #[error("RFC 2046 §5.1.1: the closing boundary is missing")]
    Truncated,
}

/// What comes next in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// More bytes are needed: push what comes, or [`Multipart::end`] when nothing does.
    Starved,
    /// A part begins; its `Content-Type`, where given.
    Part(Option<String>),
    /// Bytes of the part.
    Data(Bytes),
    /// The part is whole.
    PartEnd,
    /// The closing boundary: nothing after it counts.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    /// After a boundary: `--`, or white space and a line end.
    Boundary {
        after_part: bool,
    },
    Headers,
    Body,
    End,
}

/// Takes a multipart body apart.
#[derive(Debug)]
pub struct Multipart {
    delimiter: Vec<u8>,
    finder: Finder<'static>,
    buffer: BytesMut,
    state: State,
    passed: usize,
}

impl Multipart {
    /// A parser for the boundary of a `Content-Type`.
    ///
    /// # Errors
    /// [`MultipartError::Boundary`] when it is empty or longer than 70 characters.
    pub fn new(boundary: &str) -> Result<Self, MultipartError> {
        if !(1..=70).contains(&boundary.len()) {
            return Err(MultipartError::Boundary);
        }
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        let finder = Finder::new(&delimiter).into_owned();
        // The first boundary needs no line end before it; with one put there, all boundaries look alike.
        let buffer = BytesMut::from(&b"\r\n"[..]);
        Ok(Self { delimiter, finder, buffer, state: State::Preamble, passed: 0 })
    }

    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    /// [`MultipartError::Truncated`] unless the closing boundary has been seen.
    pub fn end(&self) -> Result<(), MultipartError> {
        if self.state == State::End { Ok(()) } else { Err(MultipartError::Truncated) }
    }

    /// What comes next.
    ///
    /// # Errors
    /// [`MultipartError`], after which the body can't be read further.
    pub fn next_event(&mut self) -> Result<Event, MultipartError> {
        loop {
            let event = match self.state {
                State::Preamble => self.preamble()?,
                State::Boundary { after_part } => self.boundary(after_part)?,
                State::Headers => self.headers()?,
                State::Body => self.body(),
                State::End => Some(Event::End),
            };
            if let Some(event) = event {
                return Ok(event);
            }
        }
    }

    fn preamble(&mut self) -> Result<Option<Event>, MultipartError> {
        let found = self.finder.find(&self.buffer);
        let skip = found.unwrap_or_else(|| self.without_tail());
        self.passed += skip;
        if self.passed > PREAMBLE_LIMIT {
            return Err(MultipartError::NoPart);
        }
        self.buffer.advance(skip);
        if found.is_none() {
            return Ok(Some(Event::Starved));
        }
        self.state = State::Boundary { after_part: false };
        Ok(None)
    }

    /// The buffer begins with the delimiter. Whether it is one shows only behind it.
    fn boundary(&mut self, after_part: bool) -> Result<Option<Event>, MultipartError> {
        let behind = &self.buffer[self.delimiter.len()..];
        let padding = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let closing = behind.starts_with(b"--");
        let line_end = behind[padding..].starts_with(b"\r\n");
        let undecided = behind == b"-" || matches!(&behind[padding..], b"" | b"\r");
        if padding > PADDING_LIMIT || !(closing || line_end || undecided) {
            return self.not_a_boundary(after_part).map(Some);
        }
        if undecided {
            return Ok(Some(Event::Starved));
        }
        // The line end stays: the blank line after the headers is then found even when there are no headers.
        self.buffer.advance(self.delimiter.len() + padding);
        self.state = if closing { State::End } else { State::Headers };
        Ok(after_part.then_some(Event::PartEnd))
    }

    /// A longer line that begins like the boundary: part of the content, or of the preamble.
    fn not_a_boundary(&mut self, after_part: bool) -> Result<Event, MultipartError> {
        if !after_part {
            return Err(MultipartError::NoPart);
        }
        self.state = State::Body;
        Ok(Event::Data(self.buffer.split_to(self.delimiter.len()).freeze()))
    }

    fn headers(&mut self) -> Result<Option<Event>, MultipartError> {
        let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") else {
            return if self.buffer.len() > HEADERS_LIMIT {
                Err(MultipartError::Headers)
            } else {
                Ok(Some(Event::Starved))
            };
        };
        if end > HEADERS_LIMIT {
            return Err(MultipartError::Headers);
        }
        let head = self.buffer.split_to(end);
        self.buffer.advance(4);
        self.state = State::Body;
        content_type(&head).map(|content_type| Some(Event::Part(content_type)))
    }

    fn body(&mut self) -> Option<Event> {
        match self.finder.find(&self.buffer) {
            Some(0) => {
                self.state = State::Boundary { after_part: true };
                None
            }
            Some(at) => Some(Event::Data(self.buffer.split_to(at).freeze())),
            None => {
                let sure = self.without_tail();
                Some(if sure == 0 { Event::Starved } else { Event::Data(self.buffer.split_to(sure).freeze()) })
            }
        }
    }

    /// Bytes of the buffer that can't be the beginning of a boundary.
    fn without_tail(&self) -> usize {
        let kept = self.buffer.len().min(self.delimiter.len() - 1);
        let tail = &self.buffer[self.buffer.len() - kept..];
        let begins = (0..kept).find(|from| self.delimiter.starts_with(&tail[*from..]));
        self.buffer.len() - kept + begins.unwrap_or(kept)
    }
}

/// The `Content-Type` among the headers of a part, which begin with the line end of the boundary.
fn content_type(head: &[u8]) -> Result<Option<String>, MultipartError> {
    let text = std::str::from_utf8(head).map_err(|_| MultipartError::Headers)?;
    let mut found = None;
    for line in text.split("\r\n").filter(|line| !line.is_empty() && !line.starts_with([' ', '\t'])) {
        let (name, value) = line.split_once(':').ok_or(MultipartError::Headers)?;
        if name.trim().eq_ignore_ascii_case("content-type") {
            found = Some(value.trim().to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
