//! The source against a well-behaved archive.

use std::collections::BTreeMap;
use std::time::Duration;

use adapter_api::{ImagingSource, Part, Retrieve, SourceError, StoreAnswer, StudyFilter};
use adapter_dimse::{DimseOptions, DimseSource};
use dimse::part10;
use fixtures::simulators::dimse::Manners;
use futures::{StreamExt, TryStreamExt};
use index_model::{RetrieveBy, StudyRecord};
use runtime::{Ctx, Stopped};

use crate::corpus::{
    OTHER_SERIES, OTHER_STUDY, SERIES, SLICES, STUDY, ae, archive, compressed, ctx, definition, slice, uid,
};
use crate::inbox::{Options, receiver};

pub(crate) async fn studies(source: &DimseSource, filter: &StudyFilter) -> Vec<StudyRecord> {
    source.search_studies(&ctx(), filter).try_collect().await.unwrap()
}

pub(crate) fn series(study: &str, series: &str) -> Retrieve {
    Retrieve { study_instance_uid: uid(study), series_instance_uid: uid(series), sop_instance_uid: None, remote: None }
}

/// Data sets by SOPInstanceUID.
pub(crate) fn data_sets<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> BTreeMap<String, (String, Vec<u8>)> {
    let data_set = |file: &[u8]| {
        let (meta, start) = part10::split(file).unwrap();
        (meta.sop_instance.as_str().to_owned(), (meta.transfer_syntax, file[start..].to_vec()))
    };
    files.into_iter().map(data_set).collect()
}

#[tokio::test]
async fn a_study_is_found_with_all_that_the_archive_says_of_it() {
    let archive = archive(Manners::Good).await;
    let all = studies(&archive.source(RetrieveBy::Move), &StudyFilter::default()).await;
    let [french, other] = &all[..] else { panic!("not two studies") };
    assert_eq!(french.study_instance_uid, uid(STUDY));
    assert_eq!(french.patient.patient_name.alphabetic, "Lefèbvre^Renée");
    assert_eq!(french.study_description.as_deref(), Some("Tête sans contraste"));
    assert_eq!(french.patient.patient_id.as_ref().unwrap().issuer, "WEST");
    assert_eq!(french.accession_number.as_ref().unwrap().issuer, "WEST");
    assert_eq!(french.study_date.as_deref(), Some("20240131"));
    assert_eq!(french.modalities_in_study, ["CT"]);
    assert_eq!(french.number_of_study_related_instances, Some(12));
    assert_eq!(other.study_instance_uid, uid(OTHER_STUDY));
}

#[tokio::test]
async fn a_range_of_dates_includes_both_ends_and_may_be_open() {
    let archive = archive(Manners::Good).await;
    let source = archive.source(RetrieveBy::Move);
    for (from, to, found) in [
        (None, None, 2),
        (Some("20240131"), Some("20240131"), 1),
        (Some("20240131"), Some("20240315"), 2),
        (Some("20240201"), None, 1),
        (None, Some("20240130"), 0),
    ] {
        let study_date = (from.map(str::to_owned), to.map(str::to_owned));
        let filter = StudyFilter { study_date, ..StudyFilter::default() };
        assert_eq!(studies(&source, &filter).await.len(), found, "{from:?} to {to:?}");
    }
    let one = StudyFilter { study_instance_uid: Some(uid(OTHER_STUDY)), ..StudyFilter::default() };
    assert_eq!(studies(&source, &one).await.len(), 1);
}

#[tokio::test]
async fn series_and_instances_are_listed() {
    let archive = archive(Manners::Good).await;
    let source = archive.source(RetrieveBy::Move);
    let series = source.search_series(&ctx(), &uid(STUDY)).await.unwrap();
    assert_eq!(series.len(), 1);
    assert_eq!(series[0].modality.as_deref(), Some("CT"));
    assert_eq!(series[0].series_number, Some(1));
    assert_eq!(series[0].number_of_series_related_instances, Some(12));
    let instances = source.search_instances(&ctx(), &uid(STUDY), &uid(SERIES)).await.unwrap();
    assert_eq!(instances.len(), SLICES);
    assert!(instances.iter().all(|instance| instance.sop_class_uid == Some(uid(crate::corpus::CT))));
    assert!(source.search_series(&ctx(), &uid("2.25.404")).await.unwrap().is_empty());
}

#[tokio::test]
async fn c_get_brings_objects_as_they_are_stored() {
    let archive = archive(Manners::Good).await;
    let source = archive.source(RetrieveBy::Get);
    let expected = [
        (series(STUDY, SERIES), (1..=SLICES).map(slice).collect::<Vec<_>>()),
        (series(OTHER_STUDY, OTHER_SERIES), (1..=2).map(compressed).collect()),
    ];
    for (what, files) in expected {
        let parts: Vec<Part> = source.retrieve(&ctx(), &what).try_collect().await.unwrap();
        let came: Vec<_> = parts
            .iter()
            .map(|part| match part {
                Part::Object { object, .. } => &object[..],
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(data_sets(came), data_sets(files.iter().map(Vec::as_slice)));
    }
}

#[tokio::test]
async fn one_instance_can_be_asked_for_alone() {
    let archive = archive(Manners::Good).await;
    let source = archive.source(RetrieveBy::Get);
    let what = Retrieve { sop_instance_uid: Some(uid("2.25.100.1.7")), ..series(STUDY, SERIES) };
    let parts: Vec<Part> = source.retrieve(&ctx(), &what).try_collect().await.unwrap();
    let [Part::Object { object, .. }] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!(part10::split(object).unwrap().0.sop_instance, uid("2.25.100.1.7"));
}

#[tokio::test]
async fn c_move_delivers_to_our_receiver_and_counts() {
    let receiver = receiver(StoreAnswer::Stored, Options::default()).await;
    let archive = archive(Manners::Good).await;
    archive.running.set_destination(ae("DICS"), receiver.addr);
    let source = archive.source(RetrieveBy::Move);
    let parts: Vec<Part> = source.retrieve(&ctx(), &series(STUDY, SERIES)).try_collect().await.unwrap();
    assert!(matches!(parts[..], [Part::Delivered { completed: 12, failed: 0 }]), "{parts:?}");
    let sent: Vec<_> = (1..=SLICES).map(slice).collect();
    assert_eq!(data_sets(receiver.objects().iter().map(Vec::as_slice)), data_sets(sent.iter().map(Vec::as_slice)));
}

#[tokio::test]
async fn objects_that_our_receiver_refuses_are_counted_as_failed() {
    let receiver = receiver(StoreAnswer::OutOfResources, Options::default()).await;
    let archive = archive(Manners::Good).await;
    archive.running.set_destination(ae("DICS"), receiver.addr);
    let source = archive.source(RetrieveBy::Move);
    let parts: Vec<Part> = source.retrieve(&ctx(), &series(STUDY, SERIES)).try_collect().await.unwrap();
    assert!(matches!(parts[..], [Part::Delivered { completed: 0, failed: 12 }]), "{parts:?}");
}

#[tokio::test]
async fn an_archive_that_does_not_know_our_address_is_told_about() {
    let archive = archive(Manners::Good).await;
    let source = archive.source(RetrieveBy::Move);
    let (context, what) = (ctx(), series(STUDY, SERIES));
    let end = source.retrieve(&context, &what).next().await.unwrap().unwrap_err();
    let SourceError::Refused { reason, .. } = end else { panic!("{end:?}") };
    assert!(reason.contains("A801") && reason.contains("move destination"), "{reason}");
}

#[tokio::test]
async fn a_rejected_association_says_which_title_was_not_recognised() {
    let archive = archive(Manners::Good).await;
    let port = archive.running.addr.port();
    let right = definition(port, RetrieveBy::Move);
    let mut wrong = right.clone();
    wrong.dimse.as_mut().unwrap().ae_title = ae("NOBODY");
    for (definition, own, word) in [(right, "STRANGER", "calling AE title"), (wrong, "DICS", "called AE title")] {
        let source = DimseSource::new(definition, ae(own), DimseOptions::default()).unwrap();
        let error = source.search_series(&ctx(), &uid(STUDY)).await.unwrap_err();
        let SourceError::Refused { reason, .. } = error else { panic!("{error:?}") };
        assert!(reason.contains(word), "{reason}");
        let steps = source.verify(&ctx()).await;
        assert!(!steps[0].ok && steps[0].text.contains(word), "{steps:?}");
    }
}

#[tokio::test]
async fn a_connection_test_goes_through_every_step() {
    let archive = archive(Manners::Good).await;
    archive.running.set_destination(ae("DICS"), "127.0.0.1:9".parse().unwrap());
    for retrieve in [RetrieveBy::Move, RetrieveBy::Get] {
        let steps = archive.source(retrieve).verify(&ctx()).await;
        assert!(steps.iter().all(|step| step.ok), "{steps:?}");
        let told: Vec<_> = steps.iter().map(|step| step.step).collect();
        match retrieve {
            RetrieveBy::Move => assert_eq!(told, ["connect", "verify", "search", "retrieve"]),
            RetrieveBy::Get => assert_eq!(told, ["connect", "verify", "search"]),
        }
    }
}

/// PS3.4 table C.4-2: A801.
#[tokio::test]
async fn a_connection_test_finds_that_our_title_is_no_move_destination_there() {
    let archive = archive(Manners::Good).await;
    let steps = archive.source(RetrieveBy::Move).verify(&ctx()).await;
    let failed: Vec<_> = steps.iter().filter(|step| !step.ok).collect();
    assert!(failed.len() == 1 && failed[0].step == "retrieve", "{steps:?}");
    for word in ["A801", "Register DICS there as a move destination"] {
        assert!(failed[0].text.contains(word), "{steps:?}");
    }
}

#[tokio::test]
async fn a_connection_test_names_the_remedy() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let nobody = DimseSource::new(definition(port, RetrieveBy::Move), ae("DICS"), DimseOptions::default()).unwrap();
    let steps = nobody.verify(&ctx()).await;
    assert!(!steps[0].ok && steps[0].text.contains("refused the connection"), "{steps:?}");
    let error = nobody.search_series(&ctx(), &uid(STUDY)).await.unwrap_err();
    assert!(matches!(error, SourceError::Unavailable { .. }), "{error:?}");

    let closed = archive(Manners::NoQueryRetrieve).await;
    let steps = closed.source(RetrieveBy::Get).verify(&ctx()).await;
    let failed: Vec<_> = steps.iter().filter(|step| !step.ok).map(|step| step.text.as_str()).collect();
    assert!(failed.len() == 2 && failed[0].contains("C-FIND") && failed[1].contains("C-GET"), "{steps:?}");
    let error = closed.source(RetrieveBy::Get).search_series(&ctx(), &uid(STUDY)).await.unwrap_err();
    assert!(matches!(error, SourceError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn an_archive_that_chokes_on_optional_keys_is_asked_for_less() {
    let archive = archive(Manners::RequiredKeysOnly).await;
    let source = archive.source(RetrieveBy::Move);
    let all = studies(&source, &StudyFilter::default()).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].patient.patient_name.alphabetic, "Lefèbvre^Renée");
    assert_eq!(all[0].study_description, None);
    assert_eq!(source.search_series(&ctx(), &uid(STUDY)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_search_that_is_dropped_gives_its_place_to_the_next() {
    let archive = archive(Manners::Good).await;
    let mut one_at_a_time = definition(archive.running.addr.port(), RetrieveBy::Move);
    one_at_a_time.concurrency = 1;
    let source = DimseSource::new(one_at_a_time, ae("DICS"), DimseOptions::default()).unwrap();
    let (filter, context) = (StudyFilter::default(), ctx());
    let mut held = source.search_studies(&context, &filter);
    held.next().await.unwrap().unwrap();

    let short = Ctx::within(Duration::from_millis(100));
    let waiting = source.search_series(&short, &uid(STUDY)).await.unwrap_err();
    assert!(matches!(waiting, SourceError::Stopped(Stopped::DeadlinePassed)), "{waiting:?}");
    drop(held);
    assert_eq!(source.search_series(&ctx(), &uid(STUDY)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn queries_one_after_the_other_share_an_association() {
    let archive = archive(Manners::Good).await;
    let source = archive.source(RetrieveBy::Get);
    studies(&source, &StudyFilter::default()).await;
    for _ in 0..5 {
        assert_eq!(source.search_series(&ctx(), &uid(STUDY)).await.unwrap().len(), 1);
    }
    assert_eq!(archive.running.associations(), 1);
    let parts: Vec<Part> = source.retrieve(&ctx(), &series(STUDY, SERIES)).try_collect().await.unwrap();
    assert_eq!((parts.len(), archive.running.associations()), (SLICES, 2));
}

#[tokio::test]
async fn a_kept_association_that_the_archive_has_closed_is_replaced() {
    let archive = archive(Manners::OneOperationEach).await;
    let source = archive.source(RetrieveBy::Move);
    for _ in 0..3 {
        assert_eq!(source.search_series(&ctx(), &uid(STUDY)).await.unwrap().len(), 1);
    }
    assert_eq!(archive.running.associations(), 3);
}

#[tokio::test]
async fn a_retrieval_that_is_dropped_is_cancelled_at_the_archive() {
    let receiver = receiver(StoreAnswer::Stored, Options::default()).await;
    let archive = archive(Manners::SlowWithoutPending(Duration::from_millis(50))).await;
    archive.running.set_destination(ae("DICS"), receiver.addr);
    let mut one_at_a_time = definition(archive.running.addr.port(), RetrieveBy::Move);
    one_at_a_time.concurrency = 1;
    let source = DimseSource::new(one_at_a_time, ae("DICS"), DimseOptions::default()).unwrap();
    let (short, what) = (Ctx::within(Duration::from_millis(120)), series(STUDY, SERIES));
    let end = source.retrieve(&short, &what).next().await.unwrap();
    assert!(matches!(end, Err(SourceError::Stopped(_))), "{end:?}");

    // The slot is given back when the archive has answered the cancellation.
    source.search_series(&ctx(), &uid(STUDY)).await.unwrap();
    let delivered = receiver.count();
    assert!(delivered < SLICES, "{delivered}");
    source.search_series(&ctx(), &uid(STUDY)).await.unwrap();
    assert_eq!(receiver.count(), delivered);
}
