//! Overlay planes that a state activates: PS3.3 §C.9.2 and §C.11.7.

use std::sync::Arc;

use super::graphics::Layers;
use crate::TranscodeError;
use crate::description::json::{self, DataSet};
use crate::description::overlay_groups;
use crate::render::Ink;

/// One plane of bits.
#[derive(Debug, Clone)]
pub(crate) struct Overlay {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    /// Column and row of the image, from 0, at which the plane begins.
    pub(crate) origin: (i64, i64),
    bits: Arc<[u8]>,
    /// The first bit of the frame's plane.
    start: u64,
    pub(crate) ink: Ink,
}

impl Overlay {
    /// Whether the plane has this bit set.
    pub(crate) fn is_set(&self, column: u32, row: u32) -> bool {
        let bit = self.start + u64::from(row) * u64::from(self.columns) + u64::from(column);
        self.bits[(bit / 8) as usize] >> (bit % 8) & 1 == 1
    }
}

/// The planes with an Overlay Activation Layer (60xx,1001): the state's own, else those of the image.
pub(super) fn active(
    state: &DataSet,
    image: &DataSet,
    frame: u32,
    layers: &Layers<'_>,
) -> Result<Vec<Overlay>, TranscodeError> {
    let mut found = Vec::new();
    for group in overlay_groups() {
        let Some(layer) = json::text(state, &format!("{group:04X}1001")).filter(|layer| !layer.is_empty()) else {
            continue;
        };
        let layer = layers.get(layer)?;
        let holder = if state.contains_key(&format!("{group:04X}3000")) { state } else { image };
        if let Some(overlay) = plane(holder, group, frame, layer.ink)? {
            found.push((layer.order, overlay));
        }
    }
    found.sort_by_key(|(order, _)| *order);
    Ok(found.into_iter().map(|(_, overlay)| overlay).collect())
}

/// The plane of a group for a frame; none when its frames are others.
pub(super) fn plane(holder: &DataSet, group: u16, frame: u32, ink: Ink) -> Result<Option<Overlay>, TranscodeError> {
    let tag = |element: &str| format!("{group:04X}{element}");
    let broken = || TranscodeError::mismatch("OverlayData", "is absent, or not as long as its rows and columns say");
    let number = |element: &str| json::integer(holder, &tag(element));
    let side = |element: &str| {
        number(element).and_then(|side| u32::try_from(side).ok()).filter(|side| (1..=65_535).contains(side))
    };
    let (rows, columns) = (side("0010").ok_or_else(broken)?, side("0011").ok_or_else(broken)?);
    if number("0100").is_some_and(|bits| bits != 1) {
        return Err(TranscodeError::mismatch(
            "OverlayBitsAllocated",
            "is not 1: planes within the pixel data are retired",
        ));
    }
    let planes = number("0015").unwrap_or(1).max(1);
    // A single plane is for every frame, as is one that says nothing of frames.
    let index = if planes == 1 { 0 } else { i64::from(frame) - number("0051").unwrap_or(1) };
    if !(0..planes).contains(&index) {
        return Ok(None);
    }
    let bits: Arc<[u8]> = json::bytes(holder, &tag("3000")).ok_or_else(broken)?.into();
    let size = u64::from(rows) * u64::from(columns);
    let start = size * index as u64;
    if (start + size).div_ceil(8) > bits.len() as u64 {
        return Err(broken());
    }
    let origin = match json::numbers(holder, &tag("0050"))[..] {
        [row, column] => (column as i64 - 1, row as i64 - 1),
        _ => (0, 0),
    };
    Ok(Some(Overlay { rows, columns, origin, bits, start, ink }))
}
