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

    /// Returns a 503 that asks the sender to try again after 30 s.
    pub fn unavailable() -> Answer {
        let mut answer = Answer::error(503, "try again later");
        answer.headers.push(("retry-after".into(), "30".to_owned()));
        answer
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
