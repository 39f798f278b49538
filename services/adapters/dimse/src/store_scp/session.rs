//! One association of the storage receiver.

use adapter_api::{Object, Sender, StoreAnswer};
use index_model::AeTitle;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::limits::{Full, Place};
use crate::association::{Answer, Association, AssociationError, Invitation, Proposed, Rejection};
use crate::deliveries::Beat;
use crate::intake::{Intake, receive_object};
use crate::message::{Command, Operation, Request, Response, Status, StoreRequest};
use crate::uids::{OBJECT_TRANSFER_SYNTAXES, PLAIN_TRANSFER_SYNTAXES, VERIFICATION, is_storage};

/// Serves one connection to its end. Whatever the peer does, it ends here.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, shared: &Shared, stop: &CancellationToken) {
    let started = std::time::Instant::now();
    let invitation = tokio::select! {
        biased;
        () = stop.cancelled() => return,
        invitation = Invitation::read(stream, shared.options.association) => invitation,
    };
    let invitation = match invitation {
        Ok(invitation) => invitation,
        Err(error) => {
            tracing::info!(error = %error, "a connection came to no association");
            return;
        }
    };
    let (calling, place) = match admit(&invitation, shared).await {
        Ok(admitted) => admitted,
        Err(reason) => {
            tracing::info!(reason = %reason, "association rejected");
            metrics::counter!("dics_dimse_rejected_total", "reason" => reason.to_string()).increment(1);
            return invitation.reject(reason).await;
        }
    };
    let mut association = match invitation.accept(choose).await {
        Ok(association) => association,
        Err(error) => {
            tracing::info!(ae_title = %calling, error = %error, "association not accepted by its own requestor");
            return;
        }
    };
    association.set_patience(shared.options.idle);
    let beat = shared.options.deliveries.of(&calling);
    let mut session = Session { shared, from: Sender::AeTitle(calling.clone()), calling, beat, stored: 0, refused: 0 };
    let end = session.messages(&mut association, stop).await;
    let Session { calling, stored, refused, .. } = session;
    let duration_ms = started.elapsed().as_millis();
    match end {
        Ok(()) => {
            tracing::debug!(ae_title = %calling, stored, refused, duration_ms, "association released");
            association.closed().await;
        }
        Err(error) => {
            tracing::info!(ae_title = %calling, stored, refused, duration_ms, error = %error, "association ended early");
            if !error.is_gone() {
                association.abort().await;
            }
        }
    }
    drop(place);
}

/// Who may come in: a known caller, who asks for us, while there is room.
async fn admit<'a, S>(invitation: &Invitation<S>, shared: &'a Shared) -> Result<(AeTitle, Place<'a>), Rejection>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if invitation.called() != shared.own_ae.as_str() {
        return Err(Rejection::CALLED_AE_TITLE);
    }
    let calling = AeTitle::parse(invitation.calling()).map_err(|_| Rejection::CALLING_AE_TITLE)?;
    if !shared.inbox.knows(&calling).await {
        return Err(Rejection::CALLING_AE_TITLE);
    }
    match shared.limits.association(&calling) {
        Ok(place) => Ok((calling, place)),
        Err(Full::Everywhere) => Err(Rejection::CONGESTION),
        Err(Full::ForThisPeer) => Err(Rejection::LOCAL_LIMIT),
    }
}

/// Verification, and every storage class there is or will be, in the first syntax of the peer's that an object may be stored in.
fn choose(proposed: Proposed<'_>) -> Answer {
    let known: &[&str] = match proposed.abstract_syntax {
        VERIFICATION => &PLAIN_TRANSFER_SYNTAXES,
        class if is_storage(class) => &OBJECT_TRANSFER_SYNTAXES,
        _ => return Answer::UnknownAbstractSyntax,
    };
    let fits = |syntax: &&str| known.contains(syntax);
    let first = proposed.transfer_syntaxes.iter().map(|syntax| syntax.trim_end_matches(['\0', ' '])).find(fits);
    first.map_or(Answer::UnknownTransferSyntaxes, |syntax| Answer::Accept(syntax.to_owned()))
}

struct Session<'a> {
    shared: &'a Shared,
    calling: AeTitle,
    from: Sender,
    beat: Beat,
    stored: u64,
    refused: u64,
}

impl Session<'_> {
    /// Messages until the peer releases, or something ends the association.
    async fn messages<S>(
        &mut self,
        association: &mut Association<S>,
        stop: &CancellationToken,
    ) -> Result<(), AssociationError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => return Err(AssociationError::Stopping),
                next = association.receive() => next?,
            };
            let Some((context, command)) = next else { return Ok(()) };
            match command {
                Command::Request(request) => self.request(association, context, request, stop).await?,
                Command::Response(_) => {
                    return Err(AssociationError::Broken("a response to a storage provider (PS3.7 §9.1.1)"));
                }
            }
        }
    }

    async fn request<S>(
        &mut self,
        association: &mut Association<S>,
        context: u8,
        request: Request,
        stop: &CancellationToken,
    ) -> Result<(), AssociationError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match request {
            Request::Echo { message_id } => {
                association.answer(context, Response::to(Operation::Echo, message_id, Status::SUCCESS), None).await
            }
            Request::Store(store) => {
                let shared = self.shared;
                let intake = Intake {
                    source: &self.calling,
                    spool_folder: &shared.options.spool_folder,
                    limit_bytes: shared.options.object_bytes,
                    beat: &self.beat,
                };
                let receiving = receive_object(association, context, &store, intake);
                let received = in_grace(receiving, stop, shared.options.grace).await?;
                let response = self.store(&store, received).await;
                association.answer(context, response, None).await
            }
            // Nothing is under way that could be cancelled.
            Request::Cancel { .. } => Ok(()),
            Request::Unusable { operation, message_id, has_data, status } => {
                if has_data {
                    association.skip_data_set(context, self.shared.options.object_bytes).await?;
                }
                self.refused += 1;
                association.answer(context, Response::to(operation, message_id, status), None).await
            }
            Request::Find { message_id, .. } => self.not_here(association, context, Operation::Find, message_id).await,
            Request::Get { message_id, .. } => self.not_here(association, context, Operation::Get, message_id).await,
            Request::Move { message_id, .. } => self.not_here(association, context, Operation::Move, message_id).await,
        }
    }

    async fn not_here<S>(
        &mut self,
        association: &mut Association<S>,
        context: u8,
        operation: Operation,
        message_id: u16,
    ) -> Result<(), AssociationError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        association.skip_data_set(context, 1 << 20).await?;
        association.answer(context, Response::to(operation, message_id, Status::UNRECOGNISED_OPERATION), None).await
    }

    /// Hands the object over and turns what became of it into a response: PS3.4 §B.2.3.
    async fn store(&mut self, request: &StoreRequest, received: Result<Object, Status>) -> Response {
        let (status, comment) = match received {
            Err(status) => (status, None),
            Ok(object) => match self.shared.inbox.store(&self.from, object).await {
                StoreAnswer::Stored => (Status::SUCCESS, None),
                // Kept aside for an administrator; the sender learns that nobody will find it.
                StoreAnswer::Quarantined { attribute, rule } => {
                    (Status::CANNOT_UNDERSTAND, Some(format!("kept aside: {attribute} {rule}")))
                }
                StoreAnswer::NotAuthorised => (Status::NOT_AUTHORISED, None),
                StoreAnswer::OutOfResources => (Status::OUT_OF_RESOURCES, None),
            },
        };
        match status {
            Status::SUCCESS => self.stored += 1,
            _ => self.refused += 1,
        }
        metrics::counter!("dics_dimse_objects_total", "status" => format!("{:04X}", status.0)).increment(1);
        Response {
            sop_class: Some(request.sop_class.clone()),
            sop_instance: Some(request.sop_instance.clone()),
            comment,
            ..Response::to(Operation::Store, request.message_id, status)
        }
    }
}

/// Goes on for `grace` after `stop`.
async fn in_grace<T>(
    work: impl Future<Output = Result<T, AssociationError>>,
    stop: &CancellationToken,
    grace: std::time::Duration,
) -> Result<T, AssociationError> {
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
