//! Search Transaction (QIDO-RS), PS3.18 §10.6.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dicom_core::{Tag, VR};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use index_model::Uid;
use index_query::{Attribute, Level, Match, Query, Rule};
use registry::Answer;

use crate::Face;
use crate::accept::{Accept, Container, Offer};
use crate::json::{self, DataSet, Shown};
use crate::multipart::{self, Part};
use crate::request::{At, Base, Parameters};
use crate::warning::Warnings;
use crate::xml;
use access::{Action, Permit, Subject};
use face::{Caller, Problem};

/// The forms of an answer, our choice first.
pub(crate) const OFFERS: [Offer; 4] = [
    Offer::single("application/dicom+json"),
    Offer::single("application/json"),
    Offer::multipart("application/dicom+xml"),
    Offer::multipart("application/dicom+json"),
];

/// One search: what is asked, under whose leave, and how it is answered.
struct Search {
    face: Face,
    permit: Permit,
    base: Base,
    form: Offer,
    query: Query,
    warnings: Warnings,
    with_study: bool,
    with_series: bool,
}

/// What every search handler extracts.
type Asked = (State<Face>, Caller, Base, Parameters, HeaderMap);

pub(crate) async fn studies(
    State(face): State<Face>,
    caller: Caller,
    base: Base,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let search = Search::begin((State(face), caller, base, parameters, headers), Level::Study, []).await?;
    let answer = search.face.registry.search_studies(&search.permit, &search.query).await?;
    search.present(answer, json::study)
}

/// Search for Series, of one study or of all.
macro_rules! series_search {
    ($name:ident, ($($path:ident: $type:ty),*), [$($scope:expr),*]) => {
        pub(crate) async fn $name(
            state: State<Face>,
            caller: Caller,
            base: Base,
            $(At($path): At<$type>,)*
            parameters: Parameters,
            headers: HeaderMap,
        ) -> Result<Response, Problem> {
            Search::begin((state, caller, base, parameters, headers), Level::Series, [$($scope),*]).await?.series().await
        }
    };
}

/// Search for Instances, of one series, of one study or of all.
macro_rules! instance_search {
    ($name:ident, ($($path:pat => $type:ty),*), [$($scope:expr),*]) => {
        pub(crate) async fn $name(
            state: State<Face>,
            caller: Caller,
            base: Base,
            $(At($path): At<$type>,)*
            parameters: Parameters,
            headers: HeaderMap,
        ) -> Result<Response, Problem> {
            Search::begin((state, caller, base, parameters, headers), Level::Instance, [$($scope),*]).await?.instances().await
        }
    };
}

series_search!(series, (study: Uid), [(STUDY, study)]);
series_search!(all_series, (), []);
instance_search!(instances, ((study, series) => (Uid, Uid)), [(STUDY, study), (SERIES, series)]);
instance_search!(instances_of_study, (study => Uid), [(STUDY, study)]);
instance_search!(all_instances, (), []);

const STUDY: Tag = Tag(0x0020, 0x000D);
const SERIES: Tag = Tag(0x0020, 0x000E);

impl Search {
    async fn begin<const N: usize>(asked: Asked, level: Level, scope: [(Tag, Uid); N]) -> Result<Self, Problem> {
        let (State(face), caller, base, parameters, headers) = asked;
        let form = Accept::of(&headers, parameters.get("accept")).best(&OFFERS).ok_or_else(no_such_form)?;
        let limits = index_query::Limits { default: face.options.search_limit, ..index_query::Limits::default() };
        let parsed = index_query::parse_with(level, &parameters.without(&["accept", "charset"]), limits)
            .map_err(|error| Problem::parameter(&error.parameter, error.reason))?;
        let mut query = parsed.query;
        let has = |tag| scope.iter().any(|(named, _)| *named == tag);
        let (with_study, with_series) = (!has(STUDY), !has(SERIES));
        query.matches.extend(scope.into_iter().map(|(tag, uid)| is(tag, &uid)));
        let mut warnings = Warnings::of(&base.0);
        parsed.warnings.into_iter().for_each(|warning| warnings.add(warning));
        let permit = face.registry.access().permit(&caller.0, Action::Search, Subject::Registry).await?;
        Ok(Self { face, permit, base, form, query, warnings, with_study, with_series })
    }

    async fn series(self) -> Result<Response, Problem> {
        let answer = self.face.registry.search_series(&self.permit, &self.query).await?;
        self.present(answer, json::series)
    }

    async fn instances(self) -> Result<Response, Problem> {
        let answer = self.face.registry.search_instances(&self.permit, &self.query).await?;
        self.present(answer, json::instance)
    }

    /// 200 or 204, and what is left out.
    fn present<T>(mut self, answer: Answer<T>, show: impl Fn(&T, Shown<'_>) -> DataSet) -> Result<Response, Problem> {
        self.warnings.remaining(answer.remaining);
        self.warnings.unsupported(&answer.unsupported);
        self.warnings.missing(&answer.missing);
        let shown = Shown {
            registry: &self.face.registry,
            base: &self.base,
            include: &self.query.include,
            with_study: self.with_study,
            with_series: self.with_series,
        };
        let rows: Vec<_> = answer.rows.iter().map(|row| show(row, shown)).collect();
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

/// Data sets in the form that was chosen.
pub(crate) fn data_sets(form: Offer, rows: Vec<DataSet>) -> Response {
    if form.container == Container::Single {
        let mut response = serde_json::to_vec(&rows).unwrap_or_default().into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.payload));
        return response;
    }
    let write = |row: DataSet| match form.payload {
        "application/dicom+xml" => xml::document(&row),
        _ => serde_json::Value::Object(row).to_string(),
    };
    let parts = rows.into_iter().map(|row| Part::of(form.payload, Bytes::from(write(row))));
    multipart::whole(form.payload, parts.collect())
}
