//! Objects of reports that are withdrawn, corrected or held: what was interrupted, or came before objects went with their reports, is done at
//! the start and now and then. Holds end here when their time has come.

use std::time::Duration;

use crate::{Registry, RegistryError};

/// How often it is looked for what was interrupted, besides when a report is corrected; after how many looks for all that is withdrawn.
const LOOK: Duration = Duration::from_secs(30);
const LOOKS: u32 = 120;
/// Reports of one look at the index.
const AT_A_TIME: u32 = 100;

/// Looks until the registry ends.
pub(crate) async fn run(registry: Registry) {
    let mut look = 0;
    loop {
        if let Err(error) = registry.settle_withdrawals(look == 0).await {
            tracing::error!(error = %error, "objects of reports that were withdrawn or corrected could not follow them");
        }
        let next_ms = match registry.end_holds().await {
            Ok(next_ms) => next_ms,
            Err(error) => {
                tracing::error!(error = %error, "a report whose hold is over could not be released");
                None
            }
        };
        tokio::select! {
            () = registry.0.stop.cancelled() => return,
            () = registry.0.returning.notified() => {}
            () = tokio::time::sleep(registry.until(next_ms)) => look = (look + 1) % LOOKS,
        }
    }
}

impl Registry {
    /// How long to wait: until a hold ends, at most until the next look.
    fn until(&self, next_ms: Option<i64>) -> Duration {
        let left_ms = next_ms.map(|next_ms| (next_ms - self.0.clock.now_ms()).max(1));
        left_ms
            .and_then(|left_ms| u64::try_from(left_ms).ok())
            .map_or(LOOK, |left_ms| LOOK.min(Duration::from_millis(left_ms)))
    }

    async fn settle_withdrawals(&self, is_all: bool) -> Result<(), RegistryError> {
        let mut after = 0;
        while is_all && !self.0.stop.is_cancelled() {
            let reports = self.0.store.reports_to_withdraw(after, AT_A_TIME).await?;
            let Some(last) = reports.last() else { break };
            after = *last;
            for report_key in reports {
                self.follow_withdrawal(report_key).await?;
            }
        }
        self.bring_back().await
    }
}
