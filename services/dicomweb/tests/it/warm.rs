//! What is likely to be opened next is brought here before anybody waits for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use access::{Action, Subject};
use adapter_api::{Capabilities, ImagingSource, InstanceKey, Part, Retrieve, SourceError, StudyFilter, TestStep};
use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use index_model::{RepositoryCode, SeriesRecord, StudyRecord, Uid};
use runtime::Ctx;
use tokio::sync::Semaphore;

use crate::app::TestApp;
use crate::objects::{Object, SERIES, STUDY, image};

const SECOND: &str = "1.2.826.0.1.3680043.10.999.77.2";

/// Holds a study of two series of one image each, and gives a series when it may.
#[derive(Debug, Clone)]
struct Shelf {
    code: RepositoryCode,
    /// The series that were asked for, in order.
    asked: Arc<Mutex<Vec<String>>>,
    may_give: Arc<Semaphore>,
}

fn object(series: &Uid) -> Object {
    if series.as_str() == SECOND {
        return Object { series: SECOND, instance: format!("{SECOND}.1"), ..image(1) };
    }
    image(1)
}

#[async_trait]
impl ImagingSource for Shelf {
    fn repository(&self) -> &RepositoryCode {
        &self.code
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { metadata: false, single_instance: true, listing_only: false }
    }

    async fn verify(&self, _: &Ctx) -> Vec<TestStep> {
        Vec::new()
    }

    fn search_studies<'a>(&'a self, _: &'a Ctx, _: &'a StudyFilter) -> BoxStream<'a, Result<StudyRecord, SourceError>> {
        let mut study = StudyRecord::new(Uid::parse(STUDY).unwrap());
        study.study_date = Some("20240101".into());
        study.number_of_study_related_instances = Some(2);
        stream::iter([Ok(study)]).boxed()
    }

    async fn search_series(&self, _: &Ctx, _: &Uid) -> Result<Vec<SeriesRecord>, SourceError> {
        let series = [(SERIES, 1), (SECOND, 2)].map(|(uid, number)| {
            let mut series = SeriesRecord::new(Uid::parse(uid).unwrap());
            series.modality = Some("CT".into());
            series.series_number = Some(number);
            series.number_of_series_related_instances = Some(1);
            series
        });
        Ok(series.into())
    }

    async fn search_instances(&self, _: &Ctx, _: &Uid, series: &Uid) -> Result<Vec<InstanceKey>, SourceError> {
        let sop_instance_uid = Uid::parse(&object(series).instance).unwrap();
        Ok(vec![InstanceKey { sop_instance_uid, sop_class_uid: None, instance_number: Some(1) }])
    }

    async fn metadata(
        &self,
        _: &Ctx,
        _: &Uid,
        _: &Uid,
    ) -> Result<Option<Vec<serde_json::Map<String, serde_json::Value>>>, SourceError> {
        Ok(None)
    }

    fn retrieve<'a>(&'a self, _: &'a Ctx, what: &'a Retrieve) -> BoxStream<'a, Result<Part, SourceError>> {
        let give = async move {
            self.asked.lock().unwrap().push(what.series_instance_uid.to_string());
            self.may_give.acquire().await.unwrap().forget();
            let object = object(&what.series_instance_uid).to_bytes().into();
            Ok(Part::Object { object, remote: None })
        };
        stream::once(give).boxed()
    }

    fn list<'a>(&'a self, _: &'a Ctx, _: &'a StudyFilter) -> BoxStream<'a, Result<Part, SourceError>> {
        stream::empty().boxed()
    }
}

/// A service that knows the study and holds nothing of it.
async fn service() -> (TestApp, Shelf) {
    let shelf = Shelf {
        code: RepositoryCode::parse("shelf").unwrap(),
        asked: Arc::default(),
        may_give: Arc::new(Semaphore::new(0)),
    };
    let source = shelf.clone();
    let sources: registry::SourceFactory = Arc::new(move |_| Ok(Some(Arc::new(source.clone()))));
    let app = TestApp::start_between(dicomweb::Options::default(), sources).await;
    let caller = app.registry.access().caller([127, 0, 0, 1].into()).unwrap();
    let permit = app.registry.access().permit(&caller, Action::Administer, Subject::Registry).await.unwrap();
    let definition = serde_json::json!({ "code": "shelf", "name": "Shelf", "region": "NORTH", "protocol": "dicomweb",
        "patientIdIssuer": "SHELF", "dicomweb": { "url": "http://shelf.invalid" } });
    app.registry.register(&permit, serde_json::from_value(definition).unwrap()).await.unwrap();
    let known = async {
        while app.get("/series").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), known).await.expect("the study is indexed");
    (app, shelf)
}

async fn opened(app: &TestApp) -> registry::OpenedStudy {
    let caller = app.registry.access().caller([127, 0, 0, 1].into()).unwrap();
    app.registry.open_study(&caller, Action::Launch, &Uid::parse(STUDY).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_study_that_was_warmed_is_shown_without_asking_its_repository() {
    let (app, shelf) = service().await;
    shelf.may_give.add_permits(2);
    app.registry.warm(opened(&app).await).await.unwrap();
    assert_eq!(*shelf.asked.lock().unwrap(), [SERIES, SECOND]);
    for series in [SERIES, SECOND] {
        let path = format!("{}/frames/1", object(&Uid::parse(series).unwrap()).path());
        app.get_as(&path, "application/octet-stream").await.expect(200);
    }
    assert_eq!(shelf.asked.lock().unwrap().len(), 2, "nothing more was asked for");
}

#[tokio::test]
async fn warming_stops_after_the_series_in_hand_when_nobody_wants_it_any_more() {
    let (app, shelf) = service().await;
    let mut warming = Box::pin(app.registry.warm(opened(&app).await));
    let begun = async {
        while shelf.asked.lock().unwrap().is_empty() {
            assert!((&mut warming).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), begun).await.expect("the first series is asked for");
    drop(warming);
    shelf.may_give.add_permits(2);
    // The series in hand comes to its end, and is shown.
    let path = format!("{}/frames/1", image(1).path());
    app.get_as(&path, "application/octet-stream").await.expect(200);
    assert_eq!(*shelf.asked.lock().unwrap(), [SERIES]);
}
