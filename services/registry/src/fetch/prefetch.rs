//! An order tells that somebody will be examined, and read: what the reader compares with is brought here meanwhile.
//!
//! It goes the way of [`warm`](super::warm), at the lowest urgency, one study after another. Nothing is shown to anybody by it: the permit is
//! the service's own, and its audit line says so; who looks at a prior asks for leave then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use access::Action;
use index_model::{OrderRecord, StudyRecord, fold};
use index_store::{SearchFilter, StudyRow};
use tokio::sync::mpsc;

use crate::{Registry, RegistryError};

/// Orders that may wait; with more, the rest goes without.
const MOST_WAITING: usize = 256;
/// The same order again, or another part of it, brings nothing anew for so long.
const LATELY_MS: i64 = 6 * 3_600_000;
/// Patients and examinations of which it is remembered that they were seen to.
const MOST_REMEMBERED: usize = 10_000;

/// Whether orders bring priors ahead, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrefetchPolicy {
    /// Whether they do.
    pub on_order: bool,
    /// Studies of one patient for one order.
    pub priors: usize,
}

impl Default for PrefetchPolicy {
    fn default() -> Self {
        Self { on_order: true, priors: 3 }
    }
}

/// Orders that wait for their priors.
#[derive(Debug)]
pub(crate) struct Prefetches {
    wanted: mpsc::Sender<Arc<OrderRecord>>,
    lately: Mutex<HashMap<(i64, String), i64>>,
}

impl Prefetches {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Arc<OrderRecord>>) {
        let (wanted, orders) = mpsc::channel(MOST_WAITING);
        (Self { wanted, lately: Mutex::default() }, orders)
    }

    /// Notes that an examination of somebody is seen to; false when it was lately.
    fn is_news(&self, person_key: i64, examination: &str, now_ms: i64) -> bool {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= MOST_REMEMBERED {
            lately.retain(|_, at_ms| now_ms - *at_ms < LATELY_MS);
        }
        if lately.len() >= MOST_REMEMBERED {
            lately.clear();
        }
        let before = lately.insert((person_key, examination.to_owned()), now_ms);
        before.is_none_or(|at_ms| now_ms - at_ms >= LATELY_MS)
    }
}

/// Sees to orders until the registry ends.
pub(crate) async fn run(registry: Registry, mut orders: mpsc::Receiver<Arc<OrderRecord>>) {
    loop {
        let order = tokio::select! {
            () = registry.0.stop.cancelled() => return,
            order = orders.recv() => order,
        };
        let Some(order) = order else { return };
        let seen_to = tokio::select! {
            () = registry.0.stop.cancelled() => return,
            seen_to = registry.bring_priors(&order) => seen_to,
        };
        if let Err(error) = seen_to {
            tracing::debug!(error = %error, "the priors of an order could not be brought ahead");
        }
    }
}

impl Registry {
    /// Has the priors of an order brought here soon, if it is still asked for. Does not wait.
    pub(crate) fn prefetch_for(&self, order: &OrderRecord) {
        let policy = self.0.limits.prefetch;
        if !policy.on_order || policy.priors == 0 || order.is_cancelled {
            return;
        }
        if self.0.prefetches.wanted.try_send(Arc::new(order.clone())).is_err() {
            tracing::debug!(waiting = MOST_WAITING, "too many orders wait for their priors: this one goes without");
        }
    }

    async fn bring_priors(&self, order: &OrderRecord) -> Result<(), RegistryError> {
        let Some(id) = &order.patient.patient_id else { return Ok(()) };
        let persons = self.0.store.persons_by_patient_id(Some(&id.issuer), id.value.expose()).await?;
        let [person] = persons.as_slice() else { return Ok(()) };
        if !self.0.prefetches.is_news(person.person_key, &order.title, self.0.clock.now_ms()) {
            return Ok(());
        }
        let studies = self.0.store.studies_of_person(person.person_key, &SearchFilter::default()).await?;
        let service = self.0.access.service();
        let mut brought = 0;
        for study in priors(order, studies, self.0.limits.prefetch.priors) {
            let opened = self.open_study(&service, Action::Prefetch, &study.study.study_instance_uid).await;
            match opened {
                Ok(opened) => self.warm(opened).await?,
                Err(RegistryError::Gone { .. } | RegistryError::Ambiguous { .. } | RegistryError::NotFound) => continue,
                Err(error) => return Err(error),
            }
            brought += 1;
        }
        tracing::debug!(person = person.person_key, brought, "priors were brought ahead for an order");
        Ok(())
    }
}

/// The studies that whoever reads the examination is most likely to compare it with: of the same kind and place before others, newer before
/// older. The examination itself is none.
fn priors(order: &OrderRecord, studies: Vec<StudyRow>, most: usize) -> Vec<StudyRow> {
    let is_itself = |study: &StudyRecord| {
        order.study_instance_uid.as_ref() == Some(&study.study_instance_uid)
            || (order.accession_number.is_some() && order.accession_number == study.accession_number)
    };
    let mut priors: Vec<StudyRow> = studies.into_iter().filter(|row| !row.conflict && !is_itself(&row.study)).collect();
    // The sort is stable: what is alike stays newest first.
    priors.sort_by_cached_key(|row| {
        std::cmp::Reverse(alike(&order.title, row.study.study_description.as_deref(), &row.modalities))
    });
    priors.truncate(most);
    priors
}

/// How much an ordered procedure has in common with a study: words of their descriptions, and the modality that the order's words tell.
fn alike(title: &str, description: Option<&str>, modalities: &[String]) -> usize {
    let words = |text: &str| -> Vec<String> {
        let folded = fold(text).to_lowercase();
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (ordered, described) = (words(title), words(description.unwrap_or_default()));
    let shared = ordered.iter().filter(|word| word.len() > 2 && described.contains(word)).count();
    let told = |modality: &String| ordered.iter().any(|word| told_by(word).contains(&modality.as_str()));
    shared + usize::from(modalities.iter().any(told))
}

/// The modalities (PS3.3 §C.7.3.1.1.1) that a word of an order means.
fn told_by(word: &str) -> &'static [&'static str] {
    match word {
        "ct" | "tdm" | "scan" => &["CT"],
        "mr" | "mri" | "irm" => &["MR"],
        "us" | "ultrasound" | "echographie" => &["US"],
        "xr" | "cr" | "dx" | "xray" | "radiographie" => &["CR", "DX"],
        "mg" | "mammo" | "mammogram" | "mammography" | "mammographie" => &["MG"],
        "nm" => &["NM"],
        "pt" | "pet" | "tep" => &["PT"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{LATELY_MS, Prefetches, alike};

    #[test]
    fn what_is_of_the_same_kind_and_place_is_most_alike() {
        let of = |description: &str, modality: &str| alike("CT HEAD", Some(description), &[modality.to_owned()]);
        assert!(of("CT head without contrast", "CT") > of("CT abdomen", "CT"));
        assert!(of("Tête (head)", "MR") > of("Knee", "MR"));
        assert!(of("Abdomen", "CT") > of("Abdomen", "US"));
        assert_eq!(alike("", None, &[]), 0);
        let chest = |modality: &str| alike("Radiographie thorax", Some("Thorax"), &[modality.to_owned()]);
        assert!(chest("DX") > chest("CT"));
    }

    #[test]
    fn an_examination_is_seen_to_once_in_some_hours() {
        let (prefetches, _orders) = Prefetches::new();
        assert!(prefetches.is_news(1, "CT HEAD", 0));
        assert!(!prefetches.is_news(1, "CT HEAD", LATELY_MS - 1));
        assert!(prefetches.is_news(1, "MR KNEE", 10) && prefetches.is_news(2, "CT HEAD", 10));
        assert!(prefetches.is_news(1, "CT HEAD", 2 * LATELY_MS));
    }
}
