//! The `cursor` of a `poll`: how far a stream has been read, and what a run may
//! rely on when it goes on from there.
//!
//! The key that names the place decides the kind: `token`, `next_link`, `time`,
//! or `id` alone; or `listing` says that there is none, and `vendor` that the vendor
//! keeps it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::time_format::TimeFormat;
use crate::written::located::Located;
use crate::written::node::Node;

/// How far the stream has been read: by `time`, by `id`, by both, by the vendor's `token`, by its
/// `next_link`, by the vendor itself (`vendor`), or not at all (`listing`). Where there are `details`, its paths are in what is listed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The path of a record's time: the stream is read in windows.
    #[serde(default)]
    pub time: Option<Located<String>>,
    /// `true` where the stream is read in windows though its records have no time.
    #[serde(default)]
    pub windows: Option<Located<bool>>,
    /// The path, in a page, of the token for what comes next.
    #[serde(default)]
    pub token: Option<Located<String>>,
    /// The vendor's link to what comes next is kept between runs.
    #[serde(default)]
    pub next_link: Option<Located<NextLink>>,
    /// The path of a record's id, by which repeats are known; by default the whole record. Alone, or
    /// where the request uses `{cursor.id}`, it is the cursor.
    #[serde(default)]
    pub id: Option<Located<String>>,
    /// `true` where there is no place to go on at: every run reads the whole listing, and drops what
    /// was delivered before.
    #[serde(default)]
    pub listing: Option<Located<bool>>,
    /// `true` where the vendor itself keeps the place, and `next` asks for the same again.
    #[serde(default)]
    pub vendor: Option<Located<bool>>,
    /// What to do when the vendor refuses the token or link that was kept: by default the run fails.
    #[serde(default)]
    pub restart: Option<Located<Restart>>,
    /// How a record's time is written; by default found out from the value.
    #[serde(default)]
    pub time_format: Located<TimeFormat>,
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

/// In which order the vendor gives the records of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// In no order that could be relied on: the cursor moves when the window is done.
    #[default]
    Unordered,
    /// Oldest first: the cursor moves with each page.
    Ascending,
    /// Newest first: the cursor moves when the window is done, and a request without
    /// `{window.start}` is followed only until the records are older than the window.
    Descending,
}

/// The vendor's link to what comes next, kept between runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextLink {
    /// What the source file says, whatever stood in the kept link.
    #[serde(default)]
    pub rewrite: Option<Rewrite>,
}

/// What is rewritten in a kept link when it is followed in a later run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// Query parameters, as templates; one whose value is nothing is dropped from the link.
    #[serde(default)]
    pub query: BTreeMap<String, Located<Node>>,
}

/// Where reading begins again when the place that was kept is refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// From where.
    pub from: RestartFrom,
    /// How much before the newest record that was delivered; by default nothing.
    #[serde(default)]
    pub overlap: Option<Located<String>>,
}

/// Where reading begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestartFrom {
    /// At the newest `time` that was delivered: `{cursor.start}`.
    Time,
    /// As a first run does.
    Start,
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
