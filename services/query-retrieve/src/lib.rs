//! The query/retrieve face over DIMSE, for workstations that speak nothing else: C-FIND, C-MOVE and C-GET of PS3.4 annex C as their
//! provider, in the Patient Root and Study Root models, over the same registry, permits and audit as the web face.
//!
//! It is one [`dimse::Service`] of the listener; C-STORE is another. Who calls is known by AE title, and `access` decides what that
//! caller may. Matches are answered page by page, objects are streamed, and each ends at the next C-CANCEL.
#![forbid(unsafe_code)]
// The future of a retrieval goes from the association down to the database.
#![recursion_limit = "256"]

mod answer;
mod asked;
mod asker;
mod failure;
mod find;
mod get;
mod json;
mod model;
mod moving;
mod progress;
mod retrieval;
mod selection;
mod sending;

use std::sync::Arc;
use std::time::Duration;

use access::{Caller, Refused, Right};
use async_trait::async_trait;
use dimse::association::{Address, Answer, AssociationError, Proposed, Roles};
use dimse::message::{Request, Response, Status};
use dimse::uids::{OBJECT_TRANSFER_SYNTAXES, PLAIN_TRANSFER_SYNTAXES, is_storage};
use dimse::{Peer, Service, Serving, TlsConnector};
use index_model::{AeTitle, DimseAddress};
use registry::Registry;

pub use answer::{instance_keys, patient_keys, series_keys, study_keys};
pub use model::{Extensions, Model, SOP_CLASSES, SopClass, Transaction};

/// Where C-MOVE may send to.
#[derive(Debug, Clone)]
pub struct Destination {
    /// As C-MOVE names it.
    pub ae_title: AeTitle,
    /// Where it is.
    pub address: Address,
}

/// How the face is set up.
#[derive(Clone)]
pub struct Options {
    /// Our AE title: RetrieveAETitle, and how we call on destinations.
    pub own_ae: AeTitle,
    /// Registered destinations; DIMSE repositories are others.
    pub destinations: Vec<Destination>,
    /// How TLS is spoken with repositories that want it.
    pub tls: Option<TlsConnector>,
    /// Matches that are looked up at a time.
    pub page: u32,
    /// To connect to a destination and agree on an association.
    pub association: Duration,
    /// How long a destination may take for one object.
    pub patience: Duration,
    /// While an object is fetched or sent, a pending response tells the caller every so often that we are at work.
    pub heartbeat: Duration,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("own_ae", &self.own_ae).finish_non_exhaustive()
    }
}

impl Options {
    /// The usual, with our AE title.
    pub fn new(own_ae: AeTitle) -> Self {
        Self {
            own_ae,
            destinations: Vec::new(),
            tls: None,
            page: 500,
            association: Duration::from_secs(10),
            patience: Duration::from_secs(60),
            heartbeat: Duration::from_secs(5),
        }
    }
}

/// The service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct QueryRetrieve {
    registry: Registry,
    options: Arc<Options>,
}

impl QueryRetrieve {
    /// The face of `registry`.
    pub fn new(registry: Registry, options: Options) -> Self {
        Self { registry, options: Arc::new(options) }
    }

    /// Where an AE title is, when it is registered: as a peer, or as a DIMSE repository.
    fn destination(&self, ae_title: &AeTitle) -> Option<Destination> {
        let registered = self.options.destinations.iter().find(|one| one.ae_title == *ae_title).cloned();
        registered.or_else(|| {
            let DimseAddress { host, port, ae_title, tls, .. } = self.registry.dimse_address(ae_title)?;
            // Where it wants TLS and we have none, it is not called on in clear.
            let tls = if tls { Some(self.options.tls.clone()?) } else { None };
            Some(Destination { ae_title, address: Address { host, port, tls } })
        })
    }

    fn caller(&self, peer: &Peer) -> Result<Caller, Refused> {
        self.registry.access().application_entity(&peer.ae_title, peer.address)
    }
}

#[async_trait]
impl Service for QueryRetrieve {
    async fn admits(&self, peer: &Peer) -> bool {
        self.caller(peer).is_ok_and(|caller| caller.may(Right::Query) || caller.may(Right::Retrieve))
    }

    fn serves(&self, sop_class: &str) -> bool {
        SopClass::of(sop_class).is_some()
    }

    /// Our own SOP classes, and every storage class in which the peer offers to be stored to (C-GET). Of several transfer syntaxes in one
    /// context the uncompressed ones are taken, because everything that can be decoded can be sent in them.
    fn choose(&self, proposed: Proposed<'_>) -> Answer {
        let as_storage_provider = Roles { scu: false, scp: true };
        if self.serves(proposed.abstract_syntax) {
            return proposed.first_of(&PLAIN_TRANSFER_SYNTAXES, Roles::DEFAULT);
        }
        if !is_storage(proposed.abstract_syntax) {
            return Answer::UnknownAbstractSyntax;
        }
        match proposed.first_of(&PLAIN_TRANSFER_SYNTAXES, as_storage_provider) {
            Answer::UnknownTransferSyntaxes => proposed.first_of(&OBJECT_TRANSFER_SYNTAXES, as_storage_provider),
            answer => answer,
        }
    }

    fn extend(&self, sop_class: &str, asked: &[u8]) -> Option<Vec<u8>> {
        SopClass::of(sop_class).map(|class| class.extend(asked))
    }

    async fn serve(&self, request: Request, on: Serving<'_>) -> Result<(), AssociationError> {
        let (operation, message_id) = (request.operation(), request.message_id());
        let of_context = on.association.context(on.context).and_then(|context| SopClass::of(&context.abstract_syntax));
        let (class, status) = match (&request, of_context) {
            (
                Request::Find { sop_class, .. } | Request::Get { sop_class, .. } | Request::Move { sop_class, .. },
                Some(class),
            ) if class.transaction.operation() == operation => {
                (Some(class).filter(|class| class.uid == sop_class.as_str()), Status::SOP_CLASS_NOT_SUPPORTED)
            }
            _ => (None, Status::UNRECOGNISED_OPERATION),
        };
        let Some(class) = class else {
            on.association.skip_data_set(on.context, 1 << 30).await?;
            return on.association.answer(on.context, Response::to(operation, message_id, status), None).await;
        };
        match request {
            Request::Move { destination, .. } => {
                Box::pin(retrieval::serve(self, class, message_id, Some(destination), on)).await
            }
            Request::Get { .. } => Box::pin(retrieval::serve(self, class, message_id, None, on)).await,
            _ => Box::pin(find::serve(self, class, message_id, on)).await,
        }
    }
}
