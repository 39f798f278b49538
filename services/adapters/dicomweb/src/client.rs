//! One request and its answer, with all their bounds.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use adapter_api::SourceError;
use bytes::Bytes;
use index_model::{RepositoryCode, RepositoryDefinition};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, WARNING,
};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Response, StatusCode};
use runtime::Ctx;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use crate::failure::{self, Late};
use crate::json::{self, Objects};
use crate::media_type::MediaType;
use crate::options::{DicomwebOptions, InvalidSource};

/// JSON larger than this is parsed on the CPU pool.
const INLINE_BYTES: usize = 64 * 1024;
/// Redirects that are followed, all on the same host.
const REDIRECT_LIMIT: usize = 5;
const DICOM_JSON: &str = "application/dicom+json";

/// A DICOMweb server and the ways to ask it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) repository: RepositoryCode,
    pub(crate) base: Url,
    pub(crate) options: DicomwebOptions,
    http: reqwest::Client,
    permits: Arc<Semaphore>,
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
        Ok(Self {
            repository: definition.code.clone(),
            http: http(&options)?,
            base,
            permits: Arc::new(Semaphore::new(definition.concurrency.max(1) as usize)),
            options,
        })
    }

    /// Sends a request below the base, `studies?…`, and waits for the head of its answer, whatever its status.
    pub(crate) async fn send(&self, ctx: &Ctx, path: &str, accept: &'static str) -> Result<Answer, SourceError> {
        let url = Url::parse(&format!("{}/{path}", self.base))
            .map_err(|error| failure::unavailable(&self.repository, error))?;
        let permit = ctx.run(Arc::clone(&self.permits).acquire_owned()).await?;
        let permit = permit.map_err(|error| failure::unavailable(&self.repository, error))?;
        let request = self.http.get(url).header(ACCEPT, HeaderValue::from_static(accept)).send();
        let limit = self.options.connect + self.options.first_byte;
        let sent = self.within(ctx, limit, Late::FirstByte(limit), request).await?;
        let response = sent.map_err(|error| failure::transport(&self.repository, error))?;
        Ok(Answer { response, _permit: permit })
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

    async fn body(&self, ctx: &Ctx, response: &mut Response, limit_bytes: usize) -> Result<Bytes, SourceError> {
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

/// `Warning: 299 …: There are <n> additional results that can be requested.`
fn says_more(warning: &HeaderValue) -> bool {
    warning.to_str().is_ok_and(|text| text.contains("additional results"))
}

/// The base without a trailing slash.
fn base(text: &str) -> Option<Url> {
    let mut url = Url::parse(text.trim()).ok()?;
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Some(url)
}

fn http(options: &DicomwebOptions) -> Result<reqwest::Client, InvalidSource> {
    let mut headers = HeaderMap::new();
    if let Some(authorization) = &options.authorization {
        let mut value = HeaderValue::from_str(authorization.expose()).map_err(|_| InvalidSource::Authorization)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("dics/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .connect_timeout(options.connect)
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_nodelay(true)
        .redirect(Policy::custom(same_host))
        .no_proxy();
    if let Some(pem) = &options.root_certificates_pem {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(InvalidSource::Tls)?;
        builder = builder.tls_certs_merge(certificates);
    }
    if let Some(pem) = &options.identity_pem {
        builder = builder.identity(reqwest::Identity::from_pem(pem).map_err(InvalidSource::Tls)?);
    }
    builder.build().map_err(InvalidSource::Tls)
}

/// Follows a redirect within the host that was asked, never from https to http; else the redirect itself is the answer.
fn same_host(attempt: Attempt<'_>) -> Action {
    let target = attempt.url();
    let same = attempt.previous().first().is_some_and(|asked| {
        let upgraded =
            asked.scheme() == "http" && target.scheme() == "https" && asked.port().is_none() && target.port().is_none();
        let origin =
            asked.scheme() == target.scheme() && asked.port_or_known_default() == target.port_or_known_default();
        asked.host() == target.host() && (origin || upgraded)
    });
    if same && attempt.previous().len() <= REDIRECT_LIMIT { attempt.follow() } else { attempt.stop() }
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn a_base_is_http_with_a_host_and_nothing_secret() {
        let path = |text: &str| base(text).map(|url| url.to_string());
        assert_eq!(path("http://pacs.example:8042/dicom-web/").as_deref(), Some("http://pacs.example:8042/dicom-web"));
        for wrong in [
            "pacs.example",
            "ftp://pacs.example",
            "http://me:secret@pacs.example",
            "http://pacs.example/?q=1",
            "file:///tmp",
        ] {
            assert_eq!(path(wrong), None, "{wrong}");
        }
    }
}
