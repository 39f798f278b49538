//! TLS with those that we call on (PS3.15 §B.12).

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use dimse::TlsConnector;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use serde::{Deserialize, Serialize};

use super::certificates;

/// Whom we trust, and who we are to those we call on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Outgoing {
    /// PEM: who must have signed a peer's certificate. Absent: whom this machine trusts.
    pub(crate) ca: Option<PathBuf>,
    /// PEM: our certificate, for peers that ask for one; then those between it and the root.
    pub(crate) certificate: Option<PathBuf>,
    /// PEM: its private key.
    pub(crate) key: Option<PathBuf>,
}

impl Outgoing {
    /// Reads the files.
    pub(crate) fn connector(&self) -> anyhow::Result<TlsConnector> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = match &self.ca {
            None => builder.with_platform_verifier()?,
            Some(file) => {
                let mut roots = RootCertStore::empty();
                certificates(file)?.into_iter().try_for_each(|root| roots.add(root))?;
                builder.with_root_certificates(roots)
            }
        };
        let config = match (&self.certificate, &self.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let chain = certificates(certificate)?;
                let private = PrivateKeyDer::from_pem_file(key)
                    .with_context(|| format!("{} has no private key in PEM", key.display()))?;
                builder.with_client_auth_cert(chain, private).with_context(|| {
                    format!("{} and {} do not belong together", certificate.display(), key.display())
                })?
            }
            _ => bail!("certificate and key go together"),
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }
}
