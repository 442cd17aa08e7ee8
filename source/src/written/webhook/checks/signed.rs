//! How a signature is written, whoever makes it: the hash, the key's form, the
//! grammar of the header, the signed time.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::written::located::Located;
use crate::written::one_or_many::OneOrMany;
use crate::written::signing::Encoding;

/// Where a signature is and how it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// `header.NAME`, `header.NAME-#` for numbered headers, `query.NAME` or a path into the body;
    /// several are alternatives.
    pub from: Located<OneOrMany>,
    /// What separates items; by default there is one item.
    #[serde(default)]
    pub split: Option<Located<String>>,
    /// What separates an item's key from its value; by default an item is the signature alone.
    #[serde(default)]
    pub pair: Option<Located<String>>,
    /// The keys whose values are signatures; others are passed over.
    #[serde(default)]
    pub take: Vec<String>,
    /// What an item without a key is.
    #[serde(default)]
    pub bare: Bare,
    /// How the signature's bytes are written.
    pub encoding: Encoding,
}

/// What an item without a key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bare {
    /// Passed over.
    #[default]
    Refuse,
    /// A further value of the key before it.
    Inherit,
}

/// The signed time, and how far it may be from now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedTime {
    /// `header.NAME`, `query.NAME`, `signature.KEY` for an item of the signature header, or a path
    /// into the body.
    pub from: Located<String>,
    /// How the time is written.
    pub unit: TimeUnit,
    /// The oldest time taken, before now: `300s`.
    pub max_age: Located<String>,
    /// The newest time taken, after now; by default as `max_age`.
    #[serde(default)]
    pub max_future: Option<Located<String>>,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds since the epoch.
    S,
    /// Milliseconds since the epoch.
    Ms,
    /// RFC 3339 with `Z` or an offset.
    Rfc3339,
}
