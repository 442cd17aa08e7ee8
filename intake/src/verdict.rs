//! How a request ended, for the operator; the sender sees only the [`Answer`] that follows from it.

use mef_auth::verify::Denied;
use mef_ports::{SecretsError, StoreError, chain};
use mef_source::SourceName;
use serde_json::json;

use crate::answer::Answer;
use crate::at_hand::key_cache::KeysUnavailable;
use crate::head::{LARGEST_HEAD, MOST_HEADERS};

/// An answer and the verdict behind it.
#[derive(Debug)]
pub struct Handled {
    /// What the sender gets.
    pub answer: Answer,
    /// How the request ended, for logs and metrics.
    pub verdict: Verdict,
}

/// How a request ended.
#[derive(Debug)]
pub enum Verdict {
    /// Every record is in the queue or in the dead letters.
    Accepted {
        /// How many events the queue took.
        delivered: u64,
        /// How many records went to the dead letters.
        rejected: u64,
    },
    /// The delivery was done before.
    Duplicate,
    /// A handshake was answered; it holds no event.
    Handshake,
    /// An authentic request asked us to fetch something, and that failed.
    Unconfirmed {
        /// Why it failed.
        reason: String,
    },
    /// The source takes no events by this method.
    Method,
    /// The body is larger than the source takes.
    TooLarge,
    /// The headers are larger, or more, than a server takes.
    HeadTooLarge,
    /// The request is authentic, and its body is empty.
    Empty,
    /// The request is not authentic.
    Denied(Denied),
    /// The source file or a secret is unusable, so nothing can be verified; and why.
    Misconfigured(Denied),
    /// A secret cannot be read, so nothing can be verified.
    Secrets(SecretsError),
    /// A key that the vendor publishes is not available, so nothing can be verified.
    Keys(KeysUnavailable),
    /// A store is away: the queue, the dead letters, or the delivery marks.
    Store(StoreError),
}

impl Handled {
    /// Returns the answer that follows from `verdict`; `rejected_status` is the status for rejected records.
    pub(crate) fn by(verdict: Verdict, rejected_status: u16) -> Handled {
        let answer = match &verdict {
            Verdict::Accepted { delivered, rejected } => {
                // Authentic but not usable: most senders cannot fix it, so they are not told to stop.
                let status = if *rejected == 0 { 200 } else { rejected_status };
                Answer::json(status, &json!({ "accepted": delivered, "rejected": rejected }))
            }
            Verdict::Duplicate => Answer::json(200, &json!({ "duplicate": true })),
            Verdict::Handshake => Answer::empty(Vec::new()),
            Verdict::Method => Answer::error(405, "method not allowed"),
            Verdict::TooLarge => Answer::too_large(),
            Verdict::HeadTooLarge => Answer::head_too_large(),
            Verdict::Empty => Answer::error(400, "the body is empty"),
            Verdict::Denied(_) => Answer::error(401, "unauthorized"),
            Verdict::Misconfigured(_)
            | Verdict::Secrets(_)
            | Verdict::Keys(_)
            | Verdict::Store(_)
            | Verdict::Unconfirmed { .. } => Answer::unavailable(),
        };
        Handled { answer, verdict }
    }

    /// Writes the one log line about the request, which was the `refused`-th that its source refused.
    pub(crate) fn log(&self, source: &SourceName, refused: Option<u64>) {
        let status = self.answer.status;
        match &self.verdict {
            Verdict::Accepted { delivered, rejected } => {
                tracing::info!(source.id = %source, http.status = status, event.delivered = delivered, event.rejected = rejected, "webhook accepted");
            }
            Verdict::Duplicate => {
                tracing::info!(source.id = %source, http.status = status, "webhook is a repeat");
            }
            Verdict::Handshake => {
                tracing::info!(source.id = %source, http.status = status, "handshake answered");
            }
            Verdict::Unconfirmed { reason } => {
                tracing::error!(source.id = %source, http.status = status, refused.count = refused, reason = %reason, "handshake cannot be confirmed");
            }
            Verdict::Method | Verdict::TooLarge | Verdict::HeadTooLarge | Verdict::Empty => {
                tracing::warn!(source.id = %source, http.status = status, refused.count = refused, reason = %self.verdict.reason(), "webhook not taken");
            }
            Verdict::Denied(denied) => {
                tracing::warn!(source.id = %source, http.status = status, refused.count = refused, reason = %denied, "webhook refused");
            }
            Verdict::Misconfigured(denied) => {
                tracing::error!(source.id = %source, http.status = status, refused.count = refused, error = %denied, "webhook cannot be verified");
            }
            Verdict::Secrets(error) => {
                tracing::error!(source.id = %source, http.status = status, refused.count = refused, error = %chain(error), "webhook cannot be verified");
            }
            Verdict::Keys(error) => {
                tracing::error!(source.id = %source, http.status = status, refused.count = refused, error = %error, "webhook cannot be verified");
            }
            Verdict::Store(error) => {
                tracing::error!(source.id = %source, http.status = status, refused.count = refused, error = %chain(error), "webhook cannot be stored");
            }
        }
    }
}

impl Verdict {
    /// Returns the verdict on a request that was denied: it is to blame, unless the source is.
    pub(crate) fn of(denied: Denied) -> Verdict {
        match denied.is_misconfigured() {
            true => Verdict::Misconfigured(denied),
            false => Verdict::Denied(denied),
        }
    }

    /// Returns the verdict in a word: `accept`, `reject` or `handshake`.
    ///
    /// An authentic request is accepted even if all of its records go to the dead letters.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Accepted { .. } | Verdict::Duplicate => "accept",
            Verdict::Handshake => "handshake",
            Verdict::Method
            | Verdict::TooLarge
            | Verdict::HeadTooLarge
            | Verdict::Empty
            | Verdict::Denied(_)
            | Verdict::Misconfigured(_)
            | Verdict::Secrets(_)
            | Verdict::Keys(_)
            | Verdict::Store(_)
            | Verdict::Unconfirmed { .. } => "reject",
        }
    }

    /// Returns the verdict in a sentence, for the operator: the sender never sees it.
    pub fn reason(&self) -> String {
        match self {
            Verdict::Accepted { delivered, rejected: 0 } => {
                format!("every check passed; events: {delivered}")
            }
            Verdict::Accepted { delivered, rejected } => format!(
                "every check passed; events: {delivered}, records that go to the dead letters: {rejected}"
            ),
            Verdict::Duplicate => "the delivery was done before".to_owned(),
            Verdict::Handshake => "the vendor's handshake was answered".to_owned(),
            Verdict::Unconfirmed { reason } => format!("the handshake is not confirmed: {reason}"),
            Verdict::Method => "the method is not one that brings events".to_owned(),
            Verdict::TooLarge => "the body is larger than `max_body`".to_owned(),
            Verdict::HeadTooLarge => format!(
                "the request has more than {MOST_HEADERS} header lines, or more than {LARGEST_HEAD} bytes of first line and headers"
            ),
            Verdict::Empty => "the request is authentic, and its body is empty".to_owned(),
            Verdict::Denied(denied) | Verdict::Misconfigured(denied) => denied.to_string(),
            Verdict::Secrets(error) => chain(error),
            Verdict::Keys(error) => chain(error),
            Verdict::Store(error) => chain(error),
        }
    }
}
