//! Retrieve Frames, PS3.18 §10.4.1.1.6: stored frames as they lie, uncompressed when that is asked for or wiser, and compressed without
//! loss when nothing else will do.

mod form;

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::response::Response;
use face::Problem;
use futures::StreamExt;
use futures::stream;
use http::{HeaderMap, StatusCode};
use index_model::{InstanceEntry, Uid};
use registry::{Frame, OpenedStudy, RegistryError};

pub(crate) use form::{Form, Stored, content_type, none_of_these};

use crate::Face;
use crate::accept::Accept;
use crate::multipart::{self, Part};
use crate::range;
use crate::request::{Asker, Base, Parameters, Scope};
use crate::syntax;

/// The frames of one instance.
struct Asked {
    face: Face,
    opened: OpenedStudy,
    series: Uid,
    instance: Uid,
    location: String,
}

/// The frames that the path names.
pub(crate) async fn frames(
    State(face): State<Face>,
    asker: Asker,
    base: Base,
    scope: Scope,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (series, instance) = scope.instance()?;
    let opened = asker.open(&face, Action::View, scope.study()?).await?;
    let location = base.instance(scope.study()?.as_str(), series.as_str(), instance.as_str());
    let asked = Asked { face, opened, series: series.clone(), instance: instance.clone(), location };
    let accept = Accept::of_request(&headers, &parameters)?;
    asked.answer(scope.frames.as_deref().unwrap_or_default(), &accept, &headers).await
}

impl Asked {
    async fn answer(self, numbers: &[u32], accept: &Accept, headers: &HeaderMap) -> Result<Response, Problem> {
        let first = *numbers.first().ok_or(RegistryError::NotFound)?;
        let alone = numbers.len() == 1;
        if alone
            && headers.contains_key(http::header::RANGE)
            && let Some(response) = Box::pin(self.run(first, accept, headers)).await?
        {
            return Ok(response);
        }
        let stored = self.face.registry.frame(&self.opened, &self.series, &self.instance, first).await?;
        self.check_last(numbers, &stored.entry)?;
        let form = Stored::of(&stored).form(accept, alone).ok_or_else(|| none_of_these(&stored, alone))?;
        let (frame, form) = match self.first(stored.clone(), first, form).await {
            // What can't be made of these samples is no reason to refuse what the caller takes as well.
            Err(problem) if form.encoded.is_some() && problem.status() == StatusCode::NOT_ACCEPTABLE => {
                let other = Stored::of(&stored).kept_form(accept, alone).ok_or(problem)?;
                self.first(stored, first, other).await?
            }
            made => made?,
        };
        match (alone, form.multipart) {
            (true, false) => {
                let tag = range::etag(&frame.etag, "");
                Ok(range::bytes(headers, &content_type(&frame.transfer_syntax_uid, form), Some(&tag), frame.bytes))
            }
            (true, true) => {
                let tag = range::weak(&frame.etag, "-m");
                if let Some(unchanged) = range::not_modified(headers, &tag) {
                    return Ok(unchanged);
                }
                let mut response = multipart::whole(form.media_type, vec![self.part(frame, first, form)]);
                range::set_etag(&mut response, &tag);
                Ok(response)
            }
            (false, _) => self.many(frame, numbers, form).await,
        }
    }

    /// A run of a frame that lies in this form already, of which no more is read; none where the frame has to be read or made first.
    async fn run(&self, number: u32, accept: &Accept, headers: &HeaderMap) -> Result<Option<Response>, Problem> {
        let (registry, opened) = (&self.face.registry, &self.opened);
        let Some(stored) = registry.frame_run(opened, &self.series, &self.instance, number).await? else {
            return Ok(None);
        };
        let head = registry.head_of(&stored).await?;
        let form = Stored::of(&head).form(accept, true);
        let run = match form {
            Some(Form { multipart: false, native: false, encoded: None, .. }) => Some(stored),
            Some(Form { multipart: false, encoded: Some(syntax), .. }) => {
                registry.derived_run(opened, &self.series, &self.instance, number, syntax).await?
            }
            _ => None,
        };
        let (Some(form), Some(run)) = (form, run) else { return Ok(None) };
        let tag = range::etag(&run.etag, "");
        let Some(wanted) = range::run(headers, &tag, run.size_bytes) else { return Ok(None) };
        let Some(bytes) = registry.run_of(opened, &run, wanted).await? else { return Ok(None) };
        let content_type = content_type(&run.transfer_syntax_uid, form);
        Ok(Some(range::streamed(headers, &content_type, Some(&tag), run.size_bytes, |_| bytes.into())))
    }

    /// A frame beyond the last makes the whole request fail before anything is sent.
    fn check_last(&self, numbers: &[u32], entry: &InstanceEntry) -> Result<(), Problem> {
        let last = numbers.iter().max().copied().unwrap_or(0);
        if last > entry.frames.count() { Err(Problem::not_found("the instance has fewer frames")) } else { Ok(()) }
    }

    /// The first frame decides for all: where the choice was ours and it can't be uncompressed, frames go out as stored.
    async fn first(&self, stored: Frame, number: u32, form: Form) -> Result<(Frame, Form), Problem> {
        if !form.native && form.encoded.is_none() {
            return Ok((stored, form));
        }
        match self.frame(number, form).await {
            Ok(frame) => Ok((frame, form)),
            Err(RegistryError::NotAcceptable { .. }) if form.our_choice => {
                let media_type = syntax::media_type(&stored.transfer_syntax_uid);
                Ok((stored, Form { native: false, media_type, ..form }))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn frame(&self, number: u32, form: Form) -> Result<Frame, RegistryError> {
        let (registry, opened) = (&self.face.registry, &self.opened);
        match form.encoded {
            Some(syntax) => {
                Box::pin(registry.frame_encoded(opened, &self.series, &self.instance, number, syntax)).await
            }
            None if form.native => Box::pin(registry.frame_native(opened, &self.series, &self.instance, number)).await,
            None => registry.frame(opened, &self.series, &self.instance, number).await,
        }
    }

    fn part(&self, frame: Frame, number: u32, form: Form) -> Part {
        Part::of(content_type(&frame.transfer_syntax_uid, form), frame.bytes)
            .at(format!("{}/frames/{number}", self.location))
    }

    /// Several frames: the first is here, the next is opened while one is sent.
    async fn many(self, first: Frame, numbers: &[u32], form: Form) -> Result<Response, Problem> {
        let head = self.part(first, numbers[0], form);
        let (asked, rest) = (Arc::new(self), numbers[1..].to_vec());
        let rest = stream::iter(rest).then(move |number| {
            let asked = Arc::clone(&asked);
            async move {
                let frame = asked.frame(number, form).await?;
                Ok(asked.part(frame, number, form))
            }
        });
        let parts = stream::iter([Ok(head)]).chain(rest).boxed();
        // What is decoded may fail at any frame.
        match form.native || form.encoded.is_some() {
            true => multipart::related_ahead(form.media_type, parts).await,
            false => multipart::related(form.media_type, parts).await,
        }
    }
}
