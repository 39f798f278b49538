//! Retrieve Rendered, PS3.18 §10.4.1.1.3: images as pictures, structured reports as text, encapsulated documents and videos as they are.

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::response::Response;
use futures::StreamExt;
use futures::stream;
use http::HeaderMap;
use index_model::Uid;
use registry::rendering::RenderOptions;
use registry::{OpenedStudy, RegistryError};

use crate::Face;
use crate::accept::{Accept, Container};
use crate::document;
use crate::frames::frame_list;
use crate::multipart::{self, Part};
use crate::picture::{self, Pick};
use crate::range;
use crate::request::{At, Parameters};
use crate::syntax;
use face::{Caller, Problem};

pub(crate) async fn study(
    State(face): State<Face>,
    caller: Caller,
    At(study): At<Uid>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = face.registry.open_study(&caller.0, Action::View, &study).await?;
    let pick = picture::of_study(&face, &opened).await?;
    one(face, opened, pick, &parameters, &headers).await
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
    one(face, opened, pick, &parameters, &headers).await
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
    if picture::is_picture(&pick.entry) {
        return one(face, opened, Pick { number: 1, ..pick }, &parameters, &headers).await;
    }
    let accept = Accept::of(&headers, parameters.get("accept"));
    if syntax::video(&pick.entry.instance.transfer_syntax_uid).is_some() {
        return video(&face, &opened, &pick, &accept, &headers).await;
    }
    document::rendered(&face, &opened, &pick, &accept, &headers).await
}

pub(crate) async fn frames(
    State(face): State<Face>,
    caller: Caller,
    At((study, series, instance, list)): At<(Uid, Uid, Uid, String)>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let numbers = frame_list(&list)?;
    let opened = face.registry.open_study(&caller.0, Action::View, &study).await?;
    let pick = picture::of_instance(&face, &opened, series, &instance).await?;
    if !picture::is_picture(&pick.entry) {
        return Err(picture::nothing_to_show());
    }
    match numbers[..] {
        [number] => one(face, opened, Pick { number, ..pick }, &parameters, &headers).await,
        _ => many(face, opened, pick, numbers, &parameters, &headers).await,
    }
}

/// One picture.
async fn one(
    face: Face,
    opened: OpenedStudy,
    pick: Pick,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let form = picture::form(&Accept::of(headers, parameters.get("accept")))?;
    let options = picture::options(parameters, form.payload)?;
    if form.container == Container::Multipart {
        return Ok(multipart::whole(form.payload, vec![part(&face, &opened, &pick, pick.number, &options).await?]));
    }
    single(&face, &opened, &pick, &options, headers).await
}

/// One picture without a multipart around it.
pub(crate) async fn single(
    face: &Face,
    opened: &OpenedStudy,
    pick: &Pick,
    options: &RenderOptions,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let instance = &pick.entry.instance.sop_instance_uid;
    let rendered = face.registry.rendered(opened, &pick.series, instance, pick.number, options).await?;
    let tag = range::etag(&format!("{:016x}", fingerprint(&rendered.bytes)), "");
    Ok(range::bytes(headers, rendered.media_type, Some(&tag), rendered.bytes.clone()))
}

/// Tells two pictures apart; not a defence against anybody.
fn fingerprint(bytes: &[u8]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Pictures of several frames.
async fn many(
    face: Face,
    opened: OpenedStudy,
    pick: Pick,
    numbers: Vec<u32>,
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let accept = Accept::of(headers, parameters.get("accept"));
    // A caller that names only the image's type gets it in parts: several frames can't be sent otherwise.
    let form = picture::form(&accept)?;
    let options = Arc::new(picture::options(parameters, form.payload)?);
    let shared = Arc::new((face, opened, pick));
    let parts = stream::iter(numbers).then(move |number| {
        let (shared, options) = (Arc::clone(&shared), Arc::clone(&options));
        async move { part(&shared.0, &shared.1, &shared.2, number, &options).await }
    });
    multipart::related(form.payload, parts.boxed()).await
}

async fn part(
    face: &Face,
    opened: &OpenedStudy,
    pick: &Pick,
    number: u32,
    options: &RenderOptions,
) -> Result<Part, RegistryError> {
    let instance = &pick.entry.instance.sop_instance_uid;
    let rendered = face.registry.rendered(opened, &pick.series, instance, number, options).await?;
    Ok(Part::of(rendered.media_type, rendered.bytes.clone()))
}

/// The stored stream of a video, with ranges, as browsers want it.
async fn video(
    face: &Face,
    opened: &OpenedStudy,
    pick: &Pick,
    accept: &Accept,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let media_type = syntax::video(&pick.entry.instance.transfer_syntax_uid).unwrap_or(syntax::OCTET_STREAM);
    let takes = accept
        .wanted()
        .any(|wanted| wanted.container != Container::Multipart && crate::accept::matches(wanted.payload, media_type));
    if !takes {
        return Err(Problem::not_acceptable(format!("this video is answered as {media_type}")));
    }
    let instance = &pick.entry.instance.sop_instance_uid;
    let frame = face.registry.frame(opened, &pick.series, instance, 1).await?;
    Ok(range::bytes(headers, media_type, Some(&range::etag(&frame.etag, "")), frame.bytes))
}
