//! Runs a source on its schedule, for as long as the process lives.

use std::time::Duration;

use jiff::Timestamp;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::Clock;
use tokio::sync::watch;

use super::LocalWakeups;

/// Polls `every` so often until `stop` is set, and earlier where a wake-up
/// says so or another run's lease ends.
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
        log(&report);
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

/// Waits until `stop` is set, or until nobody can set it any more.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The one line that a run leaves in the log.
fn log(report: &RunReport) {
    let summary = &report.summary;
    let fields = |text: &str| {
        tracing::info!(
            source.id = %report.stream,
            run.requests = summary.requests,
            run.pages = summary.pages,
            run.records = summary.records,
            run.delivered = summary.delivered,
            run.rejected = summary.rejected,
            run.duplicates = summary.duplicates,
            run.late = summary.late,
            cursor.lag_s = report.lag.map(|lag| lag.as_secs()),
            "{text}"
        );
    };
    match &report.end {
        RunEnd::CaughtUp => fields("caught up"),
        RunEnd::OutOfTime => fields("stopped before it was caught up"),
        RunEnd::Limited { until } => {
            fields("limited by the vendor");
            tracing::info!(source.id = %report.stream, run.until = %until, "waiting for the vendor's limit");
        }
        RunEnd::Busy { until } => {
            tracing::info!(source.id = %report.stream, lease.until = %until, "another run holds the lease");
        }
        RunEnd::Failed(error) => {
            let error = anyhow::format_err!("{}", chain(error));
            tracing::error!(source.id = %report.stream, error = %error, "the run failed");
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
