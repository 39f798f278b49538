use super::*;
use crate::PhotometricInterpretation;
use crate::syntax::Encoding;

fn job(rows: u16, columns: u16, samples_per_pixel: u16, bits_allocated: u16) -> Job {
    Job {
        encoding: Encoding::Rle,
        rows,
        columns,
        samples_per_pixel,
        bits_allocated,
        bits_stored: bits_allocated,
        high_bit: bits_allocated - 1,
        signed: false,
        photometric_interpretation: PhotometricInterpretation::Rgb,
        has_overlays: false,
        bits: Bits::Stored,
    }
}

/// An encoder as plain as PS3.5 §G.3.1 allows, written from the text and not from the decoder.
fn encode(job: &Job, samples: &[u8]) -> Vec<u8> {
    let (size, stride) = (job.sample_bytes(), job.sample_bytes() * usize::from(job.samples_per_pixel));
    let mut body = Vec::new();
    let mut header = vec![stride as u32];
    for sample in 0..usize::from(job.samples_per_pixel) {
        for byte in (0..size).rev() {
            header.push((HEADER_BYTES + body.len()) as u32);
            let plane: Vec<u8> = samples.iter().skip(sample * size + byte).step_by(stride).copied().collect();
            pack(&plane, &mut body);
            if body.len() % 2 == 1 {
                body.push(0);
            }
        }
    }
    header.resize(16, 0);
    let mut out: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    out.extend(body);
    out
}

fn pack(plane: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < plane.len() {
        let run = plane[at..].iter().take(128).take_while(|&&byte| byte == plane[at]).count();
        if run >= 2 {
            out.extend([(1 - run as i16) as u8, plane[at]]);
            at += run;
        } else {
            let end = (at + 1..plane.len().min(at + 128))
                .find(|&i| plane[i] == plane[i - 1])
                .unwrap_or(plane.len().min(at + 128));
            out.push((end - at - 1) as u8);
            out.extend_from_slice(&plane[at..end]);
            at = end;
        }
    }
}

/// Runs, noise and slopes, the same each time.
fn samples(count: usize) -> Vec<u8> {
    let mut state = 12345_u32;
    (0..count)
        .map(|index| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match index / 300 % 3 {
                0 => 7,
                1 => (state >> 24) as u8,
                _ => (index / 5) as u8,
            }
        })
        .collect()
}

#[test]
fn what_is_encoded_is_decoded_at_every_depth_and_colour() {
    for (samples_per_pixel, bits) in [(1, 8), (1, 16), (1, 32), (3, 8), (3, 16), (3, 32)] {
        let job = job(37, 53, samples_per_pixel, bits);
        let source = samples(job.decoded_bytes());
        let (decoded, _) = decode(&job, &encode(&job, &source)).expect("decodes");
        assert_eq!(decoded, source, "{samples_per_pixel} samples of {bits} bits");
    }
}

#[test]
fn a_frame_cut_anywhere_is_refused() {
    let job = job(8, 9, 1, 16);
    // No run of equal bytes at the end, so that every byte counts.
    let source: Vec<u8> = (0..job.decoded_bytes()).map(|index| index as u8).collect();
    let whole = encode(&job, &source);
    for length in 0..whole.len() - 1 {
        assert!(decode(&job, &whole[..length]).is_err(), "{length} of {}", whole.len());
    }
}

#[test]
fn wrong_segment_counts_and_offsets_are_refused() {
    let job8 = job(8, 8, 1, 8);
    let whole = encode(&job8, &samples(64));
    assert!(matches!(check_header(&job(8, 8, 1, 16), &whole), Err(TranscodeError::Mismatch { .. })));
    for offset in [0_u32, 63, 1 << 20, u32::MAX] {
        let mut broken = whole.clone();
        broken[4..8].copy_from_slice(&offset.to_le_bytes());
        assert!(matches!(check_header(&job8, &broken), Err(TranscodeError::Codec { .. })), "{offset}");
    }
}

#[test]
fn any_bytes_give_a_frame_or_an_error() {
    let job = job(16, 16, 3, 8);
    let whole = encode(&job, &samples(768));
    for position in 0..whole.len() {
        for value in [0, 127, 128, 255] {
            let mut broken = whole.clone();
            broken[position] = value;
            if let Ok((decoded, _)) = decode(&job, &broken) {
                assert_eq!(decoded.len(), job.decoded_bytes());
            }
        }
    }
}
