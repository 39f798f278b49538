//! The source against peers that fail, lie, dawdle and vanish. No answer is ever taken for an empty one.

use std::time::{Duration, Instant};

use adapter_api::{ImagingSource, Part, SourceError, StoreAnswer, StudyFilter};
use adapter_dimse::{Deliveries, DimseOptions, DimseSource, StoreOptions};
use fixtures::simulators::dimse::Manners;
use futures::{Stream, StreamExt};
use index_model::RetrieveBy;
use runtime::{Ctx, Stopped};

use crate::archive::series;
use crate::corpus::{SERIES, STUDY, ae, archive, ctx, definition, impatient, uid};
use crate::inbox::{Options, receiver};

/// What came before the first error, and that error.
async fn until_error<T>(stream: impl Stream<Item = Result<T, SourceError>>) -> (usize, Option<SourceError>) {
    let mut stream = std::pin::pin!(stream);
    let mut good = 0;
    while let Some(next) = stream.next().await {
        match next {
            Ok(_) => good += 1,
            Err(error) => return (good, Some(error)),
        }
    }
    (good, None)
}

#[tokio::test]
async fn a_web_server_is_told_from_an_archive() {
    let archive = archive(Manners::Html).await;
    let error = archive.impatient_source(RetrieveBy::Move).search_series(&ctx(), &uid(STUDY)).await.unwrap_err();
    assert!(matches!(error, SourceError::Malformed { .. }), "{error:?}");
    let steps = archive.impatient_source(RetrieveBy::Move).verify(&ctx()).await;
    assert!(steps[0].text.contains("does not speak DICOM"), "{steps:?}");
}

#[tokio::test]
async fn a_silent_archive_is_given_up_in_time() {
    let archive = archive(Manners::Silent).await;
    let source = archive.impatient_source(RetrieveBy::Move);
    let started = Instant::now();
    let error = source.search_series(&ctx(), &uid(STUDY)).await.unwrap_err();
    assert!(matches!(error, SourceError::Unavailable { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_callers_deadline_is_kept_whatever_the_archive_does() {
    for manners in [Manners::Silent, Manners::EndlessPending] {
        let archive = archive(manners.clone()).await;
        let source = archive.source(RetrieveBy::Move);
        let context = Ctx::within(Duration::from_millis(150));
        let filter = StudyFilter::default();
        let (_, error) = until_error(source.search_studies(&context, &filter)).await;
        assert!(matches!(error, Some(SourceError::Stopped(Stopped::DeadlinePassed))), "{manners:?} {error:?}");
    }
}

#[tokio::test]
async fn an_archive_that_aborts_is_unavailable_after_what_it_said() {
    let archive = archive(Manners::AbortAfter(1)).await;
    let (context, filter) = (ctx(), StudyFilter::default());
    let source = archive.impatient_source(RetrieveBy::Get);
    let (good, error) = until_error(source.search_studies(&context, &filter)).await;
    assert_eq!(good, 1);
    assert!(matches!(error, Some(SourceError::Unavailable { .. })), "{error:?}");
}

#[tokio::test]
async fn endless_answers_come_to_an_end() {
    let receiver = receiver(StoreAnswer::Stored, Options::default()).await;
    let archive = archive(Manners::EndlessPending).await;
    archive.running.set_destination(ae("DICS"), receiver.addr);
    let source = archive.impatient_source(RetrieveBy::Move);
    let (context, filter) = (ctx(), StudyFilter::default());
    let (good, error) = until_error(source.search_studies(&context, &filter)).await;
    assert_eq!(good, 2, "each study comes once");
    assert!(matches!(error, Some(SourceError::Malformed { .. })), "{error:?}");
    let what = series(STUDY, SERIES);
    let (good, error) = until_error(source.retrieve(&context, &what)).await;
    assert_eq!(good, 0);
    assert!(matches!(error, Some(SourceError::Malformed { .. })), "{error:?}");
}

#[tokio::test]
async fn answers_to_another_question_are_refused() {
    let archive = archive(Manners::WrongIdentifiers).await;
    let source = archive.impatient_source(RetrieveBy::Move);
    let error = source.search_series(&ctx(), &uid(STUDY)).await.unwrap_err();
    assert!(matches!(&error, SourceError::Malformed { rule, .. } if rule.contains("StudyInstanceUID")), "{error:?}");
    let error = source.search_instances(&ctx(), &uid(STUDY), &uid(SERIES)).await.unwrap_err();
    assert!(matches!(error, SourceError::Malformed { .. }), "{error:?}");
    let (context, filter) = (ctx(), StudyFilter { study_instance_uid: Some(uid(STUDY)), ..StudyFilter::default() });
    let (good, error) = until_error(source.search_studies(&context, &filter)).await;
    assert_eq!(good, 0);
    assert!(matches!(error, Some(SourceError::Malformed { .. })), "{error:?}");
}

#[tokio::test]
async fn a_match_that_cannot_be_read_is_told_and_the_others_follow() {
    let archive = archive(Manners::BrokenIdentifiers).await;
    let source = archive.impatient_source(RetrieveBy::Move);
    let (context, filter) = (ctx(), StudyFilter::default());
    let all: Vec<_> = source.search_studies(&context, &filter).collect().await;
    assert_eq!(all.len(), 2);
    for one in all {
        let error = one.unwrap_err();
        assert!(matches!(&error, SourceError::Malformed { rule, .. } if rule.contains("identifier")), "{error:?}");
    }
}

#[tokio::test]
async fn six_of_twelve_are_never_taken_for_twelve() {
    let receiver = receiver(StoreAnswer::Stored, Options::default()).await;
    let (context, what) = (ctx(), series(STUDY, SERIES));
    let honest = archive(Manners::OnlySome(6)).await;
    honest.running.set_destination(ae("DICS"), receiver.addr);
    let moved: Vec<_> = honest.source(RetrieveBy::Move).retrieve(&context, &what).collect().await;
    assert!(matches!(moved[..], [Ok(Part::Delivered { completed: 6, failed: 6 })]), "{moved:?}");
    assert_eq!(receiver.count(), 6);

    let silent = archive(Manners::OnlySomeSilently(6)).await;
    for archive in [honest, silent] {
        let got: Vec<_> = archive.source(RetrieveBy::Get).retrieve(&context, &what).collect().await;
        assert_eq!(got.iter().filter(|part| matches!(part, Ok(Part::Object { .. }))).count(), 6);
        assert!(matches!(got.last(), Some(Ok(Part::Delivered { completed: 0, failed: 6 }))), "{got:?}");
    }
}

#[tokio::test]
async fn a_retrieval_that_is_cut_off_says_so() {
    let archive = archive(Manners::AbortAfter(6)).await;
    let (context, what) = (ctx(), series(STUDY, SERIES));
    let source = archive.impatient_source(RetrieveBy::Get);
    let (good, error) = until_error(source.retrieve(&context, &what)).await;
    // The twelve are looked up first, and that query is cut off.
    assert_eq!(good, 0);
    assert!(matches!(error, Some(SourceError::Unavailable { .. })), "{error:?}");

    let receiver = receiver(StoreAnswer::Stored, Options::default()).await;
    archive.running.set_destination(ae("DICS"), receiver.addr);
    let source = archive.impatient_source(RetrieveBy::Move);
    let (_, error) = until_error(source.retrieve(&context, &what)).await;
    assert!(matches!(error, Some(SourceError::Unavailable { .. })), "{error:?}");
    assert_eq!(receiver.count(), 6);
}

#[tokio::test]
async fn an_archive_that_delivers_without_a_word_is_not_given_up() {
    let deliveries = Deliveries::default();
    let options = Options {
        store: StoreOptions { deliveries: deliveries.clone(), ..StoreOptions::default() },
        ..Options::default()
    };
    let receiver = receiver(StoreAnswer::Stored, options).await;
    let archive = archive(Manners::SlowWithoutPending(Duration::from_millis(60))).await;
    archive.running.set_destination(ae("DICS"), receiver.addr);
    let (context, what) = (ctx(), series(STUDY, SERIES));
    let hasty = |deliveries| DimseOptions { inactivity: Duration::from_secs(5), deliveries, ..impatient() };
    let source = |options| {
        DimseSource::new(definition(archive.running.addr.port(), RetrieveBy::Move), ae("DICS"), options).unwrap()
    };

    // Twelve objects take 720 ms; without a sign of life the first answer would be missed after 300.
    let patient: Vec<_> = source(hasty(deliveries)).retrieve(&context, &what).collect().await;
    assert!(matches!(patient[..], [Ok(Part::Delivered { completed: 12, failed: 0 })]), "{patient:?}");
    let (_, error) = until_error(source(hasty(Deliveries::default())).retrieve(&context, &what)).await;
    assert!(matches!(error, Some(SourceError::Unavailable { .. })), "{error:?}");
}
