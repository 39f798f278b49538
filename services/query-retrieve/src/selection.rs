//! Which instances a retrieval is about: its identifier resolved to studies that the caller has leave for, and their series.

use access::{Action, Caller, Subject};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dimse::identifier::Level;
use dimse::message::Status;
use index_model::Uid;
use index_query::{Attribute, Include, Match, Page, Query, Rule};
use registry::{OpenedStudy, Registry, RegistryError, SeriesRow};

use crate::asked::Selected;
use crate::failure::Refusal;

/// Studies of one retrieval: so many are resolved before the first object goes out.
const MOST_STUDIES: u32 = 1_000;

/// What is to be sent.
pub(crate) struct Selection {
    pub(crate) studies: Vec<OpenedStudy>,
    series: Vec<Uid>,
    instances: Vec<Uid>,
    /// Instances of studies that can't be opened, and why the first of these can't.
    pub(crate) withheld: Option<(u64, RegistryError)>,
}

impl Selection {
    /// Resolves what was asked for. What is not known, or not the caller's to know of, is not part of it; what can't be opened beside what
    /// can (its copies belong to different patients, or nobody has it any more) is withheld.
    pub(crate) async fn resolve(registry: &Registry, caller: &Caller, selected: Selected) -> Result<Self, Refusal> {
        let Selected { level, patient, studies, series, instances } = selected;
        // Of how many instances a study is that can't be opened is known where the patient is: at least one.
        let known = match &patient {
            None => studies.into_iter().map(|uid| (uid, 1)).collect(),
            Some(patient) => studies_of(registry, caller, patient, studies, level).await?,
        };
        let mut studies = Vec::with_capacity(known.len());
        let mut withheld: Option<(u64, RegistryError)> = None;
        for (uid, number) in known {
            match registry.open_study(caller, Action::RetrieveInstances, &uid).await {
                Ok(opened) => studies.push(opened),
                Err(RegistryError::NotFound) => {}
                Err(error @ (RegistryError::Ambiguous { .. } | RegistryError::Gone { .. })) => {
                    let (before, first) = withheld.take().unwrap_or((0, error));
                    withheld = Some((before + number, first));
                }
                Err(error) => return Err(error.into()),
            }
        }
        match withheld {
            Some((_, error)) if studies.is_empty() => Err(error.into()),
            withheld => Ok(Self { studies, series, instances, withheld }),
        }
    }

    /// The series of a study that are asked for.
    pub(crate) fn series<'a>(&'a self, opened: &'a OpenedStudy) -> impl Iterator<Item = &'a SeriesRow> {
        let wanted = |row: &&SeriesRow| self.series.is_empty() || self.series.contains(&row.series.series_instance_uid);
        opened.series.iter().filter(wanted)
    }

    /// Whether an instance of such a series is asked for.
    pub(crate) fn has(&self, instance: &Uid) -> bool {
        self.instances.is_empty() || self.instances.contains(instance)
    }

    /// How many instances there are, as far as it is known before the series are read.
    pub(crate) fn expected(&self) -> u64 {
        let all = self.studies.iter().flat_map(|opened| self.series(opened));
        let all: u64 = all.map(|row| u64::from(row.number_of_instances)).sum();
        if self.instances.is_empty() { all } else { all.min(self.instances.len() as u64) }
    }

    /// How many of a series' instances are expected.
    pub(crate) fn expected_of(&self, series: &SeriesRow) -> u64 {
        let all = u64::from(series.number_of_instances);
        if self.instances.is_empty() { all } else { all.min(self.instances.len() as u64) }
    }
}

fn condition(tag: Tag, vr: VR, value: &str) -> Match {
    Match { attribute: Attribute { path: vec![tag], vr }, rule: Rule::Equals(value.to_owned()) }
}

/// The studies of one patient with their numbers of instances, or those of the given ones that are this patient's. A PatientID that several issuers gave to different
/// patients is refused: nobody is sent another patient's images.
async fn studies_of(
    registry: &Registry,
    caller: &Caller,
    (id, issuer): &(String, Option<String>),
    given: Vec<Uid>,
    level: Level,
) -> Result<Vec<(Uid, u64)>, Refusal> {
    let permit = registry.access().permit(caller, Action::Search, Subject::Registry).await?;
    let mut matches = vec![condition(tags::PATIENT_ID, VR::LO, id)];
    matches.extend(issuer.iter().map(|issuer| condition(tags::ISSUER_OF_PATIENT_ID, VR::LO, issuer)));
    let mut query = Query {
        level: index_query::Level::Study,
        matches,
        include: Include::default(),
        page: Page::first(2),
        fuzzy: false,
    };
    if registry.search_patients(&permit, &query).await?.rows.len() > 1 {
        let comment = "several issuers gave this PatientID: name IssuerOfPatientID";
        return Err(Refusal::of_element(Status::CANNOT_UNDERSTAND, tags::ISSUER_OF_PATIENT_ID, comment));
    }
    if level > Level::Patient {
        let uids = given.iter().map(|uid| uid.as_str().to_owned()).collect();
        let attribute = Attribute { path: vec![tags::STUDY_INSTANCE_UID], vr: VR::UI };
        query.matches.push(Match { attribute, rule: Rule::AnyOf(uids) });
    }
    query.page = Page::first(MOST_STUDIES);
    let found = registry.search_studies(&permit, &query).await?;
    if found.remaining > 0 {
        return Err(Refusal::new(Status::NO_SUBOPERATIONS, "more than 1000 studies: retrieve them one by one"));
    }
    let of_row = |row: registry::StudyRow| (row.study.study_instance_uid, u64::from(row.number_of_instances).max(1));
    Ok(found.rows.into_iter().map(of_row).collect())
}
