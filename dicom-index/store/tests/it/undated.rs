//! Studies without a date stand where the best known day puts them, and no answer calls that their StudyDate.

use index_model::{ReportStatus, StudyRecord};
use index_store::Store;

use crate::build::{NOW, all, found, instance, issued, patient, repository, search, series, study, uid};
use crate::reports::report;

/// NOW, in Ontario.
const RECEIVED: &str = "20270115";

fn undated(n: &str, known: Option<&str>) -> StudyRecord {
    let mut record = study(&format!("1.{n}"), patient(&format!("neodin/A{n}"), "DOE^JANE", "19700101"), "");
    record.known_date = known.map(str::to_owned);
    record
}

async fn stands_under(store: &Store, n: &str) -> (Option<String>, Option<String>) {
    let row = store.studies_by_uid(&uid(&format!("1.{n}")), &all()).await.unwrap().remove(0);
    (row.listed_date, row.study.study_date)
}

async fn an_undated_study_is_listed_by_its_objects_else_by_its_arrival(store: Store) {
    let north = repository(&store, "neodin", "north").await;
    for (n, date) in [("1", "20260101"), ("2", "20260301"), ("3", "20280101")] {
        let record = study(&format!("1.{n}"), patient(&format!("neodin/A{n}"), "DOE^JANE", "19700101"), date);
        store.index_study(&north, &record, &[series(&format!("2.{n}"), "CT", 1)], NOW).await.unwrap();
    }
    store.index_study(&north, &undated("4", Some("20260201")), &[series("2.4", "CT", 1)], NOW).await.unwrap();
    store.index_study(&north, &undated("5", None), &[series("2.5", "MR", 1)], NOW).await.unwrap();
    assert_eq!(stands_under(&store, "4").await, (Some("20260201".into()), None));
    assert_eq!(stands_under(&store, "5").await, (Some(RECEIVED.into()), None));
    assert_eq!(stands_under(&store, "1").await, (None, Some("20260101".into())));

    // Narrow and broad searches, each page and each modality, have one order.
    for text in ["", "PatientName=DOE"] {
        assert_eq!(found(&store, text).await, "3 5 2 4 1", "{text}");
    }
    assert_eq!(found(&store, "ModalitiesInStudy=CT").await, "3 2 4 1");
    assert_eq!(found(&store, "StudyDate=\"\"&emptyvaluematching=true").await, "5 4");
    let mut paged = Vec::new();
    for offset in 0..6 {
        let page = search(&store, &format!("limit=1&offset={offset}"), &all()).await;
        assert_eq!(page.remaining, 4u64.saturating_sub(offset));
        paged.extend(page.rows.into_iter().map(|row| row.study.study_instance_uid.to_string()));
    }
    assert_eq!(paged, ["1.3", "1.5", "1.2", "1.4", "1.1"]);

    // A range asks for dates: what has none is told, whatever day it is listed under.
    assert_eq!(found(&store, "StudyDate=20260101-20260331").await, "2 1");
    assert_eq!(search(&store, "StudyDate=20260101-20260331", &all()).await.undated, 2);
}

async fn what_is_learnt_later_moves_an_undated_study_and_a_date_ends_it(store: Store) {
    let north = repository(&store, "neodin", "north").await;
    let index = async |record: StudyRecord, at_ms: i64| {
        store.index_study(&north, &record, &[series("2.1", "CT", 1)], at_ms).await.unwrap();
    };
    index(undated("1", None), NOW).await;
    // An object of it tells of a day.
    let told = instance(&north, &undated("1", Some("20260505")), "2.1", "9.1", "bytes");
    store.index_instances(&[told], NOW).await.unwrap();
    assert_eq!(stands_under(&store, "1").await.0.as_deref(), Some("20260505"));
    let mut dated = undated("1", None);
    dated.study_date = Some("20260506".into());
    index(dated, NOW + 1).await;
    assert_eq!(stands_under(&store, "1").await, (None, Some("20260506".into())));
    assert_eq!(found(&store, "").await, "1");
}

async fn a_report_tells_the_day_of_an_undated_study(store: Store) {
    let north = repository(&store, "neodin", "north").await;
    let mut record = undated("1", None);
    record.accession_number = Some(issued("neodin", "A1001"));
    store.index_study(&north, &record, &[series("2.1", "CT", 1)], NOW).await.unwrap();
    let mut report = report("M1", record.patient.clone(), ReportStatus::Final, NOW);
    // An evening in Ontario, and the next day in UTC.
    report.observed_ms = Some(1_798_862_400_000);
    store.store_report(&north, &report, b"MSH", NOW).await.unwrap();
    assert_eq!(stands_under(&store, "1").await.0.as_deref(), Some("20270101"));
    store.index_study(&north, &record, &[series("2.1", "CT", 2)], NOW + 1).await.unwrap();
    assert_eq!(
        stands_under(&store, "1").await.0.as_deref(),
        Some("20270101"),
        "it stands when the study is told again"
    );
}

pub(crate) mod contract {
    crate::contract!(
        an_undated_study_is_listed_by_its_objects_else_by_its_arrival,
        a_report_tells_the_day_of_an_undated_study,
        what_is_learnt_later_moves_an_undated_study_and_a_date_ends_it,
    );
}
