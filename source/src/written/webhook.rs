//! The `webhook` part: who may push, and how that is proven.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Event, Handshake, Located, OneOrMany, SecretUse};

/// How the vendor pushes events to us, at `POST /<source>`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The checks that a request must all pass.
    #[serde(default)]
    pub verify: Option<Located<Vec<Check>>>,
    /// Why this webhook takes requests from anybody; only where `verify` is left out.
    #[serde(default)]
    pub unauthenticated: Option<Located<String>>,
    /// The methods taken; by default `POST`.
    #[serde(default)]
    pub methods: Option<Located<Vec<Located<String>>>>,
    /// The URL that the vendor was given, for signatures over `{url}`. It is never taken from a
    /// request.
    #[serde(default)]
    pub public_url: Option<Located<String>>,
    /// The largest body taken, as sent: `512KiB`, by default `6MiB`, at most `10MiB`.
    #[serde(default)]
    pub max_body: Option<Located<String>>,
    /// Where the vendor's id of the delivery is: one path, or several of which the first found counts.
    #[serde(default)]
    pub delivery_id: Option<Located<OneOrMany>>,
    /// How the body is read; by default as its content type says.
    #[serde(default)]
    pub decode: Decode,
    /// Whether a gateway's authorizer may refuse a request, with 403, before the webhook would with
    /// 401; `false` for a vendor that wants to see 401.
    #[serde(default = "yes")]
    pub early_refusal: bool,
    /// The answer to an authentic request of which a record was refused: 202, or 400 or 422 for a
    /// vendor that should be told. The record becomes a dead letter all the same.
    #[serde(default)]
    pub rejected_status: Option<Located<u32>>,
    /// Requests that bring no event but want an answer; the first that is meant counts.
    #[serde(default)]
    pub handshake: Vec<Located<Handshake>>,
    /// What differs from the `event` at the top for pushed records.
    #[serde(default)]
    pub event: Option<Event>,
}

fn yes() -> bool {
    true
}

/// How a body is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decode {
    /// As the content type says; JSON where it says nothing.
    #[default]
    Auto,
    /// One JSON value.
    Json,
    /// One JSON value a line.
    Ndjson,
    /// A form whose field `payload` holds JSON, or else whose fields are the record.
    Form,
}

/// One check of a request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// A signature made with a shared secret.
    Hmac(Box<Located<Hmac>>),
    /// A fixed token.
    Token(Located<Token>),
}

/// A signature made with a shared secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hmac {
    /// The hash.
    pub hash: Hash,
    /// The names of the secrets that may have signed; any of them is enough.
    pub secrets: Located<Vec<Located<SecretUse>>>,
    /// How a secret's text becomes the key; by default its UTF-8 bytes.
    #[serde(default)]
    pub key: Key,
    /// Where the signature is and how it is written.
    pub signature: Signature,
    /// The text that is signed: `{body}`, `{timestamp}`, `{id}`, `{method}`, `{url}`,
    /// `{path_query}`, `{header.NAME}`, `{query.NAME}`, or a path into the body.
    pub text: Located<String>,
    /// The signed time, and how far it may be from now.
    #[serde(default)]
    pub timestamp: Option<Located<SignedTime>>,
    /// Where the signed message id is; only where `text` has `{id}`.
    #[serde(default)]
    pub id: Option<Located<OneOrMany>>,
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hash {
    /// SHA-1: only for vendors that offer nothing else.
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
    /// How the key is written in the secret.
    #[serde(default)]
    pub encoding: KeyEncoding,
    /// A prefix that is not part of the key, such as `whsec_`.
    #[serde(default)]
    pub strip_prefix: Option<String>,
}

/// How bytes are written as text.
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

/// How a signature's bytes are written.
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

/// A fixed token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// `header.NAME`, `query.NAME` or a path into the body; `*` in a pointer stands for every element.
    pub from: Located<String>,
    /// A scheme or prefix before the token, such as `Bearer `.
    #[serde(default)]
    pub prefix: Option<String>,
    /// The names of the secrets that are taken; any of them is enough.
    pub secrets: Located<Vec<Located<SecretUse>>>,
}
