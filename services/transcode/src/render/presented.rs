//! A frame as a presentation state shows it: PS3.4 §N.2. Grey or colour, shutter, overlays, orientation, displayed area, graphics.

mod draw;
mod words;

use super::canvas::Canvas;
use super::{Ink, Raster, Viewport, colour, grey, over, viewport};
use crate::presentation::{DisplayedArea, Presentation, Rotation, Samples, SizeMode};
use crate::{DecodedFrame, ImageDescription, PhotometricInterpretation, TranscodeError};

/// The frame, in the size of the displayed area or as large as the viewport allows.
pub(super) fn render(
    image: &ImageDescription,
    frame: &DecodedFrame,
    state: &Presentation,
    wanted: Option<&Viewport>,
) -> Result<Raster, TranscodeError> {
    let mut raster = samples(image, frame, state)?;
    if state.is_coloured() {
        raster = super::in_colour(raster);
    }
    if let Some(shutter) = &state.shutter {
        over::cover(&mut raster, shutter);
    }
    state.overlays.iter().for_each(|overlay| over::lay(&mut raster, overlay));
    let (columns, rows) = (raster.width, raster.height);
    let area = state.area.unwrap_or_else(|| whole(columns, rows, image.pixel_aspect));
    let placement = Placement::of(&area, state, wanted)?;
    let mut raster = placement.place(raster)?;
    draw::graphics(&mut Canvas::new(&mut raster), &placement, &state.graphics);
    Ok(raster)
}

fn samples(image: &ImageDescription, frame: &DecodedFrame, state: &Presentation) -> Result<Raster, TranscodeError> {
    use PhotometricInterpretation::{Monochrome1, Monochrome2, PaletteColor};
    let refused = |rule| Err(TranscodeError::mismatch("PhotometricInterpretation", rule));
    let is_grey = matches!(frame.photometric_interpretation, Monochrome1 | Monochrome2);
    let (channels, pixels) = match &state.samples {
        Samples::Grey(_) | Samples::PseudoColor(..) if !is_grey => {
            return refused("is of colour, which a presentation state for grey can't be applied to");
        }
        Samples::Color if is_grey => {
            return refused("is of grey, which a color presentation state can't be applied to");
        }
        Samples::Grey(grey) => (1, grey::presented(frame, grey)?),
        Samples::PseudoColor(grey, palette) => {
            let last = (palette.entries.len() - 1) as f64;
            let colour = |&level: &u8| palette.entries[(f64::from(level) * last / 255.0).round() as usize];
            (3, grey::presented(frame, grey)?.iter().flat_map(colour).collect())
        }
        Samples::Color if frame.photometric_interpretation == PaletteColor => (3, colour::from_palette(image, frame)?),
        Samples::Color => (3, colour::to_rgb(frame)?),
    };
    Ok(Raster { width: frame.columns.into(), height: frame.rows.into(), channels, pixels, icc_profile: None })
}

fn whole(columns: u32, rows: u32, pixel: Option<(f64, f64)>) -> DisplayedArea {
    let size = (i64::from(columns), i64::from(rows));
    DisplayedArea { first: (0, 0), size, pixel: pixel.unwrap_or((1.0, 1.0)), mode: SizeMode::Fit }
}

/// Where the displayed area goes in the picture.
struct Placement {
    area: DisplayedArea,
    rotation: Rotation,
    flipped: bool,
    /// The size before it is turned.
    width: u32,
    height: u32,
}

impl Placement {
    fn of(area: &DisplayedArea, state: &Presentation, wanted: Option<&Viewport>) -> Result<Self, TranscodeError> {
        let (pixel_height, pixel_width) = area.pixel;
        let (shown_width, shown_height) = (area.size.0 as f64 * pixel_width, area.size.1 as f64 * pixel_height);
        let scale = match wanted {
            Some(viewport) => {
                let (width, height) = (f64::from(viewport.width), f64::from(viewport.height));
                let (width, height) = if state.rotation.is_sideways() { (height, width) } else { (width, height) };
                (width / shown_width).min(height / shown_height)
            }
            // Without a viewport no pixel is lost.
            None => {
                let magnified = if let SizeMode::Magnify(ratio) = area.mode { ratio } else { 1.0 };
                magnified / pixel_width.min(pixel_height)
            }
        };
        let side = |shown: f64| (shown * scale).round().clamp(1.0, f64::from(u32::MAX)) as u32;
        let (width, height) = (side(shown_width), side(shown_height));
        viewport::check_size(width, height)?;
        Ok(Self { area: *area, rotation: state.rotation, flipped: state.flipped, width, height })
    }

    fn is_sideways(&self) -> bool {
        self.rotation.is_sideways()
    }

    /// The size of the picture.
    fn size(&self) -> (u32, u32) {
        if self.is_sideways() { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// A place in the image, in the picture.
    fn pixel(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let across = (x - self.area.first.0 as f64) * f64::from(self.width) / self.area.size.0 as f64;
        let down = (y - self.area.first.1 as f64) * f64::from(self.height) / self.area.size.1 as f64;
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let (x, y) = match self.rotation {
            Rotation::None => (across, down),
            Rotation::Quarter => (height - down, across),
            Rotation::Half => (width - across, height - down),
            Rotation::ThreeQuarters => (down, width - across),
        };
        if self.flipped { (f64::from(self.size().0) - x, y) } else { (x, y) }
    }

    /// Cuts, scales and turns the image.
    fn place(&self, raster: Raster) -> Result<Raster, TranscodeError> {
        let padded = self.cut(raster)?;
        let scaled = viewport::scale(padded, self.width, self.height)?;
        Ok(self.turn(scaled))
    }

    /// The displayed area at the image's own resolution; black where there is no image.
    fn cut(&self, raster: Raster) -> Result<Raster, TranscodeError> {
        let ((left, top), (columns, rows)) = (self.area.first, self.area.size);
        if (left, top) == (0, 0) && (columns, rows) == (i64::from(raster.width), i64::from(raster.height)) {
            return Ok(raster);
        }
        let side = |side: i64| u32::try_from(side).unwrap_or(u32::MAX);
        let (width, height) = (side(columns), side(rows));
        viewport::check_size(width, height)?;
        let mut pixels = vec![0; width as usize * height as usize * raster.channels];
        let (from, to) = (left.max(0), (left + columns).min(i64::from(raster.width)));
        if from < to {
            let bytes = (to - from) as usize * raster.channels;
            for row in top.max(0)..(top + rows).min(i64::from(raster.height)) {
                let source = (row as usize * raster.width as usize + from as usize) * raster.channels;
                let target = ((row - top) as usize * width as usize + (from - left) as usize) * raster.channels;
                pixels[target..target + bytes].copy_from_slice(&raster.pixels[source..source + bytes]);
            }
        }
        Ok(Raster { width, height, pixels, ..raster })
    }

    fn turn(&self, raster: Raster) -> Raster {
        if self.rotation == Rotation::None && !self.flipped {
            return raster;
        }
        let (width, height) = self.size();
        let mut pixels = vec![0; raster.pixels.len()];
        for row in 0..height {
            for column in 0..width {
                let turned = if self.flipped { width - 1 - column } else { column };
                let (x, y) = match self.rotation {
                    Rotation::None => (turned, row),
                    Rotation::Quarter => (row, raster.height - 1 - turned),
                    Rotation::Half => (raster.width - 1 - turned, raster.height - 1 - row),
                    Rotation::ThreeQuarters => (raster.width - 1 - row, turned),
                };
                let from = (y as usize * raster.width as usize + x as usize) * raster.channels;
                let to = (row as usize * width as usize + column as usize) * raster.channels;
                pixels[to..to + raster.channels].copy_from_slice(&raster.pixels[from..from + raster.channels]);
            }
        }
        Raster { width, height, pixels, ..raster }
    }
}
