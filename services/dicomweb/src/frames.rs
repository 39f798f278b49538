//! Retrieve Frames, PS3.18 §10.4.1.1.6: stored frames as they lie, uncompressed when that is asked for or wiser, and compressed without
//! loss when nothing else will do.

use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::response::Response;
use face::Problem;
use futures::StreamExt;
use futures::stream;
use http::{HeaderMap, StatusCode};
use index_model::{InstanceEntry, Uid, transfer_syntax};
use registry::{Frame, OpenedStudy, RegistryError};
use serde::Deserialize;

use crate::Face;
use crate::accept::{Accept, Container, Wanted, matches};
use crate::multipart::{self, Part};
use crate::range;
use crate::request::{Asker, Base, Parameters, Scope};
use crate::syntax::{self, OCTET_STREAM, Samples};

/// The frames of one instance.
struct Asked {
    face: Face,
    opened: OpenedStudy,
    series: Uid,
    instance: Uid,
    location: String,
}

/// In which form frames go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) multipart: bool,
    /// Uncompressed, Explicit VR Little Endian; else as stored, or encoded.
    pub(crate) native: bool,
    /// Encoded in this transfer syntax, which is not the stored one.
    pub(crate) encoded: Option<&'static str>,
    /// The caller left the choice to us.
    pub(crate) our_choice: bool,
    /// The media type.
    pub(crate) media_type: &'static str,
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
        let form =
            forms(accept, alone, &stored).next().or_else(|| encoded_form(accept, alone, &stored.transfer_syntax_uid));
        let form = form.ok_or_else(|| none_of_these(&stored, alone))?;
        let (frame, form) = self.first(stored, first, form).await?;
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
        let form = forms(accept, true, &head).next().or_else(|| encoded_form(accept, true, &head.transfer_syntax_uid));
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

/// The media type of a frame in this form, with its transfer syntax.
pub(crate) fn content_type(transfer_syntax_uid: &str, form: Form) -> String {
    // Plain little endian samples are the same bytes in both syntaxes; the explicit one is the default of §8.7.3.3.
    let syntax = match transfer_syntax_uid {
        transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN => transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
        other => other,
    };
    format!("{}; transfer-syntax={syntax}", form.media_type)
}

/// The forms that the caller wants and the frame has, best first.
pub(crate) fn forms<'a>(accept: &'a Accept, alone: bool, stored: &'a Frame) -> impl Iterator<Item = Form> + use<'a> {
    let samples = || samples(&stored.entry);
    let wrong = syntax::is_shown_wrong(&stored.transfer_syntax_uid, &stored.bytes, samples);
    forms_of(accept, alone, &stored.transfer_syntax_uid, wrong)
}

/// The same for frames of a transfer syntax; `shown_wrong` where their stream is not what the data set says.
pub(crate) fn forms_of<'a>(
    accept: &'a Accept,
    alone: bool,
    stored: &'a str,
    shown_wrong: bool,
) -> impl Iterator<Item = Form> + use<'a> {
    accept.wanted().filter_map(move |wanted| form_of(wanted, alone, stored, shown_wrong))
}

fn form_of(wanted: Wanted<'_>, alone: bool, stored: &str, shown_wrong: bool) -> Option<Form> {
    let multipart = match wanted.container {
        Container::Single if !alone => return None,
        Container::Single => false,
        Container::Multipart | Container::Any => true,
    };
    let plain = syntax::is_native(stored);
    let our_choice =
        wanted.transfer_syntax == Some("*") || (wanted.payload == "*/*" && wanted.transfer_syntax.is_none());
    let uncompressed = Form { multipart, native: !plain, encoded: None, our_choice, media_type: OCTET_STREAM };
    let as_stored = |media_type| Form { multipart, native: false, encoded: None, our_choice, media_type };
    let named = syntax::media_type(stored);
    let anything = wanted.payload == "*/*";
    let bytes = matches(wanted.payload, OCTET_STREAM);
    let image = matches(wanted.payload, named);
    match wanted.transfer_syntax {
        Some(syntax) if syntax::is_native(syntax) => bytes.then_some(uncompressed),
        Some("*") if bytes && (plain || shown_wrong) => Some(uncompressed),
        Some("*") if anything => Some(as_stored(named)),
        Some("*") if bytes => Some(as_stored(OCTET_STREAM)),
        Some(syntax) if syntax != "*" && syntax != stored => None,
        Some(_) if image => Some(as_stored(named)),
        Some(syntax) => (syntax == stored && bytes).then(|| as_stored(OCTET_STREAM)),
        // The default of §8.7.3.3.1.
        None if bytes => Some(uncompressed),
        None => image.then(|| as_stored(named)),
    }
}

/// The first lossless form that the caller names and frames can be brought into; none where what is stored has lost something, or may
/// have. It costs a decoding and an encoding, so it is for who takes no other form.
pub(crate) fn encoded_form(accept: &Accept, alone: bool, stored: &str) -> Option<Form> {
    if !syntax::is_lossless(stored) {
        return None;
    }
    let form = |wanted: Wanted<'_>| {
        let named = |(media_type, syntax): &(&str, &str)| {
            !wanted.payload.contains('*')
                && matches(wanted.payload, media_type)
                && wanted.transfer_syntax.is_none_or(|wanted| wanted == *syntax)
        };
        let (media_type, syntax) = syntax::ENCODED.into_iter().find(named)?;
        let multipart = wanted.container != Container::Single;
        let form = Form { multipart, native: false, encoded: Some(syntax), our_choice: false, media_type };
        (multipart || alone).then_some(form)
    };
    accept.wanted().find_map(form)
}

/// The few attributes that matter, without building the rest of a header that may be large.
#[derive(Deserialize, Default)]
struct Header {
    #[serde(rename = "00280002", default)]
    samples_per_pixel: Numbers,
    #[serde(rename = "00280100", default)]
    bits_allocated: Numbers,
    #[serde(rename = "00280103", default)]
    pixel_representation: Numbers,
}

#[derive(Deserialize, Default)]
struct Numbers {
    #[serde(rename = "Value", default)]
    values: Vec<u16>,
}

fn samples(entry: &InstanceEntry) -> Samples {
    let header: Header = serde_json::from_str(entry.metadata.get()).unwrap_or_default();
    let first = |numbers: &Numbers| numbers.values.first().copied().unwrap_or(0);
    Samples {
        bits_allocated: first(&header.bits_allocated),
        samples_per_pixel: first(&header.samples_per_pixel),
        signed: first(&header.pixel_representation) == 1,
    }
}

pub(crate) fn none_of_these(stored: &Frame, alone: bool) -> Problem {
    let syntax = &stored.transfer_syntax_uid;
    let media_type = syntax::media_type(syntax);
    let encoded = match syntax::is_lossless(syntax) {
        true => ", and as image/jls, image/dicom-rle, image/jp2 or image/jphc without loss",
        false => "",
    };
    let parts = if alone { "multipart/related or single part" } else { "multipart/related" };
    Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        format!(
            "frames of this instance are answered ({parts}) as {media_type}; transfer-syntax={syntax} or \
             {OCTET_STREAM}; transfer-syntax={}{encoded}",
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{Form, encoded_form, form_of};
    use crate::accept::Accept;

    const JPHC: &str = "1.2.840.10008.1.2.4.202";
    const EXPLICIT: &str = "1.2.840.10008.1.2.1";

    fn chosen(accept: &str, alone: bool, stored: &str, wrong: bool) -> Option<(bool, bool, &'static str)> {
        let form = Accept::parse(accept).wanted().find_map(|wanted| form_of(wanted, alone, stored, wrong));
        form.map(|Form { multipart, native, media_type, .. }| (multipart, native, media_type))
    }

    #[test]
    fn each_spelling_gets_the_form_it_means() {
        let bytes = "application/octet-stream";
        for (accept, stored, expected) in [
            ("multipart/related; type=application/octet-stream; transfer-syntax=*", JPHC, Some((true, false, bytes))),
            (
                r#"multipart/related; type="application/octet-stream"; transfer-syntax="*""#,
                EXPLICIT,
                Some((true, false, bytes)),
            ),
            ("multipart/related; type=\"application/octet-stream\"", JPHC, Some((true, true, bytes))),
            (
                "multipart/related; type=application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
                JPHC,
                Some((true, true, bytes)),
            ),
            ("application/octet-stream", EXPLICIT, Some((false, false, bytes))),
            ("application/octet-stream; transfer-syntax=1.2.840.10008.1.2", EXPLICIT, Some((false, false, bytes))),
            ("*/*", JPHC, Some((true, true, bytes))),
            ("*/*; transfer-syntax=*", JPHC, Some((true, false, "image/jphc"))),
            ("multipart/related", EXPLICIT, Some((true, false, bytes))),
            ("image/jphc", JPHC, Some((false, false, "image/jphc"))),
            ("image/jphc; transfer-syntax=*", JPHC, Some((false, false, "image/jphc"))),
            ("image/*", JPHC, Some((false, false, "image/jphc"))),
            (
                "multipart/related; type=image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202",
                JPHC,
                Some((true, false, "image/jphc")),
            ),
            ("image/jphc; transfer-syntax=1.2.840.10008.1.2.4.201", JPHC, None),
            ("image/jls", JPHC, None),
            ("image/jphc", EXPLICIT, None),
            ("image/jls, application/octet-stream;q=0.5", JPHC, Some((false, true, bytes))),
            ("text/html", JPHC, None),
        ] {
            assert_eq!(chosen(accept, true, stored, false), expected, "{accept} of {stored}");
        }
    }

    #[test]
    fn a_lossless_form_is_made_of_what_is_lossless_for_who_names_it() {
        let (rle, lossy) = ("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50");
        let chosen = |accept: &str, alone: bool, stored: &str| {
            let form = encoded_form(&Accept::parse(accept), alone, stored)?;
            Some((form.multipart, form.encoded?, form.media_type))
        };
        let (jls, jp2) = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90");
        for (accept, stored, expected) in [
            ("image/jls", JPHC, Some((false, jls, "image/jls"))),
            ("image/x-jls", EXPLICIT, Some((false, jls, "image/jls"))),
            ("image/jls; transfer-syntax=1.2.840.10008.1.2.4.80", rle, Some((false, jls, "image/jls"))),
            ("image/jls; transfer-syntax=1.2.840.10008.1.2.4.81", rle, None),
            ("image/jls; transfer-syntax=*", rle, None),
            ("image/dicom-rle", EXPLICIT, Some((false, rle, "image/dicom-rle"))),
            ("multipart/related; type=image/jp2", EXPLICIT, Some((true, jp2, "image/jp2"))),
            ("image/jp2; transfer-syntax=1.2.840.10008.1.2.4.91", EXPLICIT, None),
            ("image/jphc, image/jp2;q=0.5", EXPLICIT, Some((false, "1.2.840.10008.1.2.4.201", "image/jphc"))),
            ("image/jphc; transfer-syntax=1.2.840.10008.1.2.4.202", EXPLICIT, Some((false, JPHC, "image/jphc"))),
            ("image/jphc; transfer-syntax=1.2.840.10008.1.2.4.203", EXPLICIT, None),
            ("image/*", EXPLICIT, None),
            ("*/*", EXPLICIT, None),
            ("image/jpeg", EXPLICIT, None),
            ("image/jls", lossy, None),
            ("image/jp2", "1.2.840.10008.1.2.4.91", None),
        ] {
            assert_eq!(chosen(accept, true, stored), expected, "{accept} of {stored}");
        }
        assert_eq!(chosen("image/jls", false, EXPLICIT), None, "several frames need a multipart");
        assert!(chosen("multipart/related; type=image/jls", false, EXPLICIT).is_some());
    }

    #[test]
    fn several_frames_need_a_multipart() {
        assert_eq!(chosen("application/octet-stream", false, EXPLICIT, false), None);
        assert!(chosen("*/*", false, EXPLICIT, false).is_some());
    }

    #[test]
    fn what_is_shown_wrong_is_uncompressed_unless_it_is_asked_for_by_name() {
        for accept in ["multipart/related; type=application/octet-stream; transfer-syntax=*", "*/*; transfer-syntax=*"]
        {
            assert_eq!(
                chosen(accept, true, "1.2.840.10008.1.2.4.90", true),
                Some((true, true, "application/octet-stream"))
            );
        }
        assert_eq!(chosen("image/jp2", true, "1.2.840.10008.1.2.4.90", true), Some((false, false, "image/jp2")));
    }
}
