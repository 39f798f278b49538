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
use super::{APPLICATION_CONTEXT, Association, AssociationError, Context, Rejection, Roles, SMALLEST_MAX_PDU, aborted};

/// Implicit VR Little Endian, which stands in a refused context, where it means nothing.
const PLACEHOLDER: &str = "1.2.840.10008.1.2";

/// SOP classes of one request that roles or extensions are negotiated for: more than there can be contexts.
const MOST_NEGOTIATED: usize = 2 * super::MOST_CONTEXTS;

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
    /// What the peer offers to be.
    pub roles: Roles,
}

impl Proposed<'_> {
    /// Accepted in the first of the peer's syntaxes that is `known`, with those of `roles` that the peer offers.
    pub fn first_of(&self, known: &[&str], roles: Roles) -> Answer {
        let roles = Roles { scu: roles.scu && self.roles.scu, scp: roles.scp && self.roles.scp };
        if !roles.scu && !roles.scp {
            return Answer::UnknownAbstractSyntax;
        }
        let mut offered = self.transfer_syntaxes.iter().map(|syntax| syntax.trim_end_matches(['\0', ' ']));
        let first = offered.find(|syntax| known.contains(syntax));
        first.map_or(Answer::UnknownTransferSyntaxes, |syntax| Answer::Accept(syntax.to_owned(), roles))
    }
}

/// What becomes of a proposed context: PS3.8 §9.3.3.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Accepted with this transfer syntax, and of the roles that the peer offered these.
    Accept(String, Roles),
    /// Abstract syntax not supported.
    UnknownAbstractSyntax,
    /// Transfer syntaxes not supported.
    UnknownTransferSyntaxes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Invitation<S> {
    /// Reads the request from a stream that was just accepted.
    ///
    /// # Errors
    /// [`AssociationError`]: the peer is late or vanishes; `Rejected` and `Broken` where it was answered by A-ASSOCIATE-RJ and A-ABORT.
    pub async fn read(stream: S, limit: Duration) -> Result<Self, AssociationError> {
        let mut wire = Wire::new(stream, largest_frame(), limit);
        let request = match asked(&mut wire).await {
            Ok(request) => request,
            Err(error) => {
                if matches!(error, AssociationError::Broken(_)) {
                    wire.abort().await;
                }
                return Err(error);
            }
        };
        let fault = fault(&request);
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
    pub async fn accept(self, choose: impl Fn(Proposed<'_>) -> Answer) -> Result<Association<S>, AssociationError> {
        self.accept_extended(choose, |_, _| None).await
    }

    /// As [`Invitation::accept`]; `extend` answers extended negotiation of a SOP class (PS3.7 §D.3.3.5), of an accepted context only.
    ///
    /// # Errors
    /// [`AssociationError`] when the answer can't be sent.
    pub async fn accept_extended(
        mut self,
        choose: impl Fn(Proposed<'_>) -> Answer,
        extend: impl Fn(&str, &[u8]) -> Option<Vec<u8>>,
    ) -> Result<Association<S>, AssociationError> {
        let offered = roles(&self.request.user_variables);
        let mut contexts: Vec<Context> = Vec::new();
        let mut results = Vec::new();
        for proposed in &self.request.presentation_contexts {
            let abstract_syntax = proposed.abstract_syntax.trim_end_matches(['\0', ' ']);
            let roles = offered.iter().find(|(class, _)| class == abstract_syntax).map(|(_, roles)| *roles);
            let answer = choose(Proposed {
                abstract_syntax,
                transfer_syntaxes: &proposed.transfer_syntaxes,
                roles: roles.unwrap_or(Roles::DEFAULT),
            });
            if let Answer::Accept(transfer_syntax, roles) = &answer {
                contexts.push(Context {
                    id: proposed.id,
                    abstract_syntax: abstract_syntax.into(),
                    transfer_syntax: transfer_syntax.as_str().into(),
                    roles: *roles,
                });
            }
            results.push(result(proposed.id, answer));
        }
        let accepted = |class: &str| contexts.iter().find(|context| *context.abstract_syntax == *class);
        let extended =
            extended(&self.request.user_variables, |class, asked| accepted(class).and_then(|_| extend(class, asked)));
        let mut variables = own_variables();
        variables.extend(offered.iter().filter_map(|(class, _)| accepted(class)).map(|context| {
            let roles = RequestorRoles { scu: context.roles.scu, scp: context.roles.scp };
            UserVariableItem::ScuScpRoleSelectionSubItem(context.abstract_syntax.to_string(), roles)
        }));
        variables.extend(extended.iter().map(|(class, agreed)| {
            UserVariableItem::SopClassExtendedNegotiationSubItem(class.to_string(), agreed.clone())
        }));
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
        let association = Association::established(self.wire, contexts, max_length(&self.request.user_variables))?;
        Ok(Association { extended, ..association })
    }
}

/// The request, whose presentation contexts can be told apart.
async fn asked<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) -> Result<AssociationRQ, AssociationError> {
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
    Ok(request)
}

/// Why there is no association for anybody who asks like this.
fn fault(request: &AssociationRQ) -> Option<Rejection> {
    if request.protocol_version & 1 == 0 {
        return Some(Rejection::PROTOCOL_VERSION);
    }
    if request.application_context_name.trim_end_matches(['\0', ' ']) != APPLICATION_CONTEXT {
        return Some(Rejection::APPLICATION_CONTEXT);
    }
    let largest = usize::try_from(max_length(&request.user_variables)).unwrap_or(usize::MAX);
    if (1..SMALLEST_MAX_PDU).contains(&largest) {
        tracing::info!("a peer takes no PDU of 128 bytes (PS3.8 §D.1)");
        return Some(Rejection::PROVIDER_NO_REASON);
    }
    None
}

/// What was asked by extended negotiation, each SOP class once, with its answer.
fn extended(
    variables: &[UserVariableItem],
    answer: impl Fn(&str, &[u8]) -> Option<Vec<u8>>,
) -> Vec<(Box<str>, Vec<u8>)> {
    let mut all: Vec<(Box<str>, Vec<u8>)> = Vec::new();
    for item in variables {
        let UserVariableItem::SopClassExtendedNegotiationSubItem(class, asked) = item else { continue };
        let class = class.trim_end_matches(['\0', ' ']);
        if all.len() == MOST_NEGOTIATED || all.iter().any(|(known, _)| **known == *class) {
            continue;
        }
        if let Some(agreed) = answer(class, asked) {
            all.push((class.into(), agreed));
        }
    }
    all
}

/// What the peer offers to be, each SOP class once.
fn roles(variables: &[UserVariableItem]) -> Vec<(String, Roles)> {
    let mut all: Vec<(String, Roles)> = Vec::new();
    for item in variables {
        let UserVariableItem::ScuScpRoleSelectionSubItem(class, roles) = item else { continue };
        let class = class.trim_end_matches(['\0', ' ']);
        if all.len() < MOST_NEGOTIATED && all.iter().all(|(known, _)| known != class) {
            all.push((class.to_owned(), Roles { scu: roles.scu, scp: roles.scp }));
        }
    }
    all
}

fn result(id: u8, answer: Answer) -> PresentationContextResult {
    use PresentationContextResultReason as R;
    let (reason, transfer_syntax) = match answer {
        Answer::Accept(transfer_syntax, _) => (R::Acceptance, transfer_syntax),
        Answer::UnknownAbstractSyntax => (R::AbstractSyntaxNotSupported, PLACEHOLDER.to_owned()),
        Answer::UnknownTransferSyntaxes => (R::TransferSyntaxesNotSupported, PLACEHOLDER.to_owned()),
    };
    PresentationContextResult { id, reason, transfer_syntax }
}
