//! Retrieve Rendered, PS3.18 §10.4.1.1.3: images as pictures, structured reports as text, encapsulated documents and videos as they are.

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::response::Response;
use face::{Caller, Problem};
use futures::StreamExt;
use futures::stream;
use http::HeaderMap;
use registry::rendering::RenderOptions;
use registry::{OpenedStudy, RegistryError};

use crate::Face;
use crate::accept::{Accept, Container};
use crate::document;
use crate::multipart::{self, Part};
use crate::picture::{self, Pick};
use crate::range;
use crate::request::{Parameters, Scope};
use crate::syntax;

/// A study or series by the picture that stands for it, an instance by what it is, frames one by one.
pub(crate) async fn rendered(
    State(face): State<Face>,
    caller: Caller,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = face.registry.open_study(&caller.0, Action::View, scope.study()?).await?;
    let mut pick = picture::pick(&face, &opened, &scope).await?;
    if !picture::is_picture(&pick.entry) {
        let accept = Accept::of(&headers, parameters.get("accept"));
        return match (&scope.frames, syntax::video(&pick.entry.instance.transfer_syntax_uid)) {
            (Some(_), _) => Err(picture::nothing_to_show()),
            (None, Some(media_type)) => video(&face, &opened, &pick, media_type, &accept, &headers).await,
            (None, None) => document::rendered(&face, &opened, &pick, &accept, &headers).await,
        };
    }
    match scope.frames {
        Some(numbers) if numbers.len() > 1 => return many(face, opened, pick, numbers, &parameters, &headers).await,
        Some(numbers) => pick.number = numbers[0],
        // An instance begins with its first frame; only what stands for a whole series is taken from the middle.
        None if scope.instance.is_some() => pick.number = 1,
        None => {}
    }
    one(face, opened, pick, &parameters, &headers).await
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
pub(crate) async fn video(
    face: &Face,
    opened: &OpenedStudy,
    pick: &Pick,
    media_type: &'static str,
    accept: &Accept,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
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
