//! Status codes: PS3.7 annex C, PS3.4 §B.2.3, §C.4.

/// The status of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u16);

/// What a status means for the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Success,
    /// More follows.
    Pending,
    /// Done, with a remark or in part.
    Warning,
    /// Ended by C-CANCEL.
    Cancelled,
    /// Not done.
    Failure,
}

impl Status {
    /// Success.
    pub const SUCCESS: Self = Self(0x0000);
    /// Matches continue.
    pub const PENDING: Self = Self(0xFF00);
    /// Matches continue; some optional keys were not supported.
    pub const PENDING_WITHOUT_SOME_KEYS: Self = Self(0xFF01);
    /// Terminated by C-CANCEL.
    pub const CANCELLED: Self = Self(0xFE00);
    /// Sub-operations complete, one or more failed.
    pub const SOME_FAILED: Self = Self(0xB000);
    /// Stored, and elements of it are not used (PS3.4 §B.2.3).
    pub const ELEMENTS_DISCARDED: Self = Self(0xB006);
    /// Of ours, in the range of warnings: stored, and another patient has a study of its identifier.
    pub const DISPUTED: Self = Self(0xB771);
    /// Of ours, in the range of warnings: stored, and not shown because a rejection note names it (IHE RAD IOCM).
    pub const REJECTED_BEFORE: Self = Self(0xB770);
    /// Out of resources.
    pub const OUT_OF_RESOURCES: Self = Self(0xA700);
    /// Out of resources: unable to perform sub-operations.
    pub const NO_SUBOPERATIONS: Self = Self(0xA702);
    /// Move destination unknown.
    pub const MOVE_DESTINATION_UNKNOWN: Self = Self(0xA801);
    /// Identifier or data set does not match the SOP class.
    pub const DOES_NOT_MATCH_SOP_CLASS: Self = Self(0xA900);
    /// Cannot understand, or unable to process.
    pub const CANNOT_UNDERSTAND: Self = Self(0xC000);
    /// Processing failure.
    pub const PROCESSING_FAILURE: Self = Self(0x0110);
    /// Duplicate SOP Instance (PS3.7 annex C).
    pub const DUPLICATE_SOP_INSTANCE: Self = Self(0x0111);
    /// No such object instance.
    pub const NO_SUCH_INSTANCE: Self = Self(0x0112);
    /// Invalid argument value.
    pub const INVALID_ARGUMENT: Self = Self(0x0115);
    /// No such action type.
    pub const NO_SUCH_ACTION: Self = Self(0x0123);
    /// Invalid SOP instance.
    pub const INVALID_SOP_INSTANCE: Self = Self(0x0117);
    /// Class-instance conflict: an instance of another SOP class than the request says (PS3.7 §C.5.7).
    pub const CLASS_INSTANCE_CONFLICT: Self = Self(0x0119);
    /// SOP class not supported.
    pub const SOP_CLASS_NOT_SUPPORTED: Self = Self(0x0122);
    /// Not authorised.
    pub const NOT_AUTHORISED: Self = Self(0x0124);
    /// Unrecognised operation.
    pub const UNRECOGNISED_OPERATION: Self = Self(0x0211);

    /// What it means for the operation.
    pub const fn outcome(self) -> Outcome {
        match self.0 {
            0x0000 => Outcome::Success,
            0xFF00 | 0xFF01 => Outcome::Pending,
            0xFE00 => Outcome::Cancelled,
            0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF => Outcome::Warning,
            _ => Outcome::Failure,
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self.0 {
            0x0000 => "success",
            0x0105 | 0x0106 | 0x0114 | 0x0115 | 0x0117 => "invalid attribute or instance",
            0x0110 => "processing failure",
            0x0111 => "duplicate SOP instance",
            0x0112 => "no such SOP instance",
            0x0119 => "an instance of another SOP class",
            0x0118 | 0x0122 => "SOP class not supported",
            0x0124 => "not authorised",
            0x0210 => "duplicate invocation",
            0x0211 => "unrecognised operation",
            0x0212 => "mistyped argument",
            0x0213 => "resource limitation",
            0xA701 => "out of resources: unable to calculate the number of matches",
            0xA702 => "out of resources: unable to perform sub-operations",
            0xA700..=0xA7FF => "out of resources",
            0xA801 => "move destination unknown",
            0xA900..=0xA9FF => "identifier or data set does not match the SOP class",
            0xB000 => "sub-operations complete, one or more failed",
            0xB770 => "stored, and not shown: rejected before it came",
            0xB001..=0xBFFF => "warning",
            0xC000..=0xCFFF => "unable to process",
            0xFE00 => "cancelled",
            0xFF00 | 0xFF01 => "pending",
            _ => "a status that the standard does not know",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (status {:04X})", self.words(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Status};

    #[test]
    fn every_status_has_one_outcome() {
        for (code, outcome) in [
            (0x0000, Outcome::Success),
            (0xFF00, Outcome::Pending),
            (0xFF01, Outcome::Pending),
            (0xFE00, Outcome::Cancelled),
            (0xB000, Outcome::Warning),
            (0xB007, Outcome::Warning),
            (0x0107, Outcome::Warning),
            (0xA700, Outcome::Failure),
            (0xA801, Outcome::Failure),
            (0xC123, Outcome::Failure),
            (0x0211, Outcome::Failure),
            (0x1234, Outcome::Failure),
        ] {
            assert_eq!(Status(code).outcome(), outcome, "{code:04X}");
        }
    }
}
