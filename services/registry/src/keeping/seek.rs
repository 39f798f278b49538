//! Reports that lie in objects which were held before such objects were taken in as reports: they are sought at leisure, so that a report is
//! in the record without anybody opening its object.
//!
//! How far it came is in the index, for each series: what is interrupted goes on, on whichever node.

use std::time::Duration;

use adapter_api::Object;
use index_model::{InstanceEntry, RepositoryCode, form_of};
use index_store::Outcome;

use crate::{Registry, RegistryError};

/// The lease by which one node alone does it.
const LEASE: &str = "seek reports";
/// How often it is looked for, and how long after something could not be read.
const LOOK: Duration = Duration::from_secs(5);
const SELDOM: Duration = Duration::from_secs(600);
/// Series of one look at the index.
const AT_A_TIME: u32 = 50;

/// Seeks until the registry ends.
pub(crate) async fn run(registry: Registry) {
    let mut pause = LOOK;
    loop {
        tokio::select! {
            () = registry.0.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = match registry.seek_reports().await {
            Ok(true) => LOOK,
            Ok(false) => SELDOM,
            Err(error) => {
                tracing::error!(error = %error, "reports that lie in objects could not be sought");
                SELDOM
            }
        };
    }
}

impl Registry {
    /// Looks through every series that has something new; whether all could be read.
    async fn seek_reports(&self) -> Result<bool, RegistryError> {
        let quiet_ms = i64::try_from(self.0.limits.quiet.as_millis()).unwrap_or(i64::MAX);
        let holder = format!("{} {}", self.0.node, uuid::Uuid::new_v4().simple());
        let (mut after, mut all) = (0, true);
        loop {
            let before_ms = self.0.clock.now_ms().saturating_sub(quiet_ms);
            let series = self.0.store.series_to_seek(after, before_ms, AT_A_TIME).await?;
            if series.is_empty() || self.0.stop.is_cancelled() {
                break;
            }
            if !self.0.store.take_lease(LEASE, &holder, self.0.limits.lease).await? {
                return Ok(all);
            }
            for (series_key, held) in series {
                after = series_key;
                match self.seek_in(series_key).await {
                    Ok(()) => self.0.store.note_sought(series_key, held).await?,
                    // One that can't be read keeps no other back.
                    Err(error) => {
                        all = false;
                        tracing::warn!(error = %error, series.key = series_key, "a series could not be looked through for reports");
                    }
                }
            }
        }
        self.0.store.give_lease_back(LEASE, &holder).await?;
        Ok(all)
    }

    async fn seek_in(&self, series_key: i64) -> Result<(), RegistryError> {
        let manifest = match self.known_manifest(series_key).await {
            Ok(manifest) => manifest,
            // It left meanwhile.
            Err(RegistryError::NotFound) => return Ok(()),
            Err(error) => return Err(error),
        };
        let is_document = |entry: &InstanceEntry| form_of(entry.instance.sop_class_uid.as_str()).is_some();
        let documents: Vec<_> = manifest.known().into_iter().filter(|(_, entry)| is_document(entry)).collect();
        let uids = documents.iter().map(|(_, entry)| entry.instance.sop_instance_uid.as_str());
        let known = self.0.store.which_are_reports(&uids.collect::<Vec<_>>()).await?;
        for (repository, entry) in &documents {
            if !known.contains(entry.instance.sop_instance_uid.as_str()) {
                self.report_in(repository, entry).await?;
            }
        }
        Ok(())
    }

    /// Takes in the report that a held object is, where it is one.
    async fn report_in(&self, repository: &RepositoryCode, entry: &InstanceEntry) -> Result<(), RegistryError> {
        let Some(name) = &entry.object else { return Ok(()) };
        let object = Object::from(self.0.objects.get(name).await?);
        let Ok(read) = self.extract(repository, object.clone()).await? else { return Ok(()) };
        let report = self.report_of(repository, (&read.study, &read.series, &read.entry), Some(&object)).await?;
        if report.is_some() {
            let permit = self.permit_to_synchronise(repository).await?;
            permit.count(1, object.len() as u64);
        }
        self.keep_report(repository, report, Outcome::Repeat).await
    }
}
