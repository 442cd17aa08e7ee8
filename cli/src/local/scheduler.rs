//! The schedule of one source, for as long as the process lives.

use std::time::Duration;

use jiff::Timestamp;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::Clock;
use tokio::sync::watch;

use super::wakeups::LocalWakeups;

/// Polls once in `every` until `stop` is set, and earlier if a wake-up is due or another run's lease
/// ends.
pub(crate) async fn keep_polling(
    poller: &Poller,
    every: Duration,
    clock: &dyn Clock,
    wakeups: &LocalWakeups,
    mut stop: watch::Receiver<bool>,
    on_report: impl Fn(&RunReport),
) {
    while !*stop.borrow() {
        let started = clock.now();
        let budget = Budget::default();
        let run = poller.run(&budget);
        tokio::pin!(run);
        let report = tokio::select! {
            report = &mut run => report,
            () = stopped(&mut stop) => {
                budget.stop();
                run.await
            }
        };
        report.log();
        on_report(&report);
        let tick = started.checked_add(every).unwrap_or(Timestamp::MAX);
        let next = match report.end {
            RunEnd::Busy { until } => until.min(tick),
            _ => wakeups.take(&report.stream).unwrap_or(tick),
        };
        let wait = Duration::try_from(next.duration_since(clock.now())).unwrap_or_default();
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = stopped(&mut stop) => {}
        }
    }
}

/// Waits until `stop` is set, or until nobody can set it.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
