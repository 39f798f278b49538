//! JPEG-LS with CharLS. Only ever called in a worker process.

use std::borrow::Cow;

use charls::CharLS;

use super::{Job, Outcome, container, header};
use crate::{PhotometricInterpretation, TranscodeError, native};

const CODEC: &str = "JPEG-LS";

pub(super) fn decode(job: &Job, frame: &[u8]) -> Result<(Vec<u8>, Outcome), TranscodeError> {
    let header = header::read(frame, CODEC)?;
    let stream = ended(frame)?;
    let decoded = CharLS::default().decode(&stream).map_err(|cause| TranscodeError::codec(CODEC, cause.to_string()))?;
    let size = if header.precision <= 8 { 1 } else { 2 };
    if decoded.len() != job.samples() * size {
        return Err(TranscodeError::codec(CODEC, "its header can be read in two ways"));
    }
    // Scans of one component each come back by plane; interleaved ones by pixel.
    let by_pixel = match header.interleave {
        0 if header.components > 1 => native::interleave(&decoded, usize::from(header.components), size),
        _ => decoded,
    };
    let values = container::Stream::exact(header.precision).losing(header.near > 0);
    let samples = if container::is_stored(job, values, size) {
        by_pixel
    } else if size == 1 {
        container::store(job, values, &by_pixel, CODEC)?
    } else {
        let words: Vec<u16> = by_pixel.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect();
        container::store(job, values, &words, CODEC)?
    };
    let outcome = Outcome {
        photometric_interpretation: match job.photometric_interpretation {
            PhotometricInterpretation::YbrFull422 => PhotometricInterpretation::YbrFull,
            other => other,
        },
        bits_stored: container::bits_stored(job, header.precision),
    };
    Ok((samples, outcome))
}

/// A stream with its end right behind it.
///
/// Where a scan is cut short and no marker follows, CharLS counts the bits that it has left down from zero, to the least number that there is:
/// seconds, for a frame of a few bytes. Behind a scan with a marker it sees that there are none.
fn ended(frame: &[u8]) -> Result<Cow<'_, [u8]>, TranscodeError> {
    const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];
    let padding = frame.iter().rev().take_while(|&&byte| byte == 0).count();
    let (stream, _) = frame.split_at(frame.len() - padding);
    if stream.ends_with(&END_OF_IMAGE) {
        return Ok(Cow::Borrowed(stream));
    }
    if !frame.windows(2).any(|marker| marker == END_OF_IMAGE) {
        return Err(TranscodeError::codec(CODEC, "it ends without an end of image"));
    }
    Ok(Cow::Owned([frame, &END_OF_IMAGE].concat()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::ended;

    #[test]
    fn a_stream_has_a_marker_behind_its_last_scan_or_is_refused() {
        let whole = [0xFF, 0xD8, 7, 0xFF, 0xD9];
        assert_eq!(*ended(&whole).unwrap(), whole);
        assert_eq!(*ended(&[&whole[..], &[0, 0]].concat()).unwrap(), whole, "padding is none of it");
        let behind = [&whole[..], &[9]].concat();
        assert_eq!(*ended(&behind).unwrap(), [&behind[..], &[0xFF, 0xD9]].concat(), "whatever follows");
        assert!(ended(&whole[..4]).unwrap_err().to_string().contains("end of image"));
        assert!(ended(&[]).is_err() && ended(&[0]).is_err());
    }
}
