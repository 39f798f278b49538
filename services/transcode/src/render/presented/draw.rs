//! Graphic and text objects: PS3.3 §C.10.5.

use super::super::canvas::{Canvas, Point};
use super::{Ink, Placement, words};
use crate::presentation::{Graphic, Outline, Shape, Units};

/// Sides of the polygon that stands for a circle.
const ROUND: usize = 96;
/// Steps between two points of an interpolated curve.
const STEPS: usize = 16;
/// A line's part of the shorter side.
const LINE: f64 = 1.0 / 400.0;

pub(super) fn graphics(canvas: &mut Canvas<'_>, placement: &Placement, graphics: &[Graphic]) {
    for graphic in graphics {
        match &graphic.shape {
            Shape::Graphic { outline, units, points, filled } => {
                let points = path(*outline, points);
                let points: Vec<_> = points.into_iter().map(|point| at(placement, *units, point)).collect();
                strike(canvas, *outline, &points, *filled, graphic.ink);
            }
            Shape::Text { .. } => words::draw(canvas, placement, &graphic.shape, graphic.ink),
        }
    }
}

pub(super) fn at(placement: &Placement, units: Units, point: Point) -> Point {
    let (width, height) = placement.size();
    match units {
        Units::Pixel => placement.pixel(point),
        Units::Display => (point.0 * f64::from(width), point.1 * f64::from(height)),
    }
}

pub(super) fn line_width(canvas: &Canvas<'_>) -> f64 {
    (f64::from(canvas.width().min(canvas.height())) * LINE).max(1.0)
}

fn strike(canvas: &mut Canvas<'_>, outline: Outline, points: &[Point], filled: bool, ink: Ink) {
    let width = line_width(canvas);
    match outline {
        Outline::Point => points.iter().take(1).for_each(|point| canvas.line(*point, *point, 3.0 * width, ink)),
        _ => {
            if filled && points.len() > 2 && points.first() == points.last() {
                canvas.fill(points, ink);
            }
            canvas.polyline(points, width, ink);
        }
    }
}

/// The points of an outline, in the units in which it is given.
fn path(outline: Outline, points: &[Point]) -> Vec<Point> {
    match (outline, points) {
        (Outline::Circle, [center, edge, ..]) => {
            let radius = (edge.0 - center.0).hypot(edge.1 - center.1);
            round(*center, (radius, 0.0), (0.0, radius))
        }
        (Outline::Ellipse, [a, b, c, d, ..]) => {
            let center = ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
            let half = |from: &Point, to: &Point| ((to.0 - from.0) / 2.0, (to.1 - from.1) / 2.0);
            round(center, half(a, b), half(c, d))
        }
        (Outline::Interpolated, _) => curve(points),
        _ => points.to_vec(),
    }
}

fn round(center: Point, long: Point, short: Point) -> Vec<Point> {
    let point = |step: usize| {
        let (sine, cosine) = ((step % ROUND) as f64 / ROUND as f64 * std::f64::consts::TAU).sin_cos();
        (center.0 + long.0 * cosine + short.0 * sine, center.1 + long.1 * cosine + short.1 * sine)
    };
    (0..=ROUND).map(point).collect()
}

/// A smooth curve through all points (Catmull and Rom); the standard leaves the interpolation to us.
fn curve(points: &[Point]) -> Vec<Point> {
    let last = points.len() - 1;
    let is_closed = last > 1 && points[0] == points[last];
    let before = |index: usize| match index {
        0 if is_closed => points[last - 1],
        0 => points[0],
        _ => points[index - 1],
    };
    let after = |index: usize| match index {
        _ if index < last => points[index + 1],
        _ if is_closed => points[1],
        _ => points[last],
    };
    let mut curve = vec![points[0]];
    for index in 0..last {
        let (a, b, c, d) = (before(index), points[index], points[index + 1], after(index + 1));
        let blend = |a: f64, b: f64, c: f64, d: f64, t: f64| {
            0.5 * (2.0 * b
                + (c - a) * t
                + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
                + (3.0 * b - a - 3.0 * c + d) * t * t * t)
        };
        curve.extend((1..=STEPS).map(|step| {
            let t = step as f64 / STEPS as f64;
            (blend(a.0, b.0, c.0, d.0, t), blend(a.1, b.1, c.1, d.1, t))
        }));
    }
    curve
}
