//! The registered repositories, in memory: definitions, live sources and how they are doing.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use adapter_api::{ImagingSource, SourceError};
use index_model::{AeTitle, DimseAddress, Protocol, RepositoryCode, RepositoryDefinition};
use index_store::Store;

use crate::{RegistryError, SourceFactory};

/// After so many failures in a row a repository is not asked for a while.
const FAILURES_TO_OPEN: u32 = 3;
/// Not asked for so long, doubling up to sixteen times this.
const PAUSE_MS: i64 = 2_000;

/// One registered repository.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) definition: Arc<RepositoryDefinition>,
    /// `None` for one that only pushes, or whose definition makes no source.
    pub(crate) source: Option<Arc<dyn ImagingSource>>,
    pub(crate) health: Arc<Health>,
}

/// How a repository is doing: the circuit breaker, and since when it does not answer.
#[derive(Debug, Default)]
pub(crate) struct Health(std::sync::Mutex<Condition>);

#[derive(Debug, Default, Clone, Copy)]
struct Condition {
    failures: u32,
    closed_until_ms: i64,
    down_since_ms: Option<i64>,
}

impl Health {
    fn with<T>(&self, act: impl FnOnce(&mut Condition) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it may be asked now.
    pub(crate) fn may_ask(&self, now_ms: i64) -> bool {
        self.with(|condition| now_ms >= condition.closed_until_ms)
    }

    /// Since when it does not answer.
    pub(crate) fn down_since_ms(&self) -> Option<i64> {
        self.with(|condition| condition.down_since_ms)
    }

    pub(crate) fn answered(&self) {
        self.with(|condition| *condition = Condition::default());
    }

    /// Counts failures that say the repository is unwell; what it merely declines or does not hold is an answer.
    pub(crate) fn failed(&self, error: &SourceError, now_ms: i64) {
        if !matches!(
            error,
            SourceError::Unavailable { .. } | SourceError::Refused { .. } | SourceError::Malformed { .. }
        ) {
            return;
        }
        self.with(|condition| {
            condition.failures = condition.failures.saturating_add(1);
            condition.down_since_ms.get_or_insert(now_ms);
            if condition.failures >= FAILURES_TO_OPEN {
                let doubled = (condition.failures - FAILURES_TO_OPEN).min(4);
                condition.closed_until_ms = now_ms + (PAUSE_MS << doubled);
            }
        });
    }
}

/// All of them.
pub(crate) struct Directory {
    entries: RwLock<BTreeMap<RepositoryCode, Entry>>,
    factory: SourceFactory,
}

impl Directory {
    pub(crate) async fn load(store: &Store, factory: SourceFactory) -> Result<Self, RegistryError> {
        let directory = Self { entries: RwLock::default(), factory };
        for row in store.repositories().await? {
            let code = row.definition.code.clone();
            if let Err(fault) = directory.put(row.definition) {
                tracing::error!(repository.code = %code, fault, "a registered repository can't be reached as it is defined");
            }
        }
        Ok(directory)
    }

    /// Puts a definition in force, replacing an older one.
    ///
    /// # Errors
    /// The factory's words, for the administrator; the entry is there all the same, without a source.
    pub(crate) fn put(&self, definition: RepositoryDefinition) -> Result<(), String> {
        let made = (self.factory)(&definition);
        let (source, fault) = match made {
            Ok(source) => (source, None),
            Err(fault) => (None, Some(fault)),
        };
        let entry = Entry { source, health: Arc::default(), definition: Arc::new(definition) };
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.insert(entry.definition.code.clone(), entry);
        fault.map_or(Ok(()), Err)
    }

    /// A source for a definition that is not registered, to test it.
    pub(crate) fn try_source(
        &self,
        definition: &RepositoryDefinition,
    ) -> Result<Option<Arc<dyn ImagingSource>>, String> {
        (self.factory)(definition)
    }

    pub(crate) fn codes(&self) -> Vec<RepositoryCode> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(crate) fn entry(&self, code: &RepositoryCode) -> Option<Entry> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(code).cloned()
    }

    pub(crate) fn definition(&self, code: &RepositoryCode) -> Option<Arc<RepositoryDefinition>> {
        self.entry(code).map(|entry| entry.definition)
    }

    pub(crate) fn all(&self) -> Vec<Entry> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The repository in whose name this AE title stores: a push source's user, or a DIMSE archive that we move from.
    pub(crate) fn by_ae_title(&self, calling: &AeTitle) -> Option<Entry> {
        self.all().into_iter().find(|entry| match entry.definition.protocol {
            Protocol::Push => {
                entry.definition.push.as_ref().is_some_and(|push| push.calling_ae_titles.contains(calling))
            }
            Protocol::Dimse => entry.definition.dimse.as_ref().is_some_and(|dimse| dimse.ae_title == *calling),
            Protocol::Dicomweb | Protocol::Archive => false,
        })
    }

    /// Where a DIMSE archive of this AE title is.
    pub(crate) fn dimse_address(&self, ae_title: &AeTitle) -> Option<DimseAddress> {
        let mut addresses = self.all().into_iter().filter_map(|entry| entry.definition.dimse.clone());
        addresses.find(|address| address.ae_title == *ae_title)
    }

    /// The repository whose messages carry this MSH-4.1.
    pub(crate) fn by_facility(&self, facility: &str) -> Option<Entry> {
        let named = |entry: &Entry| entry.definition.hl7.as_ref().is_some_and(|hl7| hl7.sends(facility));
        self.all().into_iter().find(named)
    }
}
