//! `tests/NAME.expected.json`: the result of a test.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The result of a test, or the one that is expected.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// When the test runs.
    pub(super) at: Timestamp,
    /// The status that the sender gets; `None` for records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// How each run of the poller ended, and its requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) runs: Vec<Value>,
    /// The cursors after the last run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) cursors: Vec<Value>,
    /// The events, in order.
    pub(super) events: Vec<Value>,
    /// The stage and place of each rejected record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rejected: Vec<Value>,
}
