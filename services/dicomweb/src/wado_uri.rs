//! URI Service (WADO-URI), PS3.18 chapter 9 and IHE RAD-55: one object or picture, named by query parameters.

use access::Action;
use axum::extract::State;
use axum::response::Response;
use face::Problem;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use index_model::Uid;
use index_model::transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN as EXPLICIT;
use registry::rendering::{Annotation, RenderOptions, SourceRegion, Viewport, WindowFunction};
use registry::{OpenedStudy, ShownFrame};

use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::json::DataSet;
use crate::multipart::Part;
use crate::picture::{self, PICTURES, Pick, options};
use crate::rendition::{self, Category};
use crate::request::{Asker, Base, Parameters};
use crate::syntax::Asked;
use crate::{capabilities, document, range, rendered, retrieve};

const DICOM: Offer = Offer::single("application/dicom");
/// A side that the caller does not limit, in pixels.
const UNLIMITED: u32 = 16_384;

/// Parameters that name the object: §9.1.2.1.
const NAMES: [&str; 3] = ["studyUID", "seriesUID", "objectUID"];

pub(crate) async fn retrieve(
    State(face): State<Face>,
    asker: Result<Asker, Problem>,
    base: Base,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(request_type) = parameters.one("requestType")? else {
        if NAMES.iter().any(|name| parameters.get(name).is_some()) {
            return Err(Problem::parameter("requestType", "this parameter is required"));
        }
        return capabilities::describe(base, parameters, headers).await;
    };
    if !request_type.eq_ignore_ascii_case("WADO") {
        return Err(Problem::parameter("requestType", "WADO is wanted"));
    }
    let asker = asker?;
    if parameters.get("anonymize").is_some_and(|value| !value.is_empty() && !value.eq_ignore_ascii_case("no")) {
        return Err(Problem::parameter("anonymize", "this is not supported; it is refused rather than ignored"));
    }
    let [study, series, object] = NAMES.map(|name| uid(&parameters, name));
    let (study, series, object) = (study?, series?, object?);
    let accept = Accept::of(&headers, parameters.one("contentType")?);
    let action =
        if accept.best(&[PICTURES[0], DICOM]) == Some(DICOM) { Action::RetrieveInstances } else { Action::View };
    let opened = asker.open(&face, action, &study).await?;
    let pick = picture::of_instance(&face, &opened, &series, &object).await?;
    if action == Action::RetrieveInstances {
        return whole(&face, &opened, &pick, &parameters, &headers).await;
    }
    let category = Category::of(&pick.entry);
    if !category.is_image() && category != Category::State {
        return match other(&face, &opened, &pick, &accept, &headers).await {
            Ok(answer) => {
                let is_text =
                    answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/"));
                if is_text { parameters.check_charset(&headers).map(|()| answer) } else { Ok(answer) }
            }
            // What has no rendered form is the object itself, where the caller takes that too.
            Err(problem) if problem.status() == StatusCode::NOT_ACCEPTABLE && accept.takes(DICOM) => {
                whole(&face, &opened, &pick, &parameters, &headers).await
            }
            answer => answer,
        };
    }
    let options = options(&parameters, &accept, &pick)?;
    let mut shown = ShownFrame { series, instance: object, number: 1, presentation: None };
    if category == Category::State {
        // The first of the images that it refers to.
        shown = face.registry.presented_frames(&opened, &pick.series, &pick.entry).await?.swap_remove(0);
    } else {
        shown.number = frame_number(&parameters, &pick)?;
        shown.presentation = presentation(&face, &opened, &parameters, &shown).await?;
    }
    let rendition = rendition::frame(&face, &opened, &shown, &options).await?;
    Ok(rendered::alone(&headers, rendition))
}

/// A document or video, in one of its forms.
async fn other(
    face: &Face,
    opened: &OpenedStudy,
    pick: &Pick,
    accept: &Accept,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let category = Category::of(&pick.entry);
    let singles = category.offers().into_iter().filter(|offer| offer.container == Container::Single);
    let form = accept.select(&singles.collect::<Vec<_>>()).ok_or_else(|| category.refused())?;
    let what = (&pick.series, &*pick.entry);
    let rendition = match category {
        Category::Video(media_type) => rendition::video(face, opened, what, media_type).await?,
        Category::Text(kind) => document::make(face, opened, what, kind, form.payload).await?,
        _ => return Err(category.refused()),
    };
    Ok(rendered::alone(headers, rendition))
}

fn uid(parameters: &Parameters, name: &'static str) -> Result<Uid, Problem> {
    let text = parameters.one(name)?.ok_or_else(|| Problem::parameter(name, "this parameter is required"))?;
    Uid::parse(text).map_err(|_| Problem::parameter(name, "a unique identifier is wanted (PS3.5 §9.1)"))
}

/// A whole number above zero.
fn number(parameters: &Parameters, name: &'static str) -> Result<Option<u32>, Problem> {
    let Some(text) = parameters.one(name)? else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(Some).ok_or_else(|| Problem::parameter(name, "a whole number above zero is wanted"))
}

/// §9.5.2.1: 400 for a frame that is not there, and for any frame of what has only one.
fn frame_number(parameters: &Parameters, pick: &Pick) -> Result<u32, Problem> {
    let count = pick.entry.frames.count().max(pick.entry.instance.number_of_frames);
    match number(parameters, "frameNumber")? {
        None => Ok(1),
        Some(number) if number <= count && count > 1 => Ok(number),
        Some(_) => Err(Problem::parameter("frameNumber", "the number of a frame of a multi-frame image is wanted")),
    }
}

/// The object itself, §9.4: in Explicit VR Little Endian unless another syntax is named, and stored so.
async fn whole(
    face: &Face,
    opened: &OpenedStudy,
    pick: &Pick,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let stored = pick.entry.instance.transfer_syntax_uid.as_str();
    if parameters.get("frameNumber").is_some() {
        // Table 9.4.1-1 has none: who names a frame is not given all of them as if that were it.
        return Err(Problem::parameter(
            "frameNumber",
            "an object is given out whole: ask for an image, or leave this out",
        ));
    }
    parameters.one("transferSyntax")?;
    let wanted = parameters.transfer_syntax()?;
    let wanted = wanted.as_deref();
    let asked = Asked::of(wanted).filter(|asked| retrieve::can_be_had(&pick.entry, *asked, wanted));
    let asked = asked.ok_or_else(|| {
        let other = if stored == EXPLICIT { String::new() } else { format!(" or, as it is stored, in {stored}") };
        let lossless = "; where nothing is lost by it, in RLE, JPEG-LS, JPEG 2000 or HTJ2K";
        Problem::not_acceptable(format!("this object is answered in {EXPLICIT}{other}{lossless}"))
    })?;
    let found = face.registry.instance(opened, &pick.series, &pick.entry.instance.sop_instance_uid).await?;
    let tag = range::etag(&found.etag, &format!("-uri-{asked:?}"));
    if let Some(unchanged) = range::not_modified(headers, &tag) {
        return Ok(unchanged);
    }
    let part = retrieve::in_form(face, opened, &pick.series, found, asked).await?;
    // A parameter for the transfer syntax is forbidden here (§8.7.3.5.2).
    let mut response = retrieve::object(Part { content_type: DICOM.payload.to_owned(), ..part });
    range::set_etag(&mut response, &tag);
    Ok(response)
}

fn options(parameters: &Parameters, accept: &Accept, pick: &Pick) -> Result<RenderOptions, Problem> {
    let singles: Vec<_> = PICTURES.into_iter().filter(|offer| offer.container == Container::Single).collect();
    let form = accept.best(&singles).ok_or_else(|| {
        Problem::not_acceptable("this object is answered as image/jpeg, image/png, image/gif or application/dicom")
    })?;
    let quality = number(parameters, "imageQuality")?.unwrap_or(90);
    let quality = u8::try_from(quality).ok().filter(|quality| *quality <= 100);
    let quality =
        quality.ok_or_else(|| Problem::parameter("imageQuality", "a whole number from 1 to 100 is wanted"))?;
    let window = match (parameters.one("windowCenter")?, parameters.one("windowWidth")?) {
        (None, None) => None,
        (Some(center), Some(width)) => {
            Some(options::window_of(center, width, WindowFunction::Linear).ok_or_else(|| {
                Problem::parameter("windowWidth", "windowCenter and windowWidth must be numbers, the width at least 1")
            })?)
        }
        _ => return Err(Problem::parameter("windowCenter", "windowCenter and windowWidth are wanted together")),
    };
    Ok(RenderOptions {
        media: options::media(form.payload, quality),
        viewport: viewport(parameters, pick)?,
        window,
        icc_profile: options::icc_profile(parameters, form.payload)?,
        annotation: annotation(parameters)?,
    })
}

/// Editions name it in two ways, and what burns in names is not passed over for its spelling.
fn annotation(parameters: &Parameters) -> Result<Annotation, Problem> {
    const OTHER: &str = "imageAnnotation";
    match (parameters.one("annotation")?, parameters.one(OTHER)?) {
        (Some(_), Some(_)) => {
            Err(Problem::parameter(OTHER, "this is another name of annotation: one of them is wanted"))
        }
        (None, Some(_)) => options::annotation_named(parameters, OTHER),
        _ => options::annotation(parameters),
    }
}

/// The presentation state of `presentationSeriesUID` and `presentationUID`, both or neither. It has its own window and region.
async fn presentation(
    face: &Face,
    opened: &OpenedStudy,
    parameters: &Parameters,
    shown: &ShownFrame,
) -> Result<Option<(Uid, Uid)>, Problem> {
    let [series, state] = ["presentationSeriesUID", "presentationUID"];
    if parameters.get(series).is_none() && parameters.get(state).is_none() {
        return Ok(None);
    }
    let (series, state) = (uid(parameters, series)?, uid(parameters, state)?);
    for refused in ["windowCenter", "windowWidth", "region"] {
        if parameters.get(refused).is_some() {
            return Err(Problem::parameter(refused, "this is not used together with a presentation state"));
        }
    }
    let entry = picture::of_instance(face, opened, &series, &state).await?.entry;
    let frames = face.registry.presented_frames(opened, &series, &entry).await?;
    let is_shown = |frame: &ShownFrame| frame.instance == shown.instance && frame.number == shown.number;
    if !frames.iter().any(is_shown) {
        return Err(Problem::parameter("presentationUID", "the presentation state does not refer to this image"));
    }
    Ok(Some((series, state)))
}

fn viewport(parameters: &Parameters, pick: &Pick) -> Result<Option<Viewport>, Problem> {
    let (height, width) = (number(parameters, "rows")?, number(parameters, "columns")?);
    let region = parameters.one("region")?.map(|text| region(text, pick)).transpose()?;
    if (height, width, region) == (None, None, None) {
        return Ok(None);
    }
    let unlimited = region.map_or(UNLIMITED, |region| (region.width.max(region.height) as u32).max(1));
    let both = height.is_none() && width.is_none();
    let side = |given: Option<u32>| given.unwrap_or(if both { unlimited } else { UNLIMITED }).min(UNLIMITED);
    Ok(Some(Viewport { width: side(width), height: side(height), source: region }))
}

/// `left,top,right,bottom`, each from 0 to 1.
fn region(text: &str, pick: &Pick) -> Result<SourceRegion, Problem> {
    let wrong = || Problem::parameter("region", "left, top, right and bottom are wanted, each from 0 to 1");
    let corner = |text: &str| text.trim().parse().ok().filter(|number: &f64| (0.0..=1.0).contains(number));
    let corners: Vec<f64> = text.split(',').map(corner).collect::<Option<_>>().ok_or_else(wrong)?;
    let [left, top, right, bottom] = corners[..] else { return Err(wrong()) };
    if right <= left || bottom <= top {
        return Err(wrong());
    }
    let header: DataSet = serde_json::from_str(pick.entry.metadata.get()).unwrap_or_default();
    let size = |tag: &str| header.get(tag).and_then(|a| a.get("Value")?.get(0)?.as_f64()).unwrap_or(0.0);
    let (rows, columns) = (size("00280010"), size("00280011"));
    Ok(SourceRegion {
        x: left * columns,
        y: top * rows,
        width: (right - left) * columns,
        height: (bottom - top) * rows,
    })
}
