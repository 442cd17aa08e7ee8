//! The `poll` part: how records are fetched, and how far they have been read.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Auth, Compression, Event, Located, Next, PageDecode, Request, StopRule, Then, Vars};

/// How we pull events from the vendor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// How often to look: `rate(1 minute)`, `rate(5 minutes)`, `rate(1 hour)`.
    pub schedule: Located<String>,
    /// Constants for the templates below: `{var.NAME}`.
    #[serde(default)]
    pub vars: Vars,
    /// How we prove who we are.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// The request for a window's first page.
    pub request: Located<Request>,
    /// What differs in the requests for its later pages.
    #[serde(default)]
    pub then: Option<Located<Then>>,
    /// Where a page says how to get the next; without it there is one page.
    #[serde(default)]
    pub next: Option<Located<Next>>,
    /// When to stop asking for pages; by default `[no_next]`.
    #[serde(default)]
    pub stop: Option<Vec<Located<StopRule>>>,
    /// How a page's body is read; by default as JSON.
    #[serde(default)]
    pub decode: Option<Located<PageDecode>>,
    /// How a page's body is compressed, besides what its headers say.
    #[serde(default)]
    pub compression: Compression,
    /// The path of the list of records in a page; empty where the page is the list.
    #[serde(default)]
    pub records: Option<Located<String>>,
    /// Or the path of the one record that a page is; empty where it is the whole page.
    #[serde(default)]
    pub record: Option<Located<String>>,
    /// How far the stream has been read.
    pub cursor: Located<Cursor>,
    /// What becomes of a record that was delivered before.
    #[serde(default)]
    pub repeats: Repeats,
    /// Rate limits that the vendor announces in headers of its own.
    #[serde(default)]
    pub limits: Limits,
    /// Further origins (`https://host`) that next links and redirects may lead to.
    #[serde(default)]
    pub allow_origins: Vec<Located<String>>,
    /// The largest page taken, decompressed; by default `64MiB`.
    #[serde(default)]
    pub max_page: Option<Located<String>>,
    /// How long to wait for one answer; by default `25s`, at most `25s`.
    #[serde(default)]
    pub timeout: Option<Located<String>>,
    /// What differs from the `event` at the top for pulled records.
    #[serde(default)]
    pub event: Option<Event>,
}

/// What becomes of a record that was delivered before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// It is dropped, as far as its id is still known.
    #[default]
    Drop,
    /// It is delivered again: where two records may be equal and still be two, or where something
    /// behind the queue drops repeats by the event's id.
    Keep,
}

/// How far the stream has been read: by `time`, or by the vendor's `token`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The path of a record's time.
    #[serde(default)]
    pub time: Option<Located<String>>,
    /// The path, in a page, of the token for what comes next.
    #[serde(default)]
    pub token: Option<Located<String>>,
    /// The path of a record's id, by which repeats are known; by default the whole record.
    #[serde(default)]
    pub id: Option<Located<String>>,
    /// How a record's time is written; by default found out from the value.
    #[serde(default)]
    pub time_format: TimeFormat,
    /// In which order the vendor gives the records of a window.
    #[serde(default)]
    pub order: Order,
    /// How far the cursor moves when a window is done.
    #[serde(default)]
    pub advance: Advance,
    /// How far back the first run begins: `7d`.
    #[serde(default)]
    pub start: Option<Located<String>>,
    /// How much of the newest time is left for later, until the vendor has it all: `60s`.
    #[serde(default)]
    pub end_lag: Option<Located<String>>,
    /// How much of the time already read is read again, for records that came late: `60s`.
    #[serde(default)]
    pub overlap: Option<Located<String>>,
    /// The longest window asked for at once; by default `1d`.
    #[serde(default)]
    pub max_window: Option<Located<String>>,
    /// How far back the vendor keeps records; a cursor older than that is moved up with a warning.
    #[serde(default)]
    pub retention: Option<Located<String>>,
    /// To what the vendor rounds the bounds of a window.
    #[serde(default)]
    pub granularity: Granularity,
}

/// How a record's time is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// RFC 3339 where it is text; seconds or milliseconds by size where it is a number.
    #[default]
    Auto,
    /// RFC 3339.
    Rfc3339,
    /// Seconds since the epoch.
    Epoch,
    /// Milliseconds since the epoch.
    EpochMs,
}

/// In which order the vendor gives the records of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// In no order that could be relied on: the cursor moves when the window is done.
    #[default]
    Unordered,
    /// Oldest first: the cursor moves with each page.
    Ascending,
}

/// How far the cursor moves when a window is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advance {
    /// To the window's end, also when it was empty: `end_lag` and `overlap` say how late records may
    /// come.
    #[default]
    WindowEnd,
    /// To the newest record: however late a record comes, it is found as long as none newer was
    /// there before it. Only where the request has no upper bound.
    NewestRecord,
}

/// To what the vendor rounds the bounds of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Milliseconds or finer.
    #[default]
    Ms,
    /// Whole seconds.
    S,
    /// Whole days, in UTC.
    Day,
}

/// Rate limits that the vendor announces in headers of its own.
///
/// `Retry-After` and the usual `X-RateLimit-…` headers are understood without this.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The header that says how many requests are left.
    #[serde(default)]
    pub remaining: Option<Located<String>>,
    /// The header that says when the limit ends: seconds or milliseconds since the epoch, seconds
    /// from now, RFC 3339 or an HTTP date.
    #[serde(default)]
    pub reset: Option<Located<String>>,
}
