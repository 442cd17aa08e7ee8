//! The `errors` of a `poll`: what an answer means that its status alone does not
//! say.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::written::{Located, Node};

/// What to do about an answer of one kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// Which answers: all of it holds.
    pub when: Located<AnswerWhen>,
    /// What to do.
    #[serde(rename = "do")]
    pub action: Located<ErrorAction>,
}

/// Which answers are meant: all of it holds.
///
/// A value is a text, a number or a boolean that stands there, a list of such alternatives,
/// `{ matches: REGEX }` for the whole text, or `{ not_empty: true }`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerWhen {
    /// A status (`403`), a class (`5xx`), or a list of them; by default any.
    #[serde(default)]
    pub status: Option<Located<Node>>,
    /// Headers, each with its value.
    #[serde(default)]
    pub header: BTreeMap<String, Located<Node>>,
    /// Paths into a body that is JSON or XML, each with its value.
    #[serde(default)]
    pub body: BTreeMap<String, Located<Node>>,
}

/// What to do about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorAction {
    /// Ask again a few times, each time later; then fail.
    Retry,
    /// Take it as a page without records, and as the last.
    Ignore,
    /// Fail at once.
    Fail,
    /// Get a new access token, once, and ask again.
    Reauthenticate,
    /// Take it as the vendor's limit: come back when the headers say, else in a minute.
    Limit,
    /// Read the window again from its start, and only half of it.
    SplitWindow,
    /// Read the window again from its start. Without windows, read again, once in a run, from where it
    /// began; where the vendor refuses that too, from the cursor's time, its `restart`, or `start`.
    RestartFromTime,
}
