//! `webhook.handshake.respond`: the answer to a handshake.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::node::Node;

/// The answer: one of `text`, `json`, `empty`, `builtin`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Respond {
    /// The status, 200 to 299; by default 200.
    pub status: Option<Located<u32>>,
    /// Headers, as templates of `header.NAME`, `query.NAME` and paths into the body.
    #[serde(default)]
    pub headers: BTreeMap<String, Located<String>>,
    /// The body as text: a template. `{challenge|hmac_hex}` and `{challenge|hmac_base64}` are the
    /// HMAC-SHA256 with the secret that verified the request.
    pub text: Option<Located<String>>,
    /// The body as JSON, in which every text is a template.
    pub json: Option<Located<Node>>,
    /// No body.
    pub empty: Option<Located<bool>>,
    /// An answer that needs more than a template.
    pub builtin: Option<Located<Builtin>>,
    /// `stored_secret`: the header that the secret comes in, and is sent back in.
    pub header: Option<Located<String>>,
    /// `stored_secret`: the name under which the secret is stored.
    pub secret: Option<Located<String>>,
    /// `stored_secret`: the time (RFC 3339) after which no secret is accepted.
    pub enrol_until: Option<Located<String>>,
}

/// An answer that needs more than a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// Confirms an Amazon SNS subscription by a GET request to the message's `SubscribeURL`.
    SnsConfirmation,
    /// Stores the secret that the sender brings, once, and sends it back.
    StoredSecret,
}
