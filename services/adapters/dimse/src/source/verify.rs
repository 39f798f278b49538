//! The connection test: association, C-ECHO, a sample query, a C-MOVE that brings nothing, each step in words.

mod destination;

use std::io::ErrorKind;

use adapter_api::TestStep;
use dicom_dictionary_std::tags;
use dimse::association::{AssociationError, ProposedContext};
use dimse::identifier::Level;
use dimse::message::{Operation, Outcome, Request};
use dimse::uids::{PLAIN_TRANSFER_SYNTAXES, STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE, VERIFICATION};
use index_model::{RepositoryDefinition, RetrieveBy};
use runtime::Ctx;

use super::error::remedy;
use super::find::{Query, Understood};
use super::link::Link;

/// How far back the sample query looks.
const SAMPLE_DAYS: i64 = 7;
const DAY_MS: i64 = 86_400_000;

fn good(step: &'static str, text: impl Into<String>) -> TestStep {
    TestStep { step, ok: true, text: text.into() }
}

fn bad(step: &'static str, text: impl Into<String>) -> TestStep {
    TestStep { step, ok: false, text: text.into() }
}

pub(super) async fn verify(link: &std::sync::Arc<Link>, definition: &RepositoryDefinition, ctx: &Ctx) -> Vec<TestStep> {
    let mut steps = Vec::new();
    let slot = link.slot(ctx).await;
    if ctx.run(services(link, &mut steps)).await.is_err() {
        steps.push(bad("connect", "the test was stopped: no answer within the time it was given"));
        return steps;
    }
    drop(slot);
    if steps.iter().all(|step| step.ok) {
        steps.push(sample(link, definition, ctx).await);
        if link.address.retrieve == RetrieveBy::Move {
            steps.push(destination::step(link, ctx).await);
        }
    }
    steps
}

/// Association with everything we need, then C-ECHO.
async fn services(link: &Link, steps: &mut Vec<TestStep>) {
    let retrieve = match link.address.retrieve {
        RetrieveBy::Move => STUDY_ROOT_MOVE,
        RetrieveBy::Get => STUDY_ROOT_GET,
    };
    let all = [VERIFICATION, STUDY_ROOT_FIND, retrieve];
    let contexts = all.iter().map(|class| ProposedContext::scu(class, &PLAIN_TRANSFER_SYNTAXES)).collect();
    let mut association = match link.associate(contexts).await {
        Ok(association) => association,
        Err(error) => {
            steps.push(bad("connect", explain(link, &error)));
            return;
        }
    };
    steps.push(good("connect", format!("association accepted by {}", link.address.ae_title)));
    for (class, what) in [(STUDY_ROOT_FIND, "Study Root C-FIND"), (retrieve, name_of(link.address.retrieve))] {
        if association.context_for(class).is_none() {
            let text =
                format!("{what} is not offered to {}: allow query and retrieve for our AE title there", link.own_ae);
            steps.push(bad("negotiate", text));
        }
    }
    steps.push(match association.context_for(VERIFICATION).map(|context| context.id) {
        None => good("verify", "C-ECHO is not offered; the query below tells more"),
        Some(context) => {
            let echo = async {
                association.ask(context, Request::Echo { message_id: 1 }, None).await?;
                association.response(Operation::Echo, 1).await
            };
            match echo.await {
                Ok((_, response)) if response.status.outcome() == Outcome::Success => good("verify", "C-ECHO answered"),
                Ok((_, response)) => bad("verify", format!("C-ECHO: {}", response.status)),
                Err(error) => bad("verify", explain(link, &error)),
            }
        }
    });
    association.release().await;
}

fn name_of(retrieve: RetrieveBy) -> &'static str {
    match retrieve {
        RetrieveBy::Move => "Study Root C-MOVE",
        RetrieveBy::Get => "Study Root C-GET",
    }
}

/// A query for the last days, given up after its first match.
async fn sample(link: &std::sync::Arc<Link>, definition: &RepositoryDefinition, ctx: &Ctx) -> TestStep {
    let now = link.options.clock.now_ms();
    let range = format!("{}-{}", day(now - SAMPLE_DAYS * DAY_MS), day(now));
    let understood = Understood::default();
    let charset = definition.character_set.as_deref();
    let keys = vec![(tags::STUDY_DATE, range), (tags::STUDY_INSTANCE_UID, String::new())];
    let mut query = Query::new(link, &understood, Level::Study, keys, charset);
    match query.next(ctx, &understood).await {
        Ok(Some(received)) => match super::records::study(received.root(), definition) {
            Ok(study) => good("search", format!("C-FIND answered{}", remarks(&study))),
            Err(keyword) => bad("search", format!("C-FIND answered, but {keyword} is missing or no UID")),
        },
        Ok(None) => good("search", "C-FIND answered; no study in the last seven days is visible to our AE title"),
        Err(error) => bad("search", chain(&error)),
    }
}

/// What an administrator should know about the answer. It names attributes only.
fn remarks(study: &index_model::StudyRecord) -> String {
    let missing: Vec<_> = [
        ("ModalitiesInStudy", study.modalities_in_study.is_empty()),
        ("NumberOfStudyRelatedInstances", study.number_of_study_related_instances.is_none()),
        ("AccessionNumber", study.accession_number.is_none()),
        ("PatientID", study.patient.patient_id.is_none()),
    ]
    .into_iter()
    .filter_map(|(keyword, missing)| missing.then_some(keyword))
    .collect();
    if missing.is_empty() { String::new() } else { format!("; not in the first match: {}", missing.join(", ")) }
}

/// `YYYYMMDD` of a Unix time, by the civil calendar (days to date after Howard Hinnant).
fn day(unix_ms: i64) -> String {
    let days = unix_ms.div_euclid(DAY_MS) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year_of_era, month + 3) } else { (year_of_era + 1, month - 9) };
    format!("{:04}{month:02}{day:02}", year + era * 400)
}

fn explain(link: &Link, error: &AssociationError) -> String {
    let address = format!("{}:{}", link.address.host, link.address.port);
    match error {
        AssociationError::Connect(io) if io.kind() == ErrorKind::ConnectionRefused => {
            format!("{address} refused the connection: nothing listens there; check host, port and the service itself")
        }
        AssociationError::Connect(io) => {
            format!("{address} could not be reached: {io}; check the name, the route and the firewall")
        }
        AssociationError::Tls(cause) => format!(
            "TLS with {address} could not be agreed on: {cause}; does it speak TLS there, is its certificate of this host and \
             signed by whom [dimse.outgoing] ca names, and does it trust our certificate?"
        ),
        AssociationError::Rejected(rejection) => format!(
            "association rejected: {rejection}; we call as {} and ask for {}: {}",
            link.own_ae,
            link.address.ae_title,
            remedy(*rejection)
        ),
        AssociationError::NoContext => {
            "it accepts neither verification nor query/retrieve: allow these services for our AE title there".into()
        }
        AssociationError::Late(_) => {
            format!("{address} did not answer in time: is that a DICOM port? Does it expect TLS?")
        }
        AssociationError::Closed => {
            format!("{address} closed the connection without a word: is that a DICOM port? Does it expect TLS?")
        }
        AssociationError::Broken(rule) => {
            format!("{address} does not speak DICOM in clear ({rule}): is that a DICOM port? Does it expect TLS?")
        }
        other => chain(other),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn days_follow_the_calendar() {
        assert_eq!(super::day(0), "19700101");
        assert_eq!(super::day(951_782_400_000), "20000229");
        assert_eq!(super::day(1_735_689_599_999), "20241231");
    }
}
