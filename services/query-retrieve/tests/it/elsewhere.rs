//! What a repository holds: it is asked for what is to be sent, and for nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use access::{Action, Subject};
use adapter_api::{Capabilities, ImagingSource, InstanceKey, Part, Retrieve, SourceError, StudyFilter, TestStep};
use async_trait::async_trait;
use dicom_dictionary_std::tags;
use dimse::identifier::{Identifier, Level};
use dimse::message::{Operation, Status};
use dimse::uids::STUDY_ROOT_MOVE;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use index_model::{Protocol, RepositoryCode, SeriesRecord, StudyRecord, Uid};
use runtime::Ctx;

use crate::app::{App, ask, scu};
use crate::objects::{corpus, uid};

const STUDY: &str = "2.25.9";
const INSTANCES: u32 = 4;

/// Lists one study of one series, and counts how often it is asked for what is in it.
#[derive(Debug)]
struct Elsewhere {
    code: RepositoryCode,
    asked: Arc<AtomicUsize>,
}

type Header = serde_json::Map<String, serde_json::Value>;

#[async_trait]
impl ImagingSource for Elsewhere {
    fn repository(&self) -> &RepositoryCode {
        &self.code
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { metadata: true, single_instance: true, listing_only: false }
    }

    async fn verify(&self, _: &Ctx) -> Vec<TestStep> {
        Vec::new()
    }

    fn search_studies<'a>(&'a self, _: &'a Ctx, _: &'a StudyFilter) -> BoxStream<'a, Result<StudyRecord, SourceError>> {
        stream::iter([Ok(StudyRecord::new(uid(STUDY)))]).boxed()
    }

    async fn search_series(&self, _: &Ctx, _: &Uid) -> Result<Vec<SeriesRecord>, SourceError> {
        let mut series = SeriesRecord::new(uid("2.25.9.1"));
        series.number_of_series_related_instances = Some(INSTANCES);
        Ok(vec![series])
    }

    async fn search_instances(&self, _: &Ctx, _: &Uid, _: &Uid) -> Result<Vec<InstanceKey>, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(Vec::new())
    }

    async fn metadata(&self, _: &Ctx, _: &Uid, _: &Uid) -> Result<Option<Vec<Header>>, SourceError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(None)
    }

    fn retrieve<'a>(&'a self, _: &'a Ctx, _: &'a Retrieve) -> BoxStream<'a, Result<Part, SourceError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        stream::empty().boxed()
    }

    fn list<'a>(&'a self, _: &'a Ctx, _: &'a StudyFilter) -> BoxStream<'a, Result<Part, SourceError>> {
        stream::empty().boxed()
    }
}

/// A service that has the corpus, and knows the study of that repository.
async fn service() -> (App, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::default());
    let of_source = Arc::clone(&asked);
    let sources: registry::SourceFactory = Arc::new(move |definition| {
        let is_elsewhere = definition.protocol == Protocol::Dicomweb;
        Ok(is_elsewhere.then(|| -> Arc<dyn ImagingSource> {
            Arc::new(Elsewhere { code: definition.code.clone(), asked: Arc::clone(&of_source) })
        }))
    });
    let app = App::between(&corpus(), 2, sources).await;
    let caller = app.registry.access().caller([127, 0, 0, 1].into()).unwrap();
    let permit = app.registry.access().permit(&caller, Action::Administer, Subject::Registry).await.unwrap();
    let definition = serde_json::json!({ "code": "elsewhere", "name": "Elsewhere", "region": "NORTH", "protocol": "dicomweb",
        "patientIdIssuer": "ELSEWHERE", "pollSeconds": 86_400, "dicomweb": { "url": "http://elsewhere.invalid" } });
    app.registry.register(&permit, serde_json::from_value(definition).unwrap()).await.unwrap();
    let known = async {
        loop {
            let opened = app.registry.open_study(&caller, Action::RetrieveInstances, &uid(STUDY)).await;
            if opened.is_ok_and(|opened| !opened.series.is_empty()) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), known).await.expect("the study is indexed");
    (app, asked)
}

#[tokio::test]
async fn what_follows_a_lost_destination_is_counted_without_asking_its_repository() {
    let (app, asked) = service().await;
    let mut association = app.associate("READER", vec![scu(STUDY_ROOT_MOVE)]).await.unwrap();
    let identifier = Identifier::new(Level::Study).key(tags::STUDY_INSTANCE_UID, format!("2.25.1\\{STUDY}"));
    let before = asked.load(Ordering::Relaxed);
    let to = (STUDY_ROOT_MOVE, Operation::Move);
    let outcome = ask(&mut association, to, "GONE", &identifier, |_| Status::SUCCESS).await;
    association.release().await;
    assert_eq!(outcome.last.status, Status::NO_SUBOPERATIONS);
    assert_eq!(outcome.last.suboperations.failed, Some(5 + 4), "what is held, and what the repository declares");
    assert_eq!(outcome.failed.len(), 5, "those of which a name is known");
    assert_eq!(asked.load(Ordering::Relaxed), before);
}
