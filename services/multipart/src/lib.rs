//! `multipart/related` bodies (RFC 2046 §5.1, RFC 2387, as PS3.18 §8.6.1.2 uses them), taken apart as they arrive.
//!
//! A [`Reader`] holds no more than the piece that came last, one block of headers and one delimiter; the bytes of a part leave it as
//! slices of what came in. It ends well only at the closing delimiter: a body that stops before is [`Malformed::CutShort`], so that half
//! an object is never taken for a whole one.
//!
//! ```
//! use multipart::{Event, Reader};
//! let mut reader = Reader::new("b").unwrap();
//! reader.feed("--b\r\nContent-Type: application/dicom\r\n\r\n…\r\n--b--".into());
//! let Ok(Some(Event::Begin(headers))) = reader.next() else { panic!("a part begins") };
//! assert_eq!(headers.get("content-type"), Some("application/dicom"));
//! ```
#![forbid(unsafe_code)]

mod headers;
mod reader;

pub use headers::Headers;
pub use reader::{Event, Reader};

/// The body is not what its headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The `boundary` parameter is absent or breaks its grammar.
    #[error("the boundary parameter must have 1 to 256 printable characters (RFC 2046 §5.1.1)")]
    Boundary,
    /// No delimiter came where the first part should begin.
    #[error("no delimiter line begins the body (RFC 2046 §5.1.1)")]
    NoDelimiter,
    /// The headers of a part go on and on, or are none.
    #[error("the headers of a part are too long or not headers (RFC 2046 §5.1)")]
    Headers,
    /// The closing delimiter did not come.
    #[error("the closing delimiter is absent, the body is cut short (RFC 2046 §5.1.1)")]
    CutShort,
}
