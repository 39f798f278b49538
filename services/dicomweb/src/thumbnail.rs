//! Retrieve Thumbnail, PS3.18 §10.4.1.1.4: a small picture of anything that has one. Only `accept` and `viewport` apply.

use access::Action;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use index_model::Uid;
use registry::OpenedStudy;
use registry::rendering::{RenderOptions, RenderedMedia, Viewport};

use crate::Face;
use crate::accept::Accept;
use crate::frames::frame_list;
use crate::picture::{self, Pick};
use crate::rendered;
use crate::request::{At, Parameters};
use face::{Caller, Problem};

/// The size when the caller names none, in pixels.
const SIDE: u32 = 256;
/// Good enough to tell series apart.
const QUALITY: u8 = 80;

pub(crate) async fn study(
    State(face): State<Face>,
    caller: Caller,
    At(study): At<Uid>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = face.registry.open_study(&caller.0, Action::View, &study).await?;
    let pick = picture::of_study(&face, &opened).await?;
    small(&face, &opened, &pick, &parameters, &headers).await
}

pub(crate) async fn series(
    State(face): State<Face>,
    caller: Caller,
    At((study, series)): At<(Uid, Uid)>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = face.registry.open_study(&caller.0, Action::View, &study).await?;
    let pick = picture::of_series(&face, &opened, &series).await?;
    small(&face, &opened, &pick, &parameters, &headers).await
}

pub(crate) async fn instance(
    State(face): State<Face>,
    caller: Caller,
    At((study, series, instance)): At<(Uid, Uid, Uid)>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = face.registry.open_study(&caller.0, Action::View, &study).await?;
    let pick = picture::of_instance(&face, &opened, series, &instance).await?;
    small(&face, &opened, &pick, &parameters, &headers).await
}

pub(crate) async fn frame(
    State(face): State<Face>,
    caller: Caller,
    At((study, series, instance, list)): At<(Uid, Uid, Uid, String)>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let numbers = frame_list(&list)?;
    let opened = face.registry.open_study(&caller.0, Action::View, &study).await?;
    let pick = picture::of_instance(&face, &opened, series, &instance).await?;
    // One picture stands for the whole list.
    let number = numbers[numbers.len() / 2];
    small(&face, &opened, &Pick { number, ..pick }, &parameters, &headers).await
}

async fn small(
    face: &Face,
    opened: &OpenedStudy,
    pick: &Pick,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    if !picture::is_picture(&pick.entry) {
        return Err(picture::nothing_to_show());
    }
    let form = picture::form(&Accept::of(headers, parameters.get("accept")))?;
    let viewport = match parameters.get("viewport") {
        Some(text) => picture::viewport(text)?,
        None => Viewport { width: SIDE, height: SIDE, source: None },
    };
    let media = match form.payload {
        "image/png" => RenderedMedia::Png,
        "image/gif" => RenderedMedia::Gif,
        _ => RenderedMedia::Jpeg { quality: QUALITY },
    };
    let options = RenderOptions { media, viewport: Some(viewport), window: None };
    rendered::single(face, opened, pick, &options, headers).await
}
