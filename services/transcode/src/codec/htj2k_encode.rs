//! Lossless HTJ2K with our own encoder: PS3.5 §10.18, §A.4.11. What it makes, OpenJPEG decodes and compares.

use transcode_htj2k::{Error, Image};

use super::{Job, reserve};
use crate::{PhotometricInterpretation, TranscodeError};

const CODEC: &str = "HTJ2K encoder";

/// A codestream with the options of RPCL; red, green and blue are transformed where the data set says YBR_RCT.
pub(super) fn encode(job: &Job, samples: &[u8]) -> Result<Vec<u8>, TranscodeError> {
    let image = Image {
        columns: job.columns.into(),
        rows: job.rows.into(),
        precision: job.bits_stored.into(),
        signed: job.signed,
        colour_transform: job.photometric_interpretation == PhotometricInterpretation::YbrRct,
    };
    transcode_htj2k::encode(image, components(job, samples)?).map_err(|error| match error {
        Error::Size => TranscodeError::mismatch("Rows", "or Columns are above 32768, more than an HTJ2K precinct has"),
        other => TranscodeError::codec(CODEC, other.to_string()),
    })
}

/// The samples by component.
fn components(job: &Job, samples: &[u8]) -> Result<Vec<Vec<i32>>, TranscodeError> {
    let (size, count) = (job.sample_bytes(), usize::from(job.samples_per_pixel));
    let component = |index: usize| {
        let mut values: Vec<i32> = reserve(samples.len() / size / count, CODEC)?;
        let containers = samples[index * size..].chunks(size).step_by(count);
        match (size, job.signed) {
            (1, false) => values.extend(containers.map(|bytes| i32::from(bytes[0]))),
            (1, true) => values.extend(containers.map(|bytes| i32::from(bytes[0] as i8))),
            (_, false) => values.extend(containers.map(|bytes| i32::from(u16::from_le_bytes([bytes[0], bytes[1]])))),
            (_, true) => values.extend(containers.map(|bytes| i32::from(i16::from_le_bytes([bytes[0], bytes[1]])))),
        }
        Ok(values)
    };
    (0..count).map(component).collect()
}
