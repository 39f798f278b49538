//! What is served at a listener: each service has its SOP classes, and decides who may use them.

use std::net::IpAddr;

use async_trait::async_trait;
use index_model::AeTitle;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::association::{Answer, Association, AssociationError, Proposed};
use crate::message::Request;

/// A byte stream of a listener: TCP, or TLS over it.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

/// The stream below an association of a listener.
pub type Connection = Box<dyn Stream>;

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// As it calls itself.
    pub ae_title: AeTitle,
    /// Where the connection comes from.
    pub address: IpAddr,
}

/// A DIMSE service as its provider.
#[async_trait]
pub trait Service: std::fmt::Debug + Send + Sync + 'static {
    /// Whether this peer may use it. A peer that may use no service gets no association.
    async fn admits(&self, peer: &Peer) -> bool;

    /// Whether requests of this SOP class are its own.
    fn serves(&self, sop_class: &str) -> bool;

    /// What becomes of a presentation context; [`Answer::UnknownAbstractSyntax`] for what is none of its own.
    fn choose(&self, proposed: Proposed<'_>) -> Answer;

    /// Answers extended negotiation of a SOP class of its own (PS3.7 §D.3.3.5).
    fn extend(&self, _sop_class: &str, _asked: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// Carries out one request: reads its data set, if any, and answers. An error ends the association.
    async fn serve(&self, request: Request, on: Serving<'_>) -> Result<(), AssociationError>;
}

/// Where a request came from, and where its answer goes.
pub struct Serving<'a> {
    /// The association, on which nothing else goes on meanwhile.
    pub association: &'a mut Association<Connection>,
    /// The presentation context of the request.
    pub context: u8,
    /// Who asks.
    pub peer: &'a Peer,
}

impl std::fmt::Debug for Serving<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serving").field("context", &self.context).field("peer", &self.peer).finish_non_exhaustive()
    }
}
