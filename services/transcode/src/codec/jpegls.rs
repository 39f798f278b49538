//! JPEG-LS with CharLS. Only ever called in a worker process.

use charls::{CharLS, FrameInfo, InterleaveMode};

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
    let samples = if container::is_stored(job, header.precision, size) {
        by_pixel
    } else if size == 1 {
        container::store(job, header.precision, &by_pixel, CODEC)?
    } else {
        let words: Vec<u16> = by_pixel.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect();
        container::store(job, header.precision, &words, CODEC)?
    };
    let outcome = Outcome {
        photometric_interpretation: match job.photometric_interpretation {
            PhotometricInterpretation::YbrFull422 => PhotometricInterpretation::YbrFull,
            other => other,
        },
        bits_stored: job.bits_stored.max(header.precision),
    };
    Ok((samples, outcome))
}

/// Encodes without loss: PS3.5 §8.2.3, §A.4.3. Colour by line. Noise that would not shrink is refused by the codec.
pub(super) fn encode(job: &Job, samples: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let failed = |cause: charls::Error| TranscodeError::codec("JPEG-LS encoder", cause.to_string());
    // ISO/IEC 14495-1 has no samples of one bit.
    let bits = job.bits_stored.clamp(2, 16);
    let mut encoder = CharLS::default();
    let interleave = if job.samples_per_pixel == 1 { InterleaveMode::None } else { InterleaveMode::Line };
    encoder.set_interleave_mode(interleave).map_err(failed)?;
    let frame = FrameInfo {
        width: job.columns.into(),
        height: job.rows.into(),
        bits_per_sample: bits.into(),
        component_count: job.samples_per_pixel.into(),
    };
    encoder.encode(frame, 0, &low_bits(job, samples, bits)).map_err(failed)
}

/// The low `bits` of each sample, in as many bytes as the codec expects: JPEG-LS knows no sign.
fn low_bits(job: &Job, samples: &[u8], bits: u16) -> Vec<u8> {
    let mask = u16::MAX >> (16 - bits);
    if job.sample_bytes() == 1 {
        return samples.iter().map(|byte| byte & mask as u8).collect();
    }
    let words = samples.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]) & mask);
    if bits <= 8 { words.map(|word| word as u8).collect() } else { words.flat_map(u16::to_ne_bytes).collect() }
}
