//! In which form frames go out: as they are stored, uncompressed, or compressed without loss, by what the caller likes best (PS3.18
//! §8.7.3.3, §8.7.8).

use face::Problem;
use http::StatusCode;
use index_model::{InstanceEntry, transfer_syntax};
use registry::Frame;
use serde::Deserialize;

use crate::accept::{Accept, Container, Wanted, matches};
use crate::syntax::{self, OCTET_STREAM, Samples};

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

/// The media type of a frame in this form, with its transfer syntax.
pub(crate) fn content_type(transfer_syntax_uid: &str, form: Form) -> String {
    // Plain little endian samples are the same bytes in both syntaxes; the explicit one is the default of §8.7.3.3.
    let syntax = match transfer_syntax_uid {
        transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN => transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
        other => other,
    };
    format!("{}; transfer-syntax={syntax}", form.media_type)
}

/// What decides which forms a frame has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored<'a> {
    /// Its transfer syntax.
    pub(crate) syntax: &'a str,
    /// The frame, where it is there already.
    frame: Option<&'a Frame>,
}

impl<'a> Stored<'a> {
    pub(crate) fn of(frame: &'a Frame) -> Self {
        Self { syntax: frame.transfer_syntax_uid.as_str(), frame: Some(frame) }
    }

    /// A frame that is only known to be of this syntax.
    pub(crate) fn in_syntax(syntax: &'a str) -> Self {
        Self { syntax, frame: None }
    }

    /// Whether its stream is not what the data set says. The header is read for it, so that it is asked only where it matters.
    fn is_shown_wrong(self) -> bool {
        self.frame.is_some_and(|frame| syntax::is_shown_wrong(self.syntax, &frame.bytes, || samples(&frame.entry)))
    }

    /// The form that the caller likes best.
    pub(crate) fn form(self, accept: &Accept, alone: bool) -> Option<Form> {
        accept.choose(|wanted| self.kept(wanted, alone), |wanted| self.encoded(wanted, alone))
    }

    /// The form that the caller likes best of those that need no encoding.
    pub(crate) fn kept_form(self, accept: &Accept, alone: bool) -> Option<Form> {
        accept.choose(|wanted| self.kept(wanted, alone), |_| None)
    }

    /// The form that a range names, as it is stored or uncompressed.
    pub(crate) fn kept(self, wanted: Wanted<'_>, alone: bool) -> Option<Form> {
        form_of(wanted, alone, self.syntax, || self.is_shown_wrong())
    }

    /// The form that a range names and has to be made.
    pub(crate) fn encoded(self, wanted: Wanted<'_>, alone: bool) -> Option<Form> {
        encoded_of(wanted, alone, self.syntax)
    }
}

fn form_of(wanted: Wanted<'_>, alone: bool, stored: &str, is_shown_wrong: impl Fn() -> bool) -> Option<Form> {
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
        Some("*") if bytes && (plain || is_shown_wrong()) => Some(uncompressed),
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

/// The lossless form that a range names and frames can be brought into; none where what is stored has lost something, or may have. It
/// costs a decoding and an encoding, so that it stands behind every other form that is liked as much.
fn encoded_of(wanted: Wanted<'_>, alone: bool, stored: &str) -> Option<Form> {
    if !syntax::is_lossless(stored) {
        return None;
    }
    let named = |(media_type, syntax): &(&str, &str)| {
        !wanted.payload.contains('*')
            && matches(wanted.payload, media_type)
            && wanted.transfer_syntax.is_none_or(|wanted| wanted == *syntax)
    };
    let (media_type, syntax) = syntax::ENCODED.into_iter().find(named)?;
    let multipart = wanted.container != Container::Single;
    let form = Form { multipart, native: false, encoded: Some(syntax), our_choice: false, media_type };
    (multipart || alone).then_some(form)
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
    use super::{Form, Stored, encoded_of, form_of};
    use crate::accept::Accept;

    const JPHC: &str = "1.2.840.10008.1.2.4.202";
    const EXPLICIT: &str = "1.2.840.10008.1.2.1";

    fn chosen(accept: &str, alone: bool, stored: &str, wrong: bool) -> Option<(bool, bool, &'static str)> {
        let form = Accept::parse(accept).wanted().find_map(|wanted| form_of(wanted, alone, stored, || wrong));
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
            let accept = Accept::parse(accept);
            let form = accept.wanted().find_map(|wanted| encoded_of(wanted, alone, stored))?;
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

    /// RFC 9110 §12.5.1: of what is liked alike, what is there goes first.
    #[test]
    fn what_is_liked_best_is_made_where_it_is_not_there() {
        let (j2k, bytes) = ("1.2.840.10008.1.2.4.90", "application/octet-stream");
        for (accept, stored, expected) in [
            ("image/jls, application/octet-stream;q=0.1", j2k, "image/jls"),
            ("image/jp2;q=0.1, image/jls;q=0.9", j2k, "image/jls"),
            ("application/octet-stream;q=0.001, image/jphc", EXPLICIT, "image/jphc"),
            ("image/jphc, application/octet-stream", EXPLICIT, bytes),
            ("image/jls, image/jp2", j2k, "image/jp2"),
            ("image/jls, */*;q=0.5", EXPLICIT, "image/jls"),
            ("image/jpeg, */*;q=0.5", EXPLICIT, bytes),
        ] {
            let form = Stored::in_syntax(stored).form(&Accept::parse(accept), true);
            assert_eq!(form.map(|form| form.media_type), Some(expected), "{accept} of {stored}");
        }
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
