//! Where a signature and the signed time are, and how they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::written::one_or_many::OneOrMany;
use crate::written::signing::{Encoding, KeyEncoding};

/// Where a signature is and how it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Where it is: `header.NAME`, `header.NAME-#` for numbered headers, `query.NAME`, `form.NAME`
    /// or a path into the body; or several alternatives.
    pub from: Located<OneOrMany>,
    /// The separator of items, or several separators; by default there is one item.
    pub split: Option<Located<OneOrMany>>,
    /// The separator of an item's key and value; by default an item is only the signature.
    pub pair: Option<Located<String>>,
    /// The keys whose values are signatures; others are ignored.
    #[serde(default)]
    pub take: Vec<String>,
    /// What an item without a key means.
    #[serde(default)]
    pub bare: Bare,
    /// How the signature's bytes are encoded.
    pub encoding: Encoding,
}

/// How a secret's text becomes the key of an HMAC.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HmacKey {
    /// How the key is encoded in the secret.
    #[serde(default)]
    pub encoding: KeyEncoding,
    /// A prefix that is not part of the key, such as `whsec_`.
    pub strip_prefix: Option<String>,
    /// What the key is made of, for a vendor that puts more than the secret into it:
    /// `{timestamp}{secret}`. `{secret}` stands in it once; else it is written as `text`.
    pub text: Option<Located<String>>,
}

/// What an item without a key means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bare {
    /// It is ignored.
    #[default]
    Refuse,
    /// It is another value of the key before it.
    Inherit,
}

/// The signed time, and how much it may differ from now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedTime {
    /// Where it is: `header.NAME`, `query.NAME`, `form.NAME`, `signature.KEY` for an item of the
    /// signature, `signature.N` for the item at a place (from 0) if the items have no keys, or a path
    /// into the body.
    pub from: Located<String>,
    /// How the time is written.
    pub unit: TimeUnit,
    /// The oldest time that is accepted, as a duration before now: `300s`.
    pub max_age: Located<String>,
    /// The latest time that is accepted, as a duration after now; by default as `max_age`.
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
