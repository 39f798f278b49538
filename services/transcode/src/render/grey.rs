//! Grey frames: modality transformation, VOI transformation, inversion, to 8 bits.

mod line;

use dicom_pixeldata::{Lut, Rescale};
use line::Lined;

use super::window::{Window, WindowFunction};
use crate::presentation::{GreyTransformation, PresentationLut, StateVoi};
use crate::{DecodedFrame, ImageDescription, LookupTable, PhotometricInterpretation, SampleFormat, TranscodeError};

/// The frame as 8-bit grey, 0 black.
pub(super) fn render(
    image: &ImageDescription,
    frame: &DecodedFrame,
    asked: Option<Window>,
) -> Result<Vec<u8>, TranscodeError> {
    pixels(frame, &Grey::of(image, frame, asked)?)
}

/// What makes runs of the frame as 8-bit grey when they are wanted; `None` where the way of a value is no line, so that all is made at once.
pub(super) fn in_runs<'a>(
    image: &ImageDescription,
    frame: &'a DecodedFrame,
    asked: Option<Window>,
) -> Result<Option<Lined<'a>>, TranscodeError> {
    let line = Grey::of(image, frame, asked)?.line();
    Ok(line.and_then(|(slope, intercept)| Lined::new(frame, slope, intercept)))
}

/// The frame as a presentation state transforms it (PS3.4 §N.2.1): neither the transformations nor the polarity of the image are used.
pub(super) fn presented(frame: &DecodedFrame, state: &GreyTransformation) -> Result<Vec<u8>, TranscodeError> {
    let modality = match (&state.modality_lut, state.rescale) {
        (Some(table), _) => Modality::Table(table),
        (None, rescale) => Modality::by(rescale),
    };
    let voi = match &state.voi {
        Some(StateVoi::Window(window)) => Voi::Window(*window),
        Some(StateVoi::Table(table)) => Voi::of_table(table),
        None => Voi::Window(possible_range(frame, &modality)),
    };
    let output = match &state.presentation {
        PresentationLut::Identity => Output::Straight,
        PresentationLut::Inverse => Output::Inverted,
        PresentationLut::Table(table) => Output::Table(table),
    };
    pixels(frame, &Grey { modality, voi, output })
}

fn pixels(frame: &DecodedFrame, grey: &Grey<'_>) -> Result<Vec<u8>, TranscodeError> {
    if let Some(lined) = grey.line().and_then(|(slope, intercept)| Lined::new(frame, slope, intercept)) {
        let mut pixels = vec![0; frame.samples.len() / frame.format.bytes()];
        lined.fill(0..pixels.len(), &mut pixels);
        return Ok(pixels);
    }
    match frame.format {
        SampleFormat::U8 | SampleFormat::I8 | SampleFormat::U16 | SampleFormat::I16 => grey.by_table(frame),
        _ => {
            let mut pixels = Vec::with_capacity(frame.pixels());
            each_value(frame, |value| pixels.push(grey.apply(value) as u8));
            Ok(pixels)
        }
    }
}

/// Stored values to modality values: PS3.3 §C.11.1.
enum Modality<'a> {
    Rescale(Rescale),
    Table(&'a LookupTable),
}

impl<'a> Modality<'a> {
    /// A table that can't be used has no stand-in: every other value would be made up.
    fn of(image: &'a ImageDescription) -> Result<Self, TranscodeError> {
        Ok(match (&image.modality_lut, image.rescale) {
            (Some(table), _) => Self::Table(table.as_ref().map_err(|why| *why)?),
            (None, rescale) => Self::by(rescale),
        })
    }

    fn by(rescale: Option<(f64, f64)>) -> Self {
        let (slope, intercept) = rescale.unwrap_or((1.0, 0.0));
        Self::Rescale(Rescale::new(slope, intercept))
    }

    fn apply(&self, stored: f64) -> f64 {
        match self {
            Self::Rescale(rescale) => rescale.apply(stored),
            Self::Table(table) => f64::from(table.get(stored)),
        }
    }
}

/// Modality values to 0 to 255: PS3.3 §C.11.2.
enum Voi<'a> {
    Window(Window),
    Table(&'a LookupTable, f64),
}

impl<'a> Voi<'a> {
    /// The data set's first window, else its table, else all that is there. A table that can't be used is no matter where a window is; without
    /// one it is an error, as the contrast would be another than the one that was meant, and nothing on the picture would say so.
    fn of(image: &'a ImageDescription, frame: &DecodedFrame, modality: &Modality<'_>) -> Result<Self, TranscodeError> {
        let first = image.windows.iter().find_map(|window| {
            Window { center: window.center, width: window.width, function: window.function }.check().ok()
        });
        Ok(match (first, &image.voi_lut) {
            (Some(window), _) => Self::Window(window),
            (None, Some(table)) => Self::of_table(table.as_ref().map_err(|why| *why)?),
            (None, None) => Self::Window(whole_range(image, frame, modality)),
        })
    }

    fn of_table(table: &'a LookupTable) -> Self {
        Self::Table(table, f64::from(table.ceiling().max(1)))
    }

    fn apply(&self, value: f64) -> f64 {
        match self {
            Self::Window(window) => window.apply(value),
            Self::Table(table, ceiling) => f64::from(table.get(value)) * 255.0 / ceiling,
        }
    }
}

/// A window from the smallest to the largest modality value that isn't padding and has no colour of its own.
fn whole_range(image: &ImageDescription, frame: &DecodedFrame, modality: &Modality<'_>) -> Window {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    let padding = image.pixel_padding.map(|padding| padding.first..=padding.last);
    let colours = match &image.palette {
        Some(Ok(palette)) => palette.first as f64,
        _ => f64::INFINITY,
    };
    each_value(frame, |value| {
        let is_meant = padding.as_ref().is_none_or(|padding| !padding.contains(&value)) && value < colours;
        if value.is_finite() && is_meant {
            least = least.min(value);
            most = most.max(value);
        }
    });
    let (a, b) = if least <= most { (modality.apply(least), modality.apply(most)) } else { (0.0, 1.0) };
    let width = (b - a).abs();
    // A table needn't rise or fall with its input; then the ends are as good as any.
    Window {
        center: (a + b) / 2.0,
        width: if width > 0.0 { width } else { 1.0 },
        function: WindowFunction::LinearExact,
    }
}

/// A window over all that the stored bits could hold: what a state without a VOI transformation shows.
fn possible_range(frame: &DecodedFrame, modality: &Modality<'_>) -> Window {
    let values = 2_f64.powi(i32::from(frame.bits_stored.min(32)));
    let (least, most) =
        if frame.format.is_signed() { (-values / 2.0, values / 2.0 - 1.0) } else { (0.0, values - 1.0) };
    let (a, b) = match modality {
        Modality::Table(table) => (0.0, f64::from(table.ceiling())),
        Modality::Rescale(_) => (modality.apply(least), modality.apply(most)),
    };
    let width = Some((b - a).abs()).filter(|width| *width > 0.0).unwrap_or(1.0);
    Window { center: (a + b) / 2.0, width, function: WindowFunction::LinearExact }
}

/// What becomes of values from 0 to 255: PS3.3 §C.11.6.
enum Output<'a> {
    Straight,
    Inverted,
    /// The Presentation LUT, over the whole range.
    Table(&'a LookupTable),
}

impl Output<'_> {
    fn apply(&self, shown: f64) -> f64 {
        match self {
            Self::Straight => shown,
            Self::Inverted => 255.0 - shown,
            Self::Table(table) => {
                let last = (table.entries.len() - 1) as f64;
                let input = table.first as f64 + (shown.clamp(0.0, 255.0) * last / 255.0).round();
                f64::from(table.get(input)) * 255.0 / f64::from(table.ceiling().max(1))
            }
        }
    }
}

/// The whole way of a grey value.
struct Grey<'a> {
    modality: Modality<'a>,
    voi: Voi<'a>,
    output: Output<'a>,
}

impl<'a> Grey<'a> {
    /// By the frame's own attributes, or through the window that is `asked` for.
    fn of(image: &'a ImageDescription, frame: &DecodedFrame, asked: Option<Window>) -> Result<Self, TranscodeError> {
        let modality = Modality::of(image)?;
        let voi = match asked {
            Some(window) => Voi::Window(window.check()?),
            None => Voi::of(image, frame, &modality)?,
        };
        let inverted = image.inverse || frame.photometric_interpretation == PhotometricInterpretation::Monochrome1;
        Ok(Self { modality, voi, output: if inverted { Output::Inverted } else { Output::Straight } })
    }

    /// The output for a stored value, rounded, between 0 and 255. Not a number is black.
    fn apply(&self, stored: f64) -> f64 {
        let shown = self.output.apply(self.voi.apply(self.modality.apply(stored)));
        if shown.is_nan() { 0.0 } else { shown.round().clamp(0.0, 255.0) }
    }

    /// Slope and intercept of the whole way, when it is a line.
    fn line(&self) -> Option<(f64, f64)> {
        let (Modality::Rescale(rescale), Voi::Window(window)) = (&self.modality, &self.voi) else { return None };
        let (slope, intercept) = window.line()?;
        let intercept = slope * rescale.intercept + intercept;
        let slope = slope * rescale.slope;
        match self.output {
            Output::Straight => Some((slope, intercept)),
            Output::Inverted => Some((-slope, 255.0 - intercept)),
            Output::Table(_) => None,
        }
    }

    /// Up to 16 bits: a table of all values there can be, then a look-up for each pixel.
    fn by_table(&self, frame: &DecodedFrame) -> Result<Vec<u8>, TranscodeError> {
        let bits = frame.bits_stored.clamp(1, 8 * frame.format.bytes() as u16);
        let table: Lut<u8> = Lut::new_with_fn(bits, frame.format.is_signed(), |stored| self.apply(stored))
            .map_err(|_| TranscodeError::mismatch("VOILUTSequence", "gives values that can't be shown"))?;
        Ok(match frame.format.bytes() {
            1 => frame.samples.iter().map(|&sample| table.get(sample)).collect(),
            _ => (frame.samples.chunks_exact(2))
                .map(|sample| table.get(u16::from_le_bytes([sample[0], sample[1]])))
                .collect(),
        })
    }
}

/// Calls `use_value` with each sample.
fn each_value(frame: &DecodedFrame, mut use_value: impl FnMut(f64)) {
    macro_rules! each {
        ($number:ty) => {
            for sample in frame.samples.chunks_exact(size_of::<$number>()) {
                if let Ok(bytes) = sample.try_into() {
                    use_value(<$number>::from_le_bytes(bytes) as f64);
                }
            }
        };
    }
    match frame.format {
        SampleFormat::U8 => each!(u8),
        SampleFormat::I8 => each!(i8),
        SampleFormat::U16 => each!(u16),
        SampleFormat::I16 => each!(i16),
        SampleFormat::U32 => each!(u32),
        SampleFormat::I32 => each!(i32),
        SampleFormat::F32 => each!(f32),
        SampleFormat::F64 => each!(f64),
    }
}

#[cfg(test)]
#[path = "grey/tests.rs"]
mod tests;
