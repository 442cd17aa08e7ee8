//! The role that a gateway asks first, about a request without its body.
//!
//! A request that it lets through need not be authentic: see [`mef_intake::Authorizer`].

use std::sync::Arc;

use mef_intake::{Authorizer, Decision, KeyCache};
use mef_ports::{Clock, Secrets, chain};
use mef_source::SourceName;
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::event::payload::{AuthorizerPayload, Event};
use crate::event::request::head;
use crate::event::route::method_of;
use crate::invocation::{Done, Failed};
use crate::metrics::{Metric, Metrics};
use crate::sources::Sources;

/// The authorizer of all sources.
pub struct AuthorizerRole {
    sources: Sources<Authorizer>,
    secrets: Arc<dyn Secrets>,
    keys: Arc<KeyCache>,
    clock: Arc<dyn Clock>,
}

impl AuthorizerRole {
    /// Returns an authorizer for the sources of `environment`.
    pub fn new(
        environment: &Environment,
        secrets: Arc<dyn Secrets>,
        keys: Arc<KeyCache>,
        clock: Arc<dyn Clock>,
    ) -> AuthorizerRole {
        AuthorizerRole { sources: Sources::new(environment), secrets, keys, clock }
    }

    /// Decides about the request of the event `text`.
    ///
    /// A token event without a token gets the original framework's output, a status in place of a policy:
    /// the gateway then refuses the request.
    pub async fn invoke(&self, text: &str) -> Done {
        let Some(event) = Event::read(text) else {
            tracing::error!("the authorizer's event is no JSON object");
            return Done { output: Err(Failed::Event), metrics: None };
        };
        let resource = match (event.authorizer_payload(), event.resource()) {
            (AuthorizerPayload::Simple, _) => None,
            (AuthorizerPayload::Token, Some(resource)) if event.authorization_token().is_some() => {
                Some(resource)
            }
            (AuthorizerPayload::Token, _) => {
                stopped("the event has no token or no resource");
                return refused(no_token(), None);
            }
            (AuthorizerPayload::Request, Some(resource)) => Some(resource),
            (AuthorizerPayload::Request, None) => {
                tracing::error!("the authorizer's event names no resource");
                return Done { output: Err(Failed::Event), metrics: None };
            }
        };
        let name = self.sources.name_of(&event);
        let (allowed, known) = match name {
            // A policy would read them as wildcards and allow more than this request.
            Some(_) if resource.as_ref().is_some_and(|it| it.contains(['*', '?'])) => {
                stopped("the path holds `*` or `?`");
                (false, None)
            }
            Some(name) => self.decide(name, &event).await,
            None => {
                stopped("no such source");
                (false, None)
            }
        };
        let output = match resource {
            None => simple(allowed, known.as_ref()),
            Some(resource) => policy(allowed, &resource),
        };
        match allowed {
            true => Done { output: Ok(output), metrics: None },
            false => refused(output, known),
        }
    }

    /// Returns whether the request may go on to the source `name`, and the name if there is such a source.
    async fn decide(&self, name: SourceName, event: &Event<'_>) -> (bool, Option<SourceName>) {
        let make = |source| {
            let (secrets, keys) = (Arc::clone(&self.secrets), Arc::clone(&self.keys));
            Authorizer::new(source, secrets, keys, Arc::clone(&self.clock))
        };
        let authorizer = match self.sources.get(&name, make) {
            Ok(Some(authorizer)) => authorizer,
            Ok(None) => {
                stopped("no such source");
                return (false, None);
            }
            Err(error) => {
                // The handler answers 503, which makes the sender try again.
                tracing::debug!(source.id = %name, error = %chain(&error), "left to the handler");
                return (true, Some(name));
            }
        };
        let decision = match (event.authorizer_payload(), event.authorization_token()) {
            (AuthorizerPayload::Token, Some(token)) => {
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

/// Logs a request that is for no source.
fn stopped(reason: &'static str) {
    tracing::warn!(reason = reason, "stopped at the gate");
}

fn refused(output: Value, source: Option<SourceName>) -> Done {
    // What is for no source is nobody's wrong secret: the internet is full of it.
    let metric = if source.is_some() { Metric::AuthorizerDenied } else { Metric::NotTaken };
    let metrics = Metrics::of(source).with(metric, 1);
    Done { output: Ok(output), metrics: Some(metrics) }
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
