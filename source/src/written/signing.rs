//! What signatures are made of, both vendors' and ours: hash, key and encoding.

use schemars::JsonSchema;
use serde::Deserialize;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hash {
    /// SHA-1, only for vendors that offer nothing else.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a secret's text becomes the key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// How the key is encoded in the secret.
    #[serde(default)]
    pub encoding: KeyEncoding,
    /// A prefix that is not part of the key, such as `whsec_`.
    pub strip_prefix: Option<String>,
}

/// How the bytes of a key are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyEncoding {
    /// The text's own bytes.
    #[default]
    Utf8,
    /// Base64, with or without padding.
    Base64,
    /// Hexadecimal in either case.
    Hex,
}

/// How the bytes of a signature are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Hexadecimal in either case.
    Hex,
    /// Base64, with or without padding.
    Base64,
    /// Base64 with the URL alphabet, with or without padding.
    Base64url,
}
