//! How urgently work is wanted, and by whom.

/// Urgency as HTTP has it (RFC 9218 §4.1): 0 the most, 7 the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Urgency(u8);

impl Urgency {
    /// Somebody looks at the place where it will be shown.
    pub const VISIBLE: Self = Self(1);
    /// What nobody said anything about; the default of RFC 9218.
    pub const NORMAL: Self = Self(3);
    /// Small pictures that lead to others.
    pub const THUMBNAIL: Self = Self(5);
    /// What may be looked at next.
    pub const AHEAD: Self = Self(6);
    /// What nobody waits for.
    pub const BACKGROUND: Self = Self(7);
    pub(crate) const LEVELS: usize = 8;

    /// 0 to 7; `None` for what is none.
    pub fn new(level: u8) -> Option<Self> {
        (usize::from(level) < Self::LEVELS).then_some(Self(level))
    }

    pub(crate) fn level(self) -> usize {
        usize::from(self.0)
    }
}

/// Who wants work done, and how urgently. Callers of one urgency share evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// How urgently.
    pub urgency: Urgency,
    /// Tells callers apart; says nothing else about them.
    pub caller: u64,
}

impl Demand {
    /// Of nobody in particular: what the service does of its own.
    pub const fn own(urgency: Urgency) -> Self {
        Self { urgency, caller: 0 }
    }

    /// Of the caller who is known by these words.
    pub fn of(urgency: Urgency, caller: impl std::hash::Hash) -> Self {
        use std::hash::Hasher;
        let mut hasher = std::hash::DefaultHasher::new();
        caller.hash(&mut hasher);
        Self { urgency, caller: hasher.finish() }
    }
}
