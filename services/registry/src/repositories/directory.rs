//! The registered repositories, in memory: definitions, live sources and how they are doing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use adapter_api::ImagingSource;
use index_model::{AeTitle, DimseAddress, Protocol, RepositoryCode, RepositoryDefinition};
use index_store::Store;
use runtime::Turns;

use super::breaker::Health;
use super::pace::Pace;
use super::skew::{Told, Watch};
use crate::{RegistryError, SourceFactory};

/// One registered repository.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) definition: Arc<RepositoryDefinition>,
    /// `None` for one that only pushes, or whose definition makes no source.
    pub(crate) source: Option<Arc<dyn ImagingSource>>,
    pub(crate) health: Arc<Health>,
    /// How quickly it gives objects.
    pub(crate) pace: Arc<Pace>,
    /// Of its clock.
    pub(crate) watch: Arc<Watch>,
    /// As many as it may be asked for at a time, by viewers and the synchroniser together.
    pub(crate) slots: Turns,
}

impl Entry {
    /// Something came of it that tells by how much its clock is ahead of ours.
    pub(crate) fn hear(&self, told: Told, ahead_ms: i64) {
        let before = self.watch.skew_ms();
        let skew = self.watch.heard(told, ahead_ms);
        let seconds = skew.unwrap_or_default() / 1000;
        let code = &self.definition.code;
        metrics::gauge!("dics_source_clock_skew_seconds", "repository" => code.to_string()).set(seconds as f64);
        if skew.is_some() && before.is_none() {
            tracing::warn!(repository.code = %code, seconds, "the clock of a source is not ours, or its messages come late");
        }
    }
}

/// All of them.
pub(crate) struct Directory {
    entries: RwLock<BTreeMap<RepositoryCode, Entry>>,
    factory: SourceFactory,
    /// Rises before and after each change of ours, so that what was read from the index before it is not put in force after it.
    changes: AtomicU64,
    /// When the index was last looked into for a repository that is not here, Unix milliseconds.
    looked_ms: AtomicI64,
}

/// How often that is done at most, whoever asks for repositories that there are not.
const LOOK_MS: i64 = 1_000;

impl Directory {
    pub(crate) async fn load(store: &Store, factory: SourceFactory) -> Result<Self, RegistryError> {
        let directory = Self {
            entries: RwLock::default(),
            factory,
            changes: AtomicU64::default(),
            looked_ms: AtomicI64::new(i64::MIN),
        };
        for row in store.repositories().await? {
            let code = row.definition.code.clone();
            if let Err(fault) = directory.put(row.definition) {
                tracing::error!(repository.code = %code, fault, "a registered repository can't be reached as it is defined");
            }
        }
        Ok(directory)
    }

    /// How often it was changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Whether the index may be looked into again for what is not here.
    pub(crate) fn may_look(&self, now_ms: i64) -> bool {
        let is_due = |last: i64| (now_ms.saturating_sub(last) >= LOOK_MS).then_some(now_ms);
        self.looked_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_due).is_ok()
    }

    /// Something is about to change in the index.
    pub(crate) fn will_change(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Puts a definition in force, replacing an older one; how the repository is doing is not forgotten by that.
    ///
    /// # Errors
    /// The factory's words, for the administrator; the entry is there all the same, without a source.
    pub(crate) fn put(&self, definition: RepositoryDefinition) -> Result<(), String> {
        let made = (self.factory)(&definition);
        let (source, fault) = match made {
            Ok(source) => (source, None),
            Err(fault) => (None, Some(fault)),
        };
        let slots = Turns::new("repository", definition.concurrency as usize, 0);
        let (health, pace, watch) = Default::default();
        let mut entry = Entry { source, health, pace, watch, definition: Arc::new(definition), slots };
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = entries.get(&entry.definition.code) {
            entry.health = Arc::clone(&before.health);
            entry.watch = Arc::clone(&before.watch);
            entry.health.defined_anew();
        }
        entries.insert(entry.definition.code.clone(), entry);
        drop(entries);
        self.will_change();
        fault.map_or(Ok(()), Err)
    }

    /// Forgets one that was taken out.
    pub(crate) fn remove(&self, code: &RepositoryCode) {
        self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(code);
        self.will_change();
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

    /// The regions of the other repositories, where none of them is of this one's: it is new, or mistyped.
    pub(crate) fn regions_beside(&self, own: &RepositoryDefinition) -> Option<BTreeSet<String>> {
        let others = self.all().into_iter().filter(|entry| entry.definition.code != own.code);
        let known: BTreeSet<String> = others.map(|entry| entry.definition.region.clone()).collect();
        (!known.is_empty() && !known.contains(&own.region)).then_some(known)
    }

    /// The repository in whose name this AE title stores: a push source's user, or a DIMSE archive that we move from.
    pub(crate) fn by_ae_title(&self, calling: &AeTitle) -> Option<Entry> {
        self.all().into_iter().find(|entry| stores_as(&entry.definition).contains(calling))
    }

    /// Whether the numbers of an issuer are kept by another repository, and not by this one.
    pub(crate) fn is_anothers_issuer(&self, issuer: &str, own: &RepositoryDefinition) -> bool {
        let keeps = |definition: &RepositoryDefinition| {
            definition.patient_id_issuer == issuer || definition.issuer_aliases.iter().any(|alias| alias == issuer)
        };
        !keeps(own) && self.all().iter().any(|entry| keeps(&entry.definition))
    }

    /// The repository, other than this one, that has an AE title or sending facility of it already, with the field: who sends decides whose
    /// numbers and images they are.
    pub(crate) fn clash(&self, with: &RepositoryDefinition) -> Option<(&'static str, RepositoryCode)> {
        let others = self.all().into_iter().filter(|entry| entry.definition.code != with.code);
        others.into_iter().find_map(|entry| {
            let other = &entry.definition;
            let titles = stores_as(with);
            let field = if stores_as(other).iter().any(|title| titles.contains(title)) {
                if with.protocol == Protocol::Dimse { "dimse.aeTitle" } else { "push.callingAeTitles" }
            } else {
                let (ours, theirs) = (with.hl7.as_ref()?, other.hl7.as_ref()?);
                let mut named = ours.sending_facility.split(',').map(str::trim);
                named.any(|facility| theirs.sends(facility)).then_some("hl7.sendingFacility")?
            };
            Some((field, other.code.clone()))
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

/// The AE titles that store in a repository's name.
fn stores_as(definition: &RepositoryDefinition) -> &[AeTitle] {
    match definition.protocol {
        Protocol::Push => definition.push.as_ref().map_or(&[], |push| &push.calling_ae_titles),
        Protocol::Dimse => definition.dimse.as_ref().map_or(&[], |dimse| std::slice::from_ref(&dimse.ae_title)),
        Protocol::Dicomweb | Protocol::Archive => &[],
    }
}
