//! What was fetched from repositories is kept within a bound, and fetched again when somebody looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use access::{Action, Subject};
use adapter_api::{Capabilities, ImagingSource, InstanceKey, Part, Retrieve, SourceError, StudyFilter, TestStep};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use index_model::{RepositoryCode, SeriesRecord, StudyRecord, Uid};
use registry::Limits;
use runtime::Ctx;

use crate::app::TestApp;
use crate::objects::{Object, SERIES, STUDY, image, related_series};

/// Has two series of two images each.
#[derive(Debug)]
struct Shelf {
    code: RepositoryCode,
    does: Arc<Does>,
}

#[derive(Debug, Default)]
struct Does {
    is_down: AtomicBool,
    has_lost_them: AtomicBool,
    given: AtomicUsize,
    asked: AtomicUsize,
}

fn objects() -> Vec<Object> {
    vec![image(1), image(2), related_series(1), related_series(2)]
}

fn of(series: &str) -> Vec<Object> {
    objects().into_iter().filter(|object| object.series == series).collect()
}

impl Shelf {
    fn check(&self) -> Result<(), SourceError> {
        match self.does.is_down.load(Ordering::Relaxed) {
            false => Ok(()),
            true => Err(SourceError::Unavailable { repository: self.code.clone(), cause: "it is down".into() }),
        }
    }
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
        let study = self.check().map(|()| StudyRecord::new(Uid::parse(STUDY).unwrap()));
        stream::iter([study]).boxed()
    }

    async fn search_series(&self, _: &Ctx, _: &Uid) -> Result<Vec<SeriesRecord>, SourceError> {
        self.check()?;
        let series = [SERIES, related_series(1).series].map(|uid| {
            let mut series = SeriesRecord::new(Uid::parse(uid).unwrap());
            series.number_of_series_related_instances = Some(2);
            series
        });
        Ok(series.into())
    }

    async fn search_instances(&self, _: &Ctx, _: &Uid, series: &Uid) -> Result<Vec<InstanceKey>, SourceError> {
        self.does.asked.fetch_add(1, Ordering::Relaxed);
        self.check()?;
        if self.does.has_lost_them.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let key = |object: Object| InstanceKey {
            sop_instance_uid: Uid::parse(&object.instance).unwrap(),
            sop_class_uid: None,
            instance_number: None,
        };
        Ok(of(series.as_str()).into_iter().map(key).collect())
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
        let wanted = |object: &Object| what.sop_instance_uid.as_ref().is_none_or(|uid| uid.as_str() == object.instance);
        let given: Vec<_> = of(what.series_instance_uid.as_str()).into_iter().filter(wanted).collect();
        let part = |object: Object| {
            self.check()?;
            self.does.given.fetch_add(1, Ordering::Relaxed);
            Ok(Part::Object { object: Bytes::from(object.to_bytes()).into(), remote: None })
        };
        stream::iter(given).map(part).boxed()
    }

    fn list<'a>(&'a self, _: &'a Ctx, _: &'a StudyFilter) -> BoxStream<'a, Result<Part, SourceError>> {
        stream::empty().boxed()
    }
}

/// A service with the shelf that keeps so many bytes.
async fn service(fetched_bytes: u64) -> (TestApp, Arc<Does>) {
    let does = Arc::new(Does::default());
    let of_source = Arc::clone(&does);
    let sources: registry::SourceFactory = Arc::new(move |definition| {
        let is_shelf = definition.code.as_str() == "shelf";
        let shelf = || Shelf { code: definition.code.clone(), does: Arc::clone(&of_source) };
        Ok(is_shelf.then(|| Arc::new(shelf()) as Arc<dyn ImagingSource>))
    });
    let limits = Limits { fetched_bytes, fetched_idle: Duration::from_millis(500), ..Limits::default() };
    let app = TestApp::start_within(dicomweb::Options::default(), sources, limits).await;
    let caller = app.registry.access().caller([127, 0, 0, 1].into()).unwrap();
    let permit = app.registry.access().permit(&caller, Action::Administer, Subject::Registry).await.unwrap();
    let definition = serde_json::json!({ "code": "shelf", "name": "Shelf", "region": "NORTH", "protocol": "dicomweb",
        "patientIdIssuer": "SHELF", "pollSeconds": 86_400, "dicomweb": { "url": "http://shelf.invalid" } });
    app.registry.register(&permit, serde_json::from_value(definition).unwrap()).await.unwrap();
    until("the series to be indexed", async || app.get("/series").await.status == 200).await;
    (app, does)
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waits = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waits).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

/// Retrieves a series as it is stored.
async fn look(app: &TestApp, series: &str) -> usize {
    let path = format!("/studies/{STUDY}/series/{series}");
    let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    app.get_as(&path, accept).await.expect(200).parts().len()
}

async fn fetched(app: &TestApp) -> u64 {
    let caller = app.registry.access().caller([127, 0, 0, 1].into()).unwrap();
    let permit = app.registry.access().permit(&caller, Action::Administer, Subject::Registry).await.unwrap();
    app.registry.fetched_size(&permit).await.unwrap().bytes
}

/// Time goes by, longer than what was looked at stays.
fn wait_long(app: &TestApp) {
    app.registry.clock().advance_ms(60_000);
}

#[tokio::test]
async fn what_leaves_is_known_still_and_is_fetched_again_and_its_bytes_are_gone() {
    let size = of(SERIES).iter().map(|object| object.to_bytes().len()).sum::<usize>() as u64;
    let (app, does) = service(size + size / 5).await;
    assert_eq!(look(&app, SERIES).await, 2);
    wait_long(&app);
    assert_eq!(look(&app, related_series(1).series).await, 2);
    until("the older series to leave", async || fetched(&app).await == size).await;
    wait_long(&app);
    until("its bytes to go", async || app.stored_instances().await == 2).await;
    let given = does.given.load(Ordering::Relaxed);
    let metadata = app.get(&format!("/studies/{STUDY}/series/{SERIES}/metadata")).await.expect(200);
    assert_eq!((metadata.json().as_array().unwrap().len(), metadata.header("warning")), (2, ""));
    assert_eq!(look(&app, related_series(1).series).await, 2);
    assert_eq!(does.given.load(Ordering::Relaxed), given, "neither headers nor what is held need a fetch");
    assert_eq!(look(&app, SERIES).await, 2);
    assert!(does.given.load(Ordering::Relaxed) > given, "what left is fetched again");
}

#[tokio::test]
async fn what_somebody_looks_at_does_not_leave() {
    let (app, does) = service(0).await;
    assert_eq!(look(&app, SERIES).await, 2);
    let given = does.given.load(Ordering::Relaxed);
    for _ in 0..5 {
        assert_eq!(look(&app, SERIES).await, 2);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    assert_eq!(does.given.load(Ordering::Relaxed), given);
    wait_long(&app);
    until("it to leave when nobody does any more", async || fetched(&app).await == 0).await;
}

#[tokio::test]
async fn nothing_leaves_that_its_repository_does_not_say_it_has() {
    let (app, does) = service(0).await;
    assert_eq!(look(&app, SERIES).await, 2);
    let held = fetched(&app).await;
    assert!(held > 0);
    for flag in [&does.has_lost_them, &does.is_down] {
        flag.store(true, Ordering::Relaxed);
        let asked = does.asked.load(Ordering::Relaxed);
        wait_long(&app);
        until("the repository to be asked", async || does.asked.load(Ordering::Relaxed) > asked + 1).await;
        assert_eq!(fetched(&app).await, held);
        flag.store(false, Ordering::Relaxed);
        assert_eq!(look(&app, SERIES).await, 2, "what is held is given out");
    }
    wait_long(&app);
    until("it to leave when its repository has it", async || fetched(&app).await == 0).await;
}

#[tokio::test]
async fn what_was_sent_to_us_does_not_leave() {
    let (app, _) = service(0).await;
    app.store(&of(SERIES)).await.expect(200);
    assert_eq!(look(&app, related_series(1).series).await, 2);
    wait_long(&app);
    until("what was fetched to leave", async || fetched(&app).await == 0).await;
    wait_long(&app);
    until("its bytes to go", async || app.stored_instances().await == 2).await;
    assert_eq!(look(&app, SERIES).await, 2);
}
