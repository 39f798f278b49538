//! How a picture is wanted: the parameters of PS3.18 §8.3.5, and the representative instance of a series or study.

use std::sync::Arc;

use face::Problem;
use index_model::{InstanceEntry, Uid};
use registry::rendering::{RenderOptions, RenderedMedia, SourceRegion, Viewport, Window, WindowFunction};
use registry::{OpenedStudy, RegistryError, SeriesRow};

use crate::Face;
use crate::accept::{Accept, Offer};
use crate::request::{Parameters, Scope};
use crate::syntax;

/// Pictures, our choice first.
pub(crate) const PICTURES: [Offer; 6] = [
    Offer::single("image/jpeg"),
    Offer::single("image/png"),
    Offer::single("image/gif"),
    Offer::multipart("image/jpeg"),
    Offer::multipart("image/png"),
    Offer::multipart("image/gif"),
];
/// Quality of a JPEG image when the caller names none.
const QUALITY: u8 = 90;
/// The largest viewport side, in pixels.
const MOST_PIXELS: u32 = 16_384;
/// Modalities whose objects are no pictures of the patient, though some have pixels.
const NOT_SHOWN_FIRST: [&str; 10] = ["SR", "PR", "KO", "SEG", "RTSTRUCT", "RTPLAN", "DOC", "AU", "ECG", "REG"];

/// One frame of one instance.
#[derive(Debug, Clone)]
pub(crate) struct Pick {
    pub(crate) series: Uid,
    pub(crate) entry: Arc<InstanceEntry>,
    pub(crate) number: u32,
}

/// The form that the caller takes of a picture.
pub(crate) fn form(accept: &Accept) -> Result<Offer, Problem> {
    accept
        .best(&PICTURES)
        .ok_or_else(|| Problem::not_acceptable("images are rendered as image/jpeg, image/png or image/gif"))
}

/// Reads the rendering parameters.
pub(crate) fn options(parameters: &Parameters, media_type: &str) -> Result<RenderOptions, Problem> {
    check_words(parameters, "annotation", &["patient", "technique"])?;
    check_words(parameters, "iccprofile", &["no", "yes", "srgb", "adobergb", "rommrgb", "displayp3"])?;
    let quality = match parameters.get("quality") {
        None => QUALITY,
        Some(text) => text
            .parse()
            .ok()
            .filter(|quality| (1..=100).contains(quality))
            .ok_or_else(|| Problem::parameter("quality", "a whole number from 1 to 100 is wanted"))?,
    };
    let media = match media_type {
        "image/png" => RenderedMedia::Png,
        "image/gif" => RenderedMedia::Gif,
        _ => RenderedMedia::Jpeg { quality },
    };
    let viewport = parameters.get("viewport").map(viewport).transpose()?;
    let window = parameters.get("window").map(window).transpose()?;
    Ok(RenderOptions { media, viewport, window })
}

fn check_words(parameters: &Parameters, name: &'static str, known: &[&str]) -> Result<(), Problem> {
    let words = parameters.get(name).unwrap_or(known[0]);
    if words.split(',').all(|word| known.contains(&word.trim().to_ascii_lowercase().as_str())) {
        return Ok(());
    }
    Err(Problem::parameter(name, format!("one of these is wanted: {}", known.join(", "))))
}

/// `vw,vh` or `vw,vh,sx,sy,sw,sh`.
pub(crate) fn viewport(text: &str) -> Result<Viewport, Problem> {
    let wrong = || {
        Problem::parameter(
            "viewport",
            "two numbers of pixels from 1 to 16384 are wanted, or these and the four of a source region",
        )
    };
    let pieces: Vec<_> = text.split(',').map(str::trim).collect();
    let side = |at: usize| {
        let side: f64 = pieces.get(at).and_then(|text| text.parse().ok()).unwrap_or(0.0);
        let fits = side >= 1.0 && side <= f64::from(MOST_PIXELS);
        fits.then_some(side.round() as u32).ok_or_else(wrong)
    };
    let (width, height) = (side(0)?, side(1)?);
    let numbers: Vec<f64> = pieces[2..]
        .iter()
        .map(|text| text.parse().ok().filter(|number: &f64| number.is_finite()))
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    let source = match numbers[..] {
        [] => None,
        [x, y, width, height] if x >= 0.0 && y >= 0.0 && width != 0.0 && height != 0.0 => {
            Some(SourceRegion { x, y, width, height })
        }
        _ => return Err(wrong()),
    };
    Ok(Viewport { width, height, source })
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
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let (center, width) = (number(center)?, number(width)?);
    let least = if function == WindowFunction::Linear { 1.0 } else { f64::MIN_POSITIVE };
    (width >= least).then_some(Window { center, width, function })
}

/// Whether a frame of it can be made a picture.
pub(crate) fn is_picture(entry: &InstanceEntry) -> bool {
    entry.frames.count().max(entry.instance.number_of_frames) > 0
        && syntax::video(&entry.instance.transfer_syntax_uid).is_none()
}

/// What stands for a study, a series or an instance.
pub(crate) async fn pick(face: &Face, opened: &OpenedStudy, scope: &Scope) -> Result<Pick, Problem> {
    match (&scope.series, &scope.instance) {
        (Some(series), Some(instance)) => of_instance(face, opened, series, instance).await,
        (Some(series), None) => of_series(face, opened, series).await,
        (None, _) => of_study(face, opened).await,
    }
}

/// The middle instance of a series, and its middle frame.
async fn of_series(face: &Face, opened: &OpenedStudy, series: &Uid) -> Result<Pick, Problem> {
    let manifest = face.registry.manifest(opened, series).await?;
    let pictures: Vec<_> = manifest.entries.iter().filter(|entry| is_picture(entry)).collect();
    let entry = pictures.get(pictures.len() / 2).ok_or_else(nothing_to_show)?;
    Ok(Pick { series: series.clone(), entry: Arc::clone(entry), number: middle_frame(entry) })
}

/// The middle of the first series that has pictures.
async fn of_study(face: &Face, opened: &OpenedStudy) -> Result<Pick, Problem> {
    let likely =
        |row: &&SeriesRow| !row.series.modality.as_deref().is_some_and(|modality| NOT_SHOWN_FIRST.contains(&modality));
    let mut failure = None;
    for row in opened.series.iter().filter(likely) {
        match of_series(face, opened, &row.series.series_instance_uid).await {
            Ok(pick) => return Ok(pick),
            Err(problem) => failure = failure.or(Some(problem)),
        }
    }
    Err(failure.unwrap_or_else(nothing_to_show))
}

/// One instance, and the frame that stands for it.
pub(crate) async fn of_instance(
    face: &Face,
    opened: &OpenedStudy,
    series: &Uid,
    instance: &Uid,
) -> Result<Pick, Problem> {
    let manifest = face.registry.manifest(opened, series).await?;
    let entry = manifest.entry(instance).ok_or(RegistryError::NotFound)?;
    Ok(Pick { series: series.clone(), entry: Arc::clone(entry), number: middle_frame(entry) })
}

fn middle_frame(entry: &InstanceEntry) -> u32 {
    entry.frames.count().max(entry.instance.number_of_frames) / 2 + 1
}

/// 406: there is something, but no picture of it.
pub(crate) fn nothing_to_show() -> Problem {
    Problem::not_acceptable("there is no image here that can be rendered")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use registry::rendering::WindowFunction;

    use super::{options, viewport};
    use crate::request::Parameters;

    #[test]
    fn a_viewport_has_two_or_six_numbers() {
        let plain = viewport("256,128").unwrap();
        assert_eq!((plain.width, plain.height, plain.source), (256, 128, None));
        let flipped = viewport("64, 64, 1,2,-10,20.5").unwrap().source.unwrap();
        assert_eq!((flipped.x, flipped.y, flipped.width, flipped.height), (1.0, 2.0, -10.0, 20.5));
        for wrong in
            ["", "256", "0,1", "-1,5", "a,b", "1,2,3", "1,2,3,4,5", "1,2,0,0,0,5", "1,2,0,0,NaN,5", "99999,1", "1,2,"]
        {
            assert!(viewport(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_parameter_is_checked() {
        let of = |query: &str| options(&Parameters::parse(query), "image/jpeg");
        let window = of("window=40%2C400%2Clinear-exact&quality=50&annotation=patient%2Ctechnique&iccprofile=srgb")
            .unwrap()
            .window;
        assert_eq!(window.unwrap().function, WindowFunction::LinearExact);
        for wrong in [
            "window=40,400",
            "window=40,400,cubic",
            "window=40,0,linear",
            "window=a,b,linear",
            "quality=0",
            "quality=101",
            "quality=x",
            "annotation=all",
            "iccprofile=maybe",
            "viewport=1",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
