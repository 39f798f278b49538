//! TLS for the listeners, as BCP 195 (RFC 9325) wants it: versions 1.2 and 1.3, the provider's suites, keys and certificates from files.
//!
//! Files that change are read again, so that a renewed certificate needs no restart.

mod outgoing;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::{Deserialize, Serialize};

pub(crate) use outgoing::Outgoing;

/// Files are looked at this often at most.
const LOOK: Duration = Duration::from_secs(10);

/// Who we are to those who connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// PEM: our certificate, then those between it and the root.
    pub(crate) certificate: PathBuf,
    /// PEM: its private key.
    pub(crate) key: PathBuf,
    /// PEM: who must have signed the certificate of those who connect. Absent: they need none.
    #[serde(default)]
    pub(crate) client_ca: Option<PathBuf>,
}

/// A port at which the same is spoken over TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Port {
    /// Address and port.
    pub(crate) listen: SocketAddr,
    /// PEM: our certificate, then those between it and the root.
    pub(crate) certificate: PathBuf,
    /// PEM: its private key.
    pub(crate) key: PathBuf,
    /// PEM: who must have signed the certificate of those who connect. Absent: they need none.
    #[serde(default)]
    pub(crate) client_ca: Option<PathBuf>,
}

impl Port {
    /// Its files.
    pub(crate) fn files(&self) -> Tls {
        Tls { certificate: self.certificate.clone(), key: self.key.clone(), client_ca: self.client_ca.clone() }
    }
}

impl Tls {
    /// Reads the files.
    fn load(&self, protocols: &[&[u8]]) -> anyhow::Result<ServerConfig> {
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .with_context(|| format!("{} has no private key in PEM", self.key.display()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                certificates(file)?.into_iter().try_for_each(|root| roots.add(root))?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(chain, key).with_context(|| {
            format!("{} and {} do not belong together", self.certificate.display(), self.key.display())
        })?;
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }

    /// When each file was changed last.
    fn changed(&self) -> Vec<Option<SystemTime>> {
        let files = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()];
        files.into_iter().flatten().map(|file| std::fs::metadata(file).and_then(|file| file.modified()).ok()).collect()
    }
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.with_context(|| format!("{} can't be read as certificates in PEM", file.display()))?;
    if chain.is_empty() {
        bail!("{} has no certificate in PEM", file.display());
    }
    Ok(chain)
}

/// A listener's configuration, read again when its files change.
#[derive(Debug)]
pub(crate) struct Acceptor {
    tls: Tls,
    protocols: &'static [&'static [u8]],
    loaded: Mutex<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    changed: Vec<Option<SystemTime>>,
    looked: Instant,
}

impl Acceptor {
    /// Reads the files for the first time. `protocols` are offered by ALPN, ours first.
    pub(crate) fn new(tls: &Tls, protocols: &'static [&'static [u8]]) -> anyhow::Result<Self> {
        let changed = tls.changed();
        let config = Arc::new(tls.load(protocols)?);
        let loaded = Mutex::new(Loaded { config, changed, looked: Instant::now() });
        Ok(Self { tls: tls.clone(), protocols, loaded })
    }

    /// What the next connection is accepted with. Files that can't be used leave the last ones in force.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.looked.elapsed() >= LOOK {
            loaded.looked = Instant::now();
            self.look_again(&mut loaded);
        }
        Arc::clone(&loaded.config)
    }

    fn look_again(&self, loaded: &mut Loaded) {
        let changed = self.tls.changed();
        if changed == loaded.changed {
            return;
        }
        match self.tls.load(self.protocols) {
            Ok(config) => {
                loaded.config = Arc::new(config);
                tracing::info!("the renewed certificate is in use");
            }
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "the certificate that was changed can't be used")
            }
        }
        loaded.changed = changed;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::{Acceptor, Tls};

    /// A certificate for `localhost` and its key, in files, and the certificate's bytes.
    pub(crate) fn identity(folder: &Path) -> (Tls, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let tls = Tls { certificate: folder.join("cert.pem"), key: folder.join("key.pem"), client_ca: None };
        std::fs::write(&tls.certificate, made.cert.pem()).unwrap();
        std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
        (tls, made.cert.der().to_vec())
    }

    #[test]
    fn a_changed_certificate_is_read_again_and_a_broken_one_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let (tls, _) = identity(folder.path());
        let acceptor = Acceptor::new(&tls, &[b"h2"]).unwrap();
        let first = acceptor.current();
        let look = || {
            let mut loaded = acceptor.loaded.lock().unwrap();
            loaded.changed = Vec::new();
            acceptor.look_again(&mut loaded);
            Arc::clone(&loaded.config)
        };
        std::fs::write(&tls.key, "nothing").unwrap();
        assert!(Arc::ptr_eq(&first, &look()));
        identity(folder.path());
        assert!(!Arc::ptr_eq(&first, &look()));
    }

    #[test]
    fn what_is_wrong_with_the_files_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let (tls, _) = identity(folder.path());
        let error = |tls: &Tls| format!("{:#}", Acceptor::new(tls, &[]).unwrap_err());
        let absent = Tls { certificate: folder.path().join("absent.pem"), ..tls.clone() };
        assert!(error(&absent).contains("absent.pem"));
        let swapped = Tls { certificate: tls.key.clone(), key: tls.certificate.clone(), client_ca: None };
        assert!(error(&swapped).contains("has no certificate"));
        std::fs::create_dir(folder.path().join("other")).unwrap();
        let (other, _) = identity(&folder.path().join("other"));
        assert!(error(&Tls { key: other.key, ..tls }).contains("do not belong together"));
    }
}
