//! Retrieve Rendered, PS3.18 §10.4.1.1.3: images and presentation states as pictures, reports and documents as they read, videos as
//! they are.
//!
//! A study or a series in parts is all of its instances, each in a media type of its category; as a single part it is one picture that
//! stands for it. An instance of several frames is an animation, or its first frame as a still.

mod several;

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::response::Response;
use face::Problem;
use futures::StreamExt;
use futures::stream;
use http::HeaderMap;
use index_model::{InstanceEntry, Uid};
use registry::rendering::RenderOptions;
use registry::{OpenedStudy, RegistryError, ShownFrame};

use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::document;
use crate::multipart::{self, Part};
use crate::picture::{self, options};
use crate::range;
use crate::rendition::{self, Category, Rendition};
use crate::request::{Asker, Base, Parameters, Scope};

/// A rendered resource that was asked for.
pub(crate) struct Asked {
    pub(crate) face: Face,
    pub(crate) base: Base,
    pub(crate) opened: OpenedStudy,
    pub(crate) parameters: Parameters,
    pub(crate) headers: HeaderMap,
    pub(crate) accept: Accept,
}

/// A study, a series, an instance, or a list of its frames.
pub(crate) async fn rendered(
    State(face): State<Face>,
    asker: Asker,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = asker.open(&face, Action::View, scope.study()?).await?;
    let accept = Accept::of(&headers, parameters.get("accept"));
    let asked = Asked { face, base, opened, parameters, headers, accept };
    let Scope { series, instance, frames, .. } = scope;
    // Each way on its own, and not within this future: together they are too much for a worker's stack.
    let (Some(series), Some(instance)) = (&series, &instance) else { return Box::pin(asked.several(series)).await };
    let manifest = asked.face.registry.manifest(&asked.opened, series).await?;
    let entry = Arc::clone(manifest.entry(instance).ok_or(RegistryError::NotFound)?);
    match frames {
        Some(numbers) => Box::pin(asked.frames(series, &entry, numbers)).await,
        None => Box::pin(asked.instance(series, &entry)).await,
    }
}

impl Asked {
    /// Frames, each as a picture; several alone as GIF are an animation.
    async fn frames(self, series: &Uid, entry: &InstanceEntry, numbers: Vec<u32>) -> Result<Response, Problem> {
        if !Category::of(entry).is_image() {
            return Err(picture::nothing_to_show());
        }
        // Parts that were sent can't be taken back when a later one is not there.
        if numbers.iter().any(|number| !rendition::numbers(entry).contains(number)) {
            return Err(RegistryError::NotFound.into());
        }
        let mut form = self.accept.best(&Category::Image.offers()).ok_or_else(|| Category::Image.refused())?;
        let is_animation = form == Offer::single("image/gif") && numbers.len() > 1;
        if !is_animation {
            form = self.form_of(numbers.len(), form, &Category::Image)?;
        }
        let options = options::of_image(&self.parameters, form.payload)?;
        if is_animation {
            return Ok(self.alone(self.animation(series, entry, &numbers, &options).await?));
        }
        let instance = &entry.instance.sop_instance_uid;
        let shown = numbers.into_iter().map(|number| shown(series, instance, number)).collect();
        self.pictures(shown, form, options).await
    }

    async fn instance(self, series: &Uid, entry: &InstanceEntry) -> Result<Response, Problem> {
        let category = Category::of(entry);
        // Between media types that the caller likes alike, a document's own comes first.
        let form = match category {
            Category::Text(_) => self.accept.select(&category.offers()),
            _ => self.accept.best(&category.offers()),
        };
        let form = form.ok_or_else(|| category.refused())?;
        let instance = &entry.instance.sop_instance_uid;
        if category.is_image() {
            let options = options::of_image(&self.parameters, form.payload)?;
            let numbers = rendition::numbers(entry);
            if category == Category::MultiFrame && form.payload == "image/gif" {
                let rendition = self.animation(series, entry, &numbers.collect::<Vec<_>>(), &options).await?;
                return Ok(self.one(rendition, form, series, instance));
            }
            // A still of its own is the first frame; in parts, all can be sent.
            let sent = if form.container == Container::Multipart { numbers } else { 1..=1 };
            let shown = sent.map(|number| shown(series, instance, number)).collect();
            return self.pictures(shown, form, options).await;
        }
        let rendition = match category {
            Category::State => {
                // What is wrong with the request is told before its images are looked for.
                options::of_state(&self.parameters, form.payload)?;
                let shown = self.face.registry.presented_frames(&self.opened, series, entry).await?;
                let form = self.form_of(shown.len(), form, &category)?;
                let options = options::of_state(&self.parameters, form.payload)?;
                return self.pictures(shown, form, options).await;
            }
            Category::Video(media_type) => {
                rendition::video(&self.face, &self.opened, (series, entry), media_type).await?
            }
            Category::Text(kind) => {
                // None of them applies to words; one that can't be read is named all the same (§8.3.1).
                options::of_image(&self.parameters, "image/png")?;
                let (made, form) = self.document(series, entry, kind, form).await?;
                if form.payload.starts_with("text/") {
                    self.parameters.check_charset(&self.headers)?;
                }
                return Ok(self.one(made, form, series, instance));
            }
            _ => return Err(category.refused()),
        };
        Ok(self.one(rendition, form, series, instance))
    }

    /// A document in the form that is liked best, else in another that the caller takes: not every document can be read as text.
    async fn document(
        &self,
        series: &Uid,
        entry: &InstanceEntry,
        kind: document::Document,
        best: Offer,
    ) -> Result<(Rendition, Offer), RegistryError> {
        let others = kind.media_types().iter().map(|payload| Offer { payload, ..best });
        let others = others.filter(|other| *other != best && self.accept.takes(*other));
        let mut refused = None;
        for form in std::iter::once(best).chain(others) {
            match document::make(&self.face, &self.opened, (series, entry), kind, form.payload).await {
                Err(error @ RegistryError::NotAcceptable { .. }) => refused = refused.or(Some(error)),
                made => return Ok((made?, form)),
            }
        }
        Err(refused.unwrap_or(RegistryError::NotFound))
    }

    async fn animation(
        &self,
        series: &Uid,
        entry: &InstanceEntry,
        numbers: &[u32],
        options: &RenderOptions,
    ) -> Result<Rendition, RegistryError> {
        rendition::animation(&self.face, &self.opened, (series, entry), numbers, options).await
    }

    /// The form of so many pictures: one has the form that was chosen; several come in parts or not at all, as single part types do not count
    /// where there is more than one (§8.7.8.1, §10.4.4).
    fn form_of(&self, pictures: usize, chosen: Offer, category: &Category) -> Result<Offer, Problem> {
        if pictures == 1 || chosen.container == Container::Multipart {
            return Ok(chosen);
        }
        let mut offers = category.offers();
        offers.retain(|offer| offer.container == Container::Multipart);
        let refused = || Problem::not_acceptable("several pictures are answered in parts: multipart/related");
        self.accept.best(&offers).ok_or_else(refused)
    }

    /// One picture alone; several, or where parts are wanted, in parts.
    async fn pictures(self, shown: Vec<ShownFrame>, form: Offer, options: RenderOptions) -> Result<Response, Problem> {
        if let ([shown], Container::Single) = (shown.as_slice(), form.container) {
            return Ok(self.alone(rendition::frame(&self.face, &self.opened, shown, &options).await?));
        }
        let shared = Arc::new((self, options));
        let parts = stream::iter(shown).then(move |shown| {
            let shared = Arc::clone(&shared);
            async move { shared.0.picture_part(&shown, &shared.1).await }
        });
        multipart::related_ahead(form.payload, parts.boxed()).await
    }

    async fn picture_part(&self, shown: &ShownFrame, options: &RenderOptions) -> Result<Part, RegistryError> {
        let rendition = rendition::frame(&self.face, &self.opened, shown, options).await?;
        let location = match &shown.presentation {
            Some((series, state)) => format!("{}/rendered", self.location(series, state)),
            None => format!("{}/frames/{}/rendered", self.location(&shown.series, &shown.instance), shown.number),
        };
        Ok(part(rendition, location))
    }

    fn location(&self, series: &Uid, instance: &Uid) -> String {
        let study = &self.opened.study.study.study_instance_uid;
        self.base.instance(study.as_str(), series.as_str(), instance.as_str())
    }

    /// A whole instance, alone or as the one part.
    fn one(&self, rendition: Rendition, form: Offer, series: &Uid, instance: &Uid) -> Response {
        if form.container == Container::Single {
            return self.alone(rendition);
        }
        let location = format!("{}/rendered", self.location(series, instance));
        multipart::whole(form.payload, vec![part(rendition, location)])
    }

    fn alone(&self, rendition: Rendition) -> Response {
        alone(&self.headers, rendition)
    }
}

/// A rendition without a multipart around it.
pub(crate) fn alone(headers: &HeaderMap, rendition: Rendition) -> Response {
    let Rendition { content_type, bytes, etag, policy } = rendition;
    let mut response = range::bytes(headers, &content_type, Some(&etag), bytes);
    if let Some(policy) = policy {
        document::confine(&mut response, policy);
    }
    response
}

fn part(rendition: Rendition, location: String) -> Part {
    Part::of(rendition.content_type, rendition.bytes).at(location)
}

fn shown(series: &Uid, instance: &Uid, number: u32) -> ShownFrame {
    ShownFrame { series: series.clone(), instance: instance.clone(), number, presentation: None }
}
