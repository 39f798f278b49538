//! Every message that the fixtures' regions send, understood as it was planned.

use std::collections::HashMap;

use adapter_hl7::parse_oru;
use fixtures::simulators::mllp::{SendOptions, send};
use fixtures::{Link, ProvinceOptions, Region, ReportPlan, Scale, Stage, plan, report_messages};
use index_model::{ReportStatus, RepositoryDefinition};

use crate::{MllpOptions, Server};

fn definition(region: Region) -> RepositoryDefinition {
    serde_json::from_value(serde_json::json!({
        "code": region.slug(), "name": region.code(), "region": region.code(), "protocol": "push",
        "patientIdIssuer": region.code(), "issuerAliases": [region.oid()], "push": { "callingAeTitles": [] }
    }))
    .unwrap()
}

#[test]
fn every_message_of_the_province_says_what_was_planned() {
    let province = plan(&ProvinceOptions { seed: 42, scale: Scale::Small });
    let mut reports = 0;
    for region in Region::ALL {
        let planned: HashMap<&str, (&ReportPlan, &Stage)> = province
            .reports
            .iter()
            .filter(|report| report.region == region)
            .flat_map(|report| {
                report.versions.iter().map(move |version| (version.control_id.as_str(), (report, &version.stage)))
            })
            .collect();
        for message in report_messages(&province, region) {
            let mut parsed = parse_oru(&message.bytes, &definition(region)).unwrap();
            let report = parsed.remove(0);
            let (plan, stage) = planned[report.message_control_id.as_str()];
            assert!(parsed.is_empty());
            assert_eq!(report.patient.patient_id.as_ref().unwrap().issuer, region.code());
            assert_eq!(report.patient.patient_id.unwrap().value.expose(), plan.patient.local_id(region));
            assert_eq!(report.patient.patient_name.alphabetic, plan.patient.name.alphabetic);
            let card = plan.patient.health_card.as_ref().map(|card| card.number.as_str());
            let valid = card.filter(|number| fixtures::is_valid_health_card_number(number));
            assert_eq!(report.patient.health_number.as_ref().map(|card| card.number.expose().as_str()), valid);
            assert_eq!(report.accession_number.unwrap().value.expose(), &plan.accession);
            assert_eq!(
                report.study_instance_uids.len(),
                usize::from(plan.link == Link::StudyUid && plan.study_uid.is_some())
            );
            assert_eq!(report.status == ReportStatus::Preliminary, stage.code() == "P" || stage.code() == "R");
            assert!(report.text.expose().is_empty() || report.language == if plan.french { "fr" } else { "en" });
            assert!(
                report.issued_ms.is_some() && report.observed_ms.is_some() && !report.interpreter.alphabetic.is_empty()
            );
            reports += 1;
        }
    }
    assert!(reports > 10);
}

#[tokio::test]
async fn the_fixtures_sender_and_the_listener_understand_each_other() {
    let server = Server::start(MllpOptions::default()).await;
    let messages: Vec<_> = (0..40).map(|number| crate::message(&format!("A{number}"), "0001", "|", "words")).collect();
    let sent = send(server.address, &messages, &SendOptions::default(), &mut |_| {}).await.unwrap();
    assert_eq!((sent.accepted, sent.refused.len()), (40, 0));
    assert_eq!(server.stop().await.reports().len(), 40);
}
