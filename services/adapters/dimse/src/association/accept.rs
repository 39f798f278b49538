//! The accepting side: a request is read, looked at for as long as it takes, and then rejected or accepted.

use std::collections::HashSet;
use std::time::Duration;

use dicom_ul::pdu::{
    AssociationAC, AssociationRQ, MAXIMUM_PDU_SIZE, Pdu, PresentationContextResult, PresentationContextResultReason,
    RequestorRoles, UserVariableItem, read_pdu, write_pdu,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::request::{largest_frame, max_length, own_variables};
use super::wire::{Wire, kind};
use super::{APPLICATION_CONTEXT, Association, AssociationError, Context, Rejection, aborted};

/// Implicit VR Little Endian, which stands in a refused context, where it means nothing.
const PLACEHOLDER: &str = "1.2.840.10008.1.2";

/// An A-ASSOCIATE-RQ that waits for its answer.
#[derive(Debug)]
pub struct Invitation<S> {
    wire: Wire<S>,
    request: AssociationRQ,
}

/// A presentation context that the peer proposes.
#[derive(Debug, Clone, Copy)]
pub struct Proposed<'a> {
    /// Mostly a SOP class.
    pub abstract_syntax: &'a str,
    /// In the peer's order of preference.
    pub transfer_syntaxes: &'a [String],
    /// The peer offers to be the SCP (PS3.7 §D.3.3.4).
    pub peer_as_scp: bool,
}

/// What becomes of a proposed context: PS3.8 §9.3.3.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Accepted with this transfer syntax, the peer's offer to be the SCP included.
    Accept(String),
    /// Abstract syntax not supported.
    UnknownAbstractSyntax,
    /// Transfer syntaxes not supported.
    UnknownTransferSyntaxes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Invitation<S> {
    /// Reads the request from a stream that was just accepted.
    ///
    /// # Errors
    /// [`AssociationError`]: the peer is late, vanishes, or sends something else. `Rejected` where it was answered so.
    pub async fn read(stream: S, limit: Duration) -> Result<Self, AssociationError> {
        let mut wire = Wire::new(stream, largest_frame(), limit);
        let frame = wire.read().await?;
        match frame.kind {
            kind::ASSOCIATE_RQ => {}
            kind::ABORT => return Err(aborted(&frame.body)),
            _ => return Err(AssociationError::Broken("the first PDU was no A-ASSOCIATE-RQ (PS3.8 §9.2)")),
        }
        let Ok(Some(Pdu::AssociationRQ(request))) = read_pdu(&frame.whole[..], MAXIMUM_PDU_SIZE, false) else {
            return Err(AssociationError::Broken("A-ASSOCIATE-RQ (PS3.8 §9.3.2)"));
        };
        let ids: HashSet<u8> = request.presentation_contexts.iter().map(|context| context.id).collect();
        if ids.len() != request.presentation_contexts.len() || ids.iter().any(|id| id % 2 == 0) {
            return Err(AssociationError::Broken("presentation context ids: odd, each once (PS3.8 §9.3.2.2)"));
        }
        let fault = if request.protocol_version & 1 == 0 {
            Some(Rejection::PROTOCOL_VERSION)
        } else if request.application_context_name.trim_end_matches(['\0', ' ']) != APPLICATION_CONTEXT {
            Some(Rejection::APPLICATION_CONTEXT)
        } else {
            None
        };
        let invitation = Self { wire, request };
        match fault {
            Some(reason) => {
                invitation.reject(reason).await;
                Err(AssociationError::Rejected(reason))
            }
            None => Ok(invitation),
        }
    }

    /// Calling AE title, as it came.
    pub fn calling(&self) -> &str {
        &self.request.calling_ae_title
    }

    /// Called AE title, as it came.
    pub fn called(&self) -> &str {
        &self.request.called_ae_title
    }

    /// Answers with A-ASSOCIATE-RJ and waits a moment for the peer to close.
    pub async fn reject(mut self, reason: Rejection) {
        let result = if reason.transient { 2 } else { 1 };
        self.wire.outgoing.extend_from_slice(&[
            kind::ASSOCIATE_RJ,
            0,
            0,
            0,
            0,
            4,
            0,
            result,
            reason.source,
            reason.reason,
        ]);
        if self.wire.flush().await.is_ok() {
            self.wire.close(Duration::from_secs(1)).await;
        }
    }

    /// Answers with A-ASSOCIATE-AC; `choose` decides on each context. None accepted is still an association, which the peer ends.
    ///
    /// # Errors
    /// [`AssociationError`] when the answer can't be sent.
    pub async fn accept(mut self, choose: impl Fn(Proposed<'_>) -> Answer) -> Result<Association<S>, AssociationError> {
        let offered = roles(&self.request.user_variables);
        let mut contexts = Vec::new();
        let mut results = Vec::new();
        let mut variables = own_variables();
        for proposed in &self.request.presentation_contexts {
            let abstract_syntax = proposed.abstract_syntax.trim_end_matches(['\0', ' ']);
            let roles = offered.iter().find(|(class, _)| class == abstract_syntax).map(|(_, roles)| *roles);
            let answer = choose(Proposed {
                abstract_syntax,
                transfer_syntaxes: &proposed.transfer_syntaxes,
                peer_as_scp: roles.is_some_and(|roles| roles.scp),
            });
            if let Answer::Accept(transfer_syntax) = &answer {
                contexts.push(Context {
                    id: proposed.id,
                    abstract_syntax: abstract_syntax.into(),
                    transfer_syntax: transfer_syntax.as_str().into(),
                });
                let known = variables.iter().any(|item| matches!(item, UserVariableItem::ScuScpRoleSelectionSubItem(class, _) if class == abstract_syntax));
                if let (Some(roles), false) = (roles, known) {
                    variables.push(UserVariableItem::ScuScpRoleSelectionSubItem(abstract_syntax.into(), roles));
                }
            }
            results.push(result(proposed.id, answer));
        }
        let accept = Pdu::AssociationAC(AssociationAC {
            protocol_version: 1,
            calling_ae_title: self.request.calling_ae_title.clone(),
            called_ae_title: self.request.called_ae_title.clone(),
            application_context_name: APPLICATION_CONTEXT.to_owned(),
            presentation_contexts: results,
            user_variables: variables,
        });
        write_pdu(&mut self.wire.outgoing, &accept)
            .map_err(|_| AssociationError::Broken("A-ASSOCIATE-AC could not be encoded"))?;
        self.wire.flush().await?;
        Association::established(self.wire, contexts, max_length(&self.request.user_variables))
    }
}

fn roles(variables: &[UserVariableItem]) -> Vec<(String, RequestorRoles)> {
    let role = |item: &UserVariableItem| match item {
        UserVariableItem::ScuScpRoleSelectionSubItem(class, roles) => {
            Some((class.trim_end_matches(['\0', ' ']).to_owned(), *roles))
        }
        _ => None,
    };
    variables.iter().filter_map(role).collect()
}

fn result(id: u8, answer: Answer) -> PresentationContextResult {
    use PresentationContextResultReason as R;
    let (reason, transfer_syntax) = match answer {
        Answer::Accept(transfer_syntax) => (R::Acceptance, transfer_syntax),
        Answer::UnknownAbstractSyntax => (R::AbstractSyntaxNotSupported, PLACEHOLDER.to_owned()),
        Answer::UnknownTransferSyntaxes => (R::TransferSyntaxesNotSupported, PLACEHOLDER.to_owned()),
    };
    PresentationContextResult { id, reason, transfer_syntax }
}
