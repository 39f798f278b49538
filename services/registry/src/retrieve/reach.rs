//! What can't be had now: it is not held here, and the repository that has it does not answer.

use std::collections::{BTreeSet, HashSet};

use index_model::{RepositoryCode, Uid};

use crate::open::OpenedStudy;
use crate::{Manifest, Registry, RegistryError};

/// Instances that nobody can give now, known before the first byte of an answer is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutOfReach {
    /// Which they are, by SOPInstanceUID.
    pub instances: HashSet<Uid>,
    /// The repositories that have them.
    pub repositories: BTreeSet<RepositoryCode>,
}

impl OutOfReach {
    /// Whether everything can be had.
    pub fn is_empty(&self) -> bool {
        self.instances.is_empty()
    }

    /// Takes in what is out of reach of another series.
    pub fn extend(&mut self, other: Self) {
        self.instances.extend(other.instances);
        self.repositories.extend(other.repositories);
    }

    /// What is told when nothing is left of what was asked for.
    pub fn nothing_left(self) -> RegistryError {
        RegistryError::Unavailable { repositories: self.repositories.into_iter().collect() }
    }
}

impl Registry {
    /// What of a series is not held here, and lies where nobody answers.
    pub fn out_of_reach(&self, opened: &OpenedStudy, series: &Uid, manifest: &Manifest) -> OutOfReach {
        let mut out = OutOfReach::default();
        let Some(row) = opened.series_by_uid(series) else { return out };
        // One that was read wholly has only what it gave, unless some of that is told of as another's.
        let may_have_more =
            |code: &RepositoryCode| manifest.read.get(code).is_none_or(|read| *read > manifest.from(code));
        let others_answer = row.repositories.iter().any(|code| self.answers(code) && may_have_more(code));
        for entry in manifest.entries.iter().filter(|entry| entry.object.is_none()) {
            let Some((from, _)) = manifest.entry_of(&entry.instance.sop_instance_uid) else { continue };
            if !self.answers(from) && !others_answer {
                out.instances.insert(entry.instance.sop_instance_uid.clone());
                out.repositories.insert(from.clone());
            }
        }
        out
    }

    /// Whether a repository can be asked now: it has an address, and its circuit is closed.
    pub(crate) fn answers(&self, code: &RepositoryCode) -> bool {
        let entry = self.0.directory.entry(code);
        entry.is_some_and(|entry| entry.source.is_some() && entry.health.down_since_ms().is_none())
    }
}
