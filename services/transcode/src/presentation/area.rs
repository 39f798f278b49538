//! Which part of the image is shown, how large and which way up: PS3.3 §C.10.4 and §C.10.6.

use super::Target;
use crate::TranscodeError;
use crate::description::json::{self, DataSet};

/// Image Rotation (0070,0042): clockwise, before the flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rotation {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Rotation {
    /// Whether rows become columns.
    pub(crate) fn is_sideways(self) -> bool {
        matches!(self, Self::Quarter | Self::ThreeQuarters)
    }
}

/// An item of the Displayed Area Selection Sequence (0070,005A).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DisplayedArea {
    /// The first column and row, counted from 0; either may be outside the image.
    pub(crate) first: (i64, i64),
    /// Columns and rows.
    pub(crate) size: (i64, i64),
    /// Height and width of a pixel.
    pub(crate) pixel: (f64, f64),
    pub(crate) mode: SizeMode,
}

/// Presentation Size Mode (0070,0100).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum SizeMode {
    /// SCALE TO FIT, and TRUE SIZE, since nobody tells us how large the caller's pixels are.
    Fit,
    /// MAGNIFY, by Presentation Pixel Magnification Ratio (0070,0103).
    Magnify(f64),
}

/// Columns and rows beyond this are no display's.
const FARTHEST: f64 = 1e6;

pub(super) fn orientation(state: &DataSet) -> Result<(Rotation, bool), TranscodeError> {
    let rotation = match json::integer(state, "00700042") {
        None | Some(0) => Rotation::None,
        Some(90) => Rotation::Quarter,
        Some(180) => Rotation::Half,
        Some(270) => Rotation::ThreeQuarters,
        Some(_) => return Err(TranscodeError::mismatch("ImageRotation", "is none of 0, 90, 180 and 270")),
    };
    Ok((rotation, json::text(state, "00700041") == Some("Y")))
}

pub(super) fn read(state: &DataSet, target: &Target<'_>) -> Result<Option<DisplayedArea>, TranscodeError> {
    let Some(item) = target.only(state, "0070005A", "DisplayedAreaSelectionSequence")? else { return Ok(None) };
    // Of an image that is whole by itself, frame and matrix begin at the same pixel (PS3.3 §C.10.4).
    if target.is_tiled && json::text(item, "00480301") == Some("VOLUME") {
        return Err(TranscodeError::mismatch("PixelOriginInterpretation", "is VOLUME, which is not supported"));
    }
    let broken = |rule| TranscodeError::mismatch("DisplayedAreaSelectionSequence", rule);
    let corner = |tag: &str| match json::numbers(item, tag)[..] {
        [column, row] if column.abs() <= FARTHEST && row.abs() <= FARTHEST => Ok((column as i64, row as i64)),
        _ => Err(broken("lacks a corner, or has one beyond any display")),
    };
    let (a, b) = (corner("00700052")?, corner("00700053")?);
    // The corners are those that are upper left and lower right once the image has been turned, so that either may be the smaller.
    let first = (a.0.min(b.0) - 1, a.1.min(b.1) - 1);
    let size = ((a.0 - b.0).abs() + 1, (a.1 - b.1).abs() + 1);
    let mode = match json::text(item, "00700100") {
        Some("MAGNIFY") => {
            let ratio = json::number(item, "00700103").filter(|ratio| *ratio > 0.0);
            SizeMode::Magnify(ratio.ok_or_else(|| broken("is to be magnified, but has no ratio above zero"))?)
        }
        _ => SizeMode::Fit,
    };
    Ok(Some(DisplayedArea { first, size, pixel: pixel(item), mode }))
}

/// Presentation Pixel Spacing (0070,0101), else Presentation Pixel Aspect Ratio (0070,0102).
fn pixel(item: &DataSet) -> (f64, f64) {
    let pair = |tag: &str| match json::numbers(item, tag)[..] {
        [height, width] if height > 0.0 && width > 0.0 && (0.05..=20.0).contains(&(height / width)) => {
            Some((height, width))
        }
        _ => None,
    };
    pair("00700101").or_else(|| pair("00700102")).unwrap_or((1.0, 1.0))
}
