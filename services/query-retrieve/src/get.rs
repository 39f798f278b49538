//! C-GET: C-STORE sub-operations on the association of the request (PS3.4 §C.4.3, PS3.7 §9.1.3).

use dimse::association::{AssociationError, Context};
use dimse::message::{Command, Operation, Request, SendError, Status, StoreRequest};
use index_model::InstanceRecord;

use crate::asker::Asker;
use crate::sending::DataSet;

/// The contexts in which the caller is stored to.
#[derive(Debug)]
pub(crate) struct SameAssociation {
    pub(crate) contexts: Vec<Context>,
    message_id: u16,
}

impl SameAssociation {
    pub(crate) fn of(asker: &Asker<'_>) -> Self {
        let contexts = asker.association.contexts().iter().filter(|context| context.roles.scp).cloned().collect();
        Self { contexts, message_id: 0 }
    }

    /// Stores one object and waits for the answer; a C-CANCEL that comes before it is noted.
    pub(crate) async fn store(
        &mut self,
        asker: &mut Asker<'_>,
        context: u8,
        instance: &InstanceRecord,
        data_set: DataSet,
    ) -> Result<Status, AssociationError> {
        self.message_id = self.message_id.wrapping_add(1).max(1);
        let message_id = self.message_id;
        let request = Command::Request(Request::Store(StoreRequest {
            message_id,
            sop_class: instance.sop_class_uid.clone(),
            sop_instance: instance.sop_instance_uid.clone(),
            originator: None,
        }));
        asker.association.send_parts(context, &request, data_set).await.map_err(|error| match error {
            SendError::Association(error) => error,
            SendError::Source(cause) => {
                tracing::error!(error = %cause, "a stored object can't be read");
                AssociationError::Unread
            }
        })?;
        loop {
            match asker.association.receive().await?.ok_or(AssociationError::Released)?.1 {
                Command::Request(Request::Cancel { message_id }) => asker.cancelled |= message_id == asker.message_id,
                Command::Response(response)
                    if response.operation == Operation::Store && response.message_id == message_id =>
                {
                    return Ok(response.status);
                }
                _ => return Err(AssociationError::Broken("something else than the answer to C-STORE (PS3.7 §9.1.1)")),
            }
        }
    }
}
