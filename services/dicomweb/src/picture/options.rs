//! The rendering parameters of PS3.18 §8.3.5.

use face::Problem;
use registry::rendering::{
    Annotation, IccProfile, RenderOptions, RenderedMedia, SourceRegion, Viewport, Window, WindowFunction,
};

use crate::request::Parameters;

/// Quality of a JPEG image when the caller names none.
const QUALITY: u8 = 90;
/// The largest viewport side, in pixels.
const MOST_PIXELS: u32 = 16_384;

/// The encoding for a media type.
pub(crate) fn media(media_type: &str, quality: u8) -> RenderedMedia {
    match media_type {
        "image/png" => RenderedMedia::Png,
        "image/gif" => RenderedMedia::Gif,
        _ => RenderedMedia::Jpeg { quality },
    }
}

/// Reads the parameters for an image.
pub(crate) fn of_image(parameters: &Parameters, media_type: &str) -> Result<RenderOptions, Problem> {
    let quality = match parameters.get("quality") {
        None => QUALITY,
        Some(text) => digits(text)
            .and_then(|quality| u8::try_from(quality).ok())
            .filter(|quality| (1..=100).contains(quality))
            .ok_or_else(|| Problem::parameter("quality", "a whole number from 1 to 100 is wanted"))?,
    };
    Ok(RenderOptions {
        media: media(media_type, quality),
        viewport: parameters.get("viewport").map(viewport).transpose()?,
        window: parameters.get("window").map(window).transpose()?,
        icc_profile: icc_profile(parameters, media_type)?,
        annotation: annotation(parameters)?,
    })
}

/// Reads the parameters for a presentation state, which has no window and no region of its own.
pub(crate) fn of_state(parameters: &Parameters, media_type: &str) -> Result<RenderOptions, Problem> {
    let options = of_image(parameters, media_type)?;
    if options.window.is_some() {
        return Err(Problem::parameter("window", "a presentation state has its own (PS3.18 §8.3.5.1.4)"));
    }
    Ok(RenderOptions { viewport: parameters.get("viewport").map(size).transpose()?, ..options })
}

/// A whole number, of digits only.
fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

pub(crate) fn annotation(parameters: &Parameters) -> Result<Annotation, Problem> {
    annotation_named(parameters, "annotation")
}

/// What a picture is annotated with, by the parameter of this name.
pub(crate) fn annotation_named(parameters: &Parameters, name: &str) -> Result<Annotation, Problem> {
    let mut annotation = Annotation::default();
    for word in parameters.get(name).into_iter().flat_map(|list| list.split(',')) {
        match word.trim() {
            "patient" => annotation.patient = true,
            "technique" => annotation.technique = true,
            _ => return Err(Problem::parameter(name, "one or both of these are wanted: patient, technique")),
        }
    }
    Ok(annotation)
}

pub(crate) fn icc_profile(parameters: &Parameters, media_type: &str) -> Result<IccProfile, Problem> {
    let wanted = match parameters.get("iccprofile") {
        None | Some("no") => IccProfile::No,
        Some("yes") => IccProfile::Yes,
        Some("srgb") => IccProfile::Srgb,
        Some("adobergb") => IccProfile::AdobeRgb,
        Some("rommrgb") => IccProfile::RommRgb,
        Some("displayp3") => IccProfile::DisplayP3,
        Some(_) => {
            let rule = "one of these is wanted: no, yes, srgb, adobergb, rommrgb, displayp3";
            return Err(Problem::parameter("iccprofile", rule));
        }
    };
    // "If the Media Type does not support embedded ICC Profiles."
    if media_type == "image/gif" && wanted != IccProfile::No {
        return Err(Problem::parameter("iccprofile", "image/gif holds no profile, so that only \"no\" can be met"));
    }
    Ok(wanted)
}

/// `vw,vh`: the whole form for presentation states and thumbnails.
pub(crate) fn size(text: &str) -> Result<Viewport, Problem> {
    let wrong = || Problem::parameter("viewport", "two whole numbers of pixels from 1 to 16384 are wanted");
    let side = |text: &str| digits(text.trim()).filter(|side| (1..=MOST_PIXELS).contains(side)).ok_or_else(wrong);
    let (width, height) = text.split_once(',').ok_or_else(wrong)?;
    Ok(Viewport { width: side(width)?, height: side(height)?, source: None })
}

/// `vw,vh` or `vw,vh,sx,sy,sw,sh`, where each of the last four may be left out; its comma may be, where none follows.
fn viewport(text: &str) -> Result<Viewport, Problem> {
    let wrong = || {
        Problem::parameter(
            "viewport",
            "two whole numbers of pixels from 1 to 16384 are wanted, or these and the four of a source region",
        )
    };
    let mut commas = text.match_indices(',').map(|(at, _)| at);
    let Some(end) = commas.nth(1) else { return size(text) };
    let region: Vec<_> = text[end + 1..].split(',').map(str::trim).collect();
    if region.len() > 4 {
        return Err(wrong());
    }
    let number = |at: usize, absent: f64| match region.get(at).copied().unwrap_or("") {
        "" => Ok(absent),
        text => decimal(text).ok_or_else(wrong),
    };
    // What lies beyond the edge is cut off.
    let source = SourceRegion {
        x: number(0, 0.0)?.abs(),
        y: number(1, 0.0)?.abs(),
        width: number(2, f64::INFINITY)?,
        height: number(3, f64::INFINITY)?,
    };
    if source.width == 0.0 || source.height == 0.0 {
        return Err(wrong());
    }
    Ok(Viewport { source: Some(source), ..size(&text[..end])? })
}

/// A decimal number: no infinities, and nothing that only computers write.
fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// `center,width,function`, all three.
fn window(text: &str) -> Result<Window, Problem> {
    let wrong = || {
        Problem::parameter(
            "window",
            "center, width and function (linear, linear-exact or sigmoid) are wanted, all three",
        )
    };
    let pieces: Vec<_> = text.split(',').map(str::trim).collect();
    let [center, width, function] = pieces[..] else { return Err(wrong()) };
    let function = match function.to_ascii_lowercase().as_str() {
        "linear" => WindowFunction::Linear,
        "linear-exact" | "linear_exact" => WindowFunction::LinearExact,
        "sigmoid" => WindowFunction::Sigmoid,
        _ => return Err(wrong()),
    };
    window_of(center, width, function).ok_or_else(wrong)
}

/// A window whose numbers its function allows (PS3.3 §C.11.2.1.2).
pub(crate) fn window_of(center: &str, width: &str, function: WindowFunction) -> Option<Window> {
    let (center, width) = (decimal(center.trim())?, decimal(width.trim())?);
    let least = if function == WindowFunction::Linear { 1.0 } else { f64::MIN_POSITIVE };
    (width >= least).then_some(Window { center, width, function })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use registry::rendering::WindowFunction;

    use super::{of_image, of_state, viewport};
    use crate::request::Parameters;

    #[test]
    fn a_viewport_has_two_numbers_and_up_to_four_of_a_region() {
        let plain = viewport("256,128").unwrap();
        assert_eq!((plain.width, plain.height, plain.source), (256, 128, None));
        let region = |text: &str| {
            let source = viewport(text).unwrap().source.unwrap();
            (source.x, source.y, source.width, source.height)
        };
        assert_eq!(region("64, 64, 1,2,-10,20.5"), (1.0, 2.0, -10.0, 20.5));
        assert_eq!(region("512,512,,,512,512"), (0.0, 0.0, 512.0, 512.0));
        assert_eq!(region("512,512,,,,"), (0.0, 0.0, f64::INFINITY, f64::INFINITY));
        assert_eq!(region("512,512,3"), (3.0, 0.0, f64::INFINITY, f64::INFINITY));
        assert_eq!(region("512,512,,-4.5"), (0.0, 4.5, f64::INFINITY, f64::INFINITY));
        for wrong in [
            "",
            "256",
            "0,1",
            "-1,5",
            "1.5,2",
            "a,b",
            "1,2,3,4,5,6,",
            "1,2,,,,,",
            "1,2,0,0,0,5",
            "1,2,0,0,NaN,5",
            "1,2,0,0,inf,5",
            "99999,1",
            ",5",
            "5,",
            "1,2,3,4,5,6,7",
            "+1,2",
        ] {
            assert!(viewport(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_parameter_is_checked() {
        let of = |query: &str| of_image(&Parameters::parse(query).expect("well formed"), "image/jpeg");
        let options =
            of("window=40%2C400%2Clinear-exact&quality=50&annotation=patient%2Ctechnique&iccprofile=srgb").unwrap();
        assert_eq!(options.window.unwrap().function, WindowFunction::LinearExact);
        assert!(options.annotation.patient && options.annotation.technique);
        for wrong in [
            "window=40,400",
            "window=40,400,cubic",
            "window=40,0,linear",
            "window=a,b,linear",
            "window=",
            "quality=0",
            "quality=101",
            "quality=x",
            "quality=",
            "quality=%2B5",
            "annotation=all",
            "annotation=",
            "annotation=patient,",
            "iccprofile=maybe",
            "iccprofile=",
            "viewport=1",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(of_image(&Parameters::parse("iccprofile=yes").expect("well formed"), "image/gif").is_err());
        assert!(of_image(&Parameters::parse("iccprofile=no").expect("well formed"), "image/gif").is_ok());
    }

    #[test]
    fn a_presentation_state_takes_a_size_only() {
        let of = |query: &str| of_state(&Parameters::parse(query).expect("well formed"), "image/png");
        assert!(of("viewport=64,64&annotation=patient").is_ok() && of("").is_ok());
        for wrong in ["viewport=64,64,0,0,5,5", "window=40,400,linear"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
