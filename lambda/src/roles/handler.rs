//! The role that takes webhooks.
//!
//! It judges each request as if there were no authorizer: whatever a gateway adds about the sender is
//! ignored.

use std::sync::Arc;

use mef_auth::Request;
use mef_intake::{Answer, Capture, Receiver, ReceiverPorts, Verdict};
use mef_ports::{Captures, chain};
use mef_source::SourceName;
use serde_json::{Map, Value, json};

use crate::environment::Environment;
use crate::event::payload::Event;
use crate::event::request::whole;
use crate::invocation::Done;
use crate::metrics::{Metric, Metrics};
use crate::refusals::Refusals;
use crate::sources::Sources;

/// The handler of all sources.
pub struct HandlerRole {
    sources: Sources<Receiver>,
    ports: ReceiverPorts,
    capture: Option<Capture>,
    refusals: Refusals,
}

impl HandlerRole {
    /// Returns a handler for the sources of `environment`.
    pub fn new(environment: &Environment, ports: ReceiverPorts) -> HandlerRole {
        let sources = Sources::new(environment);
        HandlerRole { sources, ports, capture: None, refusals: Refusals::default() }
    }

    /// Keeps refused requests in `captures`, without their credentials.
    #[must_use]
    pub fn capturing(self, captures: Arc<dyn Captures>) -> HandlerRole {
        HandlerRole { capture: Some(Capture::new(captures, true)), ..self }
    }

    /// Answers the request of the event `text`, in payload format 1.0 or 2.0.
    pub async fn invoke(&self, text: &str) -> Done {
        let Some(event) = Event::read(text) else {
            tracing::warn!(
                http.status = 400,
                reason = "the event is no JSON object",
                "webhook not taken"
            );
            return not_taken(Answer::unreadable());
        };
        let request = match whole(&event) {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(http.status = 400, reason = %error, "webhook not taken");
                return not_taken(Answer::unreadable());
            }
        };
        let method = request.method().to_owned();
        match self.sources.name_of(&event) {
            Some(name) => self.take_in(name, request).await,
            None => not_found(&method),
        }
    }

    async fn take_in(&self, name: SourceName, request: Request) -> Done {
        let started = self.ports.clock.now();
        let method = request.method().to_owned();
        let make = |source| Receiver::new(source, self.ports.clone());
        let usable = match self.sources.get(&name, make) {
            Ok(None) => return not_found(&method),
            Ok(Some(receiver)) => match receiver.check_schema() {
                Ok(()) => Ok(receiver),
                Err(error) => Err(chain(&error)),
            },
            Err(error) => Err(chain(&error)),
        };
        let (answer, metrics) = match usable {
            Ok(receiver) => {
                let handled = receiver.serve(request, self.capture.as_ref()).await;
                let metrics = count(&name, &handled.verdict);
                // What is neither taken nor refused, as a handshake, does not count.
                let refused = metrics.get(Metric::Denied);
                let is_most = refused.is_some_and(|refused| {
                    self.refusals.note(&name, refused > 0, self.ports.clock.now())
                });
                (handled.answer, metrics.with(Metric::MostlyDenied, u8::from(is_most)))
            }
            Err(error) => {
                tracing::error!(source.id = %name, http.status = 503, error = %error, "the source cannot be used");
                (
                    Answer::unavailable().to(&method),
                    Metrics::of(Some(name)).with(Metric::Unavailable, 1),
                )
            }
        };
        let took = self.ports.clock.now().duration_since(started);
        let took_ms = u64::try_from(took.as_millis()).unwrap_or_default();
        done(answer, Some(metrics.with(Metric::DurationMs, took_ms)))
    }
}

fn not_found(method: &str) -> Done {
    tracing::warn!(http.status = 404, reason = "no such source", "webhook not taken");
    not_taken(Answer::not_found().to(method))
}

/// Returns the answer to a request that is for no source.
fn not_taken(answer: Answer) -> Done {
    done(answer, Some(Metrics::of(None).with(Metric::NotTaken, 1)))
}

/// Returns the answer as both payload formats expect it.
fn done(answer: Answer, metrics: Option<Metrics>) -> Done {
    let headers: Map<String, Value> =
        answer.headers.into_iter().map(|(name, value)| (name.into_owned(), value.into())).collect();
    let output = json!({
        "statusCode": answer.status,
        "headers": headers,
        "body": answer.body,
        "isBase64Encoded": false,
    });
    Done { output: Ok(output), metrics }
}

/// Returns the metrics of one request. `Denied` is 0 for every authentic one, so its average is the share
/// of refused requests, which an alarm of the template watches.
fn count(name: &SourceName, verdict: &Verdict) -> Metrics {
    let metrics = Metrics::of(Some(name.clone()));
    match verdict {
        Verdict::Accepted { rejected, .. } => metrics
            .with(Metric::Accepted, 1)
            .with(Metric::Rejected, *rejected)
            .with(Metric::Denied, 0),
        Verdict::Duplicate => metrics.with(Metric::Duplicate, 1).with(Metric::Denied, 0),
        // Most handshakes need no proof, so they do not count for the share of refused requests.
        Verdict::Handshake => metrics.with(Metric::Handshake, 1),
        Verdict::Denied(_) => metrics.with(Metric::Denied, 1),
        Verdict::Misconfigured(_)
        | Verdict::Secrets(_)
        | Verdict::Keys(_)
        | Verdict::Store(_)
        | Verdict::Unconfirmed { .. } => metrics.with(Metric::Unavailable, 1),
        Verdict::Method | Verdict::TooLarge | Verdict::HeadTooLarge | Verdict::Empty => {
            metrics.with(Metric::NotTaken, 1)
        }
    }
}
