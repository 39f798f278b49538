//! What is measured, for Prometheus to read.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

/// Each duration that was measured lies in memory by itself until it is summed up, here or when somebody reads the metrics, which nobody
/// may ever do: 16 bytes for each request and each turn at a core.
const SUMMED_UP: Duration = Duration::from_secs(5);

/// The one of this process.
pub(super) fn prometheus() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::debug!("metrics had been started before");
            }
            handle
        })
        .clone()
}

/// Sums up what was measured, until `stop`.
pub(crate) async fn sum_up(stop: CancellationToken) {
    let handle = prometheus();
    while stop.run_until_cancelled(tokio::time::sleep(SUMMED_UP)).await.is_some() {
        handle.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::prometheus;

    #[test]
    fn what_was_summed_up_is_told_still() {
        let handle = prometheus();
        for _ in 0..3 {
            metrics::histogram!("dics_summed_up_seconds").record(1.5);
            handle.run_upkeep();
        }
        let told = handle.render();
        assert!(
            told.contains("dics_summed_up_seconds_count 3") && told.contains("dics_summed_up_seconds_sum 4.5"),
            "{told}"
        );
    }
}
