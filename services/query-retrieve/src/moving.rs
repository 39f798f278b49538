//! C-MOVE: C-STORE sub-operations on associations of our own to a registered destination (PS3.4 §C.4.2, PS3.7 §9.1.4).

use std::collections::BTreeSet;

use dimse::StoreScu;
use dimse::association::{AssociationError, MOST_CONTEXTS, Proposal, ProposedContext};
use dimse::message::{SendError, Status};
use dimse::uids::PLAIN_TRANSFER_SYNTAXES;
use index_model::{AeTitle, InstanceRecord};

use crate::sending::DataSet;
use crate::{Destination, Options};

/// SOP class and transfer syntax of objects to send.
pub(crate) type Kinds = BTreeSet<(String, String)>;

/// What of an instance must be agreed on.
pub(crate) fn kind(instance: &InstanceRecord) -> (String, String) {
    (instance.sop_class_uid.as_str().to_owned(), instance.transfer_syntax_uid.clone())
}

/// A destination, and the association to it while it is open.
#[derive(Debug)]
pub(crate) struct Mover {
    to: Destination,
    /// Who asked, and by which message: each object names them.
    originator: (AeTitle, u16),
    open: Option<StoreScu>,
    proposed: Kinds,
}

impl Mover {
    pub(crate) fn new(to: Destination, originator: (AeTitle, u16)) -> Self {
        Self { to, originator, open: None, proposed: Kinds::new() }
    }

    /// An association on which `wanted` was proposed; `others` are proposed along when a new one has to be made.
    pub(crate) async fn ready(
        &mut self,
        options: &Options,
        wanted: (String, String),
        others: &Kinds,
    ) -> Result<&mut StoreScu, AssociationError> {
        if !self.proposed.contains(&wanted)
            && let Some(open) = self.open.take()
        {
            open.release().await;
        }
        if self.open.is_none() {
            self.proposed.clear();
            let kinds = std::iter::once(&wanted).chain(others.iter().filter(|kind| **kind != wanted));
            let mut contexts = Vec::new();
            for kind in kinds {
                let proposed = contexts_of(kind, &self.proposed);
                if contexts.len() + proposed.len() > MOST_CONTEXTS {
                    break;
                }
                contexts.extend(proposed);
                self.proposed.insert(kind.clone());
            }
            let proposal = Proposal { calling: options.own_ae.clone(), called: self.to.ae_title.clone(), contexts };
            let mut open = StoreScu::propose(self.to.address.clone(), proposal, options.association).await?;
            open.set_patience(options.patience);
            self.open = Some(open);
        }
        self.open.as_mut().ok_or(AssociationError::Closed)
    }

    /// Stores one object and waits for the answer. After a failure the next object gets a new association.
    pub(crate) async fn store(
        &mut self,
        context: u8,
        instance: &InstanceRecord,
        data_set: DataSet,
    ) -> Result<Status, SendError> {
        let open = self.open.as_mut().ok_or(AssociationError::Closed)?;
        let names = (instance.sop_class_uid.clone(), instance.sop_instance_uid.clone());
        let stored = open.store_parts(context, names, data_set, Some(self.originator.clone())).await;
        if stored.is_err()
            && let Some(open) = self.open.take()
        {
            open.abort().await;
        }
        stored
    }

    pub(crate) async fn release(self) {
        if let Some(open) = self.open {
            open.release().await;
        }
    }
}

/// The stored syntax in a context of its own, so that the destination can't choose another where it takes it; and once for each class
/// the uncompressed ones.
fn contexts_of((class, syntax): &(String, String), before: &Kinds) -> Vec<ProposedContext> {
    let mut contexts = Vec::new();
    if !syntax.is_empty() && !PLAIN_TRANSFER_SYNTAXES.contains(&syntax.as_str()) {
        contexts.push(ProposedContext::scu(class, &[syntax]));
    }
    if before.iter().all(|(known, _)| known != class) {
        contexts.extend(PLAIN_TRANSFER_SYNTAXES.map(|syntax| ProposedContext::scu(class, &[syntax])));
    }
    contexts
}
