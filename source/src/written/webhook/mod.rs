//! The `webhook` part: who may push, and how that is proven.

mod checks;
mod handshake;
mod preset;
mod respond;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::written::event::Event;
use crate::written::located::Located;
use crate::written::one_or_many::OneOrMany;

pub use checks::{
    AwsSns, Bare, Basic, Check, Digest, Hmac, Ip, Jwt, JwtAlgorithm, JwtKeys, PublicKey,
    PublicKeyAlgorithm, RetiringSecret, SecretUse, Signature, SignedTime, TimeUnit, Token,
};
pub use handshake::{Handshake, HandshakeAuth, When};
pub use preset::PresetUse;
pub use respond::{Builtin, Respond};

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
