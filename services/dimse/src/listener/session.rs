//! One association of a listener.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use index_model::AeTitle;
use tokio_util::sync::CancellationToken;

use super::limits::{Full, Place};
use super::{ListenerOptions, Shared};
use crate::association::{Answer, Association, AssociationError, Invitation, Proposed, Rejection, Roles};
use crate::message::{Command, Operation, Request, Response, Status};
use crate::service::{Connection, Peer, Service, Serving};
use crate::uids::{PLAIN_TRANSFER_SYNTAXES, VERIFICATION};

/// A data set that comes with a request that nobody serves is read past up to this size.
const UNSERVED_BYTES: u64 = 1 << 30;

/// What a new connection asks for.
pub(super) async fn asked(stream: Connection, options: &ListenerOptions) -> Option<Invitation<Connection>> {
    match Invitation::read(stream, options.association).await {
        Ok(invitation) => Some(invitation),
        Err(error) => {
            tracing::info!(error = %error, "a connection came to no association");
            None
        }
    }
}

/// Serves what was asked for to its end. Whatever the peer does, it ends here.
pub(super) async fn serve(invitation: Invitation<Connection>, from: IpAddr, shared: &Shared, stop: &CancellationToken) {
    let started = Instant::now();
    let admitted = match admit(&invitation, from, shared).await {
        Ok(admitted) => admitted,
        Err(reason) => {
            tracing::info!(reason = %reason, "association rejected");
            metrics::counter!("dics_dimse_rejected_total", "reason" => reason.to_string()).increment(1);
            return invitation.reject(reason).await;
        }
    };
    let (choose, extend) = (
        |proposed: Proposed<'_>| admitted.choose(proposed),
        |class: &str, asked: &[u8]| admitted.of(class).and_then(|service| service.extend(class, asked)),
    );
    let calling = admitted.peer.ae_title.clone();
    let mut association = match invitation.accept_extended(choose, extend).await {
        Ok(association) => association,
        Err(error) => {
            tracing::info!(ae_title = %calling, error = %error, "association not accepted by its own requestor");
            return;
        }
    };
    association.set_patience(shared.options.idle);
    let mut requests = 0u64;
    let end = admitted.messages(&mut association, &shared.options, stop, &mut requests).await;
    // What is left is a good-bye, for which nobody else has to wait.
    drop(admitted);
    let duration_ms = started.elapsed().as_millis();
    match end {
        Ok(()) => {
            tracing::debug!(ae_title = %calling, requests, duration_ms, "association released");
            association.closed().await;
        }
        Err(error) => {
            tracing::info!(ae_title = %calling, requests, duration_ms, error = %error, "association ended early");
            if !error.is_gone() {
                association.abort().await;
            }
        }
    }
}

/// A peer that came in, and the services that it may use.
struct Admitted<'a> {
    peer: Peer,
    services: Vec<&'a Arc<dyn Service>>,
    place: Place<'a>,
}

/// Who may come in: a caller that some service knows, who asks for us, while there is room.
async fn admit<'a>(
    invitation: &Invitation<Connection>,
    from: IpAddr,
    shared: &'a Shared,
) -> Result<Admitted<'a>, Rejection> {
    if invitation.called().trim_matches([' ', '\0']) != shared.own_ae.as_str() {
        return Err(Rejection::CALLED_AE_TITLE);
    }
    let ae_title = AeTitle::parse(invitation.calling()).map_err(|_| Rejection::CALLING_AE_TITLE)?;
    let peer = Peer { ae_title, address: from };
    let mut services = Vec::new();
    for service in &shared.services {
        if service.admits(&peer).await {
            services.push(service);
        }
    }
    if services.is_empty() {
        return Err(Rejection::CALLING_AE_TITLE);
    }
    match shared.limits.association(&peer.ae_title, shared.options.idle).await {
        Ok(place) => Ok(Admitted { peer, services, place }),
        Err(Full::Everywhere) => Err(Rejection::CONGESTION),
        Err(Full::ForThisPeer) => Err(Rejection::LOCAL_LIMIT),
    }
}

impl Admitted<'_> {
    /// The service that has this SOP class.
    fn of(&self, sop_class: &str) -> Option<&Arc<dyn Service>> {
        self.services.iter().find(|service| service.serves(sop_class)).copied()
    }

    /// Verification is for everybody; a storage class may be wanted from one service and offered to another at once.
    fn choose(&self, proposed: Proposed<'_>) -> Answer {
        if proposed.abstract_syntax == VERIFICATION {
            return proposed.first_of(&PLAIN_TRANSFER_SYNTAXES, Roles::DEFAULT);
        }
        let mut agreed = Answer::UnknownAbstractSyntax;
        for service in &self.services {
            agreed = match (agreed, service.choose(proposed)) {
                (Answer::Accept(syntax, one), Answer::Accept(_, other)) => {
                    Answer::Accept(syntax, Roles { scu: one.scu || other.scu, scp: one.scp || other.scp })
                }
                (accepted @ Answer::Accept(..), _) => accepted,
                (unfit, Answer::UnknownAbstractSyntax) => unfit,
                (_, other) => other,
            };
        }
        agreed
    }

    /// Messages until the peer releases, or something ends the association.
    async fn messages(
        &self,
        association: &mut Association<Connection>,
        options: &ListenerOptions,
        stop: &CancellationToken,
        requests: &mut u64,
    ) -> Result<(), AssociationError> {
        loop {
            let waiting = self.place.wait();
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => return Err(AssociationError::Stopping),
                () = waiting.given_up() => return Err(AssociationError::GivenUp),
                next = association.receive_after(options.lull) => next?,
            };
            drop(waiting);
            let Some((context, command)) = next else { return Ok(()) };
            let Command::Request(request) = command else {
                return Err(AssociationError::Broken("a response to a provider (PS3.7 §9.1)"));
            };
            *requests += 1;
            in_grace(self.request(association, context, request), stop, options.grace).await?;
        }
    }

    async fn request(
        &self,
        association: &mut Association<Connection>,
        context: u8,
        request: Request,
    ) -> Result<(), AssociationError> {
        let (operation, message_id, has_data, status) = match request {
            Request::Echo { message_id } => {
                let of = association.context(context).map(|context| &*context.abstract_syntax);
                let served = of == Some(VERIFICATION);
                let status = if served { Status::SUCCESS } else { Status::SOP_CLASS_NOT_SUPPORTED };
                (Operation::Echo, message_id, false, status)
            }
            // Nothing is under way that could be cancelled.
            Request::Cancel { .. } => return Ok(()),
            Request::Unusable { operation, message_id, has_data, status } => (operation, message_id, has_data, status),
            request => {
                let of = association.context(context).filter(|context| context.roles.scu);
                if let Some(service) = of.and_then(|context| self.of(&context.abstract_syntax)) {
                    let peer = &self.peer;
                    return service.serve(request, Serving { association, context, peer }).await;
                }
                (request.operation(), request.message_id(), true, Status::SOP_CLASS_NOT_SUPPORTED)
            }
        };
        if has_data {
            association.skip_data_set(context, UNSERVED_BYTES).await?;
        }
        association.answer(context, Response::to(operation, message_id, status), None).await
    }
}

/// Goes on for `grace` after `stop`.
async fn in_grace(
    work: impl Future<Output = Result<(), AssociationError>>,
    stop: &CancellationToken,
    grace: Duration,
) -> Result<(), AssociationError> {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        biased;
        done = work => done,
        () = late => Err(AssociationError::Stopping),
    }
}
