//! How far each region is, until all are there.

use std::io::IsTerminal;
use std::time::Duration;

use access::{Action, Subject};
use fixtures::Region;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use registry::{Registry, RepositoryState, RepositoryStatus};

use crate::demo::province::Material;

const LOOK: Duration = Duration::from_millis(400);

/// Shows a bar for each region; returns when every region has all its studies and reports.
pub(super) async fn show(registry: &Registry, material: &Material) {
    let bars = MultiProgress::new();
    let mut lines: Vec<(Region, ProgressBar, bool)> = Vec::new();
    for region in Region::ALL {
        let bar = bars.add(ProgressBar::new(material.studies(region).unwrap_or(0)));
        let template = "{prefix:10} {bar:30} {pos:>4}/{len:4} studies  {msg}";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(region.title());
        lines.push((region, bar, material.reports(region).is_empty()));
    }
    let mut ticks = 0u32;
    loop {
        let Some(statuses) = statuses(registry).await else {
            return;
        };
        let mut all = true;
        for (region, bar, no_reports) in &lines {
            let Some(status) = statuses.iter().find(|status| status.definition.region == region.code()) else {
                continue;
            };
            let expected = material.studies(*region).or(status.expected).unwrap_or(status.counts.studies);
            bar.set_length(expected);
            bar.set_position(status.counts.studies);
            bar.set_message(words(status));
            all &= is_there(status, expected, *no_reports);
        }
        ticks += 1;
        if all {
            break;
        }
        // A log has no moving bars: a line now and then.
        if !std::io::stderr().is_terminal() && ticks.is_multiple_of(10) {
            println!("{}", statuses.iter().map(line).collect::<Vec<_>>().join("   "));
        }
        tokio::time::sleep(LOOK).await;
    }
    lines.iter().for_each(|(_, bar, _)| bar.abandon());
    if let Some(statuses) = statuses(registry).await {
        println!("Every region is indexed: {}.", statuses.iter().map(line).collect::<Vec<_>>().join(", "));
    }
}

async fn statuses(registry: &Registry) -> Option<Vec<RepositoryStatus>> {
    let access = registry.access();
    let permit = access.permit(&access.service(), Action::Synchronise, Subject::Registry).await.ok()?;
    registry.repositories(&permit).await.ok()
}

fn is_there(status: &RepositoryStatus, studies: u64, no_reports: bool) -> bool {
    let followed = status.state == RepositoryState::Following;
    followed && status.counts.studies >= studies && studies > 0 && (no_reports || status.counts.reports > 0)
}

fn words(status: &RepositoryStatus) -> String {
    match &status.last_error {
        Some((_, error)) => error.clone(),
        None => format!("{} images, {} reports", status.counts.instances, status.counts.reports),
    }
}

fn line(status: &RepositoryStatus) -> String {
    format!("{} {} studies, {} reports", status.definition.name, status.counts.studies, status.counts.reports)
}
