//! The conformance statement says what is served.

use std::collections::BTreeSet;

use access::{Action, Subject};
use dicom_core::Tag;
use dimse::identifier::Attributes;
use dimse::message::Status;
use dimse::uids::{OBJECT_TRANSFER_SYNTAXES, STORAGE_COMMITMENT, VERIFICATION};
use index_query::{Level, parse};
use query_retrieve::{SOP_CLASSES, Transaction, instance_keys, patient_keys, series_keys, study_keys};

use crate::app::App;

const STATEMENT: &str = include_str!("../../../../docs/conformance/dimse.md");

/// The rows of the tables below a heading, up to the next one; cells without padding.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let mut lines = STATEMENT.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading);
    assert!(lines.next().is_some(), "no heading {heading}");
    let own = lines.take_while(|line| !line.starts_with('#'));
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
    let rows: Vec<_> = own.filter(|line| line.starts_with('|') && !line.starts_with("| ---")).map(cells).collect();
    assert!(rows.len() > 1, "no table below {heading}");
    rows
}

/// `(gggg,eeee)` in the second column.
fn tags(heading: &str) -> BTreeSet<Tag> {
    let number = |text: &str| u16::from_str_radix(text, 16).ok();
    let tag = |cell: &str| {
        let (group, element) = cell.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
        Some(Tag(number(group)?, number(element)?))
    };
    rows(heading).iter().filter_map(|row| tag(row[1])).collect()
}

fn keys(attributes: &Attributes) -> BTreeSet<Tag> {
    attributes.keys().copied().collect()
}

#[tokio::test]
async fn the_keys_of_each_level_are_those_of_its_table() {
    let app = App::start().await;
    let service = app.registry.access().service();
    let permit = app.registry.access().permit(&service, Action::Search, Subject::Registry).await.unwrap();
    let query = |level| parse(level, &[]).unwrap().query;
    let patient = app.registry.search_patients(&permit, &query(Level::Study)).await.unwrap().rows.remove(0);
    let study = app.registry.search_studies(&permit, &query(Level::Study)).await.unwrap().rows.remove(0);
    let series = app.registry.search_series(&permit, &query(Level::Series)).await.unwrap().rows.remove(0);
    let instance = app.registry.search_instances(&permit, &query(Level::Instance)).await.unwrap().rows.remove(0);
    assert_eq!(keys(&patient_keys(&patient)), tags("Keys of the patient level"));
    let mut told = tags("Keys of the study level");
    assert_eq!(keys(&study_keys(&study)), told);
    told.extend(tags("Keys of the series level"));
    assert_eq!(keys(&series_keys(&series)), told);
    told.extend(tags("Keys of the image level"));
    assert_eq!(keys(&instance_keys(&instance, [])), told);
}

#[test]
fn the_sop_classes_are_those_that_are_served() {
    let told: BTreeSet<_> =
        rows("2. SOP classes").iter().skip(1).filter(|row| row[2].contains("SCP")).map(|row| row[1]).collect();
    let served: BTreeSet<_> =
        SOP_CLASSES.iter().map(|class| class.uid).chain([VERIFICATION, STORAGE_COMMITMENT]).collect();
    assert_eq!(told, served);
}

#[test]
fn the_transfer_syntaxes_are_those_that_are_taken() {
    let told: Vec<_> = rows("4. Transfer syntaxes").iter().skip(1).map(|row| row[1]).collect();
    assert_eq!(told, OBJECT_TRANSFER_SYNTAXES);
}

#[test]
fn extended_negotiation_is_answered_as_it_says() {
    let told: Vec<u8> = rows("3. Associations").iter().filter_map(|row| row.get(2)?.parse().ok()).collect();
    for class in SOP_CLASSES {
        let answer = class.extend(&[1; 16]);
        match class.transaction {
            Transaction::Find => assert_eq!(answer, told),
            Transaction::Move | Transaction::Get => assert_eq!(answer, [0, 0]),
        }
    }
}

#[test]
fn every_status_is_one_of_the_standards() {
    for heading in ["Statuses", "6. C-MOVE and C-GET", "7. C-STORE"] {
        for row in rows(heading).iter().skip(1) {
            let status = Status(u16::from_str_radix(row[0], 16).unwrap());
            assert!(!status.words().contains("does not know"), "{status}");
        }
    }
}
