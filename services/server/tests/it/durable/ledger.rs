//! What senders were told, and the proof that it was true.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::objects::Key;
use crate::identity::record;
use crate::service::Service;

/// What was sent and what of it was acknowledged, by all senders.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Entries>);

#[derive(Debug, Default)]
pub(super) struct Entries {
    /// Everything that somebody tried to store.
    pub(super) sent: BTreeMap<Key, Vec<u8>>,
    /// Instances of which the sender was told that they are stored.
    pub(super) stored: BTreeSet<Key>,
    /// Instances whose rejection was tried, and those of which it was acknowledged.
    pub(super) rejecting: BTreeSet<Key>,
    pub(super) rejected: BTreeSet<Key>,
    /// Reports that were acknowledged: whose, and their words.
    pub(super) reports: BTreeSet<(String, String)>,
    /// Merges that were acknowledged: the survivor, and whose number goes by the survivor's.
    pub(super) merges: BTreeSet<(String, String)>,
    /// Times that a sender was refused or cut off.
    pub(super) setbacks: BTreeMap<&'static str, usize>,
}

impl Ledger {
    pub(super) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So much was acknowledged: instances, rejections, reports, merges.
    pub(super) fn counts(&self) -> [usize; 4] {
        let entries = self.entries();
        [entries.stored.len(), entries.rejected.len(), entries.reports.len(), entries.merges.len()]
    }

    /// All that was acknowledged is there, byte by byte and once; and there is nothing that nobody sent.
    pub(super) fn holds_at(&self, service: &Service, data: &Path) {
        let entries = self.entries();
        let series: BTreeSet<Key> = entries.sent.keys().map(|key| Key { number: 0, ..*key }).collect();
        for of in series {
            entries.instances_of(of, service);
        }
        entries.reports(service);
        let trail = access::verify(&data.join("audit")).unwrap();
        assert!(trail.lines > 0);
        assert_eq!(trail.broken, Vec::<String>::new(), "the chain of the audit trail holds");
    }
}

fn count(service: &Service, path: &str) -> usize {
    let answer = service.client.get(path);
    if answer.status == 200 { answer.json().as_array().unwrap().len() } else { 0 }
}

impl Entries {
    fn instances_of(&self, of: Key, service: &Service) {
        let path = format!("/dicom-web/studies/{}/series/{}", of.study_uid(), of.series_uid());
        let answer = service.client.get_as(&path, "multipart/related; type=\"application/dicom\"; transfer-syntax=*");
        let there: Vec<Vec<u8>> = if answer.status == 200 { answer.parts() } else { Vec::new() };
        assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.text());
        let all: HashSet<&[u8]> = there.iter().map(|file| of.sent_of(file)).collect();
        assert_eq!(all.len(), there.len(), "{path}: nothing is doubled");
        let ours = self.sent.range(of..Key { study: of.study + 1, ..of });
        let mut known = HashSet::new();
        for (key, bytes) in ours {
            known.insert(key.sent_of(bytes));
            let is_there = all.contains(key.sent_of(bytes));
            if self.rejected.contains(key) {
                assert!(!is_there, "{key:?} was rejected, and the rejection acknowledged");
            } else if self.stored.contains(key) && !self.rejecting.contains(key) {
                assert!(is_there, "{key:?} was acknowledged and is not there as it was sent");
            }
        }
        assert!(all.is_subset(&known), "{path}: something is there that nobody sent");
        for listed in [format!("{path}/instances?limit=1000"), format!("{path}/metadata")] {
            assert_eq!(count(service, &listed), there.len(), "{listed}: what is listed can be retrieved");
        }
    }

    fn reports(&self, service: &Service) {
        let merged: BTreeMap<&str, &str> =
            self.merges.iter().map(|(survivor, double)| (double.as_str(), survivor.as_str())).collect();
        for (double, survivor) in &merged {
            let keys = [record(service, survivor), record(service, double)].map(|record| record["patientKey"].clone());
            assert_eq!(keys[0], keys[1], "{double} goes by {survivor}");
        }
        let mut words: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (patient, report) in &self.reports {
            let of = words.entry(patient).or_insert_with(|| texts(service, patient));
            let times = of.iter().filter(|text| *text == report).count();
            assert_eq!(times, 1, "{report} was acknowledged, and is in the record of {patient} once");
        }
    }
}

/// The words of every report in somebody's record.
fn texts(service: &Service, patient: &str) -> Vec<String> {
    let reports = record(service, patient)["reports"].as_array().unwrap().clone();
    let text = |key: &str| {
        let report = service.client.get(&format!("/api/reports/{key}")).json();
        let versions = report["versions"].as_array().unwrap();
        assert_eq!(versions.len(), 1, "a repeat is no version");
        versions[0]["text"].as_str().unwrap().trim().to_owned()
    };
    reports.iter().map(|report| text(report["reportKey"].as_str().unwrap())).collect()
}
