//! The `errors` of a `poll`: what an answer means that its status alone does not
//! say.

use schemars::JsonSchema;
use serde::Deserialize;

use super::answer_when::AnswerWhen;
use crate::written::located::Located;

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
