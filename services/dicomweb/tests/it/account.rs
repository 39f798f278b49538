//! What a repository gives is held against what it says it holds, and a list that fails is not an empty one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use access::{Action, Subject};
use adapter_api::{Capabilities, ImagingSource, InstanceKey, Part, Retrieve, SourceError, StudyFilter, TestStep};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use index_model::{RepositoryCode, SeriesRecord, StudyRecord, Uid};
use runtime::Ctx;

use crate::app::TestApp;
use crate::objects::{SERIES, STUDY, image};

/// A study that it lists without any series.
const HOLLOW: &str = "1.2.826.0.1.3680043.10.99";
/// Instances of its series.
const ALL: u32 = 4;

/// Has one series, gives the first images of it, and lists it or does not.
#[derive(Debug)]
struct Keeper {
    code: RepositoryCode,
    does: Arc<Does>,
}

#[derive(Debug)]
struct Does {
    /// Says how many instances the series has.
    declares: bool,
    lists: Lists,
    /// Of a whole series it gives so many.
    gives: AtomicU32,
    asked_whole: AtomicUsize,
    asked_single: AtomicUsize,
    /// Takes a question and says nothing.
    is_silent: AtomicBool,
    /// Who waits for its answer.
    waiting: AtomicUsize,
}

impl Does {
    async fn say_nothing(&self, ctx: &Ctx) -> SourceError {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let stopped = ctx.run(std::future::pending::<()>()).await.expect_err("nothing comes");
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        stopped.into()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lists {
    Rightly,
    Fails,
    Nothing,
}

fn uid(number: u32) -> Uid {
    Uid::parse(&image(number).instance).unwrap()
}

#[async_trait]
impl ImagingSource for Keeper {
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
        // The first one has no series, as it says.
        let studies = [HOLLOW, STUDY].map(|uid| Ok(StudyRecord::new(Uid::parse(uid).unwrap())));
        stream::iter(studies).boxed()
    }

    async fn search_series(&self, _: &Ctx, study: &Uid) -> Result<Vec<SeriesRecord>, SourceError> {
        if study.as_str() == HOLLOW {
            return Ok(Vec::new());
        }
        let mut series = SeriesRecord::new(Uid::parse(SERIES).unwrap());
        series.number_of_series_related_instances = self.does.declares.then_some(ALL);
        Ok(vec![series])
    }

    async fn search_instances(&self, _: &Ctx, _: &Uid, _: &Uid) -> Result<Vec<InstanceKey>, SourceError> {
        let key = |number| InstanceKey { sop_instance_uid: uid(number), sop_class_uid: None, instance_number: None };
        match self.does.lists {
            Lists::Rightly => Ok((1..=ALL).map(key).collect()),
            Lists::Nothing => Ok(Vec::new()),
            Lists::Fails => {
                let cause = "a list that could not be made".into();
                Err(SourceError::Unavailable { repository: self.code.clone(), cause })
            }
        }
    }

    async fn metadata(
        &self,
        _: &Ctx,
        _: &Uid,
        _: &Uid,
    ) -> Result<Option<Vec<serde_json::Map<String, serde_json::Value>>>, SourceError> {
        Ok(None)
    }

    fn retrieve<'a>(&'a self, ctx: &'a Ctx, what: &'a Retrieve) -> BoxStream<'a, Result<Part, SourceError>> {
        if self.does.is_silent.load(Ordering::Relaxed) {
            return stream::once(async move { Err(self.does.say_nothing(ctx).await) }).boxed();
        }
        let part = |number: u32| Part::Object { object: Bytes::from(image(number).to_bytes()).into(), remote: None };
        let numbers: Vec<u32> = match &what.sop_instance_uid {
            Some(one) => {
                self.does.asked_single.fetch_add(1, Ordering::Relaxed);
                (1..=ALL).filter(|number| uid(*number) == *one).collect()
            }
            None => {
                self.does.asked_whole.fetch_add(1, Ordering::Relaxed);
                (1..=self.does.gives.load(Ordering::Relaxed)).collect()
            }
        };
        stream::iter(numbers).map(move |number| Ok(part(number))).boxed()
    }

    fn list<'a>(&'a self, _: &'a Ctx, _: &'a StudyFilter) -> BoxStream<'a, Result<Part, SourceError>> {
        stream::empty().boxed()
    }
}

async fn service(declares: bool, lists: Lists, gives: u32) -> (TestApp, Arc<Does>) {
    let (gives, zero) = (AtomicU32::new(gives), AtomicUsize::default);
    let (is_silent, waiting) = (AtomicBool::default(), zero());
    let does = Arc::new(Does { declares, lists, gives, asked_whole: zero(), asked_single: zero(), is_silent, waiting });
    let of_source = Arc::clone(&does);
    let sources: registry::SourceFactory = Arc::new(move |definition| {
        Ok(Some(Arc::new(Keeper { code: definition.code.clone(), does: Arc::clone(&of_source) })))
    });
    let app = TestApp::start_between(dicomweb::Options::default(), sources).await;
    let caller = app.registry.access().caller([127, 0, 0, 1].into()).unwrap();
    let permit = app.registry.access().permit(&caller, Action::Administer, Subject::Registry).await.unwrap();
    let definition = serde_json::json!({ "code": "keeper", "name": "Keeper", "region": "NORTH", "protocol": "dicomweb",
        "patientIdIssuer": "KEEPER", "pollSeconds": 86_400, "dicomweb": { "url": "http://keeper.invalid" } });
    app.registry.register(&permit, serde_json::from_value(definition).unwrap()).await.unwrap();
    let known = async {
        while app.get("/series").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), known).await.expect("the series is indexed");
    (app, does)
}

fn asked(does: &Does) -> (usize, usize) {
    (does.asked_whole.load(Ordering::Relaxed), does.asked_single.load(Ordering::Relaxed))
}

async fn metadata(app: &TestApp) -> (usize, String) {
    let answer = app.get(&format!("/studies/{STUDY}/series/{SERIES}/metadata")).await.expect(200);
    (answer.json().as_array().unwrap().len(), answer.header("warning").to_owned())
}

#[tokio::test]
async fn one_study_that_a_repository_contradicts_itself_about_keeps_no_other_back() {
    let (app, _) = service(true, Lists::Rightly, ALL).await;
    assert_eq!(app.get("/studies").await.expect(200).column("0020000D"), [STUDY]);
    let caller = app.registry.access().caller([127, 0, 0, 1].into()).unwrap();
    let permit = app.registry.access().permit(&caller, Action::Administer, Subject::Registry).await.unwrap();
    let status = app.registry.repositories(&permit).await.unwrap().remove(0);
    let (_, words) = status.last_error.expect("the contradiction is told");
    assert!(words.contains("an empty list of series for a study that it listed"), "{words}");
    assert_eq!(status.down_since_ms, None, "the repository is well");
}

#[tokio::test]
async fn a_retry_of_a_partial_retrieval_asks_only_for_what_is_missing() {
    let (app, does) = service(true, Lists::Rightly, 2).await;
    let (instances, warning) = metadata(&app).await;
    assert_eq!((instances, asked(&does)), (2, (1, 0)));
    assert!(warning.contains("2 of 4 instances of a series could be retrieved"), "{warning}");
    let (instances, warning) = metadata(&app).await;
    assert_eq!((instances, warning.as_str(), asked(&does)), (4, "", (1, 2)), "the two that were missing, alone");
    metadata(&app).await;
    assert_eq!(asked(&does), (1, 2), "all of it is here");
}

#[tokio::test]
async fn the_end_of_the_service_does_not_wait_for_a_repository_that_says_nothing() {
    let (app, does) = service(true, Lists::Rightly, ALL).await;
    does.is_silent.store(true, Ordering::Relaxed);
    let path = format!("/studies/{STUDY}/series/{SERIES}/metadata");
    let ended = async {
        while does.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let begun = std::time::Instant::now();
        app.registry.stop().await;
        assert!(begun.elapsed().as_secs() < 4, "it waited until its patience was at an end");
        assert_eq!(does.waiting.load(Ordering::Relaxed), 0, "it is left to its patience at the end");
    };
    let (answer, ()) = tokio::join!(app.get(&path), ended);
    assert!(answer.status.is_server_error(), "{}", answer.status);
}

#[tokio::test]
async fn a_retrieval_that_brought_little_is_made_anew_as_a_whole() {
    let (app, does) = service(true, Lists::Rightly, 1).await;
    assert_eq!(metadata(&app).await.0, 1);
    does.gives.store(ALL, Ordering::Relaxed);
    assert_eq!(metadata(&app).await, (4, String::new()));
    assert_eq!(asked(&does), (2, 0), "three of four one by one would take longer");
}

#[tokio::test]
async fn a_list_that_fails_is_not_taken_for_an_empty_one() {
    for lists in [Lists::Fails, Lists::Nothing] {
        let (app, does) = service(true, lists, 2).await;
        let (instances, warning) = metadata(&app).await;
        assert_eq!(instances, 2);
        assert!(warning.contains("2 of 4"), "{warning}");
        metadata(&app).await;
        assert_eq!(asked(&does), (2, 0), "it is not taken for whole: {lists:?}");

        let (app, does) = service(true, lists, ALL).await;
        assert_eq!(metadata(&app).await, (4, String::new()), "the declared number came");
        metadata(&app).await;
        assert_eq!(asked(&does), (1, 0), "and that is all of it: {lists:?}");

        let (app, does) = service(false, lists, 2).await;
        assert_eq!(metadata(&app).await.0, 2);
        metadata(&app).await;
        assert_eq!(asked(&does), (2, 0), "without a list and without a number nothing says that it is all: {lists:?}");
    }
}
