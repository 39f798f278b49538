//! Deflated data sets (PS3.5 §A.5), inflated under a bound.

use flate2::{Decompress, FlushDecompress, Status};

use crate::{Limits, Violation};

const STEP: usize = 256 * 1024;

/// Inflates `deflated`, which begins at `offset` of the file.
///
/// # Errors
/// [`Violation`] when it is damaged or cut short, and before it becomes larger than `limits` allow.
pub(crate) fn inflate(deflated: &[u8], offset: usize, limits: &Limits) -> Result<Vec<u8>, Violation> {
    let mut inflater = Decompress::new(false);
    let mut step = vec![0; STEP];
    let mut out = Vec::new();
    loop {
        let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX).min(deflated.len());
        let fault = |rule| Violation::file(rule, offset + read);
        let status = inflater
            .decompress(&deflated[read..], &mut step, FlushDecompress::None)
            .map_err(|_| fault("has a damaged deflated data set"))?;
        let spent = inflater.total_in();
        let most = limits.inflate_allowance.max(spent.saturating_mul(limits.inflate_ratio)).min(limits.inflated_bytes);
        if inflater.total_out() > most {
            return Err(fault("inflates to more than is allowed"));
        }
        let made = usize::try_from(inflater.total_out()).unwrap_or(usize::MAX) - out.len();
        out.extend_from_slice(&step[..made]);
        match status {
            Status::StreamEnd => return Ok(out),
            _ if made == 0 && spent == read as u64 => return Err(fault("has a deflated data set that is cut short")),
            _ => {}
        }
    }
}
