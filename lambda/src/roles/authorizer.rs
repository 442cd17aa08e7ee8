//! The role that a gateway asks first, about a request without its body.
//!
//! What it lets through is not thereby authentic: see [`mef_intake::Authorizer`].

use std::sync::Arc;

use mef_intake::{Authorizer, Decision, KeyCache};
use mef_ports::{Clock, Secrets, chain};
use mef_source::SourceName;
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::event::payload::{Asked, Event};
use crate::event::request::head;
use crate::event::route::method_of;
use crate::invocation::{Done, Failed};
use crate::metrics::{Metric, Metrics};
use crate::sources::Sources;

/// The authorizer's answers.
pub struct Gate {
    sources: Sources<Authorizer>,
    secrets: Arc<dyn Secrets>,
    keys: Arc<KeyCache>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    /// A gate before the sources of `environment`.
    pub fn new(
        environment: &Environment,
        secrets: Arc<dyn Secrets>,
        keys: Arc<KeyCache>,
        clock: Arc<dyn Clock>,
    ) -> Gate {
        Gate { sources: Sources::new(environment), secrets, keys, clock }
    }

    /// Answers the event that is `text`.
    ///
    /// A token event without a token gets the original framework's answer, a
    /// status where a policy would be; the gateway refuses the request then.
    pub async fn answer(&self, text: &str) -> Done {
        let Some(event) = Event::read(text) else {
            tracing::error!("the authorizer's event is no JSON object");
            return Done { answer: Err(Failed::Event), metrics: None };
        };
        let (answer, resource) = match (event.asked(), event.resource()) {
            (Asked::Simple, _) => (Answer::Simple, None),
            (Asked::Token, Some(resource)) if event.authorization_token().is_some() => {
                (Answer::Policy, Some(resource))
            }
            (Asked::Token, _) => return refused(Ok(no_token()), None),
            (Asked::Request, Some(resource)) => (Answer::Policy, Some(resource)),
            (Asked::Request, None) => {
                tracing::error!("the authorizer's event names no resource");
                return Done { answer: Err(Failed::Event), metrics: None };
            }
        };
        let resource = resource.unwrap_or_default();
        let name = self.sources.asked(&event);
        let (allowed, known) = match name {
            // A policy would read them as wildcards and allow more than was asked.
            Some(_) if resource.contains(['*', '?']) => (false, None),
            Some(name) => self.decide(name, &event).await,
            None => {
                tracing::warn!(reason = "no such source", "stopped at the gate");
                (false, None)
            }
        };
        let answer = match answer {
            Answer::Simple => simple(allowed, known.as_ref()),
            Answer::Policy => policy(allowed, &resource),
        };
        match allowed {
            true => Done { answer: Ok(answer), metrics: None },
            false => refused(Ok(answer), known),
        }
    }

    /// Whether the request may go on to the source `name`, and the name again
    /// if there is such a source.
    async fn decide(&self, name: SourceName, event: &Event<'_>) -> (bool, Option<SourceName>) {
        let make = |source| {
            let (secrets, keys) = (Arc::clone(&self.secrets), Arc::clone(&self.keys));
            Authorizer::new(source, secrets, keys, Arc::clone(&self.clock))
        };
        let authorizer = match self.sources.get(&name, make) {
            Ok(Some(authorizer)) => authorizer,
            Ok(None) => {
                tracing::warn!(reason = "no such source", "stopped at the gate");
                return (false, None);
            }
            Err(error) => {
                // The handler answers 503, which tells the sender to come again.
                tracing::debug!(source.id = %name, error = %chain(&error), "left to the handler");
                return (true, Some(name));
            }
        };
        let decision = match (event.asked(), event.authorization_token()) {
            (Asked::Token, Some(token)) => {
                let resource = event.resource().unwrap_or_default();
                authorizer.decide_by_authorization(method_of(&resource), &token).await
            }
            _ => authorizer.decide(&head(event)).await,
        };
        if let Decision::Deny(reason) = &decision {
            tracing::warn!(source.id = %name, reason = %reason, "stopped at the gate");
        }
        (decision == Decision::Allow, Some(name))
    }
}

enum Answer {
    Simple,
    Policy,
}

fn refused(answer: Result<Value, Failed>, source: Option<SourceName>) -> Done {
    let metrics = Metrics::of(source).with(Metric::AuthorizerDenied, 1);
    Done { answer, metrics: Some(metrics) }
}

fn no_token() -> Value {
    json!({ "statusCode": 403, "body": "\"Unauthorized.\"" })
}

fn simple(allowed: bool, source: Option<&SourceName>) -> Value {
    let context = match source {
        Some(source) if allowed => json!({ "source": source.as_str() }),
        _ => json!({}),
    };
    json!({ "isAuthorized": allowed, "context": context })
}

fn policy(allowed: bool, resource: &str) -> Value {
    json!({
        "principalId": "webhook_service",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Action": "execute-api:Invoke",
                "Effect": if allowed { "Allow" } else { "Deny" },
                "Resource": resource,
            }],
        },
    })
}
