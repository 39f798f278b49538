//! Rendered studies and series: all of their instances in parts, or one picture that stands for them.

use std::sync::Arc;

use axum::response::Response;
use face::Problem;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::StatusCode;
use index_model::{InstanceEntry, Uid};
use registry::rendering::RenderOptions;
use registry::{OutOfReach, RegistryError, ShownFrame};

use super::{Asked, part, shown};
use crate::accept::{Container, Offer};
use crate::document;
use crate::multipart::{self, Part};
use crate::picture::{self, options};
use crate::rendition::{self, Category};
use crate::warning::Warnings;

/// One instance and what is made of it.
struct Planned {
    series: Uid,
    entry: Arc<InstanceEntry>,
    category: Category,
    media_type: &'static str,
    options: Option<RenderOptions>,
}

/// One part of the answer: a frame, or the whole instance.
struct Piece {
    planned: Arc<Planned>,
    frame: Option<ShownFrame>,
}

impl Asked {
    /// What the caller likes best: everything in parts, or one thing alone.
    pub(super) async fn several(self, series: Option<Uid>) -> Result<Response, Problem> {
        let alone = self.accept.wanted().next().is_some_and(|wanted| wanted.container == Container::Single);
        if alone {
            return self.standing_for(series).await;
        }
        let mut warnings = Warnings::of(&self.base.0);
        let (planned, left_out) = self.plan(series, &mut warnings).await?;
        let Some(first) = planned.first() else {
            let types = "image/jpeg, image/png, image/gif, text/html, text/plain, text/xml or application/pdf";
            return Err(Problem::not_acceptable(format!("instances are rendered, in parts, as {types}")));
        };
        if left_out > 0 {
            warnings.add(format!("{left_out} instances have no representation of an acceptable media type."));
        }
        let is_short = !warnings.is_empty();
        let payload = first.media_type;
        let mut response = multipart::related(payload, self.parts(planned)).await?;
        if is_short {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        warnings.write(response.headers_mut());
        Ok(response)
    }

    /// The picture of the middle, or the first document of the type that is wanted.
    async fn standing_for(self, series: Option<Uid>) -> Result<Response, Problem> {
        let pictures = [Offer::single("image/jpeg"), Offer::single("image/png"), Offer::single("image/gif")];
        if let Some(form) = self.accept.best(&pictures) {
            let pick = picture::pick_of(&self.face, &self.opened, series.as_ref()).await?;
            let options = options::of_image(&self.parameters, form.payload)?;
            let shown = shown(&pick.series, &pick.entry.instance.sop_instance_uid, pick.number);
            let rendition = rendition::frame(&self.face, &self.opened, &shown, &options).await?;
            return Ok(self.alone(rendition));
        }
        for uid in self.series(series) {
            let manifest = self.face.registry.manifest(&self.opened, &uid).await;
            for entry in manifest.iter().flat_map(|manifest| &manifest.entries) {
                let category = Category::of(entry);
                let singles = category.offers().into_iter().filter(|offer| offer.container == Container::Single);
                if !category.is_image() && self.accept.best(&singles.collect::<Vec<_>>()).is_some() {
                    return self.instance(&uid, entry).await;
                }
            }
        }
        Err(picture::nothing_to_show())
    }

    fn series(&self, series: Option<Uid>) -> Vec<Uid> {
        match series {
            Some(series) => vec![series],
            None => self.opened.series.iter().map(|row| row.series.series_instance_uid.clone()).collect(),
        }
    }

    /// What is sent of each instance, and how many have nothing that the caller takes.
    async fn plan(&self, series: Option<Uid>, warnings: &mut Warnings) -> Result<(Vec<Planned>, usize), Problem> {
        let all = self.series(series);
        let (mut planned, mut left_out, mut missing) = (Vec::new(), 0, OutOfReach::default());
        for uid in &all {
            let manifest = match self.face.registry.manifest(&self.opened, uid).await {
                // Registered, and now empty: there is nothing to send of it.
                Err(RegistryError::NotFound) if all.len() > 1 => continue,
                other => other?,
            };
            warnings.shortfall(self.opened.shortfall(uid, &manifest));
            let out_of_reach = self.face.registry.out_of_reach(&self.opened, uid, &manifest);
            let is_there =
                |entry: &&Arc<InstanceEntry>| !out_of_reach.instances.contains(&entry.instance.sop_instance_uid);
            for entry in manifest.entries.iter().filter(is_there) {
                match self.planned(uid, entry)? {
                    Some(one) => planned.push(one),
                    None => left_out += 1,
                }
                // Each look at a header is short; many of them would hold others up.
                tokio::task::consume_budget().await;
            }
            missing.extend(out_of_reach);
        }
        if planned.is_empty() && left_out == 0 && !missing.is_empty() {
            return Err(missing.nothing_left().into());
        }
        warnings.out_of_reach(&missing);
        Ok((planned, left_out))
    }

    fn planned(&self, series: &Uid, entry: &Arc<InstanceEntry>) -> Result<Option<Planned>, Problem> {
        let category = Category::of(entry);
        let offers: Vec<_> = category.media_types().iter().map(|media_type| Offer::multipart(media_type)).collect();
        let Some(form) = self.accept.best(&offers) else { return Ok(None) };
        if matches!(category, Category::Text(_)) && form.payload.starts_with("text/") {
            match self.parameters.check_charset(&self.headers) {
                Err(problem) if problem.status() == StatusCode::NOT_ACCEPTABLE => return Ok(None),
                checked => checked?,
            }
        }
        let options = match category {
            _ if category.is_image() => Some(options::of_image(&self.parameters, form.payload)?),
            Category::State => Some(options::of_state(&self.parameters, form.payload)?),
            _ => None,
        };
        let (series, entry) = (series.clone(), Arc::clone(entry));
        Ok(Some(Planned { series, entry, category, media_type: form.payload, options }))
    }

    /// One instance after the other, each made when its turn comes.
    fn parts(self, planned: Vec<Planned>) -> BoxStream<'static, Result<Part, RegistryError>> {
        let asked = Arc::new(self);
        let pieces = stream::iter(planned).then({
            let asked = Arc::clone(&asked);
            move |planned| {
                let asked = Arc::clone(&asked);
                async move { asked.pieces(planned).await }
            }
        });
        let flat = pieces.flat_map(|pieces| match pieces {
            Ok(pieces) => stream::iter(pieces).map(Ok).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        });
        flat.then(move |piece| {
            let asked = Arc::clone(&asked);
            async move { asked.piece(piece?).await }
        })
        .boxed()
    }

    /// The parts that an instance makes: a still for each frame, or one.
    async fn pieces(&self, planned: Planned) -> Result<Vec<Piece>, RegistryError> {
        let planned = Arc::new(planned);
        let frames = match planned.category {
            Category::State => {
                match self.face.registry.presented_frames(&self.opened, &planned.series, &planned.entry).await {
                    // A state whose images are elsewhere shows nothing; the others are sent all the same.
                    Err(RegistryError::NotAcceptable { .. }) => Vec::new(),
                    other => other?,
                }
            }
            Category::MultiFrame if planned.media_type == "image/gif" => {
                return Ok(vec![Piece { planned, frame: None }]);
            }
            category if category.is_image() => {
                let instance = &planned.entry.instance.sop_instance_uid;
                rendition::numbers(&planned.entry).map(|number| shown(&planned.series, instance, number)).collect()
            }
            _ => return Ok(vec![Piece { planned, frame: None }]),
        };
        Ok(frames.into_iter().map(|frame| Piece { planned: Arc::clone(&planned), frame: Some(frame) }).collect())
    }

    /// One part. What can't be shown is told in its place, in words, and does not keep the others from being sent.
    async fn piece(&self, piece: Piece) -> Result<Part, RegistryError> {
        let Planned { series, entry, media_type, options, .. } = &*piece.planned;
        let made = self.made(&piece).await;
        let Err(RegistryError::NotAcceptable { rule }) = &made else { return made };
        let rendition = match options {
            Some(options) => rendition::picture(&self.face.registry.told_in_words(&self.opened, rule, options).await?),
            None => match document::told_in_words(rule, media_type) {
                Some(told) => told,
                None => return made,
            },
        };
        let instance = self.location(series, &entry.instance.sop_instance_uid);
        let location = match &piece.frame {
            Some(ShownFrame { number, presentation: None, .. }) => format!("{instance}/frames/{number}/rendered"),
            _ => format!("{instance}/rendered"),
        };
        Ok(part(rendition, location))
    }

    async fn made(&self, piece: &Piece) -> Result<Part, RegistryError> {
        let Planned { series, entry, category, media_type, options } = &*piece.planned;
        let rendition = match (&piece.frame, category, options) {
            (Some(frame), _, Some(options)) => return self.picture_part(frame, options).await,
            (None, Category::MultiFrame, Some(options)) => {
                let all: Vec<_> = rendition::numbers(entry).collect();
                self.animation(series, entry, &all, options).await?
            }
            (_, Category::Video(media_type), _) => {
                rendition::video(&self.face, &self.opened, (series, entry), media_type).await?
            }
            (_, Category::Text(kind), _) => {
                document::make(&self.face, &self.opened, (series, entry), *kind, media_type).await?
            }
            _ => return Err(RegistryError::internal("a part without a way to make it")),
        };
        let location = format!("{}/rendered", self.location(series, &entry.instance.sop_instance_uid));
        Ok(part(rendition, location))
    }
}
