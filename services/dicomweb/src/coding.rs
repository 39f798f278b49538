//! Content codings: which one the caller likes best (RFC 9110 §12.5.3), and how it is made.

use std::io::{self, Write};

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

/// Of codings that a caller likes alike: the cheapest to make comes first.
const OURS: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

impl Coding {
    /// The coding that the caller likes best; among equals `ready`, which is made already.
    pub(crate) fn best(headers: &HeaderMap, ready: Option<Self>) -> Self {
        let liked = Liked::of(headers);
        let mut best = (Self::Identity, 0);
        for coding in ready.into_iter().chain(OURS) {
            let quality = liked.quality(coding);
            if quality > best.1 {
                best = (coding, quality);
            }
        }
        // Who likes it better uncompressed gets it so.
        if liked.named("identity").is_some_and(|quality| quality > best.1) { Self::Identity } else { best.0 }
    }

    /// Its name in `Content-Encoding`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Compresses pieces.
    pub(crate) fn encode(self, pieces: impl Iterator<Item = bytes::Bytes>) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(pieces.flatten().collect()),
            Self::Gzip => {
                let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                write(&mut out, pieces)?;
                out.finish()
            }
            Self::Brotli => {
                // Quality 5 is where its ratio passes that of gzip at a like cost.
                let mut out = brotli::CompressorWriter::new(Vec::new(), 64 << 10, 5, 22);
                write(&mut out, pieces)?;
                Ok(out.into_inner())
            }
            Self::Zstd => {
                let mut out = zstd::stream::write::Encoder::new(Vec::new(), 3)?;
                write(&mut out, pieces)?;
                out.finish()
            }
        }
    }
}

fn write(out: &mut impl Write, pieces: impl Iterator<Item = bytes::Bytes>) -> io::Result<()> {
    pieces.into_iter().try_for_each(|piece| out.write_all(&piece))
}

/// Codings and their qualities in thousandths.
struct Liked(Vec<(String, u16)>);

impl Liked {
    fn of(headers: &HeaderMap) -> Self {
        let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let codings = lists.flat_map(|list| list.split(',')).take(32).map(|coding| {
            let (name, rest) = coding.split_once(';').unwrap_or((coding, ""));
            let quality = rest.trim().strip_prefix("q=").or_else(|| rest.trim().strip_prefix("Q="));
            let quality = quality.map_or(1.0, |quality| quality.trim().parse::<f32>().unwrap_or(0.0));
            (name.trim().to_ascii_lowercase(), (quality.clamp(0.0, 1.0) * 1000.0).round() as u16)
        });
        Self(codings.collect())
    }

    fn named(&self, name: &str) -> Option<u16> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, quality)| *quality)
    }

    fn quality(&self, coding: Coding) -> u16 {
        let former = if coding == Coding::Gzip { self.named("x-gzip") } else { None };
        self.named(coding.name()).or(former).or_else(|| self.named("*")).unwrap_or(0)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::Read;

    use super::Coding;

    fn best(accepted: &str, ready: Option<Coding>) -> Coding {
        let mut headers = http::HeaderMap::new();
        if !accepted.is_empty() {
            headers.insert("accept-encoding", accepted.parse().unwrap());
        }
        Coding::best(&headers, ready)
    }

    #[test]
    fn the_coding_that_is_liked_best_wins_and_what_is_ready_among_equals() {
        let ready = Some(Coding::Gzip);
        for (accepted, expected) in [
            ("", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("gzip, deflate, br, zstd", Coding::Gzip),
            ("gzip;q=0.5, br;q=0.9", Coding::Brotli),
            ("gzip;q=0, *;q=0.1", Coding::Zstd),
            ("x-gzip", Coding::Gzip),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("deflate", Coding::Identity),
            ("gzip;q=0", Coding::Identity),
            ("gzip;q=nonsense", Coding::Identity),
        ] {
            assert_eq!(best(accepted, ready), expected, "{accepted}");
        }
        assert_eq!(best("gzip, deflate, br, zstd", None), Coding::Zstd);
        assert_eq!(best("gzip, deflate, br", None), Coding::Brotli);
    }

    #[test]
    fn every_coding_can_be_read_back() {
        let text = "[{\"00080005\":{}}]".repeat(500);
        let pieces = || text.as_bytes().chunks(1000).map(bytes::Bytes::copy_from_slice);
        let gzip = Coding::Gzip.encode(pieces()).unwrap();
        let brotli = Coding::Brotli.encode(pieces()).unwrap();
        let zstd = Coding::Zstd.encode(pieces()).unwrap();
        let mut read = String::new();
        flate2::read::GzDecoder::new(&gzip[..]).read_to_string(&mut read).unwrap();
        assert!(read == text && gzip.len() < text.len() / 10);
        read.clear();
        brotli::Decompressor::new(&brotli[..], 4096).read_to_string(&mut read).unwrap();
        assert!(read == text && brotli.len() < text.len() / 10);
        assert!(zstd::decode_all(&zstd[..]).unwrap() == text.as_bytes() && zstd.len() < text.len() / 10);
    }
}
