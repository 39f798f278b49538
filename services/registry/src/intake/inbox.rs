//! What is pushed at us: C-STORE from registered AE titles, reports and patients from registered facilities.

use std::collections::BTreeMap;
use std::net::IpAddr;

use access::{Action, Refused, Right, Subject};
use adapter_api::{Inbox, Object, PatientAnswer, ReportAnswer, Sender, StoreAnswer};
use async_trait::async_trait;
use index_model::{
    AeTitle, OrderRecord, PatientEvent, ReportRecord, RepositoryCode, RepositoryDefinition, Uid, VisitNumbers,
};
use index_store::{NewReport, OrderStored, PatientTold, ReportStored};

use crate::Registry;
use crate::intake::{one_name, one_name_for_each_issuer};
use crate::repositories::skew::Told;

#[async_trait]
impl Inbox for Registry {
    async fn knows(&self, calling: &AeTitle, from: IpAddr) -> bool {
        let is_repository = self.0.directory.by_ae_title(calling).is_some();
        is_repository || self.0.access.application_entity(calling, from).is_ok_and(|caller| caller.may(Right::Store))
    }

    async fn store(&self, from: &Sender, object: Object) -> StoreAnswer {
        let entry = match from {
            Sender::AeTitle { ae_title, address } => match self.0.directory.by_ae_title(ae_title) {
                Some(entry) => Some(entry),
                None => return self.store_of_entity(ae_title, *address, object).await,
            },
            Sender::Repository(code) => self.0.directory.entry(code),
            Sender::Facility(facility) => self.0.directory.by_facility(facility),
        };
        let Some(entry) = entry else {
            return StoreAnswer::NotAuthorised;
        };
        let code = &entry.definition.code;
        let Ok(permit) = self.permit_to_synchronise(code).await else {
            return StoreAnswer::OutOfResources;
        };
        let size = object.len() as u64;
        let answer: StoreAnswer = self.take_in(code, object, None).await.fate.into();
        // What we fetch is held beside what another repository has: nothing is lost, and the fetch is no failure.
        let answer = match answer {
            answer if self.is_pulled(code) && (answer.is_taken() || answer == StoreAnswer::Duplicate) => {
                StoreAnswer::Stored
            }
            answer => answer,
        };
        if answer.is_taken() {
            permit.count(1, size);
            entry.health.answered();
            self.0.synchronisers.heard_from(code, self.0.clock.now_ms());
        }
        answer
    }

    async fn commit_to(&self, from: &Sender, instances: &[Uid]) -> Result<BTreeMap<Uid, Uid>, StoreAnswer> {
        let known = match from {
            Sender::AeTitle { ae_title, address } => self.knows(ae_title, *address).await,
            Sender::Repository(code) => self.0.directory.entry(code).is_some(),
            Sender::Facility(_) => false,
        };
        if !known {
            return Err(StoreAnswer::NotAuthorised);
        }
        self.commit(instances).await.map_err(|error| {
            tracing::error!(error = %error, "what is held could not be looked up");
            StoreAnswer::OutOfResources
        })
    }

    async fn facility(&self, sending_facility: &str) -> Option<RepositoryDefinition> {
        self.0.directory.by_facility(sending_facility).map(|entry| (*entry.definition).clone())
    }

    fn sent(&self, from: &RepositoryCode, sent_ms: i64) {
        if let Some(entry) = self.0.directory.entry(from) {
            entry.hear(Told::Message, sent_ms.saturating_sub(self.0.clock.now_ms()));
        }
    }

    async fn accept_report(&self, from: &RepositoryCode, mut report: ReportRecord, message: &[u8]) -> ReportAnswer {
        if let Some(definition) = self.0.directory.definition(from) {
            one_name_for_each_issuer(&definition, &mut report.patient);
            for id in [&mut report.accession_number, &mut report.filler_order_number, &mut report.placer_order_number] {
                one_name(&definition, id);
            }
            one_name_for_a_visit(&definition, &mut report.visit);
        }
        let Ok(permit) = self.permit_to_synchronise(from).await else {
            return ReportAnswer::OutOfResources;
        };
        let new = NewReport { repository: from.clone(), report, raw: message.into() };
        match self.0.report_committer.commit(new).await {
            Ok(ReportStored::Stored { report_key, .. } | ReportStored::Repeat { report_key }) => {
                if let Err(error) = self.follow_withdrawal(report_key).await {
                    tracing::error!(error = %error, repository.code = %from, "the objects of a report could not go with it");
                    return ReportAnswer::OutOfResources;
                }
                permit.count(1, message.len() as u64);
                self.0.synchronisers.heard_from(from, self.0.clock.now_ms());
                ReportAnswer::Accepted
            }
            Ok(ReportStored::ControlIdReused) => ReportAnswer::DuplicateControlId,
            Err(error) => {
                tracing::error!(error = %error, repository.code = %from, "a report could not be stored");
                ReportAnswer::OutOfResources
            }
        }
    }

    async fn accept_order(&self, from: &RepositoryCode, mut order: OrderRecord, message: &[u8]) -> ReportAnswer {
        if let Some(definition) = self.0.directory.definition(from) {
            one_name_for_each_issuer(&definition, &mut order.patient);
            for id in [&mut order.accession_number, &mut order.filler_order_number, &mut order.placer_order_number] {
                one_name(&definition, id);
            }
            one_name_for_a_visit(&definition, &mut order.visit);
        }
        let Ok(permit) = self.permit_to_synchronise(from).await else {
            return ReportAnswer::OutOfResources;
        };
        match self.0.store.store_order(from, &order, message, self.0.clock.now_ms()).await {
            Ok(stored @ (OrderStored::Stored | OrderStored::Repeat)) => {
                if stored == OrderStored::Stored {
                    self.prefetch_for(&order);
                }
                permit.count(1, message.len() as u64);
                self.0.synchronisers.heard_from(from, self.0.clock.now_ms());
                ReportAnswer::Accepted
            }
            Ok(OrderStored::ControlIdReused) => ReportAnswer::DuplicateControlId,
            Err(error) => {
                tracing::error!(error = %error, repository.code = %from, "an order could not be stored");
                ReportAnswer::OutOfResources
            }
        }
    }

    async fn accept_patient(&self, from: &RepositoryCode, mut event: PatientEvent, message: &[u8]) -> PatientAnswer {
        if let Some(definition) = self.0.directory.definition(from) {
            one_name_for_each_issuer(&definition, &mut event.patient);
            one_name(&definition, &mut event.other);
            one_name(&definition, &mut event.visit);
            // One wrongly typed authority would join two strangers of another region.
            let named = event.patient.patient_id.iter().chain(&event.other);
            if named.into_iter().any(|id| self.0.directory.is_anothers_issuer(&id.issuer, &definition)) {
                return PatientAnswer::Refused {
                    rule: "the numbers of this assigning authority are another repository's to change",
                };
            }
        }
        // A line of its own for each: who is who is what the rest of the trail is read by.
        let service = self.0.access.service();
        let subject = Subject::Repository(from.to_string());
        if self.0.access.permit(&service, Action::Identify, subject).await.is_err() {
            return PatientAnswer::OutOfResources;
        }
        match self.0.store.tell_patient(from, &event, message, self.0.clock.now_ms()).await {
            Ok(PatientTold::Done | PatientTold::Repeat) => {
                self.0.synchronisers.heard_from(from, self.0.clock.now_ms());
                PatientAnswer::Accepted
            }
            Ok(PatientTold::ControlIdReused) => PatientAnswer::DuplicateControlId,
            Ok(PatientTold::Refused { rule }) => PatientAnswer::Refused { rule },
            Err(error) => {
                tracing::error!(error = %error, repository.code = %from, "an event of a patient could not be stored");
                PatientAnswer::OutOfResources
            }
        }
    }
}

fn one_name_for_a_visit(definition: &RepositoryDefinition, numbers: &mut VisitNumbers) {
    one_name(definition, &mut numbers.visit);
    one_name(definition, &mut numbers.account);
}

impl Registry {
    /// What an application entity stores that speaks for no repository: kept like what comes by STOW-RS, one audit line for some minutes.
    async fn store_of_entity(&self, ae_title: &AeTitle, address: IpAddr, object: Object) -> StoreAnswer {
        let Ok(caller) = self.0.access.application_entity(ae_title, address) else {
            return StoreAnswer::NotAuthorised;
        };
        let Ok(code) = self.local_repository().await else {
            return StoreAnswer::OutOfResources;
        };
        let subject = Subject::Repository(code.to_string());
        let permit = match self.0.access.permit(&caller, Action::Synchronise, subject).await {
            Ok(permit) => permit,
            Err(Refused::NotPermitted | Refused::NotSignedOn) => return StoreAnswer::NotAuthorised,
            Err(Refused::NoAudit(_)) => return StoreAnswer::OutOfResources,
        };
        let size = object.len() as u64;
        let answer: StoreAnswer = self.take_in(&code, object, None).await.fate.into();
        if answer.is_taken() {
            permit.count(1, size);
        }
        answer
    }

    /// The service's own permit to bring a repository's content in: one audit line for some minutes of it.
    pub(crate) async fn permit_to_synchronise(&self, code: &RepositoryCode) -> Result<access::Permit, access::Refused> {
        let service = self.0.access.service();
        self.0.access.permit(&service, Action::Synchronise, Subject::Repository(code.to_string())).await
    }
}
