//! What is stored of a stream: how far it is read, and what is under way.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Position;

/// Where to go on inside an open window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumeAt {
    /// The vendor's next URL.
    Url(String),
    /// The vendor's page token.
    Token(String),
}

/// The frozen window that is being read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenWindow {
    /// Its first moment.
    pub start: Timestamp,
    /// The moment it ends before.
    pub end: Timestamp,
    /// What `done` was when the window was opened: records before it are
    /// repeats or came late.
    pub done_before: Timestamp,
    /// Nothing of the stream was delivered when the window was opened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first: bool,
    /// The request to make next; `None` reads the window from its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<ResumeAt>,
    /// How often this window was read again from its start because the vendor
    /// refused where to go on.
    #[serde(default)]
    pub restarts: u32,
    /// False once a record came out of order, so that `done` waits for the
    /// window's end.
    pub ascending: bool,
    /// A digest of the request in the source file: a window opened under
    /// another request is read again from its start.
    pub request_digest: String,
}

/// A stream without windows that is being read newest first, or in no order:
/// `done` waits until all of its pages are delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenPass {
    /// Where `done` stood when the pass began: what its requests ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Position>,
    /// The newest record delivered in it: where `done` moves at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Position>,
    /// The request to make next.
    pub next: ResumeAt,
    /// False once a record came out of order, or where none was promised.
    pub ascending: bool,
    /// What is newer than this is left for a later pass.
    pub horizon: Timestamp,
    /// A digest of the request in the source file: a pass begun under another
    /// request is read again from its start.
    pub request_digest: String,
}

/// What the requests before the first page brought: a run that goes on asks for
/// the same job, and starts no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupDone {
    /// How many of them are done.
    pub steps: usize,
    /// When the last of them was.
    pub at: Timestamp,
    /// What their answers have, by the names of the source file.
    pub values: BTreeMap<String, String>,
    /// A digest of the requests in the source file: under others it is all done
    /// again.
    pub request_digest: String,
}

/// What the vendor was asked for and does not have ready yet: a run that goes on
/// asks for the same thing again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenWait {
    /// What is waited for.
    pub of: WaitedFor,
    /// Since when.
    pub since: Timestamp,
    /// What the answers so far said, by the names of the source file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// A digest of the requests in the source file: under others it is asked for
    /// anew.
    pub request_digest: String,
}

/// The request whose answer is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitedFor {
    /// A step of the setup, counted from 0.
    Step(usize),
    /// The page that this leads to; the first without it.
    Page(Option<ResumeAt>),
}

/// A stretch of time that was never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostSpan {
    /// Its first moment.
    pub from: Timestamp,
    /// The moment it ends before.
    pub to: Timestamp,
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
    /// How many seconds the latest of those was behind the cursor: with an
    /// `end_lag` longer by that it would have been in time.
    pub late_max_s: u64,
    /// How long the vendor's limit was waited for, or is to be.
    pub limit_wait_ms: u64,
    /// Records left for the next window because they lie past this one's end.
    pub held_back: u64,
    /// Records without a time that can be read, where the source file says that
    /// they have one.
    pub untimed: u64,
    /// Things listed of which the vendor had no details any more: gone, or past
    /// their time.
    pub gone: u64,
    /// Ids forgotten because the dedupe set was full: their records may come
    /// twice.
    pub dedupe_overflow: u64,
    /// What the vendor no longer kept when the cursor came to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<LostSpan>,
    /// Why the run stopped before it was caught up, if it did.
    pub error: Option<String>,
}

/// The cursor of one stream, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CursorRecord {
    /// Everything before it is delivered or in the dead letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Position>,
    /// The window being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenWindow>,
    /// The pass being read, for a cursor without windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<OpenPass>,
    /// What `setup` brought for the window, or for what else is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupDone>,
    /// What the vendor does not have ready yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<OpenWait>,
    /// For a cursor that the vendor keeps: it was asked, and what it gave is not
    /// known to be delivered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
    /// The newest time delivered, for a cursor that is the vendor's token or
    /// link: where reading begins again when that is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<Timestamp>,
    /// For a cursor that is a link: a digest of the request in the source file
    /// that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_request: Option<String>,
    /// What the last run did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RunSummary>,
    /// When the next run is due, if one was asked for before the schedule's
    /// next tick.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run: Option<Timestamp>,
    /// Since when no run reads the stream, because a person said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Timestamp>,
    /// What the runs before did that moved the cursor or failed, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastRun>,
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
}
