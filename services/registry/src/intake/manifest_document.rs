//! Manifests (XDS-I.b, MADO): a study becomes known by what refers to it, before its repository has told of it.

use std::collections::BTreeMap;

use index_model::{
    KeyObject, ReferencedSeries, ReferencedStudy, RepositoryCode, RepositoryDefinition, SeriesRecord, StudyRecord,
    sop_class,
};
use index_store::SearchFilter;

use crate::{Registry, RegistryError};

/// Repository code for what is known to be somewhere else, at nobody who is registered here.
pub(crate) const ELSEWHERE: &str = "elsewhere";

impl Registry {
    /// Registers the studies of a manifest where their repositories have not told of them yet: at the repository that the manifest
    /// names, else as known and not available.
    pub(crate) async fn register_manifest(
        &self,
        sender: &RepositoryCode,
        study: &StudyRecord,
        manifest: &KeyObject,
        object: Option<&str>,
    ) -> Result<(), RegistryError> {
        for referenced in &manifest.studies {
            let mut places: BTreeMap<RepositoryCode, Vec<SeriesRecord>> = BTreeMap::new();
            for series in &referenced.series {
                let place = match self.place_of(series) {
                    Some(code) => code,
                    None => self.elsewhere().await?,
                };
                places.entry(place).or_default().push(series_record(series));
            }
            for (code, series) in places {
                self.register_referenced(&code, &study_record(study, referenced), &series).await?;
            }
        }
        let is_new = self.0.store.keep_manifest(sender, manifest, object, self.0.clock.now_ms()).await?;
        if let Some(object) = object.filter(|_| !is_new) {
            self.0.objects.remove(object).await;
        }
        Ok(())
    }

    /// What a repository says itself stands over what a manifest says of it.
    async fn register_referenced(
        &self,
        code: &RepositoryCode,
        study: &StudyRecord,
        series: &[SeriesRecord],
    ) -> Result<(), RegistryError> {
        let known = self.0.store.studies_by_uid(&study.study_instance_uid, &SearchFilter::default()).await?;
        // Nothing is somewhere else that is here. Of what is nowhere else, the manifest that lists most is the one in force: a study
        // grows, and an older manifest may come late.
        let listed: u32 = series.iter().filter_map(|series| series.number_of_series_related_instances).sum();
        let is_told = |row: &index_store::StudyRow| match code.as_str() {
            ELSEWHERE => row.repositories.iter().any(|other| other != code) || listed <= row.number_of_instances,
            _ => row.repositories.contains(code),
        };
        if known.iter().any(is_told) {
            return Ok(());
        }
        let indexed = self.0.store.index_study(code, study, series, self.0.clock.now_ms()).await?;
        self.0.opened.forget(&study.study_instance_uid).await;
        for series_key in &indexed.series_keys {
            self.changed(indexed.study_key, *series_key);
        }
        self.withdrawn(&indexed.withdrawn).await;
        Ok(())
    }

    /// The registered repository that a series is at: by RetrieveLocationUID, else by RetrieveURL, else by RetrieveAETitle. No address of
    /// a manifest is ever called.
    fn place_of(&self, series: &ReferencedSeries) -> Option<RepositoryCode> {
        let entries = self.0.directory.all();
        let by = |fits: &dyn Fn(&RepositoryDefinition) -> bool| {
            let entry = entries.iter().find(|entry| fits(&entry.definition))?;
            Some(entry.definition.code.clone())
        };
        let location = series.retrieve_location_uid.as_ref().map(|uid| uid.as_str());
        by(&|one| location == Some(one.location_uid().as_str()))
            .or_else(|| {
                by(&|one| one.dicomweb.as_ref().is_some_and(|web| is_below(series.retrieve_url.as_deref(), &web.url)))
            })
            .or_else(|| {
                let entry = self.0.directory.by_ae_title(series.retrieve_ae_title.as_ref()?)?;
                Some(entry.definition.code.clone())
            })
    }

    async fn elsewhere(&self) -> Result<RepositoryCode, RegistryError> {
        self.own_repository(ELSEWHERE, "Elsewhere", "ELSEWHERE").await
    }
}

/// Whether an address lies below another, path by path.
fn is_below(address: Option<&str>, base: &str) -> bool {
    let base = base.trim_end_matches('/');
    let rest = address.and_then(|address| address.strip_prefix(base));
    !base.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// What a manifest's own header says of the study that it is in; of another study it tells whose it is.
fn study_record(said: &StudyRecord, referenced: &ReferencedStudy) -> StudyRecord {
    if said.study_instance_uid == referenced.study_instance_uid {
        return said.clone();
    }
    StudyRecord { patient: said.patient.clone(), ..StudyRecord::new(referenced.study_instance_uid.clone()) }
}

fn series_record(series: &ReferencedSeries) -> SeriesRecord {
    let mut record = SeriesRecord::new(series.series_instance_uid.clone());
    record.number_of_series_related_instances = u32::try_from(series.instances.len()).ok();
    let classes = series.instances.iter().find_map(|(class, _)| sop_class::usual_modality(class.as_str()));
    record.modality = classes.map(str::to_owned);
    record
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn an_address_is_below_another_by_whole_steps() {
        let base = "http://pacs/dicom-web/";
        assert!(is_below(Some("http://pacs/dicom-web/studies/1"), base));
        assert!(is_below(Some("http://pacs/dicom-web"), base));
        for other in ["http://pacs/dicom-web-2/studies", "http://pacs.evil/dicom-web", "http://pacs"] {
            assert!(!is_below(Some(other), base), "{other}");
        }
        assert!(!is_below(None, base) && !is_below(Some("http://x"), ""));
    }
}
