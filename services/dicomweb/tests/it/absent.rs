//! A repository that does not answer: what is known is told, what is missing is said, and nothing is taken for empty.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use access::{Action, Subject};
use adapter_api::{Capabilities, ImagingSource, InstanceKey, Part, Retrieve, SourceError, StudyFilter, TestStep};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use index_model::{DicomwebAddress, Protocol, RepositoryCode, RepositoryDefinition, SeriesRecord, StudyRecord, Uid};
use runtime::Ctx;

use crate::app::{TestApp, first};
use crate::objects::{SERIES, STUDY, image, related_series};

/// Lists one study of one series, until it is gone.
#[derive(Debug)]
struct Away {
    code: RepositoryCode,
    gone: Arc<AtomicBool>,
}

impl Away {
    fn unavailable(&self) -> SourceError {
        SourceError::Unavailable { repository: self.code.clone(), cause: "nobody is there".into() }
    }
}

#[async_trait]
impl ImagingSource for Away {
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
        if self.gone.load(Ordering::Relaxed) {
            return stream::iter([Err(self.unavailable())]).boxed();
        }
        let mut study = StudyRecord::new(Uid::parse(STUDY).unwrap());
        study.study_date = Some("20240101".into());
        study.number_of_study_related_instances = Some(12);
        stream::iter([Ok(study)]).boxed()
    }

    async fn search_series(&self, _: &Ctx, _: &Uid) -> Result<Vec<SeriesRecord>, SourceError> {
        let mut series = SeriesRecord::new(Uid::parse(SERIES).unwrap());
        series.modality = Some("CT".into());
        series.number_of_series_related_instances = Some(12);
        Ok(vec![series])
    }

    async fn search_instances(&self, _: &Ctx, _: &Uid, _: &Uid) -> Result<Vec<InstanceKey>, SourceError> {
        Err(self.unavailable())
    }

    async fn metadata(
        &self,
        _: &Ctx,
        _: &Uid,
        _: &Uid,
    ) -> Result<Option<Vec<serde_json::Map<String, serde_json::Value>>>, SourceError> {
        Err(self.unavailable())
    }

    fn retrieve<'a>(&'a self, _: &'a Ctx, _: &'a Retrieve) -> BoxStream<'a, Result<Part, SourceError>> {
        stream::iter([Err(self.unavailable())]).boxed()
    }

    fn list<'a>(&'a self, _: &'a Ctx, _: &'a StudyFilter) -> BoxStream<'a, Result<Part, SourceError>> {
        stream::empty().boxed()
    }
}

fn definition() -> RepositoryDefinition {
    let address = DicomwebAddress::open("http://away.invalid");
    let definition = serde_json::json!({
        "code": "away", "name": "Away", "region": "NORTH", "protocol": "dicomweb", "patientIdIssuer": "AWAY", "dicomweb": address,
    });
    let definition: RepositoryDefinition = serde_json::from_value(definition).unwrap();
    assert_eq!(definition.protocol, Protocol::Dicomweb);
    definition
}

/// A service with that repository, which knows its study.
async fn service() -> TestApp {
    let gone = Arc::new(AtomicBool::new(false));
    let of_source = Arc::clone(&gone);
    let sources: registry::SourceFactory = Arc::new(move |definition| {
        // What is pushed to us has no source.
        let is_away = definition.protocol == Protocol::Dicomweb;
        Ok(is_away.then(|| -> Arc<dyn ImagingSource> {
            Arc::new(Away { code: definition.code.clone(), gone: Arc::clone(&of_source) })
        }))
    });
    let app = TestApp::start_between(dicomweb::Options::default(), sources).await;
    let caller = app.registry.access().caller([127, 0, 0, 1].into()).unwrap();
    let permit = app.registry.access().permit(&caller, Action::Administer, Subject::Registry).await.unwrap();
    app.registry.register(&permit, definition()).await.unwrap();
    let known = async {
        while app.get("/series").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), known).await.expect("the study is indexed");
    gone.store(true, Ordering::Relaxed);
    app
}

#[tokio::test]
async fn what_is_registered_is_found_and_what_cannot_be_had_is_503() {
    let app = service().await;
    let series = format!("/studies/{STUDY}/series/{SERIES}");
    for path in [
        format!("{series}/metadata"),
        format!("/studies/{STUDY}/metadata"),
        series.clone(),
        format!("{series}/thumbnail"),
        format!("{series}/instances/1.2.3/frames/1"),
    ] {
        let answer = app.get(&path).await.expect(503);
        assert_eq!(answer.header("retry-after"), "30", "{path}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("away"), "{path} names the repository");
    }
    let found = app.get("/studies").await.expect(200);
    assert_eq!(first(&found.json()[0], "00080056"), "UNAVAILABLE");
    assert_eq!(first(&found.json()[0], "00201208"), "12");
    assert!(found.header("warning").ends_with("Repository away did not answer; results may be incomplete."));
    let none = app.get("/studies?PatientID=nobody").await.expect(204);
    assert!(none.header("warning").contains("away"), "an empty answer says that it may be incomplete too");
    let instances = app.get(&format!("{series}/instances")).await.expect(204);
    assert!(instances.header("warning").contains("away"));
}

/// Where one repository of a study is away and another is not, the study can be looked at, and of its series those that can.
#[tokio::test]
async fn availability_is_told_of_each_series_by_itself() {
    let app = service().await;
    app.get(&format!("/studies/{STUDY}/series/{SERIES}/metadata")).await.expect(503);
    let held = related_series(1);
    app.store(std::slice::from_ref(&held)).await.expect(200);
    let of = |rows: serde_json::Value, tag: &str| {
        let rows = rows.as_array().unwrap().iter();
        let mut told: Vec<_> =
            rows.map(|row| (first(row, tag).to_owned(), first(row, "00080056").to_owned())).collect();
        told.sort();
        told
    };
    let studies = of(app.get("/studies").await.expect(200).json(), "0020000D");
    assert_eq!(studies, [(STUDY.into(), "ONLINE".into())]);
    let series = of(app.get(&format!("/studies/{STUDY}/series")).await.expect(200).json(), "0020000E");
    let expected = [(SERIES.to_owned(), "UNAVAILABLE".to_owned()), (held.series.into(), "ONLINE".into())];
    assert_eq!(series, expected);
    let instances = of(app.get(&format!("/studies/{STUDY}/instances")).await.expect(200).json(), "00080018");
    assert_eq!(instances, [(held.instance, "ONLINE".into())]);
}

/// One image is here, and twelve are in a repository that does not answer: who is told that the series is there would miss eleven.
#[tokio::test]
async fn a_series_of_which_a_part_is_here_is_not_available_while_the_rest_is_away() {
    let app = service().await;
    app.get(&format!("/studies/{STUDY}/series/{SERIES}/metadata")).await.expect(503);
    app.store(&[image(1)]).await.expect(200);
    let series = app.get(&format!("/studies/{STUDY}/series")).await.expect(200).json();
    assert_eq!((first(&series[0], "0020000E"), first(&series[0], "00080056")), (SERIES.into(), "UNAVAILABLE".into()));
    assert_eq!(first(&series[0], "00201209"), "12");
    let instances = app.get(&format!("/studies/{STUDY}/instances")).await.expect(200).json();
    assert_eq!(
        (first(&instances[0], "00080018"), first(&instances[0], "00080056")),
        (image(1).instance, "ONLINE".into())
    );
}
