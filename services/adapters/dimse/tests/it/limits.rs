//! Archives that give only so many matches to a query: every study is found all the same, or it is told that some are not.

use std::collections::BTreeSet;
use std::path::Path;

use adapter_api::{ImagingSource, SourceError, StudyFilter};
use adapter_dimse::{DimseOptions, DimseSource};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dimse::part10::{self, Meta};
use fixtures::simulators::dimse::{DimseArchive, Manners, Running, Says, Stops};
use futures::StreamExt;
use index_model::RetrieveBy;

use crate::corpus::{CT, EXPLICIT, ae, ctx, definition, uid};

/// One small object of a study of its own.
fn write(folder: &Path, number: usize, date: &str, time: &str) {
    let (study, text) =
        (format!("2.25.{number}"), |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value)));
    let (series, instance) = (format!("{study}.1"), format!("{study}.1.1"));
    let header = InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, VR::UI, CT),
        text(tags::SOP_INSTANCE_UID, VR::UI, &instance),
        text(tags::STUDY_DATE, VR::DA, date),
        text(tags::STUDY_TIME, VR::TM, time),
        text(tags::MODALITY, VR::CS, "CT"),
        text(tags::STUDY_INSTANCE_UID, VR::UI, &study),
        text(tags::SERIES_INSTANCE_UID, VR::UI, &series),
    ]);
    let meta = Meta { sop_class: uid(CT), sop_instance: uid(&instance), transfer_syntax: EXPLICIT.into() };
    let mut file = part10::header(&meta, &ae("CORPUS"));
    let explicit = dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN.erased();
    header.write_dataset_with_ts(&mut file, &explicit).unwrap();
    std::fs::write(folder.join(format!("{number}.dcm")), file).unwrap();
}

/// 330 studies over eleven years, 130 on one day (and 110 of them within one hour), and some without a date or a time.
const SPREAD: usize = 330;
const ON_ONE_DAY: usize = 130;
const UNDATED: usize = 4;
const UNTIMED: usize = 3;
const ALL: usize = SPREAD + ON_ONE_DAY + UNDATED + UNTIMED;

fn fill(folder: &Path) {
    let mut number = 0;
    let mut add = |date: &str, time: &str| {
        number += 1;
        write(folder, number, date, time);
    };
    for study in 0..SPREAD {
        add(&format!("{}{:02}{:02}", 2014 + study / 30, study % 12 + 1, study % 28 + 1), "101500");
    }
    for study in 0..ON_ONE_DAY {
        let hour = if study < 110 { 9 } else { 10 + study % 8 };
        add("20240229", &format!("{hour:02}{:02}{:02}.5", study % 60, study % 50));
    }
    (0..UNDATED).for_each(|_| add("", ""));
    (0..UNTIMED).for_each(|_| add("20240229", ""));
}

struct Archive {
    running: Running,
    _folder: tempfile::TempDir,
}

async fn archive(stops: Stops, fill: impl FnOnce(&Path)) -> Archive {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let archive = DimseArchive::new(ae("PACS"), folder.path().to_owned(), [].into()).behaving(Manners::Stops(stops));
    Archive { running: archive.listen("127.0.0.1:0".parse().unwrap()).await.unwrap(), _folder: folder }
}

impl Archive {
    fn source(&self, most_matches: Option<u32>) -> DimseSource {
        let mut definition = definition(self.running.addr.port(), RetrieveBy::Move);
        definition.dimse.as_mut().unwrap().most_matches = most_matches;
        DimseSource::new(definition, ae("DICS"), DimseOptions::default()).unwrap()
    }
}

/// The studies of a range, each of which comes once, and the error after them.
async fn listed(source: &DimseSource, from: Option<&str>, to: Option<&str>) -> (usize, Option<SourceError>) {
    let study_date = (from.map(str::to_owned), to.map(str::to_owned));
    let (ctx, filter) = (ctx(), StudyFilter { study_date, ..StudyFilter::default() });
    let mut list = source.search_studies(&ctx, &filter);
    let mut found = BTreeSet::new();
    while let Some(next) = list.next().await {
        match next {
            Ok(study) => assert!(found.insert(study.study_instance_uid), "a study comes twice"),
            Err(error) => {
                assert!(list.next().await.is_none(), "after {error:?}");
                return (found.len(), Some(error));
            }
        }
    }
    (found.len(), None)
}

#[tokio::test]
async fn a_list_that_is_cut_off_is_asked_for_in_smaller_ranges_until_everything_came() {
    for says in [Says::All, Says::OutOfResources, Says::Cancelled] {
        let archive = archive(Stops::at(100, says), fill).await;
        let source = archive.source(None);
        let (found, error) = listed(&source, None, None).await;
        assert!(found == ALL && error.is_none(), "{says:?}: {found} {error:?}");
        let (found, error) = listed(&source, Some("20240101"), Some("20241231")).await;
        assert!(found == 30 + ON_ONE_DAY + UNTIMED && error.is_none(), "{says:?}: {found} {error:?}");
        assert_eq!(archive.running.associations(), 1, "one after the other, on one association");
    }
}

#[tokio::test]
async fn an_archive_that_refuses_what_is_too_much_is_asked_for_less() {
    let spread = |folder: &Path| {
        (0..300).for_each(|study| {
            write(folder, study + 1, &format!("2024{:02}{:02}", study % 12 + 1, study % 25 + 1), "101500")
        })
    };
    let archive = archive(Stops::at(20, Says::Nothing), spread).await;
    let (found, error) = listed(&archive.source(None), None, None).await;
    assert!(found == 300 && error.is_none(), "{found} {error:?}");
}

#[tokio::test]
async fn one_that_can_not_even_give_a_day_is_unavailable_and_is_not_asked_for_every_minute() {
    let one = |folder: &Path| write(folder, 1, "20240101", "101500");
    let archive = archive(Stops::at(0, Says::Nothing), one).await;
    let (found, error) = listed(&archive.source(None), None, None).await;
    assert!(found == 0 && matches!(error, Some(SourceError::Unavailable { .. })), "{found} {error:?}");
}

#[tokio::test]
async fn a_limit_that_is_no_round_number_is_found_when_two_ranges_have_the_same_length_or_is_configured() {
    let archive = archive(Stops::at(137, Says::All), fill).await;
    let source = archive.source(None);
    assert_eq!(listed(&source, None, None).await.0, 137, "nothing tells that this is not all");
    let (found, error) = listed(&source, Some("20200101"), None).await;
    let since_2020 = 5 * 30 + ON_ONE_DAY + UNTIMED;
    assert!(found == since_2020 && error.is_none(), "{found} {error:?}");
    let (found, error) = listed(&source, None, None).await;
    assert!(found == ALL && error.is_none(), "{found} {error:?}");
    let (found, error) = listed(&archive.source(Some(137)), None, None).await;
    assert!(found == ALL && error.is_none(), "{found} {error:?}");
}

#[tokio::test]
async fn a_list_of_a_round_length_that_is_all_is_believed() {
    let hundred = |folder: &Path| {
        (0..100).for_each(|study| write(folder, study + 1, "20240101", &format!("{:02}0000", study % 24)))
    };
    let archive = archive(Stops::at(1000, Says::All), hundred).await;
    let (found, error) = listed(&archive.source(None), None, None).await;
    assert!(found == 100 && error.is_none(), "{found} {error:?}");
}

#[tokio::test]
async fn a_minute_that_is_cut_off_is_told_after_everything_else() {
    let crowded = |folder: &Path| {
        (0..120).for_each(|study| write(folder, study + 1, "20240229", "0930"));
        (0..200).for_each(|study| {
            write(folder, study + 201, &format!("2023{:02}{:02}", study % 12 + 1, study % 25 + 1), "08")
        });
    };
    for (says, configured) in [(Says::All, Some(100)), (Says::OutOfResources, None), (Says::All, None)] {
        let archive = archive(Stops::at(100, says), crowded).await;
        let (found, error) = listed(&archive.source(configured), None, None).await;
        assert_eq!(found, 300, "{says:?}");
        let Some(SourceError::Incomplete { rule, .. }) = error else { panic!("{error:?}") };
        assert!(rule.contains("cut off"), "{rule}");
    }
}

#[tokio::test]
async fn one_that_takes_no_notice_of_dates_is_not_asked_on_and_on() {
    for says in [Says::All, Says::OutOfResources] {
        let archive = archive(Stops { ignores_dates: true, ..Stops::at(100, says) }, fill).await;
        let (found, error) = listed(&archive.source(Some(100)), None, None).await;
        assert!(found == 100 && matches!(error, Some(SourceError::Incomplete { .. })), "{found} {error:?}");
    }
}

#[tokio::test]
async fn one_that_breaks_off_when_it_is_asked_for_what_has_no_date_gives_everything_else() {
    let archive = archive(Stops { knows_only_values: true, ..Stops::at(100, Says::OutOfResources) }, fill).await;
    let source = archive.source(None);
    let (found, error) = listed(&source, None, None).await;
    assert!(found >= SPREAD + ON_ONE_DAY && error.is_none(), "{found} {error:?}");
    let associations = archive.running.associations();
    listed(&source, None, None).await;
    assert!(archive.running.associations() <= associations + 1, "it is asked once");
}
