//! JPEG-LS with CharLS. Only ever called in a worker process.

use charls::CharLS;

use super::{Job, Outcome, container, header};
use crate::{PhotometricInterpretation, TranscodeError, native};

const CODEC: &str = "JPEG-LS";

pub(super) fn decode(job: &Job, frame: &[u8]) -> Result<(Vec<u8>, Outcome), TranscodeError> {
    let header = header::read(frame, CODEC)?;
    let decoded = CharLS::default().decode(frame).map_err(|cause| TranscodeError::codec(CODEC, cause.to_string()))?;
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
