//! Retrieve Thumbnail, PS3.18 §10.4.1.1.4: a small picture of anything that has one. Only `accept` and `viewport` apply.

use access::Action;
use axum::extract::State;
use axum::response::Response;
use face::{Caller, Problem};
use http::HeaderMap;
use registry::OpenedStudy;
use registry::rendering::{RenderOptions, RenderedMedia, Viewport};

use crate::Face;
use crate::accept::Accept;
use crate::picture::{self, Pick};
use crate::rendered;
use crate::request::{Parameters, Scope};

/// The size when the caller names none, in pixels.
const SIDE: u32 = 256;
/// Good enough to tell series apart.
const QUALITY: u8 = 80;

/// The thumbnail of a study, a series, an instance or a list of frames: one picture stands for each.
pub(crate) async fn thumbnail(
    State(face): State<Face>,
    caller: Caller,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = face.registry.open_study(&caller.0, Action::View, scope.study()?).await?;
    let mut pick = picture::pick(&face, &opened, &scope).await?;
    if let Some(numbers) = &scope.frames {
        pick.number = numbers[numbers.len() / 2];
    }
    small(&face, &opened, &pick, &parameters, &headers).await
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
