//! What a sender gets: a status, headers and a small body that tells a stranger nothing.
//!
//! The codes are chosen by what senders do with them: a 4xx makes many of them disable the webhook, a 5xx
//! makes them send again.

use std::borrow::Cow;

use serde_json::{Value, json};

/// What a webhook's sender gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body: empty, one JSON object, or the answer to a handshake.
    pub body: String,
}

impl Answer {
    /// Returns a 400 for a request that cannot be read at all.
    pub fn unreadable() -> Answer {
        Answer::error(400, "unreadable")
    }

    /// Returns a 404: no source has that name.
    pub fn not_found() -> Answer {
        Answer::error(404, "no such source")
    }

    /// Returns a 413: the body is larger than the source takes.
    pub fn too_large() -> Answer {
        Answer::error(413, "the body is too large")
    }

    /// Returns a 431: the first line and the headers are larger than a server takes.
    pub(crate) fn head_too_large() -> Answer {
        Answer::error(431, "the headers are too large")
    }

    /// Returns a 408: the sender took too long to send the body.
    pub fn too_slow() -> Answer {
        Answer::error(408, "the body came too slowly")
    }

    /// Returns a 503 that asks the sender to try again after 30 s.
    pub fn unavailable() -> Answer {
        let mut answer = Answer::error(503, "try again later");
        answer.headers.push(("retry-after".into(), "30".to_owned()));
        answer
    }

    /// Returns the answer as a request of `method` may get it: one of HEAD has no body (RFC 9110 §9.3.2).
    #[must_use]
    pub fn to(mut self, method: &str) -> Answer {
        if method == "HEAD" {
            self.clear();
        }
        self
    }

    /// Returns a 200 without a body.
    pub(crate) fn empty(headers: Vec<(Cow<'static, str>, String)>) -> Answer {
        Answer { status: 200, headers, body: String::new() }
    }

    /// Returns an answer whose body is `{"error": text}`.
    pub(crate) fn error(status: u16, text: &str) -> Answer {
        Answer::json(status, &json!({ "error": text }))
    }

    /// Returns an answer whose body is `value`.
    pub(crate) fn json(status: u16, value: &Value) -> Answer {
        let headers = vec![("content-type".into(), "application/json".to_owned())];
        Answer { status, headers, body: value.to_string() }
    }

    /// Removes the body and its content type.
    pub(crate) fn clear(&mut self) {
        self.body.clear();
        self.headers.retain(|(name, _)| name != "content-type");
    }
}
