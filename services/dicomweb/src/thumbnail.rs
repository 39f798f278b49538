//! Retrieve Thumbnail, PS3.18 §10.4.1.1.4: one small picture of anything. Only `accept` and `viewport` apply, the latter as a size.
//!
//! What has no picture (reports, documents, videos, waveforms, plans) is shown as a sheet with its kind in words. Nothing on it tells
//! about a patient.

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::response::Response;
use face::Problem;
use http::{HeaderMap, StatusCode};
use index_model::InstanceEntry;
use registry::rendering::{RenderOptions, RenderedMedia, Viewport};
use registry::{OpenedStudy, RegistryError, ShownFrame};

use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::document::Document;
use crate::multipart::{self, Part};
use crate::picture::{self, Pick, options};
use crate::rendered;
use crate::rendition::{self, Category};
use crate::request::{Asker, Parameters, Scope};

/// Alone, or in parts for who takes nothing else.
const FORMS: [Offer; 6] = [
    Offer::single("image/jpeg"),
    Offer::single("image/png"),
    Offer::single("image/gif"),
    Offer::multipart("image/jpeg"),
    Offer::multipart("image/png"),
    Offer::multipart("image/gif"),
];
/// The size when the caller names none, in pixels.
const SIDE: u32 = 256;
/// Good enough to tell series apart.
const QUALITY: u8 = 80;

/// The thumbnail of a study, a series, an instance or a list of frames: one picture stands for each.
pub(crate) async fn thumbnail(
    State(face): State<Face>,
    asker: Asker,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = asker.open(&face, Action::View, scope.study()?).await?;
    let accept = Accept::of(&headers, parameters.get("accept"));
    let form = accept.best(&FORMS).ok_or_else(picture::none_of_these)?;
    let viewport = match parameters.get("viewport") {
        Some(text) => options::size(text)?,
        None => Viewport { width: SIDE, height: SIDE, source: None },
    };
    let media = options::media(form.payload, QUALITY);
    let options = RenderOptions { media, viewport: Some(viewport), ..RenderOptions::default() };
    let rendition = match standing_for(&face, &opened, &scope).await? {
        Stands::Frame(shown) => match rendition::frame(&face, &opened, &shown, &options).await {
            // A presentation state that is not applied still has a kind.
            Err(RegistryError::NotAcceptable { .. }) if shown.presentation.is_some() => {
                sheet(&face, &opened, "PR", viewport, media).await?
            }
            other => other?,
        },
        Stands::Word(word) => sheet(&face, &opened, word, viewport, media).await?,
    };
    if form.container == Container::Multipart {
        return Ok(multipart::whole(form.payload, vec![Part::of(rendition.content_type, rendition.bytes)]));
    }
    Ok(rendered::alone(&headers, rendition))
}

/// What is seen.
enum Stands {
    Frame(ShownFrame),
    Word(&'static str),
}

async fn standing_for(face: &Face, opened: &OpenedStudy, scope: &Scope) -> Result<Stands, Problem> {
    if let Ok((series, instance)) = scope.instance() {
        let Pick { entry, number, .. } = picture::of_instance(face, opened, series, instance).await?;
        let number = scope.frames.as_ref().map_or(number, |numbers| numbers[numbers.len() / 2]);
        let category = Category::of(&entry);
        if category == Category::State && scope.frames.is_none() {
            // The middle of what it shows; without its images, its kind.
            return match face.registry.presented_frames(opened, series, &entry).await {
                Ok(mut shown) => Ok(Stands::Frame(shown.swap_remove(shown.len() / 2))),
                Err(RegistryError::NotAcceptable { .. }) => Ok(Stands::Word(word(&entry))),
                Err(other) => Err(other.into()),
            };
        }
        if category.is_image() {
            let (series, instance) = (series.clone(), instance.clone());
            return Ok(Stands::Frame(ShownFrame { series, instance, number, presentation: None }));
        }
        return match scope.frames {
            Some(_) => Err(picture::nothing_to_show()),
            None => Ok(Stands::Word(word(&entry))),
        };
    }
    match picture::pick_of(face, opened, scope.series.as_ref()).await {
        Ok(Pick { series, entry, number }) => {
            let instance = entry.instance.sop_instance_uid.clone();
            Ok(Stands::Frame(ShownFrame { series, instance, number, presentation: None }))
        }
        // Only where there is no picture: one that can't be had now is not made up for.
        Err(problem) if problem.status() == StatusCode::NOT_ACCEPTABLE => {
            first_word(face, opened, scope).await.map(Stands::Word).ok_or(problem)
        }
        Err(problem) => Err(problem),
    }
}

/// The kind of the first instance of a series or study without pictures.
async fn first_word(face: &Face, opened: &OpenedStudy, scope: &Scope) -> Option<&'static str> {
    let series = scope.series.as_ref().or_else(|| Some(&opened.series.first()?.series.series_instance_uid))?;
    let manifest = face.registry.manifest(opened, series).await.ok()?;
    manifest.entries.first().map(Arc::as_ref).map(word)
}

async fn sheet(
    face: &Face,
    opened: &OpenedStudy,
    word: &'static str,
    viewport: Viewport,
    media: RenderedMedia,
) -> Result<rendition::Rendition, RegistryError> {
    let rendered = face.registry.icon(opened, word, (viewport.width, viewport.height), media).await?;
    Ok(rendition::picture(&rendered))
}

/// What is written on the sheet: terms that are alike in English and French.
fn word(entry: &InstanceEntry) -> &'static str {
    match Category::of(entry) {
        Category::Video(_) => "VIDEO",
        Category::State => "PR",
        Category::Text(Document::Pdf) => "PDF",
        Category::Text(Document::Cda) => "CDA",
        Category::Text(Document::Report) => match entry.instance.sop_class_uid.as_str() {
            "1.2.840.10008.5.1.4.1.1.88.59" => "KO",
            _ => "SR",
        },
        Category::Text(Document::Stored(_)) => "DOC",
        _ => other(entry.instance.sop_class_uid.as_str()),
    }
}

fn other(sop_class_uid: &str) -> &'static str {
    match sop_class_uid.strip_prefix("1.2.840.10008.5.1.4.1.1.").unwrap_or_default() {
        class if class.starts_with("9.1.") => "ECG",
        class if class.starts_with("9.4.") => "AUDIO",
        class if class.starts_with("9.") => "WAVE",
        "481.3" => "RTSTRUCT",
        "481.5" | "481.8" => "RTPLAN",
        class if class.starts_with("481.") => "RT",
        "66.1" | "66.3" => "REG",
        _ => "DICOM",
    }
}
