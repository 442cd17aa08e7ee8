//! What the runs of a stream did, as it is stored with its cursor.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::position::Position;

/// A stretch of time that was never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostSpan {
    /// Its first moment.
    pub from: Timestamp,
    /// The moment it ends before.
    pub to: Timestamp,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What the last run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunSummary {
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Requests made, retries and token requests among them.
    pub requests: u64,
    /// Pages read.
    pub pages: u64,
    /// Records on those pages.
    pub records: u64,
    /// Events that the queue took.
    pub delivered: u64,
    /// Records refused into the dead letters.
    pub rejected: u64,
    /// Records dropped because they had been delivered before.
    pub duplicates: u64,
    /// Records that came after the cursor had passed their time.
    pub late: u64,
    /// How many seconds the latest of those was behind the cursor: with an `end_lag` longer by that
    /// it would have been in time.
    pub late_max_s: u64,
    /// How long the vendor's limit was waited for, or is to be.
    pub limit_wait_ms: u64,
    /// Records left for the next window because they lie past this one's end.
    pub held_back: u64,
    /// Records without a time that can be read, where the source file says that they have one.
    pub untimed: u64,
    /// Things listed of which the vendor had no details any more: gone, or past their time.
    pub gone: u64,
    /// Ids that a later run may need and that were forgotten: their records may come twice.
    pub dedupe_overflow: u64,
    /// Records that the vendor counted and did not give.
    #[serde(skip_serializing_if = "is_none")]
    pub missing: u64,
    /// Of each field of events, how many fell back to its default since the record had no value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fallbacks: BTreeMap<String, u64>,
    /// What the vendor no longer kept when the cursor came to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<LostSpan>,
    /// Why the run stopped before it was caught up, if it did.
    pub error: Option<String>,
    /// If it failed: since when every run has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
}

/// A run, as the history of a cursor keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRun {
    /// When it ended.
    pub ended: Timestamp,
    /// How far everything was delivered then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Position>,
    /// Events that the queue took.
    #[serde(default)]
    pub delivered: u64,
    /// Records refused into the dead letters.
    #[serde(default)]
    pub rejected: u64,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether it ended before it had read everything, to go on later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub put_off: bool,
}
