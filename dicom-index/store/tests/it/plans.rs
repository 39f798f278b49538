//! Each named search uses the index that was made for it.

use index_query::{Level, parse};
use index_store::{Engine, SearchFilter, Store};

use crate::build::{NOW, issued, patient, repository, series, study};

/// A search, and the index that its plan names on SQLite and on PostgreSQL.
const SEARCHES: &[(&str, &str, &str)] = &[
    ("PatientID=7", "source_patient_by_id", "source_patient_by_id"),
    ("PatientID=7&IssuerOfPatientID=neodin", "source_patient_by_id", "source_patient_by_id"),
    ("PatientID=7*", "source_patient_by_id", "source_patient_by_id"),
    ("AccessionNumber=A7", "study_copy_by_accession", "study_copy_by_accession"),
    ("StudyInstanceUID=1.7", "study_by_uid", "study_by_uid"),
    ("StudyInstanceUID=1.7,1.8", "study_by_uid", "study_by_uid"),
    ("PatientName=DOE7", "study_by_patient_name", "study_by_patient_name"),
    ("PatientName=DOE7*", "study_by_patient_name", "study_by_patient_name"),
    ("PatientName=DOE7^J*", "study_by_patient_name_phonetic", "study_by_patient_name_phonetic"),
    // On so few rows PostgreSQL takes any index; on many it takes that of parts.
    ("PatientName=*OE7*", "study_text", "study_"),
    ("PatientName=doe7&fuzzymatching=true", "study_text", "study_patient_words"),
    ("PatientName=jane doe7&fuzzymatching=true", "SEARCH x USING PRIMARY KEY", "study_sound"),
    ("ReferringPhysicianName=howse&fuzzymatching=true", "SEARCH x USING PRIMARY KEY", "study_sound"),
    ("OtherPatientIDsSequence.PatientID=7", "study_of_person", "study_of_person"),
    ("OtherPatientIDsSequence.PatientID=7", "source_patient_by_id", "source_patient_by_id"),
    ("OtherPatientIDsSequence.PatientID=X7", "copy_other_id_by_id", "copy_other_id_"),
    (
        "OtherPatientIDsSequence.PatientID=9876543217",
        "source_patient_by_health_number",
        "source_patient_by_health_number",
    ),
    ("StudyDate=20260101-20260131&StudyTime=10-12", "study_by_date", "study_by_date"),
    (
        "ModalitiesInStudy=CT&StudyDate=20260101-20260131&StudyTime=10-12",
        "study_modality_by_date",
        "study_modality_by_date",
    ),
    ("PatientName=DOE7*&PatientBirthDate=19700101", "study_by_birth_date", "study_by_"),
    ("StudyDate=20260101", "study_by_date", "study_by_date"),
    ("StudyDate=20260101-20260131", "study_by_date", "study_by_date"),
    ("StudyDate=20260101-&ModalitiesInStudy=CT", "study_modality_by_date", "study_modality_by_date"),
    ("ModalitiesInStudy=CT", "study_modality_by_date", "study_modality_by_date"),
    ("StudyDescription=*HEAD*", "study_text", "study_description_text"),
    ("InstitutionName=HOSPITAL 7", "study_text", "study_institution_text"),
    ("ReferringPhysicianName=HOUSE*", "study_by_referring_name", "study_by_referring_name"),
    ("StudyID=7", "study_by_study_id", "study_by_study_id"),
    ("PatientBirthDate=19700101", "study_by_birth_date", "study_by_birth_date"),
    ("SeriesInstanceUID=2.7", "series_by_uid", "series_by_uid"),
    ("RequestAttributesSequence.RequestedProcedureID=P7", "series_request_by_procedure", "series_request_"),
    ("RequestAttributesSequence.ScheduledProcedureStepID=S7", "series_request_by_step", "series_request_"),
    (
        "RequestAttributesSequence.ScheduledProcedureStepID=S7&RequestAttributesSequence.RequestedProcedureID=P7",
        "series_request_by_",
        "series_request_",
    ),
    ("SOPInstanceUID=9.7", "held_instance_by_uid", "held_instance_by_uid"),
    ("", "study_by_date", "study_by_date"),
];

/// Plans are told of a table with rows, so that there is something to choose.
pub(crate) async fn check(store: Store) {
    let north = repository(&store, "neodin", "north").await;
    let batch: Vec<_> = (0..300)
        .map(|n| {
            let mut person = patient(&format!("neodin/{n}"), &format!("DOE{n}^JANE"), &format!("19{:02}0101", n % 100));
            person.other_patient_ids = vec![issued("swodin", &format!("X{n}"))];
            let mut record = study(&format!("1.{n}"), person, &format!("2026{:02}{:02}", 1 + n % 12, 1 + n % 28));
            record.accession_number = Some(issued("neodin", &format!("A{n}")));
            record.study_id = Some(n.to_string().into());
            record.study_description = Some(format!("HEAD {n}"));
            let mut one = series(&format!("2.{n}"), if n % 3 == 0 { "CT" } else { "MR" }, 1);
            one.scheduled_procedure_step_id = Some(format!("S{n}"));
            one.requested_procedure_id = Some(format!("P{n}"));
            (record, vec![one])
        })
        .collect();
    store.index_studies(&north, &batch, NOW).await.unwrap();
    let mut wrong = Vec::new();
    for (text, sqlite, postgres) in SEARCHES {
        let pairs: Vec<(String, String)> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect();
        let query = parse(Level::Study, &pairs).unwrap().query;
        let plan = store.plan_of_search(&query, &SearchFilter::default()).await.unwrap().join("\n");
        let (index, scan) = match store.engine() {
            Engine::Sqlite => (sqlite, &["SCAN s\n", "SCAN c\n", "SCAN p\n", "SCAN h\n", "SCAN r\n", "SCAN q\n"][..]),
            Engine::Postgres => {
                (postgres, &["Seq Scan on study", "Seq Scan on series", "Seq Scan on held", "Seq Scan on source"][..])
            }
        };
        if !plan.contains(index) || scan.iter().any(|scan| format!("{plan}\n").contains(scan)) {
            wrong.push(format!("{text} should use {index}:\n{plan}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
