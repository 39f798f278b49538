//! One request and its answer, with all their bounds.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adapter_api::SourceError;
use bytes::Bytes;
use index_model::{Credentials, RepositoryCode, RepositoryDefinition};
use reqwest::header::{
    ACCEPT, AGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, WARNING,
};
use reqwest::{RequestBuilder, Response, StatusCode};
use runtime::{Clock, Ctx};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use crate::authorization::{self, Authorization};
use crate::failure::{self, Late, not_asked};
use crate::http::{Http, base, is_overheard, plain};
use crate::json::{self, Objects};
use crate::media_type::MediaType;
use crate::options::{DicomwebOptions, InvalidSource};

/// JSON larger than this is parsed on the CPU pool.
const INLINE_BYTES: usize = 64 * 1024;
const DICOM_JSON: &str = "application/dicom+json";

/// A DICOMweb server and the ways to ask it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) repository: RepositoryCode,
    pub(crate) base: Url,
    pub(crate) options: DicomwebOptions,
    pub(crate) http: Http,
    pub(crate) authorization: Option<Authorization>,
    permits: Arc<Semaphore>,
    /// By how much the server's clock was ahead of ours at its last answer, in milliseconds.
    ahead_ms: Mutex<Option<i64>>,
}

/// An answer of status 200, 204 or 206. It holds the source's permit until it is dropped.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    _permit: OwnedSemaphorePermit,
}

/// The objects of a JSON answer.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) objects: Objects,
    /// The server says that more can be asked for (PS3.18 §8.3.4.4).
    pub(crate) more: bool,
}

impl Client {
    pub(crate) fn new(definition: &RepositoryDefinition, options: DicomwebOptions) -> Result<Self, InvalidSource> {
        let address = definition.dicomweb.as_ref().ok_or(InvalidSource::NoAddress)?;
        let base = base(&address.url).ok_or(InvalidSource::Url)?;
        if let Some(credentials) = &address.credentials {
            let endpoint = match credentials {
                Credentials::ClientCredentials { token_url, .. } => plain(token_url).ok_or(InvalidSource::Url)?,
                Credentials::Bearer { .. } | Credentials::Basic { .. } => base.clone(),
            };
            if is_overheard(&base) || is_overheard(&endpoint) {
                return Err(InvalidSource::Overheard);
            }
        }
        Ok(Self {
            repository: definition.code.clone(),
            http: Http::new(address.tls.clone(), &options),
            authorization: address.credentials.clone().map(Authorization::new),
            base,
            permits: Arc::new(Semaphore::new(definition.concurrency.max(1) as usize)),
            ahead_ms: Mutex::default(),
            options,
        })
    }

    /// Sends a request below the base, `studies?…`, and waits for the head of its answer, whatever its status.
    pub(crate) async fn send(&self, ctx: &Ctx, path: &str, accept: &'static str) -> Result<Answer, SourceError> {
        let url = Url::parse(&format!("{}/{path}", self.base))
            .map_err(|error| failure::unavailable(&self.repository, error))?;
        let permit = ctx.run(Arc::clone(&self.permits).acquire_owned()).await?;
        let permit = permit.map_err(|error| failure::unavailable(&self.repository, error))?;
        let shown = self.authorize(ctx).await?;
        let mut response = self.ask(ctx, &url, accept, shown.as_ref()).await?;
        // A token may have ended early, and a password may have been changed: once more with what is in force now, if that is another.
        if let (StatusCode::UNAUTHORIZED, Some(refused)) = (response.status(), shown) {
            self.authorization.iter().for_each(|authorization| authorization.forget(&refused));
            let now = self.authorize(ctx).await?;
            if now.as_ref() != Some(&refused) {
                response = self.ask(ctx, &url, accept, now.as_ref()).await?;
            }
        }
        Ok(Answer { response, _permit: permit })
    }

    async fn ask(
        &self,
        ctx: &Ctx,
        url: &Url,
        accept: &'static str,
        authorization: Option<&HeaderValue>,
    ) -> Result<Response, SourceError> {
        let http = self.http.current().map_err(|error| not_asked(&self.repository, error))?;
        let request = || {
            let request = http.get(url.clone()).header(ACCEPT, HeaderValue::from_static(accept));
            authorization.into_iter().fold(request, |request, value| request.header(AUTHORIZATION, value))
        };
        let answer = match self.first_byte(ctx, request()).await {
            // Nothing is lost by asking once more, on a connection of its own.
            Err(error) if failure::was_closed(&error) => self.first_byte(ctx, request()).await,
            answer => answer,
        }?;
        if let Some(told_ms) = told_ms(answer.headers()) {
            let ahead_ms = told_ms - Clock::system().now_ms();
            *self.ahead_ms.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead_ms);
        }
        Ok(answer)
    }

    /// By how much the server's clock was ahead of ours at its last answer.
    pub(crate) fn clock_ahead_ms(&self) -> Option<i64> {
        *self.ahead_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn first_byte(&self, ctx: &Ctx, request: RequestBuilder) -> Result<Response, SourceError> {
        let limit = self.options.connect + self.options.first_byte;
        let sent = self.within(ctx, limit, Late::FirstByte(limit), request.send()).await?;
        sent.map_err(|error| failure::transport(&self.repository, error))
    }

    /// What is sent in `Authorization`: what there is, else made anew, by one request for all that wait.
    ///
    /// # Errors
    /// `Refused` when a secret can't be read; as [`Client::token`].
    pub(crate) async fn authorize(&self, ctx: &Ctx) -> Result<Option<HeaderValue>, SourceError> {
        let Some(authorization) = &self.authorization else { return Ok(None) };
        if let Some(fresh) = authorization.fresh() {
            return Ok(Some(fresh));
        }
        let turn = ctx.run(authorization.turn.acquire()).await?;
        let _turn = turn.map_err(|error| failure::unavailable(&self.repository, error))?;
        if let Some(fresh) = authorization.fresh() {
            return Ok(Some(fresh));
        }
        let read = authorization::of_secret(&authorization.credentials, &self.options.secrets);
        if let Some(kept) = read.map_err(|error| not_asked(&self.repository, error))? {
            return Ok(Some(authorization.keep(kept)));
        }
        match (self.token(ctx, &authorization.credentials).await, authorization.usable()) {
            (Ok(kept), _) => Ok(Some(authorization.keep(kept))),
            (Err(error), Some(usable)) => {
                tracing::warn!(error = %error, repository.code = %self.repository, "a token could not be renewed yet");
                Ok(Some(usable))
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Sends a request and takes only a success for an answer.
    pub(crate) async fn get(&self, ctx: &Ctx, path: &str, accept: &'static str) -> Result<Answer, SourceError> {
        let answer = self.send(ctx, path, accept).await?;
        match answer.response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT | StatusCode::PARTIAL_CONTENT => {}
            status => return Err(failure::status(&self.repository, status)),
        }
        if header(answer.response.headers(), CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(failure::malformed(&self.repository, "Content-Encoding: none was asked for"));
        }
        Ok(answer)
    }

    /// Asks for DICOM JSON (PS3.18 Annex F): an array of objects, or nothing.
    pub(crate) async fn json(&self, ctx: &Ctx, path: &str, limit_bytes: usize) -> Result<Found, SourceError> {
        let mut answer = self.get(ctx, path, DICOM_JSON).await?;
        let more = answer.response.headers().get_all(WARNING).iter().any(says_more);
        if answer.response.status() == StatusCode::NO_CONTENT {
            return Ok(Found { objects: Vec::new(), more: false });
        }
        let content_type = header(answer.response.headers(), CONTENT_TYPE).map(str::to_owned);
        let body = self.body(ctx, &mut answer.response, limit_bytes).await?;
        drop(answer);
        self.must_be_json(content_type.as_deref(), &body)?;
        let parsed = match &self.options.cpu {
            Some(cpu) if body.len() > INLINE_BYTES => {
                let parsed = ctx.run(cpu.run(move || json::objects(&body))).await?;
                parsed.map_err(|error| failure::unavailable(&self.repository, error))?
            }
            _ => json::objects(&body),
        };
        let objects = parsed.map_err(|rule| failure::malformed(&self.repository, rule))?;
        Ok(Found { objects, more })
    }

    fn must_be_json(&self, content_type: Option<&str>, body: &[u8]) -> Result<(), SourceError> {
        let media = MediaType::new(content_type.unwrap_or(DICOM_JSON));
        let named = media.is(DICOM_JSON) || media.is("application/json");
        if media.is("text/html") || body.trim_ascii_start().starts_with(b"<") {
            return Err(failure::malformed(&self.repository, "PS3.18 §8.7.3: a page of HTML instead of DICOM JSON"));
        }
        if named || body.is_empty() {
            Ok(())
        } else {
            Err(failure::malformed(&self.repository, "PS3.18 §8.7.3: another content type instead of DICOM JSON"))
        }
    }

    pub(crate) async fn body(
        &self,
        ctx: &Ctx,
        response: &mut Response,
        limit_bytes: usize,
    ) -> Result<Bytes, SourceError> {
        let too_large =
            || failure::malformed(&self.repository, format!("the limit of {limit_bytes} bytes for one answer"));
        if response.content_length().is_some_and(|length| length > limit_bytes as u64) {
            return Err(too_large());
        }
        let mut body = bytes::BytesMut::new();
        while let Some(chunk) = self.chunk(ctx, response).await? {
            if body.len() + chunk.len() > limit_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// The next bytes of an answer; `None` at its end. A connection that breaks before the end is an error.
    pub(crate) async fn chunk(&self, ctx: &Ctx, response: &mut Response) -> Result<Option<Bytes>, SourceError> {
        let limit = self.options.idle;
        let chunk = self.within(ctx, limit, Late::Idle(limit), response.chunk()).await?;
        chunk.map_err(|error| failure::transport(&self.repository, error))
    }

    async fn within<T>(
        &self,
        ctx: &Ctx,
        limit: Duration,
        late: Late,
        work: impl Future<Output = T>,
    ) -> Result<T, SourceError> {
        let done = ctx.run(tokio::time::timeout(limit, work)).await?;
        done.map_err(|_| failure::unavailable(&self.repository, late))
    }
}

/// A header's value, where it is text.
pub(crate) fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// When an answer was made (`Date`, RFC 9110 §6.6.1), to the second, Unix milliseconds; not of one that was kept on its way (`Age`).
fn told_ms(headers: &HeaderMap) -> Option<i64> {
    let date = header(headers, DATE).filter(|_| !headers.contains_key(AGE))?;
    Some(chrono::DateTime::parse_from_rfc2822(date).ok()?.timestamp_millis())
}

/// `Warning: 299 …: There are <n> additional results that can be requested.`
fn says_more(warning: &HeaderValue) -> bool {
    warning.to_str().is_ok_and(|text| text.contains("additional results"))
}
