//! RLE Lossless: PS3.5 Annex G. Safe code with bounded output; it needs no worker process.

use super::{Job, Outcome, reserve};
use crate::TranscodeError;
use crate::native::{Bits, is_another_line, too_long};

const CODEC: &str = "RLE";
const HEADER_BYTES: usize = 64;

/// The segments of a frame: one for each byte of each sample, the most significant first.
fn segments<'a>(job: &Job, frame: &'a [u8]) -> Result<Vec<&'a [u8]>, TranscodeError> {
    let damaged = |what| TranscodeError::codec(CODEC, what);
    let header = frame.get(..HEADER_BYTES).ok_or_else(|| damaged("the header is cut short"))?;
    let mut words =
        header.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]) as usize);
    let count = words.next().unwrap_or(0);
    if count != usize::from(job.samples_per_pixel) * job.sample_bytes() {
        let rule = "and SamplesPerPixel differ from the number of RLE segments";
        return Err(TranscodeError::mismatch("BitsAllocated", rule));
    }
    let offsets: Vec<usize> = words.take(count).collect();
    offsets
        .iter()
        .enumerate()
        .map(|(index, &start)| {
            let end = offsets.get(index + 1).copied().unwrap_or(frame.len());
            frame
                .get(start..end)
                .filter(|_| start >= HEADER_BYTES)
                .ok_or_else(|| damaged("a segment's offset is wrong"))
        })
        .collect()
}

pub(super) fn check_header(job: &Job, frame: &[u8]) -> Result<(), TranscodeError> {
    segments(job, frame).map(drop)
}

pub(super) fn decode(job: &Job, frame: &[u8]) -> Result<(Vec<u8>, Outcome), TranscodeError> {
    let pixels = usize::from(job.rows) * usize::from(job.columns);
    let segments = segments(job, frame)?;
    let mut out: Vec<u8> = reserve(job.decoded_bytes(), CODEC)?;
    let mut plane: Vec<u8> = reserve(pixels, CODEC)?;
    if let &[segment] = segments.as_slice() {
        unpack(segment, job, &mut out)?;
    } else if let (&[high, low], 2) = (segments.as_slice(), job.sample_bytes()) {
        // Grey of two bytes, the usual case: both planes side by side, and one walk over all samples.
        let mut lower: Vec<u8> = reserve(pixels, CODEC)?;
        unpack(high, job, &mut plane)?;
        unpack(low, job, &mut lower)?;
        out.resize(job.decoded_bytes(), 0);
        for ((sample, &low), &high) in out.chunks_exact_mut(2).zip(&lower).zip(&plane) {
            sample.copy_from_slice(&[low, high]);
        }
    } else {
        out.resize(job.decoded_bytes(), 0);
        let (size, stride) = (job.sample_bytes(), segments.len());
        for (index, segment) in segments.into_iter().enumerate() {
            plane.clear();
            unpack(segment, job, &mut plane)?;
            // Most significant byte first in the segments, last in the samples.
            let offset = index / size * size + (size - 1 - index % size);
            for (sample, &byte) in out[offset..].iter_mut().step_by(stride).zip(&plane) {
                *sample = byte;
            }
        }
    }
    let outcome = Outcome {
        photometric_interpretation: match job.photometric_interpretation {
            crate::PhotometricInterpretation::YbrFull422 => crate::PhotometricInterpretation::YbrFull,
            other => other,
        },
        bits_stored: if job.bits == Bits::Stored { job.bits_stored } else { job.bits_allocated },
    };
    Ok((out, outcome))
}

/// Appends a byte for each pixel: literal runs, repeated bytes. What is left over is padding, unless it is another row or column: then the
/// picture would be askew.
fn unpack(segment: &[u8], job: &Job, out: &mut Vec<u8>) -> Result<(), TranscodeError> {
    let count = usize::from(job.rows) * usize::from(job.columns);
    let damaged = || TranscodeError::codec(CODEC, "a segment ends early");
    let mut rest = segment;
    let mut surplus = 0;
    while out.len() < count {
        let (&control, tail) = rest.split_first().ok_or_else(damaged)?;
        let room = count - out.len();
        rest = match control as i8 {
            literal @ 0.. => {
                let length = literal as usize + 1;
                let bytes = tail.get(..length).ok_or_else(damaged)?;
                out.extend_from_slice(&bytes[..length.min(room)]);
                surplus = length.saturating_sub(room);
                &tail[length..]
            }
            -128 => tail,
            repeat => {
                let (&byte, tail) = tail.split_first().ok_or_else(damaged)?;
                let length = (1 - isize::from(repeat)) as usize;
                out.resize(out.len() + length.min(room), byte);
                surplus = length.saturating_sub(room);
                tail
            }
        };
    }
    surplus += packed_in(rest);
    if is_another_line((job.rows, job.columns), 1, surplus) { Err(too_long()) } else { Ok(()) }
}

/// How many bytes are packed in what follows the last pixel; none in zeros.
fn packed_in(mut rest: &[u8]) -> usize {
    if rest.iter().all(|&byte| byte == 0) {
        return 0;
    }
    let mut count = 0;
    while let Some((&control, tail)) = rest.split_first() {
        let (bytes, taken) = match control as i8 {
            literal @ 0.. => (literal as usize + 1, literal as usize + 1),
            -128 => (0, 0),
            repeat => ((1 - isize::from(repeat)) as usize, 1),
        };
        count += bytes;
        rest = tail.get(taken..).unwrap_or_default();
    }
    count
}

/// Encodes samples: a segment for each byte of each sample, its rows packed one by one (§G.3.1), its length even (§G.4).
pub(super) fn encode(job: &Job, samples: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let (size, count) = (job.sample_bytes(), usize::from(job.samples_per_pixel) * job.sample_bytes());
    if count >= HEADER_BYTES / 4 {
        return Err(TranscodeError::mismatch("BitsAllocated", "needs more RLE segments than there can be"));
    }
    let mut out: Vec<u8> = reserve(HEADER_BYTES + samples.len() / 2, CODEC)?;
    out.resize(HEADER_BYTES, 0);
    out[..4].copy_from_slice(&(count as u32).to_le_bytes());
    let mut row: Vec<u8> = reserve(job.columns.into(), CODEC)?;
    for index in 0..count {
        let start = out.len() as u32;
        out[4 + 4 * index..8 + 4 * index].copy_from_slice(&start.to_le_bytes());
        let offset = index / size * size + (size - 1 - index % size);
        for pixels in samples.chunks_exact(count * usize::from(job.columns)) {
            row.clear();
            row.extend(pixels[offset..].iter().step_by(count));
            // No run is longer than 128, and a literal run costs one byte more.
            out.try_reserve(row.len() + row.len() / 64 + 3)
                .map_err(|_| TranscodeError::codec(CODEC, "not enough memory"))?;
            pack(&row, &mut out);
        }
        if out.len() % 2 == 1 {
            out.push(0);
        }
    }
    Ok(out)
}

/// Appends a row: three alike and more as one run, all else as it is.
fn pack(mut row: &[u8], out: &mut Vec<u8>) {
    const LONGEST: usize = 128;
    while let Some(&first) = row.first() {
        let alike = row.iter().take(LONGEST).take_while(|&&byte| byte == first).count();
        let taken = if alike >= 3 {
            out.extend([(1 - alike as isize) as u8, first]);
            alike
        } else {
            let next_run = row.windows(3).take(LONGEST).position(|three| three[0] == three[1] && three[1] == three[2]);
            let literal = next_run.unwrap_or(row.len()).min(LONGEST);
            out.push((literal - 1) as u8);
            out.extend_from_slice(&row[..literal]);
            literal
        };
        row = &row[taken..];
    }
}

#[cfg(test)]
#[path = "rle/tests.rs"]
mod tests;
