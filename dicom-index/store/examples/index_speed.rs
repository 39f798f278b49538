//! Times what an acknowledgement waits for: `index_speed URL [BATCHES]` takes in batches of 64 instances of one series, each with a
//! header of about 4 KB, and prints p50/p99 in milliseconds for a batch, for its repeat, and for a fold.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for engineers")]

use std::time::{Duration, Instant};

use index_model::{
    FrameIndex, InstanceEntry, InstanceRecord, IssuedId, PersonName, Phi, RepositoryCode, SeriesRecord, StudyRecord,
    Uid,
};
use index_store::{ManifestPhase, NewInstance, Store};

const BATCH: u32 = 64;

fn batch(code: &RepositoryCode, n: u32) -> Vec<NewInstance> {
    let uid = |text: String| Uid::parse(&text).unwrap();
    let mut study = StudyRecord::new(uid(format!("1.2.3.{}", n / 8)));
    study.patient.patient_id = Some(IssuedId { issuer: "speed".into(), value: Phi::new(format!("{}", n / 16)) });
    study.patient.patient_name = PersonName::parse("DOE^JANE");
    study.study_date = Some("20260101".into());
    let mut series = SeriesRecord::new(uid(format!("1.2.3.{}.{}", n / 8, n % 8 / 4)));
    series.modality = Some("CT".into());
    let header = format!(r#"{{"00081030":{{"vr":"LO","Value":["{}"]}}}}"#, "x".repeat(4_000));
    (0..BATCH)
        .map(|i| NewInstance {
            repository: code.clone(),
            study: study.clone(),
            series: series.clone(),
            small: None,
            entry: std::sync::Arc::new(InstanceEntry {
                instance: InstanceRecord {
                    sop_instance_uid: uid(format!("1.2.3.4.{n}.{i}")),
                    sop_class_uid: uid("1.2.840.10008.5.1.4.1.1.2".into()),
                    transfer_syntax_uid: "1.2.840.10008.1.2.1".into(),
                    instance_number: Some(i.into()),
                    number_of_frames: 1,
                },
                metadata: serde_json::value::RawValue::from_string(header.clone()).unwrap(),
                frames: FrameIndex::Native { offset: 1_000, frame_bits: 4_194_304, count: 1 },
                size_bytes: 525_000,
                sha256: format!("{n:032x}{i:032x}"),
                object: Some(format!("instances/{n:032x}{i:032x}")),
                remote: None,
            }),
            fetched: false,
        })
        .collect()
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!("{what:<24} p50 {:.2} ms, p99 {:.2} ms", at(0.5), at(0.99));
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let store = Store::open(&arguments.next().unwrap()).await.unwrap();
    let batches: u32 = arguments.next().map_or(200, |batches| batches.parse().unwrap());
    let text = r#"{"code": "speed", "name": "S", "region": "north", "protocol": "push", "patientIdIssuer": "speed",
        "push": {"callingAeTitles": []}}"#;
    store.put_repository(&serde_json::from_str(text).unwrap(), 0).await.unwrap();
    let code = RepositoryCode::parse("speed").unwrap();
    let (mut new, mut again, mut folds) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..batches {
        let batch = batch(&code, n);
        let begin = Instant::now();
        let out = store.index_instances(&batch, 1).await.unwrap();
        new.push(begin.elapsed());
        let begin = Instant::now();
        store.index_instances(&batch, 2).await.unwrap();
        again.push(begin.elapsed());
        let key = out[0].series_key;
        let state = store.manifest_state(key).await.unwrap().unwrap();
        let begin = Instant::now();
        let partial = ManifestPhase::Partial;
        store.fold_manifest(key, state.version, "manifest", state.last_entry_key, partial, BATCH, 3).await.unwrap();
        folds.push(begin.elapsed());
    }
    tell("batch of 64", new);
    tell("the same batch again", again);
    tell("fold", folds);
    store.close().await;
}
