//! Commands as types: PS3.7 §9.3, tables of annex E.

use dicom_core::Tag;
use index_model::{AeTitle, Uid};

use super::element::{Elements, Writer, tag};
use super::{BrokenCommand, Status};

/// CommandDataSetType: no data set follows.
const NO_DATA_SET: u16 = 0x0101;
/// CommandDataSetType: any other value says that one follows.
const DATA_SET: u16 = 0x0001;
/// Bit of CommandField that tells a response from a request.
const RESPONSE: u16 = 0x8000;
/// Longest ErrorComment, VR LO.
const COMMENT_BYTES: usize = 64;

/// A DIMSE operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// C-STORE.
    Store,
    /// C-GET.
    Get,
    /// C-FIND.
    Find,
    /// C-MOVE.
    Move,
    /// C-ECHO.
    Echo,
    /// N-EVENT-REPORT.
    EventReport,
    /// N-ACTION.
    Action,
    /// What is not read here, by its request's CommandField.
    Other(u16),
}

impl Operation {
    const fn field(self) -> u16 {
        match self {
            Self::Store => 0x0001,
            Self::Get => 0x0010,
            Self::Find => 0x0020,
            Self::Move => 0x0021,
            Self::Echo => 0x0030,
            Self::EventReport => 0x0100,
            Self::Action => 0x0130,
            Self::Other(field) => field,
        }
    }

    const fn of(field: u16) -> Self {
        match field & !RESPONSE {
            0x0001 => Self::Store,
            0x0010 => Self::Get,
            0x0020 => Self::Find,
            0x0021 => Self::Move,
            0x0030 => Self::Echo,
            0x0100 => Self::EventReport,
            0x0130 => Self::Action,
            field => Self::Other(field),
        }
    }
}

const CANCEL_FIELD: u16 = 0x0FFF;

/// A request, as far as it can be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// C-ECHO-RQ.
    Echo {
        /// (0000,0110).
        message_id: u16,
    },
    /// C-FIND-RQ; its identifier follows.
    Find {
        /// (0000,0110).
        message_id: u16,
        /// The information model.
        sop_class: Uid,
    },
    /// C-GET-RQ; its identifier follows.
    Get {
        /// (0000,0110).
        message_id: u16,
        /// The information model.
        sop_class: Uid,
    },
    /// C-MOVE-RQ; its identifier follows.
    Move {
        /// (0000,0110).
        message_id: u16,
        /// The information model.
        sop_class: Uid,
        /// Where to store.
        destination: AeTitle,
    },
    /// C-STORE-RQ; the instance follows.
    Store(StoreRequest),
    /// N-ACTION-RQ; its information follows.
    Action {
        /// (0000,0110).
        message_id: u16,
        /// Of the instance that is asked to act.
        sop_class: Uid,
        /// The instance.
        sop_instance: Uid,
        /// (0000,1008).
        action_type: u16,
    },
    /// N-EVENT-REPORT-RQ; its information follows.
    EventReport {
        /// (0000,0110).
        message_id: u16,
        /// Of the instance that tells.
        sop_class: Uid,
        /// The instance.
        sop_instance: Uid,
        /// (0000,1002).
        event_type: u16,
    },
    /// C-CANCEL-RQ.
    Cancel {
        /// Of the operation to end.
        message_id: u16,
    },
    /// One that can only be answered with a failure.
    Unusable {
        /// What was asked.
        operation: Operation,
        /// (0000,0110).
        message_id: u16,
        /// A data set follows, which must be read past.
        has_data: bool,
        /// The answer.
        status: Status,
    },
}

impl Request {
    /// What is asked.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Echo { .. } => Operation::Echo,
            Self::Find { .. } => Operation::Find,
            Self::Get { .. } => Operation::Get,
            Self::Move { .. } => Operation::Move,
            Self::Store(_) => Operation::Store,
            Self::Action { .. } => Operation::Action,
            Self::EventReport { .. } => Operation::EventReport,
            Self::Cancel { .. } => Operation::Other(CANCEL_FIELD),
            Self::Unusable { operation, .. } => *operation,
        }
    }

    /// Its message id; of a C-CANCEL, the id of what it cancels.
    pub const fn message_id(&self) -> u16 {
        match self {
            Self::Echo { message_id }
            | Self::Find { message_id, .. }
            | Self::Get { message_id, .. }
            | Self::Move { message_id, .. }
            | Self::Action { message_id, .. }
            | Self::EventReport { message_id, .. }
            | Self::Cancel { message_id }
            | Self::Unusable { message_id, .. } => *message_id,
            Self::Store(store) => store.message_id,
        }
    }
}

/// C-STORE-RQ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreRequest {
    /// (0000,0110).
    pub message_id: u16,
    /// Of the instance.
    pub sop_class: Uid,
    /// Of the instance.
    pub sop_instance: Uid,
    /// Who asked for it by C-MOVE, and the id of that message.
    pub originator: Option<(AeTitle, u16)>,
}

/// Counts of sub-operations in a C-MOVE-RSP or C-GET-RSP, where told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Suboperations {
    /// (0000,1020).
    pub remaining: Option<u16>,
    /// (0000,1021).
    pub completed: Option<u16>,
    /// (0000,1022).
    pub failed: Option<u16>,
    /// (0000,1023).
    pub warning: Option<u16>,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// To which operation.
    pub operation: Operation,
    /// (0000,0120).
    pub message_id: u16,
    /// (0000,0900).
    pub status: Status,
    /// (0000,0002).
    pub sop_class: Option<Uid>,
    /// (0000,1000).
    pub sop_instance: Option<Uid>,
    /// An identifier follows.
    pub has_data: bool,
    /// Progress.
    pub suboperations: Suboperations,
    /// (0000,0901): what of the identifier is wrong.
    pub offending: Vec<Tag>,
    /// (0000,0902), sent and never read: a peer may put a patient's name there.
    pub comment: Option<String>,
}

impl Response {
    /// A response without data set.
    pub fn to(operation: Operation, message_id: u16, status: Status) -> Self {
        Self {
            operation,
            message_id,
            status,
            sop_class: None,
            sop_instance: None,
            has_data: false,
            suboperations: Suboperations::default(),
            offending: Vec::new(),
            comment: None,
        }
    }
}

/// A command set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Asked.
    Request(Request),
    /// Answered.
    Response(Response),
}

impl Command {
    /// Parses a whole command set.
    ///
    /// # Errors
    /// [`BrokenCommand`] when it is against PS3.7 so far that it can't even be answered.
    pub fn parse(bytes: &[u8]) -> Result<Self, BrokenCommand> {
        let elements = Elements::parse(bytes)?;
        let field = elements.number(tag::COMMAND_FIELD).ok_or(BrokenCommand("CommandField (0000,0100)"))?;
        let has_data = elements.number(tag::COMMAND_DATA_SET_TYPE).is_some_and(|kind| kind != NO_DATA_SET);
        if field == CANCEL_FIELD {
            let message_id = responded(&elements)?;
            return Ok(Self::Request(Request::Cancel { message_id }));
        }
        if field & RESPONSE != 0 {
            return parse_response(&elements, Operation::of(field), has_data).map(Self::Response);
        }
        let message_id = elements.number(tag::MESSAGE_ID).ok_or(BrokenCommand("MessageID (0000,0110)"))?;
        Ok(Self::Request(parse_request(&elements, Operation::of(field), message_id, has_data)))
    }

    /// Whether a data set follows.
    pub fn has_data(&self) -> bool {
        match self {
            Self::Request(Request::Echo { .. } | Request::Cancel { .. }) => false,
            Self::Request(Request::Unusable { has_data, .. }) => *has_data,
            Self::Request(_) => true,
            Self::Response(response) => response.has_data,
        }
    }

    /// The command set as it goes over the wire.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Request(request) => encode_request(request),
            Self::Response(response) => encode_response(response),
        }
    }
}

fn responded(elements: &Elements<'_>) -> Result<u16, BrokenCommand> {
    elements.number(tag::MESSAGE_ID_BEING_RESPONDED_TO).ok_or(BrokenCommand("MessageIDBeingRespondedTo (0000,0120)"))
}

fn uid(elements: &Elements<'_>, element: u16) -> Option<Uid> {
    elements.text(element).and_then(|text| Uid::parse(text).ok())
}

fn ae_title(elements: &Elements<'_>, element: u16) -> Option<AeTitle> {
    elements.text(element).and_then(|text| AeTitle::parse(text).ok())
}

fn parse_request(elements: &Elements<'_>, operation: Operation, message_id: u16, has_data: bool) -> Request {
    let unusable = |status| Request::Unusable { operation, message_id, has_data, status };
    if let Operation::Action | Operation::EventReport = operation {
        return normalised(elements, operation, message_id, has_data).unwrap_or_else(unusable);
    }
    let sop_class = uid(elements, tag::AFFECTED_SOP_CLASS_UID);
    match (operation, sop_class) {
        (Operation::Echo, _) if !has_data => Request::Echo { message_id },
        (Operation::Echo | Operation::Action | Operation::EventReport | Operation::Other(_), _) => {
            unusable(Status::UNRECOGNISED_OPERATION)
        }
        (_, None) => unusable(Status::SOP_CLASS_NOT_SUPPORTED),
        _ if !has_data => unusable(Status::DOES_NOT_MATCH_SOP_CLASS),
        (Operation::Find, Some(sop_class)) => Request::Find { message_id, sop_class },
        (Operation::Get, Some(sop_class)) => Request::Get { message_id, sop_class },
        (Operation::Move, Some(sop_class)) => match ae_title(elements, tag::MOVE_DESTINATION) {
            Some(destination) => Request::Move { message_id, sop_class, destination },
            None => unusable(Status::MOVE_DESTINATION_UNKNOWN),
        },
        (Operation::Store, Some(sop_class)) => match uid(elements, tag::AFFECTED_SOP_INSTANCE_UID) {
            Some(sop_instance) => {
                let originator = ae_title(elements, tag::MOVE_ORIGINATOR_AE_TITLE)
                    .zip(elements.number(tag::MOVE_ORIGINATOR_MESSAGE_ID));
                Request::Store(StoreRequest { message_id, sop_class, sop_instance, originator })
            }
            None => unusable(Status::INVALID_SOP_INSTANCE),
        },
    }
}

/// The operations of PS3.7 §10 that are read here.
fn normalised(
    elements: &Elements<'_>,
    operation: Operation,
    message_id: u16,
    has_data: bool,
) -> Result<Request, Status> {
    let (class, instance, kind) = match operation {
        Operation::Action => (tag::REQUESTED_SOP_CLASS_UID, tag::REQUESTED_SOP_INSTANCE_UID, tag::ACTION_TYPE_ID),
        _ => (tag::AFFECTED_SOP_CLASS_UID, tag::AFFECTED_SOP_INSTANCE_UID, tag::EVENT_TYPE_ID),
    };
    let sop_class = uid(elements, class).ok_or(Status::SOP_CLASS_NOT_SUPPORTED)?;
    let sop_instance = uid(elements, instance).ok_or(Status::INVALID_SOP_INSTANCE)?;
    let kind = elements.number(kind).filter(|_| has_data).ok_or(Status::INVALID_ARGUMENT)?;
    Ok(match operation {
        Operation::Action => Request::Action { message_id, sop_class, sop_instance, action_type: kind },
        _ => Request::EventReport { message_id, sop_class, sop_instance, event_type: kind },
    })
}

fn parse_response(elements: &Elements<'_>, operation: Operation, has_data: bool) -> Result<Response, BrokenCommand> {
    Ok(Response {
        operation,
        message_id: responded(elements)?,
        status: Status(elements.number(tag::STATUS).ok_or(BrokenCommand("Status (0000,0900)"))?),
        sop_class: uid(elements, tag::AFFECTED_SOP_CLASS_UID),
        sop_instance: uid(elements, tag::AFFECTED_SOP_INSTANCE_UID),
        has_data,
        suboperations: Suboperations {
            remaining: elements.number(tag::REMAINING_SUBOPERATIONS),
            completed: elements.number(tag::COMPLETED_SUBOPERATIONS),
            failed: elements.number(tag::FAILED_SUBOPERATIONS),
            warning: elements.number(tag::WARNING_SUBOPERATIONS),
        },
        offending: elements.tags(tag::OFFENDING_ELEMENT),
        comment: None,
    })
}

fn encode_request(request: &Request) -> Vec<u8> {
    let start = |operation: Operation, sop_class: &str, message_id: u16| {
        Writer::new()
            .uid(tag::AFFECTED_SOP_CLASS_UID, sop_class)
            .number(tag::COMMAND_FIELD, operation.field())
            .number(tag::MESSAGE_ID, message_id)
    };
    // Priority medium.
    let with_data = |writer: Writer| writer.number(tag::PRIORITY, 0).number(tag::COMMAND_DATA_SET_TYPE, DATA_SET);
    match request {
        Request::Echo { message_id } => start(Operation::Echo, crate::uids::VERIFICATION, *message_id)
            .number(tag::COMMAND_DATA_SET_TYPE, NO_DATA_SET),
        Request::Find { message_id, sop_class } => with_data(start(Operation::Find, sop_class.as_str(), *message_id)),
        Request::Get { message_id, sop_class } => with_data(start(Operation::Get, sop_class.as_str(), *message_id)),
        Request::Move { message_id, sop_class, destination } => with_data(
            start(Operation::Move, sop_class.as_str(), *message_id).text(tag::MOVE_DESTINATION, destination.as_str()),
        ),
        Request::Store(store) => {
            let writer = with_data(start(Operation::Store, store.sop_class.as_str(), store.message_id))
                .uid(tag::AFFECTED_SOP_INSTANCE_UID, store.sop_instance.as_str());
            match &store.originator {
                Some((title, message_id)) => writer
                    .text(tag::MOVE_ORIGINATOR_AE_TITLE, title.as_str())
                    .number(tag::MOVE_ORIGINATOR_MESSAGE_ID, *message_id),
                None => writer,
            }
        }
        Request::Action { message_id, sop_class, sop_instance, action_type } => Writer::new()
            .uid(tag::REQUESTED_SOP_CLASS_UID, sop_class.as_str())
            .number(tag::COMMAND_FIELD, Operation::Action.field())
            .number(tag::MESSAGE_ID, *message_id)
            .number(tag::COMMAND_DATA_SET_TYPE, DATA_SET)
            .uid(tag::REQUESTED_SOP_INSTANCE_UID, sop_instance.as_str())
            .number(tag::ACTION_TYPE_ID, *action_type),
        Request::EventReport { message_id, sop_class, sop_instance, event_type } => {
            start(Operation::EventReport, sop_class.as_str(), *message_id)
                .number(tag::COMMAND_DATA_SET_TYPE, DATA_SET)
                .uid(tag::AFFECTED_SOP_INSTANCE_UID, sop_instance.as_str())
                .number(tag::EVENT_TYPE_ID, *event_type)
        }
        Request::Cancel { message_id } => Writer::new()
            .number(tag::COMMAND_FIELD, CANCEL_FIELD)
            .number(tag::MESSAGE_ID_BEING_RESPONDED_TO, *message_id)
            .number(tag::COMMAND_DATA_SET_TYPE, NO_DATA_SET),
        Request::Unusable { operation, message_id, has_data, .. } => Writer::new()
            .number(tag::COMMAND_FIELD, operation.field())
            .number(tag::MESSAGE_ID, *message_id)
            .number(tag::COMMAND_DATA_SET_TYPE, if *has_data { DATA_SET } else { NO_DATA_SET }),
    }
    .finish()
}

fn encode_response(response: &Response) -> Vec<u8> {
    let mut writer = Writer::new();
    if let Some(sop_class) = &response.sop_class {
        writer = writer.uid(tag::AFFECTED_SOP_CLASS_UID, sop_class.as_str());
    }
    writer = writer
        .number(tag::COMMAND_FIELD, response.operation.field() | RESPONSE)
        .number(tag::MESSAGE_ID_BEING_RESPONDED_TO, response.message_id)
        .number(tag::COMMAND_DATA_SET_TYPE, if response.has_data { DATA_SET } else { NO_DATA_SET })
        .number(tag::STATUS, response.status.0);
    if !response.offending.is_empty() {
        writer = writer.tags(tag::OFFENDING_ELEMENT, &response.offending);
    }
    if let Some(comment) = &response.comment {
        let ascii: String = comment.chars().filter(char::is_ascii).take(COMMENT_BYTES).collect();
        writer = writer.text(tag::ERROR_COMMENT, &ascii);
    }
    if let Some(sop_instance) = &response.sop_instance {
        writer = writer.uid(tag::AFFECTED_SOP_INSTANCE_UID, sop_instance.as_str());
    }
    writer
        .some_number(tag::REMAINING_SUBOPERATIONS, response.suboperations.remaining)
        .some_number(tag::COMPLETED_SUBOPERATIONS, response.suboperations.completed)
        .some_number(tag::FAILED_SUBOPERATIONS, response.suboperations.failed)
        .some_number(tag::WARNING_SUBOPERATIONS, response.suboperations.warning)
        .finish()
}
