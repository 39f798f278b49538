//! The DIMSE side put together: one AE title, at one port or two, at which objects are stored, searched and retrieved.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use access::{ApplicationEntity, Right};
use adapter_api::Inbox;
use adapter_dimse::{CommitmentOptions, CommitmentService, StoreOptions, StoreService};
use anyhow::{Context, bail};
use dimse::association::Address;
use dimse::{Listener, ListenerOptions, TlsConnector};
use index_model::AeTitle;
use query_retrieve::{Destination, QueryRetrieve};
use registry::Registry;
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsAcceptor;

use crate::app::occupied;
use crate::tls::{self, Acceptor, Outgoing};

/// The DIMSE listener.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Address and port.
    pub(crate) listen: SocketAddr,
    /// Our AE title.
    pub(crate) ae_title: AeTitle,
    /// How long a peer may say nothing between two requests.
    pub(crate) idle_seconds: u64,
    /// Application entities that call on us, or that C-MOVE may send to.
    pub(crate) peer: Vec<Peer>,
    /// The same services over TLS, at a port of their own.
    pub(crate) tls: Option<tls::Port>,
    /// TLS with peers and repositories that we call on.
    pub(crate) outgoing: Outgoing,
}

/// An application entity.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    /// As it calls itself, and as C-MOVE names it.
    pub(crate) ae_title: AeTitle,
    /// Where C-MOVE sends to; absent: it is no destination.
    pub(crate) host: Option<String>,
    /// Its port.
    pub(crate) port: Option<u16>,
    /// Whether it is called on over TLS.
    #[serde(default)]
    pub(crate) tls: bool,
    /// What it may ask for: `query`, `retrieve`, `store`.
    #[serde(default = "usual_rights")]
    pub(crate) may: Vec<Right>,
}

fn usual_rights() -> Vec<Right> {
    vec![Right::Query, Right::Retrieve]
}

impl Default for Config {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant")]
        let ae_title = AeTitle::parse("DICS").expect("DICS is an AE title");
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 11112)),
            ae_title,
            idle_seconds: ListenerOptions::default().lull.as_secs(),
            peer: Vec::new(),
            tls: None,
            outgoing: Outgoing::default(),
        }
    }
}

impl Config {
    /// Checks what types can't.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if !(30..=86_400).contains(&self.idle_seconds) {
            bail!("dimse.idle_seconds is from 30 to 86400");
        }
        for (at, peer) in self.peer.iter().enumerate() {
            let title = &peer.ae_title;
            if peer.host.is_some() != peer.port.is_some() {
                bail!("dimse.peer {title}: a destination of C-MOVE has both host and port");
            }
            if self.peer.iter().take(at).any(|other| other.ae_title == *title) {
                bail!("dimse.peer {title} is there twice: an AE title is registered once");
            }
        }
        Ok(())
    }

    /// Who may call.
    pub(crate) fn entities(&self) -> Vec<ApplicationEntity> {
        let entity = |peer: &Peer| ApplicationEntity { ae_title: peer.ae_title.clone(), may: peer.may.clone() };
        self.peer.iter().map(entity).collect()
    }

    fn destinations(&self, connector: &TlsConnector) -> Vec<Destination> {
        let destination = |peer: &Peer| {
            let (host, port) = peer.host.clone().zip(peer.port)?;
            let tls = peer.tls.then(|| connector.clone());
            Some(Destination { ae_title: peer.ae_title.clone(), address: Address { host, port, tls } })
        };
        self.peer.iter().filter_map(destination).collect()
    }
}

/// Takes the ports; where TLS is served is told too.
pub(crate) async fn bind(
    config: &Config,
    registry: &Registry,
    inbox: Arc<dyn Inbox>,
    store: StoreOptions,
) -> anyhow::Result<(Listener, Option<SocketAddr>)> {
    let connector = config.outgoing.connector().context("dimse.outgoing")?;
    let options = query_retrieve::Options {
        destinations: config.destinations(&connector),
        tls: Some(connector),
        ..query_retrieve::Options::new(config.ae_title.clone())
    };
    let peers = options.destinations.iter().map(|peer| (peer.ae_title.clone(), peer.address.clone())).collect();
    let commitment = CommitmentOptions { own_ae: config.ae_title.clone(), peers };
    let services: Vec<Arc<dyn dimse::Service>> = vec![
        Arc::new(StoreService::new(Arc::clone(&inbox), store)),
        Arc::new(CommitmentService::new(inbox, commitment)),
        Arc::new(QueryRetrieve::new(registry.clone(), options)),
    ];
    let (listen, own_ae) = (config.listen, config.ae_title.clone());
    let options = ListenerOptions { lull: Duration::from_secs(config.idle_seconds), ..ListenerOptions::default() };
    let mut listener =
        Listener::bind(listen, own_ae, services, options).await.with_context(|| occupied("dimse", listen))?;
    let Some(port) = &config.tls else { return Ok((listener, None)) };
    let current = Acceptor::new(&port.files(), &[]).context("dimse.tls")?;
    let tls: dimse::Tls = Arc::new(move || TlsAcceptor::from(current.current()));
    let local = listener.add_tls(port.listen, tls).await.with_context(|| occupied("dimse.tls", port.listen))?;
    Ok((listener, Some(local)))
}
