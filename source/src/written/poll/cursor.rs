//! `poll.cursor`: how far a stream has been read, and what a run can rely on
//! when it continues from there.
//!
//! The key that names the position decides the kind of cursor: `token`,
//! `next_link`, `time`, or `id` alone. `listing` means that there is no
//! position, and `vendor` that the vendor keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::node::Node;
use crate::time_format::TimeFormat;

/// How far the stream has been read: by `time`, by `id`, by both, by the vendor's `token`, by its
/// `next_link`, by the vendor itself (`vendor`), or not at all (`listing`). With `details`, the
/// paths are in the listed items.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The path of a record's time. The stream is read in windows of time.
    pub time: Option<Located<String>>,
    /// `true` if the stream is read in windows although its records have no time.
    pub windows: Option<Located<bool>>,
    /// The path, in a page, of the token for the records that come next.
    pub token: Option<Located<String>>,
    /// Keeps the vendor's link to the records that come next between runs.
    pub next_link: Option<Located<NextLink>>,
    /// The path of a record's id, by which repeats are recognised; by default the whole record. Or a
    /// template that cuts off what changes with each response: `{url|before("?")}`. Alone, or if
    /// the request uses `{cursor.id}`, it is the cursor.
    pub id: Option<Located<String>>,
    /// `true` if there is no position to continue from: every run reads the whole listing, and
    /// drops what was delivered before.
    pub listing: Option<Located<bool>>,
    /// `true` if the vendor itself remembers what was read, and `next` makes the same request
    /// again.
    pub vendor: Option<Located<bool>>,
    /// What to do if the vendor refuses the token or link that was kept; by default the run fails.
    pub restart: Option<Located<Restart>>,
    /// How a record's time is written; by default it is guessed from the value.
    #[serde(default)]
    pub time_format: Located<TimeFormat>,
    /// The time zone of records' times that do not say it themselves, by its name in the IANA
    /// database: `America/Los_Angeles`. By default UTC.
    pub zone: Option<Located<String>>,
    /// The order in which the vendor returns the records of a window.
    #[serde(default)]
    pub order: Order,
    /// How far the cursor moves at the end of a window.
    #[serde(default)]
    pub advance: Advance,
    /// How far back the first run starts: `7d`.
    pub start: Option<Located<String>>,
    /// How much of the most recent time is left for later, until the vendor has all its records:
    /// `60s`.
    pub end_lag: Option<Located<String>>,
    /// How much of the time before the cursor is read again, for records that came late: `60s`.
    pub overlap: Option<Located<String>>,
    /// The longest window of one request; by default `1d`.
    pub max_window: Option<Located<String>>,
    /// How long the vendor keeps records; a cursor older than that is moved forward with a warning.
    pub retention: Option<Located<String>>,
    /// The unit that the vendor rounds the bounds of a window to; by default `ms`, or the unit in
    /// which the request writes `{window.start}`.
    pub granularity: Option<Located<Granularity>>,
    /// Whether a window's bounds are in it, as the vendor reads them.
    pub bounds: Option<Located<Bounds>>,
    /// By which time the vendor selects the records of a window.
    #[serde(default)]
    pub filters_by: FiltersBy,
}

/// Whether a window's bounds are in it, as the vendor reads them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Whether a record at `{window.start}` comes.
    pub start: Option<Bound>,
    /// Whether a record at `{window.end}` comes.
    pub end: Option<Bound>,
}

/// Whether a bound of a window is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// A record at the bound comes, as with `>=` and `<=`.
    Inclusive,
    /// It does not, as with `>` and `<`.
    Exclusive,
}

/// The order in which the vendor returns the records of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// In no reliable order: the cursor moves at the end of the window.
    #[default]
    Unordered,
    /// Oldest first: the cursor moves with each page.
    Ascending,
    /// Newest first: the cursor moves at the end of the window, and a request without
    /// `{window.start}` is followed only until the records are older than the window.
    Descending,
}

/// The vendor's link to what comes next, kept between runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextLink {
    /// What is replaced in the kept link.
    pub rewrite: Option<Rewrite>,
}

/// What is replaced in a kept link when it is followed in a later run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// Query parameters, as templates. One without a value is removed from the link.
    #[serde(default)]
    pub query: BTreeMap<String, Located<Node>>,
}

/// Where to start again if the vendor refuses the position that was kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// Where to start.
    pub from: RestartFrom,
    /// How much before the newest record that was delivered to start; by default not before it.
    pub overlap: Option<Located<String>>,
}

/// Where to start again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestartFrom {
    /// At the newest `time` that was delivered: `{cursor.start}`.
    Time,
    /// Where a first run starts.
    Start,
}

/// How far the cursor moves at the end of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advance {
    /// To the window's end, even if it was empty. `end_lag` and `overlap` say how late records may
    /// come.
    #[default]
    WindowEnd,
    /// To the newest record. A late record is found as long as no newer one was there before it.
    /// Only if the request has no upper bound.
    NewestRecord,
}

/// By which time the vendor selects the records of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FiltersBy {
    /// By the records' `time`.
    #[default]
    Time,
    /// By the time at which it got them, which may be much later.
    Arrival,
}

/// The unit that the vendor rounds the bounds of a window to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Whole microseconds.
    Us,
    /// Whole milliseconds.
    Ms,
    /// Whole seconds.
    S,
    /// Whole minutes.
    Minute,
    /// Whole hours.
    Hour,
    /// Whole days.
    Day,
}

impl Granularity {
    /// All of them, the finest first.
    pub const ALL: [Granularity; 6] = [
        Granularity::Us,
        Granularity::Ms,
        Granularity::S,
        Granularity::Minute,
        Granularity::Hour,
        Granularity::Day,
    ];

    /// Returns the unit.
    pub fn unit(self) -> Duration {
        match self {
            Granularity::Us => Duration::from_micros(1),
            Granularity::Ms => Duration::from_millis(1),
            Granularity::S => Duration::from_secs(1),
            Granularity::Minute => Duration::from_secs(60),
            Granularity::Hour => Duration::from_secs(3_600),
            Granularity::Day => Duration::from_secs(86_400),
        }
    }

    /// Returns the name that a source file gives it.
    pub fn name(self) -> &'static str {
        match self {
            Granularity::Us => "us",
            Granularity::Ms => "ms",
            Granularity::S => "s",
            Granularity::Minute => "minute",
            Granularity::Hour => "hour",
            Granularity::Day => "day",
        }
    }
}
