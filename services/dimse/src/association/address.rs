//! Where a peer is reached: over TCP, or TLS upon it (PS3.15 §B.12).

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{AssociationError, Prompt};

/// Where a peer is reached.
#[derive(Clone)]
pub struct Address {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How TLS is spoken with it; absent: in clear. Its certificate must be of `host`.
    pub tls: Option<TlsConnector>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}{}", self.host, self.port, if self.tls.is_some() { " over TLS" } else { "" })
    }
}

impl<H: AsRef<str>> From<(H, u16)> for Address {
    fn from((host, port): (H, u16)) -> Self {
        Self { host: host.as_ref().to_owned(), port, tls: None }
    }
}

impl Address {
    /// Connects, and agrees on TLS where that is spoken.
    pub(super) async fn connect(&self) -> Result<Prompt, AssociationError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(AssociationError::Connect)?;
        let Some(tls) = &self.tls else { return Prompt::new(stream).map_err(AssociationError::Io) };
        stream.set_nodelay(true).map_err(AssociationError::Io)?;
        let name = ServerName::try_from(self.host.clone())
            .map_err(|_| AssociationError::Broken("a host name or an address is wanted for TLS"))?;
        let stream = tls.connect(name, stream).await.map_err(AssociationError::Tls)?;
        Ok(Prompt::over_tls(stream))
    }
}
