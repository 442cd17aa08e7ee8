//! The role that runs rejected records again, after a deploy or by hand.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use mef_pipeline::{Channel, Outputs, Pipeline, Pipelines, redrive};
use mef_ports::chain;
use mef_source::SourceName;
use serde::Deserialize;
use serde_json::json;

use crate::environment::Environment;
use crate::event::json::object;
use crate::invocation::{Done, Failed, Invocation};
use crate::metrics::{Metric, Metrics};
use crate::sources::Sources;

#[derive(Deserialize)]
struct RedriveEvent {
    source: Option<String>,
}

/// The pipelines of one source.
struct SourcePipelines {
    webhook: Option<Arc<Pipeline>>,
    poll: Option<Arc<Pipeline>>,
}

/// The redrive of all sources.
pub struct RedriveRole {
    sources: Sources<SourcePipelines>,
    outputs: Outputs,
    /// Sources whose error has been logged: each of their letters meets it again.
    told: Mutex<BTreeSet<SourceName>>,
}

impl RedriveRole {
    /// Returns a redrive for the sources of `environment`.
    pub fn new(environment: &Environment, outputs: Outputs) -> RedriveRole {
        RedriveRole { sources: Sources::new(environment), outputs, told: Mutex::default() }
    }

    /// Runs all dead letters once, or those of the source that the event `text` names, until the call's
    /// deadline is near. The output says whether any are left to try, so that the caller can call again.
    pub async fn invoke(&self, text: &str, invocation: Invocation) -> Done {
        let Some(event) = object::<RedriveEvent>(text) else {
            tracing::error!(
                r#"the redrive's event is neither `{{}}` nor `{{"source": "<name>"}}`"#
            );
            return Done { output: Err(Failed::Event), metrics: None };
        };
        let name = match event.source.as_deref().map(SourceName::new) {
            None => None,
            Some(Some(name)) if self.pipelines(&name).is_some() => Some(name),
            Some(_) => {
                tracing::error!("the package has no such source, or it cannot be used");
                return Done { output: Err(Failed::Source), metrics: None };
            }
        };
        let clock = &self.outputs.clock;
        let stop_at = invocation.stop_at(clock.now());
        let source = name.as_ref().map(SourceName::as_str);
        let metrics = Metrics::of(name.clone());
        match redrive(&self.outputs, self, source, &|| clock.now() < stop_at).await {
            Ok(run) => {
                tracing::info!(
                    redrive.redriven = run.redriven,
                    redrive.refused_again = run.refused_again,
                    redrive.no_source = run.no_source,
                    redrive.unfinished = run.unfinished,
                    event.delivered = run.delivered,
                    "redriven"
                );
                let output = json!({
                    "redriven": run.redriven,
                    "delivered": run.delivered,
                    "refused_again": run.refused_again,
                    "no_source": run.no_source,
                    "unfinished": run.unfinished,
                });
                let metrics = metrics
                    .with(Metric::Redriven, run.redriven)
                    .with(Metric::RefusedAgain, run.refused_again);
                Done { output: Ok(output), metrics: Some(metrics) }
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "the redrive failed");
                Done { output: Err(Failed::Run), metrics: None }
            }
        }
    }

    fn pipelines(&self, name: &SourceName) -> Option<Arc<SourcePipelines>> {
        let make = |source: Arc<mef_source::Source>| {
            Some(SourcePipelines {
                webhook: Pipeline::for_webhook(&source).map(Arc::new),
                poll: Pipeline::for_poll(&source).map(Arc::new),
            })
        };
        match self.sources.get(name, make) {
            Ok(pipelines) => pipelines,
            Err(error) => {
                // Its letters stay where they are until it is fixed.
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                if told.insert(name.clone()) {
                    tracing::error!(source.id = %name, error = %chain(&error), "the source cannot be used");
                }
                None
            }
        }
    }
}

impl Pipelines for RedriveRole {
    fn find(&self, source: &str, channel: Channel) -> Option<Arc<Pipeline>> {
        let pipelines = self.pipelines(&SourceName::new(source)?)?;
        match channel {
            Channel::Webhook => pipelines.webhook.clone(),
            Channel::Poll => pipelines.poll.clone(),
        }
    }
}
