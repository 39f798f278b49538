//! Drawing on a raster: single pixels, lines and filled outlines, with soft edges.

use super::{Ink, Raster};

/// A raster to be drawn on. What lies outside it is left out.
pub(super) struct Canvas<'a>(&'a mut Raster);

/// A point in pixels; (0, 0) is the upper left corner of the first one.
pub(super) type Point = (f64, f64);

impl<'a> Canvas<'a> {
    pub(super) fn new(raster: &'a mut Raster) -> Self {
        Self(raster)
    }

    pub(super) fn width(&self) -> u32 {
        self.0.width
    }

    pub(super) fn height(&self) -> u32 {
        self.0.height
    }

    /// Covers a part of one pixel.
    pub(super) fn blend(&mut self, x: i64, y: i64, ink: Ink, coverage: f32) {
        let inside = (0..i64::from(self.0.width)).contains(&x) && (0..i64::from(self.0.height)).contains(&y);
        if !inside {
            return;
        }
        let at = (y as usize * self.0.width as usize + x as usize) * self.0.channels;
        let coverage = coverage.clamp(0.0, 1.0);
        let mix = |below: u8, above: u8| {
            (f32::from(below) + (f32::from(above) - f32::from(below)) * coverage).round().clamp(0.0, 255.0) as u8
        };
        match self.0.channels {
            1 => self.0.pixels[at] = mix(self.0.pixels[at], ink.grey),
            _ => {
                for (channel, &level) in ink.rgb().iter().enumerate() {
                    self.0.pixels[at + channel] = mix(self.0.pixels[at + channel], level);
                }
            }
        }
    }

    /// A line of some width, with round ends.
    pub(super) fn line(&mut self, from: Point, to: Point, width: f64, ink: Ink) {
        let limits = (f64::from(self.0.width), f64::from(self.0.height));
        let Some((from, to)) = clipped(from, to, width + 2.0, limits) else { return };
        let reach = width / 2.0 + 1.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        // Along the longer side, so that each pixel is looked at once.
        let steep = dy.abs() > dx.abs();
        let turn = |(x, y): Point| if steep { (y, x) } else { (x, y) };
        let (start, end) = if turn(from).0 <= turn(to).0 { (turn(from), turn(to)) } else { (turn(to), turn(from)) };
        let slope = if end.0 > start.0 { (end.1 - start.1) / (end.0 - start.0) } else { 0.0 };
        let across = reach * (1.0 + slope * slope).sqrt() + 1.0;
        for major in (start.0 - reach).floor() as i64..=(end.0 + reach).ceil() as i64 {
            let middle = start.1 + slope * ((major as f64 + 0.5).clamp(start.0, end.0) - start.0);
            for minor in (middle - across).floor() as i64..=(middle + across).ceil() as i64 {
                let (x, y) = if steep { (minor, major) } else { (major, minor) };
                let distance = distance((x as f64 + 0.5, y as f64 + 0.5), from, to);
                self.blend(x, y, ink, (width / 2.0 + 0.5 - distance) as f32);
            }
        }
    }

    /// Lines from point to point.
    pub(super) fn polyline(&mut self, points: &[Point], width: f64, ink: Ink) {
        points.windows(2).for_each(|pair| self.line(pair[0], pair[1], width, ink));
    }

    /// The inside of an outline, by the even-odd rule.
    pub(super) fn fill(&mut self, outline: &[Point], ink: Ink) {
        let edges: Vec<_> = outline.iter().copied().zip(outline.iter().copied().cycle().skip(1)).collect();
        let (top, bottom) = outline.iter().fold((f64::MAX, f64::MIN), |(a, b), (_, y)| (a.min(*y), b.max(*y)));
        let (first, last) = (top.max(0.0) as i64, bottom.min(f64::from(self.0.height)) as i64);
        for row in first..=last {
            let y = row as f64 + 0.5;
            let mut crossings: Vec<f64> = (edges.iter())
                .filter(|((_, from), (_, to))| (*from <= y) != (*to <= y))
                .map(|((x0, y0), (x1, y1))| x0 + (y - y0) / (y1 - y0) * (x1 - x0))
                .collect();
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let (from, to) = (pair[0].max(0.0), pair[1].min(f64::from(self.0.width)));
                (from.round() as i64..to.round() as i64).for_each(|x| self.blend(x, row, ink, 1.0));
            }
        }
    }
}

/// The distance of a point from a line between two others.
fn distance(point: Point, from: Point, to: Point) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    let along = ((point.0 - from.0) * dx + (point.1 - from.1) * dy) / length;
    let along = if length > 0.0 { along.clamp(0.0, 1.0) } else { 0.0 };
    (point.0 - from.0 - along * dx).hypot(point.1 - from.1 - along * dy)
}

/// The part of a line that is near the raster, so that a line to the moon costs no more than its visible part.
fn clipped(from: Point, to: Point, margin: f64, (width, height): (f64, f64)) -> Option<(Point, Point)> {
    if ![from.0, from.1, to.0, to.1].iter().all(|number| number.is_finite()) {
        return None;
    }
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (start, change, limit) in [(from.0, dx, width), (from.1, dy, height)] {
        let (low, high) = (-margin - start, limit + margin - start);
        if change == 0.0 {
            if low > 0.0 || high < 0.0 {
                return None;
            }
            continue;
        }
        let (a, b) = (low / change, high / change);
        enter = enter.max(a.min(b));
        leave = leave.min(a.max(b));
    }
    let at = |t: f64| (from.0 + dx * t, from.1 + dy * t);
    (enter <= leave).then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blank() -> Raster {
        Raster { width: 20, height: 10, channels: 1, pixels: vec![0; 200], icc_profile: None }
    }

    #[test]
    fn a_line_covers_its_pixels_and_no_others() {
        let mut raster = blank();
        Canvas::new(&mut raster).line((2.0, 5.5), (1e12, 5.5), 1.0, Ink::grey(255));
        assert!((2..20).all(|x| raster.pixels[5 * 20 + x] == 255), "{:?}", &raster.pixels[100..120]);
        assert!(raster.pixels[..80].iter().chain(&raster.pixels[140..]).all(|&pixel| pixel == 0));
        let mut raster = blank();
        Canvas::new(&mut raster).line((-50.0, -50.0), (-40.0, 90.0), 3.0, Ink::grey(255));
        Canvas::new(&mut raster).line((f64::NAN, 0.0), (5.0, 5.0), 3.0, Ink::grey(255));
        assert!(raster.pixels.iter().all(|&pixel| pixel == 0));
    }

    #[test]
    fn an_outline_is_filled_inside() {
        let mut raster = blank();
        Canvas::new(&mut raster).fill(&[(2.0, 2.0), (6.0, 2.0), (6.0, 5.0), (2.0, 5.0)], Ink::grey(200));
        let inside = raster.pixels.iter().filter(|&&pixel| pixel == 200).count();
        assert_eq!((inside, raster.pixels[2 * 20 + 2], raster.pixels[5 * 20 + 2]), (12, 200, 0));
    }
}
