//! Search Transaction (QIDO-RS), PS3.18 §10.6.

use std::collections::{BTreeSet, HashMap};

use access::{Action, Permit, Subject};
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dicom_core::{Tag, VR};
use face::{Caller, Problem};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use index_model::Uid;
use index_query::{Attribute, Level, Limits, Match, Query, Rule};
use registry::{Answer, Header};

use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::json::{self, Row, Shown};
use crate::multipart::{self, Part};
use crate::request::{Base, Parameters, Scope};
use crate::warning::Warnings;
use crate::xml;

const STUDY: Tag = Tag(0x0020, 0x000D);
const SERIES: Tag = Tag(0x0020, 0x000E);

/// The forms of an answer, our choice first: those of table 10.6.4-1, and two that are not in it and clients ask for.
pub(crate) const OFFERS: [Offer; 4] = [
    Offer::single("application/dicom+json"),
    Offer::single("application/json"),
    Offer::multipart("application/dicom+xml"),
    Offer::multipart("application/dicom+json"),
];

pub(crate) async fn studies(State(face): State<Face>, caller: Caller, asked: Asked) -> Result<Response, Problem> {
    let search = Search::begin(face, caller, asked, Level::Study).await?;
    let answer = search.face.registry.search_studies(&search.permit, &search.query).await?;
    search.present(answer, |row| row.person_key, json::study).await
}

pub(crate) async fn series(State(face): State<Face>, caller: Caller, asked: Asked) -> Result<Response, Problem> {
    let search = Search::begin(face, caller, asked, Level::Series).await?;
    let answer = search.face.registry.search_series(&search.permit, &search.query).await?;
    search.present(answer, |row| row.study.person_key, json::series).await
}

pub(crate) async fn instances(State(face): State<Face>, caller: Caller, asked: Asked) -> Result<Response, Problem> {
    let search = Search::begin(face, caller, asked, Level::Instance).await?;
    let answer = search.face.registry.search_instances(&search.permit, &search.query).await?;
    let mut written = json::Instances::default();
    search.present(answer, |row| row.study.person_key, |row, _, shown| written.next(row, shown)).await
}

/// What a search request says.
#[derive(Debug)]
pub(crate) struct Asked {
    base: Base,
    /// What the path names.
    scope: Scope,
    form: Offer,
    parameters: Parameters,
}

impl FromRequestParts<Face> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Problem> {
        let Ok(base) = Base::from_request_parts(parts, face).await;
        let scope = Scope::from_request_parts(parts, face).await?;
        let parameters = Parameters::from_request_parts(parts, face).await?;
        let accept = Accept::of(&parts.headers, parameters.get("accept"));
        let form = accept.best(&OFFERS).ok_or_else(no_such_form)?;
        Ok(Self { base, scope, form, parameters })
    }
}

/// One search: what is asked, under whose leave, and how it is answered.
struct Search {
    face: Face,
    permit: Permit,
    base: Base,
    scope: Scope,
    form: Offer,
    query: Query,
    warnings: Warnings,
}

impl Search {
    async fn begin(face: Face, caller: Caller, asked: Asked, level: Level) -> Result<Self, Problem> {
        let Asked { base, scope, form, parameters } = asked;
        let limits = Limits { default: face.options.search_limit, ..Limits::default() };
        let parsed = index_query::parse_with(level, &parameters.without(&["accept", "charset"]), limits)
            .map_err(|error| Problem::parameter(&error.parameter, error.reason))?;
        let mut query = parsed.query;
        query.matches.extend(scope.study.iter().map(|uid| is(STUDY, uid)));
        query.matches.extend(scope.series.iter().map(|uid| is(SERIES, uid)));
        let mut warnings = Warnings::of(&base.0);
        parsed.warnings.into_iter().for_each(|warning| warnings.add(warning));
        let permit = face.registry.access().permit(&caller.0, Action::Search, Subject::Registry).await?;
        Ok(Self { face, permit, base, scope, form, query, warnings })
    }

    /// 200 or 204, and what is left out.
    async fn present<T, R: Row>(
        mut self,
        answer: Answer<T>,
        person: impl Fn(&T) -> i64,
        mut show: impl FnMut(&T, Option<&Header>, Shown<'_>) -> R,
    ) -> Result<Response, Problem> {
        self.warnings.remaining(answer.remaining);
        self.warnings.missing(&answer.missing);
        self.warnings.unread(answer.unread);
        self.warnings.undated(answer.undated);
        self.warnings.undescribed(answer.undescribed);
        self.warnings.unsupported(&answer.unsupported, self.query.level);
        let identifiers = if json::shows_identifiers(&self.query) {
            let persons: BTreeSet<i64> = answer.rows.iter().map(person).collect();
            self.face.registry.identifiers(&self.permit, &Vec::from_iter(persons)).await?
        } else {
            HashMap::new()
        };
        let shown = Shown {
            identifiers: &identifiers,
            registry: &self.face.registry,
            base: &self.base,
            query: &self.query,
            with_study: self.scope.study.is_none(),
            with_series: self.scope.series.is_none(),
        };
        let headers = answer.headers.iter().map(Option::as_deref).chain(std::iter::repeat(None));
        let rows: Vec<_> = answer.rows.iter().zip(headers).map(|(row, header)| show(row, header, shown)).collect();
        let mut response =
            if rows.is_empty() { StatusCode::NO_CONTENT.into_response() } else { data_sets(self.form, rows) };
        self.warnings.write(response.headers_mut());
        Ok(response)
    }
}

/// An attribute of the path.
fn is(tag: Tag, uid: &Uid) -> Match {
    Match { attribute: Attribute { path: vec![tag], vr: VR::UI }, rule: Rule::Equals(uid.as_str().to_owned()) }
}

/// 406 for data sets.
pub(crate) fn no_such_form() -> Problem {
    Problem::not_acceptable(
        "data sets are answered as application/dicom+json or multipart/related; type=\"application/dicom+xml\"",
    )
}

/// Rows in the form that was chosen.
pub(crate) fn data_sets(form: Offer, rows: Vec<impl Row>) -> Response {
    if form.container == Container::Single {
        let rows: Vec<String> = rows.into_iter().map(Row::json).collect();
        let mut response = format!("[{}]", rows.join(",")).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.payload));
        return response;
    }
    let write = |row| match form.payload {
        "application/dicom+xml" => xml::document(&Row::data_set(row)),
        // Each part is DICOM JSON of its own: an array (§F.2.1).
        _ => format!("[{}]", Row::json(row)),
    };
    let parts = rows.into_iter().map(|row| Part::of(form.payload, Bytes::from(write(row))));
    multipart::whole(form.payload, parts.collect())
}
