//! An inbox in memory with the registry's rules of repetition.

use std::sync::Mutex;

use adapter_api::{Inbox, Object, ReportAnswer, Sender, StoreAnswer};
use async_trait::async_trait;
use index_model::{AeTitle, ReportRecord, RepositoryCode, RepositoryDefinition};

#[derive(Debug, Default)]
pub(crate) struct TestInbox(Mutex<Vec<ReportRecord>>);

impl TestInbox {
    pub(crate) fn reports(&self) -> Vec<ReportRecord> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Inbox for TestInbox {
    async fn knows(&self, _: &AeTitle, _: std::net::IpAddr) -> bool {
        false
    }

    async fn store(&self, _: &Sender, _: Object) -> StoreAnswer {
        StoreAnswer::NotAuthorised
    }

    async fn facility(&self, sending_facility: &str) -> Option<RepositoryDefinition> {
        let definition = serde_json::json!({
            "code": "north", "name": "North", "region": "North", "protocol": "push", "patientIdIssuer": "NORTH",
            "push": { "callingAeTitles": [] }, "hl7": { "sendingFacility": "0001" }
        });
        (sending_facility == "0001").then(|| serde_json::from_value(definition).unwrap())
    }

    async fn accept_report(&self, _: &RepositoryCode, report: ReportRecord, message: &[u8]) -> ReportAnswer {
        assert!(message.starts_with(b"MSH|"), "the message comes with its report");
        let mut reports = self.0.lock().unwrap();
        let before = reports.iter().find(|other| other.message_control_id == report.message_control_id);
        match before.map(|other| other.message_sha256 == report.message_sha256) {
            _ if report.message_control_id == "FULL" => ReportAnswer::OutOfResources,
            Some(true) => ReportAnswer::Accepted,
            Some(false) => ReportAnswer::DuplicateControlId,
            None => {
                reports.push(report);
                ReportAnswer::Accepted
            }
        }
    }
}
