//! Lossless JPEG-LS with CharLS: PS3.5 §8.2.3, §A.4.3. Only ever called in a worker process.
//!
//! The library writes into a buffer that it is given. Its safe bindings make that as large as the samples, which noise outgrows; so it is
//! called here.
#![expect(unsafe_code, reason = "bindings to a C++ library")]

use charls_sys as jls;

use super::{Job, reserve};
use crate::TranscodeError;

const CODEC: &str = "JPEG-LS encoder";

/// Colour is interleaved by line.
pub(super) fn encode(job: &Job, samples: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    // ISO/IEC 14495-1 has no samples of one bit.
    let bits = job.bits_stored.clamp(2, 16);
    let source = low_bits(job, samples, bits)?;
    let limit = job.max_encoded_bytes();
    // What is not written to costs nothing but addresses: the pages are zeros that the system has not laid out.
    let mut out: Vec<u8> = reserve(limit, CODEC)?;
    let frame = jls::charls_frame_info {
        width: job.columns.into(),
        height: job.rows.into(),
        bits_per_sample: bits.into(),
        component_count: job.samples_per_pixel.into(),
    };
    let interleave = match job.samples_per_pixel {
        1 => jls::charls_interleave_mode_none,
        _ => jls::charls_interleave_mode_line,
    };
    let mut written = 0;
    // SAFETY: takes no pointers; the guard frees the encoder, and NULL is refused here.
    let encoder = Encoder(unsafe { jls::charls_jpegls_encoder_create() });
    if encoder.0.is_null() {
        return Err(TranscodeError::codec(CODEC, "not enough memory"));
    }
    // SAFETY: the encoder is valid. The frame, the source and the `limit` bytes that are reserved outlive the calls, and the lengths
    // are theirs; the source has Rows * Columns * SamplesPerPixel samples of the size that `bits` asks for.
    unsafe {
        check(jls::charls_jpegls_encoder_set_frame_info(encoder.0, &frame))?;
        check(jls::charls_jpegls_encoder_set_interleave_mode(encoder.0, interleave))?;
        check(jls::charls_jpegls_encoder_set_destination_buffer(encoder.0, out.as_mut_ptr().cast(), limit))?;
        check(jls::charls_jpegls_encoder_encode_from_buffer(encoder.0, source.as_ptr().cast(), source.len(), 0))?;
        check(jls::charls_jpegls_encoder_get_bytes_written(encoder.0, &mut written))?;
        // The library has written so many bytes, and no more than it was given.
        out.set_len(written.min(limit));
    }
    Ok(out)
}

fn check(code: jls::charls_jpegls_errc) -> Result<(), TranscodeError> {
    match code {
        0 => Ok(()),
        jls::charls_jpegls_errc_destination_buffer_too_small => {
            Err(TranscodeError::codec(CODEC, "the frame would grow to more than twice its size"))
        }
        other => Err(TranscodeError::codec(CODEC, format!("it gave up with code {other}"))),
    }
}

struct Encoder(*mut jls::charls_jpegls_encoder);

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: made by the library, freed only here; NULL is allowed.
        unsafe { jls::charls_jpegls_encoder_destroy(self.0) };
    }
}

/// The low `bits` of each sample, in as many bytes as the codec expects: JPEG-LS knows no sign.
fn low_bits(job: &Job, samples: &[u8], bits: u16) -> Result<Vec<u8>, TranscodeError> {
    let mask = u16::MAX >> (16 - bits);
    let mut out: Vec<u8> = reserve(samples.len(), CODEC)?;
    if job.sample_bytes() == 1 {
        out.extend(samples.iter().map(|byte| byte & mask as u8));
        return Ok(out);
    }
    let words = samples.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]) & mask);
    if bits <= 8 {
        out.extend(words.map(|word| word as u8))
    } else {
        out.extend(words.flat_map(u16::to_ne_bytes))
    }
    Ok(out)
}
