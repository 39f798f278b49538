//! What a search finds, rule by rule.

use index_model::{IssuedId, PatientRecord, PersonName, RepositoryCode, RequestAttributes, SeriesRecord};
use index_query::{Level, Page, parse};
use index_store::{Found, SearchFilter, SeriesRow, Store};

use crate::build::{NOW, all, found, instance, issued, patient, search, series, study, tails, two, uid, with_number};

/// A few studies of both repositories; the last component of the UID tells them apart.
async fn province(store: &Store) -> (RepositoryCode, RepositoryCode) {
    let (north, south) = two(store).await;
    let people = [
        ("1", "neodin/A1", "DOE^JANE", "19700101", "20260103", "103015"),
        ("2", "neodin/A2", "DOERING^JIM", "19710202", "20260102", "1030"),
        ("3", "neodin/a1", "Lefèbvre-Côté^Geneviève^A", "19720303", "20260102", ""),
        ("4", "neodin/B1", "Yamada^Tarou=山田^太郎=やまだ^たろう", "", "", ""),
        ("5", "neodin/B2", "", "19700101", "20250102", "235959.9"),
    ];
    for (n, id, name, birth_date, date, time) in people {
        let mut record = study(&format!("1.{n}"), patient(id, name, birth_date), date);
        record.study_time = (!time.is_empty()).then(|| time.into());
        record.accession_number = Some(issued("neodin", &format!("ACC{n}")));
        record.study_description = Some(format!("Tête {n} 50%_done"));
        store.index_study(&north, &record, &[series(&format!("2.{n}"), "CT", 2)], NOW).await.unwrap();
    }
    let mut record = study("1.6", patient("swodin/A1", "DOE^JANE", "19700101"), "20260103");
    record.accession_number = Some(issued("swodin", "ACC1"));
    record.institution_name = Some("Hôpital du Nord".into());
    record.study_time = Some("11".into());
    record.study_id = Some("S6".to_owned().into());
    record.referring_physician_name = PersonName::parse("HOUSE^GREG");
    let mut numbered = series("2.6.1", "MR", 5);
    numbered.series_number = Some(3);
    numbered.requested_procedure_id = Some("RP1".into());
    numbered.body_part_examined = Some("HEAD".into());
    store.index_study(&south, &record, &[numbered, series("2.6.2", "SR", 1)], NOW).await.unwrap();
    (north, south)
}

macro_rules! finds {
    ($($name:ident: { $($query:literal => $expected:literal),+ $(,)? })+) => {
        $(async fn $name(store: Store) {
            province(&store).await;
            $(assert_eq!(found(&store, $query).await, $expected, "{}", $query);)+
        })+
    };
}

finds! {
    studies_come_latest_first_and_undated_ones_by_the_best_known_day: {
        "" => "4 6 1 2 3 5",
        "limit=2" => "4 6",
        "limit=2&offset=1" => "6 1",
        "limit=2&offset=4" => "3 5",
        "offset=9" => "",
    }
    names_match_by_component_and_folded: {
        "PatientName=doe" => "6 1",
        "PatientName=DOE^JANE" => "6 1",
        "PatientName=DO" => "",
        "PatientName=DOE*" => "6 1 2",
        "PatientName=^JANE" => "6 1",
        "PatientName=lefebvre cote^GENEVIEVE" => "3",
        "PatientName=Lefèbvre-Côté^Geneviève^A" => "3",
        "PatientName=*^genev*" => "3",
        "PatientName=*COTE*" => "3",
        "PatientName=?oe*" => "6 1 2",
        "PatientName=d?e" => "6 1",
        "PatientName=*oe*" => "6 1 2",
    }
    names_match_in_any_group_or_the_one_that_is_named: {
        "PatientName=山田" => "4",
        "PatientName=*太郎*" => "4",
        "PatientName=やま*" => "4",
        "PatientName==山田" => "4",
        "PatientName===山田" => "",
        "PatientName=yamada=山田" => "4",
        "PatientName=yamada=鈴木" => "",
    }
    what_looks_like_sql_is_text: {
        "PatientName=%" => "",
        "PatientName=_OE*" => "",
        "PatientName=' OR 1=1 --" => "",
        "PatientName=*\" OR \"*" => "",
        "PatientName=*doe\"*" => "",
        "StudyDescription=*3 50%_done" => "3",
        "StudyDescription=*5_%*" => "",
    }
    identifiers_match_exactly: {
        "PatientID=A1" => "6 1",
        "PatientID=a1" => "3",
        "PatientID=A1&IssuerOfPatientID=swodin" => "6",
        "IssuerOfPatientID=swodin" => "6",
        "PatientID=A*&IssuerOfPatientID=neodin" => "1 2",
        "PatientID=?1" => "4 6 1 3",
        "AccessionNumber=ACC1" => "6 1",
        "AccessionNumber=ACC1&IssuerOfAccessionNumberSequence.LocalNamespaceEntityID=swodin" => "6",
        "AccessionNumber=\"\"&emptyvaluematching=true" => "",
        "AccessionNumber=\"\"" => "",
        "IssuerOfPatientIDQualifiersSequence.UniversalEntityID=swodin" => "6",
        "AccessionNumber=ACC1&PatientID=A1&IssuerOfPatientID=neodin" => "1",
        "StudyID=S6" => "6",
        "StudyID=\"\"&emptyvaluematching=true" => "4 1 2 3 5",
        "StudyInstanceUID=1.2" => "2",
        "StudyInstanceUID=1.2,1.5,1.9" => "2 5",
    }
    text_is_folded: {
        "StudyDescription=tete 3 50%_done" => "3",
        "StudyDescription=TÊTE*" => "4 1 2 3 5",
        "StudyDescription=*te*" => "4 1 2 3 5",
        "InstitutionName=hopital du nord" => "6",
        "InstitutionName=*NORD" => "6",
        "InstitutionName=\"\"&emptyvaluematching=true" => "4 1 2 3 5",
        "ReferringPhysicianName=house" => "6",
        "ReferringPhysicianName=*greg*" => "6",
        "ReferringPhysicianName=greg" => "",
    }
    dates_and_times_match_by_range: {
        "StudyDate=20260102" => "2 3",
        "StudyDate=20260102-20260103" => "6 1 2 3",
        "StudyDate=-20251231" => "5",
        "StudyDate=20260103-" => "6 1",
        "StudyDate=\"\"&emptyvaluematching=true" => "4",
        "StudyTime=10" => "1 2",
        "StudyTime=1030" => "1 2",
        "StudyTime=103015" => "1",
        "StudyTime=103001-" => "6 1 5",
        "StudyTime=-1030" => "1 2",
        "StudyDate=20260102-20260103&StudyTime=1030-1059" => "1 2",
        "StudyDate=20260102-20260103&StudyTime=18-1059" => "1",
        "StudyDate=20250102-20260102&StudyTime=2359-1029" => "5",
        "StudyDate=20260103-&StudyTime=11-" => "6",
        "StudyDate=-20250102&StudyTime=-2359" => "5",
        "StudyDate=-20250102&StudyTime=-2358" => "",
        "StudyDate=20260102-20260103&StudyTime=10" => "1 2",
        "PatientBirthDate=19700101" => "6 1 5",
        "PatientBirthDate=19700102-19720303" => "2 3",
    }
    modalities_match_one_of_several: {
        "ModalitiesInStudy=CT" => "4 1 2 3 5",
        "ModalitiesInStudy=SR" => "6",
        "ModalitiesInStudy=MR,XA" => "6",
        "ModalitiesInStudy=C*" => "4 1 2 3 5",
        "ModalitiesInStudy=C" => "",
        "ModalitiesInStudy=XA" => "",
        "ModalitiesInStudy=MR\\XA" => "6",
        "ModalitiesInStudy=MR\\XA&multiplevaluematching=true" => "",
        "ModalitiesInStudy=SR\\MR&multiplevaluematching=true" => "6",
    }
    series_keys_hold_for_one_series_of_the_study: {
        "Modality=SR" => "6",
        "Modality=SR&SeriesNumber=3" => "",
        "Modality=MR&SeriesNumber=3" => "6",
        "SeriesInstanceUID=2.4" => "4",
        "RequestAttributesSequence.RequestedProcedureID=RP1" => "6",
        "NumberOfStudyRelatedInstances=6" => "6",
        "NumberOfStudyRelatedSeries=1" => "4 1 2 3 5",
        "NumberOfSeriesRelatedInstances=5" => "6",
    }
    codes_match_character_by_character: {
        "BodyPartExamined=HEAD" => "6",
        "BodyPartExamined=head" => "",
        "BodyPartExamined=HE*" => "6",
        "BodyPartExamined=he*" => "",
        "BodyPartExamined=*ead" => "",
        "BodyPartExamined=NECK,HEAD" => "6",
        "BodyPartExamined=\"\"&emptyvaluematching=true&ModalitiesInStudy=MR" => "6",
        "Modality=mr" => "",
        "Modality=m?" => "",
        "ModalitiesInStudy=mr" => "",
        "ModalitiesInStudy=m*" => "",
        "StudyID=s6" => "",
        "StudyID=s*" => "",
        "RequestAttributesSequence.RequestedProcedureID=rp1" => "",
        "AccessionNumber=acc*" => "",
    }
    the_holder_is_a_key: {
        "RetrieveAETitle=swodin" => "6",
        "RetrieveAETitle=SWODIN" => "6",
        "RetrieveAETitle=nobody" => "",
    }
    fuzzy_names_match_words_that_sound_alike: {
        "PatientName=Jayne Dough&fuzzymatching=true" => "6 1",
        "PatientName=Genevieve Lefevre&fuzzymatching=true" => "3",
        "PatientName=jenevieve&fuzzymatching=true" => "3",
        "PatientName=Jim Daring&fuzzymatching=true" => "",
        "PatientName=Jim Dohring&fuzzymatching=true" => "2",
        "PatientName=*oering*&fuzzymatching=true" => "2",
        "PatientName=DOE^JANE&fuzzymatching=true" => "6 1",
        "PatientName=jane smith&fuzzymatching=true" => "",
        "ReferringPhysicianName=howse&fuzzymatching=true" => "6",
        "PatientName=howse&fuzzymatching=true" => "",
    }
    fuzzy_names_match_words_that_begin_alike_in_any_order: {
        "PatientName=jane doe&fuzzymatching=true" => "6 1",
        "PatientName=gen lef&fuzzymatching=true" => "3",
        "PatientName=cote&fuzzymatching=true" => "3",
        "PatientName=j d&fuzzymatching=true" => "6 1 2",
        "PatientName=oe&fuzzymatching=true" => "",
        "PatientName=tarou 山&fuzzymatching=true" => "4",
        "ReferringPhysicianName=gr&fuzzymatching=true" => "6",
    }
    conditions_all_hold: {
        "PatientName=DOE*&StudyDate=20260102-&ModalitiesInStudy=CT" => "1 2",
        "PatientName=DOE*&PatientBirthDate=19710202" => "2",
    }
}

async fn a_key_that_no_column_has_is_told_and_ignored(store: Store) {
    province(&store).await;
    let found = search(&store, "PatientID=A2&StationName=X&SOPClassUID=1.2&PatientSex=", &all()).await;
    assert_eq!(tails(&found.rows), "2");
    let names: Vec<String> = found.unsupported.iter().map(index_query::name).collect();
    assert_eq!(names, ["00081010", "00080016"]);
}

async fn what_remains_is_counted(store: Store) {
    province(&store).await;
    let remaining = |text: &'static str| {
        let store = store.clone();
        async move { search(&store, text, &all()).await.remaining }
    };
    assert_eq!(remaining("limit=2").await, 4);
    assert_eq!(remaining("limit=2&offset=3").await, 1);
    assert_eq!(remaining("limit=2&offset=4").await, 0);
    assert_eq!(remaining("limit=1&PatientName=DOE").await, 1);
}

async fn a_limit_of_nothing_counts(store: Store) {
    province(&store).await;
    let found = search(&store, "limit=0&PatientName=DOE", &all()).await;
    assert_eq!((found.rows.len(), found.remaining), (0, 2));
    assert_eq!(search(&store, "limit=0&offset=1", &all()).await.remaining, 5);
}

async fn undated_studies_are_told(store: Store) {
    province(&store).await;
    for (text, undated) in [
        ("StudyDate=20260102-20260103", 1),
        ("StudyDate=20260102&PatientName=Yamada", 1),
        ("StudyDate=20260102-&StudyTime=10-&ModalitiesInStudy=CT", 1),
        ("StudyDate=20260102-20260103&PatientName=DOE", 0),
        ("PatientName=Yamada", 0),
    ] {
        assert_eq!(search(&store, text, &all()).await.undated, undated, "{text}");
    }
    let south = SearchFilter { regions: Some(vec!["southwest".into()]), person_keys: None, ..SearchFilter::default() };
    assert_eq!(search(&store, "StudyDate=20260102-", &south).await.undated, 0, "hidden ones are not counted");
}

/// PS3.18 §10.6.1.2.1 has this key among its examples.
async fn another_identifier_of_a_person_finds_all_their_studies(store: Store) {
    let (north, south) = two(&store).await;
    let jane = |id: &str| with_number(patient(id, "DOE^JANE", "19700101"), "9876543217", "F");
    store.index_study(&north, &study("1.1", jane("neodin/A1"), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&south, &study("1.2", jane("swodin/B7"), "20260102"), &[], NOW).await.unwrap();
    let other = patient("swodin/A1", "ROE^RICK", "19500101");
    store.index_study(&south, &study("1.3", other, "20260103"), &[], NOW).await.unwrap();
    assert_eq!(found(&store, "PatientID=B7").await, "2");
    assert_eq!(found(&store, "OtherPatientIDsSequence.PatientID=B7").await, "2 1");
    let issued = "OtherPatientIDsSequence.PatientID=A1&OtherPatientIDsSequence.IssuerOfPatientID=neodin";
    assert_eq!(found(&store, issued).await, "2 1");
    assert_eq!(found(&store, "OtherPatientIDsSequence.PatientID=A1").await, "3 2 1");
    let filter = SearchFilter { regions: Some(vec!["north".into()]), person_keys: None, ..SearchFilter::default() };
    assert_eq!(tails(&search(&store, "OtherPatientIDsSequence.PatientID=B7", &filter).await.rows), "");
    let person = search(&store, "PatientID=B7", &all()).await.rows[0].person_key;
    let identifiers = store.identifiers_of_persons(&[person], &all()).await.unwrap();
    let ids: Vec<_> = identifiers[&person].iter().map(|id| id.value.expose().as_str()).collect();
    assert_eq!(ids, ["A1", "B7"]);
    assert_eq!(store.identifiers_of_persons(&[person], &filter).await.unwrap()[&person].len(), 1);
}

/// What an object says beside PatientID finds its study, and no other one of the person.
async fn an_identifier_that_only_an_object_says_finds_its_study(store: Store) {
    let (north, south) = two(&store).await;
    let jane = |id: &str| with_number(patient(id, "DOE^JANE", "19700101"), "9876543217", "F");
    let with = |mut patient: PatientRecord, ids: &[IssuedId]| {
        patient.other_patient_ids = ids.to_vec();
        patient
    };
    let ids = [issued("swodin", " X1 "), issued("army", "Y2")];
    store.index_study(&north, &study("1.1", with(jane("neodin/A1"), &ids), "20260101"), &[], NOW).await.unwrap();
    store.index_study(&north, &study("1.2", jane("neodin/A1"), "20260102"), &[], NOW).await.unwrap();
    let rick = with(patient("swodin/B1", "ROE^RICK", "19500101"), &[issued("neodin", "X1")]);
    store.index_study(&south, &study("1.3", rick, "20260103"), &[], NOW).await.unwrap();
    let others = |rest: &str| format!("OtherPatientIDsSequence.{rest}");
    for (text, expected) in [
        (others("PatientID=X1"), "3 1"),
        (others("PatientID=x1"), ""),
        (others("PatientID=X*"), "3 1"),
        (others("PatientID=Y2"), "1"),
        (format!("{}&{}", others("PatientID=X1"), others("IssuerOfPatientID=swodin")), "1"),
        (format!("{}&{}", others("PatientID=X1"), others("IssuerOfPatientID=army")), ""),
        (others("IssuerOfPatientID=army"), "1"),
        (others("PatientID=A1"), "2 1"),
        // Health card numbers are kept apart, and found however they are written.
        (others("PatientID=9876543217"), "2 1"),
        (format!("{}&{}", others("PatientID=9876-543-217 AB"), others("IssuerOfPatientID=JHN")), "2 1"),
        (format!("{}&{}", others("PatientID=9876543217"), others("IssuerOfPatientID=army")), ""),
        (format!("ModalitiesInStudy=CT&{}", others("PatientID=X1")), ""),
    ] {
        assert_eq!(found(&store, &text).await, expected, "{text}");
    }
    let filter = SearchFilter { regions: Some(vec!["southwest".into()]), person_keys: None, ..SearchFilter::default() };
    assert_eq!(tails(&search(&store, &others("PatientID=X1"), &filter).await.rows), "3", "hidden ones are not found");
    // It is said anew, of another patient.
    let corrected = with(patient("neodin/A9", "DOE^JANE", "19700101"), &[issued("army", "Y3")]);
    store.index_study(&north, &study("1.1", corrected, "20260101"), &[], NOW).await.unwrap();
    assert_eq!(found(&store, &others("PatientID=Y2")).await, "");
    assert_eq!(found(&store, &others("PatientID=Y3")).await, "1");
    store.retire_repository(&north, NOW).await.unwrap();
    store.take_copies_out(&north, NOW).await.unwrap();
    assert_eq!(found(&store, &others("PatientID=Y3")).await, "");
}

/// RequestAttributesSequence has an item for each request; both keys are of one of them (PS3.4 §C.2.2.2.6).
async fn a_series_is_found_by_each_request_that_it_answers(store: Store) {
    let (north, south) = two(&store).await;
    let requests = |uid: &str, items: &[(&str, &str)]| {
        let mut record = series(uid, "CT", 1);
        record.add_requests(items.iter().map(|(step, procedure)| RequestAttributes {
            scheduled_procedure_step_id: (!step.is_empty()).then(|| (*step).to_owned()),
            requested_procedure_id: (!procedure.is_empty()).then(|| (*procedure).to_owned()),
        }));
        record
    };
    let one = study("1.1", patient("neodin/A1", "DOE^JANE", "19700101"), "20260101");
    let two_of = requests("2.1", &[("S1", "P1"), ("S2", "P2")]);
    store.index_study(&north, &one, &[two_of.clone(), requests("2.2", &[])], NOW).await.unwrap();
    let other = study("1.2", patient("neodin/A2", "ROE^RICK", "19500101"), "20260102");
    store.index_study(&north, &other, &[requests("2.3", &[("S1", "P2"), ("", "P3")])], NOW).await.unwrap();
    let (step, procedure) =
        ("RequestAttributesSequence.ScheduledProcedureStepID", "RequestAttributesSequence.RequestedProcedureID");
    let empty = "\"\"&emptyvaluematching=true";
    for (text, series, studies) in [
        (format!("{procedure}=P1"), "1", "1"),
        (format!("{procedure}=P2"), "3 1", "2 1"),
        (format!("{step}=S2"), "1", "1"),
        (format!("{step}=S2&{procedure}=P2"), "1", "1"),
        (format!("{step}=S1&{procedure}=P2"), "3", "2"),
        (format!("{step}=S2&{procedure}=P1"), "", ""),
        (format!("{step}=S?&{procedure}=P*&PatientID=A1"), "1", "1"),
        (format!("{procedure}=P3\\P1&Modality=CT"), "3 1", "2 1"),
        (format!("{procedure}=P3&Modality=MR"), "", ""),
        (format!("{procedure}=p1"), "", ""),
        (format!("{procedure}=P3&{step}={empty}"), "3", "2"),
        (format!("{procedure}=P2&{step}={empty}"), "", ""),
        (format!("{step}={empty}"), "3 2", "2 1"),
        (format!("{step}=\"\"&{procedure}={empty}"), "2", "1"),
    ] {
        assert_eq!(series_tails(&search_series(&store, &text).await), series, "{text}");
        assert_eq!(found(&store, &text).await, studies, "{text}");
    }
    let row = search_series(&store, &format!("{step}=S2")).await.rows.remove(0);
    assert_eq!(row.series.requests(), two_of.requests(), "the answer has all items");
    // Another copy knows one more; when it is taken out, what is left is what the first says.
    store.index_study(&south, &one, &[requests("2.1", &[("S2", ""), ("S4", "P4")])], NOW).await.unwrap();
    for (text, expected) in [("P4", "1"), ("P1", "1")] {
        assert_eq!(series_tails(&search_series(&store, &format!("{procedure}={text}")).await), expected, "{text}");
    }
    let row = search_series(&store, &format!("{procedure}=P4")).await.rows.remove(0);
    assert_eq!(row.series.requests().len(), 3);
    for repository in [&north, &south] {
        store.retire_repository(repository, NOW).await.unwrap();
        store.take_copies_out(repository, NOW).await.unwrap();
    }
    assert_eq!(found(&store, &format!("{procedure}=P*")).await, "");
}

/// A series that goes to another union study, because its patient is another, takes its requests along.
async fn requests_follow_a_series_that_moves(store: Store) {
    let (north, south) = two(&store).await;
    let mut record = series("2.1", "CT", 1);
    record.requested_procedure_id = Some("P1".into());
    let jane = study("1.1", patient("neodin/A1", "DOE^JANE", "19700101"), "20260101");
    for repository in [&north, &south] {
        store.index_study(repository, &jane, &[record.clone()], NOW).await.unwrap();
    }
    let procedure = "RequestAttributesSequence.RequestedProcedureID=P1";
    assert_eq!(search_series(&store, procedure).await.rows.len(), 1);
    let other = study("1.1", patient("swodin/B9", "ROE^RICHARD", "19500505"), "20260101");
    store.index_study(&south, &other, &[record], NOW).await.unwrap();
    assert_eq!(search_series(&store, procedure).await.rows.len(), 2, "of each patient's study");
}

async fn a_renamed_patient_sounds_otherwise(store: Store) {
    let (north, _) = province(&store).await;
    let renamed = study("1.2", patient("neodin/A2", "SMITH^JIM", "19710202"), "20260102");
    store.index_study(&north, &renamed, &[] as &[SeriesRecord], NOW).await.unwrap();
    assert_eq!(found(&store, "PatientName=smyth&fuzzymatching=true").await, "2");
    assert_eq!(found(&store, "PatientName=dohring&fuzzymatching=true").await, "");
}

async fn a_filter_hides_what_a_caller_may_not_see(store: Store) {
    province(&store).await;
    let region = SearchFilter { regions: Some(vec!["southwest".into()]), person_keys: None, ..SearchFilter::default() };
    assert_eq!(tails(&search(&store, "PatientID=A1", &region).await.rows), "6");
    assert_eq!(tails(&store.studies_by_uid(&uid("1.1"), &region).await.unwrap()), "");
    let nowhere = SearchFilter { regions: Some(Vec::new()), person_keys: None, ..SearchFilter::default() };
    assert_eq!(tails(&search(&store, "", &nowhere).await.rows), "");
    let person = store.persons_by_patient_id(Some("neodin"), "A1").await.unwrap()[0].person_key;
    let own = SearchFilter { regions: None, person_keys: Some(vec![person]), ..SearchFilter::default() };
    assert_eq!(tails(&search(&store, "", &own).await.rows), "1");
    let nobody = SearchFilter { regions: None, person_keys: Some(Vec::new()), ..SearchFilter::default() };
    assert_eq!(tails(&search(&store, "", &nobody).await.rows), "");
}

async fn a_filter_by_region_hides_the_holders_elsewhere(store: Store) {
    let (_, south) = province(&store).await;
    let copy = study("1.1", patient("neodin/A1", "DOE^JANE", "19700101"), "20260103");
    store.index_study(&south, &copy, &[], NOW).await.unwrap();
    let north = SearchFilter { regions: Some(vec!["north".into()]), person_keys: None, ..SearchFilter::default() };
    let row = search(&store, "StudyInstanceUID=1.1", &north).await.rows.remove(0);
    assert_eq!((row.repositories.len(), row.regions), (1, vec!["north".to_owned()]));
    assert_eq!(search(&store, "StudyInstanceUID=1.1", &all()).await.rows[0].repositories.len(), 2);
}

async fn another_copys_patient_id_finds_the_study_too(store: Store) {
    let (_, south) = province(&store).await;
    let copy = study("1.1", patient("swodin/Z9", "DOE^JANE", "19700101"), "20260103");
    store.index_study(&south, &copy, &[], NOW).await.unwrap();
    assert_eq!(found(&store, "PatientID=Z9").await, "1");
    assert_eq!(found(&store, "PatientID=A1&IssuerOfPatientID=neodin").await, "1");
    assert_eq!(found(&store, "PatientID=Z9&IssuerOfPatientID=neodin").await, "");
}

async fn search_series(store: &Store, text: &str) -> Found<SeriesRow> {
    let pairs: Vec<(String, String)> =
        text.split('&').filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    store.search_series(&parse(Level::Series, &pairs).unwrap().query, &all()).await.unwrap()
}

fn series_tails(found: &Found<SeriesRow>) -> String {
    let tail = |row: &SeriesRow| row.series.series_instance_uid.as_str().split_once('.').unwrap().1.to_owned();
    found.rows.iter().map(tail).collect::<Vec<_>>().join(" ")
}

async fn series_are_found_by_their_own_keys_and_their_studys(store: Store) {
    province(&store).await;
    assert_eq!(series_tails(&search_series(&store, "").await), "6.1 6.2 1 2 3 5 4");
    assert_eq!(series_tails(&search_series(&store, "StudyInstanceUID=1.6").await), "6.1 6.2");
    assert_eq!(series_tails(&search_series(&store, "Modality=CT&PatientName=DOE*").await), "1 2");
    assert_eq!(series_tails(&search_series(&store, "Modality=MR,SR&limit=1&offset=1").await), "6.2");
    assert_eq!(search_series(&store, "limit=3").await.remaining, 4);
    assert_eq!(series_tails(&search_series(&store, "BodyPartExamined=HEAD").await), "6.1");
    assert_eq!(series_tails(&search_series(&store, "BodyPartExamined=head").await), "");
    assert_eq!(series_tails(&search_series(&store, "BodyPartExamined=h*").await), "");
    let row = search_series(&store, "SeriesNumber=3").await.rows.remove(0);
    assert_eq!(row.study.study.study_instance_uid.as_str(), "1.6");
    assert_eq!((row.number_of_instances, row.held, row.repositories.len()), (5, 0, 1));
    assert_eq!(row.study.modalities, ["MR", "SR"]);
}

async fn instances_lie_in_the_series_of_their_uid(store: Store) {
    let (north, _) = province(&store).await;
    let record = study("1.1", patient("neodin/A1", "DOE^JANE", "19700101"), "20260103");
    store.index_instances(&[instance(&north, &record, "2.1", "9.1", "aa")], NOW).await.unwrap();
    let scope = |text: &'static str| {
        let store = store.clone();
        async move {
            let (name, value) = text.split_once('=').unwrap();
            let query = parse(Level::Instance, &[(name.into(), value.into())]).unwrap().query;
            store.instances_scope(&query, &all(), Page::first(1_000)).await.unwrap()
        }
    };
    assert_eq!(series_tails(&scope("SOPInstanceUID=9.1").await), "1");
    assert_eq!(series_tails(&scope("SOPInstanceUID=9.2").await), "");
    let query = parse(Level::Instance, &[]).unwrap().query;
    assert_eq!(store.count_instances(&query, &all()).await.unwrap(), 16);
    let all_series = scope("InstanceNumber=1").await;
    assert_eq!((all_series.rows.len(), all_series.unsupported.len()), (7, 1));
    assert_eq!(found(&store, "SOPInstanceUID=9.1").await, "1");
}

async fn a_study_changed_is_found_by_what_it_is_now(store: Store) {
    let (north, _) = province(&store).await;
    let mut renamed = study("1.2", patient("neodin/A2", "SMITH^JIM", "19710202"), "20270201");
    renamed.study_description = Some("Knee".into());
    store.index_study(&north, &renamed, &[] as &[SeriesRecord], NOW).await.unwrap();
    assert_eq!(found(&store, "PatientName=*doering*").await, "");
    assert_eq!(found(&store, "PatientName=*smith*").await, "2");
    assert_eq!(found(&store, "StudyDescription=*knee*&limit=1").await, "2");
    assert_eq!(found(&store, "limit=1").await, "2");
}

pub(crate) mod contract {
    crate::contract!(
        studies_come_latest_first_and_undated_ones_by_the_best_known_day,
        names_match_by_component_and_folded,
        names_match_in_any_group_or_the_one_that_is_named,
        what_looks_like_sql_is_text,
        identifiers_match_exactly,
        text_is_folded,
        dates_and_times_match_by_range,
        modalities_match_one_of_several,
        series_keys_hold_for_one_series_of_the_study,
        codes_match_character_by_character,
        the_holder_is_a_key,
        fuzzy_names_match_words_that_sound_alike,
        a_limit_of_nothing_counts,
        undated_studies_are_told,
        another_identifier_of_a_person_finds_all_their_studies,
        an_identifier_that_only_an_object_says_finds_its_study,
        a_series_is_found_by_each_request_that_it_answers,
        requests_follow_a_series_that_moves,
        a_renamed_patient_sounds_otherwise,
        fuzzy_names_match_words_that_begin_alike_in_any_order,
        conditions_all_hold,
        a_key_that_no_column_has_is_told_and_ignored,
        what_remains_is_counted,
        a_filter_hides_what_a_caller_may_not_see,
        a_filter_by_region_hides_the_holders_elsewhere,
        another_copys_patient_id_finds_the_study_too,
        series_are_found_by_their_own_keys_and_their_studys,
        instances_lie_in_the_series_of_their_uid,
        a_study_changed_is_found_by_what_it_is_now,
    );
}
