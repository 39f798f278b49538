//! Search Transaction (QIDO-RS), PS3.18 §10.6.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use access::{Action, Permit, Subject};
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dicom_core::{Tag, VR};
use face::{Caller, Problem};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use index_model::{IssuedId, Uid};
use index_query::{Attribute, Level, Limits, Match, Query, Rule};
use registry::{Answer, Header, InstanceRow};

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
    search.present_instances(answer).await
}

/// The identifiers of persons, by our own key.
type Identifiers = HashMap<i64, Vec<IssuedId>>;

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
        let shown = access::Shown { study_instance_uid: scope.study.clone(), ..access::Shown::default() };
        let access = face.registry.access();
        let permit = access.permit_shown(&caller.0, Action::Search, Subject::Registry, shown).await?;
        Ok(Self { face, permit, base, scope, form, query, warnings })
    }

    /// 200 or 204, and what is left out.
    async fn present<T, R: Row>(
        self,
        answer: Answer<T>,
        person: impl Fn(&T) -> i64,
        show: impl Fn(&T, Option<&Header>, Shown<'_>) -> R,
    ) -> Result<Response, Problem> {
        let identifiers = self.identifiers(answer.rows.iter().map(person)).await?;
        let shown = self.shown(&identifiers);
        let headers = answer.headers.iter().map(Option::as_deref).chain(std::iter::repeat(None));
        let rows: Vec<_> = answer.rows.iter().zip(headers).map(|(row, header)| show(row, header, shown)).collect();
        let response = if rows.is_empty() { no_content() } else { data_sets(self.form, rows) };
        Ok(self.warned(&answer, response))
    }

    /// The same of instances, of which a series has hundreds: they are written series by series.
    async fn present_instances(self, answer: Answer<InstanceRow>) -> Result<Response, Problem> {
        let identifiers = self.identifiers(answer.rows.iter().map(|row| row.study.person_key)).await?;
        let shown = self.shown(&identifiers);
        let alike = |one: &InstanceRow, next: &InstanceRow| {
            Arc::ptr_eq(&one.series, &next.series) && one.is_reachable == next.is_reachable
        };
        let series = answer.rows.chunk_by(alike);
        let response = if answer.rows.is_empty() {
            no_content()
        } else if self.form.container == Container::Single {
            let mut rows = Vec::new();
            for series in series {
                rows.push(self.face.instances.rows(series, shown).await);
            }
            array(self.form, rows)
        } else {
            let rows = series.filter_map(|rows| {
                let of = json::Instances::of_series(rows.first()?, shown);
                Some(rows.iter().map(move |row| of.write(&row.entry)))
            });
            data_sets(self.form, rows.flatten().collect())
        };
        Ok(self.warned(&answer, response))
    }

    /// The identifiers of these persons, where rows show them.
    async fn identifiers(&self, persons: impl Iterator<Item = i64>) -> Result<Identifiers, Problem> {
        if !json::shows_identifiers(&self.query) {
            return Ok(HashMap::new());
        }
        let persons: BTreeSet<i64> = persons.collect();
        Ok(self.face.registry.identifiers(&self.permit, &Vec::from_iter(persons)).await?)
    }

    fn shown<'a>(&'a self, identifiers: &'a Identifiers) -> Shown<'a> {
        Shown {
            identifiers,
            registry: &self.face.registry,
            base: &self.base,
            query: &self.query,
            with_study: self.scope.study.is_none(),
            with_series: self.scope.series.is_none(),
        }
    }

    /// The answer with what it leaves out.
    fn warned<T>(mut self, answer: &Answer<T>, mut response: Response) -> Response {
        self.warnings.remaining(answer.remaining);
        self.warnings.missing(&answer.missing);
        self.warnings.unread(answer.unread);
        self.warnings.undated(answer.undated);
        self.warnings.undescribed(answer.undescribed);
        self.warnings.unsupported(&answer.unsupported, self.query.level);
        self.warnings.write(response.headers_mut());
        response
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

fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Rows in the form that was chosen.
pub(crate) fn data_sets(form: Offer, rows: Vec<impl Row>) -> Response {
    if form.container == Container::Single {
        return array(form, rows.into_iter().map(Row::json));
    }
    let write = |row| match form.payload {
        "application/dicom+xml" => xml::document(&Row::data_set(row)),
        // Each part is DICOM JSON of its own: an array (§F.2.1).
        _ => format!("[{}]", Row::json(row)),
    };
    let parts = rows.into_iter().map(|row| Part::of(form.payload, Bytes::from(write(row))));
    multipart::whole(form.payload, parts.collect())
}

/// One array of what is written already.
fn array(form: Offer, rows: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Response {
    let rows: Vec<_> = rows.into_iter().collect();
    let mut body = Vec::with_capacity(rows.iter().map(|rows| rows.as_ref().len() + 1).sum::<usize>() + 2);
    body.push(b'[');
    for (n, rows) in rows.iter().enumerate() {
        body.extend_from_slice(if n > 0 { b"," } else { b"" });
        body.extend_from_slice(rows.as_ref());
    }
    body.push(b']');
    ([(CONTENT_TYPE, HeaderValue::from_static(form.payload))], Bytes::from(body)).into_response()
}
