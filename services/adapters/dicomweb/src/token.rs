//! Tokens by the client credentials grant (RFC 6749 §4.4).

use std::time::{Duration, Instant};

use adapter_api::SourceError;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use index_model::{Credentials, SecretAt};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use runtime::Ctx;
use serde::Deserialize;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::authorization::{Kept, bearer};
use crate::client::Client;
use crate::failure::{self, malformed, not_asked};
use crate::http::plain;

/// Largest answer of a token endpoint, in bytes.
const LIMIT_BYTES: usize = 64 * 1024;
/// A life beyond this is taken for this, in seconds.
const LONGEST_LIFE: u64 = 24 * 3600;
/// The codes of RFC 6749 §5.2; what else an endpoint says is not repeated.
const ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// RFC 6749 §5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<f64>,
}

/// RFC 6749 §5.2.
#[derive(Deserialize)]
struct Denied {
    error: String,
}

fn form(scope: Option<&str>) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if let Some(scope) = scope {
        form.append_pair("scope", scope);
    }
    form.finish()
}

impl Client {
    /// Asks the endpoint for a token.
    ///
    /// # Errors
    /// `Refused` when it does not accept us, `Unavailable` when it does not answer, `Malformed` when it gives something else.
    pub(crate) async fn token(&self, ctx: &Ctx, credentials: &Credentials) -> Result<Kept, SourceError> {
        let Credentials::ClientCredentials { token_url, client_id, client_secret, scope } = credentials else {
            return Err(not_asked(&self.repository, "these credentials are no client's"));
        };
        let url = plain(token_url).ok_or_else(|| not_asked(&self.repository, "tokenUrl is no address over HTTPS"))?;
        let http = self.http.current().map_err(|error| not_asked(&self.repository, error))?;
        let request = http
            .post(url)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .header(AUTHORIZATION, self.as_client(client_id, client_secret)?)
            .body(form(scope.as_deref()));
        let began = Instant::now();
        let mut response = self.first_byte(ctx, request).await?;
        let status = response.status();
        let body = self.body(ctx, &mut response, LIMIT_BYTES).await?;
        if status != StatusCode::OK {
            return Err(self.denied(status, &body));
        }
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| malformed(&self.repository, "RFC 6749 §5.1: the token endpoint gives no token"))?;
        if !granted.token_type.eq_ignore_ascii_case("bearer") {
            return Err(malformed(&self.repository, "RFC 6749 §7.1: the token is not a bearer token"));
        }
        let life = granted.expires_in.map(|seconds| Duration::from_secs((seconds.max(0.0) as u64).min(LONGEST_LIFE)));
        bearer(&granted.access_token, life, began).map_err(|error| malformed(&self.repository, error.to_string()))
    }

    /// `client_secret_basic` (RFC 6749 §2.3.1): both encoded as in a form, then as a user and password.
    fn as_client(&self, id: &str, secret: &SecretAt) -> Result<HeaderValue, SourceError> {
        let secret = self.options.secrets.read(secret).map_err(|error| not_asked(&self.repository, error))?;
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = BASE64_STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret.expose())));
        let mut value =
            HeaderValue::from_str(&format!("Basic {pair}")).map_err(|error| not_asked(&self.repository, error))?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn denied(&self, status: StatusCode, body: &[u8]) -> SourceError {
        let denied = serde_json::from_slice::<Denied>(body).ok();
        let code = denied.and_then(|denied| ERRORS.into_iter().find(|code| *code == denied.error));
        if !status.is_client_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
            return failure::status_of(&self.repository, status, "the token endpoint");
        }
        let said = code.map(|code| format!(", {code}")).unwrap_or_default();
        SourceError::Refused {
            repository: self.repository.clone(),
            reason: format!(
                "the token endpoint gives us no token (status {status}{said}): check clientId, clientSecret and scope"
            ),
        }
    }
}
