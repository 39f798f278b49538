//! The requesting side: A-ASSOCIATE-RQ and what comes back.

use std::time::Duration;

use dicom_ul::pdu::{
    AssociationAC, AssociationRQ, MAXIMUM_PDU_SIZE, Pdu, PresentationContextProposed, PresentationContextResultReason,
    RequestorRoles, UserVariableItem, read_pdu, write_pdu,
};
use index_model::AeTitle;
use tokio::io::{AsyncRead, AsyncWrite};

use super::wire::{Wire, kind};
use super::{
    APPLICATION_CONTEXT, Address, Association, AssociationError, Context, IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME, OWN_MAX_PDU, Prompt, Rejection, Roles, aborted,
};

/// A presentation context to propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedContext {
    /// Mostly a SOP class.
    pub abstract_syntax: String,
    /// In order of preference, one at least.
    pub transfer_syntaxes: Vec<String>,
    /// We offer to be its SCP: the peer will store to us on this association (C-GET; PS3.7 §D.3.3.4).
    pub as_scp: bool,
}

impl ProposedContext {
    /// A context in which we are the user of a service.
    pub fn scu(abstract_syntax: &str, transfer_syntaxes: &[&str]) -> Self {
        Self {
            abstract_syntax: abstract_syntax.to_owned(),
            transfer_syntaxes: transfer_syntaxes.iter().map(|uid| (*uid).to_owned()).collect(),
            as_scp: false,
        }
    }

    /// A context in which the peer uses our storage service.
    pub fn scp(abstract_syntax: &str, transfer_syntaxes: &[&str]) -> Self {
        Self { as_scp: true, ..Self::scu(abstract_syntax, transfer_syntaxes) }
    }
}

/// What an association is asked for with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Our AE title.
    pub calling: AeTitle,
    /// The peer's AE title.
    pub called: AeTitle,
    /// 1 to 128 contexts.
    pub contexts: Vec<ProposedContext>,
}

/// Contexts have odd ids from 1 to 255.
pub const MOST_CONTEXTS: usize = 128;

impl Association<Prompt> {
    /// Connects and asks for an association, all within `limit`.
    ///
    /// # Errors
    /// [`AssociationError`]: no connection, no TLS, rejected, no context accepted, late, or against PS3.8.
    pub async fn connect(address: &Address, proposal: &Proposal, limit: Duration) -> Result<Self, AssociationError> {
        let work = async {
            let stream = address.connect().await?;
            Self::request(stream, proposal, limit).await
        };
        tokio::time::timeout(limit, work).await.unwrap_or(Err(AssociationError::Late(limit)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Association<S> {
    /// Asks for an association over a connected stream.
    ///
    /// # Errors
    /// As [`Association::connect`].
    pub async fn request(stream: S, proposal: &Proposal, limit: Duration) -> Result<Self, AssociationError> {
        if proposal.contexts.is_empty() || proposal.contexts.len() > MOST_CONTEXTS {
            return Err(AssociationError::Broken("1 to 128 presentation contexts (PS3.8 §9.3.2.2)"));
        }
        let mut wire = Wire::new(stream, largest_frame(), limit);
        write_pdu(&mut wire.outgoing, &association_rq(proposal))
            .map_err(|_| AssociationError::Broken("A-ASSOCIATE-RQ could not be encoded"))?;
        wire.flush().await?;
        let frame = wire.read().await?;
        match frame.kind {
            kind::ASSOCIATE_AC => match accepted(&frame.whole, proposal) {
                Ok((contexts, largest)) => Self::established(wire, contexts, largest),
                Err(error) => {
                    // The peer takes it for an association until it is told otherwise.
                    wire.abort().await;
                    Err(error)
                }
            },
            kind::ASSOCIATE_RJ => Err(AssociationError::Rejected(rejection(&frame.body))),
            kind::ABORT => Err(aborted(&frame.body)),
            _ => Err(AssociationError::Broken("unexpected PDU in answer to A-ASSOCIATE-RQ (PS3.8 §9.2)")),
        }
    }
}

/// Peers that count the header as part of the maximum are let through.
pub(super) fn largest_frame() -> usize {
    usize::try_from(OWN_MAX_PDU).unwrap_or(usize::MAX) + 1024
}

pub(super) fn own_variables() -> Vec<UserVariableItem> {
    vec![
        UserVariableItem::MaxLength(OWN_MAX_PDU),
        UserVariableItem::ImplementationClassUID(IMPLEMENTATION_CLASS_UID.into()),
        UserVariableItem::ImplementationVersionName(IMPLEMENTATION_VERSION_NAME.into()),
    ]
}

fn association_rq(proposal: &Proposal) -> Pdu {
    let mut user_variables = own_variables();
    let mut offered: Vec<&str> = Vec::new();
    for context in proposal.contexts.iter().filter(|context| context.as_scp) {
        if !offered.contains(&context.abstract_syntax.as_str()) {
            offered.push(&context.abstract_syntax);
            let roles = RequestorRoles { scu: false, scp: true };
            user_variables.push(UserVariableItem::ScuScpRoleSelectionSubItem(context.abstract_syntax.clone(), roles));
        }
    }
    let ids = (1..=255).step_by(2);
    Pdu::AssociationRQ(AssociationRQ {
        protocol_version: 1,
        calling_ae_title: proposal.calling.as_str().to_owned(),
        called_ae_title: proposal.called.as_str().to_owned(),
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: ids
            .zip(&proposal.contexts)
            .map(|(id, context)| PresentationContextProposed {
                id,
                abstract_syntax: context.abstract_syntax.clone(),
                transfer_syntaxes: context.transfer_syntaxes.clone(),
            })
            .collect(),
        user_variables,
    })
}

/// The contexts that the peer accepted, and its maximum length.
fn accepted(whole: &[u8], proposal: &Proposal) -> Result<(Vec<Context>, u32), AssociationError> {
    let Ok(Some(Pdu::AssociationAC(AssociationAC { presentation_contexts, user_variables, .. }))) =
        read_pdu(whole, MAXIMUM_PDU_SIZE, false)
    else {
        return Err(AssociationError::Broken("A-ASSOCIATE-AC (PS3.8 §9.3.3)"));
    };
    let mut contexts: Vec<Context> = Vec::new();
    for answer in presentation_contexts {
        if answer.reason != PresentationContextResultReason::Acceptance {
            continue;
        }
        let proposed = usize::from(answer.id / 2);
        let transfer_syntax = answer.transfer_syntax.trim_end_matches(['\0', ' ']);
        let known = proposal.contexts.get(proposed).filter(|proposed| {
            answer.id % 2 == 1 && proposed.transfer_syntaxes.iter().any(|offered| offered == transfer_syntax)
        });
        let Some(known) = known else {
            return Err(AssociationError::Broken(
                "a presentation context was accepted that was not proposed (PS3.8 §9.3.3.2)",
            ));
        };
        if contexts.iter().all(|context| context.id != answer.id) {
            contexts.push(Context {
                id: answer.id,
                abstract_syntax: known.abstract_syntax.as_str().into(),
                transfer_syntax: transfer_syntax.into(),
                roles: Roles { scu: !known.as_scp, scp: known.as_scp },
            });
        }
    }
    if contexts.is_empty() {
        return Err(AssociationError::NoContext);
    }
    Ok((contexts, max_length(&user_variables)))
}

/// Maximum length (PS3.8 §D.1); 16 KiB where the peer names none, which nobody refuses.
pub(super) fn max_length(variables: &[UserVariableItem]) -> u32 {
    let told = variables.iter().find_map(|item| match item {
        UserVariableItem::MaxLength(length) => Some(*length),
        _ => None,
    });
    told.unwrap_or(16 << 10)
}

fn rejection(body: &[u8]) -> Rejection {
    let at = |index: usize| body.get(index).copied().unwrap_or(0);
    Rejection { transient: at(1) == 2, source: at(2), reason: at(3) }
}
