//! Run after run of a poller until it is caught up, each told to the person.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use mef_auth::Redactor;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_ports::Clock;

use crate::local::signals::ended;
use crate::output;

/// Runs `poller` until it is caught up or cannot go on, and waits in between where a run says until
/// when; `once` ends it there instead. Each report goes to `show`.
///
/// # Errors
///
/// Fails if a run fails or `show` does.
pub(crate) async fn until_caught_up(
    poller: &Poller,
    clock: &dyn Clock,
    once: bool,
    mut show: impl FnMut(&RunReport) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let budget = Budget::default();
    let on_interrupt = budget.clone();
    tokio::spawn(async move {
        // The page at hand is still delivered and committed.
        if ended().await.is_ok() {
            on_interrupt.stop();
        }
    });
    loop {
        let report = poller.run(&budget).await;
        show(&report)?;
        let until = match report.end {
            RunEnd::CaughtUp => return Ok(ExitCode::SUCCESS),
            RunEnd::OutOfTime | RunEnd::Paused => return Ok(ExitCode::from(output::NOT_NOW)),
            RunEnd::Failed(error) => return Err(error).context("the run failed"),
            RunEnd::Busy { until } | RunEnd::Limited { until } | RunEnd::NotReady { until } => {
                until
            }
        };
        if once {
            return Ok(ExitCode::from(output::NOT_NOW));
        }
        let wait = Duration::try_from(until.duration_since(clock.now())).unwrap_or_default();
        tokio::select! {
            () = clock.sleep(wait) => {}
            _ = ended() => return Ok(ExitCode::from(output::NOT_NOW)),
        }
    }
}

/// Prints what a run came to.
pub(crate) fn show(report: &RunReport, json: bool, redactor: &Redactor) -> anyhow::Result<()> {
    let summary = &report.summary;
    if json {
        return output::masked_json(redactor, &report.line());
    }
    let words = match &report.end {
        RunEnd::CaughtUp => "caught up".to_owned(),
        RunEnd::Paused => {
            format!("paused: `mef resume {}` lets it be read again", report.stream.source)
        }
        RunEnd::Busy { until } => format!("another run holds the lease until {until}"),
        RunEnd::Limited { until } => format!("the vendor's rate limit is used up until {until}"),
        RunEnd::NotReady { until } => {
            format!("the vendor is still preparing the data: next look at {until}")
        }
        RunEnd::OutOfTime => "stopped before it was caught up".to_owned(),
        RunEnd::Failed(_) => "failed".to_owned(),
    };
    // Rare counts are shown only if they are not 0.
    let rare = [
        (summary.held_back, "held back for the next window"),
        (summary.untimed, "without a time that can be read"),
        (summary.gone, "gone"),
        (summary.dedupe_overflow, "forgotten while they may come again"),
        (summary.missing, "counted by the vendor and not given"),
    ];
    let rare = rare.iter().filter(|(count, _)| *count > 0);
    let rare = rare.map(|(count, what)| format!(", {count} {what}")).collect::<String>();
    let fell_back = output::fallbacks(&summary.fallbacks, summary.delivered);
    let fell_back = fell_back.map(|fields| format!("; {fields}")).unwrap_or_default();
    output::say(&format!(
        "{}: {words}. {} requests, {} pages, {} records: {} delivered, {} rejected, {} duplicates, {} late{rare}{fell_back}",
        report.stream,
        summary.requests,
        summary.pages,
        summary.records,
        summary.delivered,
        summary.rejected,
        summary.duplicates,
        summary.late,
    ));
    Ok(())
}
