//! The role that pulls one source, called by a schedule or a wake-up.

use std::sync::Arc;

use jiff::SignedDuration;
use mef_http::HttpClients;
use mef_poller::{Budget, PollPorts, Poller, RunEnd, RunReport};
use mef_ports::chain;
use mef_source::{Source, SourceName};
use serde::Deserialize;
use serde_json::json;

use crate::environment::Environment;
use crate::event::json::object;
use crate::invocation::{Done, Failed, Invocation};
use crate::metrics::{Metric, Metrics};
use crate::sources::Sources;

#[derive(Deserialize)]
struct PollerEvent {
    source: String,
}

/// The poller of all sources.
pub struct PollerRole {
    sources: Sources<Poller>,
    clients: HttpClients,
    ports: PollPorts,
}

impl PollerRole {
    /// Returns a poller for the sources of `environment`.
    pub fn new(environment: &Environment, ports: PollPorts) -> PollerRole {
        PollerRole { sources: Sources::new(environment), clients: HttpClients::default(), ports }
    }

    /// Runs the source that the event `text` names until it is caught up,
    /// limited, or near the call's deadline.
    ///
    /// A run that did not get the lease, or that met a limit, is a success. A failed run fails the call.
    pub async fn invoke(&self, text: &str, invocation: Invocation) -> Done {
        let event = object::<PollerEvent>(text);
        let Some(name) = event.and_then(|event| SourceName::new(&event.source)) else {
            tracing::error!(r#"the poller's event is not `{{"source": "<name>"}}`"#);
            return Done { output: Err(Failed::Event), metrics: None };
        };
        let make = |source: Arc<Source>| {
            let http = self.clients.for_source(source.poll.as_ref()?);
            Poller::new(source, http, self.ports.clone())
        };
        let unusable = match self.sources.get(&name, make) {
            Ok(Some(poller)) => match poller.check_schema() {
                Ok(()) => {
                    let stop_at = invocation.stop_at(self.ports.clock.now());
                    let report = poller.run(&Budget::until(stop_at)).await;
                    return done(name, &report, poller.behind(&report));
                }
                Err(error) => chain(&error),
            },
            Ok(None) => {
                tracing::error!(source.id = %name, "the package has no such source to pull");
                return Done { output: Err(Failed::Source), metrics: None };
            }
            Err(error) => chain(&error),
        };
        tracing::error!(source.id = %name, error = %unusable, "the source cannot be used");
        let metrics =
            Metrics::of(Some(name)).with(Metric::Failed, 1).with(Metric::BehindSeconds, 1);
        Done { output: Err(Failed::Source), metrics: Some(metrics) }
    }
}

fn done(name: SourceName, report: &RunReport, behind: Option<SignedDuration>) -> Done {
    report.log();
    if let Some(behind) = behind {
        // The alarm is the stack's: this line says which source is meant.
        tracing::warn!(source.id = %name, run.behind_s = behind.as_secs(), "the source is behind");
    }
    let output = match report.end {
        RunEnd::Failed(_) => Err(Failed::Run),
        _ => Ok(serde_json::to_value(report.line())
            .unwrap_or_else(|_| json!({ "end": report.end.name() }))),
    };
    let metrics = count(name, report);
    let metrics = match behind {
        Some(behind) => metrics.with(Metric::BehindSeconds, behind.as_secs()),
        None => metrics,
    };
    Done { output, metrics: Some(metrics) }
}

fn count(name: SourceName, report: &RunReport) -> Metrics {
    let run = &report.summary;
    let metrics = Metrics::of(Some(name))
        .with(Metric::Requests, run.requests)
        .with(Metric::Pages, run.pages)
        .with(Metric::Records, run.records)
        .with(Metric::Delivered, run.delivered)
        .with(Metric::Rejected, run.rejected)
        .with(Metric::Duplicates, run.duplicates)
        .with(Metric::Late, run.late)
        .with(Metric::LateMaxSeconds, run.late_max_s)
        .with(Metric::Untimed, run.untimed)
        .with(Metric::Gone, run.gone)
        .with(Metric::LimitWaitMs, run.limit_wait_ms)
        .with(Metric::DedupeOverflow, run.dedupe_overflow)
        .with(Metric::LimitWaits, u8::from(matches!(report.end, RunEnd::Limited { .. })))
        .with(Metric::Failed, u8::from(matches!(report.end, RunEnd::Failed(_))));
    match report.lag {
        Some(lag) => metrics.with(Metric::LagSeconds, lag.as_secs()),
        None => metrics,
    }
}
