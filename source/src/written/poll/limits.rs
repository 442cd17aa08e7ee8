//! The `limits` of a `poll`: what the vendor says about them, and what it does
//! not say.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::written::located::Located;
use crate::written::node::Node;

/// How often the vendor may be asked.
///
/// `Retry-After`, the usual `X-RateLimit-…` headers and the structured `RateLimit` header are
/// understood without this.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The header that says how many requests are left.
    #[serde(default)]
    pub remaining: Option<Located<String>>,
    /// The header that says how many requests there are in all: what a fraction under `early` is of.
    #[serde(default)]
    pub limit: Option<Located<String>>,
    /// The header that says when the limit ends.
    #[serde(default)]
    pub reset: Option<Located<String>>,
    /// What the number in `reset` is; by default found out from the value, which can be RFC 3339 or
    /// an HTTP date as well.
    #[serde(default)]
    pub reset_format: ResetFormat,
    /// Stop while this much is left, so that others who share the limit have some: a number of
    /// requests (`10`), or a fraction of all (`0.1`); by default `0`.
    #[serde(default)]
    pub early: Option<Located<Node>>,
    /// How often to ask at most, for a vendor that does not say: `0.5/s`, `30/min`, `1000/h`.
    #[serde(default)]
    pub rate: Option<Located<String>>,
    /// A name for what the limit belongs to. Sources with the same name wait for each other; by
    /// default each credential of a source has a limit of its own.
    #[serde(default)]
    pub shared: Option<Located<String>>,
}

/// What the number in a reset header is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetFormat {
    /// By its size: seconds from now, seconds or milliseconds since the epoch.
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
