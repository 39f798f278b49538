//! Graphic layers, and the text and graphic objects on them: PS3.3 §C.10.5 and §C.10.7.

use super::Target;
use crate::TranscodeError;
use crate::description::json::{self, DataSet};
use crate::render::Ink;

/// States with more points, or more lines of text, are not drawn.
const MOST_POINTS: usize = 20_000;
const MOST_LINES: usize = 500;

/// Something drawn over the image.
#[derive(Debug, Clone)]
pub(crate) struct Graphic {
    pub(crate) ink: Ink,
    pub(crate) shape: Shape,
}

/// What a coordinate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Units {
    /// Pixels of the image, 0.0\0.0 being the upper left corner of the first.
    Pixel,
    /// Parts of the displayed area, from 0.0 to 1.0.
    Display,
}

/// Graphic Type (0070,0023).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outline {
    Point,
    Polyline,
    Interpolated,
    /// The centre, and a point on the circle.
    Circle,
    /// The ends of the long axis, and of the short one.
    Ellipse,
}

/// Bounding Box Text Horizontal Justification (0070,0012).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Justification {
    Left,
    Center,
    Right,
}

/// Its place and form.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Graphic {
        outline: Outline,
        units: Units,
        points: Vec<(f64, f64)>,
        filled: bool,
    },
    Text {
        lines: Vec<String>,
        /// Upper left and lower right corner.
        bounds: Option<(Units, [(f64, f64); 2])>,
        justification: Justification,
        anchor: Option<(Units, (f64, f64))>,
        /// A line leads to the anchor.
        is_anchor_visible: bool,
    },
}

/// One graphic layer: where it lies, and how it is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer {
    pub(crate) order: i64,
    pub(crate) ink: Ink,
}

/// The layers of a state, by their names.
pub(crate) struct Layers<'a>(Vec<(&'a str, Layer)>);

impl<'a> Layers<'a> {
    pub(super) fn of(state: &'a DataSet) -> Self {
        let layers = json::items(state, "00700060").filter_map(|item| {
            let order = json::integer(item, "00700062").unwrap_or(0);
            let grey = json::number(item, "00700066");
            let grey = grey.map_or(u8::MAX, |value| (value.clamp(0.0, 65_535.0) / 257.0).round() as u8);
            let ink = match json::numbers(item, "00700401")[..] {
                [lightness, a, b] => Ink::cielab(&[lightness, a, b], grey),
                _ => Ink::grey(grey),
            };
            Some((json::text(item, "00700002")?, Layer { order, ink }))
        });
        Self(layers.collect())
    }

    pub(super) fn get(&self, name: &str) -> Result<Layer, TranscodeError> {
        let found = self.0.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer);
        found.ok_or_else(|| TranscodeError::mismatch("GraphicLayer", "names a layer that the state does not have"))
    }
}

/// The objects for a frame, lowest layer first.
pub(super) fn read(state: &DataSet, target: &Target<'_>, layers: &Layers<'_>) -> Result<Vec<Graphic>, TranscodeError> {
    let mut found = Vec::new();
    let (mut points, mut lines) = (0, 0);
    for item in json::items(state, "00700001").filter(|item| target.is_of(item)) {
        let layer = layers.get(json::text(item, "00700002").unwrap_or_default())?;
        check_compound(item)?;
        let graphics = json::items(item, "00700009").map(graphic);
        for shape in graphics.chain(json::items(item, "00700008").map(text)) {
            let shape = shape?;
            match &shape {
                Shape::Graphic { points: own, .. } => points += own.len(),
                Shape::Text { lines: own, .. } => lines += own.len(),
            }
            if points > MOST_POINTS || lines > MOST_LINES {
                return Err(TranscodeError::mismatch("GraphicAnnotationSequence", "holds more than is drawn"));
            }
            found.push((layer.order, Graphic { ink: layer.ink, shape }));
        }
    }
    found.sort_by_key(|(order, _)| *order);
    Ok(found.into_iter().map(|(_, graphic)| graphic).collect())
}

/// Compound graphics (0070,0209) are drawn by the simple ones that stand for each of them and share its Compound Graphic Instance ID
/// (0070,0226; PS3.3 §C.10.5.1.3.1). One without would be left out.
fn check_compound(item: &DataSet) -> Result<(), TranscodeError> {
    let id = |item: &DataSet| json::integer(item, "00700226");
    let simple: Vec<_> = json::items(item, "00700009").chain(json::items(item, "00700008")).filter_map(id).collect();
    if json::items(item, "00700209").all(|compound| id(compound).is_some_and(|id| simple.contains(&id))) {
        return Ok(());
    }
    Err(TranscodeError::mismatch("CompoundGraphicSequence", "has an item that no simple graphic or text stands for"))
}

fn units(item: &DataSet, tag: &str) -> Result<Units, TranscodeError> {
    match json::text(item, tag) {
        Some("PIXEL") => Ok(Units::Pixel),
        Some("DISPLAY") => Ok(Units::Display),
        _ => Err(TranscodeError::mismatch("GraphicAnnotationUnits", "are neither PIXEL nor DISPLAY")),
    }
}

fn graphic(item: &DataSet) -> Result<Shape, TranscodeError> {
    let (outline, least) = match json::text(item, "00700023") {
        Some("POINT") => (Outline::Point, 1),
        Some("POLYLINE") => (Outline::Polyline, 2),
        Some("INTERPOLATED") => (Outline::Interpolated, 2),
        Some("CIRCLE") => (Outline::Circle, 2),
        Some("ELLIPSE") => (Outline::Ellipse, 4),
        _ => return Err(TranscodeError::mismatch("GraphicType", "is not one of PS3.3 §C.10.5.2")),
    };
    let points: Vec<_> = json::numbers(item, "00700022").chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    if points.len() < least {
        return Err(TranscodeError::mismatch("GraphicData", "has fewer points than its type needs"));
    }
    let filled = json::text(item, "00700024") == Some("Y");
    Ok(Shape::Graphic { outline, units: units(item, "00700005")?, points, filled })
}

fn text(item: &DataSet) -> Result<Shape, TranscodeError> {
    let point = |tag: &str| match json::numbers(item, tag)[..] {
        [x, y] => Some((x, y)),
        _ => None,
    };
    let bounds = match (point("00700010"), point("00700011")) {
        (Some(upper_left), Some(lower_right)) => Some((units(item, "00700003")?, [upper_left, lower_right])),
        _ => None,
    };
    let anchor = match point("00700014") {
        Some(at) => Some((units(item, "00700004")?, at)),
        None => None,
    };
    if bounds.is_none() && anchor.is_none() {
        return Err(TranscodeError::mismatch("TextObjectSequence", "has a text without a place"));
    }
    let value = json::text(item, "00700006").unwrap_or_default();
    let justification = match json::text(item, "00700012") {
        Some("CENTER") => Justification::Center,
        Some("RIGHT") => Justification::Right,
        _ => Justification::Left,
    };
    Ok(Shape::Text {
        lines: value.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
        bounds,
        justification,
        anchor,
        is_anchor_visible: json::text(item, "00700015") == Some("Y"),
    })
}
