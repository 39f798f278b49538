//! JPEG XL decoding: ISO/IEC 18181, as PS3.5 §A.4.12 uses it. Safe code, and so much of it that it works in a worker process all the same.

use jxl_oxide::image::BitDepth;
use jxl_oxide::{AllocTracker, JxlImage, JxlThreadPool};

use super::{Job, Outcome, container, jpegxl_header, reserve};
use crate::{PhotometricInterpretation, TranscodeError};

const CODEC: &str = "JPEG XL";

/// What the decoder may hold: a frame in four bytes for each sample, and as much again a few times over for its transforms.
const BYTES_PER_SAMPLE: usize = 4 * 12;
const BYTES_AT_LEAST: usize = 64 << 20;

pub(super) fn check_header(job: &Job, frame: &[u8]) -> Result<(), TranscodeError> {
    jpegxl_header::read(frame)?.check(job)
}

pub(super) fn decode(job: &Job, frame: &[u8]) -> Result<(Vec<u8>, Outcome), TranscodeError> {
    let image = JxlImage::builder()
        .pool(JxlThreadPool::none())
        .alloc_tracker(AllocTracker::with_limit(job.samples().saturating_mul(BYTES_PER_SAMPLE).max(BYTES_AT_LEAST)))
        .read(frame)
        .map_err(|_| damaged("the codestream can't be read"))?;
    let precision = check_image(job, &image)?;
    let is_transformed =
        image.image_header().metadata.xyb_encoded || image.frame_header(0).is_some_and(|header| header.do_ycbcr);
    let values = values(job, &image, precision)?;
    let samples = container::store(job, container::Stream::exact(precision).losing(is_transformed), &values, CODEC)?;
    let outcome = Outcome {
        photometric_interpretation: match job.photometric_interpretation {
            // The decoder has undone the transform, whatever the data set called it.
            colour if is_transformed && colour.is_colour_by_sample() => PhotometricInterpretation::Rgb,
            PhotometricInterpretation::Xyb | PhotometricInterpretation::YbrRct | PhotometricInterpretation::YbrIct => {
                PhotometricInterpretation::Rgb
            }
            PhotometricInterpretation::YbrFull422 => PhotometricInterpretation::YbrFull,
            other => other,
        },
        bits_stored: container::bits_stored(job, precision),
    };
    Ok((samples, outcome))
}

/// Compares what the decoder has read with the data set; gives the bits of a sample.
fn check_image(job: &Job, image: &JxlImage) -> Result<u16, TranscodeError> {
    let header = image.image_header();
    if header.metadata.orientation != 1 {
        return Err(damaged("it wants to be turned, which Pixel Data can't be"));
    }
    let BitDepth::IntegerSample { bits_per_sample } = header.metadata.bit_depth else {
        return Err(damaged("its samples are no integers"));
    };
    let precision = u16::try_from(bits_per_sample).unwrap_or(u16::MAX);
    // Samples come as 32-bit floating point numbers, which hold so many bits exactly.
    if precision > 16 {
        return Err(damaged("its precision is above 16 bits"));
    }
    if image.num_loaded_keyframes() != 1 {
        return Err(damaged("it has not exactly one frame"));
    }
    let channels = u16::try_from(image.pixel_format().channels()).unwrap_or(u16::MAX);
    super::check_shape(job, image.height(), image.width(), channels, precision)?;
    Ok(precision)
}

/// The samples by pixel, from 0 to the largest that `precision` allows.
fn values(job: &Job, image: &JxlImage, precision: u16) -> Result<Vec<u16>, TranscodeError> {
    let render = image.render_frame(0).map_err(|_| damaged("the frame can't be decoded"))?;
    let mut stream = render.stream();
    let shape = (stream.height(), stream.width(), stream.channels());
    if shape != (u32::from(job.rows), u32::from(job.columns), u32::from(job.samples_per_pixel)) {
        return Err(damaged("the frame has the wrong size"));
    }
    let row = usize::from(job.columns) * usize::from(job.samples_per_pixel);
    let mut floats = vec![0_f32; row];
    let largest = ((1_u32 << precision) - 1) as f32;
    let mut values: Vec<u16> = reserve(job.samples(), CODEC)?;
    for _ in 0..job.rows {
        if stream.write_to_buffer(&mut floats) != row {
            return Err(damaged("the frame ends early"));
        }
        values.extend(floats.iter().map(|value| (value.clamp(0.0, 1.0) * largest).round() as u16));
    }
    Ok(values)
}

fn damaged(what: &'static str) -> TranscodeError {
    TranscodeError::codec(CODEC, what)
}
