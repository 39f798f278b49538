//! How far a retrieval has come, and what its responses say of it: PS3.4 §C.4.2.1.5 to §C.4.2.1.9.

use dicom_dictionary_std::tags;
use dimse::identifier::Identifier;
use dimse::message::{Operation, Outcome, Response, Status, Suboperations};
use index_model::Uid;

/// FailedSOPInstanceUIDList fits an element with a length of 16 bits.
const MOST_FAILED: usize = 1_000;

/// Counts of sub-operations.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    expected: u64,
    completed: u64,
    failed: u64,
    warning: u64,
    failed_instances: Vec<Uid>,
    /// Why the first one failed, in words.
    comment: Option<String>,
}

impl Progress {
    pub(crate) fn new(expected: u64) -> Self {
        Self { expected, ..Self::default() }
    }

    /// A series turned out to have another number of instances than was expected.
    pub(crate) fn correct(&mut self, expected: u64, found: u64) {
        self.expected = self.expected.saturating_sub(expected).saturating_add(found);
    }

    /// The destination's answer to one object.
    pub(crate) fn answered(&mut self, instance: &Uid, status: Status) {
        match status.outcome() {
            Outcome::Success => self.completed += 1,
            Outcome::Warning => self.warning += 1,
            Outcome::Pending | Outcome::Cancelled | Outcome::Failure => {
                self.failed(instance, &format!("the destination answered {status}"));
            }
        }
    }

    /// One object that was not sent.
    pub(crate) fn failed(&mut self, instance: &Uid, reason: &str) {
        if !self.lists_no_more() {
            self.failed_instances.push(instance.clone());
        }
        self.lost(1, reason);
    }

    /// Objects that nobody can name.
    pub(crate) fn lost(&mut self, instances: u64, reason: &str) {
        self.failed += instances;
        if self.comment.is_none() && instances > 0 {
            tracing::warn!(reason, "a sub-operation failed");
            self.comment = Some(reason.to_owned());
        }
    }

    /// Whether the list of what failed is full, and what fails is counted alone.
    pub(crate) fn lists_no_more(&self) -> bool {
        self.failed_instances.len() >= MOST_FAILED
    }

    fn remaining(&self) -> u64 {
        self.expected.saturating_sub(self.completed + self.failed + self.warning)
    }

    /// Of how many objects the peer has taken.
    pub(crate) fn sent(&self) -> u64 {
        self.completed + self.warning
    }

    fn response(&self, operation: Operation, message_id: u16, status: Status) -> Response {
        let number = |count: u64| Some(u16::try_from(count).unwrap_or(u16::MAX));
        let open = matches!(status, Status::PENDING | Status::CANCELLED);
        let suboperations = Suboperations {
            remaining: number(self.remaining()).filter(|_| open),
            completed: number(self.completed),
            failed: number(self.failed),
            warning: number(self.warning),
        };
        Response { suboperations, ..Response::to(operation, message_id, status) }
    }

    pub(crate) fn pending(&self, operation: Operation, message_id: u16) -> Response {
        self.response(operation, message_id, Status::PENDING)
    }

    /// The final response, with the list of what failed.
    pub(crate) fn last(
        &self,
        operation: Operation,
        message_id: u16,
        cancelled: bool,
    ) -> (Response, Option<Identifier>) {
        let status = match (cancelled, self.failed, self.sent()) {
            (true, ..) => Status::CANCELLED,
            (_, 0, _) if self.warning == 0 => Status::SUCCESS,
            (_, 1.., 0) => Status::NO_SUBOPERATIONS,
            _ => Status::SOME_FAILED,
        };
        let failed: Vec<_> = self.failed_instances.iter().map(Uid::as_str).collect();
        let identifier = (!failed.is_empty())
            .then(|| Identifier::default().key(tags::FAILED_SOP_INSTANCE_UID_LIST, failed.join("\\")));
        let has_data = identifier.is_some();
        let comment = self.comment.clone().filter(|_| self.failed > 0);
        (Response { has_data, comment, ..self.response(operation, message_id, status) }, identifier)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Progress;
    use dimse::message::{Operation, Status};
    use index_model::Uid;

    fn ended(statuses: &[u16], cancelled: bool) -> (u16, Option<u16>, bool) {
        let mut progress = Progress::new(4);
        for (n, status) in statuses.iter().enumerate() {
            progress.answered(&Uid::parse(&format!("1.{n}")).unwrap(), Status(*status));
        }
        let (response, identifier) = progress.last(Operation::Get, 1, cancelled);
        assert_eq!(response.has_data, identifier.is_some());
        (response.status.0, response.suboperations.remaining, response.has_data)
    }

    #[test]
    fn the_last_status_follows_from_the_counts() {
        assert_eq!(ended(&[0, 0, 0, 0], false), (0x0000, None, false));
        assert_eq!(ended(&[0, 0xB000, 0, 0], false), (0xB000, None, false));
        assert_eq!(ended(&[0, 0xA700, 0, 0], false), (0xB000, None, true));
        assert_eq!(ended(&[0xC000, 0xA700, 0xA900, 0x0122], false), (0xA702, None, true));
        assert_eq!(ended(&[0, 0xA700], true), (0xFE00, Some(2), true));
        assert_eq!(ended(&[], false), (0x0000, None, false));
    }

    #[test]
    fn more_sub_operations_than_a_count_holds_are_told_as_the_most() {
        let progress = Progress::new(100_000);
        assert_eq!(progress.pending(Operation::Move, 7).suboperations.remaining, Some(u16::MAX));
    }
}
