//! What of the image is covered: PS3.3 §C.7.6.11 and §C.7.6.15.

use super::overlay::{self, Overlay};
use crate::TranscodeError;
use crate::description::json::{self, DataSet};
use crate::render::Ink;

/// A shutter: what lies outside any of its shapes is covered.
#[derive(Debug, Clone)]
pub(crate) struct Shutter {
    pub(crate) shapes: Vec<ShutterShape>,
    pub(crate) ink: Ink,
}

/// Shutter Shape (0018,1600). Columns (x) and rows (y) are counted from 0.
#[derive(Debug, Clone)]
pub(crate) enum ShutterShape {
    /// The pixels between these edges, those on the edges included: a shutter over the whole image covers nothing.
    Rectangle {
        left: f64,
        right: f64,
        upper: f64,
        lower: f64,
    },
    Circle {
        x: f64,
        y: f64,
        radius: f64,
    },
    Polygon(Vec<(f64, f64)>),
    /// Set bits are covered.
    Bitmap(Overlay),
}

/// A polygon has no more corners.
const MOST_VERTICES: usize = 10_000;

pub(super) fn read(state: &DataSet, frame: u32) -> Result<Option<Shutter>, TranscodeError> {
    let shapes = json::texts(state, "00181600").map(|term| match term {
        "RECTANGULAR" => rectangle(state),
        "CIRCULAR" => circle(state),
        "POLYGONAL" => polygon(state),
        "BITMAP" => bitmap(state, frame),
        _ => Err(broken()),
    });
    let shapes: Vec<_> = shapes.collect::<Result<_, _>>()?;
    Ok((!shapes.is_empty()).then(|| Shutter { shapes, ink: ink(state) }))
}

fn broken() -> TranscodeError {
    TranscodeError::mismatch("ShutterShape", "is not one of PS3.3 §C.7.6.11, or lacks what describes it")
}

fn rectangle(state: &DataSet) -> Result<ShutterShape, TranscodeError> {
    let edge = |tag: &str| json::number(state, tag).map(|edge| edge - 1.0).ok_or_else(broken);
    Ok(ShutterShape::Rectangle {
        left: edge("00181602")?,
        right: edge("00181604")?,
        upper: edge("00181606")?,
        lower: edge("00181608")?,
    })
}

fn circle(state: &DataSet) -> Result<ShutterShape, TranscodeError> {
    let &[row, column, ..] = json::numbers(state, "00181610").as_slice() else { return Err(broken()) };
    let radius = json::number(state, "00181612").filter(|radius| *radius >= 0.0).ok_or_else(broken)?;
    Ok(ShutterShape::Circle { x: column - 1.0, y: row - 1.0, radius })
}

fn polygon(state: &DataSet) -> Result<ShutterShape, TranscodeError> {
    let numbers = json::numbers(state, "00181620");
    if numbers.len() < 6 || numbers.len() > 2 * MOST_VERTICES {
        return Err(broken());
    }
    let corners = numbers.chunks_exact(2).map(|pair| (pair[1] - 1.0, pair[0] - 1.0));
    Ok(ShutterShape::Polygon(corners.collect()))
}

/// Shutter Overlay Group (0018,1623) names the plane, which is in the state itself.
fn bitmap(state: &DataSet, frame: u32) -> Result<ShutterShape, TranscodeError> {
    let group = json::integer(state, "00181623").and_then(|group| u16::try_from(group).ok()).ok_or_else(broken)?;
    overlay::plane(state, group, frame, Ink::grey(0))?.map(ShutterShape::Bitmap).ok_or_else(broken)
}

/// Shutter Presentation Value (0018,1622) and Color CIELab Value (0018,1624).
fn ink(state: &DataSet) -> Ink {
    let grey = json::number(state, "00181622").map_or(0, |value| (value.clamp(0.0, 65_535.0) / 257.0).round() as u8);
    match json::numbers(state, "00181624")[..] {
        [lightness, a, b] => Ink::cielab(&[lightness, a, b], grey),
        _ => Ink::grey(grey),
    }
}
