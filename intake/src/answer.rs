//! What the sender is told, and what the operator is told.

use std::borrow::Cow;

use mef_auth::verify::Denied;
use mef_ports::{SecretsError, chain};
use mef_source::SourceName;

use crate::key_cache::KeysUnavailable;

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body: empty, one JSON object, or what a handshake is answered.
    pub body: String,
}

/// An answer with what led to it.
#[derive(Debug)]
pub struct Answer {
    /// What the sender gets.
    pub response: Response,
    /// What became of the request, for logs and metrics.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Debug)]
pub enum Outcome {
    /// Every record is in the queue or in the dead letters.
    Accepted {
        /// How many events the queue took.
        delivered: u64,
        /// How many records went to the dead letters.
        rejected: u64,
    },
    /// The delivery was done before.
    Duplicate,
    /// A handshake was answered; there is no event in it.
    Handshake,
    /// What an authentic request asked to be fetched could not be.
    Unconfirmed {
        /// Why not.
        reason: String,
    },
    /// The method is not one that brings events.
    Method,
    /// The body is larger than the source takes.
    TooLarge,
    /// The request is authentic, and there is nothing in it.
    Empty,
    /// The request is not authentic.
    Denied(Denied),
    /// A secret could not be had, so nothing can be verified.
    Secrets(SecretsError),
    /// A key that the vendor publishes could not be had, so nothing can be
    /// verified.
    Keys(KeysUnavailable),
    /// A store is away: the queue, the dead letters, or the delivery marks.
    Store(mef_ports::StoreError),
}

impl Answer {
    /// Writes the one line that the operator is told of the request, wherever
    /// it was handled.
    pub fn log(&self, source: &SourceName) {
        let status = self.response.status;
        match &self.outcome {
            Outcome::Accepted { delivered, rejected } => {
                tracing::info!(source.id = %source, http.status = status, event.delivered = delivered, event.rejected = rejected, "webhook accepted");
            }
            Outcome::Duplicate => {
                tracing::info!(source.id = %source, http.status = status, "webhook is a repeat");
            }
            Outcome::Handshake => {
                tracing::info!(source.id = %source, http.status = status, "handshake answered");
            }
            Outcome::Unconfirmed { reason } => {
                tracing::error!(source.id = %source, http.status = status, reason = %reason, "handshake cannot be confirmed");
            }
            Outcome::Method | Outcome::TooLarge | Outcome::Empty => {
                tracing::warn!(source.id = %source, http.status = status, "webhook not taken");
            }
            Outcome::Denied(denied) => {
                tracing::warn!(source.id = %source, http.status = status, reason = %denied, "webhook refused");
            }
            Outcome::Secrets(error) => {
                tracing::error!(source.id = %source, http.status = status, error = %chain(error), "webhook cannot be verified");
            }
            Outcome::Keys(error) => {
                tracing::error!(source.id = %source, http.status = status, error = %error, "webhook cannot be verified");
            }
            Outcome::Store(error) => {
                tracing::error!(source.id = %source, http.status = status, error = %chain(error), "webhook cannot be stored");
            }
        }
    }

    /// The answer to `outcome`, where refused records are answered with
    /// `rejected_status`.
    ///
    /// The codes are chosen by what senders do with them: a 4xx makes many
    /// disable the webhook, a 5xx makes them come again.
    pub(crate) fn of(outcome: Outcome, rejected_status: u16) -> Answer {
        let response = match &outcome {
            Outcome::Accepted { delivered, rejected } => {
                // Authentic but not usable: most senders could not mend it, so
                // they are not told to stop.
                let status = if *rejected == 0 { 200 } else { rejected_status };
                let body =
                    serde_json::json!({ "accepted": delivered, "rejected": rejected }).to_string();
                Response {
                    status,
                    headers: vec![("content-type".into(), "application/json".to_owned())],
                    body,
                }
            }
            Outcome::Duplicate => Response {
                status: 200,
                headers: vec![("content-type".into(), "application/json".to_owned())],
                body: r#"{"duplicate":true}"#.to_owned(),
            },
            Outcome::Handshake => Response::empty(Vec::new()),
            Outcome::Method => error(405, "method not allowed"),
            Outcome::TooLarge => error(413, "the body is too large"),
            Outcome::Empty => error(400, "the body is empty"),
            Outcome::Denied(_) => error(401, "unauthorized"),
            Outcome::Secrets(_)
            | Outcome::Keys(_)
            | Outcome::Store(_)
            | Outcome::Unconfirmed { .. } => {
                let mut response = error(503, "try again later");
                response.headers.push(("retry-after".into(), "30".to_owned()));
                response
            }
        };
        Answer { response, outcome }
    }
}

impl Response {
    /// The answer where no source has that name.
    pub fn not_found() -> Response {
        error(404, "no such source")
    }

    /// 200 with no body.
    pub(crate) fn empty(headers: Vec<(Cow<'static, str>, String)>) -> Response {
        Response { status: 200, headers, body: String::new() }
    }

    /// Takes the body away, and what is said of it.
    pub(crate) fn clear(&mut self) {
        self.body.clear();
        self.headers.retain(|(name, _)| name != "content-type");
    }

    /// The answer to a body that is larger than the source takes.
    pub fn too_large() -> Response {
        error(413, "the body is too large")
    }
}

fn error(status: u16, text: &str) -> Response {
    Response {
        status,
        headers: vec![("content-type".into(), "application/json".to_owned())],
        body: serde_json::json!({ "error": text }).to_string(),
    }
}
