//! What the caller accepts: the `Accept` header and the `accept` parameter, PS3.18 §8.3.3.1 and §8.7.5, RFC 9110 §12.5.1.
//!
//! Clients spell it in many ways (`type` and `transfer-syntax` with and without quotes, the star quoted too, parameters in any
//! order); all of them are taken.

use face::Problem;
use http::HeaderMap;
use http::header::ACCEPT;
use index_compose::pixels::present_name;

use crate::request::Parameters;

/// More media ranges than this are not looked at.
const MOST_RANGES: usize = 64;

/// One media range: `multipart/related; type="application/dicom"; transfer-syntax=*; q=0.5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaRange {
    /// `type/subtype` in lower case.
    pub(crate) essence: String,
    /// Names in lower case, values as given, unquoted.
    parameters: Vec<(String, String)>,
    /// Thousandths.
    quality: u16,
}

/// How the parts of an answer are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// The payload alone.
    Single,
    /// `multipart/related`, one part for each thing.
    Multipart,
    /// Either; the resource's own default.
    Any,
}

/// One form that would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted<'a> {
    /// One or many parts.
    pub(crate) container: Container,
    /// Media range of the payload: `application/dicom`, `image/*`, `*/*`.
    pub(crate) payload: &'a str,
    /// `transfer-syntax`, where given: a UID or `*`.
    pub(crate) transfer_syntax: Option<&'a str>,
}

/// A form that a resource has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    /// One or many parts; never [`Container::Any`].
    pub(crate) container: Container,
    /// Media type of the payload.
    pub(crate) payload: &'static str,
}

impl Offer {
    /// The payload alone.
    pub(crate) const fn single(payload: &'static str) -> Self {
        Self { container: Container::Single, payload }
    }

    /// In a multipart body.
    pub(crate) const fn multipart(payload: &'static str) -> Self {
        Self { container: Container::Multipart, payload }
    }
}

/// All media ranges of a request: those that would do, best first, and those that are refused with a quality of zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accept {
    ranges: Vec<MediaRange>,
    refused: Vec<MediaRange>,
    /// What the header says beside an `accept` parameter: it counts when the resource has nothing that the parameter names.
    otherwise: Option<Box<Self>>,
}

impl Accept {
    /// What a request accepts, with the `transferSyntax` parameter (PS3.18 §8.7.8.2): it counts for the ranges, of the header or of the
    /// `accept` parameter, which name no syntax of their own. 400 when it is neither a UID nor a star.
    pub(crate) fn of_request(headers: &HeaderMap, parameters: &Parameters) -> Result<Self, Problem> {
        let mut accept = Self::of(headers, parameters.get("accept"));
        let Some(syntax) = parameters.transfer_syntax()? else { return Ok(accept) };
        let ranges = accept.ranges.iter_mut().chain(accept.otherwise.iter_mut().flat_map(|header| &mut header.ranges));
        for range in ranges.filter(|range| range.parameter("transfer-syntax").is_none()) {
            range.parameters.push(("transfer-syntax".to_owned(), syntax.clone()));
        }
        Ok(accept)
    }

    /// The `accept` parameter where given, then the header (§8.7.8.1); everything when neither says anything.
    pub(crate) fn of(headers: &HeaderMap, parameter: Option<&str>) -> Self {
        let header =
            headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
        let header = header.trim();
        let Some(parameter) = parameter.filter(|text| !text.trim().is_empty()) else {
            return Self::parse(if header.is_empty() { "*/*" } else { header });
        };
        let otherwise = (!header.is_empty()).then(|| Box::new(Self::parse(header)));
        Self { otherwise, ..Self::parse(parameter) }
    }

    /// Parses a list of media ranges. What can't be read accepts nothing.
    pub(crate) fn parse(text: &str) -> Self {
        let ranges = split_unquoted(text, b',').into_iter().take(MOST_RANGES).filter_map(MediaRange::parse);
        let (mut ranges, refused): (Vec<_>, Vec<_>) = ranges.partition(|range| range.quality > 0);
        // Of two that are liked alike, the one that says more (RFC 9110 §12.5.1); else in the caller's order.
        ranges.sort_by_key(|range| std::cmp::Reverse((range.quality, range.specificity())));
        Self { ranges, refused, otherwise: None }
    }

    /// The forms that would do, best first.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = Wanted<'_>> {
        let otherwise = self.otherwise.iter().flat_map(|header| &header.ranges);
        self.ranges.iter().chain(otherwise).map(MediaRange::wanted)
    }

    /// The choice of the best range: of those that are liked alike the first that has one, and the second kind only where no such range has
    /// one of the first.
    pub(crate) fn choose<T>(
        &self,
        first: impl Fn(Wanted<'_>) -> Option<T>,
        second: impl Fn(Wanted<'_>) -> Option<T>,
    ) -> Option<T> {
        let lists = std::iter::once(&self.ranges).chain(self.otherwise.iter().map(|header| &header.ranges));
        let mut alike = lists.flat_map(|ranges| ranges.chunk_by(|one, next| one.quality == next.quality));
        alike.find_map(|ranges| {
            let wanted = || ranges.iter().map(MediaRange::wanted);
            wanted().find_map(&first).or_else(|| wanted().find_map(&second))
        })
    }

    /// Whether any range takes this form.
    pub(crate) fn takes(&self, offer: Offer) -> bool {
        self.best(&[offer]).is_some()
    }

    /// The first offer that the best range takes; offers are in the resource's own order.
    pub(crate) fn best(&self, offers: &[Offer]) -> Option<Offer> {
        let takes = |range: &MediaRange, offer: Offer| range.wanted().takes(offer) && !self.refuses(range, offer);
        let best = self.ranges.iter().find_map(|range| offers.iter().copied().find(|offer| takes(range, *offer)));
        best.or_else(|| self.otherwise.as_ref()?.best(offers))
    }

    /// Whether a range that says more than `range` has refused what it would take.
    fn refuses(&self, range: &MediaRange, offer: Offer) -> bool {
        let said = range.specificity();
        self.refused.iter().any(|refused| {
            // `multipart/*;q=0` refuses every multipart, whatever range would take its parts.
            let says_more = refused.specificity() > said || (refused.is_multipart() && !range.is_multipart());
            says_more && refused.wanted().takes(offer)
        })
    }

    /// The offer that is liked best, each by the most specific range that covers it (§8.7.8.1); among equals, the first.
    pub(crate) fn select(&self, offers: &[Offer]) -> Option<Offer> {
        let liking = |offer: &Offer| {
            let covering = self.ranges.iter().filter(|range| range.wanted().takes(*offer));
            let closest = covering.max_by_key(|range| range.specificity())?;
            (!self.refuses(closest, *offer)).then_some(closest.quality)
        };
        let Some(best) = offers.iter().filter_map(liking).max() else { return self.otherwise.as_ref()?.select(offers) };
        offers.iter().copied().find(|offer| liking(offer) == Some(best))
    }
}

impl Wanted<'_> {
    /// Whether an offer is of this form.
    pub(crate) fn takes(&self, offer: Offer) -> bool {
        (self.container == Container::Any || self.container == offer.container) && matches(self.payload, offer.payload)
    }
}

impl MediaRange {
    /// Parses one media range.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut pieces = split_unquoted(text, b';').into_iter();
        // `+` in a query parameter arrives as a space when the client did not escape it.
        let essence = pieces.next()?.trim().to_ascii_lowercase().replace(' ', "+");
        let (kind, subkind) = essence.split_once('/')?;
        if kind.is_empty() || subkind.is_empty() {
            return None;
        }
        let parameters: Vec<_> = pieces.filter_map(parameter).collect();
        let quality = find(&parameters, "q").map_or(Some(1000), thousandths)?;
        Some(Self { essence, parameters, quality })
    }

    /// A parameter's value.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.parameters, name)
    }

    /// Parses a single media type, such as a `Content-Type`.
    pub(crate) fn content_type(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?)
    }

    /// How much the range says: nothing, the kind, the type.
    fn specificity(&self) -> u8 {
        match self.essence.split_once('/') {
            Some(("*", _)) => 0,
            Some((_, "*")) => 1,
            _ => 2,
        }
    }

    fn is_multipart(&self) -> bool {
        self.essence.starts_with("multipart/")
    }

    fn wanted(&self) -> Wanted<'_> {
        let transfer_syntax = self.parameter("transfer-syntax");
        match self.essence.as_str() {
            "multipart/related" | "multipart/*" => {
                let payload = self.parameter("type").unwrap_or("*/*");
                Wanted { container: Container::Multipart, payload, transfer_syntax }
            }
            "*/*" => Wanted { container: Container::Any, payload: "*/*", transfer_syntax },
            payload => Wanted { container: Container::Single, payload, transfer_syntax },
        }
    }
}

/// Whether a media range covers a media type.
pub(crate) fn matches(range: &str, media_type: &str) -> bool {
    let range = present_name(range);
    match range.split_once('/') {
        Some(("*", "*")) => true,
        Some((kind, "*")) => media_type.split_once('/').is_some_and(|(actual, _)| actual.eq_ignore_ascii_case(kind)),
        _ => range.eq_ignore_ascii_case(media_type),
    }
}

fn find<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn parameter(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim().to_ascii_lowercase(), unquote(value.trim())))
}

pub(crate) fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return text.to_owned() };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        out.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    out.trim().to_owned()
}

fn thousandths(text: &str) -> Option<u16> {
    let quality: f32 = text.parse().ok()?;
    (0.0..=1.0).contains(&quality).then_some((quality * 1000.0).round() as u16)
}

/// Splits at `separator` wherever it stands outside a quoted string.
fn split_unquoted(text: &str, separator: u8) -> Vec<&str> {
    let (mut pieces, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if byte == separator && !quoted => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Accept, Container, Offer};
    use crate::request::Parameters;

    fn first(text: &str) -> (Container, String, Option<String>) {
        let accept = Accept::parse(text);
        let wanted = accept.wanted().next().expect("one range");
        (wanted.container, wanted.payload.to_owned(), wanted.transfer_syntax.map(str::to_owned))
    }

    #[test]
    fn every_spelling_of_the_viewers_is_read_alike() {
        let expected = (Container::Multipart, "application/octet-stream".to_owned(), Some("*".to_owned()));
        for spelling in [
            r#"multipart/related; type=application/octet-stream; transfer-syntax=*"#,
            r#"multipart/related; type="application/octet-stream"; transfer-syntax="*""#,
            r#"Multipart/Related;transfer-syntax=*;TYPE="application/octet-stream""#,
            r#"multipart/related;type=application/octet-stream ; transfer-syntax=* ; q=1.0"#,
        ] {
            assert_eq!(first(spelling), expected, "{spelling}");
        }
    }

    #[test]
    fn quality_orders_and_zero_excludes() {
        let accept = Accept::parse("text/html;q=0.5, image/png;q=0, image/jpeg, */*;q=0.1");
        let payloads: Vec<_> = accept.wanted().map(|wanted| wanted.payload.to_owned()).collect();
        assert_eq!(payloads, ["image/jpeg", "text/html", "*/*"]);
    }

    #[test]
    fn the_type_that_says_more_comes_first_and_may_be_refused() {
        let payloads = |text| Accept::parse(text).wanted().map(|wanted| wanted.payload.to_owned()).collect::<Vec<_>>();
        assert_eq!(payloads("*/*, image/*, image/png"), ["image/png", "image/*", "*/*"]);
        let offers = [Offer::single("image/jpeg"), Offer::single("image/png")];
        assert_eq!(Accept::parse("image/*, image/jpeg;q=0").best(&offers), Some(offers[1]));
        assert_eq!(Accept::parse("*/*, image/*;q=0").best(&offers), None);
        let either = [Offer::multipart("image/png"), Offer::single("image/png")];
        assert_eq!(Accept::parse("multipart/*;q=0, */*").best(&either), Some(either[1]));
    }

    #[test]
    fn the_transfer_syntax_may_be_a_parameter_beside_accept() {
        let of = |query: &str| {
            let parameters = Parameters::parse(query).expect("well formed");
            let accept = Accept::of_request(&http::HeaderMap::new(), &parameters).expect("a UID");
            accept.wanted().next().and_then(|wanted| wanted.transfer_syntax.map(str::to_owned))
        };
        assert_eq!(of("accept=application/dicom&transferSyntax=1.2.3").as_deref(), Some("1.2.3"));
        assert_eq!(of("accept=application/dicom;transfer-syntax=*&transferSyntax=1.2.3").as_deref(), Some("*"));
        assert_eq!(of("transferSyntax=%221.2.3%22").as_deref(), Some("1.2.3"));
        let wrong = Parameters::parse("transferSyntax=JPEG").expect("well formed");
        assert!(Accept::of_request(&http::HeaderMap::new(), &wrong).is_err());
    }

    #[test]
    fn the_header_counts_when_the_parameter_names_nothing_that_there_is() {
        let header = |text: &'static str| {
            http::HeaderMap::from_iter([(http::header::ACCEPT, http::HeaderValue::from_static(text))])
        };
        let offers = [Offer::single("image/jpeg"), Offer::single("image/png")];
        let best = |text, parameter| Accept::of(&header(text), Some(parameter)).best(&offers);
        assert_eq!(best("image/png", "image/jpeg"), Some(offers[0]));
        assert_eq!(best("image/png", "text/css"), Some(offers[1]));
        assert_eq!(best("image/png", ""), Some(offers[1]));
        assert_eq!(best("text/css", "text/css"), None);
        assert_eq!(Accept::of(&http::HeaderMap::new(), Some("text/css")).best(&offers), None);
    }

    #[test]
    fn each_offer_is_liked_as_the_closest_range_says() {
        let offers = [Offer::single("application/pdf"), Offer::single("text/html"), Offer::single("text/plain")];
        let select = |text: &str| Accept::parse(text).select(&offers).map(|offer| offer.payload);
        assert_eq!(select("text/html, application/pdf"), Some("application/pdf"));
        assert_eq!(select("*/*"), Some("application/pdf"));
        assert_eq!(select("text/*;q=0.5, text/html;q=0.4, */*;q=0.1"), Some("text/plain"));
        assert_eq!(select("text/html,application/xhtml+xml,*/*;q=0.8"), Some("text/html"));
        assert_eq!(select("image/png"), None);
    }

    #[test]
    fn nothing_readable_accepts_nothing() {
        assert_eq!(Accept::parse("nonsense, ;;, /, a/").wanted().count(), 0);
        assert_eq!(Accept::parse("image/png;q=7").wanted().count(), 0);
    }

    #[test]
    fn the_best_range_wins_over_the_first_offer() {
        let offers = [Offer::single("application/dicom+json"), Offer::multipart("application/dicom+xml")];
        let xml = r#"multipart/related; type="application/dicom+xml", application/dicom+json;q=0.9"#;
        assert_eq!(Accept::parse(xml).best(&offers), Some(offers[1]));
        assert_eq!(Accept::parse("*/*").best(&offers), Some(offers[0]));
        assert_eq!(Accept::parse("application/dicom json").best(&offers), Some(offers[0]));
        assert_eq!(Accept::parse("text/css").best(&offers), None);
    }
}
