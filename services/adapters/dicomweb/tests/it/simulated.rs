//! The source against the fixtures' origin server, which shares no code with it, and its bad manners.

use std::collections::BTreeSet;
use std::time::Duration;

use adapter_api::{ImagingSource, Part, Retrieve, SourceError, StudyFilter};
use adapter_dicomweb::DicomwebSource;
use fixtures::simulators::dicomweb::{DicomwebOrigin, Manners, Running};
use fixtures::{ProvinceOptions, Region, Scale, SeriesPlan, StudyPlan, instance_bytes, plan};
use futures::{StreamExt, TryStreamExt};

use crate::origin::{ctx, kind, source, uid};

/// Instances of each series that are written.
const INSTANCES: usize = 3;

struct World {
    _folder: tempfile::TempDir,
    origin: Running,
    source: DicomwebSource,
    study: StudyPlan,
}

impl World {
    /// An origin server with one study of a person whose name has an accent.
    async fn start() -> Self {
        let province = plan(&ProvinceOptions { seed: 42, scale: Scale::Small });
        let wanted = |study: &&StudyPlan| {
            let name = &study.patient.name.alphabetic;
            study.region == Region::Neodin && study.series.len() > 1 && !name.is_ascii() && !study.date.is_empty()
        };
        let study = province.studies.iter().find(wanted).unwrap().clone();
        let folder = tempfile::tempdir().unwrap();
        for series in &study.series {
            let place = folder.path().join(&study.study_uid).join(&series.series_uid);
            std::fs::create_dir_all(&place).unwrap();
            for index in 0..series.instances.len().min(INSTANCES) {
                let name = format!("{}.dcm", series.instances[index].sop_instance_uid);
                std::fs::write(place.join(name), instance_bytes(&study, series, index)).unwrap();
            }
        }
        let origin = DicomwebOrigin::start("127.0.0.1:0".parse().unwrap(), folder.path()).await.unwrap();
        let source = source(&origin.url(), |options| options.first_byte = Duration::from_secs(10));
        Self { _folder: folder, origin, source, study }
    }

    fn series(&self) -> &SeriesPlan {
        self.study.series.iter().max_by_key(|series| series.instances.len()).unwrap()
    }

    fn what(&self) -> Retrieve {
        Retrieve {
            study_instance_uid: uid(&self.study.study_uid),
            series_instance_uid: uid(&self.series().series_uid),
            sop_instance_uid: None,
            remote: None,
        }
    }

    async fn objects(&self) -> Vec<Result<Vec<u8>, SourceError>> {
        let (ctx, what) = (ctx(), self.what());
        let bytes = |part| match part {
            Part::Object { object, .. } => object.to_vec(),
            other => panic!("{other:?}"),
        };
        self.source.retrieve(&ctx, &what).map(|part| part.map(bytes)).collect().await
    }
}

#[tokio::test]
async fn a_study_is_found_described_and_retrieved_as_it_is_stored() {
    let world = World::start().await;
    let (ctx, study) = (ctx(), uid(&world.study.study_uid));
    let date = Some(world.study.date.clone());
    let filter = StudyFilter { study_date: (date.clone(), date), ..StudyFilter::default() };
    let found: Vec<_> = world.source.search_studies(&ctx, &filter).try_collect().await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].study_instance_uid, study);
    assert_eq!(found[0].patient.patient_name.alphabetic, world.study.patient.name.alphabetic);
    assert_eq!(found[0].patient.patient_id.as_ref().unwrap().value.expose(), world.study.patient_id());
    assert_eq!(found[0].accession_number.as_ref().unwrap().value.expose(), &world.study.accession);
    assert_eq!(found[0].number_of_study_related_series, u32::try_from(world.study.series.len()).ok());

    let series = world.source.search_series(&ctx, &study).await.unwrap();
    let uids = |uids: &mut dyn Iterator<Item = String>| uids.collect::<BTreeSet<_>>();
    let planned = uids(&mut world.study.series.iter().map(|series| series.series_uid.clone()));
    assert_eq!(uids(&mut series.iter().map(|series| series.series_instance_uid.to_string())), planned);

    let what = world.what();
    let instances = world.source.search_instances(&ctx, &study, &what.series_instance_uid).await.unwrap();
    assert_eq!(instances.len(), world.series().instances.len().min(INSTANCES));
    let metadata = world.source.metadata(&ctx, &study, &what.series_instance_uid).await.unwrap().unwrap();
    assert_eq!(metadata.len(), instances.len());
    assert!(metadata.iter().all(|object| object.contains_key("00080018") && !object.contains_key("7FE00010")));

    let retrieved: BTreeSet<Vec<u8>> = world.objects().await.into_iter().map(Result::unwrap).collect();
    let stored = (0..instances.len()).map(|index| instance_bytes(&world.study, world.series(), index)).collect();
    assert!(retrieved == stored, "bytes are those that were stored");

    let other = StudyFilter { study_date: (None, Some("19000101".into())), ..StudyFilter::default() };
    assert_eq!(world.source.search_studies(&ctx, &other).count().await, 0);
    let steps = world.source.verify(&ctx).await;
    assert!(steps.iter().all(|step| step.ok), "{steps:?}");
    world.origin.stop().await;
}

#[tokio::test]
async fn bad_manners_are_told_apart() {
    let world = World::start().await;
    let (ctx, study) = (ctx(), uid(&world.study.study_uid));
    for (manners, search, retrieval) in [
        (Manners::Html, "malformed", "malformed"),
        (Manners::Unavailable, "unavailable", "unavailable"),
        (Manners::Truncated, "", "malformed"),
        (Manners::Empty, "", "not found"),
        (Manners::Good, "", ""),
    ] {
        world.origin.behave(manners);
        let found = world.source.search_series(&ctx, &study).await;
        assert_eq!(found.as_ref().err().map_or("", |error| kind(error).0), search, "{manners:?}");
        assert_eq!(found.is_ok_and(|series| series.is_empty()), manners == Manners::Empty, "{manners:?}");
        let objects = world.objects().await;
        let last = objects.last().unwrap();
        assert_eq!(last.as_ref().err().map_or("", |error| kind(error).0), retrieval, "{manners:?}");
    }
}

#[tokio::test]
async fn a_slow_server_costs_no_more_than_its_time() {
    let world = World::start().await;
    world.origin.behave(Manners::Slow(Duration::from_secs(60)));
    let source = source(&world.origin.url(), |options| {
        (options.connect, options.first_byte) = (Duration::from_millis(20), Duration::from_millis(20));
    });
    let error = source.search_series(&ctx(), &uid(&world.study.study_uid)).await.unwrap_err();
    assert_eq!(kind(&error).0, "unavailable");
}
