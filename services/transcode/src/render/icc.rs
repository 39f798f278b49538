//! The colour space of a rendered image, and the profile that tells it: PS3.18 §8.3.5.1.5.
//!
//! Grey is taken for sRGB grey: in a named colour space it becomes RGB of three equal parts; with `yes` it keeps its one channel and gets
//! a profile for grey. Colour without a profile of its own is taken for sRGB.

use std::borrow::Cow;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::Raster;
use crate::TranscodeError;

/// The largest profile of a data set that is looked at. Those of scanners are some hundred kilobytes.
const MAX_PROFILE_BYTES: usize = 4 << 20;
/// The gamma of grey, which is near that of sRGB.
const GREY_GAMMA: f32 = 2.2;

/// The values of the parameter `iccprofile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IccProfile {
    /// Colours as they are, and no profile: the same when the caller says nothing.
    #[default]
    No,
    /// Colours as they are, with the profile of the data set, else that of sRGB.
    Yes,
    /// IEC 61966-2-1.
    Srgb,
    /// Adobe RGB (1998).
    AdobeRgb,
    /// ROMM RGB, ISO 22028-2.
    RommRgb,
    /// Display P3, SMPTE EG 432-1.
    DisplayP3,
}

impl IccProfile {
    fn space(self) -> Option<ColorProfile> {
        Some(match self {
            Self::No | Self::Yes => return None,
            Self::Srgb => ColorProfile::new_srgb(),
            Self::AdobeRgb => ColorProfile::new_adobe_rgb(),
            Self::RommRgb => ColorProfile::new_pro_photo_rgb(),
            Self::DisplayP3 => ColorProfile::new_display_p3(),
        })
    }
}

/// Brings the picture into the colour space that is wanted, and attaches its profile. `own` is ICC Profile (0028,2000).
pub(super) fn apply(raster: Raster, own: Option<&[u8]>, wanted: IccProfile) -> Result<Raster, TranscodeError> {
    let grey = raster.channels == 1;
    match wanted.space() {
        None if wanted == IccProfile::No => Ok(raster),
        None if grey => with_profile(raster, Cow::Owned(encoded(&ColorProfile::new_gray_with_gamma(GREY_GAMMA))?)),
        None => match own {
            Some(own) => read(own).and_then(|_| with_profile(raster, Cow::Borrowed(own))),
            None => with_profile(raster, Cow::Owned(encoded(&ColorProfile::new_srgb())?)),
        },
        Some(space) => {
            let source = own.filter(|_| !grey).map_or_else(|| Ok(ColorProfile::new_srgb()), read)?;
            let converted = match (grey, wanted) {
                (true, IccProfile::Srgb) => super::in_colour(raster),
                _ => convert(super::in_colour(raster), &source, &space)?,
            };
            with_profile(converted, Cow::Owned(encoded(&space)?))
        }
    }
}

fn with_profile(raster: Raster, profile: Cow<'_, [u8]>) -> Result<Raster, TranscodeError> {
    Ok(Raster { icc_profile: Some(profile.into_owned()), ..raster })
}

fn convert(raster: Raster, from: &ColorProfile, to: &ColorProfile) -> Result<Raster, TranscodeError> {
    let failed = |_| TranscodeError::mismatch("ICCProfile", "can't be converted from");
    let transform = from.create_transform_8bit(Layout::Rgb, to, Layout::Rgb, TransformOptions::default());
    let mut pixels = vec![0; raster.pixels.len()];
    transform.map_err(|_| failed(()))?.transform(&raster.pixels, &mut pixels).map_err(|_| failed(()))?;
    Ok(Raster { pixels, ..raster })
}

/// The profile of a data set: PS3.3 §C.11.15.
fn read(own: &[u8]) -> Result<ColorProfile, TranscodeError> {
    let broken = || TranscodeError::mismatch("ICCProfile", "is no profile of an RGB colour space");
    if own.len() > MAX_PROFILE_BYTES {
        return Err(broken());
    }
    let profile = ColorProfile::new_from_slice(own).map_err(|_| broken())?;
    (profile.color_space == DataColorSpace::Rgb).then_some(profile).ok_or_else(broken)
}

fn encoded(profile: &ColorProfile) -> Result<Vec<u8>, TranscodeError> {
    profile.encode().map_err(|_| TranscodeError::codec("ICC", "the profile was refused"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn red() -> Raster {
        Raster { width: 1, height: 1, channels: 3, pixels: vec![255, 0, 0], icc_profile: None }
    }

    fn named(raster: &Raster) -> ColorProfile {
        ColorProfile::new_from_slice(raster.icc_profile.as_deref().unwrap()).unwrap()
    }

    #[test]
    fn a_wider_space_holds_red_with_smaller_numbers() {
        let adobe = apply(red(), None, IccProfile::AdobeRgb).unwrap();
        // sRGB red in Adobe RGB (1998): 219, 0, 0.
        assert!(
            adobe.pixels[0].abs_diff(219) <= 1 && adobe.pixels[1] <= 1 && adobe.pixels[2] <= 1,
            "{:?}",
            adobe.pixels
        );
        let p3 = apply(red(), None, IccProfile::DisplayP3).unwrap();
        assert!(p3.pixels[0].abs_diff(234) <= 1 && p3.pixels[1].abs_diff(51) <= 1, "{:?}", p3.pixels);
        assert_eq!(named(&p3).color_space, DataColorSpace::Rgb);
        assert_eq!(apply(red(), None, IccProfile::Srgb).unwrap().pixels, red().pixels);
    }

    #[test]
    fn the_data_sets_own_profile_is_the_source() {
        let own = ColorProfile::new_adobe_rgb().encode().unwrap();
        let kept = apply(red(), Some(&own), IccProfile::Yes).unwrap();
        assert_eq!((kept.pixels, kept.icc_profile), (red().pixels, Some(own.clone())));
        let mut orange = red();
        orange.pixels = vec![219, 0, 0];
        let converted = apply(orange, Some(&own), IccProfile::Srgb).unwrap();
        assert!(converted.pixels[0] >= 253, "{:?}", converted.pixels);
        for broken in [&b"nonsense"[..], &[], &own[..60]] {
            assert!(apply(red(), Some(broken), IccProfile::Yes).is_err());
        }
    }

    #[test]
    fn grey_keeps_its_channel_unless_a_space_is_named() {
        let grey = || Raster { width: 1, height: 1, channels: 1, pixels: vec![100], icc_profile: None };
        let described = apply(grey(), None, IccProfile::Yes).unwrap();
        assert_eq!((described.channels, named(&described).color_space), (1, DataColorSpace::Gray));
        assert_eq!(apply(grey(), None, IccProfile::Srgb).unwrap().pixels, [100, 100, 100]);
        assert_eq!(apply(grey(), None, IccProfile::No).unwrap(), grey());
    }
}
