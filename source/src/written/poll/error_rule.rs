//! `poll.errors`: what responses mean if their status alone does not say it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::answer_when::AnswerWhen;
use crate::located::Located;

/// What to do about some kind of response.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// Which responses: all of the conditions must hold.
    pub when: Located<AnswerWhen>,
    /// What to do.
    #[serde(rename = "do")]
    pub action: Located<ErrorAction>,
}

/// What to do about a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorAction {
    /// Send the request again a few times, each time later; then fail.
    Retry,
    /// Treat it as the last page, without records.
    Ignore,
    /// Fail at once.
    Fail,
    /// Get a new access token, once, and send the request again.
    Reauthenticate,
    /// Treat it as the vendor's rate limit: continue when the headers say, or else in a minute.
    Limit,
    /// Read the window again from its start, but only half of it.
    SplitWindow,
    /// Read the window again from its start. Without windows, read again from the first page, once
    /// in a run; if the vendor refuses that too, from the cursor's time, its `restart`, or `start`.
    RestartFromTime,
}
