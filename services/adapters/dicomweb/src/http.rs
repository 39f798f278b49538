//! The HTTP client of one source: where it may be led, whom it trusts and what certificate it shows.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use index_model::TlsFiles;
use reqwest::redirect::{Action, Attempt, Policy};
use url::Url;

use crate::options::DicomwebOptions;
use crate::secret::{Secrets, Unreadable};

/// Redirects that are followed, all on the same host.
const REDIRECT_LIMIT: usize = 5;
/// How often it is looked whether files have changed.
const LOOK: Duration = Duration::from_secs(10);

/// Why there is no client. What is said names files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoClient {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("{0} has no certificates in PEM that can be used")]
    Authorities(String),
    #[error("{0} and {1} are not a certificate in PEM and its key")]
    Identity(String, String),
    #[error("the client could not be made")]
    Client(#[source] reqwest::Error),
}

/// A client that is made anew when its certificates are renewed.
#[derive(Debug)]
pub(crate) struct Http {
    files: TlsFiles,
    secrets: Secrets,
    connect: Duration,
    loaded: Mutex<Option<Loaded>>,
}

#[derive(Debug)]
struct Loaded {
    client: reqwest::Client,
    changed: Vec<Option<SystemTime>>,
    looked: Instant,
}

impl Http {
    pub(crate) fn new(files: Option<TlsFiles>, options: &DicomwebOptions) -> Self {
        let (secrets, connect) = (options.secrets.clone(), options.connect);
        Self { files: files.unwrap_or_default(), secrets, connect, loaded: Mutex::default() }
    }

    /// What the next request is sent with. Files that can't be used leave the last ones in force.
    pub(crate) fn current(&self) -> Result<reqwest::Client, NoClient> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = loaded.as_ref().filter(|loaded| loaded.looked.elapsed() < LOOK) {
            return Ok(loaded.client.clone());
        }
        let changed = self.changed();
        if let Some(loaded) = loaded.as_mut().filter(|loaded| loaded.changed == changed) {
            loaded.looked = Instant::now();
            return Ok(loaded.client.clone());
        }
        let client = match (self.make(), loaded.as_ref()) {
            (Ok(client), _) => client,
            (Err(error), None) => return Err(error),
            (Err(error), Some(last)) => {
                tracing::error!(error = %error, "certificates for a repository were changed and can't be used");
                last.client.clone()
            }
        };
        *loaded = Some(Loaded { client: client.clone(), changed, looked: Instant::now() });
        Ok(client)
    }

    fn changed(&self) -> Vec<Option<SystemTime>> {
        let files = [&self.files.ca, &self.files.certificate, &self.files.key].into_iter().flatten();
        let time = |file: &String| std::fs::metadata(self.secrets.path(file).ok()?).ok()?.modified().ok();
        files.map(time).collect()
    }

    fn make(&self) -> Result<reqwest::Client, NoClient> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("dics/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .redirect(Policy::custom(same_host))
            .no_proxy();
        if let Some(file) = &self.files.ca {
            let roots = reqwest::Certificate::from_pem_bundle(&self.secrets.file(file)?);
            let roots = roots.ok().filter(|roots| !roots.is_empty());
            builder = builder.tls_certs_only(roots.ok_or_else(|| NoClient::Authorities(file.clone()))?);
        }
        if let (Some(certificate), Some(key)) = (&self.files.certificate, &self.files.key) {
            let mut pem = self.secrets.file(certificate)?;
            pem.push(b'\n');
            pem.extend(self.secrets.file(key)?);
            let identity = reqwest::Identity::from_pem(&pem);
            let wrong = |_| NoClient::Identity(certificate.clone(), key.clone());
            builder = builder.identity(identity.map_err(wrong)?);
            return builder.build().map_err(wrong);
        }
        builder.build().map_err(NoClient::Client)
    }
}

/// The base without a trailing slash.
pub(crate) fn base(text: &str) -> Option<Url> {
    let mut url = plain(text)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url.query().is_none().then_some(url)
}

/// An address over HTTP with nothing secret in it.
pub(crate) fn plain(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (plain && matches!(url.scheme(), "http" | "https") && url.host().is_some()).then_some(url)
}

/// Whether what is sent to it can be read on its way: without TLS, and further than this machine.
pub(crate) fn is_overheard(url: &Url) -> bool {
    let here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() != "https" && !here
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
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{base, is_overheard};
    use url::Url;

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

    #[test]
    fn credentials_are_overheard_without_tls_beyond_this_machine() {
        let overheard = |text: &str| is_overheard(&Url::parse(text).unwrap());
        assert!(overheard("http://pacs.example/dicom-web") && overheard("http://10.0.0.1/"));
        assert!(
            !overheard("https://pacs.example/") && !overheard("http://127.0.0.1:8042/") && !overheard("http://[::1]/")
        );
    }
}
