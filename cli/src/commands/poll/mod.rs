//! `mef poll`: pull what is new from one source, now.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use mef_auth::Redactor;
use mef_poller::{Budget, Poller, RunEnd, RunReport};
use mef_source::Source;

mod dry_run;
mod trace;

use crate::args::{Global, Poll};
use crate::backend::Backend;
use crate::output;
use crate::sources::files;

use trace::Traced;

pub(super) async fn poll(
    global: &Global,
    options: &Poll,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let source = files::load_named(&global.sources, &options.source)?;
    let backend = Backend::open(global, redactor).await?;
    let poll = source.poll.as_ref().with_context(|| pushed(&source))?;
    let mut http = backend.http(poll);
    let traced = match &options.trace {
        None => None,
        Some(path) => {
            let sink = Box::new(trace::File::create(path)?);
            let clock = Arc::clone(&backend.ports.clock);
            let traced = Arc::new(Traced::new(http, clock, redactor.clone(), sink));
            http = Arc::<Traced>::clone(&traced);
            Some(traced)
        }
    };
    let code = if options.dry_run {
        dry_run::run(global, options, &source, http, &backend, redactor).await
    } else {
        let ports = backend.ports.clone();
        let poller = Poller::with_http(Arc::clone(&source), http, ports);
        let poller = poller.with_context(|| pushed(&source))?;
        until_caught_up(global, options, &poller, &backend, redactor).await
    };
    if let Some(traced) = traced {
        traced.flush();
    }
    code
}

/// Why a source cannot be polled.
pub(super) fn pushed(source: &Source) -> String {
    format!("`{}` is pushed, not pulled: its file has no `poll`", source.name)
}

async fn until_caught_up(
    global: &Global,
    options: &Poll,
    poller: &Poller,
    backend: &Backend,
    redactor: &Redactor,
) -> anyhow::Result<ExitCode> {
    let clock = &backend.ports.clock;
    let budget = Budget::default();
    let on_interrupt = budget.clone();
    tokio::spawn(async move {
        // The page at hand is still delivered and committed.
        if tokio::signal::ctrl_c().await.is_ok() {
            on_interrupt.stop();
        }
    });
    loop {
        let report = poller.run(&budget).await;
        show(&report, global.json, redactor)?;
        let until = match report.end {
            RunEnd::CaughtUp => return Ok(ExitCode::SUCCESS),
            RunEnd::OutOfTime | RunEnd::Paused => return Ok(ExitCode::from(output::NOT_NOW)),
            RunEnd::Failed(error) => return Err(error).context("the run failed"),
            RunEnd::Busy { until } | RunEnd::Limited { until } | RunEnd::NotReady { until } => {
                until
            }
        };
        if options.once {
            return Ok(ExitCode::from(output::NOT_NOW));
        }
        let wait = Duration::try_from(until.duration_since(clock.now())).unwrap_or_default();
        tokio::select! {
            () = clock.sleep(wait) => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::from(output::NOT_NOW)),
        }
    }
}

pub(super) fn show(report: &RunReport, json: bool, redactor: &Redactor) -> anyhow::Result<()> {
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
            format!("the vendor still prepares what it was asked for: next look at {until}")
        }
        RunEnd::OutOfTime => "stopped before it was caught up".to_owned(),
        RunEnd::Failed(_) => "failed".to_owned(),
    };
    // What is rare is told where it happened.
    let rare = [
        (summary.untimed, "without a time that can be read"),
        (summary.gone, "gone"),
        (summary.dedupe_overflow, "forgotten while they may come again"),
    ];
    let rare = rare.iter().filter(|(count, _)| *count > 0);
    let rare = rare.map(|(count, what)| format!(", {count} {what}")).collect::<String>();
    output::say(&format!(
        "{}: {words}. {} requests, {} pages, {} records: {} delivered, {} rejected, {} duplicates, {} late{rare}",
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
