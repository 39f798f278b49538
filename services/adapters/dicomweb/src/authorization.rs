//! Who we say that we are: the value of `Authorization`, and when it is made anew.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use index_model::Credentials;
use reqwest::header::HeaderValue;
use tokio::sync::Semaphore;

use crate::secret::{Secrets, Unreadable};

/// How long what was read from a file is believed: whoever renews it need not tell us.
const BELIEVED: Duration = Duration::from_secs(10);
/// How long before its end a token is renewed, unless that is more than half of its life.
const MARGIN: Duration = Duration::from_secs(60);
/// Life of a token whose endpoint does not tell (RFC 6749 §5.1 leaves it open).
const UNTOLD: Duration = Duration::from_secs(60);

/// What is sent, until when it is believed and until when it can still be used.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) header: HeaderValue,
    renew: Instant,
    end: Option<Instant>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The secret has a character that a header can't carry.
#[derive(Debug, thiserror::Error)]
#[error("the secret has characters that a header can't carry: it must be plain ASCII without line breaks")]
pub(crate) struct Unsendable;

/// The credentials of one source, and what was made of them last.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) credentials: Credentials,
    kept: Mutex<Option<Kept>>,
    /// One at a time asks for a token; the others wait for that one.
    pub(crate) turn: Semaphore,
}

impl Authorization {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self { credentials, kept: Mutex::default(), turn: Semaphore::new(1) }
    }

    /// What need not be made anew yet.
    pub(crate) fn fresh(&self) -> Option<HeaderValue> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|kept| Instant::now() < kept.renew).map(|kept| kept.header.clone())
    }

    /// What can still be used while nothing newer is to be had.
    pub(crate) fn usable(&self) -> Option<HeaderValue> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|kept| kept.end.is_some_and(|end| Instant::now() < end)).map(|kept| kept.header.clone())
    }

    /// The server does not accept this one any more.
    pub(crate) fn forget(&self, refused: &HeaderValue) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_some_and(|kept| kept.header == *refused) {
            *kept = None;
        }
    }

    pub(crate) fn keep(&self, kept: Kept) -> HeaderValue {
        let header = kept.header.clone();
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        header
    }
}

/// A token that lives so long, as its endpoint says.
pub(crate) fn bearer(token: &str, life: Option<Duration>, now: Instant) -> Result<Kept, Unsendable> {
    let life = life.unwrap_or(UNTOLD);
    let header = sensitive(&format!("Bearer {token}"))?;
    Ok(Kept { header, renew: now + life - MARGIN.min(life / 2), end: Some(now + life) })
}

/// What is made of secrets that are read as they are.
pub(crate) fn of_secret(credentials: &Credentials, secrets: &Secrets) -> Result<Option<Kept>, NoAuthorization> {
    let text = match credentials {
        Credentials::Bearer { token } => format!("Bearer {}", secrets.read(token)?.expose()),
        Credentials::Basic { user, password } => {
            let pair = format!("{user}:{}", secrets.read(password)?.expose());
            format!("Basic {}", BASE64_STANDARD.encode(pair))
        }
        Credentials::ClientCredentials { .. } => return Ok(None),
    };
    Ok(Some(Kept { header: sensitive(&text)?, renew: Instant::now() + BELIEVED, end: None }))
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAuthorization {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Unsendable(#[from] Unsendable),
}

fn sensitive(text: &str) -> Result<HeaderValue, Unsendable> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Unsendable)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_before_its_end_and_no_earlier_than_half_of_its_life() {
        let now = Instant::now();
        for (life, renewed) in [(3600, 3540), (120, 60), (20, 10), (0, 0)] {
            let kept = bearer("t", Some(Duration::from_secs(life)), now).unwrap();
            assert_eq!((kept.renew - now).as_secs(), renewed, "{life}");
            assert_eq!(kept.end, Some(now + Duration::from_secs(life)));
        }
        assert_eq!(bearer("t", None, now).unwrap().end, Some(now + UNTOLD));
        assert!(bearer("a\nb", None, now).is_err());
    }

    #[test]
    fn only_what_was_refused_is_forgotten_and_none_of_it_is_printed() {
        let credentials = Credentials::Bearer { token: index_model::SecretAt::File("t".into()) };
        let authorization = Authorization::new(credentials);
        let old = authorization.keep(bearer("old", Some(MARGIN), Instant::now()).unwrap());
        let new = authorization.keep(bearer("new", Some(MARGIN), Instant::now()).unwrap());
        authorization.forget(&old);
        assert_eq!(authorization.fresh(), Some(new.clone()));
        assert!(!format!("{authorization:?} {new:?}").contains("new"));
        authorization.forget(&new);
        assert_eq!((authorization.fresh(), authorization.usable()), (None, None));
    }
}
