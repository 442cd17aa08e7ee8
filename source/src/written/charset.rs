//! `charset`: in which character set a text comes.

use schemars::JsonSchema;
use serde::Deserialize;

/// In which character set a text comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Charset {
    /// UTF-8, as JSON must be (RFC 8259 §8.1).
    #[serde(rename = "utf-8")]
    Utf8,
    /// Latin-1. Its unused bytes are read as in windows-1252, as the web does
    /// (<https://encoding.spec.whatwg.org/#names-and-labels>).
    #[serde(rename = "iso-8859-1")]
    Latin1,
    /// The superset of Latin-1 that Windows uses.
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// UTF-16, in the byte order that its mark says, or else its first character.
    #[serde(rename = "utf-16")]
    Utf16,
}
