//! The VOI transformation: PS3.3 §C.11.2.1.2 and §C.11.2.1.3. The arithmetic is `dicom-pixeldata`'s.

use dicom_pixeldata::{VoiLutFunction, WindowLevel, WindowLevelTransform};

use crate::TranscodeError;

/// VOI LUT Function (0028,1056).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WindowFunction {
    /// From `center - 0.5 - (width - 1) / 2` to `center - 0.5 + (width - 1) / 2`.
    #[default]
    Linear,
    /// From `center - width / 2` to `center + width / 2`.
    LinearExact,
    /// A logistic curve.
    Sigmoid,
}

/// A window on the output of the modality transformation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The value in the middle.
    pub center: f64,
    /// The width of what is told apart; at least 1 for `Linear`, above 0 otherwise.
    pub width: f64,
    /// The curve.
    pub function: WindowFunction,
}

impl Window {
    /// Checks the rules of §C.11.2.1.2: a width of at least 1, or above 0.
    pub(crate) fn check(self) -> Result<Self, TranscodeError> {
        let least = if self.function == WindowFunction::Linear { 1.0 } else { f64::MIN_POSITIVE };
        if self.center.is_finite() && self.width.is_finite() && self.width >= least {
            Ok(self)
        } else {
            Err(TranscodeError::parameter("window", "the width is none that the function allows"))
        }
    }

    /// A modality value from 0 to 255.
    pub(super) fn apply(self, value: f64) -> f64 {
        let function = match self.function {
            WindowFunction::Linear => VoiLutFunction::Linear,
            WindowFunction::LinearExact => VoiLutFunction::LinearExact,
            // The library's curve is never steeper than that of width 1 (§C.11.2.1.3.1 asks for a width above 0).
            WindowFunction::Sigmoid => return 255.0 / (1.0 + (-4.0 * (value - self.center) / self.width).exp()),
        };
        let level = WindowLevel { width: self.width, center: self.center };
        WindowLevelTransform::new(function, level).apply(value, 255.0)
    }

    /// Slope and intercept of the output from 0 to 255 between the window's ends, when it is a line that has them.
    pub(super) fn line(self) -> Option<(f64, f64)> {
        let (center, width) = match self.function {
            WindowFunction::Linear => (self.center - 0.5, self.width - 1.0),
            WindowFunction::LinearExact => (self.center, self.width),
            WindowFunction::Sigmoid => return None,
        };
        let slope = 255.0 / width;
        slope.is_finite().then_some((slope, 127.5 - center * slope))
    }
}
