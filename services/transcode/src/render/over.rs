//! What lies over the pixels in their own matrix: shutters (PS3.3 §C.7.6.11, §C.7.6.15) and overlays (§C.9.2).

use super::Raster;
use super::canvas::Canvas;
use crate::presentation::{Overlay, OwnPresentation, Shutter, ShutterShape};

/// What the image itself has over its pixels, where no presentation state says it.
pub(super) fn own(raster: &mut Raster, own: &OwnPresentation) {
    // A shutter that leaves nothing to see is a slip of the writer's.
    if let Some(shutter) = own.shutter.as_ref().filter(|shutter| leaves_any((raster.width, raster.height), shutter)) {
        cover(raster, shutter);
    }
    own.overlays.iter().for_each(|overlay| lay(raster, overlay));
}

/// Whether the image has a shutter that is not on its picture, which then shows more than its maker wanted seen.
pub(super) fn lacks_shutter(own: &OwnPresentation, size: (u32, u32)) -> bool {
    own.has_unread_shutter || own.shutter.as_ref().is_some_and(|shutter| !leaves_any(size, shutter))
}

/// Covers each pixel that any of the shapes leaves out.
pub(super) fn cover(raster: &mut Raster, shutter: &Shutter) {
    let (width, height) = (raster.width, raster.height);
    let mut canvas = Canvas::new(raster);
    for row in 0..height {
        let covered = covered(shutter, row);
        for column in (0..width).filter(|column| covered(*column)) {
            canvas.blend(column.into(), row.into(), shutter.ink, 1.0);
        }
    }
}

fn leaves_any((width, height): (u32, u32), shutter: &Shutter) -> bool {
    (0..height).any(|row| {
        let covered = covered(shutter, row);
        (0..width).any(|column| !covered(column))
    })
}

/// Which columns of a row are covered.
fn covered(shutter: &Shutter, row: u32) -> impl Fn(u32) -> bool + '_ {
    let open: Vec<_> = shutter.shapes.iter().map(|shape| (shape, open_columns(shape, f64::from(row)))).collect();
    move |column| open.iter().any(|(shape, open)| is_covered(shape, open, column, row))
}

/// The columns of a row that a shape leaves open, from and to.
fn open_columns(shape: &ShutterShape, row: f64) -> Vec<(f64, f64)> {
    match shape {
        ShutterShape::Rectangle { left, right, upper, lower } if (*upper..=*lower).contains(&row) => {
            vec![(*left, *right)]
        }
        ShutterShape::Circle { x, y, radius } if (row - y).abs() <= *radius => {
            let half = (radius * radius - (row - y) * (row - y)).sqrt();
            vec![(x - half, x + half)]
        }
        // Just above the row and just below it: what is on the outline is open, as it is on a rectangle's, also along its last row.
        ShutterShape::Polygon(corners) => {
            [inside(corners, row, |y| y <= row), inside(corners, row, |y| y < row)].concat()
        }
        _ => Vec::new(),
    }
}

/// Where a row is within an outline, by the even-odd rule and by which corners are counted as above the row.
fn inside(corners: &[(f64, f64)], row: f64, is_above: impl Fn(f64) -> bool) -> Vec<(f64, f64)> {
    let edges = corners.iter().zip(corners.iter().cycle().skip(1));
    let mut crossings: Vec<f64> = edges
        .filter(|((_, from), (_, to))| is_above(*from) != is_above(*to))
        .map(|((x0, y0), (x1, y1))| x0 + (row - y0) / (y1 - y0) * (x1 - x0))
        .collect();
    crossings.sort_by(f64::total_cmp);
    crossings.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

fn is_covered(shape: &ShutterShape, open: &[(f64, f64)], column: u32, row: u32) -> bool {
    match shape {
        ShutterShape::Bitmap(overlay) => {
            let (x, y) = (i64::from(column) - overlay.origin.0, i64::from(row) - overlay.origin.1);
            let inside = (0..i64::from(overlay.columns)).contains(&x) && (0..i64::from(overlay.rows)).contains(&y);
            inside && overlay.is_set(x as u32, y as u32)
        }
        _ => !open.iter().any(|(from, to)| (*from..=*to).contains(&f64::from(column))),
    }
}

/// Draws the set bits of an overlay.
pub(super) fn lay(raster: &mut Raster, overlay: &Overlay) {
    let mut canvas = Canvas::new(raster);
    for row in 0..overlay.rows {
        for column in (0..overlay.columns).filter(|column| overlay.is_set(*column, row)) {
            let (x, y) = (overlay.origin.0 + i64::from(column), overlay.origin.1 + i64::from(row));
            canvas.blend(x, y, overlay.ink, 1.0);
        }
    }
}
