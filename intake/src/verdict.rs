//! What became of a request, in a word and a sentence.
//!
//! Many outcomes are one to whoever asks from outside: was it taken, was it
//! turned away, or was it the vendor's handshake? Here is the one place that
//! says which is which.

use std::fmt;

use mef_ports::chain;

use crate::answer::Outcome;

/// What became of a request, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was authentic and was taken, even if all of it went to the dead
    /// letters.
    Accept,
    /// It was not taken.
    Reject,
    /// It was the vendor's question whether we are here.
    Handshake,
}

impl Outcome {
    /// The outcome in a word.
    pub fn verdict(&self) -> Verdict {
        match self {
            Outcome::Accepted { .. } | Outcome::Duplicate => Verdict::Accept,
            Outcome::Handshake => Verdict::Handshake,
            Outcome::Method
            | Outcome::TooLarge
            | Outcome::Empty
            | Outcome::Denied(_)
            | Outcome::Secrets(_)
            | Outcome::Keys(_)
            | Outcome::Store(_)
            | Outcome::Unconfirmed { .. } => Verdict::Reject,
        }
    }

    /// The outcome in a sentence, for the operator: the sender never sees it.
    pub fn reason(&self) -> String {
        match self {
            Outcome::Accepted { delivered, rejected: 0 } => {
                format!("every check passed; events: {delivered}")
            }
            Outcome::Accepted { delivered, rejected } => format!(
                "every check passed; events: {delivered}, records that go to the dead letters: {rejected}"
            ),
            Outcome::Duplicate => "the delivery was done before".to_owned(),
            Outcome::Handshake => "the vendor's handshake was answered".to_owned(),
            Outcome::Unconfirmed { reason } => format!("the handshake is not confirmed: {reason}"),
            Outcome::Method => "the method is not one that brings events".to_owned(),
            Outcome::TooLarge => "the body is larger than `max_body`".to_owned(),
            Outcome::Empty => "the request is authentic, and its body is empty".to_owned(),
            Outcome::Denied(denied) => denied.to_string(),
            Outcome::Secrets(error) => chain(error),
            Outcome::Keys(error) => chain(error),
            Outcome::Store(error) => chain(error),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Accept => "accept",
            Verdict::Reject => "reject",
            Verdict::Handshake => "handshake",
        })
    }
}
