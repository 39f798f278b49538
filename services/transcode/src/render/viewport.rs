//! Size and region of a rendered image: PS3.18 §8.3.5.1.3.

use transcode_scale::{Picture, Region, scaled};

use super::Raster;
use crate::TranscodeError;

/// The largest width, height and area that is rendered, in pixels.
const MAX_SIDE: u32 = 16_384;
const MAX_AREA: u64 = 1 << 27;

/// A rectangle to fit the image into. The aspect is kept, so that one side may come out smaller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The region to show; the whole image when absent.
    pub source: Option<SourceRegion>,
}

/// A region of the image, in its own pixels. What lies outside the image is cut off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceRegion {
    /// The left edge.
    pub x: f64,
    /// The upper edge.
    pub y: f64,
    /// Negative to flip left and right.
    pub width: f64,
    /// Negative to flip top and bottom.
    pub height: f64,
}

/// Cuts, scales and flips; pixels that are not square, but of this `aspect` (height, width), become so. Without a viewport the matrix of
/// pixels stays as it is.
pub(super) fn apply(
    raster: Raster,
    viewport: Option<&Viewport>,
    aspect: Option<(f64, f64)>,
) -> Result<Raster, TranscodeError> {
    // "If the viewport parameter is not present, the rendered images shall not be scaled."
    let Some(viewport) = viewport else { return Ok(raster) };
    let region = region(&raster, viewport.source)?;
    let (pixel_height, pixel_width) = aspect.unwrap_or((1.0, 1.0));
    let (shown_width, shown_height) = (region.width.abs() * pixel_width, region.height.abs() * pixel_height);
    check_size(viewport.width, viewport.height)?;
    let scale = (f64::from(viewport.width) / shown_width).min(f64::from(viewport.height) / shown_height);
    let side = |shown: f64| (shown * scale).round().clamp(1.0, f64::from(u32::MAX)) as u32;
    let (width, height) = (side(shown_width), side(shown_height));
    let whole = (region.width.abs(), region.height.abs()) == (f64::from(raster.width), f64::from(raster.height));
    let mut out = if whole && (width, height) == (raster.width, raster.height) {
        raster
    } else {
        check_size(width, height)?;
        resize(raster, &region, width, height)?
    };
    if region.width < 0.0 {
        out.pixels.chunks_exact_mut(out.width as usize * out.channels).for_each(|row| flip(row, out.channels));
    }
    if region.height < 0.0 {
        flip(&mut out.pixels, out.width as usize * out.channels);
    }
    Ok(out)
}

pub(super) fn check_size(width: u32, height: u32) -> Result<(), TranscodeError> {
    let sides = (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height);
    if sides && u64::from(width) * u64::from(height) <= MAX_AREA {
        Ok(())
    } else {
        Err(TranscodeError::parameter(
            "viewport",
            "the image is larger than anything that is rendered, or has no pixel left",
        ))
    }
}

/// The part of the asked region that is inside the image.
fn region(raster: &Raster, asked: Option<SourceRegion>) -> Result<SourceRegion, TranscodeError> {
    let (width, height) = (f64::from(raster.width), f64::from(raster.height));
    let Some(asked) = asked else { return Ok(SourceRegion { x: 0.0, y: 0.0, width, height }) };
    let cut = |start: f64, length: f64, limit: f64| {
        let (from, to) = (start.clamp(0.0, limit), (start + length.abs()).clamp(0.0, limit));
        (from, (to - from).copysign(length))
    };
    let (x, region_width) = cut(asked.x, asked.width, width);
    let (y, region_height) = cut(asked.y, asked.height, height);
    if region_width.abs() > 0.0 && region_height.abs() > 0.0 {
        Ok(SourceRegion { x, y, width: region_width, height: region_height })
    } else {
        Err(TranscodeError::parameter("viewport", "the region is empty or outside the image"))
    }
}

/// The whole raster in another size.
pub(super) fn scale(raster: Raster, width: u32, height: u32) -> Result<Raster, TranscodeError> {
    if (raster.width, raster.height) == (width, height) {
        return Ok(raster);
    }
    let whole = region(&raster, None)?;
    resize(raster, &whole, width, height)
}

fn resize(raster: Raster, region: &SourceRegion, width: u32, height: u32) -> Result<Raster, TranscodeError> {
    let Raster { width: from_width, height: from_height, channels, .. } = raster;
    let picture = Picture { width: from_width, height: from_height, channels, pixels: &raster.pixels };
    let region = Region { x: region.x, y: region.y, width: region.width.abs(), height: region.height.abs() };
    let pixels = scaled(picture, region, width, height)
        .ok_or_else(|| TranscodeError::parameter("viewport", "it can't be made of this image"))?;
    Ok(Raster { width, height, pixels, ..raster })
}

/// Reverses the order of units of `unit` bytes.
fn flip(bytes: &mut [u8], unit: usize) {
    let count = bytes.len() / unit;
    for index in 0..count / 2 {
        let (front, back) = bytes.split_at_mut((count - 1 - index) * unit);
        front[index * unit..(index + 1) * unit].swap_with_slice(&mut back[..unit]);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn raster(width: u32, height: u32) -> Raster {
        let pixels = (0..width * height).map(|index| index as u8).collect();
        Raster { width, height, channels: 1, pixels, icc_profile: None }
    }

    fn viewport(width: u32, height: u32, source: Option<[f64; 4]>) -> Viewport {
        let source = source.map(|[x, y, width, height]| SourceRegion { x, y, width, height });
        Viewport { width, height, source }
    }

    fn size(raster: &Raster) -> (u32, u32) {
        assert_eq!(raster.pixels.len(), (raster.width * raster.height) as usize * raster.channels);
        (raster.width, raster.height)
    }

    #[test]
    fn an_image_is_fitted_with_its_aspect_kept() {
        for (given, expected) in
            [((100, 100), (100, 50)), ((10, 100), (10, 5)), ((400, 30), (60, 30)), ((40, 20), (40, 20))]
        {
            let fitted = apply(raster(40, 20), Some(&viewport(given.0, given.1, None)), None).unwrap();
            assert_eq!(size(&fitted), expected);
        }
    }

    #[test]
    fn a_region_is_cut_out_and_flipped() {
        let cut = apply(raster(4, 4), Some(&viewport(2, 2, Some([1.0, 1.0, 2.0, 2.0]))), None).unwrap();
        assert_eq!(cut.pixels, [5, 6, 9, 10]);
        let flipped = apply(raster(4, 4), Some(&viewport(2, 2, Some([1.0, 1.0, -2.0, -2.0]))), None).unwrap();
        assert_eq!(flipped.pixels, [10, 9, 6, 5]);
        let mirrored = apply(raster(2, 2), Some(&viewport(2, 2, Some([0.0, 0.0, -2.0, 2.0]))), None).unwrap();
        assert_eq!(mirrored.pixels, [1, 0, 3, 2]);
    }

    #[test]
    fn a_region_that_hangs_over_the_edge_is_cut_off() {
        let cut = apply(raster(4, 4), Some(&viewport(1, 1, Some([3.0, 3.0, 50.0, 50.0]))), None).unwrap();
        assert_eq!(cut.pixels, [15]);
        let cut = apply(raster(4, 4), Some(&viewport(2, 4, Some([-2.0, 0.0, 4.0, 4.0]))), None).unwrap();
        assert_eq!(cut.pixels, [0, 1, 4, 5, 8, 9, 12, 13]);
    }

    #[test]
    fn empty_and_enormous_viewports_are_refused() {
        for bad in [
            viewport(0, 5, None),
            viewport(60_000, 60_000, None),
            viewport(9, 9, Some([9.0, 9.0, 2.0, 2.0])),
            viewport(9, 9, Some([0.0, 0.0, 0.0, 2.0])),
            viewport(9, 9, Some([0.0, 0.0, f64::NAN, 2.0])),
            viewport(9, 9, Some([f64::NAN, 0.0, 2.0, 2.0])),
        ] {
            assert!(apply(raster(4, 4), Some(&bad), None).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn pixels_that_are_not_square_become_so_in_a_viewport() {
        assert_eq!(size(&apply(raster(10, 10), None, Some((2.0, 1.0))).unwrap()), (10, 10));
        assert_eq!(size(&apply(raster(10, 10), Some(&viewport(40, 40, None)), Some((0.5, 1.0))).unwrap()), (40, 20));
        assert_eq!(size(&apply(raster(10, 10), Some(&viewport(40, 40, None)), Some((2.0, 1.0))).unwrap()), (20, 40));
    }
}
