//! A study becomes known: one object in; guard, extract, bytes, index, acknowledgement.

pub(crate) mod commit;
mod commitment;
mod fate;
mod inbox;
mod key_objects;
pub(crate) mod likeness;
pub(crate) mod manifest_document;
mod object_reports;
mod withdrawals;

use std::sync::Arc;

use access::Permit;
use adapter_api::{Object, StoreAnswer};
use index_extract::{Defaults, Extracted, extract};
use index_model::{Finding, IssuedId, PatientRecord, Protocol, PushSource, RepositoryCode, RepositoryDefinition, Uid};
use index_store::{NewInstance, Outcome};

use fate::refusal;
pub use fate::{Fate, StoredInstance};

use crate::objects::Objects;
use crate::{Registry, RegistryError};

/// Why an object is kept beside the one that is shown.
const ANOTHER: &str = "another instance of this identifier is stored and stays";

/// An object of this length is read in less time than two changes of threads take.
pub(crate) const SHORT_BYTES: usize = 16 << 10;

/// Repository code under which STOW-RS stores what no registered repository claims, in development mode.
const LOCAL: &str = "local";

impl Registry {
    /// Stores one object for a caller (STOW-RS), of `study` where it is given. In development mode anybody may; it is kept under the
    /// repository `local`.
    ///
    /// # Errors
    /// [`RegistryError`] when the service itself is at fault; what is wrong with the object is in its fate.
    pub async fn store(
        &self,
        permit: &Permit,
        object: Object,
        study: Option<&Uid>,
    ) -> Result<StoredInstance, RegistryError> {
        let code = self.local_repository().await?;
        let size_bytes = object.len() as u64;
        let stored = match self.extract(&code, object.clone()).await? {
            // Its sender is told so at once and has it still; what is no object would only fill the quarantine.
            Err(Finding { attribute, rule, .. }) if attribute == "file" => {
                StoredInstance::unread(&object, Fate::Unreadable { rule })
            }
            Err(finding) => StoredInstance::unread(&object, self.put_aside(&code, &object, &finding).await),
            Ok(extracted) => match refusal(&extracted, study) {
                Some(fate) => StoredInstance::read(&extracted, fate),
                None => self.kept(&code, object, extracted, None).await,
            },
        };
        if stored.fate.is_held() && stored.fate != Fate::Conflict {
            permit.count(1, size_bytes);
        }
        Ok(stored)
    }

    pub(crate) async fn local_repository(&self) -> Result<RepositoryCode, RegistryError> {
        self.own_repository(LOCAL, "Stored here", "LOCAL").await
    }

    /// A repository that is nobody's but the service's own, registered when it is first needed.
    pub(crate) async fn own_repository(
        &self,
        code: &str,
        name: &str,
        region: &str,
    ) -> Result<RepositoryCode, RegistryError> {
        let code = RepositoryCode::parse(code).map_err(RegistryError::internal)?;
        if self.0.directory.entry(&code).is_none() {
            let definition = RepositoryDefinition {
                code: code.clone(),
                name: name.into(),
                region: region.into(),
                protocol: Protocol::Push,
                patient_id_issuer: region.into(),
                accession_issuer: None,
                location_uid: None,
                issuer_aliases: Vec::new(),
                character_set: None,
                time_zone: "America/Toronto".into(),
                concurrency: 4,
                poll_seconds: 30,
                dicomweb: None,
                dimse: None,
                archive: None,
                push: Some(PushSource { calling_ae_titles: Vec::new() }),
                hl7: None,
            };
            self.0.directory.will_change();
            self.0.store.insert_repository(&definition, self.0.clock.now_ms()).await?;
            self.0.directory.put(definition).map_err(RegistryError::internal)?;
            self.follow(&code);
        }
        Ok(code)
    }

    /// Takes one object in under `repository`. `remote` is the repository's own name for it.
    pub(crate) async fn take_in(
        &self,
        repository: &RepositoryCode,
        object: Object,
        remote: Option<String>,
    ) -> StoredInstance {
        let fate = match self.extract(repository, object.clone()).await {
            Ok(Ok(extracted)) => return self.kept(repository, object, extracted, remote).await,
            Ok(Err(finding)) => self.put_aside(repository, &object, &finding).await,
            Err(error) => {
                tracing::error!(error = %error, "an object could not be read");
                Fate::OutOfResources
            }
        };
        StoredInstance::unread(&object, fate)
    }

    /// Keeps what was read. A sender who goes away meanwhile does not stop it halfway: what is indexed is also announced.
    async fn kept(
        &self,
        repository: &RepositoryCode,
        object: Object,
        extracted: Extracted,
        remote: Option<String>,
    ) -> StoredInstance {
        let told = StoredInstance::read(&extracted, Fate::Stored);
        let (registry, code) = (self.clone(), repository.clone());
        let keeping = async move { registry.keep(&code, object, extracted, remote).await };
        let kept = self.0.tasks.spawn(keeping).await.unwrap_or_else(|error| Err(RegistryError::internal(error)));
        let fate = kept.unwrap_or_else(|error| {
            let cause = runtime::telemetry::causes(&error);
            tracing::error!(error = %error, cause, repository.code = %repository, "an object could not be stored");
            Fate::of(&error)
        });
        StoredInstance { fate, ..told }
    }

    pub(crate) async fn extract(
        &self,
        repository: &RepositoryCode,
        object: Object,
    ) -> Result<Result<Extracted, Finding>, RegistryError> {
        let defaults = self.defaults(repository);
        let mut extracted = if object.len() <= SHORT_BYTES && !index_guard::is_deflated(&object) {
            self.0.cpu.run_here(|| extract(&object, &defaults))?
        } else {
            self.0.cpu.run(move || extract(&object, &defaults)).await?
        };
        if let (Ok(extracted), Some(definition)) = (&mut extracted, self.0.directory.definition(repository)) {
            one_name_for_each_issuer(&definition, &mut extracted.study.patient);
            one_name(&definition, &mut extracted.study.accession_number);
            one_name(&definition, &mut extracted.study.placer_order_number);
            one_name(&definition, &mut extracted.study.admission_id);
        }
        Ok(extracted)
    }

    pub(crate) fn defaults(&self, repository: &RepositoryCode) -> Defaults {
        let definition = self.0.directory.definition(repository);
        let issuer = definition.as_ref().map_or("LOCAL", |definition| &definition.patient_id_issuer);
        Defaults {
            patient_id_issuer: issuer.to_owned(),
            accession_issuer: definition.as_ref().map_or(issuer, |definition| definition.accession_issuer()).to_owned(),
            character_set: definition.as_ref().and_then(|definition| definition.character_set.clone()),
            base_path: self.0.dicomweb_path.clone(),
        }
    }

    /// Bytes first, then the index; the index alone decides what is there.
    async fn keep(
        &self,
        repository: &RepositoryCode,
        object: Object,
        extracted: Extracted,
        remote: Option<String>,
    ) -> Result<Fate, RegistryError> {
        let Extracted { study, series, mut entry, misnamed, part10, .. } = extracted;
        let document = match index_extract::key_object(&entry) {
            Ok(document) => document,
            Err(finding) => return Ok(self.put_aside(repository, &object, &finding).await),
        };
        let object = part10.map_or(object, Object::from);
        entry.size_bytes = object.len() as u64;
        // What is small becomes durable with its entry, and needs no sync of its own.
        let is_plain = document.is_none() && !self.0.derivatives.may_have_form(&entry);
        let small = Objects::small(&object).filter(|_| is_plain);
        let is_small = small.is_some();
        let name = if is_small { Objects::small_name() } else { Objects::fresh_name("instances", "dcm") };
        if !is_small {
            self.0.objects.put(&name, &object).await?;
        }
        if let Some(document) = document {
            self.act_on(repository, &study, &document, Some(&name)).await?;
            return Ok(Fate::Withheld);
        }
        let remote_name = remote.clone();
        (entry.object, entry.remote) = (Some(name.clone()), remote);
        let report = self.report_of(repository, (&study, &series, &entry), Some(&object)).await?;
        let entry = Arc::new(entry);
        let study_instance_uid = study.study_instance_uid.clone();
        let new = NewInstance {
            repository: repository.clone(),
            study,
            series,
            entry: Arc::clone(&entry),
            small,
            fetched: self.is_pulled(repository),
        };
        let indexed = self.0.committer.commit(new).await;
        let mut indexed = match indexed {
            Ok(indexed) => indexed,
            Err(error) => {
                // Not known to be absent from the index, so the bytes stay; they are garbage at worst.
                return Err(error.into());
            }
        };
        // What the index has no use for was not written to it.
        if matches!(indexed.outcome, Outcome::Repeat) && !is_small {
            self.0.objects.remove(&name).await;
        }
        let beside = (Some(name.as_str()), remote_name.as_deref());
        if indexed.to_compare && self.compare_beside(repository, &object, beside, &indexed).await? {
            // What it shows is here: it is kept, or can be had, and nobody has to look.
            (indexed.outcome, indexed.is_reworded) = (Outcome::Repeat, true);
        }
        let is_reworded = indexed.is_reworded && self.has_other_header(&entry, indexed.series_key).await?;
        // What stands beside the instance that is shown is listed for an administrator, once for the same bytes.
        if indexed.outcome == Outcome::Conflict && indexed.superseded_object.is_none() {
            let finding = Finding::quarantine("SOPInstanceUID", ANOTHER);
            self.note_aside(repository, &name, object.len() as u64, &finding).await?;
        }
        if let Some(superseded) = indexed.superseded_object.as_ref().filter(|object| !is_small || **object != name) {
            self.0.objects.remove(superseded).await;
            self.0.derivatives.forget(superseded).await;
        }
        self.changed(indexed.study_key, indexed.series_key);
        self.0.opened.forget(&study_instance_uid).await;
        self.withdrawn(&indexed.withdrawn).await;
        self.keep_report(repository, report, indexed.outcome).await?;
        let is_new = matches!(indexed.outcome, Outcome::New | Outcome::Upgraded);
        if is_new && self.0.derivatives.may_have_form(&entry) {
            self.consider(&name, &entry).await;
        }
        Ok(match indexed.outcome {
            Outcome::Conflict => Fate::Conflict,
            Outcome::Rejected => Fate::Rejected,
            Outcome::Repeat if is_reworded => Fate::OtherHeader,
            Outcome::New | Outcome::Upgraded | Outcome::Repeat if indexed.is_disputed => Fate::Disputed,
            Outcome::New | Outcome::Upgraded | Outcome::Repeat if misnamed => Fate::Misnamed,
            Outcome::New | Outcome::Upgraded | Outcome::Repeat => Fate::Stored,
        })
    }

    /// Whether what comes from a repository can be asked of it again. What is sent to us may be nowhere else.
    pub(crate) fn is_pulled(&self, repository: &RepositoryCode) -> bool {
        self.0.directory.definition(repository).is_some_and(|definition| definition.protocol != Protocol::Push)
    }

    /// Indexes the header of an object whose bytes stay where they are.
    pub(crate) async fn take_note(
        &self,
        repository: &RepositoryCode,
        object: Object,
        remote: Option<String>,
    ) -> StoreAnswer {
        match self.extract(repository, object.clone()).await {
            Ok(Ok(extracted)) => match index_extract::key_object(&extracted.entry) {
                Ok(None) => {
                    let noted = self.index_header(repository, &object, extracted, remote).await;
                    noted.map_or(StoreAnswer::OutOfResources, |()| StoreAnswer::Stored)
                }
                Ok(Some(document)) => {
                    let done = self.act_on(repository, &extracted.study, &document, None).await;
                    done.map_or(StoreAnswer::OutOfResources, |()| StoreAnswer::Stored)
                }
                Err(finding) => self.put_aside(repository, &object, &finding).await.into(),
            },
            Ok(Err(finding)) => self.put_aside(repository, &object, &finding).await.into(),
            Err(_) => StoreAnswer::OutOfResources,
        }
    }

    async fn index_header(
        &self,
        repository: &RepositoryCode,
        object: &Object,
        extracted: Extracted,
        remote: Option<String>,
    ) -> Result<(), RegistryError> {
        let Extracted { study, series, mut entry, part10, .. } = extracted;
        entry.remote.clone_from(&remote);
        let object = part10.map_or_else(|| object.clone(), Object::from);
        let report = self.report_of(repository, (&study, &series, &entry), Some(&object)).await?;
        let study_instance_uid = study.study_instance_uid.clone();
        let entry = Arc::new(entry);
        let new = NewInstance { repository: repository.clone(), study, series, entry, small: None, fetched: false };
        let indexed = self.0.committer.commit(new).await?;
        if indexed.to_compare {
            // Two files of one identifier in an archive: the second is known by its hash, and read when it is compared.
            self.compare_beside(repository, &object, (None, remote.as_deref()), &indexed).await?;
        }
        self.changed(indexed.study_key, indexed.series_key);
        self.0.opened.forget(&study_instance_uid).await;
        self.withdrawn(&indexed.withdrawn).await;
        self.keep_report(repository, report, indexed.outcome).await
    }

    /// Quarantine: the bytes are kept, and the attribute and rule are told to the sender and the administrator.
    async fn put_aside(&self, repository: &RepositoryCode, object: &Object, finding: &Finding) -> Fate {
        let name = Objects::fresh_name("quarantine", "bin");
        let noted = match self.0.objects.put(&name, object).await {
            Ok(()) => self.note_aside(repository, &name, object.len() as u64, finding).await,
            Err(error) => Err(RegistryError::from(error)),
        };
        if let Err(error) = noted {
            let cause = runtime::telemetry::causes(&error);
            tracing::error!(error = %error, cause, repository.code = %repository, "an object could not be put aside");
            return Fate::of(&error);
        }
        Fate::Quarantined { attribute: finding.attribute.clone(), rule: finding.rule.clone() }
    }

    /// Tells the administrator of bytes that are kept under this name and shown to nobody.
    async fn note_aside(
        &self,
        repository: &RepositoryCode,
        name: &str,
        size_bytes: u64,
        finding: &Finding,
    ) -> Result<(), RegistryError> {
        self.0.store.quarantine(repository, finding, size_bytes, Some(name), self.0.clock.now_ms()).await?;
        metrics::counter!("dics_quarantined_total", "repository" => repository.to_string()).increment(1);
        tracing::warn!(repository.code = %repository, attribute = finding.attribute, rule = finding.rule, "object put aside");
        Ok(())
    }
}

/// Issuers have several names (a namespace here, an OID there); the registry knows each by one.
pub(crate) fn one_name_for_each_issuer(definition: &RepositoryDefinition, patient: &mut PatientRecord) {
    one_name(definition, &mut patient.patient_id);
    for id in &mut patient.other_patient_ids {
        id.issuer = definition.issuer(&id.issuer).to_owned();
    }
}

pub(crate) fn one_name(definition: &RepositoryDefinition, id: &mut Option<IssuedId>) {
    if let Some(id) = id {
        id.issuer = definition.issuer(&id.issuer).to_owned();
    }
}
