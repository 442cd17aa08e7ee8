//! `poll.limits`: the vendor's rate limits.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::node::Node;

/// How many requests may be made.
///
/// `Retry-After`, the usual `X-RateLimit-…` headers and the structured `RateLimit` header are
/// understood without this.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The header that says how many requests are left.
    pub remaining: Option<Located<String>>,
    /// The header that says how many requests there are in all; a fraction under `early` is a part
    /// of this number.
    pub limit: Option<Located<String>>,
    /// The header that says when the limit ends.
    pub reset: Option<Located<String>>,
    /// What the number in `reset` is; by default it is guessed from the value, which can also be
    /// RFC 3339 or an HTTP date.
    #[serde(default)]
    pub reset_format: ResetFormat,
    /// How much to leave for others who share the limit: a number of requests (`10`), or a fraction
    /// of all (`0.1`); by default `0`.
    pub early: Option<Located<Node>>,
    /// The highest rate of requests, for a vendor that does not send its limits: `0.5/s`, `30/min`,
    /// `1000/h`.
    pub rate: Option<Located<String>>,
    /// How many partitions are read at once, 1 to 32; by default 4. There are fewer if so many pages
    /// of `max_page` do not fit into 256 MiB, of which each partition needs two.
    pub at_once: Option<Located<u64>>,
    /// A name for the limit. Sources with the same name share it; by default each credential of a
    /// source has its own limit.
    pub shared: Option<Located<String>>,
}

/// What the number in a reset header is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetFormat {
    /// Guessed by its size: seconds from now, or seconds or milliseconds since the epoch.
    #[default]
    Auto,
    /// Seconds from now.
    Seconds,
    /// Milliseconds from now.
    Milliseconds,
    /// Seconds since the epoch.
    Epoch,
    /// Milliseconds since the epoch.
    EpochMs,
}
